//! Puts the events of a chart into rows.

use rustc_hash::FxHashMap;

use super::builder::{Event, Role};
use super::chart::{Anchor, Jump};
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ThreadIndex};

/// The rows of a chart, and where its events are.
pub(super) struct Rows {
    /// The times of the rows.
    pub(super) times: Vec<Nanos>,
    /// Where each event is.
    pub(super) anchors: Vec<Anchor>,
    /// Of each send of a message that was handed over, by its index, the index of the receive. The
    /// two are in the same row.
    pub(super) handed_over: FxHashMap<usize, usize>,
    /// The index of the next event of the same thread.
    next: Vec<Option<usize>>,
}

/// The place of an event in the order of rows: in the row of the event with this index, or right
/// after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    index: usize,
    is_after: bool,
}

impl Rows {
    /// Puts events into rows, in their order.
    pub(super) fn new(
        catalog: &Catalog,
        lifelines: &FxHashMap<ThreadIndex, usize>,
        events: &[Event],
    ) -> Self {
        let (previous, next) = neighbors(events);
        let mut places: Vec<_> =
            (0..events.len()).map(|index| Place { index, is_after: false }).collect();
        let mut handed_over = FxHashMap::default();
        // The indices of the sends, by their flows.
        let mut sends = FxHashMap::default();
        for (receive, event) in events.iter().enumerate() {
            match event.role {
                Role::Send { flow } => {
                    sends.insert(flow, receive);
                }
                Role::Receive { flow } if is_handed_over(catalog, event) => {
                    let Some(&send) = sends.get(&flow) else { continue };
                    let meeting = meeting(send, previous[receive], next[send], &places);
                    if let Some(place) = meeting {
                        places[send] = place;
                        places[receive] = place;
                        handed_over.insert(send, receive);
                    }
                }
                _ => {}
            }
        }
        let mut order: Vec<_> = (0..events.len()).collect();
        order.sort_by_key(|&index| places[index]);
        let mut times: Vec<Nanos> = Vec::new();
        let mut anchors = vec![Anchor { lifeline: 0, row: 0, time: Nanos::ZERO }; events.len()];
        let mut latest = None;
        for index in order {
            let place = places[index];
            let time = events[place.index].slice.begin;
            if latest.replace(place) != Some(place) {
                times.push(time);
            }
            let lifeline = lifelines[&events[index].slice.thread];
            anchors[index] = Anchor { lifeline, row: times.len() - 1, time };
        }
        Rows { times, anchors, handed_over, next }
    }

    /// Where the wait with this index ends: at the next event of its thread or, if that is left out,
    /// at the next row.
    pub(super) fn wait_end(&self, events: &[Event], index: usize, end: Nanos) -> Anchor {
        // A wait ends a nanosecond before the event that ends it.
        let next = self.next[index].filter(|&next| events[next].slice.begin <= end.after());
        next.map_or_else(
            || Anchor {
                lifeline: self.anchors[index].lifeline,
                row: self.times.partition_point(|&time| time < end),
                time: end,
            },
            |next| self.anchors[next],
        )
    }

    /// The row for the end of the run.
    pub(super) fn add_end(&mut self, end: Nanos) -> usize {
        self.times.push(end.max(self.times.last().copied().unwrap_or_default()));
        self.times.len() - 1
    }

    /// The long times without an event. Where events are left out before a row, there may have been
    /// some.
    pub(super) fn jumps(&self, row_after_left_out: Option<usize>) -> Vec<Jump> {
        /// A jump is at least this share of the time that the chart shows …
        const MIN_SHARE: u64 = 6;
        /// … and at least this number of times as long as half of the steps are.
        const MIN_FACTOR: u64 = 10;
        let steps = self.times.windows(2).enumerate();
        let steps =
            steps.map(|(index, pair)| Jump { row: index + 1, length: pair[1].since(pair[0]) });
        let steps: Vec<_> = steps.filter(|step| Some(step.row) != row_after_left_out).collect();
        let mut lengths: Vec<_> = steps.iter().map(|step| step.length).collect();
        lengths.sort_unstable();
        let total: Nanos = lengths.iter().copied().sum();
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        let min_length = (total.get() / MIN_SHARE).max(median.get().saturating_mul(MIN_FACTOR));
        steps.into_iter().filter(|step| step.length.get() > min_length).collect()
    }
}

/// The indices of the events of the same thread before and after each event.
fn neighbors(events: &[Event]) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut previous = vec![None; events.len()];
    let mut next = vec![None; events.len()];
    let mut latest: FxHashMap<ThreadIndex, usize> = FxHashMap::default();
    for (index, event) in events.iter().enumerate() {
        if let Some(before) = latest.insert(event.slice.thread, index) {
            previous[index] = Some(before);
            next[before] = Some(index);
        }
    }
    (previous, next)
}

/// Whether a message was not queued: it ended the wait of its receiver, or the channel is a
/// rendezvous, where sender and receiver meet.
fn is_handed_over(catalog: &Catalog, receive: &Event) -> bool {
    let channel = receive.slice.channel();
    let is_rendezvous = channel.is_some_and(|channel| catalog.channels[channel].is_rendezvous());
    receive.slice.waited.is_some() || is_rendezvous
}

/// Where a message is handed over: where it is sent, if its receiver was waiting by then. The time of
/// a send is that of its start, and another thread may suspend it before the message is in the
/// channel. So the receiver can begin to wait later, and they meet after that. `None` if by the times
/// they do not meet, because their clocks disagree.
fn meeting(
    send: usize,
    before_receive: Option<usize>,
    after_send: Option<usize>,
    places: &[Place],
) -> Option<Place> {
    let Some(before) = before_receive.filter(|&before| places[before] >= places[send]) else {
        return Some(places[send]);
    };
    let meeting = Place { index: before, is_after: true };
    let is_free =
        meeting > places[before] && after_send.is_none_or(|after| places[after] > meeting);
    is_free.then_some(meeting)
}
