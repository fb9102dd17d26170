//! `recorder check`: facts of kept recordings, files of facts with mistakes, and what students see.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// Facts are judged by a recording.
mod facts;
/// The command: its output, its exit status and its hints.
mod students;
/// What teachers write.
mod teachers;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory without a workspace, with an exercise in it.
struct Exercise(TempDir);

impl Exercise {
    /// An exercise with this file of facts.
    fn new(facts: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("facts.toml"), facts).unwrap();
        Exercise(directory)
    }

    /// Checks it, with these options.
    fn check(&self, options: &[&str]) -> Checked {
        check(self.0.path(), ".", options)
    }
}

/// `recorder check EXERCISE OPTIONS`, in a directory.
fn check(directory: &Path, exercise: &str, options: &[&str]) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recorder"));
    command.args(["check", exercise]).args(options).current_dir(directory);
    command.env_remove("CARGO_TARGET_DIR").env_remove("COLUMNS").stdin(Stdio::null());
    Checked(command.output().unwrap())
}

/// A command that has ended.
struct Checked(Output);

impl Checked {
    #[track_caller]
    fn expect_status(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "{self:?}");
        self
    }

    fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The only result, of `--json`.
    #[track_caller]
    fn result(&self) -> Value {
        let results: Value = serde_json::from_str(&self.stdout()).unwrap();
        assert_eq!(results.as_array().unwrap().len(), 1, "{results}");
        results[0].clone()
    }
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}\n{}", self.0.status, self.stdout(), self.stderr())
    }
}
