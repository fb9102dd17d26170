//! Makes the items of a timeline from the changes of a run.
//!
//! The rules of the picture are here; those of file formats are not.
//!
//! - An operation that did not wait is an instant: a slice without length.
//! - A wait is a slice of its own, and ends a nanosecond before the instant in which the operation is
//!   over, so that the two are neighbours. A wait whose end is not recorded ends where its thread does
//!   something else, or never.
//! - A flow leads from what a thread has waited for to where it goes on. It starts where a slice ends,
//!   ends where one begins, and never points back.
//! - A send that has handed its message over before it returns is shown as returning from then on.
//! - Messages that a thread sends between one receive and the next are consequences of the first.
//!
//! Spans have their rules in `spans`, states in `states`.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use format::Call;
use typed_index_collections::TiVec;

use super::item::{
    Activity, Count, Counter, Ending, Fate, Flight, Flow, HeldLock, Item, Slice, SliceKind,
};
use crate::reading::catalog::{
    Catalog, ChannelIndex, EndpointIndex, PrimitiveIndex, ProcessIndex, Target, ThreadIndex,
};
use crate::reading::{self, Nanos, Operation, Recording};
use crate::replay::{
    Cause, Completed, EndpointChange, Hold, HoldEnd, Listener, Message, Replay, RunState,
    Transition, Use, Wait,
};

mod lanes;
mod spans;
mod states;

use lanes::Lanes;
use spans::OpenSpan;
use states::ThreadStates;

/// Maximum number of messages of a channel that are shown in flight at a time, and of threads that
/// hold a lock. Each takes a track, and a viewer takes minutes to open a hundred thousand.
pub const MAX_LANES: usize = 200;

/// Maximum number of sends to which a flow leads from the receive that caused them: one message can
/// start a million.
pub const MAX_CONSEQUENCES: u32 = 16;

/// Passes the items of `recording` to `sink`, in the order in which they are over.
///
/// # Errors
/// The recording cannot be read, or `sink` fails.
pub fn build<E: From<reading::Error>>(
    recording: &Recording,
    sink: impl FnMut(&Item) -> Result<(), E>,
) -> Result<(), E> {
    let builder = TimelineBuilder::new(&recording.catalog, sink);
    Replay::new(recording, builder)?.finish().map(drop)
}

/// The items of `recording`, in the order in which they are over.
///
/// # Errors
/// The recording cannot be read.
pub fn items(recording: &Recording) -> reading::Result<Vec<Item>> {
    let mut items = Vec::new();
    build(recording, |item| {
        items.push(item.clone());
        Ok::<_, reading::Error>(())
    })?;
    Ok(items)
}

/// Listens to a replay and passes items to its sink.
#[derive(Debug)]
pub struct TimelineBuilder<'a, S> {
    catalog: &'a Catalog,
    sink: S,
    threads: TiVec<ThreadIndex, ThreadTrack>,
    channels: TiVec<ChannelIndex, Lanes>,
    primitives: TiVec<PrimitiveIndex, LockTrack>,
}

#[derive(Clone, Debug, Default)]
struct ThreadTrack {
    states: ThreadStates,
    /// What it has entered and not left, the innermost last.
    spans: Vec<OpenSpan>,
    /// The latest end of a slice that has length.
    lasted_until: Nanos,
    /// Slices that begin later start after this time: see [`first_free`](Self::first_free).
    shown_until: Option<Nanos>,
    /// When it has received a message last, and how many it has sent since.
    received: Option<(Nanos, u32)>,
}

impl ThreadTrack {
    /// The first time from `time` on at which a slice with length can begin.
    ///
    /// Another thread can show that an initializer is over before its own thread has reported all of
    /// it, and several spans can be cut at once. Those slices are in the trace already, and would
    /// seem to be around a slice that begins with them.
    fn first_free(&self, time: Nanos) -> Nanos {
        self.shown_until.map_or(time, |shown| time.max(shown.after()))
    }

    fn show_until(&mut self, time: Nanos) {
        self.shown_until = self.shown_until.max(Some(time));
    }
}

#[derive(Clone, Debug, Default)]
struct LockTrack {
    lanes: Lanes,
    /// The lanes of those who hold it.
    holds: Vec<(u64, Option<u8>)>,
    /// Its latest release. It is shown when it is known whether another thread has waited for it.
    release: Option<Slice>,
}

