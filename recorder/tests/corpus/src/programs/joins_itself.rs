//! The last owner of a pool is one of its jobs: the pool is dropped in a worker, which joins itself.
//!
//! With the argument `healed`: the pool outlives its jobs.
//!
//! The shape of many a pool with a `Drop` that joins.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread::{self, JoinHandle};
use recorder_corpus::{jitter, spawn};

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: Option<mpsc::Sender<Job>>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Pool {
    fn new() -> Self {
        let (jobs, to_do) = mpsc::channel::<Job>();
        let worker = spawn("worker", move || to_do.into_iter().for_each(|job| job()));
        Pool { jobs: Some(jobs), worker: Mutex::new(Some(worker)) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs.take();
        let worker = self.worker.get_mut().unwrap().take().unwrap();
        worker.join().unwrap(); // HERE
    }
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let pool = Arc::new(Pool::new());
    let (started, is_alone) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    let inner = pool.clone();
    let job = Box::new(move || {
        is_alone.recv().unwrap();
        jitter();
        drop(inner);
        done.send(()).unwrap();
    });
    pool.jobs.as_ref().unwrap().send(job).unwrap();
    let outer = healed.then(|| pool.clone());
    drop(pool);
    started.send(()).unwrap();
    println!("{:?}", is_done.recv());
    drop(outer);
    // Its other work, in which the panic of the worker is over.
    thread::sleep(Duration::from_millis(300));
}
