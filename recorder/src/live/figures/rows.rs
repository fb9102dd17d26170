//! Makes the rows of a snapshot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use typed_index_collections::TiVec;

use super::snapshot::{
    ChannelRow, ChannelTotals, MAX_NAMES, Percentiles, ProcessRow, Snapshot, StateCount, ThreadRow,
    ThreadState, ThreadTotals, VERSION, keep,
};
use super::{ChannelFigures, Figures, age};
use crate::analysis::findings::words::method;
use crate::live::View;
use crate::reading::Nanos;
use crate::reading::catalog::{
    Catalog, ChannelIndex, ObservedThread, PlaceIndex, PrimitiveIndex, ProcessIndex, Target,
    ThreadIndex, ThreadOutcome,
};
use crate::replay::{Message, RunState, Wait};
use crate::timeline::item::Activity;

/// Maximum number of threads and of channels that have rows: a program may make any number of them
/// that end again.
const MAX_ROWS: usize = 1000;

pub(super) fn snapshot(
    view: &mut View<'_, '_, Figures>,
    is_gone: &dyn Fn(u32) -> bool,
) -> Snapshot {
    let (now, recording) = (view.until, view.recording);
    let mut oldest: TiVec<ChannelIndex, Option<Nanos>> =
        vec![None; recording.catalog.channels.len()].into();
    for message in view.in_flight() {
        note_oldest(&mut oldest, message);
    }
    let figures = std::mem::take(&mut view.listener().channels);
    let processes = &recording.catalog.processes;
    let observed = processes.iter().filter_map(|process| process.last_observation.as_ref());
    let observed = observed.flat_map(|observation| &observation.threads);
    let rows = Rows {
        catalog: &recording.catalog,
        state: view.state(),
        now,
        gone: processes.iter().map(|process| is_gone(process.pid)).collect(),
        names: processes.keys().map(|it| recording.catalog.process_name(it)).collect(),
        observed: observed.filter_map(|it| Some((it.thread?, it))).collect(),
    };
    let (threads, threads_left_out) = rows.threads();
    let (thread_totals, thread_states) = rows.thread_totals();
    let (channels, other_channels, channels_left_out) = rows.channels(&figures, &oldest);
    let snapshot = Snapshot {
        version: VERSION,
        time_ns: now.get(),
        recorded_ns: view.known_until.get(),
        paused: view.state().processes.iter().any(|process| process.is_paused()),
        dropped: recording.dropped,
        processes: rows.processes(),
        threads,
        threads_left_out,
        thread_totals,
        thread_states,
        channels,
        channels_left_out,
        other_channels,
        ..Snapshot::default()
    };
    view.listener().channels = figures;
    snapshot
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
    /// The names of processes, if there are several.
    names: TiVec<ProcessIndex, Option<String>>,
    /// The threads as they were observed last.
    observed: HashMap<ThreadIndex, &'a ObservedThread>,
}

/// What a thread does.
struct Doing<'a> {
    state: ThreadState,
    since: Nanos,
    /// The wait that it is in.
    wait: Option<&'a Wait>,
    /// How long it has waited in all.
    waited: Nanos,
    /// When it ended.
    ended: Option<Nanos>,
}

