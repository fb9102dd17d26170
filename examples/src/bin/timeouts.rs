//! Timeouts: wait for an answer, but not for ever, and ask again.
//!
//! The thread `server` ignores the first question and answers all others. The client (the
//! main thread) waits 50 ms for an answer. If none arrives, the client cannot know whether
//! the question was lost, the answer is late, or the server is gone, so it asks again.
//!
//! Look for: `recv_timeout answers (waiting)`, and after 50 ms `(timed out)`. Then the
//! second question, and its answer almost immediately.
//!
//! Think about: the server might have been slow instead of forgetful. Then the client would
//! receive two answers to what it regards as one question. Which data in questions and
//! answers would let the client match them?
//!
//! Change: make the server ignore every question. How does the program end?

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError};
use instrumented::thread;

const PATIENCE: Duration = Duration::from_millis(50);

fn main() -> io::Result<()> {
    let (ask, questions) = mpsc::named("questions").channel();
    let (answer, answers) = mpsc::named("answers").channel();

    let server = thread::Builder::new().name("server".into()).spawn(move || {
        for _question in questions.into_iter().skip(1) {
            if answer.send(42).is_err() {
                // The client has its answer and has ended.
                break;
            }
        }
    })?;

    let number = loop {
        ask.send("what is six times seven?").expect("the server runs");
        match answers.recv_timeout(PATIENCE) {
            Ok(number) => break number,
            Err(RecvTimeoutError::Timeout) => println!("no answer; I ask again"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server is gone"),
        }
    };
    println!("the answer is {number}");

    // Dropping the only sender of questions ends the server's loop.
    drop(ask);
    server.join().expect("the server does not panic");
    Ok(())
}
