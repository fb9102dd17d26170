//! Runs that are kept, with everything that a replay needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::launch::Launch;
use super::outcome::Kind;
use crate::export::{self, Kind as OutputKind, Options, Output};
use crate::reading::Recording;
use crate::report::Report;
use crate::workspace::runs::Runs;

/// The extension of the file beside a recording that holds a [`Kept`].
const EXTENSION: &str = "schedule";

/// The facts about a kept run that are not in its recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The program.
    pub(crate) launch: Launch,
    /// The name of the [`Kind`] of its outcome.
    pub(crate) kind: String,
    /// The title of its outcome.
    pub(crate) title: String,
    /// Maximum number of choices.
    pub(crate) max_steps: u64,
    /// Timeouts up to this number of nanoseconds may expire although other threads can go on.
    pub(crate) early_ns: u64,
}

impl Kept {
    /// Keeps a run under this name.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write(&self, runs: &Runs, name: &str, recording: &Recording) -> Result<PathBuf> {
        let path = runs.file(name, OutputKind::Recording.extension());
        let outputs = export::prepare(&[Output::new(path.clone(), OutputKind::Recording)])?;
        export::export(&Report::new(recording)?, outputs, Options::default())?;
        let file = runs.file(name, EXTENSION);
        let text = serde_json::to_vec_pretty(self).context("cannot encode the schedule")?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(path)
    }

    /// The facts about the run in this recording; `None` if its schedule was not controlled.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn read(recording: &Path) -> Result<Option<Self>> {
        let file = recording.with_extension(EXTENSION);
        let context = || file.display().to_string();
        match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).with_context(context).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(context),
        }
    }
}

/// The name under which a run is kept that happened again as an ordinary recording determines.
pub(crate) fn replayed(name: &str) -> String {
    format!("{name}-replayed")
}

/// The name under which the shortest form of a run is kept.
pub(crate) fn shrunk(name: &str) -> String {
    format!("{name}-shrunk")
}

/// Removes the runs with these outcomes that earlier explorations of a program have kept.
///
/// # Errors
/// A file cannot be removed.
pub(crate) fn remove(runs: &Runs, program: &str, kinds: &[Kind]) -> Result<()> {
    for kind in kinds {
        for number in 1.. {
            let name = format!("{program}-{kind}-{number}");
            let file = runs.file(&name, EXTENSION);
            if !file.exists() {
                break;
            }
            for name in [shrunk(&name), name] {
                for extension in [EXTENSION, OutputKind::Recording.extension()] {
                    let path = runs.file(&name, extension);
                    if path.exists() {
                        fs::remove_file(&path)
                            .with_context(|| format!("cannot remove {}", path.display()))?;
                    }
                }
            }
        }
    }
    Ok(())
}
