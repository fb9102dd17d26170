//! Exercise 5: the belt that grows.
//!
//! Anna writes pages much faster than main can read them. All of them lie on the belt: with more
//! pages, the memory would run out.
//!
//! Your task: at no time do more than 4 pages lie on the belt. All 100 pages are still sent and
//! received. It must not depend on a clock.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for page in 1..=100 {
            sender.send(page).unwrap();
        }
    });

    let mut pages = 0;
    for page in receiver {
        // Reading a page takes a while, and page 50 is a long one.
        thread::sleep(Duration::from_millis(if page == 50 { 50 } else { 1 }));
        pages += 1;
    }
    println!("{pages} pages");

    anna.unwrap().join().unwrap();
}
