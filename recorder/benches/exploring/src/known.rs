//! The sick programs of the recorder's tests. Nearly all fail in each run: they say nothing about the
//! search, but a search that misses them is broken.

use std::process::Command;

use anyhow::Result;

use crate::LIMIT;
use crate::builds;
use crate::explored::Recorder;

/// What a program with one of these findings does not do in the end: it is slow, or it wastes
/// something, and each schedule ends well.
const HABITS: [&str; 14] = [
    "busy_polling",
    "detached_logger",
    "expired_timeouts",
    "first_takes_all",
    "growing_queue",
    "joined_in_turn",
    "one_at_a_time",
    "serialised_workers",
    "slow_consumer",
    "starved_receiver",
    "unfair_lock",
    "unfair_senders",
    "unused_endpoint",
    "spin_on_hangup",
];

/// Prints the first bad schedule of each.
pub fn run() -> Result<bool> {
    let recorder = Recorder::new()?;
    let (mut tried, mut found) = (0, 0);
    let corpus = builds::corpus()?;
    let list = String::from_utf8(Command::new(&corpus).output()?.stdout)?;
    for name in list.lines() {
        let is_well = name.ends_with("_healed") || name.starts_with("healthy_");
        if is_well || HABITS.contains(&name) {
            continue;
        }
        let (mut schedules, mut kinds) = (0, Vec::new());
        // Two of them need an order that a pause of 400 ms prevents in nearly all runs.
        for limit in [20, LIMIT] {
            let explored = recorder.explore_command(
                &corpus,
                &[name],
                &["--max-delay", "1s"],
                None,
                0,
                limit,
            )?;
            schedules += explored.schedules;
            let bad = explored.outcomes.iter().filter(|outcome| outcome.kind != "ok");
            kinds.extend(bad.map(|it| format!("{} {}×", it.kind, it.runs)));
            if !kinds.is_empty() {
                break;
            }
        }
        tried += 1;
        found += u64::from(!kinds.is_empty());
        println!("{name}: of {schedules}: {}", kinds.join(", "));
    }
    println!("{found} of {tried} found");
    Ok(found == tried)
}
