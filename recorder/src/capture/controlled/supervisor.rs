//! Watches a program while it runs, and ends it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use format::{Stop, control};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tracing::debug;

use super::Limits;
use super::output::Stream;
use crate::capture::Result;
use crate::capture::hang;
use crate::capture::session::Session;
use crate::terminal::cancel::Watch;

/// The shortest time between two looks at the control words.
const MIN_TICK: Duration = Duration::from_millis(1);
/// The longest.
const MAX_TICK: Duration = Duration::from_millis(10);
/// How long the threads of a process that has found a deadlock may take to fall asleep.
const SLEEP_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a process makes no choice before it is suspected to hang in uncontrolled operations.
const STALL_TIMEOUT: Duration = Duration::from_millis(300);

/// Why a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Itself,
    Deadlocked,
    StepLimit,
    TimedOut,
}

/// Watches a program while it runs.
pub(super) struct Supervisor {
    pub(super) session: Session,
    pub(super) child: Child,
    pub(super) pid: u32,
    /// Becomes readable when the program ends.
    pub(super) pidfd: OwnedFd,
    pub(super) streams: Vec<Stream>,
    pub(super) limits: Limits,
    pub(super) started: Instant,
    /// The number of choices, and when it was first seen.
    pub(super) last_step: (u64, Instant),
}

impl Supervisor {
    /// Waits until the run is over; `None` if a signal came.
    pub(super) fn wait(&mut self, watch: &Watch) -> Result<Option<Ended>> {
        let mut tick = MIN_TICK;
        let mut ignores_stop = false;
        loop {
            if self.sleep(tick)? {
                return Ok(Some(Ended::Itself));
            }
            if watch.check().is_err() {
                return Ok(None);
            }
            let stopped = self.session.control_word(control::STOPPED)?;
            match Stop::from_code(stopped as u32).filter(|_| !ignores_stop) {
                Some(Stop::StepLimit) => return Ok(Some(Ended::StepLimit)),
                Some(Stop::Deadlock) => match self.falls_asleep()? {
                    Asleep::Yes => return Ok(Some(Ended::Deadlocked)),
                    Asleep::Ended => return Ok(Some(Ended::Itself)),
                    // What the process knows of its threads was wrong.
                    Asleep::No => ignores_stop = true,
                },
                None => {}
            }
            if self.has_stalled()? && self.is_asleep()? {
                return Ok(Some(Ended::Deadlocked));
            }
            if self.started.elapsed() >= self.limits.timeout {
                self.session.observe_now()?;
                return Ok(Some(Ended::TimedOut));
            }
            if self.started.elapsed() > 50 * tick {
                tick = (2 * tick).min(MAX_TICK);
            }
        }
    }

    /// Waits for this time while it reads the output. Returns whether the program has ended.
    fn sleep(&mut self, time: Duration) -> Result<bool> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let timeout =
                Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let mut files: Vec<_> = [self.pidfd.as_fd()]
                .into_iter()
                .chain(self.streams.iter().filter_map(Stream::open_file))
                .map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN))
                .collect();
            match poll(&mut files, Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                // A signal: the caller checks which.
                Err(Errno::INTR) => return Ok(false),
                Err(error) => return Err(io::Error::from(error).into()),
            }
            let has_ended = !files[0].revents().is_empty();
            for stream in &mut self.streams {
                stream.read()?;
            }
            if has_ended {
                return Ok(true);
            }
        }
    }

    /// Whether the threads of the program, in which none can go on, fall asleep.
    fn falls_asleep(&mut self) -> Result<Asleep> {
        let start = Instant::now();
        while start.elapsed() < SLEEP_TIMEOUT {
            if self.is_asleep()? {
                return Ok(Asleep::Yes);
            }
            if self.sleep(MIN_TICK)? {
                return Ok(Asleep::Ended);
            }
        }
        debug!(pid = self.pid, "goes on although it found a deadlock");
        Ok(Asleep::No)
    }

    /// Whether all threads are asleep. Their state is then in the recording.
    fn is_asleep(&mut self) -> Result<bool> {
        if !hang::is_blocked(self.pid) {
            return Ok(false);
        }
        self.session.observe_now()?;
        // Nobody has woken meanwhile, so the observation is of the hang.
        Ok(hang::is_blocked(self.pid))
    }

    /// Whether the program has made no choice for a while.
    fn has_stalled(&mut self) -> Result<bool> {
        let steps = self.session.control_word(control::STEPS)?;
        if steps != self.last_step.0 {
            self.last_step = (steps, Instant::now());
        }
        Ok(self.last_step.1.elapsed() > STALL_TIMEOUT)
    }

    /// Ends the program, if it has not ended yet, and the processes of its group.
    pub(super) fn kill(&mut self) {
        if self.limits.shares_terminal {
            let _ = self.child.kill();
        } else if let Some(group) = Pid::from_raw(self.pid as i32) {
            // The program is not reaped yet, so the group is still its own.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Whether the threads of a program are asleep.
enum Asleep {
    Yes,
    No,
    /// The program has ended.
    Ended,
}
