//! When the next observation is due.

use std::time::{Duration, Instant};

/// Minimum and maximum time between observations, if they are cheap.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MAX_INTERVAL: Duration = Duration::from_secs(1);
/// Observations are rarer the longer the run lasts, so that a recording does not fill with them:
/// the interval is this part of the time so far.
const INTERVALS_PER_RUN: u32 = 100;
/// Observations take at most 1/200 of the time: 0.5% of a processor.
const MIN_INTERVAL_PER_COST: u32 = 200;

/// When the next observation is due.
#[derive(Debug)]
pub(in crate::capture) struct Schedule {
    started: Instant,
    next: Instant,
}

impl Schedule {
    pub(in crate::capture) fn new(now: Instant) -> Self {
        Schedule { started: now, next: now + MIN_INTERVAL }
    }

    pub(in crate::capture) fn is_due(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// Plans the observation after one that took this processor time and has ended now.
    pub(in crate::capture) fn plan_next(&mut self, now: Instant, cost: Duration) {
        let so_far = now.duration_since(self.started) / INTERVALS_PER_RUN;
        let interval = so_far.clamp(MIN_INTERVAL, MAX_INTERVAL).max(cost * MIN_INTERVAL_PER_COST);
        self.next = now + interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time in milliseconds from an observation to the next. It ended `after` the run started,
    /// and took `cost`.
    fn interval(after: Duration, cost: Duration) -> u128 {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        assert!(!schedule.is_due(start) && schedule.is_due(start + MIN_INTERVAL));
        let end = start + after;
        schedule.plan_next(end, cost);
        assert!(!schedule.is_due(end));
        schedule.next.duration_since(end).as_millis()
    }

    #[test]
    fn observations_become_rarer_in_the_course_of_a_run() {
        for (seconds, expected) in [(0, 100), (1, 100), (50, 500), (100, 1000), (86_400, 1000)] {
            assert_eq!(interval(Duration::from_secs(seconds), Duration::ZERO), expected);
        }
    }

    #[test]
    fn observations_take_at_most_half_a_percent_of_the_time() {
        for milliseconds in [1, 20, 100] {
            let cost = Duration::from_millis(milliseconds);
            assert_eq!(interval(Duration::ZERO, cost), (200 * cost).as_millis());
        }
    }
}
