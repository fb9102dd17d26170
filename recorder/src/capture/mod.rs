//! Runs programs and collects what their processes record.

pub mod control;
pub mod controlled;
mod error;
pub mod hang;
pub mod plan;
pub mod remaining;
pub mod run;
pub mod session;
mod threads;

pub use error::{Error, Result};
