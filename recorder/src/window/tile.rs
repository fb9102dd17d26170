//! What happened in equal spans of time, for zooming out.
//!
//! Tile `i` of level `k` has 256 bins of 2^k nanoseconds, of which the first begins at
//! `i << (k + 8)`. It may consist of several segments, which add up: what becomes known late is in a
//! later one. After the header (version, level, tile, and the numbers of entries of threads,
//! channels, locks and arrows) a segment has these columns, with a number for each entry:
//!
//! | of | columns |
//! |---|---|
//! | threads | lane, bin, run, events; then the sums: a mask of the activities that occur, and the nanoseconds of each |
//! | channels | lane, bin, run, sent, received, minimum depth, maximum depth |
//! | locks | lane, bin, run, nanoseconds held, by all holders |
//! | arrows | bin of the start (signed, less that of the entry before), from thread, to thread, number of bins to the end, number of arrows |
//!
//! *lane* is an index, less that of the entry before; *bin* is counted from the end of the entry
//! before if that has the same lane, else from the start of the tile; *run* is the number of further
//! bins with the same content. An arrow is in the tile of its end.

use std::collections::BTreeMap;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::VERSION;
use super::chunk::Chunk;
use super::columns::{Column, difference};
use crate::timeline::item::Activity;

/// The binary logarithm of the number of bins of a tile.
pub(super) const TILE_BITS: u32 = 8;

/// The coarsest level: a bin takes 13 days, so that any run has a limited number of them.
pub(super) const MAX_LEVEL: u32 = 50;

/// A chunk adds to the levels at which it has at most this number of bins.
const MAX_BINS_OF_CHUNK: u64 = 64;

const ACTIVITIES: usize = Activity::ALL.len();

/// The first level to which a chunk of this duration adds.
pub(super) fn level_of(duration: u64) -> u32 {
    let bin = duration.div_ceil(MAX_BINS_OF_CHUNK).max(1);
    bin.next_power_of_two().trailing_zeros().min(MAX_LEVEL)
}

