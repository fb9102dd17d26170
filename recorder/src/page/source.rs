//! Lines of source around the places of a run, where the files are there.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::reading::Recording;
use crate::reading::catalog::Place;

/// How many lines are shown on each side of a place.
const LINES_AROUND: usize = 12;

/// Longer files are not source that somebody reads.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Longer lines are cut.
const MAX_LINE_CHARACTERS: usize = 400;

/// Lines of source by the number of their place.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Sources(BTreeMap<usize, Source>);

/// Some lines of source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The number of the first line, from 1.
    first: usize,
    lines: Vec<String>,
}

impl Sources {
    /// The lines around all places in the program itself, as far as its files are there.
    pub(super) fn of(recording: &Recording) -> Self {
        let mut reader = SourceReader::new(recording.path());
        let places = recording.catalog.places.iter_enumerated();
        let sources = places.filter_map(|(index, place)| {
            Some((index.into(), reader.around(&SourceLine::of(place)?)?))
        });
        Sources(sources.collect())
    }
}

/// A line of the program's own source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    file: String,
    line: u32,
}

impl SourceLine {
    /// The line of a place: in a dependency, that of the program's own call that led there, if that is
    /// known.
    pub fn of(place: &Place) -> Option<Self> {
        match &place.called {
            Some(call) => Some(SourceLine { file: call.file.clone(), line: call.line }),
            None if place.is_own() => {
                Some(SourceLine { file: place.file.clone(), line: place.line })
            }
            None => None,
        }
    }

    /// The name of the file and the number of the line: `main.rs:29`.
    pub fn short(&self) -> String {
        let name = Path::new(&self.file).file_name().unwrap_or_default();
        format!("{}:{}", name.to_string_lossy(), self.line)
    }
}

/// Finds source files, and reads each once.
#[derive(Debug)]
pub struct SourceReader {
    /// Where relative paths may begin: the first that has the file.
    directories: Vec<PathBuf>,
    files: BTreeMap<String, Option<Vec<String>>>,
}

impl SourceReader {
    /// Paths of places are relative to the workspace in which the compiler ran: the present directory,
    /// that of the recording, or one around them.
    pub fn new(recording: &Path) -> Self {
        let present = env::current_dir().ok();
        let beside = recording.canonicalize().ok();
        let starts = present.iter().chain(&beside);
        let directories = starts.flat_map(|path| path.ancestors().map(Path::to_owned));
        SourceReader { directories: directories.collect(), files: BTreeMap::new() }
    }

    /// A line, if the file is there.
    pub fn line(&mut self, line: &SourceLine) -> Option<&str> {
        let (lines, index) = self.find(line)?;
        Some(&lines[index])
    }

    /// The lines around one, if the file is there.
    pub fn around(&mut self, line: &SourceLine) -> Option<Source> {
        let (lines, index) = self.find(line)?;
        let from = index.saturating_sub(LINES_AROUND);
        let to = (index + LINES_AROUND + 1).min(lines.len());
        Some(Source { first: from + 1, lines: lines[from..to].to_vec() })
    }

    /// All lines of a file, if it is there.
    pub fn file(&mut self, file: &str) -> Option<&[String]> {
        if !self.files.contains_key(file) {
            let lines = self.read(file);
            self.files.insert(file.to_owned(), lines);
        }
        self.files.get(file)?.as_deref()
    }

    /// The lines of a file, and the index of one.
    fn find(&mut self, SourceLine { file, line }: &SourceLine) -> Option<(&[String], usize)> {
        let lines = self.file(file)?;
        let index = (*line as usize).checked_sub(1).filter(|index| *index < lines.len())?;
        Some((lines, index))
    }

    fn read(&self, file: &str) -> Option<Vec<String>> {
        // A recording may come from somebody else, and name any file of this machine.
        let path = Path::new(file);
        let is_inside = path.components().all(|it| !matches!(it, Component::ParentDir));
        if !is_inside || path.extension().is_none_or(|extension| extension != "rs") {
            return None;
        }
        let mut paths = self.directories.iter().map(|directory| directory.join(file));
        let is_readable = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= MAX_FILE_BYTES)
        };
        let text = fs::read(paths.find(is_readable)?).ok()?;
        let text = String::from_utf8_lossy(&text);
        Some(text.lines().map(|line| line.chars().take(MAX_LINE_CHARACTERS).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_source_is_read() {
        let mut reader = SourceReader::new(Path::new("Cargo.toml"));
        let mut lines = |file: &str| {
            reader.around(&SourceLine { file: file.to_owned(), line: 1 }).map(|it| it.lines.len())
        };
        assert_eq!(lines("src/page/source.rs"), Some(LINES_AROUND + 1));
        for file in ["Cargo.toml", "/etc/passwd", "src/../src/page/source.rs", "src/page", "no.rs"]
        {
            assert_eq!(lines(file), None, "{file}");
        }
    }
}
