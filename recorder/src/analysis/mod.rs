//! What a recording says about channels, threads and locks, and about which thread waits for which.
//!
//! [`Stats`] and [`CriticalPaths`] listen to one replay. The wait-for graph is made of its last
//! state. [`findings`] judges all of it; nothing else here judges.
//!
//! It works as well on the present state of a recording while the program still runs.

use tracing::info_span;
use typed_index_collections::TiVec;

use crate::reading::catalog::{
    Catalog, ChannelIndex, EndpointIndex, ObservedThread, ProcessIndex, Side, Target, ThreadIndex,
};
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Replay, RunState, Wait};

pub mod critical_path;
pub mod findings;
pub mod stats;
pub(crate) mod wait_for;

use critical_path::{CriticalPath, CriticalPaths};
use stats::Stats;
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
    let listener = (Stats::new(catalog), CriticalPaths::new(catalog));
    let (state, (stats, paths)) = Replay::new(recording, listener)?.finish()?;
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
    };
    analysis.wait_for = analysis.build_wait_for_graph();
    Ok(analysis)
}

impl Analysis<'_> {
    /// Whether a process is known to have ended by itself, and not by a signal.
    pub fn ended_by_itself(&self, process: ProcessIndex) -> bool {
        match self.catalog.processes[process].ended {
            Some(ended) => ended.signal == 0,
            None => {
                let main = self.state.processes[process].main;
                main.is_some_and(|main| self.state.threads[main].ended.is_some())
            }
        }
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

    /// How long a thread lived: from its first event to its end, or to that of its process.
    pub fn life(&self, thread: ThreadIndex) -> Nanos {
        let end = self.catalog.end_of_thread(thread);
        let known = &self.state.threads[thread];
        known.ended.unwrap_or(end).since(known.first.unwrap_or(end))
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
