//! Unmet: polls. Hint: 1. Main looks for an answer again and again until the time is over.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

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
        let start = Instant::now();
        let answer = loop {
            match answers.try_recv() {
                Ok(answer) => break answer.to_string(),
                Err(_) if start.elapsed() > Duration::from_millis(200) => break "no answer".into(),
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        };
        println!("question {question}: {answer}");
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
