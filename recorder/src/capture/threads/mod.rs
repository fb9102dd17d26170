//! Observes the threads of a process from outside: through `/proc`, which reports what they do
//! also when they do nothing that is recorded.
//!
//! A [plain](Detail::States) observation reads two small files for each thread. A
//! [detailed](Detail::Activities) one also reads the system call that each thread is in, and finds
//! out which file or socket the call is about. If the system does not permit that, the observation
//! contains less. Without `/proc` there are no observations.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use format::{Event, NO_SYSCALL, ThreadState};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::time::{ClockId, clock_gettime};

mod descriptors;
mod schedule;
mod system_calls;
mod task;

use descriptors::Descriptors;
pub(super) use schedule::Schedule;
pub(super) use system_calls::Call;
use task::Task;

/// How much an observation contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The state and the processor time of each thread.
    States,
    /// What each thread does, too.
    Activities,
}

/// A process that is observed.
#[derive(Debug)]
pub(super) struct ObservedProcess {
    pid: u32,
    /// When it started to record, by the monotonic clock in nanoseconds.
    recording_since: u64,
    /// When it was found to have ended, by the monotonic clock in nanoseconds. Its process ID may be
    /// that of another process by now.
    pub(super) gone_at: Option<u64>,
    /// By thread ID and start in ticks: the start and the processor time as of the last observation.
    known: HashMap<(u64, u64), Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// By the monotonic clock in nanoseconds. It is converted once: the distance between the two
    /// clocks changes when the machine is suspended.
    started_ns: u64,
    on_cpu_ns: u64,
}

/// All threads of a process at an instant.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    monotonic_ns: u64,
    threads: Vec<Observed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Observed {
    id: u64,
    state: ThreadState,
    syscall: u32,
    on_cpu_ns: u64,
    ready_ns: u64,
    started_ns: u64,
    name: String,
    activity: String,
}

impl Observation {
    /// Whether nothing has changed from this observation to that one.
    pub(super) fn is_still(&self, later: &Observation) -> bool {
        self.threads == later.threads
    }

    /// The events that describe it.
    pub(super) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let monotonic_ns = self.monotonic_ns;
        let threads = self.threads.len() as u32;
        let observed = self.threads.iter().map(move |thread| Event::ThreadObserved {
            os_id: thread.id,
            monotonic_ns,
            state: thread.state as u32,
            syscall: thread.syscall,
            on_cpu_ns: thread.on_cpu_ns,
            ready_ns: thread.ready_ns,
            started_ns: thread.started_ns,
            name: &thread.name,
            detail: &thread.activity,
        });
        [Event::ThreadsCounted { monotonic_ns, threads }].into_iter().chain(observed)
    }
}

impl ObservedProcess {
    /// A process that has started to record at `recording_since`, by the monotonic clock in
    /// nanoseconds.
    pub(super) fn new(pid: u32, recording_since: u64) -> Self {
        ObservedProcess { pid, recording_since, gone_at: None, known: HashMap::new() }
    }

    /// Observes the process; `None` if it has ended or ends just now, or the system does not
    /// report its threads.
    pub(super) fn observe(&mut self, detail: Detail) -> Option<Observation> {
        if self.gone_at.is_some() {
            return None;
        }
        let directory = format!("/proc/{}/task", self.pid);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (Ok(entries), Ok(tasks)) =
            (fs::read_dir(&directory), openat(CWD, &directory, flags, Mode::empty()))
        else {
            self.gone_at = Some(now(ClockId::Monotonic));
            return None;
        };
        let now = now(ClockId::Monotonic);
        let since_boot = now_since_boot();
        let mut descriptors = Descriptors::new(self.pid);
        let mut known = HashMap::with_capacity(self.known.len());
        let mut threads = Vec::with_capacity(self.known.len());
        for entry in entries {
            let name = entry.ok()?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // A thread that has ended meanwhile is no thread of the process.
            let Some(task) = Task::read(&tasks, id) else { continue };
            let key = (id, task.start_ticks);
            let before = self.known.get(&key).copied();
            let started_ns = match before {
                Some(known) => known.started_ns,
                None => now.saturating_sub(since_boot.saturating_sub(task.started_since_boot())),
            };
            if id == u64::from(self.pid) && self.is_other(started_ns) {
                self.gone_at = Some(now);
                return None;
            }
            // The threads of a process that ends disappear one by one.
            if task.is_killed || (id == u64::from(self.pid) && task.is_exiting) {
                return None;
            }
            known.insert(key, Known { started_ns, on_cpu_ns: task.on_cpu_ns });
            let call = match detail {
                Detail::Activities => Call::read(&tasks, id),
                Detail::States => None,
            };
            let has_run = before.is_some_and(|known| known.on_cpu_ns < task.on_cpu_ns);
            let activity = match detail {
                Detail::Activities => activity(&task, call.as_ref(), has_run, &mut descriptors),
                Detail::States => String::new(),
            };
            threads.push(Observed {
                id,
                state: task.state,
                syscall: call.map_or(NO_SYSCALL, |call| call.number),
                on_cpu_ns: task.on_cpu_ns,
                ready_ns: task.ready_ns,
                started_ns,
                name: task.name,
                activity,
            });
        }
        self.known = known;
        (!threads.is_empty()).then_some(Observation { monotonic_ns: now, threads })
    }

