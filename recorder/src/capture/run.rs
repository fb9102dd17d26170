//! Runs a program under recording.
//!
//! The program has our stdin, stdout and stderr, and is in our process group: what the
//! terminal sends, it gets. What another process sends to us is passed on to it.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::SIGUSR1;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use tracing::{debug, info, info_span};

use crate::analysis::Outsiders;
use crate::capture::hang::{self, Diagnosis, OnDeadlock, Silence};
use crate::capture::session::{Ending, Session, VARIABLE};
use crate::terminal::signals;

/// How often full blocks are looked for.
const IDLE_TICK: Duration = Duration::from_millis(10);
/// How often while there are some, and so long after.
const BUSY_TICK: Duration = Duration::from_micros(500);
const LINGER: Duration = Duration::from_millis(100);
/// How long a program has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How a run has ended.
#[derive(Debug)]
pub struct Finished {
    /// The program's end.
    pub ending: Ending,
    /// Why we have ended it, if we have.
    pub cut: Option<Cut>,
    /// What was known, when it hung, of threads that are not recorded.
    pub outsiders: Outsiders,
    /// Why full blocks could not be moved any more.
    pub trouble: Option<anyhow::Error>,
}

/// Why a program is ended that would have run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Its time was over.
    TimedOut,
    /// It hung.
    Deadlocked,
}

impl Finished {
    /// The exit status to pass on: the program's, 128 + signal, 124 after a timeout, or 123
    /// after a deadlock that was to end it.
    pub fn status(&self) -> u8 {
        match self.ending {
            _ if self.cut == Some(Cut::TimedOut) => 124,
            _ if self.cut == Some(Cut::Deadlocked) => 123,
            Ending { signal: 0, code, .. } => code as u8,
            Ending { signal, .. } => (128 + signal) as u8,
        }
    }
}

/// Recordings that a flight recorder writes while the program runs.
#[derive(Debug)]
pub struct Snapshots {
    /// Where they are, and the begin of their names.
    pub stem: PathBuf,
    /// Is told what was written, or why nothing was.
    pub tell: fn(Result<&Path, &anyhow::Error>),
}

impl Snapshots {
    fn write(&self, session: &mut Session) {
        let path = (1..)
            .map(|number| {
                let mut name = self.stem.clone().into_os_string();
                name.push(format!(".kept-{number}.rec"));
                PathBuf::from(name)
            })
            .find(|path| !path.exists());
        let Some(path) = path else { return };
        (self.tell)(session.write_newest(&path).as_ref().map(|()| path.as_path()));
    }
}

/// What is to be done while a program runs.
#[derive(Debug)]
pub struct Care {
    /// After so long it is ended.
    pub timeout: Option<Duration>,
    /// What happens if it hangs.
    pub on_deadlock: OnDeadlock,
    /// If it has a flight recorder.
    pub snapshots: Option<Snapshots>,
    /// Is told what is wrong with a program that hangs, while it does.
    pub say: fn(&dyn Display),
}

/// What can happen while a program runs.
enum News {
    Ended,
    Signal(Origin),
    /// A process has been silent for long. What there is to say of it, if it hangs.
    Diagnosed(u32, Option<Diagnosis>),
}

