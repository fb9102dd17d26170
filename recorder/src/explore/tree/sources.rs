//! The program's own source, as the page shows it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::page::SourceReader;

/// Lines that are shown before the first and after the last one that a thread is at.
const LINES_AROUND: usize = 8;

/// Source files, by the names in their places.
#[derive(Debug)]
pub(super) struct Lines {
    reader: SourceReader,
    /// The first and the last line that a thread is at.
    used: BTreeMap<String, (usize, usize)>,
}

/// A part of a source file.
#[derive(Debug, Serialize)]
pub(super) struct FileDocument {
    /// Its name without the path.
    pub(super) file: String,
    /// The number of the first line.
    first: usize,
    lines: Vec<String>,
}

impl Lines {
    pub(super) fn new(reader: SourceReader) -> Self {
        Lines { reader, used: BTreeMap::new() }
    }

    /// Takes in that a thread is at this line.
    pub(super) fn add(&mut self, file: &str, line: usize) {
        let (first, last) = self.used.entry(file.to_owned()).or_insert((line, line));
        (*first, *last) = (line.min(*first), line.max(*last));
    }

    /// The files of which there is a source.
    pub(super) fn files(&mut self) -> Vec<FileDocument> {
        let reader = &mut self.reader;
        let files = self.used.iter().filter_map(|(file, (first, last))| {
            let all = reader.file(file)?;
            let first = first.saturating_sub(LINES_AROUND).max(1);
            let last = (last + LINES_AROUND).min(all.len());
            let lines = all.get(first - 1..last)?.to_vec();
            Some(FileDocument { file: name_of(file), first, lines })
        });
        files.collect()
    }

    /// The name of the variable, static or field that the line of a label such as
    /// `Mutex<i32> @ main.rs:3` makes.
    pub(super) fn variable_of(&mut self, label: &str) -> Option<String> {
        let (_, place) = label.rsplit_once(" @ ")?;
        let (name, line) = place.rsplit_once(':')?;
        let line: usize = line.parse().ok()?;
        let mut files = self.used.keys().filter(|file| name_of(file) == name);
        let (file, None) = (files.next()?, files.next()) else { return None };
        variable_in(self.reader.file(file)?.get(line.checked_sub(1)?)?)
    }
}

/// `main.rs` of `src/main.rs`.
pub(super) fn name_of(file: &str) -> String {
    Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name that a line gives to what it makes: of a pair, the first.
fn variable_in(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("pub ");
    let after = ["let ", "static ", "const "].into_iter().find_map(|it| line.strip_prefix(it));
    let text = match after {
        Some(text) => text.trim_start_matches('(').trim_start_matches("mut "),
        // A field.
        None => line.split_once(": ").filter(|(name, _)| is_name(name)).map(|_| line)?,
    };
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_')?;
    let name = &text[..end];
    (is_name(name) && !name.starts_with('_')).then(|| name.to_owned())
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_alphabetic() || it == '_')
        && text.chars().all(|it| it.is_alphanumeric() || it == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_what_a_line_makes_is_found() {
        for (line, name) in [
            ("    let fork = Arc::new(Mutex::new(()));", Some("fork")),
            ("let mut forks: Vec<_> = ", Some("forks")),
            ("let (results, received) = mpsc::channel();", Some("results")),
            ("static COUNT: Mutex<u32> = Mutex::new(0);", Some("COUNT")),
            ("        stock: Mutex::new(3),", Some("stock")),
            ("let _ = Mutex::new(3);", None),
            ("Mutex::new(3)", None),
        ] {
            assert_eq!(variable_in(line).as_deref(), name, "{line}");
        }
    }
}
