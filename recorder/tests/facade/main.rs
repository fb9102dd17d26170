//! The facade against std: it has the same items, signatures and traits, and the compiler says the
//! same about programs that use it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

mod compiled;
mod documented;
mod pages;
mod verdicts;
