//! How long the messages of a channel were in flight.

use hdrhistogram::Histogram;

use crate::reading::Nanos;

/// Latencies: each of a few, a histogram of many.
#[derive(Clone, Debug, Default)]
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
    pub(crate) fn add(&mut self, time: Nanos) {
        self.sum += u128::from(time.get());
        self.count += 1;
        self.max = self.max.max(time);
        match &mut self.many {
            Some(many) => record(many, time),
            None => self.add_to_few(time),
        }
    }

    /// Adds those of other messages.
    pub(crate) fn add_all(&mut self, other: &Latency) {
        let Latency { count, max, few, many, sum } = other;
        if let Some(many) = many {
            let known = self.few.drain(..).collect::<Vec<_>>();
            let ours = self.many.get_or_insert_with(new_histogram);
            known.into_iter().for_each(|time| record(ours, time));
            // It grows.
            let _ = ours.add(&**many);
            self.count += count;
            self.sum += sum;
            self.max = self.max.max(*max);
        }
        few.iter().for_each(|&time| self.add(time));
    }

    fn add_to_few(&mut self, time: Nanos) {
        self.few.push(time);
        if self.few.len() > MAX_FEW {
            let mut many = new_histogram();
            self.few.drain(..).for_each(|time| record(&mut many, time));
            self.many = Some(many);
        }
    }

    /// All latencies, added up.
    pub fn total(&self) -> Nanos {
        Nanos::new(u64::try_from(self.sum).unwrap_or(u64::MAX))
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

/// Two digits are enough for a person, and keep it small.
fn new_histogram() -> Box<Histogram<u32>> {
    Box::new(Histogram::new(2).expect("two digits are a precision"))
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

    #[test]
    fn latencies_of_few_and_of_many_messages_add_up() {
        let latencies = |times: std::ops::RangeInclusive<u64>| {
            let mut latency = Latency::default();
            times.for_each(|time| latency.add(Nanos::new(time * 1_000)));
            latency
        };
        for (first, second) in [(1..=50, 51..=60), (1..=50, 51..=1_000), (1..=950, 951..=1_000)] {
            let all = latencies(*first.start()..=*second.end());
            let mut sum = latencies(first);
            sum.add_all(&latencies(second));
            assert_eq!((sum.count, sum.max, sum.mean()), (all.count, all.max, all.mean()));
            assert_eq!(sum.percentile(90.0), all.percentile(90.0));
        }
    }
}
