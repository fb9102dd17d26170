//! The first pass: how much there is to see, and what of it is kept whole.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rustc_hash::FxHashSet;

use crate::analysis::findings::Finding;
use crate::reading::catalog::Entities;
use crate::timeline::item::{
    Arrow, Category, Fate, Flight, Item, LEFT_OUT, On, PANIC, PAUSED, RESUMED, Slice,
};

/// How many events are in a row, and from when to when they begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) events: u64,
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Extent {
    pub(super) fn add(&mut self, time: u64) {
        self.first = if self.events == 0 { time } else { self.first.min(time) };
        self.last = self.last.max(time);
        self.events += 1;
    }
}

/// What is kept whole.
#[derive(Debug, Default)]
pub(super) struct Picked {
    /// Slices and holds, by their places among all items; in their order.
    pub(super) places: Vec<u64>,
    /// Both ends of these arrows, and the messages between them.
    pub(super) arrows: FxHashSet<u64>,
    /// Those of the arrows that do not end anywhere: messages that nobody received.
    pub(super) endless: FxHashSet<u64>,
    /// How many events that takes at most, with those that it divides others into.
    pub(super) cost: u64,
}

/// Something that may be kept whole. The heavier are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    weight: u64,
    /// Of two of one weight the earlier is kept.
    place: Reverse<u64>,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A slice or a hold.
    One,
    /// A slice in which a wait is over that began at this place; and the arrow that ends there.
    Wait { from: u64, arrow: Option<u64> },
    /// A message by its arrow.
    Message(u64),
    /// The same, which nobody received.
    Lost(u64),
}

impl What {
    /// How many events it takes at most: each slice one, and two more as what is merged around it
    /// and in it may be divided.
    fn cost(self) -> u64 {
        const SLICE: u64 = 3;
        const FLIGHT: u64 = 1;
        match self {
            What::One => SLICE,
            What::Lost(_) => SLICE + FLIGHT,
            What::Message(_) => 2 * SLICE + FLIGHT,
            What::Wait { .. } => 3 * SLICE + FLIGHT,
        }
    }
}

/// The heaviest of some.
#[derive(Clone, Debug)]
struct Heaviest {
    most: usize,
    heap: BinaryHeap<Reverse<Candidate>>,
}

impl Heaviest {
    fn new(most: u64) -> Self {
        Heaviest { most: usize::try_from(most).unwrap_or(usize::MAX), heap: BinaryHeap::new() }
    }

    /// Takes one in; gives one for which there is no room.
    fn offer(&mut self, candidate: Candidate) -> Option<Candidate> {
        if self.heap.len() < self.most {
            self.heap.push(Reverse(candidate));
            return None;
        }
        match self.heap.peek_mut() {
            Some(mut least) if least.0 < candidate => {
                Some(std::mem::replace(&mut least.0, candidate))
            }
            _ => Some(candidate),
        }
    }

    /// The heaviest first.
    fn sorted(self) -> impl Iterator<Item = Candidate> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(candidate)| candidate)
    }
}

/// A wait whose end comes next.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    place: u64,
    begin: u64,
    end: u64,
}

/// The first and the last of something.
type Ends = Option<(u64, u64)>;

#[derive(Debug)]
pub(super) struct Survey {
    /// All events of the trace, but for those of findings.
    pub(super) events: u64,
    /// By thread. The messages that it sends count, too: if all of it is shown they are.
    pub(super) threads: Vec<Extent>,
    /// By thread.
    pub(super) states: Vec<Extent>,
    /// By lock and lane.
    pub(super) locks: BTreeMap<(usize, usize), Extent>,
    /// By channel: queue depth and live senders.
    pub(super) counters: Vec<[Extent; 2]>,
    /// How many items have passed.
    passed: u64,
    /// Threads and times of what shows findings.
    evidence: FxHashSet<(usize, u64)>,
    /// Of all that is kept, so many events.
    budget: u64,
    /// What is kept before all else, by its rank.
    certain: Heaviest,
    waits: Heaviest,
    /// By channel, so that one that is slow hides no other.
    slowest: Vec<Heaviest>,
    messages: Heaviest,
    others: Heaviest,
    waiting: Vec<Option<Waiting>>,
    /// The callsites that log errors and warnings.
    loud: Vec<bool>,
    /// The places of threads' slices, and the arrows of channels' messages.
    thread_ends: Vec<Ends>,
    channel_ends: Vec<Ends>,
}

