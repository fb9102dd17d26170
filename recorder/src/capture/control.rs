//! Controls a run that another `recorder` process is recording.

use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use format::control;
use rustix::process::{Pid, test_kill_process};

use super::session::{DIRECTORY_PREFIX, base_directories};
use super::{Error, Result};

/// The file of words that a recorder shares with the processes of its run: see
/// [`format::control`].
#[derive(Debug)]
pub(super) struct ControlFile(File);

impl ControlFile {
    /// Creates the file in a run's directory, with these values of words; the others are 0.
    pub(super) fn create(directory: &Path, words: &[(usize, u64)]) -> io::Result<Self> {
        let mut options = File::options();
        let file =
            options.read(true).write(true).create_new(true).open(directory.join(control::FILE))?;
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

/// A run that is being recorded.
#[derive(Debug)]
pub struct ActiveRun {
    control: ControlFile,
    /// The process ID of its recorder.
    recorder: u32,
}

impl ActiveRun {
    /// Finds the run whose recorder has this process ID; without one, the only run.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::NoRun`] or [`Error::SeveralRuns`].
    pub fn find(recorder: Option<u32>) -> Result<Self> {
        let is_run =
            |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(DIRECTORY_PREFIX);
        let mut runs: Vec<_> = base_directories()
            .iter()
            .filter_map(|base| fs::read_dir(base).ok())
            .flat_map(|entries| entries.flatten().filter(is_run))
            .filter_map(|directory| ActiveRun::open(&directory.path()).ok())
            .filter(|run| recorder.is_none_or(|pid| run.recorder == pid) && run.is_alive())
            .collect();
        if runs.len() > 1 {
            let mut recorders: Vec<_> = runs.iter().map(|run| run.recorder).collect();
            recorders.sort_unstable();
            return Err(Error::SeveralRuns(recorders));
        }
        runs.pop().ok_or(recorder.map_or(Error::NoRun, Error::NoSuchRun))
    }

    fn open(directory: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(directory.join(control::FILE))?;
        let control = ControlFile(file);
        let recorder = control.get(control::RECORDER)? as u32;
        Ok(ActiveRun { control, recorder })
    }

    fn is_alive(&self) -> bool {
        Pid::from_raw(self.recorder as i32).is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    /// Pauses or resumes the recording of operations.
    ///
    /// # Errors
    /// The control file cannot be written.
    pub fn set_paused(&self, paused: bool) -> io::Result<()> {
        self.control.set(control::PAUSED, paused.into())
    }

    /// Makes the flight recorder write a snapshot.
    ///
    /// # Errors
    /// The control file cannot be read or written.
    pub fn request_snapshot(&self) -> io::Result<()> {
        self.control.set(control::KEEP, self.control.get(control::KEEP)? + 1)
    }
}
