//! `main` waits for a condition that a thread which is not recorded will set, in its own time.

use std::io;

use instrumented::sync::{Arc, Condvar, Mutex};

pub(crate) fn main() {
    let ended = Arc::new((Mutex::new(false), Condvar::new()));
    let to_end = ended.clone();
    std::thread::spawn(move || {
        // Its stdin stays open, and silent.
        io::stdin().read_line(&mut String::new()).expect("stdin can be read");
        *to_end.0.lock().expect("no thread has panicked") = true;
        to_end.1.notify_one();
    });
    println!("waiting");
    let guard = ended.0.lock().expect("no thread has panicked");
    drop(ended.1.wait_while(guard, |ended| !*ended).expect("no thread has panicked"));
}
