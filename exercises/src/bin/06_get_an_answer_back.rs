//! Exercise 6: get an answer back.
//!
//! Main sends numbers to Ben, and Ben computes their squares. But there is no belt on which a square
//! could come back.
//!
//! Your task: Ben sends each square back to main, and main prints `3 squared is 9` and
//! `4 squared is 16`. Only Ben computes.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (questions, inbox) = mpsc::channel();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for number in inbox {
            let _square = number * number;
            // Ben sends the square back.
        }
    });

    for number in [3, 4] {
        questions.send(number).unwrap();
        // Main receives the square here, and prints it.
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
