//! Timeouts: wait for an answer, but not for ever, and ask again.
//!
//! The thread `server` ignores the first question and answers all others. The client (the main
//! thread) waits 50 ms for an answer. If none arrives, the client cannot know whether the
//! question was lost, the answer is late, or the server is gone. So it asks again.
//!
//! Look for: `recv_timeout answers (waiting)`, and after 50 ms `(timed out)`. Then the second
//! question, and its answer almost at once.
//!
//! Questions and a change: examples/course/timeouts.md

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError};
use instrumented::thread;

const PATIENCE: Duration = Duration::from_millis(50);

fn main() -> io::Result<()> {
    let (question_sender, question_receiver) = mpsc::named("questions").channel();
    let (answer_sender, answer_receiver) = mpsc::named("answers").channel();

    let server = thread::Builder::new().name("server".into()).spawn(move || {
        for _question in question_receiver.into_iter().skip(1) {
            if answer_sender.send(42).is_err() {
                // The client has its answer and has ended.
                break;
            }
        }
    })?;

    let number = loop {
        question_sender.send("what is six times seven?").expect("the server runs");
        match answer_receiver.recv_timeout(PATIENCE) {
            Ok(number) => break number,
            Err(RecvTimeoutError::Timeout) => println!("no answer; I ask again"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server is gone"),
        }
    };
    println!("the answer is {number}");

    // Dropping the only sender of questions ends the server's loop.
    drop(question_sender);
    server.join().expect("the server does not panic");
    Ok(())
}
