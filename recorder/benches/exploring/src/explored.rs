//! Explorations of the programs, as they are recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::builds::{self, PACKAGE};

/// How to choose the next thread: the value of `--strategy`, or `None` for the default.
pub type Strategy = Option<&'static str>;

/// The strategies whose schedules a seed determines.
pub const SEEDED: [Strategy; 4] = [None, Some("random"), Some("priorities"), Some("uniform")];

/// A recorder, and the programs recorded as they are.
pub struct Recorder {
    path: PathBuf,
    programs: PathBuf,
}

/// What `recorder explore --json` prints.
#[derive(Debug, Deserialize)]
pub struct Exploration {
    pub schedules: u64,
    pub uncontrolled: u64,
    /// Whether all orders were tried, if that was wanted.
    pub exhaustive: Option<bool>,
    pub outcomes: Vec<Outcome>,
}

#[derive(Debug, Deserialize)]
pub struct Outcome {
    pub kind: String,
    pub title: String,
    pub runs: u64,
    pub first: u64,
    pub shortest: Shortest,
}

/// The run with the fewest switches.
#[derive(Debug, Deserialize)]
pub struct Shortest {
    /// Its name.
    pub run: String,
}

impl Outcome {
    /// Whether it is a bug. To lose messages is one only if the program says so.
    pub fn is_bad(&self) -> bool {
        matches!(&*self.kind, "hang" | "panic" | "failure" | "endless")
    }
}

impl Exploration {
    pub fn bad(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.is_bad())
    }

    /// The number of the first schedule with a bug, from 1.
    pub fn first_bad(&self) -> Option<u64> {
        self.bad().map(|outcome| outcome.first + 1).min()
    }

    /// The number of schedules with a bug.
    pub fn bad_runs(&self) -> u64 {
        self.bad().map(|outcome| outcome.runs).sum()
    }
}

impl Recorder {
    /// Builds what is needed.
    pub fn new() -> Result<Self> {
        let path = builds::recorder()?;
        // It builds a program of a workspace as it is, in a folder of its own.
        let mut command = Command::new(&path);
        command.args(["explore", "programs", "--schedules", "1", "--json", "--", "deadlock01"]);
        let output = run(command.current_dir(PACKAGE))?;
        let explored: Exploration = serde_json::from_slice(&output.stdout)?;
        let name = &explored.outcomes.first().context("no outcome")?.shortest.run;
        // The run is kept with the executable.
        let file = builds::target()?.join(format!("recorder/{name}.schedule"));
        let kept: Value = serde_json::from_slice(&fs::read(file)?)?;
        let programs = kept["launch"]["words"][0].as_str().context("no executable")?.into();
        Ok(Recorder { path, programs })
    }

    /// Explores a program.
    pub fn explore(
        &self,
        words: &[&str],
        strategy: Strategy,
        seed: u64,
        schedules: u64,
    ) -> Result<Exploration> {
        self.explore_command(&self.programs, words, &[], strategy, seed, schedules)
    }

    /// Explores a command that records itself, with more options.
    pub fn explore_command(
        &self,
        program: &Path,
        words: &[&str],
        options: &[&str],
        strategy: Strategy,
        seed: u64,
        schedules: u64,
    ) -> Result<Exploration> {
        let mut command = Command::new(&self.path);
        command.args(["explore", "--json", "--for", "1h", "--seed", &seed.to_string()]);
        command.args(["--schedules", &schedules.to_string()]);
        if let Some(strategy) = strategy {
            command.args(["--strategy", strategy]);
        }
        command.args(options).arg("--").arg(program).args(words);
        let output = run(command.current_dir(PACKAGE))?;
        serde_json::from_slice(&output.stdout).with_context(|| format!("{words:?}"))
    }

    /// Replays a run. Returns whether it happened again, and what the recorder says.
    pub fn replay(&self, run: &str) -> Result<(bool, String)> {
        let mut command = Command::new(&self.path);
        command.args(["replay", run]).env("RUST_BACKTRACE", "0").current_dir(PACKAGE);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        let at = text.find("not as in").unwrap_or_default();
        Ok((output.status.success(), text[at..].to_owned()))
    }

    /// The number of the first schedule with a bug, from 1, if it is at most `limit`. Small numbers
    /// are tried first: a schedule is the same however many follow.
    pub fn first_bad(
        &self,
        words: &[&str],
        strategy: Strategy,
        seed: u64,
        limit: u64,
    ) -> Result<Option<u64>> {
        for schedules in [limit / 50, limit / 5, limit] {
            let explored = self.explore(words, strategy, seed, schedules)?;
            if explored.first_bad().is_some() || explored.exhaustive == Some(true) {
                return Ok(explored.first_bad());
            }
        }
        Ok(None)
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {errors}");
    Ok(output)
}
