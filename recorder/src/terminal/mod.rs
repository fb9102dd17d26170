//! The terminal: messages, progress, interruption and logs.

pub mod cancel;
pub mod console;
pub mod diagnostics;
mod progress;
pub mod signals;
