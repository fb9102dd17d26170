//! Observations: the threads of a process as the operating system reported them to the recorder
//! while the process ran.

use std::collections::{BTreeMap, HashMap};

use format::{Event, NO_SYSCALL, ThreadState};
use typed_index_collections::TiVec;

use super::labels::readable;
use super::{Thread, ThreadIndex};
use crate::reading::time::Nanos;

/// All threads of a process at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When the threads were observed.
    pub time: Nanos,
    /// The threads, those that have recorded nothing included.
    pub threads: Vec<ObservedThread>,
}

impl Observation {
    /// The threads that have recorded nothing and have not ended.
    pub fn unrecorded(&self) -> impl Iterator<Item = &ObservedThread> {
        let is_alive = |thread: &&ObservedThread| thread.state != ThreadState::Ended;
        self.threads.iter().filter(|thread| thread.thread.is_none()).filter(is_alive)
    }
}

/// A thread, as the operating system reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedThread {
    /// The operating system's id.
    pub os_id: u64,
    /// The recorded thread that this is, if it has recorded anything.
    pub thread: Option<ThreadIndex>,
    /// The operating system's name of it, at most 15 bytes; or empty.
    pub name: String,
    /// When it was observed.
    pub time: Nanos,
    /// When it started, rounded down to 10 ms, or 0 if that was before the trace's start; `None` if
    /// it is not known.
    pub started: Option<Nanos>,
    /// Its state.
    pub state: ThreadState,
    /// The number of the system call that it was in, if it was in one and that is known.
    pub syscall: Option<u32>,
    /// What it did, such as `in read on a pipe`; or empty.
    pub activity: String,
    /// How long it had run on a processor, if that is known.
    pub on_cpu: Option<Nanos>,
    /// How long it had been ready to run and waited for a processor, if that is known.
    pub ready: Option<Nanos>,
}

impl ObservedThread {
    /// Whether it waited until another thread wakes it: no timeout and no event from outside the
    /// process would have ended its sleep.
    pub fn waits_for_thread(&self) -> bool {
        self.state == ThreadState::Sleeping && self.activity == WAITS_FOR_THREAD
    }
}

/// The [`activity`](ObservedThread::activity) of a thread that waits until another wakes it.
pub const WAITS_FOR_THREAD: &str = "in futex without a timeout";

/// The processor time of a thread up to an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorSample {
    /// The instant.
    pub time: Nanos,
    /// How long the thread had run on a processor since it started.
    pub on_cpu: Nanos,
    /// How long it had been ready to run and waited for a processor since it started.
    pub ready: Nanos,
}

/// The observations of a process, as far as its records have been read. All times are on the
/// monotonic clock.
#[derive(Clone, Debug, Default)]
pub(super) struct ObservationFacts {
    /// The latest observation, and the number of its threads: it may be incomplete.
    latest: Option<(Observation, u32)>,
    last_complete: Option<Observation>,
    /// By the os id and the start of the thread: an id can be used again.
    samples: BTreeMap<(u64, Option<Nanos>), Samples>,
    /// How much later the clock is made.
    shift: Nanos,
}

impl ObservationFacts {
    /// Adds the facts in a record.
    pub(super) fn add(&mut self, event: &Event<'_>) {
        match *event {
            Event::ThreadsCounted { monotonic_ns, threads } => {
                let time = Nanos::new(monotonic_ns);
                self.latest = Some((Observation { time, threads: Vec::new() }, threads));
                self.complete();
            }
            Event::ThreadObserved {
                os_id,
                monotonic_ns,
                state,
                syscall,
                on_cpu_ns,
                ready_ns,
                started_ns,
                name,
                detail,
            } => {
                let time = Nanos::new(monotonic_ns);
                let known = |nanoseconds| (nanoseconds > 0).then_some(Nanos::new(nanoseconds));
                // Neither is known if the system does not count them. A thread that is observed has
                // run.
                let on_cpu = known(on_cpu_ns);
                let ready = on_cpu.map(|_| Nanos::new(ready_ns));
                let started = known(started_ns);
                if let Some((on_cpu, ready)) = on_cpu.zip(ready) {
                    let samples = self.samples.entry((os_id, started)).or_default();
                    let is_asleep = matches!(
                        ThreadState::from_code(state),
                        Some(ThreadState::Sleeping | ThreadState::Uninterruptible)
                    );
                    samples.add(ProcessorSample { time, on_cpu, ready }, is_asleep);
                }
                let Some((observation, _)) = &mut self.latest else { return };
                if observation.time != time {
                    return;
                }
                observation.threads.push(ObservedThread {
                    os_id,
                    thread: None,
                    name: readable(name).into_owned(),
                    time,
                    started,
                    state: ThreadState::from_code(state).unwrap_or(ThreadState::Unknown),
                    syscall: (syscall != NO_SYSCALL).then_some(syscall),
                    activity: readable(detail).into_owned(),
                    on_cpu,
                    ready,
                });
                self.complete();
            }
            _ => {}
        }
    }

