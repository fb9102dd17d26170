//! A thread is told that nobody wants more, and sends no more.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("samples").channel();
    let (done, is_done) = mpsc::named("done").channel();
    let sensor = spawn("sensor", move || {
        tx.send(0).expect("main lives");
        jitter();
        is_done.recv().expect("main lives");
        drop(tx);
    });
    println!("{:?}", rx.recv());
    done.send(()).expect("the sensor lives");
    sensor.join().expect("it does not panic");
    println!("{:?}", rx.recv());
}
