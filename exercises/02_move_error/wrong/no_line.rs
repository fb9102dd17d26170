//! Unmet: prints. Hint: 5. Anna does not print her line.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        let parcel = String::from("a book");
        sender.send(parcel).unwrap();
    });

    let parcel = receiver.recv().unwrap();
    println!("main receives {parcel}");

    anna.unwrap().join().unwrap();
}
