//! What there is to know of a channel.

use hdrhistogram::Histogram;

use crate::analysis::critical_path::Cause;
use crate::reading::catalog::Index;

/// What there is to know of a channel.
#[derive(Debug, Default)]
pub struct Channel {
    /// When it was made, and by which thread, if the recording tells.
    pub made: Option<(u64, usize)>,
    /// Messages that were handed over: those whose sends are over, and those that were received
    /// before that.
    pub sent: u64,
    /// Messages that were received, those included whose sends were not recorded.
    pub received: u64,
    /// From the begin of a send to the end of its receive, in nanoseconds.
    pub latency: Latency,
    /// Messages sent and not yet received.
    pub depth: Depth,
    /// The threads that have sent, or have tried to.
    pub senders: Vec<Side>,
    /// The threads that have received, or have tried to.
    pub receivers: Vec<Side>,
    /// When the first and the last message was handed over.
    pub sending: Option<(u64, u64)>,
    /// When the first and the last message was received.
    pub receiving: Option<(u64, u64)>,
    /// Senders that are not dropped.
    pub live_senders: u64,
    /// When the last sender was dropped, and by which thread.
    pub senders_gone: Option<(u64, usize)>,
    /// Receivers that are not dropped.
    pub live_receivers: u64,
    /// When the last receiver was dropped, and by which thread.
    pub receiver_gone: Option<(u64, usize)>,
    /// Messages that were still queued then.
    pub lost: u64,
    /// Sends that found the receiver gone.
    pub disconnected: Vec<Disconnected>,
    /// Receives that waited with a limit in time, and how many of them in vain.
    pub timeouts: Timeouts,
    /// Receives that looked again at once.
    pub polling: Polling,
    /// Its first sender, in [`Analysis::senders`](crate::analysis::Analysis::senders).
    pub(in crate::analysis) first_sender: Option<usize>,
    /// Who last made room, or in a rendezvous came to receive.
    pub(in crate::analysis) room: Option<Cause>,
}

impl Channel {
    /// How many sends found the receiver gone.
    pub fn returned(&self) -> u64 {
        self.disconnected.iter().map(|sends| sends.count).sum()
    }

    /// How long senders have waited in all, in nanoseconds.
    pub fn senders_waited(&self) -> u64 {
        self.senders.iter().fold(0, |sum, side| sum.saturating_add(side.waited))
    }

    /// How long receivers have waited in all, in nanoseconds.
    pub fn receivers_waited(&self) -> u64 {
        self.receivers.iter().fold(0, |sum, side| sum.saturating_add(side.waited))
    }

    /// Whether anybody has done anything with it but to make it, clone it and drop it.
    pub fn is_used(&self) -> bool {
        !self.senders.is_empty() || !self.receivers.is_empty()
    }
}

/// What a thread has done at one side of a channel.
#[derive(Clone, Debug)]
pub struct Side {
    /// The thread.
    pub thread: usize,
    /// Messages that it has sent or received.
    pub messages: u64,
    /// How often it has waited.
    pub waits: u64,
    /// How long in all, in nanoseconds.
    pub waited: u64,
    /// Its longest wait, in nanoseconds.
    pub longest: u64,
    /// How often it found no room, or nothing, and did not wait.
    pub refused: u64,
    /// When it did something here first.
    pub first: u64,
    /// When last.
    pub last: u64,
    /// Where it last did, if the recording tells.
    pub site: Option<Index>,
}

impl Side {
    pub(in crate::analysis) fn new(thread: usize, time: u64) -> Self {
        Side {
            thread,
            messages: 0,
            waits: 0,
            waited: 0,
            longest: 0,
            refused: 0,
            first: time,
            last: time,
            site: None,
        }
    }

    pub(in crate::analysis) fn seen(&mut self, time: u64, site: Option<Index>) {
        self.last = time;
        self.site = site.or(self.site);
    }

    pub(in crate::analysis) fn add_wait(&mut self, time: u64) {
        self.waits += 1;
        self.waited = self.waited.saturating_add(time);
        self.longest = self.longest.max(time);
    }

    /// From its first to its last deed here, in nanoseconds.
    pub fn span(&self) -> u64 {
        self.last.saturating_sub(self.first)
    }
}

