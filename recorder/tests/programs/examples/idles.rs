//! `main` waits for a message of a thread that is not recorded, and that sleeps for
//! MILLISECONDS before it sends one.

use std::thread;
use std::time::Duration;

use instrumented::sync::mpsc;
use recorder_test_programs::argument;

fn main() {
    let idle = Duration::from_millis(argument(1, "MILLISECONDS"));
    let (tx, rx) = mpsc::named("from a stranger").channel();
    // std's own thread and its own sleep: nothing says that there will be a message.
    let stranger = thread::spawn(move || {
        thread::sleep(idle);
        tx.send(7)
    });
    println!("{:?}", rx.recv());
    stranger.join().expect("it does not panic").expect("main lives");
}
