//! Passes on the selected items.
//!
//! - An item that reaches beyond the window is cut there; its other properties stay.
//! - A flow is shown if both its ends are. A message in flight is shown if its sender or its
//!   receiver is selected.
//! - A counter starts with the value that it has at the start of the window, or when a selected
//!   thread first uses its channel.
//! - A journey consists of sends and receives, the waits that ended with one of them, and the waits
//!   and sleeps of its threads in between.

use format::Call;
use rustc_hash::FxHashSet;
use typed_index_collections::TiVec;

use super::Selection;
use super::journey::Journey;
use crate::analysis::findings::words::counted;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::timeline::item::{Counter, Fate, Flight, Flow, HeldLock, Item, Slice, State, Transfer};
use crate::timeline::{Sink, pass_left_out};

/// Takes all items of a recording, and passes on those that are selected.
#[derive(Debug)]
pub struct Filter<'a> {
    selection: &'a Selection,
    catalog: &'a Catalog,
    /// Flows that start in the picture and have not ended.
    open_flows: FxHashSet<u64>,
    /// The flows of messages in flight whose sends are selected.
    sent: FxHashSet<u64>,
    /// A message whose receive comes next.
    landing: Option<Flight>,
    channels: TiVec<ChannelIndex, ChannelCounters>,
    threads: TiVec<ThreadIndex, ThreadProgress>,
    /// The thread of the first slice in the picture.
    first_thread: Option<ThreadIndex>,
    slices_left_out: u64,
    messages_left_out: u64,
}

/// The counters of a channel.
#[derive(Clone, Debug, Default)]
struct ChannelCounters {
    /// Whether they are shown: always, or since a selected thread has used the channel.
    is_used: bool,
    /// By [`Count`](crate::timeline::item::Count).
    values: [LatestValue; 2],
}

/// The latest value of a counter.
#[derive(Clone, Debug, Default)]
struct LatestValue {
    latest: Option<Counter>,
    /// Whether the picture has this value or an earlier one.
    is_started: bool,
}

/// How far a thread is on a journey.
#[derive(Clone, Debug, Default)]
struct ThreadProgress {
    /// Whether the message that it received last is part of the journey.
    is_on_journey: bool,
    /// The time of its last receive, if the picture has that.
    received: Option<Nanos>,
    /// Its waits since that receive if it is on the journey, else its last wait.
    waits: Vec<Slice>,
}

impl<'a> Filter<'a> {
    /// A filter for the items of a recording with this catalog, from which the selection was made.
    pub fn new(selection: &'a Selection, catalog: &'a Catalog) -> Self {
        let is_used = !selection.only_used_channels;
        let counters = || ChannelCounters { is_used, ..ChannelCounters::default() };
        Filter {
            selection,
            catalog,
            open_flows: FxHashSet::default(),
            sent: FxHashSet::default(),
            landing: None,
            channels: catalog.channels.iter().map(|_| counters()).collect(),
            threads: catalog.threads.iter().map(|_| ThreadProgress::default()).collect(),
            first_thread: None,
            slices_left_out: 0,
            messages_left_out: 0,
        }
    }

