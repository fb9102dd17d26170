//! What a picture does not show, in words.

use crate::analysis::findings::words::counted;
use crate::reading::Nanos;

/// What a picture does not show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeftOut {
    /// Values of counters.
    pub(super) values: u64,
    /// Messages in flight.
    pub(super) flights: u64,
    /// How many states are merged, and into how many.
    pub(super) states: (u64, u64),
    /// How many slices and holds are merged, and into how many.
    pub(super) slices: (u64, u64),
    pub(super) longest_wait: Nanos,
    pub(super) longest_latency: Nanos,
}

impl LeftOut {
    /// `3 counter values; 2 messages in flight; 9 states, merged into 2; 90 slices, merged into 7, in
    /// which no wait is longer than 5.0 ms`
    pub(super) fn describe(&self) -> String {
        let mut parts = Vec::new();
        if self.values > 0 {
            parts.push(counted(self.values, "counter value"));
        }
        if self.flights > 0 {
            parts.push(format!("{} in flight", counted(self.flights, "message")));
        }
        for ((count, merged), noun) in [(self.states, "state"), (self.slices, "slice")] {
            if merged > 0 {
                parts.push(format!("{}, merged into {merged}", counted(count, noun)));
            }
        }
        let mut worst = Vec::new();
        if self.longest_wait > Nanos::ZERO {
            worst.push(format!("no wait is longer than {}", self.longest_wait));
        }
        if self.longest_latency > Nanos::ZERO {
            worst.push(format!("no message is slower than {}", self.longest_latency));
        }
        let mut description = parts.join("; ");
        if !worst.is_empty() {
            description += &format!(", in which {}", worst.join(" and "));
        }
        description
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_the_longest_wait_and_latency() {
        let left_out = LeftOut {
            values: 3,
            flights: 1,
            states: (9, 2),
            slices: (90, 7),
            longest_wait: Nanos::new(5_000_000),
            longest_latency: Nanos::new(70),
        };
        assert_eq!(
            left_out.describe(),
            "3 counter values; 1 message in flight; 9 states, merged into 2; 90 slices, merged \
             into 7, in which no wait is longer than 5.0 ms and no message is slower than 70 ns"
        );
    }

    #[test]
    fn the_description_omits_zeros() {
        let left_out = LeftOut { values: 1, ..LeftOut::default() };
        assert_eq!(left_out.describe(), "1 counter value");
    }
}