    /// Keeps the latest observation if all of its threads are there.
    fn complete(&mut self) {
        let is_complete = |(observation, threads): &mut (Observation, u32)| {
            observation.threads.len() as u64 == u64::from(*threads)
        };
        if let Some((observation, _)) = self.latest.take_if(is_complete) {
            self.last_complete = Some(observation);
        }
    }

    /// Makes the clock later.
    pub(super) fn shift(&mut self, by: Nanos) {
        self.shift += by;
    }

    /// The last complete observation, with times since `origin`.
    pub(super) fn last(&self, origin: Nanos, threads: &RecordedThreads) -> Option<Observation> {
        let mut observation = self.last_complete.clone()?;
        observation.time = self.since(origin, observation.time);
        for thread in &mut observation.threads {
            thread.time = self.since(origin, thread.time);
            thread.started = thread.started.map(|started| self.since(origin, started));
            thread.thread = threads.find(thread.os_id, thread.started, thread.time);
        }
        Some(observation)
    }

    /// Sets the samples of the threads, and when they were blocked, with times since `origin`.
    pub(super) fn extend_threads(
        &self,
        origin: Nanos,
        recorded: &RecordedThreads,
        threads: &mut TiVec<ThreadIndex, Thread>,
    ) {
        // Of two threads with one id, the later one started closer to the first event.
        for ((os_id, started), samples) in &self.samples {
            let mut all = samples.all();
            for sample in &mut all {
                sample.time = self.since(origin, sample.time);
            }
            let started = started.map(|started| self.since(origin, started));
            let time = all.last().map_or(Nanos::ZERO, |last| last.time);
            if let Some(thread) = recorded.find(*os_id, started, time) {
                threads[thread].samples = all;
                let since = |&(begin, end): &(Nanos, Nanos)| {
                    (self.since(origin, begin), self.since(origin, end))
                };
                threads[thread].blocked = samples.blocked.iter().map(since).collect();
            }
        }
    }

    fn since(&self, origin: Nanos, time: Nanos) -> Nanos {
        (time + self.shift).min(Nanos::LATEST).since(origin)
    }
}

/// The recorded threads of a process, with the times of their first events, by os id.
#[derive(Debug, Default)]
pub(super) struct RecordedThreads(HashMap<u64, Vec<(Nanos, ThreadIndex)>>);

impl RecordedThreads {
    pub(super) fn new(threads: impl Iterator<Item = (u64, Nanos, ThreadIndex)>) -> Self {
        let mut recorded: HashMap<u64, Vec<_>> = HashMap::new();
        for (os_id, first, thread) in threads {
            recorded.entry(os_id).or_default().push((first, thread));
        }
        recorded.values_mut().for_each(|threads| threads.sort_unstable());
        RecordedThreads(recorded)
    }

    /// The recorded thread with this os id that started at this time, or, if that is not known,
    /// the one that lived at `time`.
    fn find(&self, os_id: u64, started: Option<Nanos>, time: Nanos) -> Option<ThreadIndex> {
        /// Maximum error of `started`, which the recorder converts from another clock.
        const MAX_ERROR: Nanos = Nanos::new(10_000_000);
        let threads = self.0.get(&os_id)?;
        let found = match started {
            Some(started) => threads.iter().find(|(first, _)| *first + MAX_ERROR >= started),
            None => threads.iter().rfind(|(first, _)| *first <= time).or(threads.first()),
        };
        found.map(|&(_, thread)| thread)
    }
}

/// Maximum number of samples of a thread, except the last.
const MAX_SAMPLES: usize = 512;

/// Samples of a thread, evenly chosen, and when they show it blocked.
#[derive(Clone, Debug, Default)]
struct Samples {
    /// The times from one observation to a later one in which the thread did not run: it was asleep
    /// at both, and had had no processor in between. In the order of time.
    blocked: Vec<(Nanos, Nanos)>,
    /// Whether the thread was asleep at the last sample.
    is_asleep: bool,
    /// In the order of time.
    kept: Vec<ProcessorSample>,
    last: Option<ProcessorSample>,
    /// Every 2ⁿth sample is kept, where this is n.
    interval: u32,
    /// The number of samples so far.
    count: u64,
}

impl Samples {
    /// Adds a sample, unless it is earlier than the last: a record may be read twice.
    fn add(&mut self, sample: ProcessorSample, is_asleep: bool) {
        if self.last.is_some_and(|last| last.time >= sample.time) {
            return;
        }
        if let Some(last) = self.last
            && self.is_asleep
            && is_asleep
            && last.on_cpu == sample.on_cpu
        {
            match self.blocked.last_mut() {
                Some((_, end)) if *end == last.time => *end = sample.time,
                _ => self.blocked.push((last.time, sample.time)),
            }
        }
        self.is_asleep = is_asleep;
        self.last = Some(sample);
        if self.count & ((1 << self.interval) - 1) == 0 {
            self.kept.push(sample);
        }
        self.count += 1;
        if self.kept.len() == MAX_SAMPLES {
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.interval += 1;
        }
    }

