//! The program that an exploration runs.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::reading::Recording;
use crate::workspace::Workspace;

/// A program, and how to start it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// If it is a program of the workspace, how to build it.
    pub program: Option<Program>,
    /// The executable, and its arguments.
    pub words: Vec<String>,
    /// The directory in which it runs.
    pub directory: PathBuf,
    /// Whether that is the directory of a package whose test it is.
    pub is_test: bool,
}

/// How the first program of an ordinary run was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Started {
    /// The file name of its executable.
    pub(crate) executable: String,
    /// Its arguments. One with a space is taken for several.
    pub(crate) arguments: Vec<OsString>,
}

impl Started {
    pub(crate) fn of(recording: &Recording) -> Self {
        let Some(process) = recording.catalog.processes.first() else { return Started::default() };
        let arguments = process.command.split(' ').skip(1).filter(|it| !it.is_empty());
        let arguments = arguments.map(OsString::from).collect();
        Started { executable: process.name.clone(), arguments }
    }

    /// The program of this workspace that a run with this name is of.
    pub(crate) fn program<'a>(&'a self, run: &'a str, workspace: &Workspace) -> Option<&'a str> {
        let names = [run.trim_end_matches(".previous"), &self.executable];
        names.into_iter().find(|name| workspace.find(Some(name)).is_ok())
    }
}

/// A program of a workspace, and the options with which it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Whether it is optimized.
    pub release: bool,
    /// The features that are enabled.
    pub features: Vec<String>,
    /// The packages that are recorded; empty for all.
    pub only: Vec<String>,
    /// The packages that are not recorded.
    pub without: Vec<String>,
}

impl Launch {
    /// A command, in the current directory.
    pub fn new(program: Option<Program>, words: &[OsString]) -> Self {
        let words = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let directory = env::current_dir().unwrap_or_default();
        Launch { program, words, directory, is_test: false }
    }

    /// Starts it.
    pub fn command(&self) -> Command {
        let mut words = self.words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).current_dir(&self.directory);
        if self.is_test {
            // As Cargo does.
            command.env("CARGO_MANIFEST_DIR", &self.directory);
        }
        command
    }
}
