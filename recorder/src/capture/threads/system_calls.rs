//! The system calls in which threads wait.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::descriptors::Descriptors;
use super::task::read_file;
use crate::reading::catalog::WAITS_FOR_THREAD;

/// A system call in which threads wait.
struct SystemCall {
    /// Its numbers on x86-64 and on aarch64, if it exists there.
    numbers: [Option<u32>; 2],
    name: &'static str,
    /// Whether its first argument is the descriptor of the file that the thread waits for.
    has_descriptor: bool,
}

const fn call(x86_64: u32, aarch64: u32, name: &'static str) -> SystemCall {
    SystemCall { numbers: [Some(x86_64), Some(aarch64)], name, has_descriptor: false }
}

const fn on_file(x86_64: u32, aarch64: u32, name: &'static str) -> SystemCall {
    SystemCall { has_descriptor: true, ..call(x86_64, aarch64, name) }
}

/// A call that only x86-64 has.
const fn old(x86_64: u32, name: &'static str) -> SystemCall {
    SystemCall { numbers: [Some(x86_64), None], ..call(0, 0, name) }
}

/// From `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl` of Linux.
const SYSTEM_CALLS: &[SystemCall] = &[
    on_file(0, 63, "read"),
    on_file(1, 64, "write"),
    on_file(17, 67, "pread64"),
    on_file(18, 68, "pwrite64"),
    on_file(19, 65, "readv"),
    on_file(20, 66, "writev"),
    on_file(16, 29, "ioctl"),
    on_file(42, 203, "connect"),
    on_file(43, 202, "accept"),
    on_file(44, 206, "sendto"),
    on_file(45, 207, "recvfrom"),
    on_file(46, 211, "sendmsg"),
    on_file(47, 212, "recvmsg"),
    on_file(72, 25, "fcntl"),
    on_file(73, 32, "flock"),
    on_file(74, 82, "fsync"),
    on_file(75, 83, "fdatasync"),
    on_file(288, 242, "accept4"),
    on_file(299, 243, "recvmmsg"),
    on_file(307, 269, "sendmmsg"),
    old(2, "open"),
    old(7, "poll"),
    old(23, "select"),
    old(34, "pause"),
    old(232, "epoll_wait"),
    call(24, 124, "sched_yield"),
    call(26, 227, "msync"),
    call(35, 101, "nanosleep"),
    call(40, 71, "sendfile"),
    call(61, 260, "wait4"),
    call(65, 193, "semop"),
    call(70, 188, "msgrcv"),
    call(128, 137, "rt_sigtimedwait"),
    call(130, 133, "rt_sigsuspend"),
    call(202, 98, "futex"),
    call(208, 4, "io_getevents"),
    call(219, 128, "restart_syscall"),
    call(220, 192, "semtimedop"),
    call(230, 115, "clock_nanosleep"),
    call(247, 95, "waitid"),
    call(257, 56, "openat"),
    call(270, 72, "pselect6"),
    call(271, 73, "ppoll"),
    call(275, 76, "splice"),
    call(281, 22, "epoll_pwait"),
    call(426, 426, "io_uring_enter"),
    call(441, 441, "epoll_pwait2"),
    call(449, 449, "futex_waitv"),
    call(455, 455, "futex_wait"),
];

/// The architecture in [`SystemCall::numbers`].
const ARCHITECTURE: usize = if cfg!(target_arch = "aarch64") { 1 } else { 0 };

/// The number of the system call `futex`, in which threads wait for each other.
const FUTEX: u32 = [202, 98][ARCHITECTURE];

/// The system call that a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) struct Call {
    pub(super) number: u32,
    arguments: [u64; 6],
}

impl Call {
    /// Reads the system call that a thread is in; `None` if it is in none, or if that is not known.
    pub(super) fn read(tasks: &OwnedFd, id: u64) -> Option<Self> {
        Call::try_read(tasks, id).ok().flatten()
    }

