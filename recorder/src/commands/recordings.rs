//! Reads recordings and reports their damage.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::Result;
use super::error::FAILURE;
use crate::capture::session;
use crate::cli::PredictionOptions;
use crate::perfetto_ui;
use crate::reading::{Damage, Input, Recording};
use crate::report::Report;
use crate::terminal::cancel::Watch;
use crate::terminal::console::{self, Console};

/// Reads recordings: shows the progress, and stops at a terminating signal.
pub(super) struct Reader {
    pub(super) console: Console,
    pub(super) watch: Watch,
}

impl Reader {
    pub(super) fn new(console: Console) -> Result<Self> {
        let watch = Watch::default();
        watch.stop_at_signals().context("cannot handle signals")?;
        Ok(Reader { console, watch })
    }

    /// Runs `function`, which passes over a recording, while a bar shows its progress.
    pub(super) fn with_progress<T>(&self, function: impl FnOnce() -> T) -> T {
        self.console.with_progress(&self.watch, function)
    }

    /// Opens recordings, several as one.
    pub(super) fn open(&self, paths: &[PathBuf]) -> Result<Recording> {
        self.with_progress(|| {
            let inputs = paths.iter().map(|path| self.open_input(path)).collect::<Result<_>>()?;
            Ok(Recording::together(inputs, &self.watch)?)
        })
    }

    fn open_input(&self, path: &Path) -> Result<Input> {
        if path.is_dir() {
            return Ok(session::recover(path).with_context(|| path.display().to_string())?);
        }
        if !path.is_file() || !perfetto_ui::is_trace(path).is_ok_and(|is_trace| is_trace) {
            return Ok(Input::open(path)?);
        }
        let Some(recording) = recording_beside(path) else {
            let path = path.display();
            return Err(anyhow!(
                "{path}: not a recording but a trace, and its recording is not beside it; `recorder \
                 open {path}` shows it"
            )
            .into());
        };
        self.console.note(format_args!("reading {}", recording.display()));
        Ok(Input::open(&recording)?)
    }

    /// The report on a recording; with predictions, unless only what happened is wanted.
    pub(super) fn report<'a>(
        &self,
        recording: &'a Recording,
        predictions: &PredictionOptions,
    ) -> Result<Report<'a>> {
        Ok(self.with_progress(|| match predictions.no_predictions {
            true => Report::new(recording),
            false => Report::with_predictions(recording),
        })?)
    }
}

/// The recording beside a trace: `run.rec` of `run.pftrace` or `run.json.gz`.
pub(super) fn recording_beside(trace: &Path) -> Option<PathBuf> {
    let plain = match trace.extension()? == "gz" {
        true => trace.with_extension(""),
        false => trace.to_owned(),
    };
    let recording = plain.with_extension("rec");
    (recording != trace && recording.is_file()).then_some(recording)
}

/// Prints the damage of a recording and returns the exit status.
pub(super) fn print_damage(recording: &Recording) -> u8 {
    const MAX_LINES: usize = 10;
    for damage in recording.damage.iter().take(MAX_LINES) {
        console::error(format_args!("damaged: {damage}; the rest was read"));
    }
    if recording.damage.len() > MAX_LINES {
        let more = recording.damage.len() - MAX_LINES;
        console::error(format_args!("damaged in {more} more places"));
    }
    if recording.damage.iter().any(Damage::is_malformed) { FAILURE } else { 0 }
}
