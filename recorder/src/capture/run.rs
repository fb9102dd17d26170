//! Runs a program and records it until it ends.
//!
//! The program shares our stdin, stdout, stderr and process group, so it receives the signals that
//! the terminal sends. Signals that another process sends to us are forwarded to it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use format::EndCause;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGINT, SIGUSR1};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use tracing::{debug, info, info_span};

use super::hang::{self, Diagnoses, Diagnosis, OnDeadlock, StallDetector};
use super::remaining;
use super::session::{ProcessExit, SESSION_VARIABLE, Session};
use super::threads::{Detail, Schedule};
use super::{Error, Result};
use crate::terminal::console::{self, Console};
use crate::terminal::signals;

/// How often full blocks are moved while there are none.
const IDLE_DRAIN_INTERVAL: Duration = Duration::from_millis(10);
/// How often full blocks are moved while there are some.
const BUSY_DRAIN_INTERVAL: Duration = Duration::from_micros(500);
/// How long the busy interval is kept after the last full block.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a program may take to end after SIGTERM.
const TERMINATION_TIMEOUT: Duration = Duration::from_secs(2);

/// What to do while a program runs.
#[derive(Debug)]
pub struct RunOptions {
    /// Ends the program after this time.
    pub timeout: Option<Duration>,
    /// What to do if the program hangs.
    pub on_deadlock: OnDeadlock,
    /// For a flight recorder: the path of its snapshots, up to `.kept-1.rec`.
    pub snapshot_stem: Option<PathBuf>,
    /// Gets the hangs that are found.
    pub diagnoses: Diagnoses,
    /// Whether hangs are printed as soon as they are found.
    pub announces_hangs: bool,
    /// Prints snapshots.
    pub console: Console,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunOutcome {
    /// How the program ended.
    pub exit: ProcessExit,
    /// Why the recorder ended the program, if it did.
    pub end_reason: Option<EndReason>,
    /// Why blocks could not be moved to the recording any more.
    pub error: Option<Error>,
    /// Whether a signal came that ends the recorder, too, and not only Ctrl-C for the program.
    pub was_terminated: bool,
    /// The IDs of processes that go on.
    pub remaining: Vec<u32>,
}

/// Why the recorder ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// [`RunOptions::timeout`] expired.
    TimedOut,
    /// The program hung.
    Deadlocked,
}

impl RunOutcome {
    /// How the program ended: `ended with status 1`.
    pub fn in_words(&self) -> String {
        match (self.end_reason, self.exit) {
            (Some(EndReason::TimedOut), _) => "ended by --timeout".to_owned(),
            (Some(EndReason::Deadlocked), _) => "ended because it hung".to_owned(),
            (None, ProcessExit { signal: 0, code, .. }) => format!("ended with status {code}"),
            (None, ProcessExit { signal, .. }) => format!("ended by signal {signal}"),
        }
    }

    /// The exit status to pass on: that of the program, or 128 + its signal; 124 after a timeout,
    /// and 123 if the program was ended because it hung.
    pub fn status(&self) -> u8 {
        match (self.end_reason, self.exit) {
            (Some(EndReason::TimedOut), _) => 124,
            (Some(EndReason::Deadlocked), _) => 123,
            (None, ProcessExit { signal: 0, code, .. }) => code as u8,
            (None, ProcessExit { signal, .. }) => (128 + signal) as u8,
        }
    }
}

/// An event that the main loop waits for.
enum RunEvent {
    Ended,
    /// A process hangs.
    Hangs(Diagnosis),
}

