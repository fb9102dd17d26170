//! Length and hash of the executables of recorded processes.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use format::checksum::Xxh64;
use format::{Event, MAX_TEXT};

use crate::reading::read_at;

/// The executables read so far, by path; `None` for a file that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Executables(HashMap<String, Option<Content>>);

/// The content of a file.
#[derive(Clone, Copy, Debug)]
struct Content {
    hash: u64,
    bytes: u64,
    modified: SystemTime,
}

impl Executables {
    /// Describes the executable at `path` of a process that started at `wall_ns` by the wall
    /// clock, or 0 if that is not known.
    ///
    /// Returns `None` for a file that cannot be read, or that was modified after the process had
    /// started: the process did not run it.
    pub(super) fn describe<'a>(&mut self, path: &'a str, wall_ns: u64) -> Option<Event<'a>> {
        let content = self.0.entry(path.to_owned()).or_insert_with(|| read(path));
        let Content { hash, bytes, modified } = (*content)?;
        let started = UNIX_EPOCH + Duration::from_nanos(wall_ns);
        let is_newer = wall_ns > 0 && modified > started;
        (!is_newer).then_some(Event::Executable { hash, bytes, path })
    }
}

fn read(path: &str) -> Option<Content> {
    // A path of the maximum length was probably truncated, and is that of another file.
    let may_be_truncated = path.len() + char::MAX_LEN_UTF8 > MAX_TEXT;
    let path = Path::new(path);
    // Opening anything but a file could wait for ever.
    if may_be_truncated || !path.is_absolute() || !path.metadata().ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let (bytes, modified) = (metadata.len(), metadata.modified().ok()?);
    let mut hash = Xxh64::new(0);
    let mut buffer = vec![0; 1 << 16];
    let mut at = 0;
    while at < bytes {
        let count = read_at(&file, &mut buffer, at).ok()? as u64;
        if count == 0 {
            return None;
        }
        let count = count.min(bytes - at);
        hash.update(&buffer[..count as usize]);
        at += count;
    }
    Some(Content { hash: hash.finish(), bytes, modified })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use format::checksum::xxh64;

    use super::*;

    #[test]
    fn a_file_is_described_by_length_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        let path = path.to_str().unwrap();
        let mut executables = Executables::default();
        for content in [&[7; 200_000][..], &[]] {
            fs::write(path, content).unwrap();
            let (hash, bytes) = (xxh64(content, 0), content.len() as u64);
            let described = Executables::default().describe(path, 0);
            assert_eq!(described, Some(Event::Executable { hash, bytes, path }));
            executables.describe(path, 0);
        }
        // Read once.
        let described = executables.describe(path, 0);
        assert!(matches!(described, Some(Event::Executable { bytes: 200_000, .. })));
    }

    #[test]
    fn a_file_that_is_newer_than_its_process_is_not_described() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let modified = modified.duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let mut executables = Executables::default();
        assert!(executables.describe(path, modified).is_some());
        assert!(executables.describe(path, modified - 1).is_none());
    }

    #[test]
    fn other_paths_are_not_described() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let long = format!("/{}", "x/".repeat(MAX_TEXT / 2));
        let paths = [folder.path().to_str(), pipe.to_str(), Some(&long), Some("Cargo.toml")];
        for path in paths.into_iter().flatten().chain(["", "/none", "/bin/sh (deleted)"]) {
            assert_eq!(Executables::default().describe(path, 0), None, "{path}");
        }
    }
}
