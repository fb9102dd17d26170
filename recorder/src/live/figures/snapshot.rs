//! The figures of a run at an instant, for people and other programs.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{Figures, rows};
use crate::analysis::findings::{Certainty, Code, Finding};
use crate::analysis::stats::Latency;
use crate::live::{LiveListener, View};
use crate::reading::{self, Nanos, Recording};

/// Maximum number of names of threads, and of channels, whose figures last as long as the run.
pub const MAX_NAMES: usize = 200;

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
    /// All threads, by process and name: the first [`MAX_NAMES`] names, and the others as one.
    pub thread_totals: Vec<ThreadTotals>,
    /// How many threads are in each state, by process.
    pub thread_states: Vec<StateCount>,
    /// Messages flow from the first to the last. The first [`MAX_NAMES`] are among them.
    pub channels: Vec<ChannelRow>,
    /// How many channels are not among them.
    pub channels_left_out: usize,
    /// These channels, by process.
    pub other_channels: Vec<ChannelTotals>,
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
    /// The same as the timeline names it, with what it waits for: `waiting in recv`. `None` once it has
    /// ended.
    pub activity: Option<String>,
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
    /// It runs; or it waits in something that is not recorded and was not observed doing so.
    Runs,
    /// It was observed to be blocked in something that is not recorded.
    Blocked,
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
            ThreadState::Blocked => "blocked",
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

/// Threads of a process that have the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadTotals {
    /// The id of their process.
    pub pid: u32,
    /// Their name; `None` for those with other names.
    pub name: Option<String>,
    /// How many events they have had.
    pub events: u64,
    /// How long they have waited in all, sleep not included.
    pub waited_ns: u64,
    /// How long the one has waited by now that has waited longest.
    pub longest_present_wait_ns: u64,
}

/// Threads of a process in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCount {
    /// The id of the process.
    pub pid: u32,
    /// The state.
    pub state: ThreadState,
    /// How many there are.
    pub count: u64,
}

/// Channels of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTotals {
    /// The id of the process.
    pub pid: u32,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were received.
    pub received: u64,
    /// How many messages are in them.
    pub depth: u64,
    /// Attempts that found no room or no message.
    pub refused: u64,
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

    pub(super) fn of(latency: &Latency) -> Option<Self> {
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
            Certainty::Certain | Certainty::Possible => None,
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

    /// The figures of a run at the point that a follower has reached. `is_gone` is whether the process with this ID has
    /// ended: its threads have ended then, too.
    pub fn of(view: &mut View<'_, '_, Figures>, is_gone: &dyn Fn(u32) -> bool) -> Self {
        rows::snapshot(view, is_gone)
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
pub(super) fn keep<T, K: Ord>(rows: &mut Vec<T>, count: usize, key: impl Fn(&T) -> K) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_above_a_maximum_are_left_out_the_ended_ones_first() {
        let thread = |index, state| ThreadRow {
            index,
            name: format!("thread {index}"),
            process: None,
            pid: 1,
            os_id: 1,
            state,
            activity: None,
            call: None,
            place: None,
            since_ns: 0,
            timeout_ns: None,
            waited_ns: 0,
            waiting: 0.0,
            events: 0,
            holds: Vec::new(),
            spawned_at: None,
            observed: None,
        };
        let (runs, ended) = (ThreadState::Runs, ThreadState::Ended);
        let threads = [(4, runs), (0, ended), (3, runs), (1, ended), (2, ThreadState::Waits)];
        let threads = threads.map(|(index, state)| thread(index, state)).to_vec();
        let snapshot = Snapshot { threads, ..Snapshot::default() };
        let limited = |rows| {
            let limited = snapshot.clone().limited(rows);
            let indices: Vec<_> = limited.threads.iter().map(|row| row.index).collect();
            (indices, limited.threads_left_out)
        };
        assert_eq!(limited(9), (vec![4, 0, 3, 1, 2], 0));
        assert_eq!(limited(4), (vec![4, 0, 3, 2], 1));
        assert_eq!(limited(2), (vec![3, 2], 3));
    }
}