    fn all(&self) -> Vec<ProcessorSample> {
        let mut all = self.kept.clone();
        all.extend(self.last.filter(|last| all.last() != Some(last)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(monotonic_ns: u64, threads: u32) -> Event<'static> {
        Event::ThreadsCounted { monotonic_ns, threads }
    }

    fn observed(os_id: u64, monotonic_ns: u64, on_cpu_ns: u64) -> Event<'static> {
        Event::ThreadObserved {
            os_id,
            monotonic_ns,
            state: 2,
            syscall: NO_SYSCALL,
            on_cpu_ns,
            ready_ns: 0,
            started_ns: 0,
            name: "",
            detail: "",
        }
    }

    fn last(events: &[Event<'_>]) -> Option<(u64, Vec<u64>)> {
        let mut facts = ObservationFacts::default();
        events.iter().for_each(|event| facts.add(event));
        let last = facts.last(Nanos::ZERO, &RecordedThreads::default())?;
        Some((last.time.get(), last.threads.iter().map(|thread| thread.os_id).collect()))
    }

    #[test]
    fn only_a_complete_observation_counts() {
        assert_eq!(last(&[]), None);
        assert_eq!(last(&[observed(7, 10, 1)]), None);
        assert_eq!(last(&[counted(10, 0)]), Some((10, vec![])));
        let first = [counted(10, 2), observed(7, 10, 1), observed(8, 10, 1)];
        assert_eq!(last(&first[..2]), None);
        assert_eq!(last(&first), Some((10, vec![7, 8])));
        for rest in [
            &[counted(20, 2), observed(7, 20, 1)][..],
            &[counted(20, u32::MAX), observed(7, 20, 1)],
            &[counted(20, 1), observed(7, 19, 1)],
            &[observed(7, 10, 1)],
        ] {
            assert_eq!(last(&[&first[..], rest].concat()), Some((10, vec![7, 8])), "{rest:?}");
        }
        let again = [&first[..], &[counted(20, 1), observed(7, 20, 1)]].concat();
        assert_eq!(last(&again), Some((20, vec![7])));
    }

    #[test]
    fn an_os_id_that_is_used_again_is_that_of_another_thread() {
        const MS: u64 = 1_000_000;
        let first = [(7, 100, 0), (7, 200, 1), (8, 150, 2)];
        let first = first.map(|(id, ms, thread)| (id, Nanos::new(ms * MS), thread.into()));
        let threads = RecordedThreads::new(first.into_iter());
        let find = |os_id, started: Option<u64>, time| {
            let started = started.map(|ms| Nanos::new(ms * MS));
            threads.find(os_id, started, Nanos::new(time * MS)).map(usize::from)
        };
        assert_eq!([find(7, None, 120), find(7, None, 220)], [Some(0), Some(1)]);
        // It records for the first time after it was observed.
        assert_eq!([find(7, None, 50), find(8, Some(140), 145)], [Some(0), Some(2)]);
        assert_eq!([find(7, Some(90), 500), find(7, Some(190), 500)], [Some(0), Some(1)]);
        // These threads had ended.
        assert_eq!([find(7, Some(300), 500), find(8, Some(170), 500)], [None, None]);
        assert_eq!(find(9, None, 500), None);
    }

    #[test]
    fn samples_are_few_and_the_last_is_among_them() {
        let mut samples = Samples::default();
        for time in 0..100_000 {
            let time = Nanos::new(time);
            let sample = ProcessorSample { time, on_cpu: time, ready: Nanos::ZERO };
            samples.add(sample, true);
            samples.add(sample, true);
        }
        let all = samples.all();
        assert!(all.len() > MAX_SAMPLES / 2 && all.len() <= MAX_SAMPLES, "{}", all.len());
        assert!(all.is_sorted_by_key(|sample| sample.time));
        assert_eq!(all[all.len() - 1].time, Nanos::new(99_999));
        assert_eq!(samples.blocked, []);
    }

    #[test]
    fn a_thread_is_blocked_between_observations_if_it_did_not_run() {
        let mut samples = Samples::default();
        // Asleep all the time; it woke between 30 and 40; it was seen running at 60.
        for (time, on_cpu, is_asleep) in [
            (10, 5, true),
            (20, 5, true),
            (30, 5, true),
            (40, 6, true),
            (50, 6, true),
            (60, 6, false),
            (70, 6, true),
            (80, 6, true),
        ] {
            let (time, on_cpu) = (Nanos::new(time), Nanos::new(on_cpu));
            samples.add(ProcessorSample { time, on_cpu, ready: Nanos::ZERO }, is_asleep);
        }
        let spans = samples.blocked.iter().map(|(begin, end)| (begin.get(), end.get()));
        assert_eq!(spans.collect::<Vec<_>>(), [(10, 30), (40, 50), (70, 80)]);
    }
}
