//! `main` ends, and with it a thread that had not received everything yet.
//!
//! Heals it: join it first.

use instrumented::sync::mpsc;
use recorder_corpus::{jitter, spawn};

pub(crate) fn main() {
    let (tx, rx) = mpsc::named("log").channel();
    let (received_one, one_received) = mpsc::named("first").channel();
    let (go_on, told_to_go_on) = mpsc::named("go on").channel::<()>();
    spawn("logger", move || {
        println!("{}", rx.recv().expect("main logs"));
        received_one.send(()).expect("main lives");
        // Only makes sure that it goes wrong: main ends before this does.
        let _ = told_to_go_on.recv();
        for line in rx {
            println!("{line}");
        }
    });
    for line in ["one", "two", "three"] {
        jitter();
        tx.send(line).expect("the logger lives"); // HERE
    }
    one_received.recv().expect("the logger lives");
    // A sender that nobody drops: the logger waits for it as long as the process lives.
    std::mem::forget(go_on);
}
