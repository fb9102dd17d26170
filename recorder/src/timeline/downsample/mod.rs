//! Pictures of runs that are too large for one: so many events and no more, and what there is no
//! room for is told by what it comes to.
//!
//! [`Detail`] stands between what is [shown](crate::timeline::select) of a recording and the traces. An
//! event is a slice, a state, a message in flight, a lock that is held, a counter's value, or what
//! a finding is drawn with: what Perfetto has in its tables `slice` and `counter`.
//!
//! - A row is a thread, a lane of a lock, or a counter. Every row has room for equally many
//!   events: one that has fewer is shown as it is. A thread's states are a row that has room for a
//!   quarter of that: they are for being read from afar.
//! - Up to half of all is kept whole for what it is: what shows findings; threads' and channels'
//!   begins, threads' ends, panics, waits that never ended, errors and warnings; the longest waits
//!   with what ended them; the slowest messages, of each channel and of all, with send, receive,
//!   flight and arrow, and those that nobody received; the longest spans and holds; and what is
//!   first and last of each thread and channel.
//! - All else of a thread or a lock is [merged](crate::timeline::item::Merged) between what is kept, and
//!   by time. The sums over what is kept and what is merged are those of the run.
//! - Of a counter the lowest, the highest and the last value of each piece of time are kept.
//! - An arrow is shown if both its ends are, and a message in flight if its arrow is.
//! - Of a thread's states those are kept that take much of the run, and a wait that never ended. All
//!   else is [merged](crate::timeline::item::MergedStates) into what the thread is mostly at, without a gap.
//!   The sums are those of the run.
//!
//! Two passes over the items decide that, and a third tells. Memory grows with the number of
//! events that are shown (some 500 bytes each at most), not with those that there are.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rustc_hash::FxHashSet;

use crate::analysis::findings::Finding;
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::report::summary::{counted, duration};
use crate::timeline::item::{Arrow, Counter, Fate, Flight, Hold, Item, LEFT_OUT, Row, Slice};

mod counters;
mod rows;
mod states;
mod survey;
mod time_slots;

use counters::Gauge;
use rows::{Line, Losses};
use states::States;
use survey::{Extent, Picked, Survey};

/// Takes in all items, and tells so many events.
#[derive(Debug)]
pub struct Detail<'a> {
    entities: &'a Entities,
    /// How many events were asked for, and how many there may be.
    asked: u64,
    most: u64,
    picked: Picked,
    /// How many items have passed in this pass, and how many places of [`Picked::places`].
    passed: u64,
    places: usize,
    threads: Vec<Line>,
    states: Vec<States>,
    locks: BTreeMap<(usize, usize), Line>,
    counters: Vec<[Gauge; 2]>,
    /// Arrows that begin in rows that are kept as they are.
    begun: FxHashSet<u64>,
    /// The lanes of messages in flight, of those that are kept: by channel and lane.
    lanes: HashMap<(usize, usize), usize>,
    lanes_of: Vec<usize>,
    /// Thread and time of what is first.
    first: Option<(usize, u64)>,
    flights: u64,
    /// When each thread has received the newest of the messages whose receive is told.
    received: Vec<Option<u64>>,
}

/// Tells all items that are to be shown, again whenever it is called.
pub type Pass<'p> = dyn Fn(&mut dyn FnMut(&Item) -> Result<()>) -> Result<()> + 'p;

impl<'a> Detail<'a> {
    /// No row has fewer events than these.
    const LEAST: u64 = 4;

