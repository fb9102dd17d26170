//! Speaks to the processes of a run that another `recorder` records.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use format::control;
use rustix::process::{Pid, test_kill_process};

use crate::capture::session::{PREFIX, bases};

/// What a run's processes look at.
#[derive(Debug)]
pub struct Control {
    file: File,
    recorder: u32,
}

impl Control {
    /// The run whose recorder has this process number, or the only one there is.
    ///
    /// # Errors
    /// There is none, or there are several and it is not said which.
    pub fn find(recorder: Option<u32>) -> Result<Self> {
        let mut runs: Vec<_> = bases()
            .iter()
            .flat_map(|base| controls(base))
            .filter_map(|path| Control::open(&path).ok())
            .filter(|run| recorder.is_none_or(|pid| run.recorder == pid) && run.is_alive())
            .collect();
        match (runs.pop(), recorder) {
            (Some(run), _) if runs.is_empty() => Ok(run),
            (None, None) => bail!("no `recorder run` or `recorder record` is at work"),
            (None, Some(pid)) => bail!("process {pid} is no `recorder run` or `recorder record`"),
            (Some(run), _) => {
                runs.push(run);
                let mut pids: Vec<_> = runs.iter().map(|run| run.recorder.to_string()).collect();
                pids.sort();
                bail!("several recorders are at work: say which of {}", pids.join(", "))
            }
        }
    }

    fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        let mut word = [0; 8];
        file.read_exact_at(&mut word, offset(control::RECORDER))?;
        Ok(Control { file, recorder: u64::from_le_bytes(word) as u32 })
    }

    fn is_alive(&self) -> bool {
        Pid::from_raw(self.recorder as i32).is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    /// Leaves out what the processes do from now on.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn pause(&self) -> io::Result<()> {
        self.write(control::PAUSED, 1)
    }

    /// Records again.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn resume(&self) -> io::Result<()> {
        self.write(control::PAUSED, 0)
    }

    /// Has the flight recorder write out what it has.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self) -> io::Result<()> {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, offset(control::KEEP))?;
        self.write(control::KEEP, u64::from_le_bytes(word) + 1)
    }

    fn write(&self, word: usize, value: u64) -> io::Result<()> {
        self.file.write_all_at(&value.to_le_bytes(), offset(word))
    }
}

/// Where a word is in the file.
pub(crate) fn offset(word: usize) -> u64 {
    (word * size_of::<u64>()) as u64
}

/// The files of this kind in the directories of sessions.
fn controls(base: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path().join(control::FILE))
        .collect()
}