impl<'a, S: FnMut(&Item) -> Result<(), E>, E> TimelineBuilder<'a, S> {
    /// A builder for a run with this catalog.
    pub fn new(catalog: &'a Catalog, sink: S) -> Self {
        TimelineBuilder {
            catalog,
            sink,
            threads: catalog.threads.iter().map(|_| ThreadTrack::default()).collect(),
            channels: catalog.channels.iter().map(|_| Lanes::default()).collect(),
            primitives: catalog.primitives.iter().map(|_| LockTrack::default()).collect(),
        }
    }

    #[inline]
    fn slice(&mut self, slice: Slice) -> Result<(), E> {
        (self.sink)(&Item::Slice(slice))
    }

    /// The values of a channel's counters from `time` on.
    fn counters(&mut self, state: &RunState, channel: ChannelIndex, time: Nanos) -> Result<(), E> {
        let depth = (Count::QueueDepth, self.depth(state, channel));
        let senders = (Count::LiveSenders, state.channels[channel].senders);
        [depth, senders].into_iter().try_for_each(|(count, value)| {
            (self.sink)(&Item::Counter(Counter { channel, count, time, value }))
        })
    }

    /// The depth of a channel, as it is shown. The time of a receive is taken after it, so that by
    /// the times alone a channel can seem to hold more messages than it has room for.
    #[inline]
    fn depth(&self, state: &RunState, channel: ChannelIndex) -> u64 {
        state.channels[channel].depth.min(self.catalog.channels[channel].capacity())
    }

    /// A slice of an operation that is over, without length.
    #[inline]
    fn instant(&self, completed: &Completed<'_>, ending: Ending) -> Slice {
        let Completed { time, thread, operation, .. } = *completed;
        let kind = SliceKind::Operation { call: operation.call, ending };
        Slice { waited: completed.waited(), ..slice_of(operation, thread, time, kind) }
    }

    /// An operation that is over: its wait, if it had one, and then itself.
    fn completed(
        &mut self,
        completed: &Completed<'_>,
        ending: Ending,
        flow: Option<Flow>,
    ) -> Result<(), E> {
        self.wait_of(completed, None)?;
        // A thread that sleeps waits for no other, and wakes by itself.
        if completed.operation.call == Call::Sleep && completed.wait.is_some() {
            return Ok(());
        }
        self.slice(Slice { flow, ..self.instant(completed, ending) })
    }

    /// The wait of an operation that is over, if it had one.
    #[inline]
    fn wait_of(&mut self, completed: &Completed<'_>, message: Option<NonZeroU64>) -> Result<(), E> {
        let Completed { time, thread, wait: Some(wait), .. } = *completed else { return Ok(()) };
        self.wait_ended(thread, wait, Some(time));
        self.waited(thread, wait, message, Some(time))
    }

    /// The slice of a wait that is over at `over`.
    fn waited(
        &mut self,
        thread: ThreadIndex,
        wait: &Wait,
        message: Option<NonZeroU64>,
        over: Option<Nanos>,
    ) -> Result<(), E> {
        let (call, channel) = (wait.call(), wait.operation.channel());
        self.be(thread, wait.begin, over, Activity::waiting_in(call))?;
        // In a rendezvous nothing is full: the sender waits for the receiver.
        let is_rendezvous = channel.is_some_and(|it| self.catalog.channels[it].is_rendezvous());
        let kind = SliceKind::Wait { call, is_full: call.is_send() && !is_rendezvous };
        let begin = self.threads[thread].first_free(wait.begin);
        self.slice(Slice {
            end: over.map(|over| over.before().max(begin)),
            message,
            waited: over.map(|over| over.since(wait.begin)),
            timeout: wait.operation.timeout(),
            ..slice_of(&wait.operation, thread, begin, kind)
        })
    }

    /// The slice of a send that has handed its message over and has not returned yet.
    fn returning(
        &mut self,
        thread: ThreadIndex,
        wait: &Wait,
        (handed_over, message): (Nanos, Option<NonZeroU64>),
        end: Option<Nanos>,
    ) -> Result<(), E> {
        self.wait_ended(thread, wait, end);
        let (begin, call) = (handed_over.after(), wait.call());
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        self.be(thread, handed_over, end, Activity::waiting_in(call))?;
        self.slice(Slice {
            end,
            message,
            waited: end.map(|end| end.since(wait.begin)),
            ..slice_of(&wait.operation, thread, begin, SliceKind::Returning { call })
        })
    }