    /// Looks at all items twice and decides how to show them with `most` events; `None` if there
    /// are no more. If a row would have fewer than four, as many are shown as it takes.
    ///
    /// # Errors
    /// Those of `pass`.
    pub fn new(
        most: u64,
        recording: &'a Recording,
        findings: &[Finding],
        pass: &Pass<'_>,
    ) -> Result<Option<Self>> {
        let entities = &recording.entities;
        let mut survey = Survey::new(most / 2, findings, entities);
        pass(&mut |item| {
            survey.item(item);
            Ok(())
        })?;
        let drawn: u64 = findings.iter().map(|finding| 1 + finding.evidence.len() as u64).sum();
        if survey.events + drawn <= most {
            return Ok(None);
        }
        let (threads, states) = (survey.threads.clone(), survey.states.clone());
        let locks = survey.locks.clone();
        let counters = survey.counters.clone();
        let rows: Vec<_> = threads
            .iter()
            .chain(locks.values())
            .chain(counters.iter().flatten())
            .map(|extent| extent.events)
            .collect();
        let rows = Rows { rows, states: states.iter().map(|extent| extent.events).collect() };
        let picked = survey.pick();
        // What says that something is left out, and the names of locks in a Chrome trace.
        let others = 1 + locks.len() as u64 + drawn;
        let asked = most;
        let most = most.max(rows.sum(Self::LEAST) + others + picked.cost);
        let room = most - others - picked.cost;
        let level = rows.level(room);
        let line = |row, extent: &Extent| Line::new(row, *extent, level);
        let mut detail = Detail {
            entities,
            asked,
            most,
            picked,
            passed: 0,
            places: 0,
            threads: (0..).map(Row::Thread).zip(&threads).map(|(row, of)| line(row, of)).collect(),
            states: states.iter().map(|of| States::new(*of, of_states(level))).collect(),
            locks: locks.iter().map(|(&at, of)| (at, line(Row::Lock(at.0, at.1), of))).collect(),
            counters: counters.iter().map(|both| both.map(|of| Gauge::new(of, level))).collect(),
            begun: FxHashSet::default(),
            lanes: HashMap::new(),
            lanes_of: vec![0; entities.channels.len()],
            first: None,
            flights: 0,
            received: vec![None; entities.threads.len()],
        };
        let mut flights = 0;
        pass(&mut |item| {
            flights += u64::from(detail.prepare(item));
            Ok(())
        })?;
        let taken = flights + detail.lines().map(|line| line.taken()).sum::<u64>();
        // What was set aside for more than it took is for all rows that need more.
        let spare = detail.picked.cost.saturating_sub(taken);
        let level = rows.level(room + spare);
        detail.lines().for_each(|line| line.divide(level));
        detail.states.iter_mut().for_each(|states| states.divide(of_states(level)));
        detail.counters.iter_mut().flatten().for_each(|gauge| gauge.divide(level));
        detail.begun = FxHashSet::default();
        (detail.passed, detail.places) = (0, 0);
        Ok(Some(detail))
    }

    fn lines(&mut self) -> impl Iterator<Item = &mut Line> {
        self.threads.iter_mut().chain(self.locks.values_mut())
    }

    /// Notes what is kept whole; tells whether it is a message in flight that its sender's row has
    /// no room for.
    fn prepare(&mut self, item: &Item) -> bool {
        let picked = self.is_picked();
        match item {
            Item::Slice(slice) => self.prepare_slice(slice, picked),
            Item::Flight(flight) => return self.prepare_flight(flight),
            Item::Hold(hold) => {
                let lane = hold.lane.and_then(|lane| self.locks.get_mut(&(hold.primitive, lane)));
                match lane.filter(|line| !line.whole) {
                    Some(line) if picked => line.cut(hold.begin, hold.end),
                    Some(line) => line.mark(hold.begin),
                    None => {}
                }
            }
            Item::Counter(counter) => self.gauge(counter).mark(counter.time),
            Item::State(state) => self.states[state.thread].mark(state),
            Item::Merged(_) | Item::MergedStates(_) => {}
        }
        false
    }

    fn prepare_slice(&mut self, slice: &Slice, picked: bool) {
        let whole = self.threads[slice.thread].whole;
        match &slice.arrow {
            Some(Arrow::From(arrows)) if whole => self.begun.extend(arrows.clone()),
            Some(Arrow::To(arrow)) if self.begun.remove(arrow) && whole => {
                self.picked.arrows.insert(*arrow);
            }
            _ => {}
        }
        let kept = picked || self.has_picked_arrow(slice);
        let line = &mut self.threads[slice.thread];
        if kept && !whole {
            line.cut(slice.begin, slice.end);
        } else if !whole {
            line.mark(slice.begin);
        }
    }

