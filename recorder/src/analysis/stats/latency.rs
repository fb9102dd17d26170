//! How long the messages of a channel were in flight.

use hdrhistogram::Histogram;

use crate::reading::Nanos;

/// Latencies: each of a few, a histogram of many.
#[derive(Debug, Default)]
pub struct Latency {
    /// The number of messages.
    pub count: u64,
    /// The longest; 0 if there are none.
    pub max: Nanos,
    few: Vec<Nanos>,
    many: Option<Box<Histogram<u32>>>,
    sum: u128,
}

/// Up to this number, each is kept. There may be many channels with few messages.
const MAX_FEW: usize = 64;

impl Latency {
    #[inline]
    pub(in crate::analysis) fn add(&mut self, time: Nanos) {
        self.sum += u128::from(time.get());
        self.count += 1;
        self.max = self.max.max(time);
        match &mut self.many {
            Some(many) => record(many, time),
            None => self.add_to_few(time),
        }
    }

    fn add_to_few(&mut self, time: Nanos) {
        self.few.push(time);
        if self.few.len() > MAX_FEW {
            // Two digits are enough for a person, and keep it small.
            let mut many = Histogram::new(2).expect("two digits are a precision");
            self.few.drain(..).for_each(|time| record(&mut many, time));
            self.many = Some(Box::new(many));
        }
    }

    /// The mean, rounded down; 0 if there are none.
    pub fn mean(&self) -> Nanos {
        Nanos::new(self.sum.checked_div(self.count.into()).unwrap_or(0) as u64)
    }

    /// The latency that this percentage of the messages does not exceed, with an error of up to one
    /// percent; 0 if there are none.
    pub fn percentile(&self, percent: f64) -> Nanos {
        match &self.many {
            Some(many) => Nanos::new(many.value_at_percentile(percent)).min(self.max),
            None => {
                let mut sorted = self.few.clone();
                sorted.sort_unstable();
                let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
                sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
            }
        }
    }
}

/// The histogram grows with its values; those beyond its limit count as the limit.
fn record(many: &mut Histogram<u32>, time: Nanos) {
    if many.record(time.get()).is_err() {
        many.saturating_record(time.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_exact_if_there_are_few_and_close_if_there_are_many() {
        let at = Nanos::new;
        let mut latency = Latency::default();
        assert_eq!([latency.percentile(50.0), latency.mean(), latency.max], [Nanos::ZERO; 3]);
        (1..=50).for_each(|time| latency.add(at(time * 1_000)));
        assert_eq!(latency.percentile(50.0), at(25_000));
        assert_eq!(latency.percentile(99.0), at(50_000));
        (51..=1_000).for_each(|time| latency.add(at(time * 1_000)));
        assert_eq!(latency.count, 1_000);
        assert_eq!((latency.max, latency.mean()), (at(1_000_000), at(500_500)));
        let p90 = latency.percentile(90.0);
        assert!((at(890_000)..=at(910_000)).contains(&p90), "{p90}");
        assert_eq!(latency.percentile(100.0), at(1_000_000));
        latency.add(Nanos::MAX);
        assert_eq!(latency.percentile(100.0), Nanos::MAX);
    }
}
