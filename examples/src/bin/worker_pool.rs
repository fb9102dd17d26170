//! A worker pool: a fixed number of threads runs any number of jobs.
//!
//! This is the thread pool of the last chapter of the Rust Book. A job is a closure in a box;
//! `execute` sends it, and a worker that is free receives it. When the pool is dropped it first
//! drops its sender. The workers finish the queued jobs, and then end.
//!
//! Look for: eight jobs on three workers, and the queue in which jobs wait for their turn. At the
//! end `drop sender` in main, and then one `recv (disconnected)` for each worker.
//!
//! Questions and changes: examples/course/worker_pool.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

type Job = Box<dyn FnOnce() + Send>;

struct WorkerPool {
    /// `None` while the pool is being dropped.
    sender: Option<mpsc::Sender<Job>>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl WorkerPool {
    fn new(size: usize) -> io::Result<Self> {
        let (sender, receiver) = mpsc::named("jobs").channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let work = |number| {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new().name(format!("worker {number}")).spawn(move || {
                loop {
                    let job = receiver.lock().expect("no job runs under the lock").recv();
                    let Ok(job) = job else { break };
                    job();
                }
            })
        };
        let workers = (1..=size).map(work).collect::<Result<_, _>>()?;
        Ok(WorkerPool { sender: Some(sender), workers })
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.sender.as_ref().expect("the pool is not being dropped");
        sender.send(Box::new(job)).expect("workers outlive the sender");
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        drop(self.sender.take());
        for worker in self.workers.drain(..) {
            worker.join().expect("no job panics");
        }
    }
}

fn main() -> io::Result<()> {
    let pool = WorkerPool::new(3)?;
    for job in 'A'..='H' {
        pool.execute(move || {
            // The time of a job.
            work(Duration::from_millis(3));
            println!("job {job} is done");
        });
    }
    Ok(())
}