    /// Reads the system call that a thread is in; `None` if it is in none.
    ///
    /// # Errors
    /// The thread has ended, or the system does not permit it.
    fn try_read(tasks: &OwnedFd, id: u64) -> Result<Option<Self>, Errno> {
        let mut buffer = [0; 256];
        let call = read_file(tasks, &format!("{id}/syscall"), &mut buffer)?;
        Ok(str::from_utf8(call).ok().and_then(Call::parse))
    }

    /// Parses `syscall`: the call's number and arguments, or `running`, or -1 outside of a call.
    pub(in crate::capture) fn parse(call: &str) -> Option<Self> {
        let mut words = call.split_ascii_whitespace();
        let number = words.next()?.parse().ok()?;
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        }
        Some(Call { number, arguments })
    }

    /// Whether it is a wait for another thread that has no timeout.
    pub(in crate::capture) fn is_endless_futex(&self) -> bool {
        // The fourth argument is the address of the timeout, or 0.
        self.number == FUTEX && self.arguments[3] == 0
    }

    /// `in read on a pipe`
    pub(super) fn activity(&self, descriptors: &mut Descriptors) -> String {
        if self.number == FUTEX {
            let is_endless = self.is_endless_futex();
            return if is_endless { WAITS_FOR_THREAD } else { "in futex with a timeout" }.into();
        }
        let mut known = SYSTEM_CALLS.iter();
        match known.find(|call| call.numbers[ARCHITECTURE] == Some(self.number)) {
            None => format!("in system call {}", self.number),
            Some(SystemCall { name, has_descriptor, .. }) => {
                let file = has_descriptor.then(|| descriptors.describe(self.arguments[0]));
                match file.flatten() {
                    Some(file) => format!("in {name} on {file}"),
                    None => format!("in {name}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn activity(call: &str) -> Option<String> {
        let mut descriptors = Descriptors::new(u32::MAX);
        Call::parse(call).map(|call| call.activity(&mut descriptors))
    }

    #[test]
    fn no_number_has_two_names() {
        for architecture in [0, 1] {
            let mut numbers = HashSet::new();
            let all = SYSTEM_CALLS.iter().filter_map(|call| call.numbers[architecture]);
            assert!(all.into_iter().all(|number| numbers.insert(number)));
        }
        let names: HashSet<_> = SYSTEM_CALLS.iter().map(|call| call.name).collect();
        assert_eq!(names.len(), SYSTEM_CALLS.len());
        let futex = SYSTEM_CALLS.iter().find(|call| call.name == "futex").unwrap();
        assert_eq!(futex.numbers[ARCHITECTURE], Some(FUTEX));
    }

    #[test]
    fn only_a_futex_without_a_timeout_blocks_on_a_thread() {
        let call = |number: u32, time: &str| {
            let call =
                format!("{number} 0x55764b5c0dc8 0x89 0x2 {time} 0x0 0x7f00 0x7ffc 0x7f1c\n");
            (Call::parse(&call).unwrap().is_endless_futex(), activity(&call).unwrap())
        };
        assert_eq!(call(FUTEX, "0x0"), (true, "in futex without a timeout".into()));
        assert_eq!(call(FUTEX, "0x7ffc8c271000"), (false, "in futex with a timeout".into()));
        let sleep = [230, 115][ARCHITECTURE];
        assert_eq!(call(sleep, "0x0"), (false, "in clock_nanosleep".into()));
        assert_eq!(call(999, "0x0"), (false, "in system call 999".into()));
        // The file is not known.
        let read = [0, 63][ARCHITECTURE];
        assert_eq!(call(read, "0x0"), (false, "in read".into()));
    }

    #[test]
    fn outside_of_a_system_call_there_is_none() {
        for call in ["running\n", "-1 0x7ffc8c2718e8 0x7f1c19a99829\n", "", "0 0x1 0x2\n", "0 1 2"]
        {
            assert_eq!(Call::parse(call), None, "{call}");
        }
    }
}
