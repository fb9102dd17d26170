//! `many_threads N`: N short-lived threads send one message each to the main thread.
//!
//! At most 16 of them live at a time. Prints `received N`.

use instrumented::sync::mpsc;
use recorder_test_programs::{argument, spawn};

fn main() {
    let count: usize = argument(1, "N");
    let (tx, rx) = mpsc::named("to main").channel();
    let mut received = 0;
    let numbers: Vec<usize> = (1..=count).collect();
    for crew in numbers.chunks(16) {
        let threads: Vec<_> = crew
            .iter()
            .map(|&number| {
                let tx = tx.clone();
                spawn(format!("short {number}"), move || {
                    tx.send(number).expect("main lives");
                })
            })
            .collect();
        received += rx.iter().take(crew.len()).count();
        for thread in threads {
            thread.join().expect("no thread panics");
        }
    }
    println!("received {received}");
}
