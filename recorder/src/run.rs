//! Runs a program under recording.
//!
//! The program has our stdin, stdout and stderr, and is in our process group: what the
//! terminal sends, it gets. What another process sends to us is passed on to it.

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

use crate::session::{Ending, Session, VARIABLE};
use crate::signals;

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
    snapshots: Option<&Snapshots>,
) -> Result<Finished> {
    let _span = info_span!("run", program = %command.get_program().display()).entered();
    let asks = snapshots.map(|_| SIGUSR1);
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
    thread::spawn(move || wait_for(pid, &tell));

    let started = Instant::now();
    let mut timed_out = false;
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
        if let Some(snapshots) = snapshots {
            asked += asked_by_signal;
            let wanted = asked + session.asked_to_keep().unwrap_or_default();
            if written < wanted {
                written = wanted;
                snapshots.write(session);
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
    info!(code = ending.code, signal = ending.signal, timed_out, "ended");
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
