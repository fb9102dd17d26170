//! Packed ids: an owner and a sequence number in one word.

/// The id of a message: the thread that sent it and a number that the thread counts up.
///
/// In a record it is `thread << 40 | count`. 0 is a message whose send was not recorded.
///
/// ```
/// let id = format::MessageId::new(3, 7);
/// assert_eq!((id.thread(), id.count()), (3, 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The id of a message whose send was not recorded.
    pub const UNKNOWN: Self = MessageId(0);
    /// Number of bits of the count.
    pub const COUNT_BITS: u32 = 40;
    /// The largest number of a thread that fits into an id.
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

    /// The number of the message among those of its thread, from 1.
    #[inline]
    pub const fn count(self) -> u64 {
        self.0 & ((1 << Self::COUNT_BITS) - 1)
    }
}

/// A turn at a lock: the lock, and the number of times that it was held for writing.
///
/// A `Mutex` is always held for writing. Turns are counted while the lock is held, so they give
/// the order of the holders even where clocks disagree: the holder of turn `n` released the lock
/// before turn `n + 1` started. A thread that holds a lock for reading has the turn of the last
/// thread that held it for writing, or 0.
///
/// In a record it is `primitive << 40 | count`, with the low 24 bits of the primitive's number.
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

    /// The low 24 bits of the number of the lock.
    #[inline]
    pub const fn primitive(self) -> u32 {
        (self.0 >> MessageId::COUNT_BITS) as u32
    }

    /// Number of times that the lock was held for writing, including this one.
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
        // Only the low bits of a larger number fit.
        assert_eq!(Turn::new((1 << 24) + 5, 9).primitive(), 5);
    }
}
