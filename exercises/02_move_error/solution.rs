//! Anna prints her line while the parcel is still hers.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        let parcel = String::from("a book");
        println!("Anna sends {parcel}");
        sender.send(parcel).unwrap();
    });

    let parcel = receiver.recv().unwrap();
    println!("main receives {parcel}");

    anna.unwrap().join().unwrap();
}
