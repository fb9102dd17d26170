//! Messages on stderr. A closed stderr is not an error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::cancel::Watch;
use super::width;
use crate::cli::Verbosity;
use crate::layout::wrap_lines;

/// Prints messages and progress, as far as the command line allows.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    shows_progress: bool,
}

impl Console {
    /// A console as configured by the command line.
    pub fn new(verbosity: &Verbosity) -> Self {
        let Verbosity { quiet, verbose, .. } = *verbosity;
        // A progress bar would break the lines of the log.
        let shows_progress = io::stderr().is_terminal() && !quiet && verbose == 0;
        Console { quiet, shows_progress }
    }

    /// Whether only errors are printed.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Whether progress is shown.
    pub fn shows_progress(self) -> bool {
        self.shows_progress
    }

    /// Prints a line, unless quiet.
    pub fn print(self, line: impl Display) {
        if !self.quiet {
            print(line);
        }
    }

    /// Prints a message of the recorder, unless quiet.
    pub fn note(self, message: impl Display) {
        if !self.quiet {
            error(message);
        }
    }

    /// Runs `function` while a bar shows the progress of `watch`.
    pub fn with_progress<T>(self, watch: &Watch, function: impl FnOnce() -> T) -> T {
        if self.shows_progress { watch.show_progress(function) } else { function() }
    }
}

/// Prints a line, or several.
pub fn print(line: impl Display) {
    let mut text = line.to_string();
    if let Some(width) = width::for_messages() {
        text = wrap_lines(&text, width);
    }
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error, or another message that even a quiet recorder prints.
pub fn error(message: impl Display) {
    print(format_args!("recorder: {message}"));
}
