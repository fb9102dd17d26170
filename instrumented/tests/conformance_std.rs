//! The suite against std itself: what it shows here is what the crate has to keep.

mod library {
    pub(crate) use std::{sync, thread};

    pub(crate) fn begin() {}
}

mod suite;
