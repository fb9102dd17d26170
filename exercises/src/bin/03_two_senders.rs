//! Exercise 3: two workers, one belt.
//!
//! Anna puts three parcels on the belt. Ben has nothing to do.
//!
//! Your task: Ben puts three parcels on the same belt. Main receives all six, and prints
//! `6 parcels`.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for parcel in 1..=3 {
            sender.send(parcel).unwrap();
        }
    });

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        // Ben sends three parcels, too.
    });

    let mut parcels = 0;
    for _parcel in receiver {
        parcels += 1;
    }
    println!("{parcels} parcels");

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
}
