//! The figures of a run at an instant, for people and other programs.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use typed_index_collections::TiVec;

use super::{ChannelFigures, Figures, age};
use crate::analysis::findings::words::method;
use crate::analysis::findings::{Certainty, Code, Finding};
use crate::analysis::stats::Latency;
use crate::live::{LiveListener, View};
use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, ProcessIndex, Target, ThreadIndex,
    ThreadOutcome,
};
use crate::reading::{self, Nanos, Recording};
use crate::replay::{Message, RunState, Wait};

/// The version of [`Snapshot`].
pub const VERSION: u32 = 1;

/// The figures of a run at an instant. Times are in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`VERSION`].
    pub version: u32,
    /// The command that was run.
    pub command: String,
    /// The instant, since the trace's start.
    pub time_ns: u64,
    /// Up to when the run is recorded. It is later while the figures catch up.
    pub recorded_ns: u64,
    /// Whether the recording of a process pauses.
    pub paused: bool,
    /// How the run ended, in words; `None` while it goes on.
    pub ended: Option<String>,
    /// How many events could not be recorded.
    pub dropped: u64,
    /// In the order of their numbers in the recording.
    pub processes: Vec<ProcessRow>,
    /// Messages flow from the first to the last.
    pub threads: Vec<ThreadRow>,
    /// How many threads are not among them.
    pub threads_left_out: usize,
    /// Messages flow from the first to the last.
    pub channels: Vec<ChannelRow>,
    /// How many channels are not among them.
    pub channels_left_out: usize,
    /// The worst first.
    pub findings: Vec<FindingRow>,
}

/// A process at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// The operating system's id.
    pub pid: u32,
    /// The executable's file name.
    pub name: String,
}

/// A thread at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Its index, which never changes.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its process, where there are several.
    pub process: Option<String>,
    /// The id of its process.
    pub pid: u32,
    /// The operating system's id.
    pub os_id: u64,
    /// What it does.
    pub state: ThreadState,
    /// What it waits in: `recv on "jobs"`.
    pub call: Option<String>,
    /// Where, if that is recorded: `src/main.rs:14`.
    pub place: Option<String>,
    /// For how long it has been in this state; for a thread that runs, since its last event.
    pub since_ns: u64,
    /// When the wait ends by itself.
    pub timeout_ns: Option<u64>,
    /// How long it has waited in all, sleep not included.
    pub waited_ns: u64,
    /// The part of its life that this is, from 0 to 1.
    pub waiting: f64,
    /// How many events it has had.
    pub events: u64,
    /// The labels of the locks that it holds.
    pub holds: Vec<String>,
    /// Where it was spawned, if that is recorded.
    pub spawned_at: Option<String>,
    /// What the operating system last reported of it since its last event: `in read on a pipe`.
    pub observed: Option<String>,
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadState {
    /// It waits for another thread.
    Waits,
    /// It runs, or waits in something that is not recorded.
    Runs,
    /// It sleeps.
    Sleeps,
    /// The recording of its process pauses.
    Paused,
    /// Its function has panicked.
    Panicked,
    /// It has ended.
    Ended,
}

impl ThreadState {
    /// Whether it has not ended.
    pub fn is_alive(self) -> bool {
        !matches!(self, ThreadState::Ended | ThreadState::Panicked)
    }

    /// A verb: `waits`.
    pub fn verb(self) -> &'static str {
        match self {
            ThreadState::Waits => "waits",
            ThreadState::Runs => "runs",
            ThreadState::Sleeps => "sleeps",
            ThreadState::Paused => "paused",
            ThreadState::Panicked => "panicked",
            ThreadState::Ended => "ended",
        }
    }
}

/// A channel at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelRow {
    /// Its index, which never changes.
    pub index: usize,
    /// Its label.
    pub label: String,
    /// The type of its messages.
    pub message_type: String,
    /// Its process, where there are several.
    pub process: Option<String>,
    /// The id of its process.
    pub pid: u32,
    /// Where it was made, if that is recorded.
    pub place: Option<String>,
    /// How many messages it holds; `None` is any number, 0 a rendezvous.
    pub bound: Option<u64>,
    /// How many messages are in it.
    pub depth: u64,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were received.
    pub received: u64,
    /// Messages sent in the last second.
    pub sent_per_second: f64,
    /// Messages received in the last second.
    pub received_per_second: f64,
    /// How long ago the oldest message in it was sent.
    pub oldest_ns: Option<u64>,
    /// From the start of a send to the end of its receive, over the run.
    pub latency: Option<Percentiles>,
    /// The same of the last five to ten seconds.
    pub recent_latency: Option<Percentiles>,
    /// Attempts that found no room or no message.
    pub refused: u64,
    /// Senders that have not been dropped.
    pub senders: u64,
    /// Receivers that have not been dropped.
    pub receivers: u64,
    /// The names of threads that wait to send.
    pub waiting_senders: Vec<String>,
    /// The names of threads that wait to receive.
    pub waiting_receivers: Vec<String>,
}

