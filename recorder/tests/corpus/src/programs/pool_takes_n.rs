//! A pool catches the panic of a job, whose result never comes; `main` waits for that, with a sender of its own.
//!
//! With the argument `healed`: `main` drops its sender.
//!
//! After <https://github.com/rust-threadpool/rust-threadpool/issues/13>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (jobs, queue) = mpsc::channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..3 {
        let queue = queue.clone();
        thread::spawn(move || {
            loop {
                let job = queue.lock().unwrap().recv();
                let Ok(job) = job else { break };
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        });
    }
    let (results, done) = mpsc::channel();
    for number in 0..8u32 {
        let results = results.clone();
        jobs.send(Box::new(move || {
            if number == 4 {
                panic!("cannot square four");
            }
            results.send(number * number).unwrap();
        }))
        .unwrap();
    }
    if healed {
        drop(results);
    }
    let sum: u32 = done.iter().take(8).sum(); // HERE
    println!("{sum}");
}
