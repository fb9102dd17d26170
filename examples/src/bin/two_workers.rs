//! Two workers and no belt: two threads run at the same time, and nothing passes between them.
//!
//! Anna works for 20 ms and Ben for 10 ms. The main thread starts both, and then waits for each
//! to end.
//!
//! Look for: the two bars side by side, and the `join` of main, which is a wait.
//!
//! Questions and a change: examples/course/two_workers.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::thread;

fn main() -> io::Result<()> {
    let anna = thread::Builder::new().name("anna".into()).spawn(|| {
        work(Duration::from_millis(20));
        println!("anna is done");
    })?;
    let ben = thread::Builder::new().name("ben".into()).spawn(|| {
        work(Duration::from_millis(10));
        println!("ben is done");
    })?;

    anna.join().expect("anna does not panic");
    ben.join().expect("ben does not panic");
    println!("main is done");
    Ok(())
}
