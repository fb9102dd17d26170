//! Where an export goes: to a file or to stdout, compressed or not.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use super::background_writer::Behind;

/// Something to write. Its ending says what it is; `-` in place of a name is stdout.
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

/// What an output is.
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
    /// `.rec`: a recording.
    Recording,
    /// `.txt`: a recording's text form.
    Text,
}

impl Kind {
    /// Whether it is a picture that a viewer opens.
    pub fn is_trace(self) -> bool {
        matches!(self, Kind::Chrome | Kind::Perfetto)
    }

    /// Whether it shows what there is to see, and not each event.
    pub fn is_picture(self) -> bool {
        !matches!(self, Kind::Recording | Kind::Text)
    }

    fn is_text(self) -> bool {
        matches!(self, Kind::Chrome | Kind::Svg | Kind::Mermaid | Kind::Text)
    }
}

impl Output {
    /// What it is to be.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it is to be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes to stdout. (A file whose name begins so is `./-.json`.)
    pub fn is_stdout(&self) -> bool {
        self.path.as_os_str().as_encoded_bytes().starts_with(b"-.")
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stdout() { f.write_str("stdout") } else { self.path.display().fmt(f) }
    }
}

/// An output's ending says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEnding;

impl fmt::Display for UnknownEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the ending must be .json or .json.gz (Chrome trace), .pftrace or .pftrace.gz \
             (Perfetto trace), .svg (sequence chart), .mmd (Mermaid diagram), .rec (recording) \
             or .txt (event text)",
        )
    }
}

impl std::error::Error for UnknownEnding {}

impl FromStr for Output {
    type Err = UnknownEnding;

    fn from_str(path: &str) -> Result<Self, UnknownEnding> {
        let plain = path.strip_suffix(".gz");
        let compressed = plain.is_some();
        let ending = Path::new(plain.unwrap_or(path)).extension();
        let kind = match ending.and_then(|ending| ending.to_str()) {
            Some("json") => Kind::Chrome,
            Some("pftrace") => Kind::Perfetto,
            Some("svg") if !compressed => Kind::Svg,
            Some("mmd") if !compressed => Kind::Mermaid,
            Some("rec") if !compressed => Kind::Recording,
            Some("txt") if !compressed => Kind::Text,
            _ => return Err(UnknownEnding),
        };
        Ok(Output { path: path.into(), kind, compressed })
    }
}

/// An output that has been begun: a file under another name, or stdout.
#[derive(Debug)]
pub struct Prepared {
    pub(super) output: Output,
    begun: Begun,
}

#[derive(Debug)]
enum Begun {
    File(NamedTempFile),
    Stdout(File),
}

impl Prepared {
    /// What it is to be.
    pub fn kind(&self) -> Kind {
        self.output.kind
    }

    /// Where it is to be.
    pub fn path(&self) -> &Path {
        &self.output.path
    }

    pub(super) fn begin(output: &Output) -> Result<Self> {
        let cannot = || format!("cannot write {output}");
        if output.is_stdout() {
            let stdout = io::stdout();
            if stdout.is_terminal() && (output.compressed || !output.kind.is_text()) {
                bail!("{}: it is a terminal, and this is not text; redirect it", cannot());
            }
            let stdout = File::from(stdout.as_fd().try_clone_to_owned().with_context(cannot)?);
            return Ok(Prepared { output: output.clone(), begun: Begun::Stdout(stdout) });
        }
        let directory = match output.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        if output.path.is_dir() {
            bail!("{}: it is a directory", cannot());
        }
        if !directory.exists() {
            bail!("{}: there is no directory {}", cannot(), directory.display());
        }
        let file = tempfile::Builder::new()
            .prefix(".recorder-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .with_context(cannot)?;
        Ok(Prepared { output: output.clone(), begun: Begun::File(file) })
    }

    /// What writes to it; `only` if that is all there is to write.
    pub(super) fn writer(&self, only: bool) -> io::Result<Behind> {
        let target = match &self.begun {
            Begun::File(file) => Target { file: file.as_file().try_clone()?, may_break: false },
            Begun::Stdout(file) => Target { file: file.try_clone()?, may_break: !only },
        };
        if !self.output.compressed {
            return Behind::new(target, |_| Ok(()));
        }
        // It is the same for the same bytes: no name and no time is in it. The second level makes
        // traces a sixth smaller than the first, for a quarter more of all time; the sixth makes
        // them 6 % smaller than that, in twice the time.
        Behind::new(GzEncoder::new(target, Compression::new(2)), |encoder| {
            encoder.finish().map(drop)
        })
    }

    /// Gives a file its name.
    /// Of a trace: `events` are in it.
    pub(super) fn persist(self, events: u64) -> Result<Option<Written>> {
        let Prepared { output, begun } = self;
        let Begun::File(file) = begun else { return Ok(None) };
        let cannot = || format!("cannot write {output}");
        let bytes = fs::metadata(file.path()).with_context(cannot)?.len();
        file.persist(&output.path).with_context(cannot)?;
        let too_large = is_too_large(output.kind, bytes, events);
        Ok(Some(Written { path: output.path, kind: output.kind, bytes, too_large }))
    }
}

/// A file that has been written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Whether it is a trace that has more in it than a viewer opens well.
    pub too_large: bool,
}

/// Whether a trace of so many bytes and events is more than the Perfetto UI opens well: 550 MB of
/// protobuf, 1 GB of JSON or 10 million slices take it a minute and 2.5 GB of memory.
pub(super) fn is_too_large(kind: Kind, bytes: u64, events: u64) -> bool {
    const EVENTS: u64 = 10_000_000;
    let most = match kind {
        Kind::Perfetto => 300_000_000,
        Kind::Chrome => 600_000_000,
        _ => return false,
    };
    bytes > most || events > EVENTS
}

/// A file or stdout.
struct Target {
    file: File,
    /// Whether it does not matter if nobody reads what is written.
    may_break: bool,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            Err(error) if self.may_break && error.kind() == io::ErrorKind::BrokenPipe => {
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
    fn endings() {
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
            assert_eq!(path.parse::<Output>(), Err(UnknownEnding), "{path}");
        }
    }

    #[test]
    fn what_a_viewer_does_not_open_well() {
        for (kind, bytes, events, too_large) in [
            (Kind::Perfetto, 300_000_000, 10_000_000, false),
            (Kind::Perfetto, 300_000_001, 0, true),
            (Kind::Chrome, 600_000_000, 0, false),
            (Kind::Chrome, 600_000_001, 0, true),
            // What is compressed is larger than it seems.
            (Kind::Chrome, 50_000_000, 10_000_001, true),
            (Kind::Recording, 1 << 40, 1 << 40, false),
        ] {
            assert_eq!(is_too_large(kind, bytes, events), too_large, "{kind:?} {bytes} {events}");
        }
    }

    #[test]
    fn stdout_is_a_dash_in_place_of_a_name() {
        for (path, stdout) in [("-.json", true), ("./-.json", false), ("-x.json", false)] {
            assert_eq!(path.parse::<Output>().unwrap().is_stdout(), stdout, "{path}");
        }
    }
}
