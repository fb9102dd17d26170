//! Workers wait for a lock that `main` holds while it prepares their work; then they work for much
//! longer.

use std::time::Duration;

use instrumented::sync::{Arc, RwLock};
use instrumented::thread;
use recorder_corpus::spawn;

pub(crate) fn main() {
    let table = Arc::new(RwLock::new(Vec::new()));
    let mut preparing = table.write().expect("no thread has panicked");
    let workers: Vec<_> = (0..3)
        .map(|number| {
            let table = table.clone();
            spawn(&format!("worker {number}"), move || {
                let first: u32 = table.read().expect("no thread has panicked")[number];
                thread::sleep(Duration::from_millis(500));
                first
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(120));
    preparing.extend([1, 2, 3]);
    drop(preparing);
    for worker in workers {
        println!("{}", worker.join().expect("it does not panic"));
    }
}
