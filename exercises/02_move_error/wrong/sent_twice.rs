//! Unmet: sent. Hint: 4. Anna sends the copy, and then the parcel, too.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        let parcel = String::from("a book");
        sender.send(parcel.clone()).unwrap();
        println!("Anna sends {parcel}");
        sender.send(parcel).unwrap();
    });

    let parcel = receiver.recv().unwrap();
    println!("main receives {parcel}");

    anna.unwrap().join().unwrap();
}
