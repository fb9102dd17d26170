//! Runs a program once under a controlled schedule.
//!
//! This is made for many short runs: nothing is observed and no block is moved while the program
//! runs, and its files are in memory.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use format::{BlockHeader, EndCause, Stop, control};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{ClockId, clock_gettime};
use tracing::trace_span;

use super::plan::Plan;
use super::session::{Collected, ProcessExit, SESSION_VARIABLE, Session};
use super::{Error, Result};
use crate::terminal::cancel::Watch;

mod output;
mod supervisor;

pub use output::Printed;
use output::Stream;
use supervisor::{Ended, Supervisor};

/// The limits of a run, and its terminal.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Ends the program after this time.
    pub timeout: Duration,
    /// Whether the program's input and output are those of the recorder.
    pub shares_terminal: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With this exit code.
    Exited(u32),
    /// By this signal.
    Signalled(u32),
    /// No thread could go on.
    Deadlocked,
    /// The maximum number of choices was reached.
    StepLimit,
    /// The time was over.
    TimedOut,
}

/// A run that is over, and has not been collected yet.
#[derive(Debug)]
pub struct ControlledRun {
    session: Session,
    exit: ProcessExit,
    /// How it ended.
    pub end: End,
    /// Its stdout.
    pub stdout: Printed,
    /// Its stderr.
    pub stderr: Printed,
    /// The number of choices made.
    pub steps: u64,
    /// The first choice that the schedule to follow did not determine although it should.
    pub diverged: Option<u64>,
    /// How often a thread was blocked in something that is not controlled.
    pub uncontrolled: u64,
}

impl ControlledRun {
    /// The process ID of the program.
    pub fn pid(&self) -> u32 {
        self.exit.pid
    }

    /// All blocks with their records, by process, thread and sequence.
    ///
    /// # Errors
    /// A process's file cannot be read.
    pub fn blocks(&mut self) -> Result<Vec<(BlockHeader, Vec<u8>)>> {
        self.session.blocks()
    }

    /// Collects the recording; `None` if no process recorded anything.
    ///
    /// # Errors
    /// Those of [`Session::finish`].
    pub fn collect(self, watch: &Watch) -> Result<Option<Collected>> {
        self.session.finish(&self.exit, watch)
    }
}

