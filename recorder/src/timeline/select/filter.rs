//! Lets through what is selected.
//!
//! - What reaches beyond the window is cut there; what its arguments say stays as it is.
//! - An arrow is shown if both its ends are. A message is in flight if one of its ends is on a
//!   thread that is shown.
//! - Counters begin with the value that they have where the picture begins, or where a thread
//!   that is shown first uses the channel.
//! - Of a journey there are sends and receives, the waits that ended with one of them, and how
//!   its threads waited and slept in between.

use std::collections::HashSet;

use anyhow::Result;

use super::Selection;
use super::journey::{Journey, Message, sent_or_received};
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::report::summary::counted;
use crate::timeline::item::{
    Arrow, Count, Counter, Fate, Flight, Hold, Item, LEFT_OUT, Slice, State,
};

/// Takes in all items, and tells those that are selected.
#[derive(Debug)]
pub struct Filter<'a> {
    selection: &'a Selection,
    entities: &'a Entities,
    /// Arrows that begin in the picture and have not ended.
    open: HashSet<u64>,
    /// Messages on their way that a thread has sent which is shown.
    flying: HashSet<u64>,
    /// A message whose receive is told next.
    landing: Option<Flight>,
    channels: Vec<Channel>,
    threads: Vec<Thread>,
    /// The thread of the first slice in the picture.
    first: Option<usize>,
    slices: u64,
    messages: u64,
}

/// The counters of a channel.
#[derive(Clone, Debug, Default)]
struct Channel {
    used: bool,
    depth: Gauge,
    senders: Gauge,
}

/// One counter: its newest value, and whether the picture has it.
#[derive(Clone, Debug, Default)]
struct Gauge {
    newest: Option<Counter>,
    shown: bool,
}

/// Where a thread is on a journey.
#[derive(Clone, Debug, Default)]
struct Thread {
    /// Whether the message that it received last is part of it.
    is_on: bool,
    /// When it has received a message last, where the picture shows that.
    received: Option<u64>,
    /// What it has waited for since then, or else its last wait.
    waits: Vec<Slice>,
}

impl<'a> Filter<'a> {
    /// Of items of which none has been told yet.
    pub fn new(selection: &'a Selection, recording: &'a Recording) -> Self {
        let entities = &recording.entities;
        let used = !selection.only_used;
        Filter {
            selection,
            entities,
            open: HashSet::new(),
            flying: HashSet::new(),
            landing: None,
            channels: vec![Channel { used, ..Channel::default() }; entities.channels.len()],
            threads: vec![Thread::default(); entities.threads.len()],
            first: None,
            slices: 0,
            messages: 0,
        }
    }

