//! Detects processes that have stopped recording.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a process must have recorded nothing.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);
const MIN_CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Checks take at most 1/50 of the time.
const MIN_INTERVAL_PER_CHECK_TIME: u32 = 50;

/// Detects processes that have stopped recording.
#[derive(Debug)]
pub(crate) struct StallDetector {
    processes: HashMap<u32, Progress>,
    next_check: Instant,
}

/// The progress of a process when it was last checked.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// A value that changes when the process records more.
    fingerprint: u64,
    since: Instant,
    /// Whether a hang was suspected at this point.
    suspected: bool,
}

impl StallDetector {
    pub(crate) fn new(now: Instant) -> Self {
        StallDetector { processes: HashMap::new(), next_check: now + MIN_CHECK_INTERVAL }
    }

    /// Whether the next check is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next_check <= now
    }

    /// Updates the fingerprint of each process, which were read from `start` to `end`. Returns the
    /// processes that have stalled, except those that are suspected already.
    pub(crate) fn update(
        &mut self,
        fingerprints: &[(u32, u64)],
        start: Instant,
        end: Instant,
    ) -> Vec<u32> {
        let check_time = end.duration_since(start);
        self.next_check = end + MIN_CHECK_INTERVAL.max(MIN_INTERVAL_PER_CHECK_TIME * check_time);
        let mut stalled = Vec::new();
        for &(pid, fingerprint) in fingerprints {
            let new = Progress { fingerprint, since: start, suspected: false };
            let known = self.processes.entry(pid).or_insert(new);
            if known.fingerprint != fingerprint {
                *known = new;
            }
            if !known.suspected && start.duration_since(known.since) >= STALL_TIMEOUT {
                stalled.push(pid);
            }
        }
        stalled
    }

    /// Whether a process has stalled, as of the last update.
    pub(crate) fn has_stalled(&self, pid: u32, now: Instant) -> bool {
        let known = self.processes.get(&pid);
        known.is_some_and(|known| now.duration_since(known.since) >= STALL_TIMEOUT)
    }

    /// Suspects a process: it is not reported again until it makes progress.
    pub(crate) fn suspect(&mut self, pid: u32) {
        if let Some(known) = self.processes.get_mut(&pid) {
            known.suspected = true;
        }
    }

    /// Whether a process was suspected and has made no progress since, as of the last update.
    pub(crate) fn is_suspect(&self, pid: u32) -> bool {
        self.processes.get(&pid).is_some_and(|known| known.suspected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times, in milliseconds, at which a process with these fingerprints is reported.
    fn stalls(fingerprints: &[(u64, u64)]) -> Vec<u64> {
        let start = Instant::now();
        let mut detector = StallDetector::new(start);
        let mut stalls = Vec::new();
        for &(time, fingerprint) in fingerprints {
            let now = start + Duration::from_millis(time);
            for pid in detector.update(&[(7, fingerprint)], now, now) {
                detector.suspect(pid);
                stalls.push(time);
            }
        }
        stalls
    }

    #[test]
    fn a_stall_is_reported_once() {
        let still = [(0, 5), (250, 5), (999, 5), (1000, 5), (1250, 5), (9000, 5)];
        assert_eq!(stalls(&still), [1000]);
    }

    #[test]
    fn a_process_that_makes_progress_has_not_stalled() {
        let running = [(0, 5), (500, 6), (1000, 7), (1500, 8), (2000, 9)];
        assert_eq!(stalls(&running), [0; 0]);
        // Also if an earlier fingerprint comes back.
        assert_eq!(stalls(&[(0, 5), (500, 6), (1000, 5), (1999, 5)]), [0; 0]);
        let twice = [(0, 5), (1000, 5), (1500, 6), (2499, 6), (2500, 6), (4000, 6)];
        assert_eq!(stalls(&twice), [1000, 2500]);
    }

    #[test]
    fn each_process_is_checked_by_itself() {
        let start = Instant::now();
        let at = |time| start + Duration::from_millis(time);
        let mut detector = StallDetector::new(start);
        assert_eq!(detector.update(&[(7, 1), (8, 1)], at(0), at(0)), [0; 0]);
        assert_eq!(detector.update(&[(7, 1), (8, 2)], at(1000), at(1000)), [7]);
        // Process 7 was not suspected, and so is reported again.
        assert_eq!(detector.update(&[(7, 1), (8, 2)], at(2000), at(2000)), [7, 8]);
        detector.suspect(8);
        assert!(detector.is_suspect(8) && !detector.is_suspect(7) && !detector.is_suspect(9));
        let stalled = |time| [7, 8, 9].map(|pid| detector.has_stalled(pid, at(time)));
        assert_eq!([stalled(999), stalled(1000)], [[false; 3], [true, false, false]]);
        assert_eq!(stalled(2000), [true, true, false]);
    }

    #[test]
    fn slow_checks_are_rare() {
        let start = Instant::now();
        let mut detector = StallDetector::new(start);
        assert!(!detector.is_due(start));
        assert!(detector.is_due(start + MIN_CHECK_INTERVAL));
        let end = start + Duration::from_millis(20);
        detector.update(&[], start, end);
        assert!(!detector.is_due(end + Duration::from_millis(999)));
        assert!(detector.is_due(end + Duration::from_millis(1000)));
    }
}
