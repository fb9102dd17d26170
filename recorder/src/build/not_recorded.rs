//! Notes on crates that do not compile if they are recorded.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
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
    /// The compiled file, without `lib` before its name and without its extension.
    pub(super) file: PathBuf,
}

impl NotRecorded {
    /// Whether this is the crate in a file that Cargo has built.
    fn is_in(&self, file: &Path) -> bool {
        let stem = |path: &Path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            name.strip_prefix("lib").map_or(name.clone(), str::to_owned)
        };
        // Cargo gives an executable a second name, without the hash.
        let identity = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
        file.parent() == self.file.parent() && stem(file) == stem(&self.file)
            || identity(&self.file).is_some_and(|own| identity(file) == Some(own))
    }
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

/// The notes on crates in these files, or all notes; each once, sorted.
pub(super) fn read(notes: &Path, built: Option<&[PathBuf]>) -> Vec<NotRecorded> {
    let files = fs::read_dir(notes).into_iter().flatten().flatten();
    let mut found: Vec<NotRecorded> = files
        .filter_map(|file| serde_json::from_slice(&fs::read(file.path()).ok()?).ok())
        .filter(|note: &NotRecorded| {
            built.is_none_or(|built| built.iter().any(|file| note.is_in(file)))
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| (&a.package, &a.name, &a.reason) == (&b.package, &b.name, &b.reason));
    found
}
