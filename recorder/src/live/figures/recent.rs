//! The latencies of the last seconds.

use crate::analysis::stats::Latency;
use crate::reading::Nanos;

/// Latencies of the last five to ten seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentLatency {
    /// The number of the present window.
    window: u64,
    present: Latency,
    /// Of the window before.
    before: Latency,
}

/// The length of a window in nanoseconds.
const WINDOW_NS: u64 = 5_000_000_000;

impl RecentLatency {
    #[inline]
    pub(super) fn add(&mut self, time: Nanos, latency: Nanos) {
        let window = time.get() / WINDOW_NS;
        if window > self.window {
            self.pass_to(window);
        }
        self.present.add(latency);
    }

    fn pass_to(&mut self, window: u64) {
        let last = std::mem::take(&mut self.present);
        self.before = if window == self.window + 1 { last } else { Latency::default() };
        self.window = window;
    }

    /// Those of the present window and the one before.
    pub(super) fn get(&self, now: Nanos) -> Latency {
        match (now.get() / WINDOW_NS).saturating_sub(self.window) {
            0 => {
                let mut latency = self.before.clone();
                latency.add_all(&self.present);
                latency
            }
            1 => self.present.clone(),
            _ => Latency::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_latencies_do_not_count() {
        let at = |seconds: u64| Nanos::new(seconds * 1_000_000_000);
        let mut recent = RecentLatency::default();
        for second in 0..20 {
            recent.add(at(second), Nanos::new(second));
        }
        let count = |now| recent.get(at(now)).count;
        assert_eq!([19, 20, 24, 25, 100].map(count), [10, 5, 5, 0, 0]);
        assert_eq!(recent.get(at(19)).percentile(0.0), Nanos::new(10));
        recent.add(at(60), Nanos::new(1));
        assert_eq!(recent.get(at(60)).count, 1);
    }
}
