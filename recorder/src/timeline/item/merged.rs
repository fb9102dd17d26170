//! Several slices or holds as one.

use super::{MAX_TEXT, SliceKind, shorten};
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, PrimitiveIndex, Target, ThreadIndex};

/// Several slices of a thread, or several holds of a lock, as one: what
/// [`downsample`](crate::timeline::downsample) makes where there is no room for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Where they were.
    pub row: Row,
    /// When the first begins.
    pub begin: Nanos,
    /// When the last ends.
    pub end: Nanos,
    /// The kinds of them, the most frequent first, and how many there are of each, without waits.
    pub kinds: Vec<(MergedKind, u64)>,
    /// How many there are of other kinds.
    pub others: u64,
    /// Their totals, in the order of [`Total::ALL`]; those that are zero are left out.
    pub totals: Vec<(Total, u64)>,
}

/// What merged slices or holds have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedKind {
    /// The first word of their names: a [verb](SliceKind::verb), `held by` or `read by`.
    pub verb: &'static str,
    /// What they are about.
    pub target: Option<Target>,
}

impl MergedKind {
    /// Of slices of this kind and target.
    pub fn of(kind: SliceKind, target: Option<Target>) -> Self {
        MergedKind { verb: kind.verb(), target }
    }

    /// The name of such a slice, without a note: `send jobs`; a span's name.
    pub(super) fn name(self, catalog: &Catalog) -> String {
        let MergedKind { verb, target } = self;
        match target.map_or("", |target| catalog.label(target)) {
            "" if verb.is_empty() => "span".to_owned(),
            "" => verb.to_owned(),
            label if verb.is_empty() => shorten(label, MAX_TEXT).into_owned(),
            label => format!("{verb} {label}"),
        }
    }

    fn is_unlock(self) -> bool {
        self.verb.starts_with("unlock")
    }
}

/// Where slices or holds are, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// A thread.
    Thread(ThreadIndex),
    /// A lock, and one of its lanes.
    Lock(PrimitiveIndex, u8),
}

/// A total of [merged](Merged) slices or holds. Times are nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// How many there are.
    Merged,
    /// Messages sent.
    Sends,
    /// Messages received.
    Receives,
    /// How often the thread has waited for others.
    Waits,
    /// How long in all.
    Waited,
    /// How long at most.
    LongestWait,
    /// The shortest latency of the messages received.
    LatencyMin,
    /// The mean of their latencies, rounded down.
    LatencyMean,
    /// The longest.
    LatencyMax,
    /// The sum of their latencies.
    LatencySum,
    /// How long a lock was held in all.
    Held,
    /// How long at most.
    LongestHeld,
    /// How long others have waited for it meanwhile, all together.
    OthersWaited,
}

impl Total {
    /// All of them.
    pub const ALL: [Total; 13] = [
        Total::Merged,
        Total::Sends,
        Total::Receives,
        Total::Waits,
        Total::Waited,
        Total::LongestWait,
        Total::LatencyMin,
        Total::LatencyMean,
        Total::LatencyMax,
        Total::LatencySum,
        Total::Held,
        Total::LongestHeld,
        Total::OthersWaited,
    ];
}

impl Merged {
    /// Its name, the same for about the same mixture of operations: `recv jobs, send results
    /// (merged)`. It leaves out what is much rarer, and that what was locked is unlocked.
    pub fn name(&self, catalog: &Catalog) -> String {
        const MAX_NAMED: usize = 3;
        let only_unlocks = self.kinds.iter().all(|(kind, _)| kind.is_unlock());
        let most = self.kinds.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let mut names: Vec<_> = self
            .kinds
            .iter()
            .filter(|(kind, count)| *count >= most / 2 && (only_unlocks || !kind.is_unlock()))
            .map(|(kind, _)| kind.name(catalog))
            .collect();
        names.sort_unstable();
        let more = if names.len() > MAX_NAMED { ", …" } else { "" };
        names.truncate(MAX_NAMED);
        let note = if self.is_waiting() { ", mostly waiting" } else { "" };
        format!("{}{more} (merged{note})", names.join(", "))
    }

    /// How many there are of each kind: `7 recv jobs, 7 send results`; nothing if there are only
    /// waits.
    pub fn contents(&self, catalog: &Catalog) -> String {
        let known = self.kinds.iter().filter(|(_, count)| *count > 0);
        let mut parts: Vec<_> =
            known.map(|(kind, count)| format!("{count} {}", kind.name(catalog))).collect();
        if self.others > 0 {
            parts.push(format!("{} others", self.others));
        }
        parts.join(", ")
    }

    /// Whether its thread has waited for others most of the time.
    fn is_waiting(&self) -> bool {
        let waited = self.totals.iter().find(|(total, _)| *total == Total::Waited);
        waited.is_some_and(|(_, waited)| *waited > self.end.since(self.begin).get() / 2)
    }
}
