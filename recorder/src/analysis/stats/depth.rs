//! How many messages were in a channel, over time.

use crate::reading::Nanos;

/// The depth of a channel over time.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    /// The maximum.
    pub max: u64,
    /// When that was first reached.
    pub max_at: Nanos,
    /// When, and how deep it was, after every `1 << interval` sends.
    pub samples: Vec<(Nanos, u64)>,
    now: u64,
    /// Messages times nanoseconds.
    area: u128,
    first: Option<Nanos>,
    last: Nanos,
    interval: u32,
    sends: u64,
}

const MAX_SAMPLES: usize = 128;

impl Depth {
    /// It is `depth` from now on.
    #[inline]
    pub(in crate::analysis) fn set(&mut self, time: Nanos, depth: u64) {
        self.pass_to(time);
        self.now = depth;
    }

    /// It is `depth` where it begins to count.
    pub(in crate::analysis) fn start(&mut self, time: Nanos, depth: u64) {
        self.set(time, depth);
        (self.max, self.max_at) = (depth, time);
    }

    /// It is found to be `depth` now, if it has ever been anything.
    pub(in crate::analysis) fn correct(&mut self, time: Nanos, depth: u64) {
        if self.first.is_some() {
            self.set(time, depth);
        }
    }

    /// A message has been handed over.
    #[inline]
    pub(in crate::analysis) fn sent(&mut self, time: Nanos, depth: u64) {
        self.set(time, depth);
        if depth > self.max {
            (self.max, self.max_at) = (depth, time);
        }
        if self.sends & ((1 << self.interval) - 1) == 0 {
            self.sample(time, depth);
        }
        self.sends += 1;
    }

    #[inline]
    pub(in crate::analysis) fn pass_to(&mut self, time: Nanos) {
        if self.first.is_none() {
            (self.first, self.last) = (Some(time), time);
        }
        let passed = time.since(self.last);
        self.area += u128::from(self.now) * u128::from(passed.get());
        self.last = self.last.max(time);
    }

    #[cold]
    fn sample(&mut self, time: Nanos, depth: u64) {
        self.samples.push((time, depth));
        if self.samples.len() == MAX_SAMPLES {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.interval += 1;
        }
    }

    /// The mean over time.
    pub fn mean(&self) -> f64 {
        let span = self.last.since(self.first.unwrap_or(self.last));
        if span == Nanos::ZERO { 0.0 } else { self.area as f64 / span.get() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depth_has_a_mean_over_time_and_a_maximum() {
        let at = Nanos::new;
        let mut depth = Depth::default();
        depth.sent(at(10), 1);
        depth.sent(at(20), 2);
        depth.set(at(40), 1);
        depth.pass_to(at(50));
        assert_eq!((depth.max, depth.max_at), (2, at(20)));
        assert_eq!(depth.mean(), (10.0 + 40.0 + 10.0) / 40.0);
    }

    #[test]
    fn samples_of_a_depth_are_few_and_even() {
        let mut depth = Depth::default();
        for time in 0..100_000 {
            depth.sent(Nanos::new(time), time + 1);
        }
        let samples = &depth.samples;
        assert!(samples.len() >= MAX_SAMPLES / 2 && samples.len() < MAX_SAMPLES);
        let step = samples[1].0.since(samples[0].0);
        assert!(samples.windows(2).all(|pair| pair[1].0.since(pair[0].0) == step));
        assert!(samples.iter().all(|&(time, depth)| depth == time.get() + 1));
    }
}
