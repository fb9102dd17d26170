//! Starts itself twice and waits for both; all three processes use channels.
//!
//! Prints `parent PID` and, when they have ended, `child PID` for each. Every process
//! has one channel, `family`, and moves 10 messages through it.

use std::env;
use std::io;
use std::process::{self, Command};

use instrumented::sync::mpsc;
use recorder_test_programs::spawn;

fn main() -> io::Result<()> {
    let is_child = env::args().nth(1).is_some_and(|argument| argument == "child");
    let (tx, rx) = mpsc::named("family").channel();
    let sender = spawn("sender", move || {
        (0..10).for_each(|number| tx.send(number).expect("main lives"));
    });
    if is_child {
        assert_eq!(rx.into_iter().count(), 10);
        sender.join().expect("the sender does not panic");
        return Ok(());
    }

    println!("parent {}", process::id());
    let program = env::current_exe()?;
    let children = [(); 2].map(|()| Command::new(&program).arg("child").spawn());
    // Received while the children run.
    assert_eq!(rx.into_iter().count(), 10);
    sender.join().expect("the sender does not panic");
    for child in children {
        let mut child = child?;
        let status = child.wait()?;
        assert!(status.success(), "child {}: {status}", child.id());
        println!("child {}", child.id());
    }
    Ok(())
}
