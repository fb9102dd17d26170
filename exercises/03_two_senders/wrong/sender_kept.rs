//! Unmet: ends. Hint: 4. Main keeps a sender, so that its loop does not end.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    let for_anna = sender.clone();
    let for_ben = sender.clone();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for parcel in 1..=3 {
            for_anna.send(parcel).unwrap();
        }
    });

    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for parcel in 4..=6 {
            for_ben.send(parcel).unwrap();
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
