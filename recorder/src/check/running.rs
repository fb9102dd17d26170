//! Runs the program of an exercise once, and records it.

use std::io::{self, PipeReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::conditions::Conditions;
use super::judge::End;
use crate::capture::hang::{Diagnoses, OnDeadlock};
use crate::capture::run::{self, EndReason, RunOptions};
use crate::capture::session::{Collected, Retention, Session};
use crate::capture::{Error, Result};
use crate::cli::DEFAULT_VALUE_BYTES;
use crate::reading::Recording;
use crate::terminal::cancel::Watch;
use crate::terminal::console::Console;

/// Maximum number of bytes of a recording.
const MAX_RECORDING_BYTES: u64 = 200_000_000;
/// Maximum number of bytes of output that are looked at.
const MAX_OUTPUT_BYTES: u64 = 1_000_000;
/// How long to wait for the output if a process that the program has left behind keeps it open.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// The recording; `None` if the program used nothing that is recorded.
    pub recording: Option<Recording>,
    /// How the program ended.
    pub end: End,
    /// What it printed.
    pub output: String,
    /// Whether events are missing.
    pub is_incomplete: bool,
}

/// Runs a program without input. Its errors are not shown: a panic is in the recording.
///
/// # Errors
/// It cannot be run, or its recording cannot be read, or a signal came.
pub fn run_once(
    mut command: Command,
    timeout: Duration,
    conditions: Conditions,
    directory: &Path,
    (console, watch): (Console, &Watch),
) -> Result<Finished> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    let output = read_in_background(reader);
    let retention = Retention::UpTo(MAX_RECORDING_BYTES);
    let mut session = Session::new(retention, false, DEFAULT_VALUE_BYTES.into(), directory)?;
    let options = RunOptions {
        timeout: Some(timeout),
        on_deadlock: OnDeadlock::Kill,
        snapshot_stem: None,
        diagnoses: Diagnoses::default(),
        announces_hangs: false,
        console,
    };
    let outcome = conditions.apply(|| run::run(command, &mut session, &options))?;
    let collected = session.finish(&outcome.exit, watch)?;
    watch.check().map_err(|interrupted| Error::Reading(interrupted.into()))?;
    let end = match (outcome.end_reason, outcome.exit.signal) {
        (Some(EndReason::TimedOut), _) => End::TimedOut(timeout),
        (Some(EndReason::Deadlocked), _) => End::Hung,
        (None, 0) => End::Exited(outcome.exit.code),
        (None, signal) => End::Signalled(signal),
    };
    let (recording, is_incomplete) = match collected {
        Some(Collected { recording, error, reached_limit }) => {
            let is_incomplete = error.is_some() || outcome.error.is_some() || reached_limit;
            (Some(recording), is_incomplete)
        }
        None => (None, false),
    };
    let output = output.recv_timeout(OUTPUT_TIMEOUT).unwrap_or_default();
    Ok(Finished { recording, end, output, is_incomplete })
}

/// Reads all of the output, and keeps its start.
fn read_in_background(mut reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read until an error is the output.
        let _ = reader.by_ref().take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
        let _ = io::copy(&mut reader, &mut io::sink());
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