    /// Whether the process that has the process ID now, and that started at this time, is another
    /// one: it cannot have started after it recorded.
    fn is_other(&self, started_ns: u64) -> bool {
        /// The clock that counts the starts of threads has a resolution of 10 ms.
        const MAX_ERROR: u64 = 20_000_000;
        started_ns > self.recording_since.saturating_add(MAX_ERROR)
    }
}

/// What a thread does; empty if that is not known.
fn activity(
    task: &Task,
    call: Option<&Call>,
    has_run: bool,
    descriptors: &mut Descriptors,
) -> String {
    match task.state {
        // The system does not report which of the two it is at this instant.
        ThreadState::Running if has_run => "runs".into(),
        ThreadState::Running => "runs or is ready to run".into(),
        ThreadState::Stopped => "is stopped".into(),
        ThreadState::Ended => "has ended".into(),
        ThreadState::Unknown | ThreadState::Sleeping | ThreadState::Uninterruptible => {
            call.map(|call| call.activity(descriptors)).unwrap_or_default()
        }
    }
}

/// The time since boot, including the time in which the machine was suspended, in nanoseconds.
fn now_since_boot() -> u64 {
    now(ClockId::Boottime)
}

fn now(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    fn observe_self(detail: Detail) -> Observation {
        let mut process = ObservedProcess::new(std::process::id(), now(ClockId::Monotonic));
        process.observe(detail).unwrap()
    }

    #[test]
    fn a_thread_in_accept_is_observed_with_its_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let before = now(ClockId::Monotonic);
        let waiter = thread::Builder::new().name("accepts".into()).spawn(move || {
            drop(listener.accept().unwrap());
        });
        let expected = format!("in accept4 on a socket that listens on {address}");
        let thread = loop {
            let observation = observe_self(Detail::Activities);
            let mut threads = observation.threads.into_iter();
            if let Some(thread) = threads.find(|thread| thread.activity == expected) {
                break thread;
            }
            thread::yield_now();
        };
        assert_eq!((&*thread.name, thread.state), ("accepts", ThreadState::Sleeping));
        assert!(thread.started_ns + 20_000_000 > before);
        assert!(thread.started_ns <= now(ClockId::Monotonic));
        std::net::TcpStream::connect(address).unwrap();
        waiter.unwrap().join().unwrap();
    }

    #[test]
    fn a_plain_observation_has_states_and_processor_times() {
        let (tx, rx) = mpsc::channel::<()>();
        let (ids, id) = mpsc::channel();
        let waiter = thread::spawn(move || {
            ids.send(rustix::thread::gettid().as_raw_pid() as u64).unwrap();
            rx.recv().unwrap_err();
        });
        let id = id.recv().unwrap();
        let waiting = loop {
            let observation = observe_self(Detail::States);
            let own = rustix::thread::gettid().as_raw_pid() as u64;
            let state = |id| observation.threads.iter().find(|thread| thread.id == id).unwrap();
            assert_eq!(state(own).state, ThreadState::Running);
            if state(id).state == ThreadState::Sleeping {
                break state(id).clone();
            }
        };
        assert!(waiting.on_cpu_ns > 0);
        assert_eq!((waiting.syscall, &*waiting.activity), (NO_SYSCALL, ""));
        drop(tx);
        waiter.join().unwrap();
    }

    #[test]
    fn a_process_id_that_is_used_again_is_not_observed() {
        let mut process = ObservedProcess::new(std::process::id(), 0);
        assert!(process.observe(Detail::States).is_none());
        assert!(process.gone_at.is_some());
        assert!(ObservedProcess::new(u32::MAX, 0).observe(Detail::States).is_none());
    }

    #[test]
    fn an_observation_is_written_as_a_count_and_its_threads() {
        let observation = observe_self(Detail::Activities);
        let mut events = observation.events();
        let Some(Event::ThreadsCounted { monotonic_ns, threads }) = events.next() else {
            panic!("no count");
        };
        let mut count = 0;
        for event in events {
            let Event::ThreadObserved { monotonic_ns: time, .. } = event else {
                panic!("{event:?}");
            };
            assert_eq!(time, monotonic_ns);
            count += 1;
        }
        assert_eq!(count, threads);
        assert!(observation.is_still(&observation.clone()));
    }
}
