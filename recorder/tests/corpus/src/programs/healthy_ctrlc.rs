//! `main` waits in `recv` until a thread that is not recorded says that the program should end.
//!
//! After <https://github.com/Detegr/rust-ctrlc/issues/76>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

fn set_handler(handler: impl Fn() + Send + 'static) {
    std::thread::Builder::new()
        .name("ctrl-c".into())
        .spawn(move || {
            io::stdin().read_line(&mut String::new()).unwrap();
            handler();
        })
        .unwrap();
}

pub(crate) fn main() {
    let (interrupt, interrupted) = mpsc::channel();
    set_handler(move || interrupt.send(()).unwrap());
    let (jobs, to_do) = mpsc::channel::<u32>();
    let worker = thread::spawn(move || to_do.into_iter().sum::<u32>());
    for job in 0..10 {
        jobs.send(job).unwrap();
    }
    println!("waiting for Ctrl-C");
    interrupted.recv().unwrap();
    drop(jobs);
    println!("{}", worker.join().unwrap());
}
