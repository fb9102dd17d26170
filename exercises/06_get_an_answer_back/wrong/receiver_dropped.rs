//! Unmet: status. Hint: 2. Main drops the receiver before the answer comes.

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
        drop(answer);
        questions.send((number, reply)).unwrap();
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
