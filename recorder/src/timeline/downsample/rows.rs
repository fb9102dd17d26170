//! Threads, and lanes of locks: which slices and holds are merged.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::layout::Extent;
use super::left_out::LeftOut;
use super::time_slots::TimeSlots;
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
    /// When kept ones begin and end; once [divided](RowDownsampler::divide), in order.
    cuts: Vec<Nanos>,
    /// The slots in which merged ones begin.
    slots: TimeSlots,
    /// The latest start so far, and whether that one is kept.
    latest: (Nanos, bool),
    runs: FxHashMap<Section, Run>,
}

/// A part of a row: how many cuts come before it, and its time slot.
type Section = (usize, u64);

/// Slices or holds that are merged.
#[derive(Debug)]
struct Run {
    /// The item, if it is only one.
    only: Option<Box<Item>>,
    /// All items. The totals are those of `sums`.
    merged: Merged,
    sums: Sums,
}

/// Maximum number of kinds that a run distinguishes.
const MAX_KINDS: usize = 8;

/// Totals of slices or holds.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// By [`Total`], except the mean.
    totals: [u64; Total::ALL.len()],
    /// How many latencies are known.
    latencies: u64,
}

impl RowDownsampler {
    /// A row with at most `max_events`, not counting kept ones.
    pub(super) fn new(row: Row, extent: Extent, max_events: u64) -> Self {
        RowDownsampler {
            row,
            cuts: Vec::new(),
            slots: TimeSlots::new(extent, max_events),
            latest: (Nanos::ZERO, false),
            runs: FxHashMap::default(),
        }
    }

    /// Planning pass: a slice or a hold will be merged. Returns the maximum number of merged ones
    /// that kept ones cause here.
    pub(super) fn mark(&mut self, begin: Nanos) -> u64 {
        self.slots.mark(begin);
        let (latest, is_kept) = self.latest;
        // One that comes late can be alone between those that are kept.
        if begin < latest {
            return 1;
        }
        self.latest = (begin, false);
        u64::from(is_kept)
    }

    /// Planning pass: a slice or a hold will be kept. Returns the maximum number of events that it
    /// takes.
    pub(super) fn cut(&mut self, begin: Nanos, end: Option<Nanos>) -> u64 {
        self.cuts.push(begin);
        self.cuts.extend(end.map(|end| end.max(begin.after())));
        // One that comes late can divide what is merged into three.
        if begin < self.latest.0 {
            return 3;
        }
        self.latest = (begin, true);
        1
    }

    /// After the planning pass: decides how the others are merged, into at most `max_events` where
    /// no kept ones divide them.
    pub(super) fn divide(&mut self, max_events: u64) {
        self.slots.divide(max_events);
        self.latest = (Nanos::ZERO, false);
        self.cuts.sort_unstable();
        self.cuts.dedup();
    }

    /// Output pass: merges a slice.
    pub(super) fn slice(&mut self, slice: &Slice, end_of_trace: Nanos) {
        let end = slice.end.unwrap_or(end_of_trace);
        // Other slices of the thread can be within this one.
        let is_around = matches!(slice.kind, SliceKind::Span | SliceKind::Initializer);
        let (run, is_whole) = self.run(slice.begin, end, is_around);
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
        let target = Some(Target::Thread(hold.thread));
        run.count(MergedKind { verb: hold.verb(), target }, 1);
        run.sums.hold(hold, end.since(hold.begin));
    }

    /// Extends the run into which an item from `begin` to `end` is merged. Returns the run, and
    /// whether the whole item is in it.
    fn run(&mut self, begin: Nanos, end: Nanos, can_contain_others: bool) -> (&mut Run, bool) {
        let cuts = self.cuts.partition_point(|cut| *cut <= begin);
        let slot = self.slots.at(begin);
        let mut limit = self.cuts.get(cuts).copied().unwrap_or(Nanos::MAX);
        // Where events are missing, a wait can seem to be around what came before it.
        let is_late = begin < self.latest.0;
        self.latest.0 = self.latest.0.max(begin);
        if can_contain_others || is_late {
            // Some of the others may be in the next slot.
            limit = limit.min(self.slots.end(slot));
        }
        let reaches = end.min(limit.before()).max(begin);
        let run = self.runs.entry((cuts, slot)).or_insert_with(|| Run::new(self.row, begin));
        run.merged.begin = run.merged.begin.min(begin);
        run.merged.end = run.merged.end.max(reaches);
        (run, reaches == end)
    }

