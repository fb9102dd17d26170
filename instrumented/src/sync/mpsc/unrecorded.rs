//! `Name` for std's endpoints, which have no names.

use std::sync::mpsc::{Receiver, Sender, SyncSender};

use crate::Name;

macro_rules! ignore_names {
    ($($endpoint:ident)*) => { $(
        impl<T> Name for $endpoint<T> {
            #[inline]
            fn set_name(&self, _: &str) {}
        }
    )* };
}

ignore_names!(Sender SyncSender Receiver);
