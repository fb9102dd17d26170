//! What several of the test programs need.

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::process;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

use instrumented::thread::{self, JoinHandle};

/// The program's argument number `index`, from 1; without a good one the program ends
/// with status 2.
pub fn argument<T: FromStr<Err: Display>>(index: usize, name: &str) -> T {
    let Some(text) = env::args().nth(index) else {
        eprintln!("argument {index} is missing: {name}");
        process::exit(2);
    };
    text.parse().unwrap_or_else(|error| {
        eprintln!("argument {index}, {name}: {text:?}: {error}");
        process::exit(2);
    })
}

/// Starts a thread.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::Builder::new().name(name.into()).spawn(body).expect("a thread can be started")
}

/// Starts a thread and returns once it sleeps in the kernel: `body` has blocked.
pub fn spawn_blocked<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    // std's own channel: it is not to be recorded.
    let (tx, rx) = mpsc::channel();
    let handle = spawn(name, move || {
        let task = fs::read_link("/proc/thread-self").expect("/proc is there");
        // The receiver is in `recv`.
        let _ = tx.send(Path::new("/proc").join(task));
        drop(tx);
        body()
    });
    let task = rx.recv().expect("the thread says which one it is");
    // Asleep a few times in a row: a sleep on the way to the operation would be short.
    let mut in_a_row = 0;
    while in_a_row < 3 {
        thread::sleep(Duration::from_micros(200));
        let Ok(status) = fs::read_to_string(task.join("stat")) else {
            panic!("{name} ended instead of blocking");
        };
        let asleep = status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
        in_a_row = if asleep { in_a_row + 1 } else { 0 };
    }
    handle
}