    /// After the output pass: returns the merged slices or holds, in the order of time, and counts
    /// them.
    pub(super) fn finish(self, left_out: &mut LeftOut) -> impl Iterator<Item = Item> {
        let mut runs: Vec<_> = self.runs.into_iter().collect();
        runs.sort_unstable_by_key(|(section, _)| *section);
        runs.into_iter().map(move |(_, run)| match run.only {
            Some(only) => *only,
            None => Item::Merged(run.finish(left_out)),
        })
    }
}

impl Run {
    fn new(row: Row, begin: Nanos) -> Self {
        let (kinds, totals) = (Vec::new(), Vec::new());
        let merged = Merged { row, begin, end: begin, kinds, others: 0, totals };
        Run { only: None, merged, sums: Sums::default() }
    }

    /// Adds an item. If it remains the only one and `is_whole`, the run is what `alone` returns.
    fn add(&mut self, is_whole: bool, alone: impl FnOnce() -> Item) {
        let is_first = self.sums.totals[Total::Merged as usize] == 0;
        self.only = (is_first && is_whole).then(|| Box::new(alone()));
        self.sums.add(Total::Merged, 1);
    }

    fn count(&mut self, kind: MergedKind, count: u64) {
        let Merged { kinds, others, .. } = &mut self.merged;
        match kinds.iter().position(|(known, _)| *known == kind) {
            Some(index) => kinds[index].1 += count,
            None if kinds.len() < MAX_KINDS => kinds.push((kind, count)),
            None => *others += count,
        }
    }

    fn finish(mut self, left_out: &mut LeftOut) -> Merged {
        let total = |total: Total| self.sums.totals[total as usize];
        let longest = |known: Nanos, longest| known.max(Nanos::new(total(longest)));
        left_out.slices.0 += total(Total::Merged);
        left_out.slices.1 += 1;
        left_out.longest_wait = longest(left_out.longest_wait, Total::LongestWait);
        left_out.longest_latency = longest(left_out.longest_latency, Total::LatencyMax);
        // Of equally many the kind that came first comes first.
        self.merged.kinds.sort_by_key(|(_, count)| Reverse(*count));
        Merged { totals: self.sums.totals(), ..self.merged }
    }
}

impl Sums {
    fn add(&mut self, total: Total, more: u64) {
        let sum = &mut self.totals[total as usize];
        *sum = sum.saturating_add(more);
    }

    fn raise(&mut self, total: Total, value: Nanos) {
        let highest = &mut self.totals[total as usize];
        *highest = value.get().max(*highest);
    }

    fn slice(&mut self, slice: &Slice) {
        self.add(Total::Sends, u64::from(slice.is_sent()));
        self.add(Total::Receives, u64::from(slice.is_received()));
        if let Some(latency) = slice.latency {
            let lowest = &mut self.totals[Total::LatencyMin as usize];
            *lowest = if self.latencies == 0 { latency.get() } else { latency.get().min(*lowest) };
            self.latencies += 1;
            self.raise(Total::LatencyMax, latency);
            self.add(Total::LatencySum, latency.get());
        }
        if let Some(end) = slice.end.filter(|_| slice.is_wait()) {
            let waited = match slice.kind {
                SliceKind::Wait { .. } => slice.waited,
                // Its wait is a slice before it.
                _ => None,
            };
            let waited = waited.unwrap_or_else(|| end.since(slice.begin));
            self.add(Total::Waits, 1);
            self.add(Total::Waited, waited.get());
            self.raise(Total::LongestWait, waited);
        }
    }

    fn hold(&mut self, hold: &HeldLock, held: Nanos) {
        self.add(Total::Held, held.get());
        self.raise(Total::LongestHeld, held);
        self.add(Total::OthersWaited, hold.others_waited.get());
    }

    /// All totals that are not zero.
    fn totals(mut self) -> Vec<(Total, u64)> {
        let latency_sum = self.totals[Total::LatencySum as usize];
        self.totals[Total::LatencyMean as usize] =
            latency_sum.checked_div(self.latencies).unwrap_or(0);
        Total::ALL.into_iter().zip(self.totals).filter(|(_, value)| *value > 0).collect()
    }
}
