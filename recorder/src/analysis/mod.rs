//! What a recording says about channels, threads and locks, and about which thread waits for which.
//!
//! [`Stats`] and [`CriticalPaths`] listen to one replay. The wait-for graph is made of its last
//! state. [`findings`] judges all of it; nothing else here judges.
//!
//! It works as well on the present state of a recording while the program still runs.

use format::EndCause;
use tracing::info_span;
use typed_index_collections::TiVec;

use crate::reading::catalog::{
    Catalog, ChannelIndex, EndpointIndex, ObservedThread, ProcessIndex, Side, Target, ThreadIndex,
};
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Replay, RunState, Wait};

pub mod critical_path;
pub mod findings;
pub mod path_pieces;
pub mod predictions;
pub mod stats;
mod thread_times;
pub(crate) mod wait_for;

use critical_path::{CriticalPath, CriticalPaths};
use predictions::Requests;
use stats::Stats;
pub use thread_times::ThreadTimes;
use wait_for::{Assumption, WaitForGraph};

/// What a recording says.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// Who and what is in it.
    pub catalog: &'a Catalog,
    /// The last state of the run.
    pub state: RunState,
    /// Statistics of channels, threads and primitives.
    pub stats: Stats<'a>,
    /// The senders of each channel, in the order in which they were made.
    pub senders: TiVec<ChannelIndex, Vec<EndpointIndex>>,
    /// Which thread waits for which at the end.
    pub(crate) wait_for: WaitForGraph,
    /// The chain of work and waits that determined the length of the run.
    pub critical_path: CriticalPath,
    /// Whether events are missing: some could not be recorded, or the recording is damaged.
    pub is_incomplete: bool,
    /// What threads asked for while they held locks.
    pub(crate) requests: Requests,
}

/// Whether a process had threads that are not in the recording because they did nothing that
/// `instrumented` records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnrecordedThreads {
    /// It is not known whether there are any.
    Unknown,
    /// There are none.
    None,
    /// There are some.
    Some,
}

/// The processor time of a thread in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorShare {
    /// The start of the window: the first sample of the thread.
    pub from: Nanos,
    /// The end of the window: the last sample of the thread.
    pub to: Nanos,
    /// How long the thread ran on a processor.
    pub on_cpu: Nanos,
    /// How long it was ready to run and waited for a processor.
    pub ready: Nanos,
}

/// Analyses a recording from its start to its end.
///
/// # Errors
/// The recording cannot be read.
pub fn analyse(recording: &Recording) -> reading::Result<Analysis<'_>> {
    let _span = info_span!("analyse").entered();
    recording.begin("analysing");
    let catalog = &recording.catalog;
    let listener = ((Stats::new(catalog), CriticalPaths::new(catalog)), Requests::default());
    let (state, ((stats, paths), requests)) = Replay::new(recording, listener)?.finish()?;
    let mut senders: TiVec<ChannelIndex, Vec<_>> =
        catalog.channels.iter().map(|_| Vec::new()).collect();
    for (sender, facts) in catalog.endpoints.iter_enumerated() {
        if facts.side == Side::Sender {
            senders[facts.channel].push(sender);
        }
    }
    // The run ended with the last thread that did anything.
    let last = state.threads.keys().max_by_key(|&thread| state.threads[thread].last);
    let critical_path = last.map(|last| paths.into_path(last, state.threads[last].last));
    let mut analysis = Analysis {
        catalog,
        state,
        stats,
        senders,
        wait_for: WaitForGraph::default(),
        critical_path: critical_path.unwrap_or_default(),
        is_incomplete: recording.is_incomplete(),
        requests,
    };
    analysis.wait_for = analysis.build_wait_for_graph();
    Ok(analysis)
}

