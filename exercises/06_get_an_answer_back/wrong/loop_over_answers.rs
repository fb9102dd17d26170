//! Unmet: ends. Hint: 1. Main waits until no more answers can come, but keeps a sender of them.

use std::sync::mpsc::{self, Sender};
use std::thread;

fn main() {
    let (questions, inbox) = mpsc::channel::<(u32, Sender<u32>)>();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for (number, reply) in inbox {
            reply.send(number * number).unwrap();
        }
    });

    for number in [3, 4] {
        let (reply, answers) = mpsc::channel();
        questions.send((number, reply.clone())).unwrap();
        for answer in answers {
            println!("{number} squared is {answer}");
        }
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
