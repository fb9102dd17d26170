//! `crowds CROWDS THREADS`: one crowd of threads after the other, all of which live at once
//! and send ten messages each. Prints `received N`.

use std::sync::{Arc, Barrier};

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_test_programs::argument;

fn main() {
    let crowds: usize = argument(1, "CROWDS");
    let threads: usize = argument(2, "THREADS");
    let (tx, rx) = mpsc::named("crowd").channel();
    let mut received = 0;
    for _ in 0..crowds {
        let everybody = Arc::new(Barrier::new(threads));
        let crowd: Vec<_> = (0..threads)
            .map(|_| {
                let (tx, everybody) = (tx.clone(), Arc::clone(&everybody));
                let body = move || {
                    everybody.wait();
                    (0..10).for_each(|number| tx.send(number).expect("rx lives"));
                    everybody.wait();
                };
                let builder = thread::Builder::new().stack_size(64 << 10);
                builder.spawn(body).expect("a thread can be started")
            })
            .collect();
        for thread in crowd {
            thread.join().expect("nobody panics");
        }
        received += rx.try_iter().count();
    }
    println!("received {received}");
}