impl Analysis<'_> {
    /// Whether a process is known to have ended by itself, and not because the recorder, its user or
    /// a signal ended it.
    pub fn ended_by_itself(&self, process: ProcessIndex) -> bool {
        match self.catalog.processes[process].ended {
            Some(ended) if ended.signal != 0 => false,
            Some(ended) => !self.was_ended_at(process, ended.time),
            None => {
                let main = self.state.processes[process].main;
                main.is_some_and(|main| self.state.threads[main].ended.is_some())
            }
        }
    }

    /// Whether the recorder or its user ended the run, and a process ended with it at this time.
    fn was_ended_at(&self, process: ProcessIndex, time: Nanos) -> bool {
        let facts = &self.catalog.processes[process];
        let cause = facts.run_end.and_then(|run| run.cause);
        !matches!(cause, None | Some(EndCause::Itself)) && time >= facts.recorded_until
    }

    /// Whether a panic has ended a thread, or unwinds it. If the process ended just then, it is not
    /// known whether it would have been caught.
    pub fn has_panicked(&self, thread: ThreadIndex) -> bool {
        let known = &self.state.threads[thread];
        let Some(panic) = &known.panic else { return false };
        if let Some(panicked) = panic.outcome {
            return panicked;
        }
        let process = self.catalog.threads[thread].process;
        let is_main = self.state.processes[process].main == Some(thread);
        !panic.went_on && (known.ended.is_some() || is_main || !self.ended_by_itself(process))
    }

    /// Whether events of a channel may be missing: its process paused, or the recording is
    /// incomplete.
    pub(crate) fn may_lack_events(&self, channel: ChannelIndex) -> bool {
        let process = self.catalog.channels[channel].process;
        self.is_incomplete || self.state.processes[process].has_paused()
    }

    /// The wait that a thread is still in at the end, as far as that is known.
    pub fn open_wait(&self, thread: ThreadIndex) -> Option<&Wait> {
        self.state.open_wait(self.catalog, thread)
    }

    /// When a thread lived, as far as the recording is complete: from its first event to its end, or
    /// to that of its process.
    fn lifetime(&self, thread: ThreadIndex) -> (Nanos, Nanos) {
        let end = self.state.end_of_life(self.catalog, thread);
        let first = self.state.threads[thread].first.unwrap_or(end);
        (first.max(self.catalog.complete_from), end)
    }

    /// Whether a thread had not ended when the recording became
    /// [complete](Catalog::complete_from). Reports do not count the others.
    pub fn is_counted(&self, thread: ThreadIndex) -> bool {
        let complete_from = self.catalog.complete_from;
        complete_from == Nanos::ZERO
            || self.state.end_of_life(self.catalog, thread) >= complete_from
    }

    /// How many threads count.
    pub fn counted_threads(&self) -> usize {
        self.state.threads.keys().filter(|&thread| self.is_counted(thread)).count()
    }

    /// How long a thread lived, as far as the recording is complete: from its first event to its end,
    /// or to that of its process.
    pub fn life(&self, thread: ThreadIndex) -> Nanos {
        let (begin, end) = self.lifetime(thread);
        end.since(begin)
    }

    /// How much of its life a thread was not recorded, because the recording of its process paused.
    pub fn paused(&self, thread: ThreadIndex) -> Nanos {
        let (begin, end) = self.lifetime(thread);
        self.catalog.processes[self.catalog.threads[thread].process].pauses.between(begin, end)
    }

    /// The threads that can never go on: those of which the recording suggests it, and of these
    /// those of which it is certain.
    pub fn stuck(&self) -> (Vec<ThreadIndex>, Vec<ThreadIndex>) {
        let processes = self.catalog.processes.keys();
        let may_lack_threads: TiVec<ProcessIndex, bool> = processes
            .map(|process| self.unrecorded_threads(process) != UnrecordedThreads::None)
            .collect();
        // Threads of two processes never wait for each other.
        let mut certain = Vec::new();
        for unrecorded_threads in [false, true] {
            let stuck = self.wait_for.stuck(Assumption::Nothing { unrecorded_threads });
            certain.extend(stuck.into_iter().filter(|&thread| {
                may_lack_threads[self.catalog.threads[thread].process] == unrecorded_threads
            }));
        }
        certain.sort_unstable();
        (self.wait_for.stuck(Assumption::Likely), certain)
    }

    /// Whether a process had threads at the end that are not in the recording: those of its last
    /// observation, if nothing was recorded after it. A thread that still recorded may have spawned
    /// others.
    pub fn unrecorded_threads(&self, process: ProcessIndex) -> UnrecordedThreads {
        let Some(observation) = &self.catalog.processes[process].last_observation else {
            return UnrecordedThreads::Unknown;
        };
        let is_its = |thread: &ThreadIndex| self.catalog.threads[*thread].process == process;
        let threads = self.state.threads.keys().filter(is_its);
        let last = threads.map(|thread| self.state.threads[thread].last).max();
        match observation.unrecorded().next() {
            Some(_) => UnrecordedThreads::Some,
            None if last <= Some(observation.time) => UnrecordedThreads::None,
            None => UnrecordedThreads::Unknown,
        }
    }

    /// The threads of a process that had recorded nothing and lived when it was observed last.
    pub fn unrecorded(&self, process: ProcessIndex) -> impl Iterator<Item = &ObservedThread> {
        let observation = self.catalog.processes[process].last_observation.iter();
        observation.flat_map(|observation| observation.unrecorded())
    }

    /// Whether all threads of a process, those that are not recorded included, waited for each other
    /// when it was observed last, after the last event that is recorded.
    pub fn is_asleep(&self, process: ProcessIndex) -> bool {
        let Some(observation) = &self.catalog.processes[process].last_observation else {
            return false;
        };
        let mut threads = self.state.threads.iter_enumerated();
        observation.threads.iter().all(ObservedThread::waits_for_thread)
            && threads.all(|(thread, known)| {
                self.catalog.threads[thread].process != process || known.last <= observation.time
            })
    }

    /// When a thread was last observed to wait for another, if it has recorded nothing since.
    pub(crate) fn asleep_at(&self, thread: ThreadIndex) -> Option<Nanos> {
        let observed = self.observed(thread).filter(|observed| observed.waits_for_thread())?;
        (observed.time >= self.state.threads[thread].last).then_some(observed.time)
    }

    /// A thread as it was observed last, if it lived when its process was observed last.
    pub fn observed(&self, thread: ThreadIndex) -> Option<&ObservedThread> {
        let process = self.catalog.threads[thread].process;
        let observation = self.catalog.processes[process].last_observation.as_ref()?;
        observation.threads.iter().find(|observed| observed.thread == Some(thread))
    }

    /// How long a thread ran, and was ready to run, between its first and its last sample; `None`
    /// if there are not two.
    pub fn processor_time(&self, thread: ThreadIndex) -> Option<ProcessorShare> {
        let samples = &self.catalog.threads[thread].samples;
        let (first, last) = samples.first().zip(samples.last())?;
        (first.time < last.time).then(|| ProcessorShare {
            from: first.time,
            to: last.time,
            on_cpu: last.on_cpu.since(first.on_cpu),
            ready: last.ready.since(first.ready),
        })
    }

    /// The senders of a channel that have not been dropped.
    pub fn live_senders(&self, channel: ChannelIndex) -> impl Iterator<Item = EndpointIndex> {
        let senders = self.senders[channel].iter().copied();
        senders.filter(|&sender| !self.state.is_dropped(self.catalog, sender))
    }

    /// The name of a target as it is in a sentence: `"jobs"`, `worker`.
    pub fn name_of(&self, target: Target) -> String {
        let label = self.catalog.label(target);
        match target {
            Target::Channel(_) | Target::Primitive(_) => format!("{label:?}"),
            Target::Thread(_) | Target::Callsite(_) => label.to_owned(),
        }
    }
}