    fn prepare_flight(&mut self, flight: &Flight) -> bool {
        let whole = self.begun.contains(&flight.arrow);
        if flight.fate != Fate::Received && whole {
            self.picked.arrows.insert(flight.arrow);
            self.picked.endless.insert(flight.arrow);
        }
        !whole && self.picked.arrows.contains(&flight.arrow)
    }

    /// Whether the next item is one of those that are kept whole.
    fn is_picked(&mut self) -> bool {
        let picked = self.picked.places.get(self.places) == Some(&self.passed);
        self.places += usize::from(picked);
        self.passed += 1;
        picked
    }

    fn has_picked_arrow(&self, slice: &Slice) -> bool {
        match &slice.arrow {
            Some(Arrow::From(arrows)) => {
                arrows.clone().any(|arrow| self.picked.arrows.contains(&arrow))
            }
            Some(Arrow::To(arrow)) => self.picked.arrows.contains(arrow),
            None => false,
        }
    }

    /// Takes in an item.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn item(&mut self, item: &Item, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let picked = self.is_picked();
        match item {
            Item::Slice(slice) => self.slice(slice, picked, tell),
            Item::Flight(flight) => self.flight(flight, tell),
            Item::Hold(hold) => self.hold(item, hold, picked, tell),
            Item::Counter(counter) => self.gauge(counter).counter(*counter, tell),
            Item::State(state) => self.states[state.thread].state(state, tell),
            Item::Merged(_) | Item::MergedStates(_) => tell(item),
        }
    }

    fn slice(
        &mut self,
        slice: &Slice,
        picked: bool,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        if self.first.is_none_or(|(_, time)| slice.begin < time) {
            self.first = Some((slice.thread, slice.begin));
        }
        let kept = picked || self.has_picked_arrow(slice);
        let line = &mut self.threads[slice.thread];
        if !kept && !line.whole {
            line.slice(slice, self.entities.end);
            return Ok(());
        }
        let arrow = self.arrow(slice);
        let received = &mut self.received[slice.thread];
        let cause = slice.cause.filter(|_| slice.cause == *received);
        if slice.is_received() {
            *received = Some(slice.begin);
        }
        // The counters tell the depth, as often as there is room for.
        tell(&Item::Slice(Slice { arrow, cause, depth: None, ..slice.clone() }))
    }

    /// What the slice has of arrows that have both ends.
    fn arrow(&mut self, slice: &Slice) -> Option<Arrow> {
        let Picked { arrows, endless, .. } = &mut self.picked;
        match &slice.arrow {
            Some(Arrow::From(range)) => {
                let has_ends = |arrow: &u64| arrows.contains(arrow) && !endless.contains(arrow);
                let first = range.clone().find(has_ends)?;
                let end = (first..range.end).find(|arrow| !has_ends(arrow)).unwrap_or(range.end);
                // Their numbers are to be a range.
                for arrow in end..range.end {
                    arrows.remove(&arrow);
                }
                Some(Arrow::From(first..end))
            }
            Some(Arrow::To(arrow)) => arrows.contains(arrow).then_some(Arrow::To(*arrow)),
            None => None,
        }
    }

    fn flight(&mut self, flight: &Flight, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let Some(lane) = flight.lane else { return Ok(()) };
        if !self.picked.arrows.contains(&flight.arrow) {
            self.flights += 1;
            return Ok(());
        }
        // Lanes that nothing is left in would have tracks.
        let known = &mut self.lanes_of[flight.channel];
        let lane = *self.lanes.entry((flight.channel, lane)).or_insert_with(|| {
            *known += 1;
            *known - 1
        });
        tell(&Item::Flight(Flight { lane: Some(lane), ..flight.clone() }))
    }

    fn hold(
        &mut self,
        item: &Item,
        hold: &Hold,
        picked: bool,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        let lane = hold.lane.and_then(|lane| self.locks.get_mut(&(hold.primitive, lane)));
        match lane {
            Some(line) if !picked && !line.whole => {
                line.hold(hold, self.entities.end);
                Ok(())
            }
            Some(_) => tell(item),
            None => Ok(()),
        }
    }

    fn gauge(&mut self, counter: &Counter) -> &mut Gauge {
        &mut self.counters[counter.channel][counter.what as usize]
    }

    /// Tells what remains, and in the picture itself what is not there. Gives the same in words.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn finish(mut self, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<String> {
        let mut losses = Losses::default();
        for line in self.threads.into_iter().chain(self.locks.into_values()) {
            line.finish(&mut losses).try_for_each(|item| tell(&item))?;
        }
        let mut values = 0;
        for gauge in self.counters.iter_mut().flatten() {
            gauge.finish(tell)?;
            values += gauge.left_out;
        }
        let (mut merged, mut runs) = (0, 0);
        for states in &mut self.states {
            states.finish(tell)?;
            merged += states.merged;
            runs += states.runs;
        }
        let mut words = Vec::new();
        if values > 0 {
            words.push(counted(values, "counter value"));
        }
        if self.flights > 0 {
            words.push(format!("{} in flight", counted(self.flights, "message")));
        }
        if merged > 0 {
            words.push(format!("{}, which {runs} merged ones stand for", counted(merged, "state")));
        }
        if losses.runs > 0 {
            words.push(merged_in_words(&losses));
        }
        let mut words = format!("{} (at most {} events", words.join("; "), self.most);
        if self.most > self.asked {
            words += &format!(", as {} are too few for so many threads and channels", self.asked);
        }
        words.push(')');
        if let Some((thread, time)) = self.first {
            let words = Some(words.as_str().into());
            tell(&Item::Slice(Slice { words, ..Slice::instant(thread, time, LEFT_OUT) }))?;
        }
        Ok(format!("{LEFT_OUT}: {words}"))
    }
}

