//! A thread puts more into its own channel than that holds, before it takes anything out.
//!
//! Heals it: a channel without a bound for work that makes work.

use instrumented::sync::mpsc;
use recorder_corpus::jitter;

pub(crate) fn main() {
    let (found, to_visit) = mpsc::named("to visit").sync_channel(2);
    found.send(1).expect("its receiver lives");
    while let Ok(node) = to_visit.try_recv() {
        jitter();
        // A tree of fifteen nodes.
        for child in [2 * node, 2 * node + 1].into_iter().filter(|&child| child < 16) {
            found.send(child).expect("its receiver lives"); // HERE
        }
    }
}
