//! Starts a process for each arm in each round, and collects the results.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::UsageWho;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arms::{ARMS, Arm};
use crate::peers::{Readable, ours};
use crate::work::{Measured, Work, cpu};

/// Time from the start of an arm's work until it is killed.
const TIME_BEFORE_KILL: Duration = Duration::from_millis(100);

/// The result of a round for an arm. Times are in nanoseconds.
pub struct Sample {
    /// Time added to a send and to a receive, or to a message between two threads.
    pub added: Vec<f64>,
    /// CPU time added to an operation, of all threads and of the recorder while they ran.
    pub cpu: f64,
    /// CPU time of the recorder per operation after the threads have ended.
    pub cpu_afterwards: f64,
    /// Bytes of all files per operation.
    pub bytes: f64,
}

/// All rounds of an arm.
pub struct Series {
    pub arm: &'static Arm,
    pub one_thread: Vec<Sample>,
    pub two_threads: Vec<Sample>,
    /// The readable part of a run after its normal end, and its number of operations.
    pub after_exit: (Readable, u64),
    /// The same after `kill -9`.
    pub after_kill: (Readable, u64),
}

pub struct Bench {
    recorder: PathBuf,
}

impl Bench {
    /// Builds the recorder.
    pub fn new() -> Result<Bench> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.toml");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--release", "--package", "chanscope", "--bin", "recorder"])
            .args(["--message-format", "json-render-diagnostics", "--manifest-path", manifest])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(built.status.success(), "the recorder could not be built");
        let recorder = String::from_utf8(built.stdout)?
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
            .context("Cargo did not report the path of the recorder")?;
        Ok(Bench { recorder })
    }

    pub fn run(&self, rounds: usize) -> Result<Vec<Series>> {
        let mut all = Vec::new();
        eprintln!("reading the output of each arm:");
        for arm in ARMS {
            eprintln!("  {}", arm.name);
            let (one_thread, two_threads) = (Vec::new(), Vec::new());
            let (after_exit, after_kill) = (self.after_exit(arm)?, self.after_kill(arm)?);
            all.push(Series { arm, one_thread, two_threads, after_exit, after_kill });
        }
        for round in 0..rounds {
            eprintln!("round {} of {rounds}", round + 1);
            // Rotated, so that no arm is always the first or always follows the writes of the same one.
            let middle = round * 4 % all.len();
            all.rotate_left(middle);
            for series in &mut all {
                for work in Work::ALL {
                    let (sample, ..) = self.sample(series.arm, work)?;
                    match work {
                        Work::OneThread => series.one_thread.push(sample),
                        Work::TwoThreads => series.two_threads.push(sample),
                    }
                }
            }
        }
        all.sort_by_key(|series| ARMS.iter().position(|arm| arm.name == series.arm.name));
        Ok(all)
    }

    fn sample(&self, arm: &Arm, work: Work) -> Result<(Sample, tempfile::TempDir, u64)> {
        let directory = tempfile::tempdir()?;
        let before = cpu(UsageWho::RUSAGE_CHILDREN)?;
        let child = self
            .child(arm, directory.path(), &["measure", work.name()])?
            .spawn()?
            .wait_with_output()?;
        ensure!(child.status.success(), "{} failed: {}", arm.name, child.status);
        let all_processes = cpu(UsageWho::RUSAGE_CHILDREN)? - before;
        let measured: Measured = serde_json::from_slice(&child.stdout)?;
        let (recorder, afterwards) = if arm.drained {
            let whole = all_processes - measured.whole_cpu;
            (measured.parents_cpu, whole - measured.parents_cpu)
        } else {
            (0.0, 0.0)
        };
        let operations = measured.operations as f64;
        let sample = Sample {
            added: measured.added,
            cpu: (measured.added_cpu + recorder) / operations,
            cpu_afterwards: afterwards / operations,
            bytes: bytes_in(directory.path())? as f64 / operations,
        };
        Ok((sample, directory, measured.operations))
    }

    fn after_exit(&self, arm: &Arm) -> Result<(Readable, u64)> {
        let (_, directory, operations) = self.sample(arm, Work::OneThread)?;
        Ok((self.readable(arm, directory.path())?, operations))
    }

    fn after_kill(&self, arm: &Arm) -> Result<(Readable, u64)> {
        let directory = tempfile::tempdir()?;
        let mut child = self.child(arm, directory.path(), &["until-killed"])?.spawn()?;
        let operations = kill_while_working(&mut child);
        // If `recorder` started the program, it is still running.
        child.wait()?;
        Ok((self.readable(arm, directory.path())?, operations?))
    }

    fn readable(&self, arm: &Arm, directory: &Path) -> Result<Readable> {
        (arm.readable)(directory, &self.recorder)
            .with_context(|| format!("cannot read the output of {}", arm.name))
    }

    /// Returns the command that runs this program as the process of an arm.
    fn child(&self, arm: &Arm, directory: &Path, task: &[&str]) -> Result<Command> {
        let own = env::current_exe()?;
        let mut command = if arm.drained {
            let mut command = Command::new(&self.recorder);
            command.args(["record", "-o"]).arg(directory.join(ours::RECORDING)).arg("--").arg(own);
            command.stderr(Stdio::null());
            command
        } else {
            Command::new(own)
        };
        command.arg(task[0]).arg(arm.name).arg(directory).args(&task[1..]);
        command.env_remove(ours::SESSION).stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(command)
    }
}

fn bytes_in(directory: &Path) -> Result<u64> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

/// Kills the process while it works. Returns the number of operations that it had reported.
fn kill_while_working(child: &mut Child) -> Result<u64> {
    let mut reports = child.stdout.take().context("stdout is piped")?;
    let mut next = || -> Result<Option<u64>> {
        let mut bytes = [0; 8];
        match reports.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(u64::from_le_bytes(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    let Some(id) = next()? else { bail!("the process ended before it started to work") };
    let start = Instant::now();
    let mut operations = 0;
    let mut killed = false;
    while let Some(count) = next()? {
        operations = count;
        if !killed && start.elapsed() >= TIME_BEFORE_KILL {
            kill(Pid::from_raw(i32::try_from(id)?), Signal::SIGKILL)?;
            killed = true;
        }
    }
    ensure!(killed, "the process ended before it was killed");
    Ok(operations)
}
