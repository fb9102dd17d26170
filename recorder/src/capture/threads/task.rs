//! The state and the processor time of a thread: its `stat` and `schedstat` in `/proc`.

use std::os::fd::{AsFd, OwnedFd};

use format::ThreadState;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, read};

/// Nanoseconds in a tick of the starts of threads: 1/100 s on every system.
const TICK_NANOS: u64 = 10_000_000;
/// The flag of a thread that is ending: `PF_EXITING` of Linux.
const EXITING: u64 = 0x4;
/// The bit of SIGKILL in a set of signals.
const SIGKILL: u64 = 1 << 8;

/// A thread, as the system reports it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) state: ThreadState,
    /// Whether it is ending.
    pub(super) is_exiting: bool,
    /// Whether it will be killed, as all threads are when their process ends.
    pub(super) is_killed: bool,
    /// When it started, in ticks since boot.
    pub(super) start_ticks: u64,
    /// Time on a processor, or 0 if it is not known.
    pub(super) on_cpu_ns: u64,
    /// Time in which it was ready to run and waited for a processor, or 0.
    pub(super) ready_ns: u64,
}

impl Task {
    /// Reads the files of a thread in its process's directory of threads; `None` if it has ended.
    pub(super) fn read(tasks: &OwnedFd, id: u64) -> Option<Self> {
        let mut buffer = [0; 1024];
        let mut task = Task::parse(read_file(tasks, &format!("{id}/stat"), &mut buffer).ok()?)?;
        // Some systems do not count it.
        if let Ok(times) = read_file(tasks, &format!("{id}/schedstat"), &mut buffer)
            && let Ok(times) = str::from_utf8(times)
        {
            let mut times = times.split_ascii_whitespace().map_while(|time| time.parse().ok());
            task.on_cpu_ns = times.next().unwrap_or(0);
            task.ready_ns = times.next().unwrap_or(0);
        }
        Some(task)
    }

    /// Parses `stat`; see proc_pid_stat(5).
    fn parse(stat: &[u8]) -> Option<Self> {
        let stat = String::from_utf8_lossy(stat);
        // The name is in parentheses, and may contain some.
        let (start, rest) = stat.rsplit_once(") ")?;
        let (_, name) = start.split_once('(')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The fields are numbered from 1; the third is the first after the name.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |field: Option<&str>| field.and_then(|field| field.parse::<u64>().ok());
        let state = match field(3)? {
            "R" => ThreadState::Running,
            "S" => ThreadState::Sleeping,
            "D" => ThreadState::Uninterruptible,
            "T" | "t" => ThreadState::Stopped,
            "Z" | "X" => ThreadState::Ended,
            _ => ThreadState::Unknown,
        };
        let flags = number(field(9))?;
        let pending = number(field(31)).unwrap_or(0);
        Some(Task {
            name: name.to_owned(),
            state,
            is_exiting: flags & EXITING != 0 || state == ThreadState::Ended,
            is_killed: pending & SIGKILL != 0,
            start_ticks: number(field(22))?,
            on_cpu_ns: 0,
            ready_ns: 0,
        })
    }

    /// When it started, in nanoseconds since boot.
    pub(super) fn started_since_boot(&self) -> u64 {
        self.start_ticks.saturating_mul(TICK_NANOS)
    }
}

/// Reads a file of `/proc`, or its start. The files that are read here are made anew by each read
/// from their start, so that one call is enough.
pub(super) fn read_file<'b>(
    directory: impl AsFd,
    path: &str,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Errno> {
    let file = openat(directory, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let length = read(&file, &mut *buffer)?;
    Ok(&buffer[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "17 42 17 0 -1 4194368 9 0 0 0 1 2 0 0 20 0 3 0 912345 1048576 200 \
                        18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0";

    #[test]
    fn a_name_may_contain_parentheses() {
        let task = Task::parse(format!("42 (a) S (b) S {REST}\n").as_bytes()).unwrap();
        assert_eq!((&*task.name, task.state), ("a) S (b", ThreadState::Sleeping));
        assert_eq!(task.started_since_boot(), 9_123_450_000_000);
        assert!(!task.is_exiting && !task.is_killed);
    }

    #[test]
    fn states_have_letters() {
        for (letter, state) in [
            ("R", ThreadState::Running),
            ("D", ThreadState::Uninterruptible),
            ("t", ThreadState::Stopped),
            ("Z", ThreadState::Ended),
            ("P", ThreadState::Unknown),
        ] {
            let task = Task::parse(format!("42 (x) {letter} {REST}").as_bytes()).unwrap();
            assert_eq!(task.state, state, "{letter}");
        }
    }

    #[test]
    fn a_process_that_ends_kills_its_threads() {
        let killed = REST.replace("1 1 0 0 0 0 0 4096", "1 1 0 0 0 256 0 4096");
        let task = Task::parse(format!("42 (x) S {killed}").as_bytes()).unwrap();
        assert!(task.is_killed && !task.is_exiting);
        let exiting = REST.replace("4194368", "4194372");
        let task = Task::parse(format!("42 (x) R {exiting}").as_bytes()).unwrap();
        assert!(task.is_exiting && !task.is_killed);
    }

    #[test]
    fn a_file_that_is_not_a_stat_is_no_thread() {
        for stat in ["", "42", "42 (x) ", "42 (x) S 1 2", "42 (x"] {
            assert_eq!(Task::parse(stat.as_bytes()), None, "{stat}");
        }
    }
}
