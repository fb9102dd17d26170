//! The runs that are kept: `NAME.rec` and what was exported from it, in the folder `traces` of the
//! workspace, or else in `target/recorder`.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};

use super::{Workspace, relative, suggest};

/// The end of the name of the recording of a program's last run but one.
const PREVIOUS: &str = ".previous";

/// Whether an argument can be the name of a run: it is no path.
fn is_name(argument: &Path) -> bool {
    let mut components = argument.components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
}

/// The recordings that the arguments of a command mean, as [`Runs::find`] finds them; without
/// arguments, that of the newest run.
///
/// # Errors
/// There is none.
pub(crate) fn recordings(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let is_path = |it: &PathBuf| it.is_file() && it.extension().is_some() || !is_name(it);
    match arguments {
        [] => Ok(vec![Runs::here().newest()?]),
        // Without asking Cargo for the workspace.
        paths if paths.iter().all(is_path) => Ok(paths.to_vec()),
        _ => {
            let runs = Runs::here();
            arguments.iter().map(|argument| runs.find(argument)).collect()
        }
    }
}

/// The folder of the runs of a workspace.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs of a workspace; without one, those in `target/recorder` of the current directory.
    pub(crate) fn of(workspace: Option<&Workspace>) -> Self {
        let folder = match workspace {
            Some(Workspace { root, .. }) if root.join("traces").is_dir() => root.join("traces"),
            Some(Workspace { target_directory, .. }) => target_directory.join("recorder"),
            None => Path::new("target").join("recorder"),
        };
        Runs { folder: relative(&folder).to_owned() }
    }

    /// The runs of the workspace of the current directory.
    pub(crate) fn here() -> Self {
        Runs::of(Workspace::here().ok().as_ref())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates the folder.
    pub(crate) fn create(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create the directory {}", self.folder.display()))
    }

    /// The path of a file of a run: `target/recorder/NAME.rec`.
    pub(crate) fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    /// The recording of a program's last run but one.
    fn previous(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}{PREVIOUS}"), "rec")
    }

    /// Keeps the recording of the program's last run, if there is one, when the next takes its name.
    pub(crate) fn keep_previous(&self, name: &str) -> io::Result<()> {
        let (last, previous) = (self.file(name, "rec"), self.previous(name));
        if !last.exists() {
            return Ok(());
        }
        if previous.exists() {
            fs::remove_file(&previous)?;
        }
        // Not renamed: if the next run cannot be written, the last one stays.
        fs::hard_link(&last, &previous).or_else(|_| fs::copy(&last, &previous).map(drop))
    }

    /// The bytes of all files of runs.
    pub(crate) fn bytes(&self) -> u64 {
        let files = self.entries().map(|(_, metadata)| metadata.len());
        files.sum()
    }

    /// The recording that an argument of a command means: a file, a run in this folder by its name,
    /// or the directory that a killed recorder has left behind.
    ///
    /// # Errors
    /// There is none; the message names the runs in the folder.
    pub(crate) fn find(&self, argument: &Path) -> Result<PathBuf> {
        let name = argument.to_string_lossy();
        let recording = self.file(&name, "rec");
        if is_name(argument) && recording.is_file() {
            return Ok(recording);
        }
        if argument.exists() || argument.extension().is_some() || !is_name(argument) {
            return Ok(argument.to_owned());
        }
        let names = self.names();
        let hint = suggest(&name, names.iter().map(String::as_str));
        Err(anyhow!("there is no file and no run {name:?}{hint} ({})", self.known(&names)))
    }

    /// The recording of the newest run.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn newest(&self) -> Result<PathBuf> {
        let newest = self.recordings().max_by_key(|(_, _, time)| *time);
        newest.map(|(_, path, _)| path).ok_or_else(|| anyhow!("{}", self.known(&[])))
    }

    /// The recordings of the last two runs of a program; without a name, of the newest run's.
    ///
    /// # Errors
    /// There are none.
    pub(crate) fn last_two(&self, run: Option<&Path>) -> Result<[PathBuf; 2]> {
        let last = match run {
            Some(run) => self.find(run)?,
            None => self.newest()?,
        };
        let name = last.file_stem().unwrap_or_default().to_string_lossy();
        let previous = last.with_file_name(format!("{name}{PREVIOUS}.rec"));
        if !previous.is_file() {
            bail!(
                "there is only one run of {name}, {}; run it again, or name two recordings",
                last.display()
            );
        }
        Ok([previous, last])
    }

    /// The names of all runs.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.recordings().map(|(name, ..)| name).collect();
        names.sort_unstable();
        names
    }

    /// `runs in traces: ping_pong, pipeline`
    fn known(&self, names: &[String]) -> String {
        let folder = self.folder.display();
        match names.is_empty() {
            true => format!("there is no run in {folder}; `recorder run NAME` makes one"),
            false => format!("runs in {folder}: {}", names.join(", ")),
        }
    }

    /// The recordings that are not the last but one of a program: names, paths and times.
    fn recordings(&self) -> impl Iterator<Item = (String, PathBuf, SystemTime)> {
        self.entries().filter_map(|(path, metadata)| {
            let name = path.file_name()?.to_str()?.strip_suffix(".rec")?;
            let is_run = !name.ends_with(PREVIOUS) && !name.starts_with('.');
            let name = name.to_owned();
            is_run.then_some((name, path, metadata.modified().ok()?))
        })
    }

    /// The files in the folder. It may also contain directories: those of builds.
    fn entries(&self) -> impl Iterator<Item = (PathBuf, fs::Metadata)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let entries = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
        entries.filter(|(_, metadata)| metadata.is_file())
    }
}
