//! The signals that terminate a process.

use std::fs;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The terminating signals that the recorder handles: those that it does not ignore. An ignored
/// signal (as under `nohup`) stays ignored, also in a program that the recorder runs.
pub fn terminating() -> impl Iterator<Item = i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
    all.into_iter().filter(move |signal| ignored >> (signal - 1) & 1 == 0)
}
