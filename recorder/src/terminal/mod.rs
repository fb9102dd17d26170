//! The terminal: messages, progress, interruption and logs.

pub mod browser;
pub mod cancel;
pub mod console;
pub mod diagnostics;
pub mod signals;
pub(crate) mod width;
