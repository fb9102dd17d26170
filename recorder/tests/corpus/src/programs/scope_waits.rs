//! A scope waits for its thread, which waits for a sender that lives longer than the scope.
//!
//! Heals it: the sender is moved into the scope.

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let (lines, to_print) = mpsc::named("lines").channel();
    // HERE
    thread::scope(|scope| {
        scope.spawn(move || {
            jitter();
            // HERE
            for line in to_print {
                println!("{line}");
            }
        });
        lines.send("one").expect("the printer lives");
        lines.send("two").expect("the printer lives");
    });
    drop(lines);
}
