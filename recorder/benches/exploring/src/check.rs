//! Whether bugs that are hard to find are found.

use anyhow::Result;

use crate::LIMIT;
use crate::explored::Recorder;

/// Programs that fail in few schedules.
const HARD: [&str; 10] = [
    "din_phil5",
    "reorder_5",
    "circular_buffer",
    "wsq",
    "notify_wrong_waiter",
    "replies_swapped",
    "pbzip2",
    "boundedBuffer",
    "token_ring",
    "memcached_incr",
];

/// Prints the first schedule that fails, of each.
pub fn run() -> Result<bool> {
    let recorder = Recorder::new()?;
    let mut missing = 0;
    for name in HARD {
        match recorder.first_bad(&[name], None, 0, LIMIT)? {
            Some(first) => println!("{name}: schedule {first}"),
            None => {
                missing += 1;
                println!("{name}: not in {LIMIT} schedules");
            }
        }
    }
    Ok(missing == 0)
}
