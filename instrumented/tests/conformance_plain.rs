//! The suite against the crate in a program that nobody records.

mod library {
    pub(crate) use instrumented::{sync, thread};

    pub(crate) fn begin() {}
}

mod suite;
