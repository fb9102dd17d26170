//! A scope waits for its thread, whose sender is gone by then.

use instrumented::sync::mpsc;
use instrumented::thread;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let (lines, to_print) = mpsc::named("lines").channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            jitter();
            for line in to_print {
                println!("{line}");
            }
        });
        let lines = lines;
        lines.send("one").expect("the printer lives");
        lines.send("two").expect("the printer lives");
    });
}
