//! Whether a thread waits in the kernel until a certain time.

/// A system call that can wait until a certain time.
struct SystemCall {
    /// Its numbers on x86-64 and on aarch64, if it exists there.
    numbers: [Option<i64>; 2],
    timeout: Timeout,
}

/// How a system call is given its timeout.
#[derive(Clone, Copy)]
enum Timeout {
    /// Always.
    Always,
    /// As the address of a time in this argument, unless it is 0.
    At(usize),
    /// As milliseconds in this argument, unless they are negative.
    Milliseconds(usize),
}

const fn call(x86_64: i64, aarch64: i64, timeout: Timeout) -> SystemCall {
    SystemCall { numbers: [Some(x86_64), Some(aarch64)], timeout }
}

/// A call that only x86-64 has.
const fn old(x86_64: i64, timeout: Timeout) -> SystemCall {
    SystemCall { numbers: [Some(x86_64), None], timeout }
}

/// From `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl` of Linux. A timeout of a
/// socket is not among the arguments of the calls that wait for it.
const SYSTEM_CALLS: &[SystemCall] = &[
    old(7, Timeout::Milliseconds(2)),        // poll
    old(23, Timeout::At(4)),                 // select
    call(35, 101, Timeout::Always),          // nanosleep
    call(128, 137, Timeout::At(2)),          // rt_sigtimedwait
    call(202, 98, Timeout::At(3)),           // futex
    call(219, 128, Timeout::Always),         // restart_syscall: one of these goes on
    call(220, 192, Timeout::At(3)),          // semtimedop
    call(230, 115, Timeout::Always),         // clock_nanosleep
    old(232, Timeout::Milliseconds(3)),      // epoll_wait
    call(270, 72, Timeout::At(4)),           // pselect6
    call(271, 73, Timeout::At(2)),           // ppoll
    call(281, 22, Timeout::Milliseconds(3)), // epoll_pwait
    call(441, 441, Timeout::At(3)),          // epoll_pwait2
    call(449, 449, Timeout::At(3)),          // futex_waitv
];

/// The architecture in [`SystemCall::numbers`].
const ARCHITECTURE: usize = if cfg!(target_arch = "aarch64") { 1 } else { 0 };

/// Whether a thread of this process waits in the kernel, and no longer than until a certain time. Returns
/// false if that is not known.
pub(crate) fn waits_with_timeout(os_id: u64) -> bool {
    let call = std::fs::read_to_string(format!("/proc/self/task/{os_id}/syscall"));
    call.is_ok_and(|call| has_timeout(&call) == Some(true))
}

/// The same for the content of the file `syscall`: the call's number and arguments, or `running`, or -1
/// outside of a call.
fn has_timeout(text: &str) -> Option<bool> {
    let mut words = text.split_ascii_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let call = SYSTEM_CALLS.iter().find(|call| call.numbers[ARCHITECTURE] == Some(number))?;
    let mut argument = |index| {
        let word: &str = words.nth(index)?;
        u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
    };
    Some(match call.timeout {
        Timeout::Always => true,
        Timeout::At(index) => argument(index)? != 0,
        Timeout::Milliseconds(index) => argument(index)? as i32 >= 0,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::super::{is_asleep, thread_id};
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_timeout_is_among_the_arguments() {
        let futex = |timeout| format!("202 0x7f00 0x80 0x2 {timeout} 0x0 0x0 0x7ffe 0x7f01");
        assert_eq!(has_timeout(&futex("0x0")), Some(false));
        assert_eq!(has_timeout(&futex("0x7ffe1000")), Some(true));
        let poll = |timeout| format!("7 0x7f00 0x1 {timeout} 0x0 0x0 0x0 0x7ffe 0x7f01");
        assert_eq!(has_timeout(&poll("0xffffffff")), Some(false));
        assert_eq!(has_timeout(&poll("0x64")), Some(true));
        assert_eq!(has_timeout("0 0x3 0x7f00 0x400 0x0 0x0 0x0 0x7ffe 0x7f01"), None);
        assert_eq!(has_timeout("running"), None);
        assert_eq!(has_timeout("-1 0x7ffe 0x7f01"), None);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_numbers_are_those_of_the_system() {
        let known = [
            libc::SYS_poll,
            libc::SYS_select,
            libc::SYS_nanosleep,
            libc::SYS_rt_sigtimedwait,
            libc::SYS_futex,
            libc::SYS_restart_syscall,
            libc::SYS_semtimedop,
            libc::SYS_clock_nanosleep,
            libc::SYS_epoll_wait,
            libc::SYS_pselect6,
            libc::SYS_ppoll,
            libc::SYS_epoll_pwait,
            libc::SYS_epoll_pwait2,
            libc::SYS_futex_waitv,
        ];
        assert!(SYSTEM_CALLS.iter().map(|call| call.numbers[0]).eq(known.map(Some)));
    }

    #[test]
    fn a_thread_that_sleeps_is_seen_and_one_that_waits_for_a_message_is_not() {
        let (ids, id) = mpsc::channel();
        let sleeps = {
            let ids = ids.clone();
            move || {
                ids.send(thread_id()).unwrap();
                thread::sleep(Duration::from_secs(3600));
            }
        };
        let (_sender, receiver) = mpsc::channel::<()>();
        let waits = move || {
            ids.send(thread_id()).unwrap();
            receiver.recv().unwrap();
        };
        let asleep = |task: Box<dyn FnOnce() + Send>| {
            thread::spawn(task);
            let id = id.recv().unwrap();
            while !is_asleep(id) {
                thread::yield_now();
            }
            id
        };
        assert!(waits_with_timeout(asleep(Box::new(sleeps))));
        assert!(!waits_with_timeout(asleep(Box::new(waits))));
    }
}
