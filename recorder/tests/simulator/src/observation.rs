//! Observations of all threads at the end of a recording, as the recorder writes them.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Later than everything that is recorded, in nanoseconds of the monotonic clock.
const END: u64 = 1 << 62;
/// The OS id of a thread that records nothing.
const UNRECORDED: u64 = 9_999;

/// The threads of a process in a recording's text form.
#[derive(Default)]
struct Process {
    os_ids: Vec<u64>,
    /// The number of blocks that describe the process.
    blocks: u64,
}

/// Adds an observation of each process to the end of a recording in its text form. It contains the
/// recorded threads, and one that is not recorded if `has_unrecorded`.
pub fn with_observations(recording: &str, has_unrecorded: bool) -> String {
    let mut processes: BTreeMap<u64, Process> = BTreeMap::new();
    let mut current = 0;
    for line in recording.lines() {
        if line.starts_with("block ") {
            current = field(line, "process").expect("a block has a process");
            let process = processes.entry(current).or_default();
            if field(line, "thread") == Some(0) {
                process.blocks = field(line, "sequence").expect("a block has a number") + 1;
            }
        } else if line.contains(" ThreadStarted ") {
            let process = processes.entry(current).or_default();
            process.os_ids.extend(field(line, "os_id"));
        }
    }
    let mut text = recording.trim_end().to_owned() + "\n";
    for (number, Process { mut os_ids, blocks }) in processes {
        os_ids.extend(has_unrecorded.then_some(UNRECORDED));
        let count = os_ids.len();
        let block = format!("block process={number} thread=0 sequence={blocks} dropped=0");
        let counted = format!("0 ThreadsCounted monotonic_ns={END} threads={count}");
        writeln!(text, "{block}\n{counted}").expect("a string takes every text");
        for os_id in os_ids {
            // What the recorded threads do is not known.
            let activity = if os_id == UNRECORDED { "in futex without a timeout" } else { "" };
            writeln!(
                text,
                "0 ThreadObserved os_id={os_id} monotonic_ns={END} state=2 syscall={} on_cpu_ns=0 \
                 ready_ns=0 started_ns=0 name=\"\" detail=\"{activity}\"",
                format::NO_SYSCALL
            )
            .expect("a string takes every text");
        }
    }
    text
}

fn field(line: &str, key: &str) -> Option<u64> {
    let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
    fields.find(|(name, _)| *name == key).and_then(|(_, value)| value.parse().ok())
}
