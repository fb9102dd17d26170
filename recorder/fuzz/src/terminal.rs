//! Of the recorder's module, the part that stops a pass over a recording.

#[path = "../../src/terminal/cancel.rs"]
pub mod cancel;
#[path = "../../src/terminal/signals.rs"]
mod signals;
