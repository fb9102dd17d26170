//! Threads, and lanes of locks: what of them is merged.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::survey::Extent;
use super::time_slots::{Busy, Pieces};
use crate::timeline::item::{Category, Hold, Item, Merged, On, Row, Slice, Total};

/// Slices of a thread, or holds of a lock's lane: one after the other, or within each other.
///
/// Those that are kept whole divide it, and so does time, evenly. What is not kept is merged
/// where it begins, and does not reach beyond what is kept next.
#[derive(Debug)]
pub(super) struct Line {
    row: Row,
    /// Whether all of it is kept.
    pub(super) whole: bool,
    /// Where what is kept begins and ends, in order.
    cuts: Vec<u64>,
    /// When there is something to merge.
    busy: Busy,
    /// How many events are kept, and how many merged ones there are at most because of those.
    taken: u64,
    /// When what came last begins, and whether it is kept.
    latest: (u64, bool),
    /// How time divides it.
    pieces: Pieces,
    /// What is merged in each piece, but for the newest.
    done: FxHashMap<Piece, Run>,
    newest: Option<(Piece, Run)>,
}

/// After so many cuts, and so many pieces of time.
type Piece = (usize, u64);

/// What is merged.
#[derive(Debug)]
struct Run {
    /// If it is only one, that.
    only: Option<Box<Item>>,
    begin: u64,
    end: u64,
    /// What they are, and how many of each that are no waits.
    kinds: Vec<(Kind, u64)>,
    /// How many others.
    others: u64,
    sums: Sums,
}

/// The first word of a name, and what it is on.
type Kind = (&'static str, Option<On>);

/// So many kinds are told apart in a run.
const KINDS: usize = 8;

/// What slices or holds come to. Times are nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    merged: u64,
    sends: u64,
    receives: u64,
    waits: u64,
    waited: u64,
    longest_wait: u64,
    /// How many latencies are known.
    latencies: u64,
    latency_min: u64,
    latency_max: u64,
    latency_sum: u64,
    held: u64,
    longest_held: u64,
    others_waited: u64,
}

/// What was merged of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    /// Slices and holds, and how many merged ones stand for them.
    pub(super) merged: u64,
    pub(super) runs: u64,
    pub(super) longest_wait: u64,
    pub(super) slowest: u64,
}

impl Line {
    /// One that has room for so many events.
    pub(super) fn new(row: Row, extent: Extent, level: u64) -> Self {
        let whole = extent.events <= level;
        let busy = Busy::new(extent, if whole { 1 } else { level });
        Line {
            row,
            whole,
            cuts: Vec::new(),
            pieces: busy.divide(1),
            busy,
            taken: 0,
            latest: (0, false),
            done: FxHashMap::default(),
            newest: None,
        }
    }

    /// Something is to be merged.
    pub(super) fn mark(&mut self, begin: u64) {
        self.busy.mark(begin);
        let (latest, is_kept) = self.latest;
        // What comes late may be alone between what is kept.
        if begin < latest {
            self.taken += 1;
        } else {
            self.taken += u64::from(is_kept);
            self.latest = (begin, false);
        }
    }

    /// How many events are taken by what is kept.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// All that is kept and merged is known: time divides what is merged into so many at most.
    pub(super) fn divide(&mut self, level: u64) {
        self.pieces = self.busy.divide(level);
        self.latest = (0, false);
        self.cuts.sort_unstable();
        self.cuts.dedup();
    }

    /// Something is kept whole.
    pub(super) fn cut(&mut self, begin: u64, end: Option<u64>) {
        let (latest, _) = self.latest;
        self.taken += 1;
        // What comes late may divide what is merged in three.
        if begin < latest {
            self.taken += 2;
        } else {
            self.latest = (begin, true);
        }
        self.cuts.push(begin);
        self.cuts.extend(end.map(|end| end.max(begin + 1)));
    }

    pub(super) fn slice(&mut self, slice: &Slice, end_of_trace: u64) {
        let has_others_in_it = contains_others(slice);
        let end = slice.end.unwrap_or(end_of_trace);
        let (run, is_whole) = self.run(slice.begin, end, has_others_in_it);
        let keep = || Item::Slice(Slice { arrow: None, cause: None, depth: None, ..slice.clone() });
        run.add(is_whole && slice.end.is_some(), keep);
        run.count((slice.verb, slice.on), u64::from(!slice.is_wait()));
        run.sums.slice(slice);
    }

    pub(super) fn hold(&mut self, hold: &Hold, end_of_trace: u64) {
        // Where clocks differ, it can seem to begin after the trace.
        let end = hold.end.unwrap_or(end_of_trace).max(hold.begin);
        let (run, is_whole) = self.run(hold.begin, end, false);
        let verb = if hold.shared { "read by" } else { "held by" };
        let kind = (verb, Some(On::Thread(hold.thread)));
        run.add(is_whole && hold.end.is_some(), || Item::Hold(hold.clone()));
        run.count(kind, 1);
        run.sums.hold(hold, end - hold.begin);
    }