impl Survey {
    /// Of items of which none has been told yet. So many events are kept whole.
    pub(super) fn new(budget: u64, findings: &[Finding], entities: &Entities) -> Self {
        let evidence = findings.iter().flat_map(|finding| &finding.evidence);
        let evidence: FxHashSet<_> = evidence.map(|shows| (shows.thread, shows.time)).collect();
        let (threads, channels) = (entities.threads.len(), entities.channels.len());
        let in_messages = budget / What::Message(0).cost();
        let of_each = (in_messages / (4 * channels.max(1) as u64)).max(1);
        let in_ones = budget / What::One.cost();
        Survey {
            events: 0,
            threads: vec![Extent::default(); threads],
            states: vec![Extent::default(); threads],
            locks: BTreeMap::new(),
            counters: vec![[Extent::default(); 2]; channels],
            passed: 0,
            budget,
            // What shows findings, and waits that never ended, of which each thread has one at most.
            certain: Heaviest::new((in_ones / 2).max((1 + evidence.len() + threads) as u64)),
            evidence,
            waits: Heaviest::new(budget / What::Wait { from: 0, arrow: None }.cost()),
            slowest: vec![Heaviest::new(of_each); channels],
            messages: Heaviest::new(in_messages),
            others: Heaviest::new(in_ones / SMALL),
            waiting: vec![None; threads],
            loud: entities
                .callsites
                .iter()
                .map(|it| ["error", "warn"].contains(&it.level))
                .collect(),
            thread_ends: vec![None; threads],
            channel_ends: vec![None; channels],
        }
    }

    /// Takes in an item.
    pub(super) fn item(&mut self, item: &Item) {
        let place = self.passed;
        self.passed += 1;
        match item {
            Item::Slice(slice) => self.slice(place, slice),
            Item::Flight(flight) => self.flight(place, flight),
            Item::Hold(hold) => {
                let Some(lane) = hold.lane else { return };
                let extent = self.locks.entry((hold.primitive, lane)).or_default();
                // In a Chrome trace a lane is named by an event.
                self.events += 1 + u64::from(extent.events == 0);
                extent.add(hold.begin);
                match hold.end {
                    None => self.certain(place, Rank::NeverEnded),
                    Some(end) => self.other(place, (end - hold.begin).max(hold.others_waited)),
                }
            }
            Item::Counter(counter) => {
                self.events += 1;
                self.counters[counter.channel][counter.what as usize].add(counter.time);
            }
            Item::State(state) => {
                self.events += 1;
                self.states[state.thread].add(state.begin);
            }
            Item::Merged(_) | Item::MergedStates(_) => {}
        }
    }

    fn slice(&mut self, place: u64, slice: &Slice) {
        self.events += 1;
        let extent = &mut self.threads[slice.thread];
        extent.add(slice.begin);
        extent.events += u64::from(slice.is_sent());
        let (first, _) = self.thread_ends[slice.thread].unwrap_or((place, place));
        self.thread_ends[slice.thread] = Some((first, place));
        let arrow = match slice.arrow {
            Some(Arrow::To(arrow)) => Some(arrow),
            _ => None,
        };
        if let (Some(arrow), Some(channel)) = (arrow, slice.channel()) {
            let (first, _) = self.channel_ends[channel].unwrap_or((arrow, arrow));
            self.channel_ends[channel] = Some((first, arrow));
            let weight = slice.latency.unwrap_or(0);
            self.message(place, channel, weight, What::Message(arrow));
        }
        if let Some(wait) = self.waiting[slice.thread].take() {
            let is_over = slice.waited.is_some() && slice.begin == wait.end + 1;
            let what = if is_over { What::Wait { from: wait.place, arrow } } else { What::One };
            let at = if is_over { place } else { wait.place };
            self.wait(at, wait.end - wait.begin, what);
        }
        if let Some(rank) = self.rank(slice) {
            return self.certain(place, rank);
        }
        match slice.end {
            Some(end) if slice.is_wait() && slice.note != "returning" => {
                self.waiting[slice.thread] = Some(Waiting { place, begin: slice.begin, end });
            }
            Some(end) if slice.is_wait() => self.wait(place, end - slice.begin, What::One),
            Some(end) if end > slice.begin || slice.category == Category::Log => {
                self.other(place, end - slice.begin);
            }
            _ => {}
        }
    }