    /// Takes in an item.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn item(&mut self, item: &Item, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice, tell),
            Item::State(state) => self.state(*state, tell),
            Item::Flight(flight) => self.flight(flight, tell),
            Item::Hold(hold) => self.hold(hold, tell),
            Item::Counter(counter) => self.counter(*counter, tell),
            // What is selected is merged, and not the other way round.
            Item::Merged(_) | Item::MergedStates(_) => Ok(()),
        }
    }

    /// Tells what remains, and in the picture itself what is not there. Gives the same in words.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn finish(mut self, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<String> {
        let (from, to) = self.selection.window;
        for channel in 0..self.channels.len() {
            self.begin_counters(channel, to, tell)?;
        }
        let words = format!(
            "{} and {} in flight; shown: {}",
            counted(self.slices, "slice"),
            counted(self.messages, "message"),
            self.selection.words
        );
        if let Some(thread) = self.first {
            let words = Some(words.as_str().into());
            tell(&Item::Slice(Slice { words, ..Slice::instant(thread, from, LEFT_OUT) }))?;
        }
        Ok(format!("{LEFT_OUT}: {words}"))
    }

    fn slice(&mut self, slice: &Slice, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let selected = self.selection.has(slice);
        match sent_or_received(slice) {
            Some(Message::Sent(arrow)) if selected && slice.channel().is_some() => {
                self.flying.insert(arrow);
            }
            Some(Message::Received(arrow)) => {
                let landing = self.landing.take_if(|flight| flight.arrow == arrow);
                match landing {
                    Some(flight) if selected => self.tell_flight(&flight, tell)?,
                    Some(_) => self.messages += 1,
                    None => {}
                }
            }
            _ => {}
        }
        match &self.selection.journey {
            _ if !selected => {
                self.slices += 1;
                Ok(())
            }
            None => self.tell_slice(slice, tell),
            Some(journey) => self.follow(journey, slice, tell),
        }
    }

    /// Tells the slice, and the waits before it, if it is a step of the journey.
    fn follow(
        &mut self,
        journey: &Journey,
        slice: &Slice,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        let thread = &mut self.threads[slice.thread];
        let (is_step, was_on) = match sent_or_received(slice) {
            Some(Message::Sent(arrow)) => (journey.has(arrow), thread.is_on),
            Some(Message::Received(arrow)) => {
                thread.is_on = journey.has(arrow);
                (thread.is_on, false)
            }
            Some(Message::Unknown) => {
                thread.is_on = false;
                (false, false)
            }
            None if slice.is_wait() || slice.operation == "sleep" => {
                if !thread.is_on {
                    self.slices += thread.waits.len() as u64;
                    thread.waits.clear();
                }
                thread.waits.push(slice.clone());
                return Ok(());
            }
            None => {
                self.slices += 1;
                return Ok(());
            }
        };
        if !is_step && was_on {
            // Its waits may yet be between two steps.
            self.slices += 1;
            return Ok(());
        }
        for wait in std::mem::take(&mut thread.waits) {
            let ends_here = wait.end.is_some_and(|end| end + 1 >= slice.begin);
            if is_step && (was_on || ends_here) {
                self.tell_slice(&wait, tell)?;
            } else {
                self.slices += 1;
            }
        }
        if is_step {
            return self.tell_slice(slice, tell);
        }
        self.slices += 1;
        Ok(())
    }

    /// Tells what of the slice is in the window.
    fn tell_slice(
        &mut self,
        slice: &Slice,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        let Some((begin, end)) = self.cut(slice.begin, slice.end) else {
            self.slices += 1;
            return Ok(());
        };
        let arrow = match &slice.arrow {
            Some(Arrow::From(arrows)) if end == slice.end => {
                self.open.extend(arrows.clone());
                Some(Arrow::From(arrows.clone()))
            }
            Some(Arrow::To(arrow)) if self.open.remove(arrow) && begin == slice.begin => {
                Some(Arrow::To(*arrow))
            }
            _ => None,
        };
        let thread = &mut self.threads[slice.thread];
        let cause = slice.cause.filter(|_| slice.cause == thread.received);
        if matches!(sent_or_received(slice), Some(Message::Received(_))) {
            thread.received = Some(begin);
        }
        self.first.get_or_insert(slice.thread);
        if let Some(channel) = slice.channel()
            && !self.channels[channel].used
        {
            self.channels[channel].used = true;
            self.begin_counters(channel, begin, tell)?;
        }
        let depth = slice.depth.filter(|_| {
            slice.channel().is_some_and(|channel| self.has_counter(channel, slice.begin))
        });
        tell(&Item::Slice(Slice { begin, end, arrow, cause, depth, ..slice.clone() }))
    }

    fn flight(&mut self, flight: &Flight, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let on_the_way = |journey: &Journey| journey.has(flight.arrow);
        let sent = self.flying.remove(&flight.arrow);
        let possible = self.selection.channels[flight.channel]
            && self.selection.journey.as_ref().is_none_or(on_the_way);
        if possible && sent {
            return self.tell_flight(flight, tell);
        }
        if possible && flight.fate == Fate::Received {
            self.landing = Some(flight.clone());
        } else {
            self.messages += 1;
        }
        Ok(())
    }

    fn tell_flight(
        &mut self,
        flight: &Flight,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        match self.cut(flight.begin, Some(flight.end)) {
            Some((begin, Some(end))) => {
                tell(&Item::Flight(Flight { begin, end, ..flight.clone() }))
            }
            _ => {
                self.messages += 1;
                Ok(())
            }
        }
    }

    fn state(&mut self, state: State, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let Selection { threads, only_channels, journey, .. } = self.selection;
        if !threads[state.thread] || *only_channels || journey.is_some() {
            return Ok(());
        }
        match self.cut(state.begin, state.end) {
            Some((begin, end)) => tell(&Item::State(State { begin, end, ..state })),
            None => Ok(()),
        }
    }

    fn hold(&mut self, hold: &Hold, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
        let Selection { threads, only_channels, journey, .. } = self.selection;
        if !threads[hold.thread] || *only_channels || journey.is_some() {
            return Ok(());
        }
        match self.cut(hold.begin, hold.end) {
            Some((begin, end)) => tell(&Item::Hold(Hold { begin, end, ..hold.clone() })),
            None => Ok(()),
        }
    }

    fn counter(
        &mut self,
        counter: Counter,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        let (_, to) = self.selection.window;
        if !self.selection.channels[counter.channel] || counter.time > to {
            return Ok(());
        }
        let is_shown = self.has_counter(counter.channel, counter.time);
        if is_shown {
            self.begin_counters(counter.channel, counter.time, tell)?;
            tell(&Item::Counter(counter))?;
        }
        let gauge = self.channels[counter.channel].gauge(counter.what);
        // A hand-over is told when its message is received, and counts for just before that.
        if gauge.newest.is_none_or(|newest| newest.time <= counter.time) {
            gauge.newest = Some(counter);
        }
        gauge.shown |= is_shown;
        Ok(())
    }

    /// Whether what is counted of the channel at this time, which is not after the window, is told
    /// at once.
    fn has_counter(&self, channel: usize, time: u64) -> bool {
        let (from, _) = self.selection.window;
        // Nothing is before the trace.
        let is_later = time > from || from == 0;
        self.selection.channels[channel] && is_later && self.channels[channel].used
    }

    /// Tells the values that a channel's counters have before `time`, if that was not done.
    fn begin_counters(
        &mut self,
        channel: usize,
        time: u64,
        tell: &mut dyn FnMut(&Item) -> Result<()>,
    ) -> Result<()> {
        let (from, _) = self.selection.window;
        let channel = &mut self.channels[channel];
        if !channel.used {
            return Ok(());
        }
        for gauge in [&mut channel.depth, &mut channel.senders] {
            if let Some(newest) = gauge.newest.filter(|_| !gauge.shown) {
                gauge.shown = true;
                tell(&Item::Counter(Counter { time: newest.time.max(from).min(time), ..newest }))?;
            }
        }
        Ok(())
    }

    /// What of this is in the window; `None` if nothing is.
    fn cut(&self, begin: u64, end: Option<u64>) -> Option<(u64, Option<u64>)> {
        let (from, to) = self.selection.window;
        if begin > to || end.is_some_and(|end| end < from) {
            return None;
        }
        let cut_end = match end {
            None if to >= self.entities.end => None,
            end => Some(end.unwrap_or(to).min(to)),
        };
        let cut_begin = begin.max(from);
        // What only touches the window would seem to have no length.
        let touches = Some(cut_begin) == cut_end && Some(begin) != end;
        (!touches).then_some((cut_begin, cut_end))
    }
}

impl Channel {
    fn gauge(&mut self, what: Count) -> &mut Gauge {
        match what {
            Count::QueueDepth => &mut self.depth,
            Count::LiveSenders => &mut self.senders,
        }
    }
}
