//! What a picture does not show, in words.

use super::rows::MergedSlices;
use super::states::MergedStatesCount;
use crate::analysis::findings::words::counted;
use crate::reading::Nanos;

/// What a picture does not show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeftOut {
    /// Values of counters.
    pub(super) values: u64,
    /// Messages in flight.
    pub(super) flights: u64,
    pub(super) states: MergedStatesCount,
    pub(super) slices: MergedSlices,
}

impl LeftOut {
    /// `3 counter values; 2 messages in flight; 9 states, merged into 2; 90 slices, merged into 7`
    pub(super) fn describe(&self) -> String {
        let LeftOut { values, flights, states, slices } = self;
        let mut parts = Vec::new();
        if *values > 0 {
            parts.push(counted(*values, "counter value"));
        }
        if *flights > 0 {
            parts.push(format!("{} in flight", counted(*flights, "message")));
        }
        if states.states > 0 {
            parts.push(format!("{}, merged into {}", counted(states.states, "state"), states.runs));
        }
        if slices.runs > 0 {
            parts.push(describe_slices(slices));
        }
        parts.join("; ")
    }
}

/// `90 slices, merged into 7, in which no wait is longer than 5.0 ms`
fn describe_slices(merged: &MergedSlices) -> String {
    let slices = counted(merged.slices, "slice");
    let mut description = format!("{slices}, merged into {}", merged.runs);
    let mut worst = Vec::new();
    if merged.longest_wait > Nanos::ZERO {
        worst.push(format!("no wait is longer than {}", merged.longest_wait));
    }
    if merged.longest_latency > Nanos::ZERO {
        worst.push(format!("no message is slower than {}", merged.longest_latency));
    }
    if !worst.is_empty() {
        description += &format!(", in which {}", worst.join(" and "));
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_the_longest_wait_and_latency() {
        let slices = MergedSlices {
            slices: 90,
            runs: 7,
            longest_wait: Nanos::new(5_000_000),
            longest_latency: Nanos::new(70),
        };
        let states = MergedStatesCount { states: 9, runs: 2 };
        assert_eq!(
            LeftOut { values: 3, flights: 1, states, slices }.describe(),
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