/// Runs `command` and drains what it records, until it ends or is ended.
///
/// # Errors
/// The program cannot be started.
pub fn run(mut command: Command, session: &mut Session, care: &Care) -> Result<Finished> {
    let _span = info_span!("run", program = %command.get_program().display()).entered();
    let Care { timeout, on_deadlock, snapshots, say } = care;
    let asks = snapshots.as_ref().map(|_| SIGUSR1);
    // They would end us before the recording is collected.
    let mut signals = SignalsInfo::<WithOrigin>::new(signals::that_end().chain(asks))?;
    let handle = signals.handle();
    let mut child = command
        .env(VARIABLE, session.directory())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let pid = Pid::from_child(&child);
    info!(pid = pid.as_raw_pid(), session = %session.directory().display(), "started");

    let (tell, told) = mpsc::channel();
    let listener = thread::spawn({
        let tell = tell.clone();
        move || {
            for origin in &mut signals {
                if tell.send(News::Signal(origin)).is_err() {
                    break;
                }
            }
        }
    });
    thread::spawn({
        let tell = tell.clone();
        move || wait_for(pid, &tell)
    });

    let started = Instant::now();
    let mut silence = Silence::new(started);
    let mut cut = None;
    let mut outsiders = Outsiders::Unknown;
    let mut asked_to_end = None;
    let mut killed = false;
    let mut trouble = None;
    let mut tick = BUSY_TICK;
    let mut busy = started;
    let mut asked = 0;
    let mut written = 0;
    loop {
        let mut asked_by_signal = 0;
        match told.recv_timeout(tick) {
            Ok(News::Ended) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(News::Signal(Origin { signal: SIGUSR1, .. })) => asked_by_signal = 1,
            Ok(News::Signal(origin)) => {
                debug!(signal = origin.signal, cause = ?origin.cause, "signalled");
                // The terminal has sent it to the program as well.
                if matches!(origin.cause, Cause::Sent(_))
                    && let Some(signal) = Signal::from_named_raw(origin.signal)
                {
                    let _ = kill_process(pid, signal);
                }
            }
            Ok(News::Diagnosed(pid, diagnosis)) => {
                if let Some(diagnosis) = diagnosis
                    && still_hangs(session, &mut silence, pid)
                {
                    say(&format_args!("recorder: the program hangs\n{}", diagnosis.text));
                    outsiders = diagnosis.outsiders;
                    if *on_deadlock == OnDeadlock::Kill && cut.is_none() {
                        cut = Some(Cut::Deadlocked);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if trouble.is_none() {
            match session.drain() {
                Ok(0) if busy.elapsed() > LINGER => tick = IDLE_TICK,
                Ok(0) => {}
                Ok(_) => (tick, busy) = (BUSY_TICK, Instant::now()),
                Err(error) => trouble = Some(error),
            }
        }
        if trouble.is_none() && cut.is_none() && silence.is_due(Instant::now()) {
            suspect(session, &mut silence, &tell);
        }
        if let Some(snapshots) = snapshots {
            asked += asked_by_signal;
            let wanted = asked + session.asked_to_keep().unwrap_or_default();
            if written < wanted {
                written = wanted;
                snapshots.write(session);
            }
        }
        if cut.is_none() && timeout.is_some_and(|timeout| started.elapsed() >= timeout) {
            cut = Some(Cut::TimedOut);
        }
        if cut.is_some() {
            let asked = *asked_to_end.get_or_insert_with(|| {
                end_all(pid, session, Signal::TERM);
                Instant::now()
            });
            if asked.elapsed() >= GRACE && !killed {
                end_all(pid, session, Signal::KILL);
                killed = true;
            }
        }
    }
    let now = clock_gettime(ClockId::Monotonic);
    let status = child.wait()?;
    handle.close();
    let _ = listener.join();

    let ending = Ending {
        pid: pid.as_raw_pid() as u32,
        monotonic_ns: now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64,
        code: status.code().unwrap_or_default() as u32,
        signal: std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default() as u32,
    };
    info!(code = ending.code, signal = ending.signal, ?cut, "ended");
    Ok(Finished { ending, cut, outsiders, trouble })
}

/// Looks for processes that may hang, and has what they have recorded analysed: beside what
/// there is to do meanwhile, as that can take a while.
fn suspect(session: &mut Session, silence: &mut Silence, tell: &Sender<News>) {
    let now = Instant::now();
    // What cannot be read now is not what matters most about a program that runs.
    let Ok(progress) = session.progress() else { return };
    for pid in silence.look(&progress, now, Instant::now()) {
        let Some(tasks) = hang::tasks(pid).ok().filter(|tasks| hang::all_sleep(tasks)) else {
            continue;
        };
        let Ok(recording) = session.snapshot() else { return };
        silence.suspect(pid);
        debug!(pid, "may hang");
        let tell = tell.clone();
        thread::spawn(move || {
            let diagnosis = hang::diagnose(&recording, pid, &tasks).ok().flatten();
            // Nobody listens if the program has ended meanwhile.
            let _ = tell.send(News::Diagnosed(pid, diagnosis));
        });
    }
}

/// Whether a process that was suspected has not gone on since.
fn still_hangs(session: &Session, silence: &mut Silence, pid: u32) -> bool {
    let now = Instant::now();
    let Ok(progress) = session.progress() else { return false };
    silence.look(&progress, now, Instant::now());
    silence.is_suspect(pid) && hang::tasks(pid).is_ok_and(|tasks| hang::all_sleep(&tasks))
}

/// Sends a signal to the program and to every process of its session.
fn end_all(program: Pid, session: &Session, signal: Signal) {
    let _ = kill_process(program, signal);
    for pid in session.pids().filter_map(|pid| Pid::from_raw(pid as i32)) {
        if pid != program {
            let _ = kill_process(pid, signal);
        }
    }
}

/// Waits for the program's end and leaves it to be waited for again: until then nobody
/// else has its process number.
fn wait_for(pid: Pid, tell: &Sender<News>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
    // Nobody listens if the run was given up.
    let _ = tell.send(News::Ended);
}