impl ChannelRow {
    /// Whether one of its sides is gone, so that no message can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.senders == 0 || self.receivers == 0
    }

    /// The latencies of the last seconds, or those of the run if no message was received in these.
    pub fn latest(&self) -> Option<&Percentiles> {
        self.recent_latency.as_ref().or(self.latency.as_ref())
    }
}

/// Percentiles of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many messages.
    pub count: u64,
    /// All latencies, added up.
    pub total_ns: u64,
    /// Half of the messages took no longer.
    pub p50_ns: u64,
    /// 90% took no longer.
    pub p90_ns: u64,
    /// 99% took no longer.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Percentiles {
    /// The mean.
    pub fn mean_ns(&self) -> u64 {
        self.total_ns.checked_div(self.count).unwrap_or(0)
    }

    fn of(latency: &Latency) -> Option<Self> {
        let at = |percent| latency.percentile(percent).get();
        (latency.count > 0).then(|| Percentiles {
            count: latency.count,
            total_ns: latency.total().get(),
            p50_ns: at(50.0),
            p90_ns: at(90.0),
            p99_ns: at(99.0),
            max_ns: latency.max.get(),
        })
    }
}

/// A finding about the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Its code: `deadlock`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The code, the problem and the advice, in a line.
    pub headline: String,
    /// How it came about: a wait or an event each.
    pub chain: Vec<String>,
    /// If it is not certain: the condition under which it is.
    pub certain_if: Option<String>,
}

impl FindingRow {
    /// A finding of a report.
    pub fn of(finding: &Finding) -> Self {
        FindingRow::new(finding.code, finding.headline(), &finding.chain, &finding.certainty)
    }

    pub(crate) fn new(
        code: Code,
        headline: String,
        chain: &[String],
        certainty: &Certainty,
    ) -> Self {
        let certain_if = match certainty {
            Certainty::Certain => None,
            Certainty::Likely { certain_if } => Some(certain_if.clone()),
        };
        FindingRow {
            code: code.to_string(),
            severity: code.severity().to_string(),
            headline,
            chain: chain.to_vec(),
            certain_if,
        }
    }
}

impl Snapshot {
    /// The figures of a recording at this time, or at its end if that is earlier.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn of_recording(recording: &Recording, time: Nanos) -> reading::Result<Self> {
        let figures = Figures::default().attach(&recording.catalog);
        View::at(recording, time, figures, |mut view| Snapshot::of(&mut view, &|_| false))
    }

    /// The figures of a run as a follower sees it. `is_gone` is whether the process with this ID has
    /// ended: its threads have ended then, too.
    pub fn of(view: &mut View<'_, '_, Figures>, is_gone: &dyn Fn(u32) -> bool) -> Self {
        let (now, recording) = (view.until, view.recording);
        let mut oldest: TiVec<ChannelIndex, Option<Nanos>> =
            vec![None; recording.catalog.channels.len()].into();
        for message in view.in_flight() {
            note_oldest(&mut oldest, message);
        }
        let figures = std::mem::take(&mut view.listener().channels);
        let processes = recording.catalog.processes.iter();
        let gone = processes.map(|process| is_gone(process.pid)).collect();
        let rows = Rows { catalog: &recording.catalog, state: view.state(), now, gone };
        let snapshot = Snapshot {
            version: VERSION,
            time_ns: now.get(),
            recorded_ns: view.known_until.get(),
            paused: view.state().processes.iter().any(|process| process.is_paused()),
            dropped: recording.dropped,
            processes: rows.process_rows(),
            threads: rows.threads(),
            channels: rows.channels(&figures, &oldest),
            ..Snapshot::default()
        };
        view.listener().channels = figures;
        snapshot
    }

    /// The same with rates and latencies of the whole run, and not of its last seconds.
    #[must_use]
    pub fn over_the_run(mut self) -> Self {
        let per_second = |count: u64| count as f64 * 1e9 / self.time_ns.max(1) as f64;
        for channel in &mut self.channels {
            channel.sent_per_second = per_second(channel.sent);
            channel.received_per_second = per_second(channel.received);
            channel.recent_latency = None;
        }
        self
    }

    /// Leaves out threads and channels above a maximum number of each: first those that have ended.
    #[must_use]
    pub fn limited(mut self, rows: usize) -> Self {
        self.threads_left_out +=
            keep(&mut self.threads, rows, |thread| (!thread.state.is_alive(), thread.index));
        self.channels_left_out += keep(&mut self.channels, rows, |channel| {
            (channel.is_closed() && channel.depth == 0, Reverse(channel.sent), channel.index)
        });
        self
    }
}

