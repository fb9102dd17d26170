//! Timeouts: wait for an answer, but not for ever, and ask again.
//!
//! The thread `server` loses the first question and answers every other one. The client
//! (the main thread) waits 50 ms for an answer. If none has come it does not know whether
//! the question was lost, the answer is late, or the server is gone: it asks again.
//!
//! Look for: `recv_timeout answers (waiting)`, and after 50 ms `(timed out)`. Then the
//! second question, and its answer after next to no time.
//!
//! Think about: the server could have been slow instead of forgetful. Then two answers
//! come to what the client thinks is one question. What could questions and answers carry
//! so that the client tells them apart?
//!
//! Change: let the server lose every question. Who ends the program, and how?

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
                // The client has what it wanted, and is gone.
                break;
            }
        }
    })?;

    let number = loop {
        ask.send("what is six times seven?").expect("the server lives");
        match answers.recv_timeout(PATIENCE) {
            Ok(number) => break number,
            Err(RecvTimeoutError::Timeout) => println!("no answer; I ask again"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server is gone"),
        }
    };
    println!("the answer is {number}");

    // The server's loop ends when nobody can ask any more.
    drop(ask);
    server.join().expect("the server does not panic");
    Ok(())
}
