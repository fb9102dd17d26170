//! Unmet: received. Hint: 3. Main prints the number without receiving it.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, _receiver) = mpsc::channel::<i32>();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        sender.send(7).unwrap();
    });

    println!("received 7");

    anna.unwrap().join().unwrap();
}
