//! Unmet: work. Hint: 1. A page takes less time to print.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (written, to_print) = mpsc::channel();
    let (printed, to_collect) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for page in 1..=20 {
            written.send(page).unwrap();
        }
    });

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for page in to_print {
            print(page);
            printed.send(page).unwrap();
        }
    });

    let pages = to_collect.iter().count();
    println!("{pages} pages");

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
}

/// Printing a page takes 5 ms.
fn print(_page: u32) {
    thread::sleep(Duration::from_millis(5));
}
