//! The outputs of an export: files or stdout, compressed or not.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempPath;
use thiserror::Error;

use super::background_writer::BackgroundWriter;

/// An output. Its extension selects the format; `-` instead of a name is stdout.
///
/// ```
/// use recorder::export::{Kind, Output};
/// let output: Output = "traces/run.pftrace".parse().unwrap();
/// assert_eq!(output.kind(), Kind::Perfetto);
/// let output: Output = "-.json.gz".parse().unwrap();
/// assert!(output.is_stdout() && output.kind() == Kind::Chrome);
/// assert!("run.xml".parse::<Output>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    path: PathBuf,
    kind: Kind,
    compressed: bool,
}

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.json`: a Chrome trace.
    Chrome,
    /// `.pftrace`: a Perfetto trace.
    Perfetto,
    /// `.svg`: a message sequence chart.
    Svg,
    /// `.mmd`: the same as a Mermaid diagram.
    Mermaid,
    /// `.html`: our own page with the run in it.
    Page,
    /// `.rec`: a recording.
    Recording,
    /// `.txt`: a recording's text form.
    Text,
}

impl Kind {
    /// Whether a viewer opens it.
    pub fn is_trace(self) -> bool {
        matches!(self, Kind::Chrome | Kind::Perfetto)
    }

    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Kind::Chrome => "json",
            Kind::Perfetto => "pftrace",
            Kind::Svg => "svg",
            Kind::Mermaid => "mmd",
            Kind::Page => "html",
            Kind::Recording => "rec",
            Kind::Text => "txt",
        }
    }

    /// Whether it is a picture of the run, and not its events.
    pub fn is_picture(self) -> bool {
        !matches!(self, Kind::Recording | Kind::Text)
    }
}

impl Output {
    /// A file in this format.
    pub fn new(path: PathBuf, kind: Kind) -> Self {
        Output { path, kind, compressed: false }
    }

    /// Its format.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes to stdout. (A file with such a name is `./-.json`.)
    pub fn is_stdout(&self) -> bool {
        self.path.as_os_str().as_encoded_bytes().starts_with(b"-.")
    }

    pub(super) fn error(&self, source: io::Error) -> super::Error {
        super::Error::Output { output: self.clone(), source }
    }

    fn open_stdout(&self) -> io::Result<File> {
        let stdout = io::stdout();
        let is_binary = self.compressed || matches!(self.kind, Kind::Perfetto | Kind::Recording);
        if stdout.is_terminal() && is_binary {
            return Err(io::Error::other("it is a terminal, and this is not text; redirect it"));
        }
        Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
    }

    /// Creates a file under a temporary name in the directory of the output.
    fn create_file(&self) -> io::Result<(File, TempPath)> {
        let directory = match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        if self.path.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        if !directory.exists() {
            let directory = directory.display();
            return Err(io::Error::other(format!("there is no directory {directory}")));
        }
        let file = tempfile::Builder::new()
            .prefix(".recorder-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)?;
        Ok(file.into_parts())
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stdout() { f.write_str("stdout") } else { self.path.display().fmt(f) }
    }
}

/// The extension of an output selects no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the extension must be .json or .json.gz (Chrome trace), .pftrace or .pftrace.gz (Perfetto \
     trace), .html (page that shows the run), .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording) or .txt (event text)"
)]
pub struct UnknownExtension;

impl FromStr for Output {
    type Err = UnknownExtension;

    fn from_str(path: &str) -> Result<Self, UnknownExtension> {
        let plain = path.strip_suffix(".gz");
        let compressed = plain.is_some();
        let extension = Path::new(plain.unwrap_or(path)).extension();
        let kind = match extension.and_then(|extension| extension.to_str()) {
            Some("json") => Kind::Chrome,
            Some("pftrace") => Kind::Perfetto,
            Some("svg") if !compressed => Kind::Svg,
            Some("mmd") if !compressed => Kind::Mermaid,
            Some("html") if !compressed => Kind::Page,
            Some("rec") if !compressed => Kind::Recording,
            Some("txt") if !compressed => Kind::Text,
            _ => return Err(UnknownExtension),
        };
        Ok(Output { path: path.into(), kind, compressed })
    }
}

/// An output that has been started: a file under a temporary name, or stdout.
#[derive(Debug)]
pub struct Prepared {
    /// The output.
    pub output: Output,
    /// A file that would be larger is not written.
    pub max_bytes: Option<u64>,
    file: File,
    /// The name of the file until it is complete; `None` for stdout.
    temporary: Option<TempPath>,
}

/// Starts outputs, so that one that cannot be written is known before the program runs.
///
/// # Errors
/// A file cannot be created in the directory of an output, or a binary format would go to a terminal.
pub fn prepare(outputs: &[Output]) -> Result<Vec<Prepared>, super::Error> {
    outputs.iter().map(Prepared::new).collect()
}

impl Prepared {
    fn new(output: &Output) -> Result<Self, super::Error> {
        let opened = match output.is_stdout() {
            true => output.open_stdout().map(|file| (file, None)),
            false => output.create_file().map(|(file, path)| (file, Some(path))),
        };
        let (file, temporary) = opened.map_err(|error| output.error(error))?;
        Ok(Prepared { output: output.clone(), max_bytes: None, file, temporary })
    }

    /// The writer of its bytes. `is_only` says that no other output is written.
    pub(super) fn writer(&self, is_only: bool) -> Result<BackgroundWriter, super::Error> {
        let ignore_closed = self.temporary.is_none() && !is_only;
        let room = self.max_bytes.unwrap_or(u64::MAX);
        let target = self.file.try_clone().map(|file| Target { file, ignore_closed, room });
        let writer = target.and_then(|target| match self.output.compressed {
            false => BackgroundWriter::new(target, |_| Ok(())),
            // The same bytes are compressed to the same bytes: there is no name and no time. Level 2
            // makes traces 17% smaller than level 1, for 25% more time; level 6 makes them 6% smaller
            // than level 2, in twice the time.
            true => BackgroundWriter::new(GzEncoder::new(target, Compression::new(2)), |encoder| {
                encoder.finish().map(drop)
            }),
        });
        writer.map_err(|error| self.output.error(error))
    }

    /// Gives a file its name, unless it is too large. If it is a trace, it has this number of events.
    pub(super) fn persist(self, events: u64) -> Result<Persisted, super::Error> {
        let Prepared { output, temporary, max_bytes, .. } = self;
        let Some(temporary) = temporary else { return Ok(Persisted::Stdout) };
        let bytes = fs::metadata(&temporary).map_err(|error| output.error(error))?.len();
        if let Some(max_bytes) = max_bytes
            && bytes == 0
        {
            // A file of an earlier run must not stand beside the others of this one.
            fs::remove_file(&output.path)
                .or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                })
                .map_err(|error| output.error(error))?;
            return Ok(Persisted::Omitted(Omitted { path: output.path, max_bytes }));
        }
        temporary.persist(&output.path).map_err(|error| output.error(error.error))?;
        let is_too_large = is_too_large(output.kind, bytes, events);
        let kind = output.kind;
        Ok(Persisted::Written(Written { path: output.path, kind, bytes, is_too_large }))
    }
}

/// What became of an output.
pub(super) enum Persisted {
    Written(Written),
    Omitted(Omitted),
    Stdout,
}

/// A file that is not written because it would be too large.
#[derive(Clone, Debug)]
pub struct Omitted {
    /// Its path.
    pub path: PathBuf,
    /// The size that it would exceed.
    pub max_bytes: u64,
}

/// A file that has been written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its path.
    pub path: PathBuf,
    /// Its format.
    pub kind: Kind,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it is a trace that is larger than a viewer opens well.
    pub is_too_large: bool,
}

/// Whether a trace is larger than the Perfetto UI opens well: 550 MB of protobuf, 1 GB of JSON or
/// 10 million slices take it a minute and 2.5 GB of memory.
fn is_too_large(kind: Kind, bytes: u64, events: u64) -> bool {
    const MAX_EVENTS: u64 = 10_000_000;
    let max_bytes = match kind {
        Kind::Perfetto => 300_000_000,
        Kind::Chrome => 600_000_000,
        _ => return false,
    };
    bytes > max_bytes || events > MAX_EVENTS
}

/// A file or stdout.
struct Target {
    file: File,
    /// Whether writing continues without an error if the reader has closed it.
    ignore_closed: bool,
    /// How many bytes may still be written. If there are more, the file is emptied.
    room: u64,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.room.checked_sub(bytes.len() as u64) {
            Some(room) => self.room = room,
            None => {
                self.room = 0;
                self.file.set_len(0)?;
                return Ok(bytes.len());
            }
        }
        match self.file.write(bytes) {
            Err(error) if self.ignore_closed && error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(bytes.len())
            }
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_select_formats() {
        for (path, kind, compressed) in [
            ("x.json", Kind::Chrome, false),
            ("a.b/x.y.json.gz", Kind::Chrome, true),
            ("x.pftrace", Kind::Perfetto, false),
            ("-.pftrace.gz", Kind::Perfetto, true),
            ("x.rec", Kind::Recording, false),
            ("-.txt", Kind::Text, false),
        ] {
            let output: Output = path.parse().unwrap();
            assert_eq!((output.kind, output.compressed), (kind, compressed), "{path}");
        }
        for path in ["", "-", "x", ".json", ".json.gz", "x.gz", "x.rec.gz", "x.txt.gz"] {
            assert_eq!(path.parse::<Output>(), Err(UnknownExtension), "{path}");
        }
    }

    #[test]
    fn large_traces_are_too_large_for_a_viewer() {
        for (kind, bytes, events, expected) in [
            (Kind::Perfetto, 300_000_000, 10_000_000, false),
            (Kind::Perfetto, 300_000_001, 0, true),
            (Kind::Chrome, 600_000_000, 0, false),
            (Kind::Chrome, 600_000_001, 0, true),
            // A compressed trace is larger than its file.
            (Kind::Chrome, 50_000_000, 10_000_001, true),
            (Kind::Recording, 1 << 40, 1 << 40, false),
        ] {
            assert_eq!(is_too_large(kind, bytes, events), expected, "{kind:?} {bytes} {events}");
        }
    }

    #[test]
    fn stdout_is_a_dash_instead_of_a_name() {
        for (path, stdout) in [("-.json", true), ("./-.json", false), ("-x.json", false)] {
            assert_eq!(path.parse::<Output>().unwrap().is_stdout(), stdout, "{path}");
        }
    }
}
