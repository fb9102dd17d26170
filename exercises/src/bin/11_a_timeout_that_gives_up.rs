//! Exercise 11: a question without an answer.
//!
//! Main asks Ben three questions. Ben thinks for 5 ms about each, but to the second one he says
//! nothing. Main waits for that answer for ever.
//!
//! Your task: main waits 200 ms for an answer, then prints `question 2: no answer`, and asks the next
//! question. Ben stays as he is.

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
        let answer = answers.recv().unwrap();
        println!("question {question}: {answer}");
    }

    drop(questions);
    ben.unwrap().join().unwrap();
}
