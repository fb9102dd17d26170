//! The crate that a recorded program gets under the name `std`: everything of std's, with its
//! locks, channels and threads replaced by recorded ones.
//!
//! A module that is defined here hides the one of std that the glob import would bring in.

pub use ::std::*;

pub mod sync {
    //! `std::sync`, recorded.

    pub use instrumented::sync::*;

    pub mod mpsc {
        //! `std::sync::mpsc`, recorded, without what `instrumented` adds to it.

        pub use ::std::sync::mpsc::*;
        pub use instrumented::sync::mpsc::{
            IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel,
        };
    }
}

pub mod thread {
    //! `std::thread`, recorded.

    pub use instrumented::thread::*;
}

/// Only in builds whose schedule will be controlled: at all other times `Instant` is std's.
#[cfg(scheduled)]
pub mod time {
    //! `std::time`, on the clock of the schedule.

    pub use instrumented::time::*;
}