/// Sends of one thread that found the receiver gone.
#[derive(Clone, Copy, Debug)]
pub struct Disconnected {
    /// The thread.
    pub thread: usize,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first: u64,
    /// When the last was.
    pub last: u64,
    /// Where the first was, if the recording tells.
    pub site: Option<Index>,
}

/// Receives with a limit in time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeouts {
    /// How many have waited.
    pub waits: u64,
    /// How many of them in vain.
    pub expired: u64,
    /// How long those in vain have waited in all, in nanoseconds.
    pub waited: u64,
    /// Where the last one in vain was, when, and of which thread.
    pub last: Option<(u64, usize, Option<Index>)>,
}

/// Receives that found nothing and looked again at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Polling {
    /// How often.
    pub count: u64,
    /// How long from one look to the next, in all, in nanoseconds.
    pub time: u64,
    /// When that began.
    pub first: u64,
    /// The last look in vain: when, by which thread, where.
    pub last: Option<(u64, usize, Option<Index>)>,
}

/// Who looks again within this time, in nanoseconds, polls busily: it takes about as long to
/// fall asleep and be woken.
pub const BUSY: u64 = 100_000;

impl Polling {
    /// A receive that does not wait has found nothing.
    pub(in crate::analysis) fn found_nothing(
        &mut self,
        time: u64,
        thread: usize,
        site: Option<Index>,
    ) {
        if let Some((last, by, _)) = self.last
            && by == thread
            && time.saturating_sub(last) < BUSY
        {
            if self.count == 0 {
                self.first = last;
            }
            self.count += 1;
            self.time = self.time.saturating_add(time.saturating_sub(last));
        }
        self.last = Some((time, thread, site));
    }
}

/// How long messages were on their way: all of few, a histogram of many.
#[derive(Debug, Default)]
pub struct Latency {
    few: Vec<u64>,
    many: Option<Box<Histogram<u32>>>,
    sum: u128,
    count: u64,
    max: u64,
}

/// So many are kept as they are. There may be many channels with few messages.
const FEW: usize = 64;

impl Latency {
    #[inline]
    pub(in crate::analysis) fn add(&mut self, time: u64) {
        self.sum += u128::from(time);
        self.count += 1;
        self.max = self.max.max(time);
        match &mut self.many {
            Some(many) => record(many, time),
            None => self.add_to_few(time),
        }
    }

    fn add_to_few(&mut self, time: u64) {
        self.few.push(time);
        if self.few.len() > FEW {
            // Two digits are enough for a person, and keep it small.
            let mut many = Histogram::new(2).expect("two digits are a precision");
            self.few.drain(..).for_each(|time| record(&mut many, time));
            self.many = Some(Box::new(many));
        }
    }

    /// How many messages.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, in nanoseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean, in nanoseconds; 0 of none.
    pub fn mean(&self) -> u64 {
        self.sum.checked_div(self.count.into()).unwrap_or(0) as u64
    }

    /// What so many of a hundred do not exceed, in nanoseconds, to about one percent.
    pub fn percentile(&self, percent: f64) -> u64 {
        match &self.many {
            Some(many) => many.value_at_percentile(percent).min(self.max),
            None => {
                let mut sorted = self.few.clone();
                sorted.sort_unstable();
                let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
                sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
            }
        }
    }
}

/// The histogram grows with what it is given; only what is beyond all bounds is put at the last.
fn record(many: &mut Histogram<u32>, time: u64) {
    if many.record(time).is_err() {
        many.saturating_record(time);
    }
}

/// How many messages are in a channel, over time.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    /// Now.
    pub now: u64,
    /// At most.
    pub max: u64,
    /// When that was first.
    pub max_at: u64,
    /// No more messages than this can be in it.
    room: u64,
    /// Messages times nanoseconds.
    area: u128,
    first: Option<u64>,
    last: u64,
    /// After some of the sends: when, and how many there were.
    samples: Vec<(u64, u64)>,
    /// Every so many sends one is taken: 2 to this power.
    every: u32,
    sends: u64,
}

/// So many samples are kept at most.
const MOST_SAMPLES: usize = 128;

