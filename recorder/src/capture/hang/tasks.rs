//! The threads of a process, as reported by the operating system.

use std::fs;
use std::io;
use std::path::Path;

use crate::capture::threads::Call;

/// The IDs of a process's threads, the oldest first, if all of them are blocked until another
/// thread wakes them.
pub(crate) fn blocked_threads(pid: u32) -> Option<Vec<u64>> {
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let entry = entry.ok()?;
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            threads.push(id);
            if !is_blocked(&entry.path()) {
                return None;
            }
        }
    }
    (!threads.is_empty()).then_some(threads)
}

/// Whether a thread waits for another thread: no timeout and no event from outside the process ends
/// its sleep, as far as the system reports that.
fn is_blocked(task: &Path) -> bool {
    match fs::read_to_string(task.join("syscall")) {
        Ok(call) => Call::parse(&call).is_some_and(|call| call.is_endless_futex()),
        // The system does not let processes inspect each other.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let status = fs::read_to_string(task.join("stat")).unwrap_or_default();
            let state = status.rsplit_once(") ").map(|(_, rest)| rest);
            state.is_some_and(|state| state.starts_with('S'))
        }
        // The thread has ended.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn one_runnable_thread_means_that_not_all_are_blocked() {
        assert_eq!(blocked_threads(process::id()), None);
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
        while !is_blocked(&task) {
            thread::yield_now();
        }
        drop(tx);
        waiter.join().unwrap();
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_blocked_threads() {
        assert_eq!(blocked_threads(u32::MAX), None);
    }
}
