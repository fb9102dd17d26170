//! Runs programs and collects what their processes record.

pub mod control;
pub mod hang;
pub mod run;
pub mod session;