/// Runs a program once. Returns `None` if a signal came meanwhile that `watch` knows of.
///
/// # Errors
/// The program cannot be started ([`Error::NoSuchProgram`], [`Error::CannotRun`]), or the session's
/// files cannot be read or written.
pub fn run(
    mut command: Command,
    plan: &Plan,
    limits: Limits,
    watch: &Watch,
) -> Result<Option<ControlledRun>> {
    let _span = trace_span!("controlled run", seed = plan.seed).entered();
    let session = Session::controlled(plan)?;
    command.env(SESSION_VARIABLE, session.directory());
    let mut streams = Vec::new();
    if !limits.shares_terminal {
        // A group of its own: it ends with all processes that it has started.
        command.stdin(Stdio::null()).process_group(0);
        let (stdout, writer) = io::pipe()?;
        command.stdout(writer);
        let (stderr, writer) = io::pipe()?;
        command.stderr(writer);
        streams = vec![Stream::new(stdout)?, Stream::new(stderr)?];
    }
    let child = command.spawn().map_err(|source| {
        let program = command.get_program().display().to_string();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NoSuchProgram(program, source),
            _ => Error::CannotRun(program, source),
        }
    })?;
    // Closes our ends of the pipes for writing.
    drop(command);
    let program = Pid::from_child(&child);
    let mut supervisor = Supervisor {
        pidfd: pidfd_open(program, PidfdFlags::empty()).map_err(io::Error::from)?,
        pid: child.id(),
        started: Instant::now(),
        session,
        streams,
        child,
        limits,
        last_step: (0, Instant::now()),
    };
    let end = match supervisor.wait(watch) {
        Ok(end) => end,
        Err(error) => {
            supervisor.kill();
            let _ = supervisor.child.wait();
            return Err(error);
        }
    };
    supervisor.kill();
    let now = clock_gettime(ClockId::Monotonic);
    let status = supervisor.child.wait()?;
    let Some(end) = end else { return Ok(None) };
    let Supervisor { session, pid, mut streams, .. } = supervisor;
    for stream in &mut streams {
        stream.read()?;
    }
    let (code, signal) = (status.code().unwrap_or_default(), status.signal().unwrap_or_default());
    let (end, cause) = match end {
        Ended::Itself if signal != 0 => (End::Signalled(signal as u32), EndCause::Itself),
        Ended::Itself => (End::Exited(code as u32), EndCause::Itself),
        Ended::Deadlocked => (End::Deadlocked, EndCause::Hung),
        Ended::StepLimit => (End::StepLimit, EndCause::TimedOut),
        Ended::TimedOut => (End::TimedOut, EndCause::TimedOut),
    };
    let exit = ProcessExit {
        pid,
        monotonic_ns: now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64,
        code: code as u32,
        signal: signal as u32,
        cause,
    };
    let word = |word| session.control_word(word);
    let (steps, mut uncontrolled) = (word(control::STEPS)?, word(control::UNCONTROLLED)?);
    if word(control::STOPPED)? == Stop::Deadlock as u64 && end != End::Deadlocked {
        // No thread could go on, but something else than these threads helped one.
        uncontrolled += 1;
    }
    let diverged = word(control::DIVERGED)?.checked_sub(1);
    let mut printed = streams.into_iter().map(Stream::finish);
    let [stdout, stderr] = std::array::from_fn(|_| printed.next().unwrap_or_default());
    Ok(Some(ControlledRun { session, exit, end, stdout, stderr, steps, diverged, uncontrolled }))
}

#[cfg(test)]
mod tests {
    use super::output::MAX_OUTPUT_BYTES;
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn run_shell(script: &str, timeout: Duration) -> ControlledRun {
        let limits = Limits { timeout, shares_terminal: false };
        let plan = Plan::following(Vec::new(), 0, 0);
        run(shell(script), &plan, limits, &Watch::default()).unwrap().unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn output_and_status_are_those_of_the_program() {
        let run = run_shell("echo one; echo two >&2; exit 3", LONG);
        assert_eq!(run.end, End::Exited(3));
        assert_eq!((&*run.stdout.start, &*run.stderr.start), (&b"one\n"[..], &b"two\n"[..]));
        assert_eq!(run_shell("kill -9 $$", LONG).end, End::Signalled(9));
    }

    #[test]
    fn equal_output_has_equal_hashes_however_much_it_is() {
        let script = "yes | head -c 300000";
        let (one, other) = (run_shell(script, LONG), run_shell(script, LONG));
        assert_eq!(one.stdout.start.len(), MAX_OUTPUT_BYTES);
        assert_eq!(one.stdout, other.stdout);
        let longer = run_shell("yes | head -c 300001", LONG);
        assert_ne!(longer.stdout.hash, one.stdout.hash);
    }

    #[test]
    fn a_program_that_takes_too_long_ends_with_what_it_has_started() {
        // The inner shell would keep the pipe open.
        let run = run_shell("(echo $$; sleep 1000) & sleep 1000", Duration::from_millis(50));
        assert_eq!(run.end, End::TimedOut);
    }

    #[test]
    fn a_program_that_leaves_a_process_behind_ends_with_it() {
        let run = run_shell("sleep 1000 & exit 0", LONG);
        assert_eq!(run.end, End::Exited(0));
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        let limits = Limits { timeout: LONG, shares_terminal: false };
        let plan = Plan::following(Vec::new(), 0, 0);
        let error = run(Command::new("./not-there"), &plan, limits, &Watch::default());
        assert!(matches!(error, Err(Error::NoSuchProgram(..))), "{error:?}");
    }
}
