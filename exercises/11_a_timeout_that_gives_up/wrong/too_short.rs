//! Unmet: timeouts. Hint: 6. Main gives up before Ben can answer.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (questions, inbox) = mpsc::channel::<u32>();
    let (replies, answers) = mpsc::channel::<u32>();

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for question in inbox {
            thread::sleep(Duration::from_millis(5));
            if question != 2 {
                replies.send(10 * question).unwrap();
            }
        }
    });

    for question in 1..=3 {
        questions.send(question).unwrap();
        match answers.recv_timeout(Duration::from_micros(50)) {
            Ok(answer) => println!("question {question}: {answer}"),
            Err(_) => println!("question {question}: no answer"),
        }
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
