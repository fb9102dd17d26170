//! What the threads of a process do, as the operating system sees it.

use std::fs;
use std::io;
use std::path::Path;

/// A thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The operating system's number for it.
    pub id: u64,
    /// Whether it sleeps.
    pub sleep: Sleep,
}

/// Whether a thread sleeps, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// It does not, or until its time is over or something comes from outside the process.
    No,
    /// Until another thread wakes it.
    ForThread,
    /// It does; the system does not say why.
    Unknown,
}

/// The number of the system call `futex`, by which threads wait for each other.
const FUTEX: &str = if cfg!(target_arch = "aarch64") { "98" } else { "202" };

/// The threads of a process, the oldest first.
///
/// # Errors
/// There is no such process.
pub fn tasks(pid: u32) -> io::Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        tasks.push(Task { id, sleep: sleep(&entry.path()) });
    }
    Ok(tasks)
}

fn sleep(task: &Path) -> Sleep {
    match fs::read_to_string(task.join("syscall")) {
        Ok(call) => sleep_in(&call),
        // Where processes may not look at each other closely.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let status = fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = status.rsplit_once(") ").map(|(_, rest)| rest);
            if state.is_some_and(|state| state.starts_with('S')) {
                Sleep::Unknown
            } else {
                Sleep::No
            }
        }
        // It is over.
        Err(_) => Sleep::No,
    }
}

/// What `/proc/…/syscall` says: the call's number and its arguments, or that the thread runs.
fn sleep_in(call: &str) -> Sleep {
    // Where to look, what to do, the value, and for how long: the address of a time, or 0.
    let mut words = call.split_ascii_whitespace();
    match (words.next(), words.nth(3)) {
        (Some(FUTEX), Some("0x0")) => Sleep::ForThread,
        _ => Sleep::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn only_who_waits_for_a_thread_sleeps() {
        let call = |number: &str, time: &str| {
            sleep_in(&format!("{number} 0x55764b5c0dc8 0x89 0x2 {time} 0x0 0x7f00 0x7ffc 0x7f1c\n"))
        };
        assert_eq!(call(FUTEX, "0x0"), Sleep::ForThread);
        assert_eq!(call(FUTEX, "0x7ffc8c271000"), Sleep::No);
        assert_eq!(call("0", "0x0"), Sleep::No);
        assert_eq!(sleep_in("running\n"), Sleep::No);
        assert_eq!(sleep_in("-1 0x7ffc8c2718e8 0x7f1c19a99829\n"), Sleep::No);
        assert_eq!(sleep_in(""), Sleep::No);
    }

    #[test]
    fn this_process_does_not_sleep() {
        let tasks = tasks(process::id()).unwrap();
        assert!(tasks.iter().any(|task| task.sleep == Sleep::No), "{tasks:?}");
        assert!(tasks.iter().any(|task| task.id == u64::from(process::id())), "{tasks:?}");
    }

    #[test]
    fn a_thread_in_recv_sleeps_for_another() {
        let (tell, told) = mpsc::channel();
        let (tx, rx) = mpsc::channel::<()>();
        let waits = thread::spawn(move || {
            tell.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            rx.recv().unwrap_err();
        });
        let task = Path::new("/proc").join(told.recv().unwrap());
        // It is about to.
        while sleep(&task) == Sleep::No {
            thread::yield_now();
        }
        drop(tx);
        waits.join().unwrap();
    }

    #[test]
    fn there_is_no_such_process() {
        assert!(tasks(u32::MAX).is_err());
    }
}
