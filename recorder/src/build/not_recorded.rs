//! Notes on crates that do not compile if they are recorded.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write_whole;

/// A crate that could not be recorded.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotRecorded {
    /// Name and version of the package.
    pub package: String,
    /// The crate's name.
    pub name: String,
    /// The compiler's first error.
    pub reason: String,
}

/// The file of the note on one compilation.
pub(super) fn path(notes: &Path, metadata: &str) -> PathBuf {
    notes.join(metadata).with_extension("json")
}

/// Writes a note.
pub(super) fn write(notes: &Path, metadata: &str, note: &NotRecorded) -> io::Result<()> {
    fs::create_dir_all(notes)?;
    write_whole(&path(notes, metadata), &serde_json::to_vec(note)?)
}

/// All notes, each once, sorted.
pub(super) fn read(notes: &Path) -> Vec<NotRecorded> {
    let files = fs::read_dir(notes).into_iter().flatten().flatten();
    let mut found: Vec<NotRecorded> = files
        .filter_map(|file| serde_json::from_slice(&fs::read(file.path()).ok()?).ok())
        .collect();
    found.sort();
    found.dedup();
    found
}