/// Runs `command` and moves its full blocks to the recording until it ends.
///
/// # Errors
/// The program cannot be started: [`Error::NoSuchProgram`] or [`Error::CannotRun`].
pub fn run(
    mut command: Command,
    session: &mut Session,
    options: &RunOptions,
) -> Result<RunOutcome> {
    let _span = info_span!("run", program = %command.get_program().display()).entered();
    // Before the program starts: these signals would end us, and the recording would be lost.
    let snapshot_signal = options.snapshot_stem.as_ref().map(|_| SIGUSR1);
    let signals = SignalsInfo::new(signals::terminating().chain(snapshot_signal))?;
    let mut child = start(&mut command, session)?;
    let program = Pid::from_child(&child);
    let (sender, events) = mpsc::channel();
    thread::spawn({
        let sender = sender.clone();
        move || send_end(program, &sender)
    });
    let started = Instant::now();
    let mut monitor = Monitor {
        program,
        session,
        options,
        signals,
        sender,
        started,
        stalls: StallDetector::new(started),
        observations: Schedule::new(started),
        last_full_block: started,
        drain_error: None,
        snapshot_signals: 0,
        snapshots_written: 0,
        end_reason: None,
        was_interrupted: false,
        was_terminated: false,
        sigterm_sent: None,
        sigkill_sent: false,
    };
    monitor.run(&events);
    let Monitor { end_reason, was_interrupted, was_terminated, drain_error: error, .. } = monitor;
    let now = clock_gettime(ClockId::Monotonic);
    let status = child.wait()?;
    let exit = ProcessExit {
        pid: program.as_raw_pid() as u32,
        monotonic_ns: now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64,
        code: status.code().unwrap_or_default() as u32,
        signal: status.signal().unwrap_or_default() as u32,
        cause: match end_reason {
            Some(EndReason::TimedOut) => EndCause::TimedOut,
            Some(EndReason::Deadlocked) => EndCause::Hung,
            None if was_interrupted => EndCause::Interrupted,
            None => EndCause::Itself,
        },
    };
    info!(code = exit.code, signal = exit.signal, ?end_reason, "ended");
    let remaining = remaining::of_session(session.directory());
    Ok(RunOutcome { exit, end_reason, error, was_terminated, remaining })
}

fn start(command: &mut Command, session: &Session) -> Result<Child> {
    command.env(SESSION_VARIABLE, session.directory());
    let child = command.spawn().map_err(|source| {
        let program = command.get_program().display().to_string();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NoSuchProgram(program, source),
            _ => Error::CannotRun(program, source),
        }
    })?;
    info!(pid = child.id(), session = %session.directory().display(), "started");
    Ok(child)
}

/// Waits for the program's end but leaves it a zombie, so that its process ID is not reused.
fn send_end(program: Pid, sender: &Sender<RunEvent>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(program), options) {}
    // Fails if the main loop ended with an error.
    let _ = sender.send(RunEvent::Ended);
}

/// The time that this thread has run on a processor.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The state of the main loop.
struct Monitor<'a> {
    program: Pid,
    session: &'a mut Session,
    options: &'a RunOptions,
    signals: SignalsInfo<WithOrigin>,
    sender: Sender<RunEvent>,
    started: Instant,
    stalls: StallDetector,
    observations: Schedule,
    last_full_block: Instant,
    drain_error: Option<Error>,
    /// How many snapshots were requested by signals.
    snapshot_signals: u64,
    snapshots_written: u64,
    end_reason: Option<EndReason>,
    /// Whether a signal came that was for the program, too.
    was_interrupted: bool,
    was_terminated: bool,
    sigterm_sent: Option<Instant>,
    sigkill_sent: bool,
}

