//! The threads of a process, as reported by the operating system.

use std::fs;
use std::io;
use std::path::Path;

/// A thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// The thread ID.
    pub(crate) id: u64,
    /// Whether it is blocked.
    pub(crate) blocked: Blocked,
}

/// Whether a thread is blocked until another thread wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// It runs, or a timeout or an event from outside the process ends its sleep.
    No,
    /// It waits for another thread.
    OnThread,
    /// It sleeps, and the system does not report why.
    Unknown,
}

/// The number of the system call `futex`, in which threads wait for each other.
const FUTEX: &str = if cfg!(target_arch = "aarch64") { "98" } else { "202" };

/// Lists the threads of a process, the oldest first.
///
/// # Errors
/// There is no such process.
pub(crate) fn tasks(pid: u32) -> io::Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        tasks.push(Task { id, blocked: blocked(&entry.path()) });
    }
    Ok(tasks)
}

fn blocked(task: &Path) -> Blocked {
    match fs::read_to_string(task.join("syscall")) {
        Ok(call) => blocked_in(&call),
        // The system does not let processes inspect each other.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let status = fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = status.rsplit_once(") ").map(|(_, rest)| rest);
            if state.is_some_and(|state| state.starts_with('S')) {
                Blocked::Unknown
            } else {
                Blocked::No
            }
        }
        // The thread has ended.
        Err(_) => Blocked::No,
    }
}

/// Reads `/proc/…/syscall`: the system call's number and arguments, or `running`.
fn blocked_in(call: &str) -> Blocked {
    // The fourth argument of `futex` is the address of its timeout, or 0.
    let mut words = call.split_ascii_whitespace();
    match (words.next(), words.nth(3)) {
        (Some(FUTEX), Some("0x0")) => Blocked::OnThread,
        _ => Blocked::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn only_a_futex_without_a_timeout_blocks_on_a_thread() {
        let call = |number: &str, time: &str| {
            blocked_in(&format!(
                "{number} 0x55764b5c0dc8 0x89 0x2 {time} 0x0 0x7f00 0x7ffc 0x7f1c\n"
            ))
        };
        assert_eq!(call(FUTEX, "0x0"), Blocked::OnThread);
        assert_eq!(call(FUTEX, "0x7ffc8c271000"), Blocked::No);
        assert_eq!(call("0", "0x0"), Blocked::No);
        assert_eq!(blocked_in("running\n"), Blocked::No);
        assert_eq!(blocked_in("-1 0x7ffc8c2718e8 0x7f1c19a99829\n"), Blocked::No);
        assert_eq!(blocked_in(""), Blocked::No);
    }

    #[test]
    fn the_thread_that_lists_the_tasks_is_not_blocked() {
        let tasks = tasks(process::id()).unwrap();
        assert!(tasks.iter().any(|task| task.blocked == Blocked::No), "{tasks:?}");
        assert!(tasks.iter().any(|task| task.id == u64::from(process::id())), "{tasks:?}");
    }

    #[test]
    fn a_thread_in_recv_is_blocked_on_a_thread() {
        let (task_sender, task_receiver) = mpsc::channel();
        let (tx, rx) = mpsc::channel::<()>();
        let waiter = thread::spawn(move || {
            task_sender.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            rx.recv().unwrap_err();
        });
        let task = Path::new("/proc").join(task_receiver.recv().unwrap());
        // The thread is about to call `recv`.
        while blocked(&task) == Blocked::No {
            thread::yield_now();
        }
        drop(tx);
        waiter.join().unwrap();
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_tasks() {
        assert!(tasks(u32::MAX).is_err());
    }
}
