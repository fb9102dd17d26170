//! A worker pool: a fixed number of threads runs any number of jobs.
//!
//! This is the thread pool of the last chapter of the Rust Book. A job is a closure in a
//! box; `execute` sends it, and a worker that is free receives it. When the pool is dropped
//! it first drops its sender: the workers finish the queued jobs, and then end.
//!
//! Look for: eight jobs on three workers, and the queue in which the other jobs wait for
//! their turn. At the end `drop sender` on the main thread, and then one `recv (disconnected)`
//! for each worker.
//!
//! Think about: why must `drop` drop the sender *before* it joins the workers?
//!
//! Change: swap the two statements in `drop`, and run the program with `--timeout 1s`. Then
//! try pools of one and of eight workers.

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::{Arc, Mutex, mpsc};
use instrumented::thread;

type Job = Box<dyn FnOnce() + Send>;

struct WorkerPool {
    /// `None` while the pool is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl WorkerPool {
    fn new(size: usize) -> io::Result<Self> {
        let (jobs, queue) = mpsc::named("jobs").channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let work = |number| {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("worker {number}")).spawn(move || {
                loop {
                    let job = queue.lock().expect("no job runs under the lock").recv();
                    let Ok(job) = job else { break };
                    job();
                }
            })
        };
        let workers = (1..=size).map(work).collect::<Result<_, _>>()?;
        Ok(WorkerPool { jobs: Some(jobs), workers })
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let jobs = self.jobs.as_ref().expect("the pool is not being dropped");
        jobs.send(Box::new(job)).expect("workers outlive the sender");
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for worker in self.workers.drain(..) {
            worker.join().expect("no job panics");
        }
    }
}

fn main() -> io::Result<()> {
    let pool = WorkerPool::new(3)?;
    for number in 1..=8 {
        pool.execute(move || {
            // The time of a job.
            work(Duration::from_millis(3));
            println!("job {number} is done");
        });
    }
    Ok(())
}
