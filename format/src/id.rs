//! Identities that are made of two numbers: whose, and the how manieth.

/// A message's identity: who sent it and its place in that thread's own count.
///
/// In a record it is `thread << 40 | count`; 0 is a message whose send was not
/// recorded.
///
/// ```
/// let id = format::MessageId::new(3, 7);
/// assert_eq!((id.thread(), id.count()), (3, 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

impl MessageId {
    /// A message whose send was not recorded.
    pub const UNKNOWN: Self = MessageId(0);
    /// How many bits the count has.
    pub const COUNT_BITS: u32 = 40;
    /// The largest thread number that can be part of an id.
    pub const MAX_THREAD: u32 = (1 << (64 - Self::COUNT_BITS)) - 1;

    /// The id of the `count`th message of `thread`.
    #[inline]
    pub const fn new(thread: u32, count: u64) -> Self {
        MessageId((thread as u64) << Self::COUNT_BITS | count)
    }

    /// The number of the thread that sent the message.
    #[inline]
    pub const fn thread(self) -> u32 {
        (self.0 >> Self::COUNT_BITS) as u32
    }

    /// The message's place in its thread's count, from 1.
    #[inline]
    pub const fn count(self) -> u64 {
        self.0 & ((1 << Self::COUNT_BITS) - 1)
    }
}

/// Which turn at a lock an operation is: the lock, and how often it was held for writing.
///
/// A `Mutex` is always held for writing. Turns at a lock are counted while it is held, so
/// they follow on each other in the order in which they were, whatever the clocks say: what
/// was held in turn `n` was let go before turn `n + 1` began. Who holds a lock for reading has
/// the turn of the last who held it for writing, or 0.
///
/// In a record it is `primitive << 40 | count`, of the primitive's number its low 24 bits.
///
/// ```
/// let turn = format::Turn::new(3, 7);
/// assert_eq!((turn.primitive(), turn.count()), (3, 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Turn(pub u64);

impl Turn {
    /// The `count`th turn at this lock.
    #[inline]
    pub const fn new(primitive: u32, count: u64) -> Self {
        Turn((primitive as u64) << MessageId::COUNT_BITS | count)
    }

    /// The low 24 bits of the lock's number.
    #[inline]
    pub const fn primitive(self) -> u32 {
        (self.0 >> MessageId::COUNT_BITS) as u32
    }

    /// How often it was held for writing, this time included.
    #[inline]
    pub const fn count(self) -> u64 {
        self.0 & ((1 << MessageId::COUNT_BITS) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_thread_and_its_count() {
        let most = (1 << MessageId::COUNT_BITS) - 1;
        for (thread, count) in [(0, 0), (1, 1), (1, most), (MessageId::MAX_THREAD, most)] {
            let id = MessageId::new(thread, count);
            assert_eq!((id.thread(), id.count()), (thread, count));
        }
        assert_eq!(MessageId::new(3, 7).0, 3 << 40 | 7);
        assert_eq!(MessageId::new(MessageId::MAX_THREAD, most).0, u64::MAX);
        assert_eq!(MessageId::new(0, 0), MessageId::UNKNOWN);
    }

    #[test]
    fn a_turn_has_its_lock_and_its_count() {
        assert_eq!(Turn::new(3, 7).0, MessageId::new(3, 7).0);
        // Of a number that is too large the low bits are left.
        assert_eq!(Turn::new((1 << 24) + 5, 9).primitive(), 5);
    }
}
