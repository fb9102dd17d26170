//! Threads, and lanes of locks: which slices and holds are merged.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::survey::Extent;
use super::time_slots::{Occupancy, TimeSlots};
use crate::reading::Nanos;
use crate::reading::catalog::Target;
use crate::timeline::item::{HeldLock, Item, Merged, MergedKind, Row, Slice, SliceKind, Total};

/// Downsamples the slices of a thread, or the holds in a lane of a lock: one after the other, or
/// within each other.
///
/// Kept ones divide the row, and so do time slots. The others are merged in the part in which they
/// begin. A merged one does not reach beyond the next kept one.
#[derive(Debug)]
pub(super) struct RowDownsampler {
    row: Row,
    /// Whether all are kept.
    pub(super) is_whole: bool,
    /// When kept ones begin and end; once [divided](RowDownsampler::divide), in order.
    cuts: Vec<Nanos>,
    /// The slots in which merged ones begin.
    occupancy: Occupancy,
    /// How many are kept, plus the maximum number of merged ones that they cause.
    taken: u64,
    /// The latest start so far, and whether that one is kept.
    latest: (Nanos, bool),
    slots: TimeSlots,
    /// The merged ones in each section but the newest.
    finished: FxHashMap<Section, Run>,
    newest: Option<(Section, Run)>,
}

/// A part of a row: how many cuts come before it, and its time slot.
type Section = (usize, u64);

/// Slices or holds that are merged.
#[derive(Debug)]
struct Run {
    /// The item, if it is only one.
    only: Option<Box<Item>>,
    begin: Nanos,
    end: Nanos,
    /// How many there are of each kind, without waits.
    kinds: Vec<(MergedKind, u64)>,
    /// How many there are of other kinds.
    others: u64,
    sums: Sums,
}

/// Maximum number of kinds that a run distinguishes.
const MAX_KINDS: usize = 8;

/// Totals of slices or holds.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: u64,
    sends: u64,
    receives: u64,
    waits: u64,
    waited: Nanos,
    longest_wait: Nanos,
    /// How many latencies are known.
    latencies: u64,
    latency_min: Option<Nanos>,
    latency_max: Nanos,
    latency_sum: Nanos,
    held: Nanos,
    longest_held: Nanos,
    others_waited: Nanos,
}

/// What is merged in a picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MergedSlices {
    /// How many slices and holds are merged, and into how many.
    pub(super) slices: u64,
    pub(super) runs: u64,
    pub(super) longest_wait: Nanos,
    pub(super) longest_latency: Nanos,
}

impl RowDownsampler {
    /// A row with at most `max_events`, not counting kept ones.
    pub(super) fn new(row: Row, extent: Extent, max_events: u64) -> Self {
        let is_whole = extent.events <= max_events;
        let occupancy = Occupancy::new(extent, if is_whole { 1 } else { max_events });
        RowDownsampler {
            row,
            is_whole,
            cuts: Vec::new(),
            slots: occupancy.divide(1),
            occupancy,
            taken: 0,
            latest: (Nanos::ZERO, false),
            finished: FxHashMap::default(),
            newest: None,
        }
    }

    /// Planning pass: a slice or a hold will be merged.
    pub(super) fn mark(&mut self, begin: Nanos) {
        self.occupancy.mark(begin);
        let (latest, is_kept) = self.latest;
        // One that comes late can be alone between those that are kept.
        if begin < latest {
            self.taken += 1;
        } else {
            self.taken += u64::from(is_kept);
            self.latest = (begin, false);
        }
    }

    /// Planning pass: a slice or a hold will be kept.
    pub(super) fn cut(&mut self, begin: Nanos, end: Option<Nanos>) {
        let (latest, _) = self.latest;
        self.taken += 1;
        // One that comes late can divide what is merged into three.
        if begin < latest {
            self.taken += 2;
        } else {
            self.latest = (begin, true);
        }
        self.cuts.push(begin);
        self.cuts.extend(end.map(|end| end.max(begin.after())));
    }

    /// After the planning pass: the maximum number of events that kept ones take.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// After the planning pass: decides how the others are merged, into at most `max_events` where
    /// no kept ones divide them.
    pub(super) fn divide(&mut self, max_events: u64) {
        self.slots = self.occupancy.divide(max_events);
        self.latest = (Nanos::ZERO, false);
        self.cuts.sort_unstable();
        self.cuts.dedup();
    }

    /// Output pass: merges a slice.
    pub(super) fn slice(&mut self, slice: &Slice, end_of_trace: Nanos) {
        let end = slice.end.unwrap_or(end_of_trace);
        let (run, is_whole) = self.run(slice.begin, end, can_contain_others(slice));
        let alone = || Item::Slice(Slice { flow: None, cause: None, depth: None, ..slice.clone() });
        run.add(is_whole && slice.end.is_some(), alone);
        run.count(MergedKind::of(slice.kind, slice.target), u64::from(!slice.is_wait()));
        run.sums.slice(slice);
    }

    /// Output pass: merges a hold.
    pub(super) fn hold(&mut self, hold: &HeldLock, end_of_trace: Nanos) {
        // Where clocks differ, it can seem to begin after the trace's end.
        let end = hold.end.unwrap_or(end_of_trace).max(hold.begin);
        let (run, is_whole) = self.run(hold.begin, end, false);
        run.add(is_whole && hold.end.is_some(), || Item::Hold(hold.clone()));
        let verb = if hold.is_shared { "read by" } else { "held by" };
        run.count(MergedKind { verb, target: Some(Target::Thread(hold.thread)) }, 1);
        run.sums.hold(hold, end.since(hold.begin));
    }