impl Depth {
    /// Of a channel with this bound.
    pub(in crate::analysis) fn new(bound: Option<u64>) -> Self {
        // In a rendezvous the message itself is on its way.
        Depth { room: bound.map_or(u64::MAX, |bound| bound.max(1)), ..Depth::default() }
    }

    /// A receive's time is taken after it, so that by the times alone there can seem to be more
    /// messages in the channel than there is room for.
    fn visible(&self) -> u64 {
        self.now.min(self.room)
    }

    #[inline]
    pub(in crate::analysis) fn sent(&mut self, time: u64) {
        self.pass(time);
        self.now += 1;
        if self.visible() > self.max {
            (self.max, self.max_at) = (self.visible(), time);
        }
        if self.sends & ((1 << self.every) - 1) == 0 {
            self.sample(time);
        }
        self.sends += 1;
    }

    #[inline]
    pub(in crate::analysis) fn received(&mut self, time: u64) {
        self.pass(time);
        self.now = self.now.saturating_sub(1);
    }

    pub(in crate::analysis) fn emptied(&mut self, time: u64) {
        self.pass(time);
        self.now = 0;
    }

    #[inline]
    pub(in crate::analysis) fn pass(&mut self, time: u64) {
        if self.first.is_none() {
            (self.first, self.last) = (Some(time), time);
        }
        let since = time.saturating_sub(self.last);
        self.area += u128::from(self.visible()) * u128::from(since);
        self.last = self.last.max(time);
    }

    fn sample(&mut self, time: u64) {
        self.samples.push((time, self.visible()));
        if self.samples.len() == MOST_SAMPLES {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every += 1;
        }
    }

    /// The mean over the time that it was watched.
    pub fn mean(&self) -> f64 {
        let span = self.last.saturating_sub(self.first.unwrap_or(self.last));
        if span == 0 { 0.0 } else { self.area as f64 / span as f64 }
    }

    /// After some of the sends, evenly among them: when, and how many messages there were.
    pub fn samples(&self) -> &[(u64, u64)] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_exact_where_there_are_few_and_close_where_there_are_many() {
        let mut latency = Latency::default();
        assert_eq!((latency.percentile(50.0), latency.mean(), latency.max()), (0, 0, 0));
        (1..=50).for_each(|time| latency.add(time * 1_000));
        assert_eq!(latency.percentile(50.0), 25_000);
        assert_eq!(latency.percentile(99.0), 50_000);
        (51..=1_000).for_each(|time| latency.add(time * 1_000));
        assert_eq!((latency.count(), latency.max(), latency.mean()), (1_000, 1_000_000, 500_500));
        let p90 = latency.percentile(90.0);
        assert!((890_000..=910_000).contains(&p90), "{p90}");
        assert_eq!(latency.percentile(100.0), 1_000_000);
        latency.add(u64::MAX);
        assert_eq!(latency.percentile(100.0), u64::MAX - 1);
    }

    #[test]
    fn a_depth_has_its_mean_over_time_and_its_maximum() {
        let mut depth = Depth::new(None);
        depth.sent(10);
        depth.sent(20);
        depth.received(40);
        depth.pass(50);
        assert_eq!((depth.now, depth.max, depth.max_at), (1, 2, 20));
        assert_eq!(depth.mean(), (10.0 + 40.0 + 10.0) / 40.0);
    }

    #[test]
    fn samples_of_a_depth_are_few_and_even() {
        let mut depth = Depth::new(None);
        for time in 0..100_000 {
            depth.sent(time);
        }
        let samples = depth.samples();
        assert!(samples.len() >= MOST_SAMPLES / 2 && samples.len() < MOST_SAMPLES);
        let step = samples[1].0 - samples[0].0;
        assert!(samples.windows(2).all(|pair| pair[1].0 - pair[0].0 == step));
        assert!(samples.iter().all(|&(time, depth)| depth == time + 1));
    }

    #[test]
    fn looking_again_at_once_is_polling() {
        let mut polling = Polling::default();
        for time in [0, BUSY / 2, BUSY, 3 * BUSY] {
            polling.found_nothing(time, 1, None);
        }
        polling.found_nothing(3 * BUSY + 1, 2, None);
        assert_eq!((polling.count, polling.time, polling.first), (2, BUSY, 0));
    }
}
