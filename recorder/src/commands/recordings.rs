//! Opens recordings and reports their damage.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::Result;
use super::error::FAILURE;
use crate::capture::session;
use crate::reading::{Damage, Input, Recording};
use crate::terminal::cancel::Watch;
use crate::terminal::console;
use crate::viewer;

/// A watch that terminating signals stop.
pub(super) fn watch_signals() -> Result<Watch> {
    let watch = Watch::default();
    watch.stop_at_signals().context("cannot handle signals")?;
    Ok(watch)
}

/// Opens recordings, several as one.
pub(super) fn open_recordings(paths: &[PathBuf], watch: &Watch) -> Result<Recording> {
    let inputs = paths.iter().map(|path| open_input(path)).collect::<Result<_>>()?;
    Ok(Recording::together(inputs, watch)?)
}

fn open_input(path: &Path) -> Result<Input> {
    if path.is_dir() {
        return Ok(session::recover(path).with_context(|| path.display().to_string())?);
    }
    if path.is_file() && viewer::is_trace(path).is_ok_and(|is_trace| is_trace) {
        let path = path.display();
        return Err(anyhow!(
            "{path}: not a recording but a trace; `recorder open {path}` shows it, and -o NAME.rec \
             writes a recording"
        )
        .into());
    }
    Ok(Input::open(path)?)
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
