//! The width of the terminal.

use std::env;
use std::io;
use std::os::fd::AsFd;

use terminal_size::{Width, terminal_size_of};

use crate::layout::DEFAULT_WIDTH;

/// Narrower tables would lack columns, and longer lines are hard to read.
const READABLE: std::ops::RangeInclusive<usize> = 80..=120;

/// The width for text on stdout, in characters.
pub(crate) fn for_stdout() -> usize {
    readable(of(io::stdout()))
}

/// The width for text on stderr, in characters.
pub(crate) fn for_stderr() -> usize {
    readable(of(io::stderr()))
}

/// The width for messages on stderr, in characters. `None` if stderr is not a terminal: programs
/// that read messages find them in one line.
pub(crate) fn for_messages() -> Option<usize> {
    of(io::stderr()).map(|width| readable(Some(width)))
}

/// The width of the terminal on stdout, in characters: `COLUMNS`, where that is set. `None` if
/// stdout is not a terminal.
pub(crate) fn of_stdout() -> Option<usize> {
    of(io::stdout())
}

fn readable(width: Option<usize>) -> usize {
    width.map_or(DEFAULT_WIDTH, |width| width.clamp(*READABLE.start(), *READABLE.end()))
}

fn of(stream: impl AsFd) -> Option<usize> {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns = columns.filter(|&columns: &usize| columns > 0);
    columns.or_else(|| terminal_size_of(stream).map(|(Width(width), _)| width.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_neither_too_short_nor_too_long_to_read() {
        let widths = [None, Some(20), Some(90), Some(300)].map(readable);
        assert_eq!(widths, [100, 80, 90, 120]);
    }
}
