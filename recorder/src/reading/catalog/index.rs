//! Indices into the lists of the [`Catalog`](super::Catalog).

use std::fmt;
use std::num::NonZeroU32;

macro_rules! index_types {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// It takes four bytes, and so does an `Option` of it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(
            /// One more than the index.
            NonZeroU32,
        );

        impl From<usize> for $name {
            /// # Panics
            /// `index` does not fit into 32 bits. A list of a recording never has as many entries.
            #[inline]
            fn from(index: usize) -> Self {
                let next = u32::try_from(index).ok().and_then(|index| index.checked_add(1));
                $name(next.and_then(NonZeroU32::new).expect("an index fits into 32 bits"))
            }
        }

        impl From<$name> for usize {
            #[inline]
            fn from(index: $name) -> Self {
                index.0.get() as usize - 1
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                usize::from(*self).fmt(f)
            }
        }
    )*};
}

index_types! {
    /// The index of a process in [`Catalog::processes`](super::Catalog::processes).
    ProcessIndex;
    /// The index of a thread in [`Catalog::threads`](super::Catalog::threads).
    ThreadIndex;
    /// The index of a channel in [`Catalog::channels`](super::Catalog::channels).
    ChannelIndex;
    /// The index of an endpoint in [`Catalog::endpoints`](super::Catalog::endpoints).
    EndpointIndex;
    /// The index of a synchronization primitive in
    /// [`Catalog::primitives`](super::Catalog::primitives).
    PrimitiveIndex;
    /// The index of a callsite in [`Catalog::callsites`](super::Catalog::callsites).
    CallsiteIndex;
    /// The index of a place in the source in [`Catalog::places`](super::Catalog::places).
    PlaceIndex;
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A channel.
    Channel(ChannelIndex),
    /// A synchronization primitive.
    Primitive(PrimitiveIndex),
    /// Another thread.
    Thread(ThreadIndex),
    /// A callsite of the crate `tracing`.
    Callsite(CallsiteIndex),
}

impl Target {
    /// The channel, if it is one.
    #[inline]
    pub fn channel(self) -> Option<ChannelIndex> {
        match self {
            Target::Channel(channel) => Some(channel),
            _ => None,
        }
    }

    /// The primitive, if it is one.
    #[inline]
    pub fn primitive(self) -> Option<PrimitiveIndex> {
        match self {
            Target::Primitive(primitive) => Some(primitive),
            _ => None,
        }
    }

    /// The thread, if it is one.
    #[inline]
    pub fn thread(self) -> Option<ThreadIndex> {
        match self {
            Target::Thread(thread) => Some(thread),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_survives_the_round_trip_and_an_optional_one_takes_no_more_room() {
        for index in [0, 1, u32::MAX as usize - 1] {
            assert_eq!(usize::from(ThreadIndex::from(index)), index);
        }
        assert_eq!(size_of::<Option<ThreadIndex>>(), 4);
        assert_eq!(size_of::<Option<Target>>(), 8);
    }
}
