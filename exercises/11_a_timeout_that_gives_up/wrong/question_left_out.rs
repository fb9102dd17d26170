//! Unmet: sent. Hint: 5. Main does not ask the second question.

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

    for question in [1, 3] {
        questions.send(question).unwrap();
        let answer = answers.recv().unwrap();
        println!("question {question}: {answer}");
    }

    println!("question 2: no answer");
    drop(questions);
    ben.unwrap().join().unwrap();
}
