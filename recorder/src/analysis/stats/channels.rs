//! Statistics of channels.

use super::depth::Depth;
use super::latency::Latency;
use crate::reading::Nanos;
use crate::reading::catalog::{PlaceIndex, ThreadIndex};
use crate::replay::Use;

/// Statistics of a channel. How many messages were sent and received is in its
/// [state](crate::replay::ChannelState).
#[derive(Debug, Default)]
pub struct ChannelStats {
    /// From the start of each send to the end of its receive.
    pub latency: Latency,
    /// Messages sent and not yet received.
    pub depth: Depth,
    /// The threads that sent, or tried to.
    pub senders: Vec<User>,
    /// The threads that received, or tried to.
    pub receivers: Vec<User>,
    /// When the first and the last message was handed over.
    pub sending: Option<(Nanos, Nanos)>,
    /// When the first and the last message was received.
    pub receiving: Option<(Nanos, Nanos)>,
    /// Sends that found the receiver gone.
    pub(crate) disconnected: Vec<Disconnected>,
    /// Receives with a timeout.
    pub(crate) timeouts: Timeouts,
    /// Receives that try again at once.
    pub(crate) polling: Polling,
    /// Receives that find all senders gone, and try again at once.
    pub(crate) after_the_end: Polling,
    /// Receives that found all senders gone: the last.
    pub(crate) hang_up: Option<Use>,
}

impl ChannelStats {
    /// How many sends found the receiver gone.
    pub fn returned(&self) -> u64 {
        self.disconnected.iter().map(|sends| sends.count).sum()
    }

    #[inline]
    pub(super) fn sent(&mut self, time: Nanos, depth: u64) {
        self.depth.sent(time, depth);
        extend(&mut self.sending, time);
    }

    #[inline]
    pub(super) fn received(&mut self, time: Nanos, depth: u64) {
        self.depth.set(time, depth);
        extend(&mut self.receiving, time);
        self.polling.last = None;
    }

    pub(super) fn send_disconnected(&mut self, by: Use) {
        let Use { time, thread, place } = by;
        match self.disconnected.iter_mut().find(|sends| sends.thread == thread) {
            Some(sends) => {
                sends.count += 1;
                sends.last = time;
            }
            None => {
                let (first, last) = (time, time);
                self.disconnected.push(Disconnected { thread, count: 1, first, last, place });
            }
        }
    }
}

fn extend(extent: &mut Option<(Nanos, Nanos)>, time: Nanos) {
    match extent {
        Some((_, last)) => *last = time,
        None => *extent = Some((time, time)),
    }
}

/// What a thread did at one side of a channel, or with a primitive.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The thread.
    pub thread: ThreadIndex,
    /// Messages that it sent or received.
    pub messages: u64,
    /// How often it waited.
    pub waits: u64,
    /// How long in all.
    pub waited: Nanos,
    /// Its longest wait.
    pub longest: Nanos,
    /// How often it found no room or no message, and did not wait.
    pub refused: u64,
    /// How often it acquired a lock.
    pub acquired: u64,
    /// How long it held a lock in all.
    pub held: Nanos,
    /// When its first use was.
    pub first: Nanos,
    /// When its last use was.
    pub last: Nanos,
    /// Where it last used the channel or acquired the primitive, if that is recorded.
    pub place: Option<PlaceIndex>,
}

impl User {
    pub(super) fn new(thread: ThreadIndex, time: Nanos) -> Self {
        let (waited, longest) = (Nanos::ZERO, Nanos::ZERO);
        let (first, last, place) = (time, time, None);
        let (messages, waits, refused, acquired) = (0, 0, 0, 0);
        User {
            thread,
            messages,
            waits,
            waited,
            longest,
            refused,
            acquired,
            held: Nanos::ZERO,
            first,
            last,
            place,
        }
    }

    #[inline]
    pub(super) fn use_at(&mut self, time: Nanos, place: Option<PlaceIndex>) {
        self.last = time;
        self.place = place.or(self.place);
    }

    pub(super) fn add_wait(&mut self, time: Nanos) {
        self.waits += 1;
        self.waited += time;
        self.longest = self.longest.max(time);
    }

    /// From its first use to its last.
    pub fn span(&self) -> Nanos {
        self.last.since(self.first)
    }
}

/// How long these waited, added up.
pub fn waited<'a>(users: impl IntoIterator<Item = &'a User>) -> Nanos {
    users.into_iter().map(|user| user.waited).sum()
}

/// Sends of one thread that found the receiver gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disconnected {
    pub(crate) thread: ThreadIndex,
    pub(crate) count: u64,
    pub(crate) first: Nanos,
    pub(crate) last: Nanos,
    /// Where the first was, if that is recorded.
    pub(crate) place: Option<PlaceIndex>,
}

/// Receives with a timeout.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeouts {
    pub(crate) waits: u64,
    /// How many of them timed out.
    pub(crate) expired: u64,
    /// How long those waited in all.
    pub(crate) waited: Nanos,
    /// The last that timed out.
    pub(crate) last: Option<Use>,
}

/// Receives that found nothing and tried again at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Polling {
    pub(crate) count: u64,
    /// The time from one attempt to the next, in all.
    pub(crate) time: Nanos,
    /// When the first attempt was.
    pub(crate) first: Nanos,
    /// The latest attempt, if it found nothing.
    pub(crate) last: Option<Use>,
    /// The latest that followed another at once.
    pub(crate) by: Option<Use>,
}

/// Two attempts within this time are busy polling: to fall asleep and be woken takes about as long.
pub const BUSY: Nanos = Nanos::new(100_000);

impl Polling {
    /// A receive that did not wait has found nothing.
    pub(super) fn found_nothing(&mut self, attempt: Use) {
        if let Some(last) = self.last
            && last.thread == attempt.thread
            && attempt.time.since(last.time) < BUSY
        {
            if self.count == 0 {
                self.first = last.time;
            }
            self.count += 1;
            self.time += attempt.time.since(last.time);
            self.by = Some(attempt);
        }
        self.last = Some(attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_attempt_at_once_is_polling() {
        let busy = BUSY.get();
        let mut polling = Polling::default();
        let attempt = |time, thread: usize| Use {
            time: Nanos::new(time),
            thread: ThreadIndex::from(thread),
            place: None,
        };
        for time in [0, busy / 2, busy, 3 * busy] {
            polling.found_nothing(attempt(time, 1));
        }
        polling.found_nothing(attempt(3 * busy + 1, 2));
        assert_eq!((polling.count, polling.time, polling.first), (2, BUSY, Nanos::ZERO));
    }
}
