//! Fits text into the width of a terminal. All widths are in characters.

mod shorten;
mod wrap;

pub(crate) use shorten::shorten_all;
pub(crate) use wrap::{wrap, wrap_lines, wrap_with_chain};

/// The width of a report that does not go to a terminal.
pub const DEFAULT_WIDTH: usize = 100;
