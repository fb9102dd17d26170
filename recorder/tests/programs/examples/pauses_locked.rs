//! Pauses the recording while a mutex is held, and makes threads meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use instrumented::sync::Mutex;
use instrumented::{Name, recording, thread};
use recorder_test_programs::spawn;

fn main() {
    let mutex = Mutex::new(());
    mutex.set_name("mutex");
    // Acquired while nobody looks.
    recording::pause();
    let guard = mutex.lock();
    recording::resume();
    drop(guard);
    // Let go while nobody looks.
    let guard = mutex.lock();
    recording::pause();
    drop(guard);
    drop(mutex.lock());
    spawn("made meanwhile", thread::current).join().unwrap().unpark();
    recording::resume();
    drop(mutex.lock());
    println!("done");
}