/// Keeps the rows with the smallest keys, in their order. Returns how many are left out.
fn keep<T, K: Ord>(rows: &mut Vec<T>, count: usize, key: impl Fn(&T) -> K) -> usize {
    let left_out = rows.len().saturating_sub(count);
    if left_out > 0 {
        let mut keys: Vec<K> = rows.iter().map(&key).collect();
        let (_, last, _) = keys.select_nth_unstable(count.saturating_sub(1));
        let last = &*last;
        rows.retain(|row| key(row) <= *last);
        rows.truncate(count);
    }
    left_out
}

fn note_oldest(oldest: &mut TiVec<ChannelIndex, Option<Nanos>>, message: &Message) {
    if let (Some(channel), Some(sent), None) =
        (message.channel, message.handed_over, message.paused)
    {
        let oldest = &mut oldest[channel];
        *oldest = Some(oldest.map_or(sent, |oldest| oldest.min(sent)));
    }
}

/// Makes the rows of a snapshot.
struct Rows<'a> {
    catalog: &'a Catalog,
    state: &'a RunState,
    now: Nanos,
    /// Whether a process has ended.
    gone: TiVec<ProcessIndex, bool>,
}

impl Rows<'_> {
    fn place(&self, place: Option<PlaceIndex>) -> Option<String> {
        let place = &self.catalog.places[place?];
        (!place.is_in_std()).then(|| place.file_and_line())
    }

    /// The names of processes, if there are several.
    fn processes(&self) -> TiVec<ProcessIndex, Option<String>> {
        self.catalog.processes.keys().map(|process| self.catalog.process_name(process)).collect()
    }

    fn process_rows(&self) -> Vec<ProcessRow> {
        let processes = self.catalog.processes.iter();
        processes.map(|it| ProcessRow { pid: it.pid, name: it.name.clone() }).collect()
    }

    fn threads(&self) -> Vec<ThreadRow> {
        let processes = self.processes();
        let order = self.catalog.flow_order.threads.iter();
        // Those that have not done anything yet are not known to be there.
        let seen = order.filter(|&&thread| self.state.threads[thread].first.is_some());
        seen.map(|&thread| self.thread(thread, &processes)).collect()
    }

    fn thread(
        &self,
        thread: ThreadIndex,
        processes: &TiVec<ProcessIndex, Option<String>>,
    ) -> ThreadRow {
        let (facts, known) = (&self.catalog.threads[thread], &self.state.threads[thread]);
        let wait = self.state.open_wait(self.catalog, thread);
        let ended = known.ended.or(known.returned);
        let gone = self.gone[facts.process].then_some(known.last);
        let pause = self.state.processes[facts.process].pauses.last();
        let (state, since) = match (ended.or(gone), wait) {
            (Some(ended), _) if facts.outcome == Some(ThreadOutcome::Panicked) => {
                (ThreadState::Panicked, ended)
            }
            (Some(ended), _) => (ThreadState::Ended, ended),
            (None, _) if self.state.processes[facts.process].is_paused() => {
                (ThreadState::Paused, pause.and_then(|pause| pause.from).unwrap_or_default())
            }
            (None, Some(wait)) if wait.is_sleep() => (ThreadState::Sleeps, wait.begin),
            (None, Some(wait)) => (ThreadState::Waits, wait.begin),
            (None, None) => (ThreadState::Runs, known.last),
        };
        let waits = matches!(state, ThreadState::Waits | ThreadState::Sleeps);
        let wait = wait.filter(|_| waits);
        let waited = match wait {
            Some(wait) if state == ThreadState::Waits => known.waited + self.now.since(wait.begin),
            _ => known.waited,
        };
        let life = ended.or(gone).unwrap_or(self.now).since(known.first.unwrap_or_default());
        let label = |primitive: PrimitiveIndex| self.catalog.primitives[primitive].label.clone();
        ThreadRow {
            index: thread.into(),
            name: facts.name.clone(),
            process: processes[facts.process].clone(),
            pid: self.catalog.processes[facts.process].pid,
            os_id: facts.os_id,
            state,
            call: wait.map(|wait| self.call(wait)),
            place: wait.and_then(|wait| self.place(wait.operation.place)),
            since_ns: age(self.now, since),
            timeout_ns: wait.and_then(|wait| Some(wait.operation.timeout()?.get())),
            waited_ns: waited.get(),
            waiting: waited.share_of(life).min(1.0),
            events: known.events,
            holds: known.holds.iter().map(|&held| label(held)).collect(),
            spawned_at: self.place(facts.spawned.and_then(|spawned| spawned.place)),
            observed: if state.is_alive() { self.observed(thread) } else { None },
        }
    }

    /// `recv on "jobs"`, `join of worker`; in a dependency `Receiver::recv of flume`.
    fn call(&self, wait: &Wait) -> String {
        let place = wait.operation.place.map(|place| &self.catalog.places[place]);
        if let Some(call) = place.and_then(|place| place.dependency_call()) {
            return call;
        }
        let method = method(wait.call());
        match wait.target() {
            None => method.to_owned(),
            Some(target @ Target::Thread(_)) => {
                format!("{method} of {}", self.catalog.label(target))
            }
            Some(target) => format!("{method} on {:?}", self.catalog.label(target)),
        }
    }

    fn observed(&self, thread: ThreadIndex) -> Option<String> {
        let process = &self.catalog.processes[self.catalog.threads[thread].process];
        let observation = process.last_observation.as_ref()?;
        let observed = observation.threads.iter().find(|it| it.thread == Some(thread))?;
        let is_new = observed.time >= self.state.threads[thread].last;
        (is_new && !observed.activity.is_empty()).then(|| observed.activity.clone())
    }

    fn channels(
        &self,
        figures: &TiVec<ChannelIndex, ChannelFigures>,
        oldest: &TiVec<ChannelIndex, Option<Nanos>>,
    ) -> Vec<ChannelRow> {
        let processes = self.processes();
        let mut waiting: TiVec<ChannelIndex, [Vec<String>; 2]> =
            vec![<[Vec<String>; 2]>::default(); figures.len()].into();
        for (thread, facts) in self.catalog.threads.iter_enumerated() {
            let wait = self.state.open_wait(self.catalog, thread);
            if let Some((wait, Target::Channel(channel))) =
                wait.and_then(|wait| Some((wait, wait.target()?)))
            {
                let side = usize::from(!wait.call().is_send());
                waiting[channel][side].push(facts.name.clone());
            }
        }
        let order = self.catalog.flow_order.channels.iter();
        let made = order.filter(|&&channel| self.is_made(channel));
        made.map(|&channel| {
            let [senders, receivers] = std::mem::take(&mut waiting[channel]);
            let row = self.channel(channel, &figures[channel], oldest[channel], &processes);
            ChannelRow { waiting_senders: senders, waiting_receivers: receivers, ..row }
        })
        .collect()
    }

    /// Whether a channel has been made, as of now.
    fn is_made(&self, channel: ChannelIndex) -> bool {
        let known = &self.state.channels[channel];
        let facts = &self.catalog.channels[channel];
        known.made.is_some() || facts.senders_before > 0 || known.sent + known.received > 0
    }

    fn channel(
        &self,
        channel: ChannelIndex,
        figures: &ChannelFigures,
        oldest: Option<Nanos>,
        processes: &TiVec<ProcessIndex, Option<String>>,
    ) -> ChannelRow {
        let (facts, known) = (&self.catalog.channels[channel], &self.state.channels[channel]);
        let depth = known.queued();
        ChannelRow {
            index: channel.into(),
            label: facts.label.clone(),
            message_type: facts.message_type.clone(),
            process: processes[facts.process].clone(),
            pid: self.catalog.processes[facts.process].pid,
            place: self.place(facts.place),
            bound: facts.bound,
            depth,
            sent: known.all_sent(),
            received: known.received,
            sent_per_second: figures.sent.per_second(self.now),
            received_per_second: figures.received.per_second(self.now),
            oldest_ns: oldest.filter(|_| depth > 0).map(|sent| age(self.now, sent)),
            latency: Percentiles::of(&figures.latency),
            recent_latency: Percentiles::of(&figures.recent_latency.get(self.now)),
            refused: figures.refused,
            senders: known.senders,
            receivers: known.receivers,
            waiting_senders: Vec::new(),
            waiting_receivers: Vec::new(),
        }
    }
}