impl Monitor<'_> {
    /// Returns when the program has ended.
    fn run(&mut self, events: &Receiver<RunEvent>) {
        loop {
            let is_busy = self.last_full_block.elapsed() <= BUSY_TIMEOUT;
            let interval = if is_busy { BUSY_DRAIN_INTERVAL } else { IDLE_DRAIN_INTERVAL };
            match events.recv_timeout(interval) {
                Ok(RunEvent::Hangs(diagnosis)) => self.handle_hang(diagnosis),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(RunEvent::Ended) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.forward_signals();
            self.drain();
            self.observe_if_due();
            self.check_for_stalls();
            self.write_snapshots();
            self.end_program();
        }
    }

    fn forward_signals(&mut self) {
        for origin in self.signals.pending() {
            debug!(signal = origin.signal, cause = ?origin.cause, "received a signal");
            if origin.signal == SIGUSR1 {
                self.snapshot_signals += 1;
                continue;
            }
            self.was_interrupted = true;
            self.was_terminated |= origin.signal != SIGINT;
            if matches!(origin.cause, Cause::Sent(_))
                // The terminal sends its signals to the program as well.
                && let Some(signal) = Signal::from_named_raw(origin.signal)
            {
                // The signal may end the program.
                self.observe_in_detail();
                let _ = kill_process(self.program, signal);
            }
        }
    }

    fn handle_hang(&mut self, diagnosis: Diagnosis) {
        // It may have made progress during the analysis.
        self.stalled_processes();
        if !hang::is_blocked(diagnosis.pid) || !self.stalls.is_suspect(diagnosis.pid) {
            return;
        }
        if self.options.announces_hangs {
            console::error(format_args!("the program hangs\n{diagnosis}"));
        }
        self.options.diagnoses.add(diagnosis);
        if self.options.on_deadlock == OnDeadlock::Kill {
            self.end_reason.get_or_insert(EndReason::Deadlocked);
        }
    }

    fn drain(&mut self) {
        if self.drain_error.is_some() {
            return;
        }
        match self.session.drain() {
            Ok(0) => {}
            Ok(_) => self.last_full_block = Instant::now(),
            Err(error) => self.drain_error = Some(error),
        }
    }

    /// Observes the threads of all processes: those of a process that has stalled in detail, so that
    /// the last observation of one that hangs shows where.
    fn observe_if_due(&mut self) {
        let start = Instant::now();
        let has_ended = self.drain_error.is_some() || self.end_reason.is_some();
        if has_ended || !self.observations.is_due(start) {
            return;
        }
        let cost = processor_time();
        let stalls = &self.stalls;
        self.session.observe(|pid| match stalls.has_stalled(pid, start) {
            true => Detail::Activities,
            false => Detail::States,
        });
        let cost = processor_time().saturating_sub(cost);
        self.observations.plan_next(Instant::now(), cost);
    }

    /// Observes the threads of all processes now.
    fn observe_in_detail(&mut self) {
        if self.drain_error.is_none() {
            self.session.observe(|_| Detail::Activities);
        }
    }

    /// Starts the analysis of stalled processes in threads of their own, as it can take a while.
    fn check_for_stalls(&mut self) {
        let has_ended = self.drain_error.is_some() || self.end_reason.is_some();
        if has_ended || !self.stalls.is_due(Instant::now()) {
            return;
        }
        for pid in self.stalled_processes() {
            if !hang::is_blocked(pid) {
                continue;
            }
            self.observe_in_detail();
            // Skips only this check.
            let Ok(recording) = self.session.open_so_far() else { return };
            self.stalls.suspect(pid);
            debug!(pid, "may hang");
            let sender = self.sender.clone();
            thread::spawn(move || {
                if let Ok(Some(diagnosis)) = hang::diagnose(&recording, pid) {
                    // Fails if the program has ended meanwhile.
                    let _ = sender.send(RunEvent::Hangs(diagnosis));
                }
            });
        }
    }

    fn stalled_processes(&mut self) -> Vec<u32> {
        let start = Instant::now();
        let Ok(fingerprints) = self.session.fingerprints() else { return Vec::new() };
        let stalled = self.stalls.update(&fingerprints, start, Instant::now());
        self.options.diagnoses.retain(|pid| self.stalls.is_suspect(pid));
        stalled
    }

    /// Writes a snapshot if one was requested since the last.
    fn write_snapshots(&mut self) {
        let Some(stem) = &self.options.snapshot_stem else { return };
        let requests = self.session.snapshot_requests().unwrap_or_default();
        let requested = self.snapshot_signals + requests;
        if self.snapshots_written >= requested {
            return;
        }
        self.snapshots_written = requested;
        self.observe_in_detail();
        let mut paths = (1..).map(|i| stem.with_added_extension(format!("kept-{i}.rec")));
        let Some(path) = paths.find(|path| !path.exists()) else { return };
        match self.session.write_snapshot(&path) {
            Ok(()) => self.options.console.note(format_args!("saved {}", path.display())),
            Err(error) => console::error(format_args!("{:#}", anyhow::Error::from(error))),
        }
        // Fails only if the file is gone, and nobody waits then.
        let _ = self.session.answer_snapshot_requests(requests);
    }

    /// After a timeout or a hang, sends SIGTERM, and SIGKILL if that was not enough.
    fn end_program(&mut self) {
        if self.options.timeout.is_some_and(|timeout| self.started.elapsed() >= timeout) {
            self.end_reason.get_or_insert(EndReason::TimedOut);
        }
        if self.end_reason.is_some() && self.sigterm_sent.is_none() {
            self.observe_in_detail();
            self.signal_all(Signal::TERM);
            self.sigterm_sent = Some(Instant::now());
        }
        let is_overdue = self.sigterm_sent.is_some_and(|at| at.elapsed() >= TERMINATION_TIMEOUT);
        if is_overdue && !self.sigkill_sent {
            self.signal_all(Signal::KILL);
            self.sigkill_sent = true;
        }
    }

    /// Sends a signal to the program and to every other process of its session.
    fn signal_all(&self, signal: Signal) {
        let _ = kill_process(self.program, signal);
        for pid in self.session.pids().filter_map(|pid| Pid::from_raw(pid as i32)) {
            if pid != self.program {
                let _ = kill_process(pid, signal);
            }
        }
    }
}
