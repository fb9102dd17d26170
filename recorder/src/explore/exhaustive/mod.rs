//! Tries all orders of a small program.
//!
//! A [`trace`] has the steps of a run, and what each of them [accesses](access). From these, the
//! [`search`] determines which schedules have to be tried so that all orders have been.

pub mod access;
mod meetings;
pub mod search;
pub mod trace;
