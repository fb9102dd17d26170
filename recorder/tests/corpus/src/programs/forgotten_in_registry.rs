//! A registry of listeners keeps a clone of a sender whose listener is to end with it.
//!
//! Heals it: the listener is taken out of the registry.

use instrumented::sync::mpsc::{self, Sender};
use instrumented::sync::{Arc, Mutex};
use recorder_corpus::{jitter, spawn};

type Registry = Arc<Mutex<Vec<Sender<&'static str>>>>;

pub(crate) fn main() {
    let registry = Registry::default();
    let (tx, rx) = mpsc::named("news").channel();
    registry.lock().expect("nobody has panicked").push(tx.clone());
    let announcer = spawn("announcer", {
        let registry = registry.clone();
        move || {
            for listener in registry.lock().expect("nobody has panicked").iter() {
                jitter();
                listener.send("hello").expect("it lives");
            }
        }
    });
    drop(tx);
    announcer.join().expect("it does not panic");
    // HERE
    for news in rx {
        println!("{news}");
    }
}