    /// When the thread received the message that makes it send another now.
    #[inline]
    fn cause(&mut self, thread: ThreadIndex) -> Option<Nanos> {
        let (received, sent) = self.threads[thread].received.as_mut()?;
        *sent = sent.saturating_add(1);
        (*sent <= MAX_CONSEQUENCES).then_some(*received)
    }

    /// A message is handed over and begins its flight, and the wait of its send is over.
    #[inline]
    fn sent(
        &mut self,
        state: &RunState,
        send: &Completed<'_>,
        message: &Message,
        lane: &mut Option<u8>,
    ) -> Result<(), E> {
        let Completed { time, thread, wait, .. } = *send;
        let cause = self.cause(thread);
        if let Some(channel) = message.channel {
            *lane = self.channels[channel].take(time);
        }
        if let Some(wait) = wait {
            self.waited(thread, wait, message.number, Some(time))?;
        }
        self.slice(Slice {
            message: message.number,
            flow: Some(Flow::Out(message.edge..message.edge + 1)),
            cause,
            depth: message.channel.map(|channel| self.depth(state, channel)),
            text: message.value.clone(),
            ..self.instant(send, Ending::Transferred)
        })
    }

    #[inline]
    fn received(
        &mut self,
        state: &RunState,
        receive: &Completed<'_>,
        message: Option<&Message>,
        lane: Option<u8>,
    ) -> Result<(), E> {
        let Completed { time, thread, .. } = *receive;
        self.threads[thread].received = message.map(|_| (time, 0));
        if let Some(message) = message {
            self.land(message, lane, time, Fate::Received)?;
        }
        let number = message.and_then(|message| message.number);
        self.wait_of(receive, number)?;
        let ending = match message {
            Some(_) => Ending::Transferred,
            None => Ending::SendNotRecorded,
        };
        let channel = receive.operation.channel();
        self.slice(Slice {
            message: number,
            flow: message.map(|message| Flow::In(message.edge)),
            depth: channel.map(|channel| self.depth(state, channel)),
            latency: message.map(|message| time.since(message.sent)),
            text: message.and_then(|message| message.value.clone()),
            ..self.instant(receive, ending)
        })
    }

    /// The flight of a message is over.
    #[inline]
    fn land(
        &mut self,
        message: &Message,
        lane: Option<u8>,
        end: Nanos,
        fate: Fate,
    ) -> Result<(), E> {
        let Message { channel: Some(channel), handed_over: Some(begin), number, .. } = *message
        else {
            return Ok(());
        };
        // Where events are missing, a receive can seem to be before its send.
        let end = end.max(begin);
        self.channels[channel].give_back(lane, end);
        (self.sink)(&Item::Flight(Flight {
            channel,
            message: number.map_or(0, NonZeroU64::get),
            flow: message.edge,
            lane,
            begin,
            end,
            fate,
            value: message.value.clone(),
        }))
    }

    fn endpoint(
        &mut self,
        state: &RunState,
        change: EndpointChange,
        Use { time, thread, place }: Use,
        channel: Option<ChannelIndex>,
        endpoint: Option<EndpointIndex>,
    ) -> Result<(), E> {
        let kind = match change {
            EndpointChange::ChannelCreated => SliceKind::ChannelCreated,
            EndpointChange::SenderCloned => SliceKind::SenderCloned,
            EndpointChange::ReceiverCloned => SliceKind::ReceiverCloned,
            EndpointChange::SenderDropped => SliceKind::SenderDropped,
            EndpointChange::ReceiverDropped => SliceKind::ReceiverDropped,
        };
        let target = channel.map(Target::Channel);
        self.slice(Slice { target, endpoint, place, ..Slice::instant(thread, time, kind) })?;
        match (change, channel) {
            (EndpointChange::ReceiverDropped | EndpointChange::ReceiverCloned, _) | (_, None) => {
                Ok(())
            }
            (_, Some(channel)) => self.counters(state, channel, time),
        }
    }

