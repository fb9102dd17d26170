//! Each question takes along a sender for its answer.

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
        let (reply, answer) = mpsc::channel();
        questions.send((number, reply)).unwrap();
        println!("{number} squared is {}", answer.recv().unwrap());
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