    /// What is kept before all else.
    fn rank(&self, slice: &Slice) -> Option<Rank> {
        match slice.verb {
            LEFT_OUT => Some(Rank::Evidence),
            _ if self.evidence.contains(&(slice.thread, slice.begin)) => Some(Rank::Evidence),
            _ if slice.end.is_none() && slice.is_wait() => Some(Rank::Stuck),
            "start" | "end" | "spawn" | "channel" | PAUSED | RESUMED => Some(Rank::Life),
            "join" if !slice.is_wait() => Some(Rank::Life),
            PANIC => Some(Rank::Panic),
            _ if slice.end.is_none() => Some(Rank::NeverEnded),
            "log" => match slice.on {
                Some(On::Callsite(callsite)) if self.loud[callsite] => Some(Rank::Log),
                _ => None,
            },
            _ => None,
        }
    }

    fn flight(&mut self, place: u64, flight: &Flight) {
        self.events += u64::from(flight.lane.is_some());
        if flight.fate != Fate::Received {
            let weight = flight.end - flight.begin;
            self.message(place, flight.channel, weight, What::Lost(flight.arrow));
        }
    }

    fn certain(&mut self, place: u64, rank: Rank) {
        let weight = rank as u64;
        self.certain.offer(Candidate { weight, place: Reverse(place), what: What::One });
    }

    fn wait(&mut self, place: u64, weight: u64, what: What) {
        self.waits.offer(Candidate { weight, place: Reverse(place), what });
    }

    fn other(&mut self, place: u64, weight: u64) {
        self.others.offer(Candidate { weight, place: Reverse(place), what: What::One });
    }

    fn message(&mut self, place: u64, channel: usize, weight: u64, what: What) {
        let candidate = Candidate { weight, place: Reverse(place), what };
        if let Some(other) = self.slowest[channel].offer(candidate) {
            self.messages.offer(other);
        }
    }

    /// What is kept whole.
    pub(super) fn pick(mut self) -> Picked {
        for thread in 0..self.waiting.len() {
            if let Some(wait) = self.waiting[thread].take() {
                self.wait(wait.place, wait.end - wait.begin, What::One);
            }
        }
        let mut picked = Picked::default();
        picked.take(&mut self.certain.sorted(), u64::MAX);
        let rest = self.budget.saturating_sub(picked.cost);
        let one = |place| Candidate { weight: 0, place: Reverse(place), what: What::One };
        let message = |arrow| Candidate { what: What::Message(arrow), ..one(0) };
        let mut ends = self
            .thread_ends
            .iter()
            .flatten()
            .flat_map(|&(first, last)| [first, last].map(one))
            .chain(
                self.channel_ends
                    .iter()
                    .flatten()
                    .flat_map(|&(first, last)| [first, last].map(message)),
            );
        picked.take(&mut ends, rest / SMALL);
        picked.take(&mut self.others.sorted(), rest / SMALL);
        let rest = self.budget.saturating_sub(picked.cost);
        let mut waits = self.waits.sorted();
        picked.take(&mut waits, rest / 2);
        // If there is no room for one of each channel, then for the slowest of all.
        let mut slowest: Vec<_> = self.slowest.into_iter().flat_map(Heaviest::sorted).collect();
        slowest.sort_unstable_by(|a, b| b.cmp(a));
        let mut messages = slowest.into_iter().chain(self.messages.sorted());
        let rest = self.budget.saturating_sub(picked.cost);
        picked.take(&mut messages, rest);
        let rest = self.budget.saturating_sub(picked.cost);
        picked.take(&mut waits, rest);
        picked.places.sort_unstable();
        picked.places.dedup();
        picked
    }
}

/// The part of what is kept that is neither wait nor message nor certain: one in so many.
const SMALL: u64 = 8;

/// How important something is that is kept before all else.
#[derive(Clone, Copy, Debug)]
enum Rank {
    Log,
    NeverEnded,
    Life,
    Panic,
    /// A thread waits, and never goes on.
    Stuck,
    Evidence,
}

impl Picked {
    /// Keeps the first of these, as long as they do not take more than so many events.
    fn take(&mut self, candidates: &mut dyn Iterator<Item = Candidate>, budget: u64) {
        let most = self.cost.saturating_add(budget);
        for Candidate { place: Reverse(place), what, .. } in candidates {
            if self.cost + what.cost() > most {
                return;
            }
            self.cost += what.cost();
            match what {
                What::One => self.places.push(place),
                What::Wait { from, arrow } => {
                    self.places.extend([from, place]);
                    self.arrows.extend(arrow);
                }
                What::Message(arrow) => drop(self.arrows.insert(arrow)),
                What::Lost(arrow) => {
                    self.arrows.insert(arrow);
                    self.endless.insert(arrow);
                }
            }
        }
    }
}
