//! The conformance suite against std itself: it documents the behaviour that the crate must keep.

mod library {
    pub(crate) use std::{sync, thread, time};

    pub(crate) fn setup() {}
}

mod conformance;
