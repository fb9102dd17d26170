//! A registry of listeners lets go of the senders when all was announced.

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
    registry.lock().expect("nobody has panicked").clear();
    for news in rx {
        println!("{news}");
    }
}
