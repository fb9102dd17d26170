//! `main` says that there is no more, and joins the thread that writes it down.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("log").channel();
    let logger = spawn("logger", move || {
        for line in rx {
            println!("{line}");
        }
    });
    for line in ["one", "two", "three"] {
        jitter();
        tx.send(line).expect("the logger lives");
    }
    drop(tx);
    logger.join().expect("it does not panic");
}
