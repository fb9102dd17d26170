//! Chooses the events of a slide: few, and those that matter.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::assembly::{Assembly, Sent};
use super::builder::{ChartBuilder, Event, Role, head_end};
use super::chart::Chart;
use crate::reading::catalog::{PlaceIndex, ThreadIndex};
use crate::timeline::item::SliceKind;

/// A chart for a slide.
#[derive(Debug)]
pub struct SlideChart<'a> {
    /// The chart.
    pub chart: Chart<'a>,
    /// For each lifeline the places in the source at which its thread does what the chart shows, the
    /// most important first.
    pub places: Vec<Vec<PlaceIndex>>,
}

impl<'a> ChartBuilder<'a> {
    /// A chart with at most this number of rows and of threads. Events that change nothing for another
    /// thread are left out: clones, and drops that end no channel and lose no message. Of the others,
    /// the chart has the first and the last, and all waits that never end; of a message it has both ends
    /// or none.
    pub fn slide(&self, max_rows: usize, max_threads: usize) -> SlideChart<'a> {
        let mut events = self.events_that_matter();
        let mut threads = busiest(&events, max_threads);
        let hidden_threads =
            events.iter().map(|event| event.slice.thread).collect::<FxHashSet<_>>();
        let hidden_threads = hidden_threads.len() - threads.len();
        events.retain(|event| threads.contains(&event.slice.thread));
        let idle_threads = self.add_lives(&mut threads, &mut events, (max_rows, max_threads));
        let units = units(&events, &self.sent);
        let mut count = units.len();
        loop {
            // What went wrong is rather at the end.
            let first = if self.findings.is_empty() { count * 3 / 4 } else { count / 2 };
            let (mut kept, head) = first_and_last(&events, &units, first, count - first);
            let head_end = head_end(&kept[..head]);
            kept.sort_by_key(|event| event.slice.begin);
            let mut lifelines: Vec<_> = threads.iter().copied().collect();
            lifelines.sort_by_key(|&thread| self.catalog.flow_order.thread_rank(thread));
            let places = lifelines.iter().map(|&thread| places_of(&kept, thread)).collect();
            let chart = Assembly {
                catalog: self.catalog,
                findings: self.findings,
                lifelines,
                hidden_threads,
                idle_threads,
                left_out: self.left_out + events.len() - kept.len(),
                head_end,
                events: kept,
                selection: self.selection.clone(),
                sent: self.sent.clone(),
                receivers: self.receivers.clone(),
            }
            .chart();
            if chart.height_in_rows() <= max_rows || count <= 2 {
                return SlideChart { chart, places };
            }
            count -= 1;
        }
    }

    /// Adds the threads that only ran, if the slide has room for them and all of their events. Returns
    /// how many are left out.
    fn add_lives(
        &self,
        threads: &mut BTreeSet<ThreadIndex>,
        events: &mut Vec<Event>,
        (max_rows, max_threads): (usize, usize),
    ) -> usize {
        let mut with_idle = threads.clone();
        let left_out = self.lives.choose(&mut with_idle, max_threads);
        let lives = self.lives.events(&with_idle);
        if events.len() + lives.len() > max_rows {
            return left_out + with_idle.len() - threads.len();
        }
        *threads = with_idle;
        events.extend(lives);
        events.sort_by_key(|event| event.slice.begin);
        left_out
    }

    fn events_that_matter(&self) -> Vec<Event> {
        let all = || self.head.iter().chain(&self.tail);
        // The drops that another thread notices.
        let noticed: FxHashSet<_> = all()
            .filter(|event| event.role == Role::Mark)
            .filter_map(|event| Some((event.slice.channel(), event.by?)))
            .collect();
        let loses = |event: &Event| match event.role {
            Role::Send { flow } if self.sent.get(&flow).is_some_and(|sent| sent.lost.is_some()) => {
                event.slice.channel()
            }
            _ => None,
        };
        let losses: FxHashSet<_> = all().filter_map(loses).collect();
        let matters = |event: &&Event| match event.slice.kind {
            SliceKind::ChannelCreated | SliceKind::SenderCloned => false,
            SliceKind::SenderDropped => {
                let drop = (event.slice.thread, event.slice.begin);
                noticed.contains(&(event.slice.channel(), drop))
            }
            SliceKind::ReceiverDropped => {
                event.slice.channel().is_some_and(|channel| losses.contains(&channel))
            }
            _ => true,
        };
        let mut events: Vec<_> = all().filter(matters).cloned().collect();
        events.sort_by_key(|event| event.slice.begin);
        events
    }
}