    /// Extends the run into which an item from `begin` to `end` is merged. Returns the run, and
    /// whether the whole item is in it.
    fn run(&mut self, begin: Nanos, end: Nanos, can_contain_others: bool) -> (&mut Run, bool) {
        let cuts = self.cuts.partition_point(|cut| *cut <= begin);
        let section = (cuts, self.slots.at(begin));
        let mut limit = self.cuts.get(cuts).copied().unwrap_or(Nanos::MAX);
        // Where events are missing, a wait can seem to be around what came before it.
        let is_late = begin < self.latest.0;
        self.latest.0 = self.latest.0.max(begin);
        if can_contain_others || is_late {
            // Some of the others may be in the next slot.
            limit = limit.min(self.slots.end(section.1));
        }
        let reaches = end.min(limit.before()).max(begin);
        if self.newest.as_ref().is_none_or(|(newest, _)| *newest != section) {
            let run = self.finished.remove(&section).unwrap_or_else(|| Run::new(begin));
            self.finished.extend(self.newest.replace((section, run)));
        }
        let (_, run) = self.newest.get_or_insert_with(|| (section, Run::new(begin)));
        run.begin = run.begin.min(begin);
        run.end = run.end.max(reaches);
        (run, reaches == end)
    }

    /// After the output pass: returns the merged slices or holds, in the order of time, and adds
    /// them to `merged`.
    pub(super) fn finish(self, merged: &mut MergedSlices) -> impl Iterator<Item = Item> {
        let mut runs: Vec<_> = self.finished.into_iter().chain(self.newest).collect();
        runs.sort_unstable_by_key(|(section, _)| *section);
        runs.into_iter().map(move |(_, run)| match run.only {
            Some(only) => *only,
            None => {
                merged.add(&run.sums);
                Item::Merged(run.merged(self.row))
            }
        })
    }
}

/// Whether other slices of the thread can be within this one.
fn can_contain_others(slice: &Slice) -> bool {
    matches!(slice.kind, SliceKind::Span | SliceKind::Initializer)
}

impl Run {
    fn new(begin: Nanos) -> Self {
        Run { only: None, begin, end: begin, kinds: Vec::new(), others: 0, sums: Sums::default() }
    }

    /// Adds an item. If it remains the only one and `is_whole`, the run is what `alone` returns.
    fn add(&mut self, is_whole: bool, alone: impl FnOnce() -> Item) {
        self.only = (self.sums.count == 0 && is_whole).then(|| Box::new(alone()));
        self.sums.count += 1;
    }

    fn count(&mut self, kind: MergedKind, count: u64) {
        match self.kinds.iter().position(|(known, _)| *known == kind) {
            Some(index) => self.kinds[index].1 += count,
            None if self.kinds.len() < MAX_KINDS => self.kinds.push((kind, count)),
            None => self.others += count,
        }
    }

    fn merged(mut self, row: Row) -> Merged {
        // Of equally many the kind that came first comes first.
        self.kinds.sort_by_key(|(_, count)| Reverse(*count));
        Merged {
            row,
            begin: self.begin,
            end: self.end,
            kinds: self.kinds,
            others: self.others,
            totals: self.sums.totals(),
        }
    }
}

impl Sums {
    fn slice(&mut self, slice: &Slice) {
        self.sends += u64::from(slice.is_sent());
        self.receives += u64::from(slice.is_received());
        if let Some(latency) = slice.latency {
            self.latencies += 1;
            self.latency_min = Some(self.latency_min.unwrap_or(latency).min(latency));
            self.latency_max = self.latency_max.max(latency);
            self.latency_sum += latency;
        }
        if let Some(end) = slice.end.filter(|_| slice.is_wait()) {
            let waited = end.since(slice.begin);
            self.waits += 1;
            self.waited += waited;
            self.longest_wait = self.longest_wait.max(waited);
        }
    }

    fn hold(&mut self, hold: &HeldLock, held: Nanos) {
        self.held += held;
        self.longest_held = self.longest_held.max(held);
        self.others_waited += hold.others_waited;
    }

    fn totals(&self) -> Vec<(Total, u64)> {
        let latency_sum = self.latency_sum.get();
        let value = |total| match total {
            Total::Merged => self.count,
            Total::Sends => self.sends,
            Total::Receives => self.receives,
            Total::Waits => self.waits,
            Total::Waited => self.waited.get(),
            Total::LongestWait => self.longest_wait.get(),
            Total::LatencyMin => self.latency_min.unwrap_or_default().get(),
            Total::LatencyMean => latency_sum.checked_div(self.latencies).unwrap_or(0),
            Total::LatencyMax => self.latency_max.get(),
            Total::LatencySum => latency_sum,
            Total::Held => self.held.get(),
            Total::LongestHeld => self.longest_held.get(),
            Total::OthersWaited => self.others_waited.get(),
        };
        let totals = Total::ALL.into_iter().map(|total| (total, value(total)));
        totals.filter(|(_, value)| *value > 0).collect()
    }
}

impl MergedSlices {
    fn add(&mut self, sums: &Sums) {
        self.slices += sums.count;
        self.runs += 1;
        self.longest_wait = self.longest_wait.max(sums.longest_wait);
        self.longest_latency = self.longest_latency.max(sums.latency_max);
    }
}
