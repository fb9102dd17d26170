//! The threads of a process, as reported by the operating system.

use std::fs;
use std::io;
use std::path::Path;

use crate::capture::threads::Call;

/// Whether all threads of a process are blocked until another thread wakes them.
pub(crate) fn is_blocked(pid: u32) -> bool {
    let Ok(mut threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.all(|thread| thread.is_ok_and(|thread| is_thread_blocked(&thread.path())))
}

/// Whether a thread waits for another thread: no timeout and no event from outside the process ends
/// its sleep, as far as the system reports that.
fn is_thread_blocked(task: &Path) -> bool {
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
        assert!(!is_blocked(process::id()));
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
        while !is_thread_blocked(&task) {
            thread::yield_now();
        }
        drop(tx);
        waiter.join().unwrap();
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_blocked_threads() {
        assert!(!is_blocked(u32::MAX));
    }
}