fn merged_in_words(losses: &Losses) -> String {
    let slices = counted(losses.merged, "slice");
    let mut words = format!("{slices}, which {} merged ones stand for", losses.runs);
    let mut worst = Vec::new();
    if losses.longest_wait > 0 {
        worst.push(format!("no wait is longer than {}", duration(losses.longest_wait)));
    }
    if losses.slowest > 0 {
        worst.push(format!("no message is slower than {}", duration(losses.slowest)));
    }
    if !worst.is_empty() {
        words += &format!(" and of which {}", worst.join(" and "));
    }
    words
}

/// How many events there are in each row.
struct Rows {
    rows: Vec<u64>,
    /// Those of threads' states.
    states: Vec<u64>,
}

impl Rows {
    /// How many events there are if each row has at most `level`.
    fn sum(&self, level: u64) -> u64 {
        let sum = |rows: &[u64], most| rows.iter().map(|events| (*events).min(most)).sum::<u64>();
        sum(&self.rows, level) + sum(&self.states, of_states(level))
    }

    /// The most that each row may have so that all together have `room` at most.
    fn level(&self, room: u64) -> u64 {
        let rows = self.rows.iter().copied();
        let states = self.states.iter().map(|events| events.saturating_mul(STATES));
        let (mut low, mut high) = (0, rows.chain(states).max().unwrap_or(0));
        while low < high {
            let level = low + (high - low).div_ceil(2);
            if self.sum(level) <= room {
                low = level;
            } else {
                high = level - 1;
            }
        }
        low
    }
}

/// A thread's states have room for one event where another row has room for so many.
const STATES: u64 = 4;

/// How many events a thread's states have if other rows have so many at most: no fewer than three,
/// so that the longest is there, and what is before and after it.
fn of_states(level: u64) -> u64 {
    (level / STATES).max(3)
}