    fn hold_ended(
        &mut self,
        primitive: PrimitiveIndex,
        hold: &Hold,
        end: HoldEnd,
        others_waited: Nanos,
    ) -> Result<(), E> {
        let process = self.catalog.primitives[primitive].process;
        let until = end.time().unwrap_or(self.catalog.processes[process].recorded_until);
        let track = &mut self.primitives[primitive];
        let place = track.holds.iter().position(|(id, _)| *id == hold.id);
        let lane = place.and_then(|place| track.holds.remove(place).1);
        track.lanes.give_back(lane, until);
        (self.sink)(&Item::Hold(HeldLock {
            primitive,
            thread: hold.thread,
            is_shared: hold.is_shared,
            lane,
            begin: hold.begin,
            end: end.time(),
            is_release_recorded: matches!(end, HoldEnd::Recorded(_)),
            place: hold.place,
            turn: hold.turn,
            others_waited,
        }))
    }

    fn thread_ended(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        panicked: bool,
        flow: Option<Flow>,
    ) -> Result<(), E> {
        self.close_spans(thread, time)?;
        let kind = SliceKind::ThreadEnded { panicked };
        self.slice(Slice { flow, ..Slice::instant(thread, time, kind) })
    }

    /// From now on it is not known what a process did while its recording paused.
    fn resumed(
        &mut self,
        time: Nanos,
        process: ProcessIndex,
        thread: Option<ThreadIndex>,
        paused: Option<Nanos>,
    ) -> Result<(), E> {
        for (track, facts) in self.threads.iter_mut().zip(&self.catalog.threads) {
            if facts.process == process {
                track.received = None;
                let paused = paused.unwrap_or(time).max(track.lasted_until);
                // What it is in may have ended meanwhile.
                for open in &mut track.spans {
                    open.paused.get_or_insert(paused);
                }
            }
        }
        match thread {
            Some(thread) => self.slice(Slice::instant(thread, time, SliceKind::Resumed)),
            None => Ok(()),
        }
    }

    fn finishing(&mut self, state: &RunState) -> Result<(), E> {
        self.end_states(state)?;
        self.end_spans()?;
        for primitive in self.catalog.primitives.keys() {
            if let Some(release) = self.primitives[primitive].release.take() {
                self.slice(release)?;
            }
        }
        Ok(())
    }
}

impl<S, E> Listener for TimelineBuilder<'_, S>
where
    S: FnMut(&Item) -> Result<(), E>,
    E: From<reading::Error>,
{
    /// The lane of a message in flight.
    type Note = Option<u8>;
    type Error = E;

    #[inline(always)]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> Result<(), E> {
        match transition {
            Transition::Sent { send, message } => {
                if let Some(wait) = send.wait {
                    self.wait_ended(send.thread, wait, Some(send.time));
                }
                self.sent(state, send, message, lane)
            }
            Transition::Received { receive, message, .. } => {
                self.received(state, receive, *message, *lane)
            }
            other => self.on_other(state, other, lane),
        }
    }
}

