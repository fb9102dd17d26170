//! Unmet: compiles. Hint: 3. Anna sends a reference to the parcel.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        let parcel = String::from("a book");
        sender.send(&parcel).unwrap();
        println!("Anna sends {parcel}");
    });

    let parcel = receiver.recv().unwrap();
    println!("main receives {parcel}");

    anna.unwrap().join().unwrap();
}
