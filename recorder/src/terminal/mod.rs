//! The terminal: progress, interruption and logs.

pub mod cancel;
pub mod console;
pub mod diagnostics;
pub mod progress;
pub mod signals;
