//! Runs a program under recording.
//!
//! The program has our stdin, stdout and stderr, and is in our process group: what the
//! terminal sends, it gets. What another process sends to us is passed on to it.

use std::fs;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::session::{Ending, Session, VARIABLE};

/// How often full blocks are looked for, at least.
const TICK: Duration = Duration::from_millis(20);
/// How often, while there are some.
const BUSY_TICK: Duration = Duration::from_millis(1);
/// How long a program has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How a run has ended.
#[derive(Debug)]
pub struct Finished {
    /// The program's end.
    pub ending: Ending,
    /// Whether the timeout ended it.
    pub timed_out: bool,
    /// Why full blocks could not be moved any more.
    pub trouble: Option<anyhow::Error>,
}

impl Finished {
    /// The exit status to pass on: the program's, 128 + signal, or 124 after a timeout.
    pub fn status(&self) -> u8 {
        match self.ending {
            _ if self.timed_out => 124,
            Ending { signal: 0, code, .. } => code as u8,
            Ending { signal, .. } => (128 + signal) as u8,
        }
    }
}

/// What can happen while a program runs.
enum News {
    Ended,
    Signal(Origin),
}

/// Runs `command` and drains what it records, until it ends or `timeout` is over.
///
/// # Errors
/// The program cannot be started.
pub fn run(
    mut command: Command,
    session: &mut Session,
    timeout: Option<Duration>,
) -> Result<Finished> {
    let mut signals = SignalsInfo::<WithOrigin>::new(signals_to_survive())?;
    let handle = signals.handle();
    let mut child = command
        .env(VARIABLE, session.directory())
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let pid = Pid::from_child(&child);

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
    thread::spawn(move || wait_for(pid, &tell));

    let started = Instant::now();
    let mut timed_out = false;
    let mut killed = false;
    let mut trouble = None;
    let mut tick = TICK;
    loop {
        match told.recv_timeout(tick) {
            Ok(News::Ended) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(News::Signal(origin)) => {
                // The terminal has sent it to the program as well.
                if matches!(origin.cause, Cause::Sent(_))
                    && let Some(signal) = Signal::from_named_raw(origin.signal)
                {
                    let _ = kill_process(pid, signal);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if trouble.is_none() {
            match session.drain() {
                Ok(0) => tick = TICK,
                Ok(_) => tick = BUSY_TICK,
                Err(error) => trouble = Some(error),
            }
        }
        let over = timeout.and_then(|timeout| started.elapsed().checked_sub(timeout));
        if let Some(over) = over {
            if !timed_out {
                end_all(pid, session, Signal::TERM);
                timed_out = true;
            }
            if over >= GRACE && !killed {
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
    Ok(Finished { ending, timed_out, trouble })
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

/// The signals that would end us before the recording is collected. One that is ignored
/// (as under `nohup`) stays so, for the program as well.
fn signals_to_survive() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
    all.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}
