//! Messages on stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::cancel::Watch;
use super::progress::Bar;
use crate::cli::Verbosity;

/// Decides which messages go to stderr, beside errors.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    /// Whether a bar shows the progress of reading.
    bar: bool,
}

impl Console {
    /// A console that prints as much as the command line asks for.
    pub fn new(verbosity: &Verbosity) -> Self {
        let Verbosity { quiet, verbose, .. } = *verbosity;
        // A bar would stand between the lines of the log.
        Console { quiet, bar: io::stderr().is_terminal() && !quiet && verbose == 0 }
    }

    /// Whether only errors are printed.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Prints a line, unless only errors are printed.
    pub fn say(self, line: impl Display) {
        if !self.quiet {
            say(line);
        }
    }

    /// Runs `act` while a bar shows the progress that `watch` sees.
    pub fn with_bar<T>(self, watch: &Watch, act: impl FnOnce() -> T) -> T {
        let _bar = self.bar.then(|| Bar::start(watch));
        act()
    }
}

/// Prints a line on stderr. A closed stderr is no failure.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
