//! Controls a run that another `recorder` process is recording.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use format::control;
use rustix::process::{Pid, test_kill_process};

use super::session::{DIRECTORY_PREFIX, SOCKET, base_directories};
use super::{Error, Result};
use crate::reading::catalog::readable;

/// The file of words that a recorder shares with the processes of its run: see
/// [`format::control`].
#[derive(Debug)]
pub(super) struct ControlFile(File);

impl ControlFile {
    /// Creates the file in a run's directory, with these values of words; the others are 0.
    pub(super) fn create(directory: &Path, words: &[(usize, u64)]) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(directory.join(control::FILE))?;
        file.set_len(control::BYTES as u64)?;
        let control = ControlFile(file);
        words.iter().try_for_each(|&(word, value)| control.set(word, value))?;
        Ok(control)
    }

    pub(super) fn get(&self, word: usize) -> io::Result<u64> {
        let mut bytes = [0; size_of::<u64>()];
        self.0.read_exact_at(&mut bytes, offset(word))?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn set(&self, word: usize, value: u64) -> io::Result<()> {
        self.0.write_all_at(&value.to_le_bytes(), offset(word))
    }
}

fn offset(word: usize) -> u64 {
    (word * size_of::<u64>()) as u64
}

/// All runs, also those whose recorder was killed.
fn all() -> impl Iterator<Item = ActiveRun> {
    let is_run =
        |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(DIRECTORY_PREFIX);
    base_directories()
        .into_iter()
        .filter_map(|base| fs::read_dir(base).ok())
        .flat_map(move |entries| entries.flatten().filter(is_run))
        .filter_map(|directory| ActiveRun::open(&directory.path()).ok())
}

/// The directories of runs whose recorder was killed, with the bytes of their files.
pub fn abandoned() -> Vec<(PathBuf, u64)> {
    let bytes = |directory: &Path| {
        let files = fs::read_dir(directory).into_iter().flatten().flatten();
        // Not their lengths: files are sparse where blocks were moved away.
        let blocks = files.filter_map(|file| Some(file.metadata().ok()?.blocks()));
        512 * blocks.sum::<u64>()
    };
    let runs = all().filter(|run| !run.is_alive());
    runs.map(|run| (run.directory.clone(), bytes(&run.directory))).collect()
}

/// A run that is being recorded.
#[derive(Debug)]
pub struct ActiveRun {
    directory: PathBuf,
    control: ControlFile,
    /// The process ID of its recorder.
    recorder: u32,
}

/// The file in a run's directory with the absolute path of the last snapshot.
const LAST_SNAPSHOT: &str = "last-snapshot";

/// Notes in a run's directory to which path the snapshot with this number was written.
pub(super) fn note_snapshot(directory: &Path, path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    fs::write(directory.join(LAST_SNAPSHOT), path.as_os_str().as_encoded_bytes())
}

impl ActiveRun {
    /// Finds the run whose recorder has this process ID; without one, the only run.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::NoRun`] or [`Error::SeveralRuns`].
    pub fn find(recorder: Option<u32>) -> Result<Self> {
        let run = ActiveRun::only(|run| recorder.is_none_or(|pid| run.recorder == pid))?;
        run.ok_or(recorder.map_or(Error::NoRun, Error::NoSuchRun))
    }

    /// Finds the run that an argument names by the process ID of its recorder, or by its program; `None`
    /// if the argument is a path, or there is no run of that program.
    ///
    /// # Errors
    /// [`Error::SeveralRuns`], or those of [`find`](Self::find).
    pub fn of_argument(argument: &Path) -> Result<Option<Self>> {
        match argument.to_str().and_then(|text| text.parse().ok()) {
            _ if argument.exists() => Ok(None),
            Some(pid) => ActiveRun::find(Some(pid)).map(Some),
            None => ActiveRun::find_named(argument.as_os_str()),
        }
    }

    fn find_named(name: &OsStr) -> Result<Option<Self>> {
        ActiveRun::only(|run| {
            let words = run.command_line();
            words.iter().skip(1).any(|word| Path::new(word).file_name() == Some(name))
        })
    }

    /// The only run that goes on and for which `is_meant` returns true.
    fn only(is_meant: impl Fn(&ActiveRun) -> bool) -> Result<Option<Self>> {
        let mut runs: Vec<_> = all().filter(|run| run.is_alive() && is_meant(run)).collect();
        if runs.len() > 1 {
            let mut runs: Vec<_> = runs.iter().map(ActiveRun::to_string).collect();
            runs.sort_unstable();
            return Err(Error::SeveralRuns(runs.join(", ")));
        }
        Ok(runs.pop())
    }

    /// The command line of its recorder; empty if that has ended.
    fn command_line(&self) -> Vec<OsString> {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.recorder)).unwrap_or_default();
        let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|&byte| byte == 0);
        words.map(|word| OsString::from_vec(word.to_owned())).collect()
    }

    fn open(directory: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(directory.join(control::FILE))?;
        let control = ControlFile(file);
        let recorder = control.get(control::RECORDER)? as u32;
        Ok(ActiveRun { directory: directory.to_owned(), control, recorder })
    }

    /// Connects to its recorder: see [`live`](crate::live).
    ///
    /// # Errors
    /// The recorder has ended meanwhile, or is one of an earlier version.
    pub fn connect(&self) -> Result<UnixStream> {
        let connected = UnixStream::connect(self.directory.join(SOCKET));
        connected.map_err(|source| Error::NotReached(self.to_string(), source))
    }

    fn is_alive(&self) -> bool {
        Pid::from_raw(self.recorder as i32).is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    /// Pauses or resumes the recording of operations. Returns whether that changes anything.
    ///
    /// # Errors
    /// The control file cannot be read or written.
    pub fn set_paused(&self, paused: bool) -> Result<bool> {
        let was_paused = self.control.get(control::PAUSED)? != 0;
        self.control.set(control::PAUSED, paused.into())?;
        Ok(was_paused != paused)
    }

    /// Makes the flight recorder write a snapshot, and returns its path.
    ///
    /// # Errors
    /// [`Error::NotAFlightRecorder`], [`Error::NotKept`], or the control file cannot be read or
    /// written.
    pub fn keep(&self) -> Result<PathBuf> {
        const POLL_INTERVAL: Duration = Duration::from_millis(10);
        const TIMEOUT: Duration = Duration::from_secs(60);
        if self.directory.join(super::session::RECORDING).symlink_metadata().is_ok() {
            return Err(Error::NotAFlightRecorder(self.to_string()));
        }
        let request = self.control.get(control::KEEP)? + 1;
        self.control.set(control::KEEP, request)?;
        let start = Instant::now();
        while self.control.get(control::KEPT)? < request {
            if !self.is_alive() || start.elapsed() > TIMEOUT {
                return Err(Error::NotKept(self.to_string()));
            }
            thread::sleep(POLL_INTERVAL);
        }
        let path = fs::read(self.directory.join(LAST_SNAPSHOT));
        let path = path.map_err(|_| Error::NotKept(self.to_string()))?;
        Ok(PathBuf::from(OsString::from_vec(path)))
    }
}

/// `process 1234 (recorder run server)`
impl fmt::Display for ActiveRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.recorder)?;
        let words = self.command_line();
        let mut words = words.iter().map(|word| word.to_string_lossy());
        let program = words.next().unwrap_or_default();
        if program.is_empty() {
            return Ok(());
        }
        let program = program.rsplit('/').next().unwrap_or_default().into();
        let words: Vec<_> = [program].into_iter().chain(words).collect();
        write!(f, " ({})", readable(&words.join(" ")))
    }
}