    /// Takes the next item of the recording.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn item<E>(&mut self, item: &Item, sink: &mut Sink<'_, E>) -> Result<(), E> {
        match item {
            Item::Slice(slice) => self.slice(slice, sink),
            Item::State(state) => match self.cut_of(state.thread, state.begin, state.end) {
                Some((begin, end)) => sink(&Item::State(State { begin, end, ..*state })),
                None => Ok(()),
            },
            Item::Flight(flight) => self.flight(flight, sink),
            Item::Hold(hold) => match self.cut_of(hold.thread, hold.begin, hold.end) {
                Some((begin, end)) => sink(&Item::Hold(HeldLock { begin, end, ..hold.clone() })),
                None => Ok(()),
            },
            Item::Counter(counter) => self.counter(*counter, sink),
            // Items are merged after they are selected.
            Item::Merged(_) | Item::MergedStates(_) => Ok(()),
        }
    }

    /// Passes on the remaining items, and a slice that describes what is left out. Returns the same
    /// description for the user; `None` if neither slices nor messages in flight are left out.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<E>(mut self, sink: &mut Sink<'_, E>) -> Result<Option<String>, E> {
        for channel in self.catalog.channels.keys() {
            self.start_counters(channel, self.selection.window.to, sink)?;
        }
        if self.slices_left_out == 0 && self.messages_left_out == 0 {
            return Ok(None);
        }
        let description = format!(
            "{} and {} in flight; shown: {}",
            counted(self.slices_left_out, "slice"),
            counted(self.messages_left_out, "message"),
            self.selection.description
        );
        let at = self.first_thread.map(|thread| (thread, self.selection.window.from));
        pass_left_out(&description, at, sink).map(Some)
    }

    fn slice<E>(&mut self, slice: &Slice, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let is_selected = self.selection.has(slice);
        match slice.transfer() {
            Some(Transfer::Sent(flow)) if is_selected && slice.channel().is_some() => {
                self.sent.insert(flow);
            }
            Some(Transfer::Received(flow)) => {
                match self.landing.take_if(|flight| flight.flow == flow) {
                    Some(flight) if is_selected => self.pass_flight(&flight, sink)?,
                    Some(_) => self.messages_left_out += 1,
                    None => {}
                }
            }
            _ => {}
        }
        let is_passed = match &self.selection.journey {
            _ if !is_selected => self.leave_out(),
            None => self.pass_slice(slice, sink)?,
            Some(journey) => self.follow(journey, slice, sink)?,
        };
        match slice.depth_counter() {
            Some(counter) if !is_passed => self.counter(counter, sink),
            _ => Ok(()),
        }
    }

    /// Counts a slice as left out. Returns `false`: it is not passed on.
    fn leave_out(&mut self) -> bool {
        self.slices_left_out += 1;
        false
    }

    /// Passes on a slice that is a step of the journey, and the waits before it. Returns whether it
    /// is passed on.
    fn follow<E>(
        &mut self,
        journey: &Journey,
        slice: &Slice,
        sink: &mut Sink<'_, E>,
    ) -> Result<bool, E> {
        let thread = &mut self.threads[slice.thread];
        let was_on = thread.is_on_journey;
        let (is_step, is_between_steps) = match slice.transfer() {
            Some(Transfer::Sent(flow)) => (journey.contains(flow), was_on),
            Some(Transfer::Received(flow)) => {
                thread.is_on_journey = journey.contains(flow);
                (thread.is_on_journey, false)
            }
            Some(Transfer::ReceivedUnknown) => {
                thread.is_on_journey = false;
                (false, false)
            }
            None if slice.is_wait() || slice.kind.call() == Some(Call::Sleep) => {
                self.hold_back(slice);
                return Ok(false);
            }
            None => return Ok(self.leave_out()),
        };
        if !is_step && is_between_steps {
            // A later send can still be a step, and then the waits until it are between two steps.
            return Ok(self.leave_out());
        }
        for wait in std::mem::take(&mut thread.waits) {
            let ends_here = wait.end.is_some_and(|end| end.after() >= slice.begin);
            if is_step && (is_between_steps || ends_here) {
                self.pass_slice(&wait, sink)?;
            } else {
                self.leave_out();
            }
        }
        if is_step { self.pass_slice(slice, sink) } else { Ok(self.leave_out()) }
    }

    /// Holds a wait back until it is clear whether it is part of the journey.
    fn hold_back(&mut self, wait: &Slice) {
        let thread = &mut self.threads[wait.thread];
        if !thread.is_on_journey {
            self.slices_left_out += thread.waits.len() as u64;
            thread.waits.clear();
        }
        thread.waits.push(wait.clone());
    }

    /// Passes on the part of a slice that is in the window, if there is one. Returns whether there
    /// is; only then has it counted the slice's depth.
    fn pass_slice<E>(&mut self, slice: &Slice, sink: &mut Sink<'_, E>) -> Result<bool, E> {
        let Some((begin, end)) = self.cut(slice.begin, slice.end) else {
            return Ok(self.leave_out());
        };
        let flow = self.flow(slice, begin, end);
        let thread = &mut self.threads[slice.thread];
        let cause = slice.cause.filter(|_| slice.cause == thread.received);
        if let Some(Transfer::Received(_)) = slice.transfer() {
            thread.received = Some(begin);
        }
        self.first_thread.get_or_insert(slice.thread);
        if let Some(channel) = slice.channel()
            && !self.channels[channel].is_used
        {
            self.channels[channel].is_used = true;
            self.start_counters(channel, begin, sink)?;
        }
        let depth = match slice.depth_counter() {
            Some(counter) if self.count(counter, sink)? => Some(counter.value),
            _ => None,
        };
        sink(&Item::Slice(Slice { begin, end, flow, cause, depth, ..slice.clone() }))?;
        Ok(true)
    }

    /// The ends of flows of a slice whose part from `begin` to `end` is shown.
    fn flow(&mut self, slice: &Slice, begin: Nanos, end: Option<Nanos>) -> Option<Flow> {
        match slice.flow.as_ref()? {
            Flow::Out(flows) if end == slice.end => {
                self.open_flows.extend(flows.clone());
                Some(Flow::Out(flows.clone()))
            }
            Flow::In(flow) if self.open_flows.remove(flow) && begin == slice.begin => {
                Some(Flow::In(*flow))
            }
            _ => None,
        }
    }

    fn flight<E>(&mut self, flight: &Flight, sink: &mut Sink<'_, E>) -> Result<(), E> {
        let is_sent = self.sent.remove(&flight.flow);
        let is_possible = self.selection.channels[flight.channel]
            && self.selection.journey.as_ref().is_none_or(|it| it.contains(flight.flow));
        if is_possible && is_sent {
            return self.pass_flight(flight, sink);
        }
        if is_possible && flight.fate == Fate::Received {
            self.landing = Some(flight.clone());
        } else {
            self.messages_left_out += 1;
        }
        Ok(())
    }

    fn pass_flight<E>(&mut self, flight: &Flight, sink: &mut Sink<'_, E>) -> Result<(), E> {
        match self.cut(flight.begin, Some(flight.end)) {
            Some((begin, Some(end))) => {
                sink(&Item::Flight(Flight { begin, end, ..flight.clone() }))
            }
            _ => {
                self.messages_left_out += 1;
                Ok(())
            }
        }
    }

    fn counter<E>(&mut self, counter: Counter, sink: &mut Sink<'_, E>) -> Result<(), E> {
        match self.count(counter, sink)? {
            true => sink(&Item::Counter(counter)),
            false => Ok(()),
        }
    }

    /// Takes the next value of a counter, and starts the counter if that is a change in the window.
    /// Returns whether it is: the value is shown.
    fn count<E>(&mut self, counter: Counter, sink: &mut Sink<'_, E>) -> Result<bool, E> {
        let Counter { channel, count, time, .. } = counter;
        let Selection { window, channels, .. } = self.selection;
        if !channels[channel] || time > window.to {
            return Ok(false);
        }
        let is_shown = self.channels[channel].is_used && window.has_change_at(time);
        if is_shown {
            self.start_counters(channel, time, sink)?;
        }
        let value = &mut self.channels[channel].values[count as usize];
        // The item of a hand-over comes with the receive, but its time is just before that.
        if value.latest.is_none_or(|latest| latest.time <= time) {
            value.latest = Some(counter);
        }
        value.is_started |= is_shown;
        Ok(is_shown)
    }

    /// Passes on the values that a channel's counters have before `time`, unless the counters are
    /// started or not shown.
    fn start_counters<E>(
        &mut self,
        channel: ChannelIndex,
        time: Nanos,
        sink: &mut Sink<'_, E>,
    ) -> Result<(), E> {
        let from = self.selection.window.from;
        let counters = &mut self.channels[channel];
        if !counters.is_used {
            return Ok(());
        }
        for value in &mut counters.values {
            if let Some(latest) = value.latest.filter(|_| !value.is_started) {
                value.is_started = true;
                let time = latest.time.max(from).min(time);
                sink(&Item::Counter(Counter { time, ..latest }))?;
            }
        }
        Ok(())
    }

    /// The selected part of a state of a thread, or of a lock that it holds.
    fn cut_of(
        &self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
    ) -> Option<(Nanos, Option<Nanos>)> {
        let Selection { threads, only_channels, journey, .. } = self.selection;
        let is_selected = threads[thread] && !only_channels && journey.is_none();
        self.cut(begin, end).filter(|_| is_selected)
    }

    fn cut(&self, begin: Nanos, end: Option<Nanos>) -> Option<(Nanos, Option<Nanos>)> {
        self.selection.window.cut(begin, end, self.catalog.end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::Window;
    use super::*;
    use crate::reading::Recording;
    use crate::reading::catalog::Target;
    use crate::timeline::item::{Ending, SliceKind};

    /// Two threads and a channel.
    fn recording() -> Recording {
        let text = [
            &format::text::heading(),
            "block process=0 thread=1 sequence=0 dropped=0",
            "0 ThreadStarted os_id=1 name=\"main\"",
            "0 ChannelCreated channel=1 sender=1 receiver=2 site=0 bound=9 message_type=\"\" \
             name=\"\"",
            "block process=0 thread=2 sequence=0 dropped=0",
            "100 ThreadStarted os_id=2 name=\"worker\"\n",
        ];
        let bytes = format::text::parse(&text.join("\n")).expect("the text is a recording's");
        Recording::from_bytes(bytes).expect("the recording can be read")
    }

    fn transfer(thread: usize, time: u64, call: Call, depth: u64) -> Item {
        let kind = SliceKind::Operation { call, ending: Ending::Transferred };
        Item::Slice(Slice {
            target: Some(Target::Channel(ChannelIndex::from(0))),
            flow: Some(if call.is_send() { Flow::Out(1..2) } else { Flow::In(1) }),
            depth: Some(depth),
            ..Slice::instant(ThreadIndex::from(thread), Nanos::new(time), kind)
        })
    }

    /// Filters a send at 10 by the first thread and a receive at 20 by the second. Returns the
    /// items, as `slice TIME DEPTH` or `counter TIME VALUE`, and whether something is left out.
    fn filtered(threads: [bool; 2], from: u64, only_used_channels: bool) -> (Vec<String>, bool) {
        let recording = recording();
        let selection = Selection {
            window: Window { from: Nanos::new(from), to: Nanos::MAX },
            threads: threads.into_iter().collect(),
            channels: [true].into_iter().collect(),
            only_channels: false,
            only_used_channels,
            journey: None,
            selected_slice: None,
            description: String::new(),
        };
        let mut filter = Filter::new(&selection, &recording.catalog);
        let mut shown = Vec::new();
        let mut sink = |item: &Item| {
            match item {
                Item::Slice(slice) if slice.kind == SliceKind::LeftOut => {}
                Item::Slice(slice) => {
                    shown.push(format!("slice {:?} {:?}", slice.begin, slice.depth))
                }
                Item::Counter(it) => shown.push(format!("counter {:?} {}", it.time, it.value)),
                other => return Err(format!("{other:?}")),
            }
            Ok(())
        };
        for item in [transfer(0, 10, Call::Send, 1), transfer(1, 20, Call::Recv, 0)] {
            filter.item(&item, &mut sink).expect("all items are slices and counters");
        }
        let description = filter.finish(&mut sink).expect("all items are slices and counters");
        (shown, description.is_some())
    }

    #[test]
    fn a_shown_slice_keeps_its_depth() {
        let all = ["slice 10 Some(1)", "slice 20 Some(0)"].map(String::from).into();
        assert_eq!(filtered([true, true], 0, false), (all, false));
    }

    #[test]
    fn the_depth_of_an_omitted_slice_becomes_a_counter() {
        let sender = ["slice 10 Some(1)", "counter 20 0"].map(String::from).into();
        assert_eq!(filtered([true, false], 0, true), (sender, true));
        // The channel is shown from its first use by the selected thread on.
        let receiver = ["counter 10 1", "slice 20 Some(0)"].map(String::from).into();
        assert_eq!(filtered([false, true], 0, true), (receiver, true));
        assert_eq!(filtered([false, false], 0, true), (Vec::new(), true));
    }

    #[test]
    fn a_counter_starts_with_its_value_at_the_start_of_the_window() {
        let change = ["counter 15 1", "slice 20 Some(0)"].map(String::from).into();
        assert_eq!(filtered([true, true], 15, false), (change, true));
        let no_change = ["slice 20 None", "counter 20 0"].map(String::from).into();
        assert_eq!(filtered([true, true], 20, false), (no_change, true));
        let nothing_later = ["counter 30 0"].map(String::from).into();
        assert_eq!(filtered([true, true], 30, false), (nothing_later, true));
    }
}