    /// What is merged from `begin` on; it reaches to `end`, if it can: tells that, too.
    fn run(&mut self, begin: u64, end: u64, has_others_in_it: bool) -> (&mut Run, bool) {
        let cuts = self.cuts.partition_point(|cut| *cut <= begin);
        let piece = (cuts, self.pieces.of(begin));
        let mut limit = self.cuts.get(cuts).copied().unwrap_or(u64::MAX);
        // Where something is missing, a wait can seem to be around what came before it.
        let is_late = begin < self.latest.0;
        self.latest.0 = self.latest.0.max(begin);
        if has_others_in_it || is_late {
            // Of those some may be in the next piece.
            limit = limit.min(self.pieces.end(piece.1));
        }
        let reaches = end.min(limit - 1).max(begin);
        if self.newest.as_ref().is_none_or(|(newest, _)| *newest != piece) {
            let run = self.done.remove(&piece).unwrap_or_else(|| Run::new(begin));
            self.done.extend(self.newest.replace((piece, run)));
        }
        let (_, run) = self.newest.get_or_insert_with(|| (piece, Run::new(begin)));
        run.begin = run.begin.min(begin);
        run.end = run.end.max(reaches);
        (run, reaches == end)
    }

    /// Tells what was merged, in the order of time.
    pub(super) fn finish(self, losses: &mut Losses) -> impl Iterator<Item = Item> {
        let mut runs: Vec<_> = self.done.into_iter().chain(self.newest).collect();
        runs.sort_unstable_by_key(|(piece, _)| *piece);
        runs.into_iter().map(move |(_, run)| match run.only {
            Some(only) => *only,
            None => {
                losses.add(&run.sums);
                Item::Merged(run.merged(self.row))
            }
        })
    }
}

/// Whether a thread may do something else while it is in this.
fn contains_others(slice: &Slice) -> bool {
    slice.category == Category::Span || slice.verb == "initialize" && !slice.is_wait()
}

impl Run {
    fn new(begin: u64) -> Self {
        Run { only: None, begin, end: begin, kinds: Vec::new(), others: 0, sums: Sums::default() }
    }

    /// One more; `keep` gives it, if it can be shown as it is where it is the only one.
    fn add(&mut self, is_whole: bool, keep: impl FnOnce() -> Item) {
        self.only = (self.sums.merged == 0 && is_whole).then(|| Box::new(keep()));
        self.sums.merged += 1;
    }

    fn count(&mut self, kind: Kind, count: u64) {
        match self.kinds.iter().position(|known| known.0 == kind) {
            Some(place) => self.kinds[place].1 += count,
            None if self.kinds.len() < KINDS => self.kinds.push((kind, count)),
            None => self.others += count,
        }
    }

    fn merged(mut self, row: Row) -> Merged {
        // Of those of which there are equally many, the first comes first.
        self.kinds.sort_by_key(|(_, count)| Reverse(*count));
        let kinds = self.kinds.into_iter().map(|((verb, on), count)| (verb, on, count));
        Merged {
            row,
            begin: self.begin,
            end: self.end,
            kinds: kinds.collect(),
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
            let shortest = if self.latencies == 0 { latency } else { self.latency_min };
            self.latencies += 1;
            self.latency_min = shortest.min(latency);
            self.latency_max = self.latency_max.max(latency);
            self.latency_sum = self.latency_sum.saturating_add(latency);
        }
        if let Some(end) = slice.end.filter(|_| slice.is_wait()) {
            let waited = end - slice.begin;
            self.waits += 1;
            self.waited = self.waited.saturating_add(waited);
            self.longest_wait = self.longest_wait.max(waited);
        }
    }

    fn hold(&mut self, hold: &Hold, held: u64) {
        self.held = self.held.saturating_add(held);
        self.longest_held = self.longest_held.max(held);
        self.others_waited = self.others_waited.saturating_add(hold.others_waited);
    }

    fn totals(&self) -> Vec<(Total, u64)> {
        let value = |total| match total {
            Total::Merged => self.merged,
            Total::Sends => self.sends,
            Total::Receives => self.receives,
            Total::Waits => self.waits,
            Total::Waited => self.waited,
            Total::LongestWait => self.longest_wait,
            Total::LatencyMin => self.latency_min,
            Total::LatencyMean => self.latency_sum.checked_div(self.latencies).unwrap_or(0),
            Total::LatencyMax => self.latency_max,
            Total::LatencySum => self.latency_sum,
            Total::Held => self.held,
            Total::LongestHeld => self.longest_held,
            Total::OthersWaited => self.others_waited,
        };
        let totals = Total::ALL.into_iter().map(|total| (total, value(total)));
        totals.filter(|(_, value)| *value > 0).collect()
    }
}

impl Losses {
    fn add(&mut self, sums: &Sums) {
        self.merged += sums.merged;
        self.runs += 1;
        self.longest_wait = self.longest_wait.max(sums.longest_wait);
        self.slowest = self.slowest.max(sums.latency_max);
    }
}
