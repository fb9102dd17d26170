//! Unmet: compiles. Hint: 5. Both closures take the same sender.

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
        for parcel in 4..=6 {
            sender.send(parcel).unwrap();
        }
    });

    let mut parcels = 0;
    for _parcel in receiver {
        parcels += 1;
    }
    println!("{parcels} parcels");

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
}
