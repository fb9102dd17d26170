//! Unmet: sent_by. Hint: 3. Main computes the squares itself.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (questions, inbox) = mpsc::channel();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for number in inbox {
            let _square = number * number;
        }
    });

    for number in [3, 4] {
        questions.send(number).unwrap();
        println!("{number} squared is {}", number * number);
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