fn never_ends(event: &Event) -> bool {
    matches!(event.role, Role::Wait(_)) && event.slice.end.is_none()
}

/// The threads with the most events; those that wait for ever come before all others.
fn busiest(events: &[Event], max: usize) -> BTreeSet<ThreadIndex> {
    let mut counts: FxHashMap<ThreadIndex, (bool, usize)> = FxHashMap::default();
    for event in events {
        let (is_stuck, count) = counts.entry(event.slice.thread).or_default();
        *is_stuck |= never_ends(event);
        *count += 1;
    }
    let mut threads: Vec<_> = counts.into_iter().collect();
    threads.sort_by_key(|&(thread, rank)| (Reverse(rank), thread));
    threads.into_iter().take(max).map(|(thread, _)| thread).collect()
}

/// What stays together: the two ends of a message, or any other event. Indices of events.
type Unit = Vec<usize>;

/// The units of events, in the order in which they are over, without messages of which one end is
/// missing.
fn units(events: &[Event], sent: &FxHashMap<u64, Sent>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut sends: FxHashMap<u64, usize> = FxHashMap::default();
    for (index, event) in events.iter().enumerate() {
        match event.role {
            Role::Send { flow } if sent.get(&flow).is_some_and(|it| it.receiver.is_some()) => {
                sends.insert(flow, index);
            }
            Role::Receive { flow } => {
                units.extend(sends.get(&flow).map(|&send| vec![send, index]));
            }
            _ => units.push(vec![index]),
        }
    }
    units
}

/// The events of the first and of the last units, and the number of those of the first. Waits that
/// never end are kept, too.
fn first_and_last(
    events: &[Event],
    units: &[Unit],
    first: usize,
    last: usize,
) -> (Vec<Event>, usize) {
    let last = units.len() - last.min(units.len());
    let mut kept = vec![None; events.len()];
    for (place, unit) in units.iter().enumerate() {
        let is_first = place < first;
        if is_first || place >= last || unit.iter().any(|&index| never_ends(&events[index])) {
            unit.iter().for_each(|&index| kept[index] = Some(is_first));
        }
    }
    let of = |is_first: bool| {
        let all = events.iter().zip(&kept).filter(move |(_, kept)| **kept == Some(is_first));
        all.map(|(event, _)| event.clone())
    };
    let mut chosen: Vec<_> = of(true).collect();
    let head = chosen.len();
    chosen.extend(of(false));
    (chosen, head)
}

/// The places of a thread's events: waits that never end, other waits, messages, and the rest.
fn places_of(events: &[Event], thread: ThreadIndex) -> Vec<PlaceIndex> {
    let rank = |event: &Event| match event.role {
        Role::Wait(_) if never_ends(event) => 0,
        Role::Wait(_) => 1,
        Role::Send { .. } | Role::Receive { .. } => 2,
        Role::Mark => 3,
    };
    let own = events.iter().filter(|event| event.slice.thread == thread);
    let mut own: Vec<_> = own.filter_map(|event| Some((rank(event), event.slice.place?))).collect();
    own.sort_by_key(|(rank, _)| *rank);
    let mut seen = FxHashSet::default();
    own.retain(|(_, place)| seen.insert(*place));
    own.into_iter().map(|(_, place)| place).collect()
}