/// Sums by lane and bin, where bins count from the start of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Bins {
    threads: FxHashMap<(u32, u64), ThreadBin>,
    channels: FxHashMap<(u32, u64), ChannelBin>,
    locks: FxHashMap<(u32, u64), u64>,
    arrows: FxHashMap<Arrow, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ThreadBin {
    events: u64,
    nanoseconds: [u64; ACTIVITIES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChannelBin {
    sent: u64,
    received: u64,
    min: u64,
    max: u64,
}

/// Arrows between the same threads, from one bin to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Arrow {
    end: u64,
    start: u64,
    from: u32,
    to: u32,
}

impl ThreadBin {
    fn add(&mut self, other: &ThreadBin) {
        self.events += other.events;
        for (sum, more) in self.nanoseconds.iter_mut().zip(other.nanoseconds) {
            *sum += more;
        }
    }
}

impl ChannelBin {
    const NOTHING: ChannelBin = ChannelBin { sent: 0, received: 0, min: u64::MAX, max: 0 };

    fn add(&mut self, other: &ChannelBin) {
        self.sent += other.sent;
        self.received += other.received;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl Bins {
    /// The sums of a chunk.
    pub(super) fn of_chunk(chunk: &Chunk, level: u32) -> Self {
        let mut bins = Bins::default();
        for mark in &chunk.marks {
            let bin = mark.time >> level;
            bins.threads.entry((mark.thread, bin)).or_default().events += 1;
            if let Some((channel, depth)) = mark.channel {
                let sums = bins.channels.entry((channel, bin)).or_insert(ChannelBin::NOTHING);
                let (sent, received) = (mark.is_sent.into(), mark.is_received.into());
                sums.add(&ChannelBin { sent, received, min: depth, max: depth });
            }
            if let Some((from, start)) = mark.from {
                let arrow = Arrow { end: bin, start: start >> level, from, to: mark.thread };
                *bins.arrows.entry(arrow).or_default() += 1;
            }
        }
        for state in &chunk.states {
            let thread = usize::from(state.thread) as u32;
            let (begin, end) = (state.begin.get(), state.end.map_or(0, |end| end.get()));
            for_each_bin(begin, end, level, |bin, nanoseconds| {
                let sums = bins.threads.entry((thread, bin)).or_default();
                sums.nanoseconds[state.activity as usize] += nanoseconds;
            });
        }
        for hold in &chunk.holds {
            for_each_bin(hold.begin, hold.end, level, |bin, nanoseconds| {
                *bins.locks.entry((hold.primitive, bin)).or_default() += nanoseconds;
            });
        }
        bins
    }

    /// The same sums in bins twice as long.
    fn coarser(&self) -> Self {
        let mut bins = Bins::default();
        for ((thread, bin), sums) in &self.threads {
            bins.threads.entry((*thread, bin / 2)).or_default().add(sums);
        }
        for ((channel, bin), sums) in &self.channels {
            bins.channels.entry((*channel, bin / 2)).or_insert(ChannelBin::NOTHING).add(sums);
        }
        for ((lock, bin), held) in &self.locks {
            *bins.locks.entry((*lock, bin / 2)).or_default() += held;
        }
        for (arrow, count) in &self.arrows {
            let arrow = Arrow { end: arrow.end / 2, start: arrow.start / 2, ..*arrow };
            *bins.arrows.entry(arrow).or_default() += count;
        }
        bins
    }

    /// The bytes of a segment of a tile with these sums, all of which are in it.
    fn encode(&self, level: u32, tile: u64) -> Vec<u8> {
        let first = tile << TILE_BITS;
        let mut columns = vec![Column::default(); 21];
        let [thread, channel, lock, arrow] = [0, 5, 12, 16];
        let threads = runs(&self.threads);
        write_lanes(&threads, first, &mut columns[thread..]);
        for (_, sums, _) in &threads {
            columns[thread + 3].push(sums.events);
            let mask = (0..ACTIVITIES).filter(|&activity| sums.nanoseconds[activity] > 0);
            columns[thread + 4].push(mask.clone().map(|activity| 1 << activity).sum());
            mask.for_each(|activity| columns[thread + 4].push(sums.nanoseconds[activity]));
        }
        let channels = runs(&self.channels);
        write_lanes(&channels, first, &mut columns[channel..]);
        for (_, sums, _) in &channels {
            let numbers = [sums.sent, sums.received, sums.min, sums.max];
            for (number, column) in numbers.into_iter().zip(&mut columns[channel + 3..]) {
                column.push(number);
            }
        }
        let locks = runs(&self.locks);
        write_lanes(&locks, first, &mut columns[lock..]);
        locks.iter().for_each(|(_, held, _)| columns[lock + 3].push(*held));
        let mut arrows: Vec<_> = self.arrows.iter().collect();
        arrows.sort_unstable();
        let mut previous = first;
        for (Arrow { end, start, from, to }, count) in &arrows {
            columns[arrow].push_signed(difference(*start, previous));
            previous = *start;
            let numbers = [u64::from(*from), u64::from(*to), end.saturating_sub(*start), **count];
            for (number, column) in numbers.into_iter().zip(&mut columns[arrow + 1..]) {
                column.push(number);
            }
        }
        let counts = [threads.len(), channels.len(), locks.len(), arrows.len()].map(|it| it as u64);
        let mut piece = Vec::new();
        let [threads, channels, locks, arrows] = counts;
        Column::from([VERSION, level.into(), tile, threads, channels, locks, arrows])
            .append_to(&mut piece);
        columns.iter_mut().for_each(|column| column.append_to(&mut piece));
        piece
    }
}

/// Calls a function with each bin between two times, and how much of that time is in it.
fn for_each_bin(begin: u64, end: u64, level: u32, mut add: impl FnMut(u64, u64)) {
    let mut begin = begin;
    while begin < end {
        let bin = begin >> level;
        let next = (bin + 1).saturating_mul(1 << level);
        add(bin, next.min(end) - begin);
        begin = next;
    }
}

/// An entry of a segment: lane and bin, content, and the number of bins that have it.
type Run<T> = ((u32, u64), T, u64);

/// The contents of bins by lane and time; equal ones that follow each other as one.
fn runs<T: Copy + PartialEq>(bins: &FxHashMap<(u32, u64), T>) -> Vec<Run<T>> {
    let mut sorted: Vec<_> = bins.iter().map(|(place, content)| (*place, *content)).collect();
    sorted.sort_unstable_by_key(|(place, _)| *place);
    let mut runs: Vec<Run<T>> = Vec::new();
    for ((lane, bin), content) in sorted {
        match runs.last_mut() {
            Some(((last_lane, begin), last, length))
                if (*last_lane, *begin + *length) == (lane, bin) && *last == content =>
            {
                *length += 1;
            }
            _ => runs.push(((lane, bin), content, 1)),
        }
    }
    runs
}

/// Appends lanes, bins and runs to the first three columns.
fn write_lanes<T>(runs: &[Run<T>], first: u64, columns: &mut [Column]) {
    let (mut last_lane, mut end) = (0, first);
    for ((lane, bin), _, length) in runs {
        if *lane != last_lane {
            end = first;
        }
        columns[0].push((lane - last_lane).into());
        columns[1].push(bin - end);
        columns[2].push(length - 1);
        (last_lane, end) = (*lane, bin + length);
    }
}

/// The tiles of all levels that may still grow.
#[derive(Debug, Default)]
pub struct Tiles {
    /// By level and number.
    open: BTreeMap<(u32, u64), Bins>,
}

impl Tiles {
    /// Adds the sums of a chunk at its level, and at all coarser levels.
    pub(super) fn add(&mut self, bins: Bins, level: u32) {
        let mut bins = bins;
        for level in level..=MAX_LEVEL {
            let next = (level < MAX_LEVEL).then(|| bins.coarser());
            self.add_at(bins, level);
            let Some(next) = next else { return };
            bins = next;
        }
    }

    fn add_at(&mut self, bins: Bins, level: u32) {
        for (place, sums) in bins.threads {
            self.of(level, place.1).threads.entry(place).or_default().add(&sums);
        }
        for (place, sums) in bins.channels {
            self.of(level, place.1).channels.entry(place).or_insert(ChannelBin::NOTHING).add(&sums);
        }
        for (place, held) in bins.locks {
            *self.of(level, place.1).locks.entry(place).or_default() += held;
        }
        for (arrow, count) in bins.arrows {
            *self.of(level, arrow.end).arrows.entry(arrow).or_default() += count;
        }
    }

    /// The tile with this bin.
    fn of(&mut self, level: u32, bin: u64) -> &mut Bins {
        self.open.entry((level, bin >> TILE_BITS)).or_default()
    }

    /// Removes the tiles that end before this time, and passes on their level, number and bytes.
    pub(super) fn close_before<E>(
        &mut self,
        time: u64,
        mut pass: impl FnMut(u32, u64, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_over = |level: u32, tile: u64| (tile + 1) << (level + TILE_BITS) <= time;
        for level in 0..=MAX_LEVEL {
            while let Some(entry) = self.first_of(level)
                && is_over(level, entry)
            {
                if let Some(bins) = self.open.remove(&(level, entry)) {
                    pass(level, entry, bins.encode(level, entry))?;
                }
            }
        }
        Ok(())
    }

    fn first_of(&self, level: u32) -> Option<u64> {
        self.open.range((level, 0)..(level + 1, 0)).next().map(|((_, tile), _)| *tile)
    }

    /// The bytes of a tile that may still grow, as it is now.
    pub(super) fn segment(&self, level: u32, tile: u64) -> Option<Vec<u8>> {
        self.open.get(&(level, tile)).map(|bins| bins.encode(level, tile))
    }

    /// The levels that have tiles which may still grow: each with its first and last.
    pub(super) fn extents(&self) -> impl Iterator<Item = (u32, u64)> {
        self.open.keys().copied()
    }
}