impl Rows<'_> {
    fn place(&self, place: Option<PlaceIndex>) -> Option<String> {
        let place = &self.catalog.places[place?];
        (!place.is_in_std()).then(|| place.file_and_line())
    }

    fn processes(&self) -> Vec<ProcessRow> {
        let processes = self.catalog.processes.iter();
        processes.map(|it| ProcessRow { pid: it.pid, name: it.name.clone() }).collect()
    }

    fn pid(&self, process: ProcessIndex) -> u32 {
        self.catalog.processes[process].pid
    }

    /// Whether a thread has done anything. Before that it is not known to be there.
    fn is_seen(&self, thread: ThreadIndex) -> bool {
        self.state.threads[thread].first.is_some()
    }

    /// The rows of threads, and how many have none: those that have ended, the oldest first.
    fn threads(&self) -> (Vec<ThreadRow>, usize) {
        let order = self.catalog.flow_order.threads.iter().copied();
        let mut threads: Vec<_> = order.filter(|&thread| self.is_seen(thread)).collect();
        let left_out = keep(&mut threads, MAX_ROWS, |&thread| {
            (!self.doing(thread).state.is_alive(), Reverse(thread))
        });
        (threads.into_iter().map(|thread| self.thread(thread)).collect(), left_out)
    }

    fn doing(&self, thread: ThreadIndex) -> Doing<'_> {
        let (facts, known) = (&self.catalog.threads[thread], &self.state.threads[thread]);
        let process = &self.state.processes[facts.process];
        let wait = self.state.open_wait(self.catalog, thread);
        let gone = self.gone[facts.process].then_some(known.last);
        let ended = known.ended.or(known.returned).or(gone);
        let pause = || process.pauses.last().and_then(|pause| pause.from).unwrap_or_default();
        let (state, since) = match (ended, wait) {
            (Some(ended), _) if facts.outcome == Some(ThreadOutcome::Panicked) => {
                (ThreadState::Panicked, ended)
            }
            (Some(ended), _) => (ThreadState::Ended, ended),
            (None, _) if process.is_paused() => (ThreadState::Paused, pause()),
            (None, Some(wait)) if wait.is_sleep() => (ThreadState::Sleeps, wait.begin),
            (None, Some(wait)) => (ThreadState::Waits, wait.begin),
            (None, None) => match self.blocked_since(thread) {
                Some(since) => (ThreadState::Blocked, since),
                None => (ThreadState::Runs, known.last),
            },
        };
        let waited = match state {
            ThreadState::Waits => known.waited + self.now.since(since),
            _ => known.waited,
        };
        let waits = matches!(state, ThreadState::Waits | ThreadState::Sleeps);
        Doing { state, since, wait: wait.filter(|_| waits), waited, ended }
    }

    /// Since when a thread has been blocked in something that is not recorded, if it was when it was
    /// observed last and has recorded nothing since.
    fn blocked_since(&self, thread: ThreadIndex) -> Option<Nanos> {
        let &(begin, until) = self.catalog.threads[thread].blocked.last()?;
        let last = self.state.threads[thread].last;
        let is_still = self.observed.get(&thread).is_some_and(|observed| observed.time == until);
        (is_still && last < until).then(|| begin.max(last))
    }

    fn thread(&self, thread: ThreadIndex) -> ThreadRow {
        let (facts, known) = (&self.catalog.threads[thread], &self.state.threads[thread]);
        let Doing { state, since, wait, waited, ended } = self.doing(thread);
        let life = ended.unwrap_or(self.now).since(known.first.unwrap_or_default());
        let activity = match (state, wait) {
            (_, Some(wait)) => Some(Activity::waiting_in(wait.call())),
            (ThreadState::Paused, None) => Some(Activity::NotRecorded),
            (ThreadState::Runs, None) => Some(Activity::Running),
            (ThreadState::Blocked, None) => Some(Activity::BlockedElsewhere),
            _ => None,
        };
        let label = |primitive: PrimitiveIndex| self.catalog.primitives[primitive].label.clone();
        ThreadRow {
            index: thread.into(),
            name: facts.name.clone(),
            process: self.names[facts.process].clone(),
            pid: self.pid(facts.process),
            os_id: facts.os_id,
            state,
            activity: activity.map(|it| it.name().to_owned()),
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

    /// All threads by process and name, and how many are in each state.
    fn thread_totals(&self) -> (Vec<ThreadTotals>, Vec<StateCount>) {
        let mut totals: Vec<ThreadTotals> = Vec::new();
        let mut places: HashMap<(u32, Option<&str>), usize> = HashMap::new();
        let mut names = 0;
        let mut states: BTreeMap<(u32, ThreadState), u64> = BTreeMap::new();
        for (thread, facts) in self.catalog.threads.iter_enumerated() {
            if !self.is_seen(thread) {
                continue;
            }
            let (pid, doing) = (self.pid(facts.process), self.doing(thread));
            *states.entry((pid, doing.state)).or_default() += 1;
            let mut key = (pid, Some(&*facts.name));
            if !places.contains_key(&key) {
                names += 1;
                if names > MAX_NAMES {
                    key.1 = None;
                }
            }
            let place = *places.entry(key).or_insert_with(|| {
                let name = key.1.map(str::to_owned);
                let (events, waited_ns, longest_present_wait_ns) = (0, 0, 0);
                totals.push(ThreadTotals { pid, name, events, waited_ns, longest_present_wait_ns });
                totals.len() - 1
            });
            let total = &mut totals[place];
            total.events += self.state.threads[thread].events;
            total.waited_ns = total.waited_ns.saturating_add(doing.waited.get());
            if doing.state == ThreadState::Waits {
                let wait = age(self.now, doing.since);
                total.longest_present_wait_ns = total.longest_present_wait_ns.max(wait);
            }
        }
        let states = states.into_iter();
        let states = states.map(|((pid, state), count)| StateCount { pid, state, count });
        (totals, states.collect())
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
        let observed = self.observed.get(&thread)?;
        let is_new = observed.time >= self.state.threads[thread].last;
        (is_new && !observed.activity.is_empty()).then(|| observed.activity.clone())
    }

    /// The rows of channels, all others by process, and how many those are.
    fn channels(
        &self,
        figures: &TiVec<ChannelIndex, ChannelFigures>,
        oldest: &TiVec<ChannelIndex, Option<Nanos>>,
    ) -> (Vec<ChannelRow>, Vec<ChannelTotals>, usize) {
        let order = self.catalog.flow_order.channels.iter().copied();
        let mut channels: Vec<_> = order.filter(|&channel| self.is_made(channel)).collect();
        let all = channels.len();
        let left_out = keep(&mut channels, MAX_ROWS, |&channel| {
            let known = &self.state.channels[channel];
            let is_closed = known.senders == 0 || known.receivers == 0;
            let is_first = usize::from(channel) < MAX_NAMES;
            (!is_first, is_closed && known.queued() == 0, Reverse(channel))
        });
        let others =
            if left_out > 0 { self.other_channels(&channels, figures) } else { Vec::new() };
        debug_assert_eq!(all, channels.len() + left_out);
        let mut waiting = self.waiting();
        let rows = channels.into_iter().map(|channel| {
            let [senders, receivers] = waiting.remove(&channel).unwrap_or_default();
            let row = self.channel(channel, &figures[channel], oldest[channel]);
            ChannelRow { waiting_senders: senders, waiting_receivers: receivers, ..row }
        });
        (rows.collect(), others, left_out)
    }

    /// The names of the threads that wait to send, and of those that wait to receive, by channel.
    fn waiting(&self) -> HashMap<ChannelIndex, [Vec<String>; 2]> {
        let mut waiting: HashMap<ChannelIndex, [Vec<String>; 2]> = HashMap::new();
        for (thread, facts) in self.catalog.threads.iter_enumerated() {
            if let Some(wait) = self.doing(thread).wait
                && let Some(Target::Channel(channel)) = wait.target()
            {
                let side = usize::from(!wait.call().is_send());
                waiting.entry(channel).or_default()[side].push(facts.name.clone());
            }
        }
        waiting
    }

    /// All channels but these, by process.
    fn other_channels(
        &self,
        rows: &[ChannelIndex],
        figures: &TiVec<ChannelIndex, ChannelFigures>,
    ) -> Vec<ChannelTotals> {
        let mut has_row: TiVec<ChannelIndex, bool> = vec![false; figures.len()].into();
        rows.iter().for_each(|&channel| has_row[channel] = true);
        let mut totals: BTreeMap<u32, ChannelTotals> = BTreeMap::new();
        for (channel, facts) in self.catalog.channels.iter_enumerated() {
            if has_row[channel] {
                continue;
            }
            let pid = self.pid(facts.process);
            let (sent, received, depth, refused) = (0, 0, 0, 0);
            let new = ChannelTotals { pid, sent, received, depth, refused };
            let total = totals.entry(pid).or_insert(new);
            let known = &self.state.channels[channel];
            total.sent += known.all_sent();
            total.received += known.received;
            total.depth += known.queued();
            total.refused += figures[channel].refused;
        }
        totals.into_values().collect()
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
    ) -> ChannelRow {
        let (facts, known) = (&self.catalog.channels[channel], &self.state.channels[channel]);
        let depth = known.queued();
        ChannelRow {
            index: channel.into(),
            label: facts.label.clone(),
            message_type: facts.message_type.clone(),
            process: self.names[facts.process].clone(),
            pid: self.pid(facts.process),
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
