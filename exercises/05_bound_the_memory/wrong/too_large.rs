//! Unmet: max_depth. Hint: 3. The belt has room for all pages.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (sender, receiver) = mpsc::sync_channel(100);

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
