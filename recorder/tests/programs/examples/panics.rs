//! A thread, `unlucky`, panics while it holds a sender. The main thread receives on.
//!
//! Prints `received 3`, when the channel `news` is disconnected, and `unlucky panicked`.
//! Ends with status 0.

use instrumented::sync::mpsc;
use recorder_test_programs::spawn;

fn main() {
    let (tx, rx) = mpsc::named("news").channel();
    let unlucky = spawn("unlucky", move || {
        (0..3).for_each(|number| tx.send(number).expect("main lives"));
        panic!("on purpose");
    });
    println!("received {}", rx.into_iter().count());
    assert!(unlucky.join().is_err());
    println!("unlucky panicked");
}
