//! Statistics of locks and other synchronization primitives.

use super::channels::User;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, ThreadIndex};

/// Statistics of a synchronization primitive.
#[derive(Clone, Debug, Default)]
pub struct PrimitiveStats {
    /// How often it was acquired.
    pub acquired: u64,
    /// How long it was held in all, as far as that is recorded.
    pub held: Nanos,
    /// How much of that its holder was recorded and did not wait for anything.
    pub held_at_work: Nanos,
    /// The threads that used it.
    pub users: Vec<User>,
    /// How many messages were received while it was held, by channel.
    pub receives: Vec<(ChannelIndex, u64)>,
}

impl PrimitiveStats {
    /// A thread uses it.
    pub(super) fn user(&mut self, thread: ThreadIndex, time: Nanos) -> &mut User {
        let known = self.users.iter().position(|user| user.thread == thread);
        let index = known.unwrap_or_else(|| {
            self.users.push(User::new(thread, time));
            self.users.len() - 1
        });
        let user = &mut self.users[index];
        user.last = user.last.max(time);
        user
    }

    pub(super) fn received(&mut self, channel: ChannelIndex) {
        match self.receives.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, count)) => *count += 1,
            None => self.receives.push((channel, 1)),
        }
    }
}
