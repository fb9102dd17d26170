//! Statistics of locks and other synchronization primitives.

use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PlaceIndex, ThreadIndex};

/// Statistics of a synchronization primitive.
#[derive(Clone, Debug, Default)]
pub struct PrimitiveStats {
    /// How often it was acquired.
    pub acquired: u64,
    /// How long it was held in all, as far as its releases are recorded.
    pub held: Nanos,
    /// How much of that its holder did not wait for anything.
    pub held_at_work: Nanos,
    /// The threads that used it.
    pub users: Vec<PrimitiveUser>,
    /// How many messages were received while it was held, by channel.
    pub receives: Vec<(ChannelIndex, u64)>,
}

/// What a thread did with a primitive.
#[derive(Clone, Copy, Debug)]
pub struct PrimitiveUser {
    /// The thread.
    pub thread: ThreadIndex,
    /// How often it acquired it.
    pub acquired: u64,
    /// How often it waited for it.
    pub waits: u64,
    /// How long in all.
    pub waited: Nanos,
    /// When it first used it.
    pub first: Nanos,
    /// When it last did.
    pub last: Nanos,
    /// Where it last acquired it, if that is recorded.
    pub place: Option<PlaceIndex>,
}

impl PrimitiveStats {
    /// A thread uses it.
    pub(super) fn user(&mut self, thread: ThreadIndex, time: Nanos) -> &mut PrimitiveUser {
        let known = self.users.iter().position(|user| user.thread == thread);
        let index = known.unwrap_or_else(|| {
            self.users.push(PrimitiveUser {
                thread,
                acquired: 0,
                waits: 0,
                waited: Nanos::ZERO,
                first: time,
                last: time,
                place: None,
            });
            self.users.len() - 1
        });
        let user = &mut self.users[index];
        user.last = user.last.max(time);
        user
    }

    /// How long all threads waited for it, added up.
    pub fn waited(&self) -> Nanos {
        self.users.iter().map(|user| user.waited).sum()
    }

    pub(super) fn received(&mut self, channel: ChannelIndex) {
        match self.receives.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, count)) => *count += 1,
            None => self.receives.push((channel, 1)),
        }
    }
}

impl PrimitiveUser {
    pub(super) fn add_wait(&mut self, time: Nanos) {
        self.waits += 1;
        self.waited += time;
    }
}
