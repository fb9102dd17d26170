//! Opens recordings, and prints what could not be read of them.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::exit_status::FAILURE;
use crate::capture::session;
use crate::reading::{Damage, Input, Recording};
use crate::terminal::cancel::Watch;
use crate::terminal::console::print as print_line;
use crate::viewer;

/// A watch that stops reading when a signal asks the recorder to end.
pub(super) fn watched() -> Result<Watch> {
    let watch = Watch::default();
    watch.stop_at_signals()?;
    Ok(watch)
}

/// Opens recordings, several as one.
pub(super) fn open_recordings(paths: &[impl AsRef<Path>], watch: &Watch) -> Result<Recording> {
    let paths = || paths.iter().map(AsRef::as_ref);
    let inputs = paths().map(|path: &Path| match path.is_dir() {
        true => session::recover(path).with_context(|| path.display().to_string()),
        false => Input::open(path),
    });
    Recording::together(inputs.collect::<Result<_>>()?, watch).map_err(|error| {
        let is_trace = |path: &&Path| viewer::is_trace(path).is_ok_and(|is_trace| is_trace);
        match paths().find(is_trace) {
            Some(path) if error.downcast_ref() == Some(&format::Error::NotARecording) => {
                let path = path.display();
                anyhow!(
                    "{path}: not a recording but a trace, which `recorder open {path}` shows (-o \
                     NAME.rec writes a recording)"
                )
            }
            _ => error,
        }
    })
}

/// Prints what could not be read; returns the exit status.
pub(super) fn print_damage(recording: &Recording) -> u8 {
    const SHOWN: usize = 10;
    for damage in recording.damage.iter().take(SHOWN) {
        print_line(format_args!("recorder: damaged: {damage}; the rest is there"));
    }
    if recording.damage.len() > SHOWN {
        let more = recording.damage.len() - SHOWN;
        print_line(format_args!("recorder: damaged in {more} more places"));
    }
    if recording.damage.iter().any(Damage::is_malformed) { FAILURE } else { 0 }
}