impl<S: FnMut(&Item) -> Result<(), E>, E> TimelineBuilder<'_, S> {
    fn on_other(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> Result<(), E> {
        match *transition {
            Transition::ThreadSeen { time, thread } => {
                self.threads[thread].states.reported = Some(time);
                Ok(())
            }
            Transition::WaitAbandoned { thread, wait, until } => match wait.handed_over {
                Some(handed_over) => self.returning(thread, wait, handed_over, until),
                None => {
                    self.wait_ended(thread, wait, until);
                    self.waited(thread, wait, None, until)
                }
            },
            Transition::HandedOver { ref send, message } => self.sent(state, send, message, lane),
            Transition::SendReturned { ref send } => match send.wait {
                Some(wait @ &Wait { handed_over: Some(handed_over), .. }) => {
                    self.returning(send.thread, wait, handed_over, Some(send.time))
                }
                _ => Ok(()),
            },
            Transition::Completed { ref completed, ref edges } => {
                let flow = flow_out(edges).or_else(|| flow_in(completed.cause));
                self.completed(completed, Ending::of(completed.operation.outcome), flow)
            }
            Transition::Endpoint { change, at, channel, endpoint } => {
                self.endpoint(state, change, at, channel, endpoint)
            }
            Transition::ThreadStarted { time, thread, cause } => {
                let spawned = self.catalog.threads[thread].spawned;
                let place = spawned.and_then(|spawned| spawned.place);
                let started = Slice::instant(thread, time, SliceKind::ThreadStarted);
                self.slice(Slice { flow: flow_in(cause), place, ..started })
            }
            Transition::ThreadReturned { time, thread, panicked, ref edges } => {
                self.thread_ended(time, thread, panicked, flow_out(edges))
            }
            Transition::ThreadEnded { time, thread } => {
                // No thread joins one whose spawn is not recorded: this is all of its end.
                match state.threads[thread].returned {
                    Some(_) => Ok(()),
                    None => self.thread_ended(time, thread, false, None),
                }
            }
            Transition::Panicked { at: Use { time, thread, place }, message } => {
                let text = (!message.is_empty()).then(|| Arc::clone(message));
                let panicked = Slice::instant(thread, time, SliceKind::Panicked);
                self.slice(Slice { place, text, ..panicked })
            }
            Transition::Traced { time, thread, event, text } => {
                self.traced(time, thread, event, text)
            }
            Transition::Paused { time, thread } => {
                self.slice(Slice::instant(thread, time, SliceKind::Paused))
            }
            Transition::Resumed { time, process, thread, paused } => {
                self.resumed(time, process, thread, paused)
            }
            Transition::NotReceived { message, until } => {
                let fate = if message.paused.is_some() { Fate::Unknown } else { Fate::Lost };
                self.land(message, *lane, until, fate)
            }
            Transition::Finishing => self.finishing(state),
            Transition::Finished => {
                let mut channels = self.catalog.channels.iter_enumerated();
                channels.try_for_each(|(channel, facts)| {
                    self.counters(state, channel, self.catalog.end_of(facts.process))
                })
            }
            _ => self.on_primitive(transition),
        }
    }

    fn on_primitive(&mut self, transition: &Transition<'_>) -> Result<(), E> {
        match *transition {
            Transition::Acquired { ref acquire, primitive, ref release_edges } => {
                if let Some(flow) = flow_out(release_edges)
                    && let Some(release) = self.primitives[primitive].release.take()
                {
                    self.slice(Slice { flow: Some(flow), ..release })?;
                }
                self.completed(acquire, Ending::Done, flow_in(acquire.cause))
            }
            Transition::HoldBegan { primitive, hold } => {
                let track = &mut self.primitives[primitive];
                track.holds.push((hold.id, track.lanes.take(hold.begin)));
                Ok(())
            }
            Transition::HoldEnded { primitive, hold, end, others_waited } => {
                self.hold_ended(primitive, hold, end, others_waited)
            }
            Transition::Released { ref release, primitive, was_held } => {
                let ending = if was_held { Ending::Done } else { Ending::LockNotRecorded };
                let slice = self.instant(release, ending);
                let before = self.primitives[primitive].release.replace(slice);
                before.map_or(Ok(()), |before| self.slice(before))
            }
            Transition::BarrierOpened { ref arrival, ref edges } => {
                self.completed(arrival, Ending::LastToArrive, flow_out(edges))
            }
            Transition::InitializerStarted { ref started, .. } => {
                self.wait_of(started, None)?;
                let Completed { time, thread, operation, .. } = *started;
                let slice = slice_of(operation, thread, time, SliceKind::Initializer);
                self.enter(slice, None);
                Ok(())
            }
            Transition::InitializerEnded { time, thread, primitive, ref edges } => {
                self.leave_initializer(time, thread, primitive, flow_out(edges))
            }
            _ => Ok(()),
        }
    }
}

/// A slice about what an operation is on.
#[inline]
fn slice_of(operation: &Operation, thread: ThreadIndex, time: Nanos, kind: SliceKind) -> Slice {
    let Operation { target, endpoint, place, .. } = *operation;
    Slice { target, endpoint, place, ..Slice::instant(thread, time, kind) }
}

fn flow_out(edges: &Range<u64>) -> Option<Flow> {
    (!edges.is_empty()).then(|| Flow::Out(edges.clone()))
}

fn flow_in(cause: Option<Cause>) -> Option<Flow> {
    cause.and_then(|cause| cause.edge).map(Flow::In)
}
