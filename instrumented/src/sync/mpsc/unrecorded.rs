//! std's endpoints have no names.

use std::sync::mpsc::{Receiver, Sender, SyncSender};

use crate::Name;

macro_rules! nameless {
    ($($endpoint:ident)*) => { $(
        impl<T> Name for $endpoint<T> {
            #[inline]
            fn set_name(&self, _: &str) {}
        }
    )* };
}

nameless!(Sender SyncSender Receiver);
