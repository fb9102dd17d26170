//! A thread puts work that makes work into a channel without a bound.

use instrumented::sync::mpsc;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let (found, to_visit) = mpsc::named("to visit").channel();
    found.send(1).expect("its receiver lives");
    while let Ok(node) = to_visit.try_recv() {
        jitter();
        // A tree of fifteen nodes.
        for child in [2 * node, 2 * node + 1].into_iter().filter(|&child| child < 16) {
            found.send(child).expect("its receiver lives");
        }
    }
}
