//! Healthy: a thread that nobody joins waits for messages when the process ends.

use instrumented::sync::mpsc::{self, Sender};
use instrumented::sync::{Mutex, OnceLock};
use recorder_corpus::{jitter, spawn};

static LOG: OnceLock<Mutex<Sender<&'static str>>> = OnceLock::new();

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("log").channel();
    let (written, is_written) = mpsc::named("written").channel();
    LOG.get_or_init(|| Mutex::new(tx));
    spawn("logger", move || {
        for line in rx {
            println!("{line}");
            written.send(()).expect("main lives");
        }
    });
    for line in ["one", "two"] {
        jitter();
        let log = LOG.get().expect("it was made");
        log.lock().expect("nobody has panicked").send(line).expect("the logger lives");
    }
    for _ in 0..2 {
        is_written.recv().expect("the logger lives");
    }
}
