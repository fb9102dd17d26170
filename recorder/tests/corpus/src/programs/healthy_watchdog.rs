//! A watchdog waits for heartbeats with a limit that holds; another thread flushes at intervals.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError};
use instrumented::thread;

pub(crate) fn main() {
    let (beat, beats) = mpsc::channel();
    let watchdog = thread::Builder::new().name("watchdog".into()).spawn(move || {
        loop {
            match beats.recv_timeout(Duration::from_millis(500)) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => panic!("the worker is dead"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    let (stop, stopped) = mpsc::channel::<()>();
    let flusher = thread::Builder::new().name("flusher".into()).spawn(move || {
        let mut flushed = 0;
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            flushed += 1;
        }
        flushed
    });
    for _ in 0..40 {
        thread::sleep(Duration::from_millis(25));
        beat.send(()).unwrap();
    }
    drop((beat, stop));
    watchdog.unwrap().join().unwrap();
    println!("{}", flusher.unwrap().join().unwrap());
}
