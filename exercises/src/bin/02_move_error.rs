//! Exercise 2: the parcel that has gone.
//!
//! Anna sends a parcel to main, and then looks at it once more. The compiler does not allow that: what
//! lies on the belt is no longer hers.
//!
//! Your task: mend the program so that it compiles. Both still print their line, and one parcel is
//! sent.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        let parcel = String::from("a book");
        sender.send(parcel).unwrap();
        println!("Anna sends {parcel}");
    });

    let parcel = receiver.recv().unwrap();
    println!("main receives {parcel}");

    anna.unwrap().join().unwrap();
}
