//! A thread goes on sending to a receiver that is gone, and looks at no error.
//!
//! Heals it: end at the first error.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("samples").channel();
    let (done, is_done) = mpsc::named("done").channel();
    let sensor = spawn("sensor", move || {
        tx.send(0).expect("main lives");
        is_done.recv().expect("main lives");
        for sample in 1..6 {
            jitter();
            let _ = tx.send(sample); // HERE
        }
    });
    println!("{:?}", rx.recv());
    drop(rx);
    done.send(()).expect("the sensor lives");
    sensor.join().expect("it does not panic");
}
