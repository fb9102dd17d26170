//! The signals that ask a process to end.

use std::fs;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The signals that ask us to end. One that is ignored (as under `nohup`) stays so, for a
/// program that we run as well, and is not among them.
pub fn that_end() -> impl Iterator<Item = i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
    all.into_iter().filter(move |signal| ignored >> (signal - 1) & 1 == 0)
}
