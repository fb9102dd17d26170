//! The conformance suite against the crate in a process that is not recorded.

mod library {
    pub(crate) use instrumented::{sync, thread, time};

    pub(crate) fn setup() {}
}

mod conformance;
