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

/// Takes items.
pub trait ItemSink {
    /// Why it fails.
    type Error;

    /// Takes an item. Items come in the order in which they are over.
    ///
    /// # Errors
    /// The sink fails.
    fn take(&mut self, item: &Item) -> Result<(), Self::Error>;
}

impl<F, E> ItemSink for F
where
    F: FnMut(&Item) -> Result<(), E>,
{
    type Error = E;

    #[inline]
    fn take(&mut self, item: &Item) -> Result<(), E> {
        self(item)
    }
}

/// Listens to a replay and passes items to its sink.
#[derive(Debug)]
pub struct TimelineBuilder<'a, S> {
    catalog: &'a Catalog,
    sink: S,
    tracks: Tracks,
    /// Whether releases are passed on at once, without the flows that start there.
    is_prompt: bool,
}

/// What a [`TimelineBuilder`] remembers between two events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracks {
    threads: TiVec<ThreadIndex, ThreadTrack>,
    channels: TiVec<ChannelIndex, Lanes>,
    primitives: TiVec<PrimitiveIndex, LockTrack>,
}

impl Tracks {
    /// Adds what is new in the catalog.
    fn extend(&mut self, catalog: &Catalog) {
        self.threads.resize_with(catalog.threads.len(), ThreadTrack::default);
        self.channels.resize_with(catalog.channels.len(), Lanes::default);
        self.primitives.resize_with(catalog.primitives.len(), LockTrack::default);
    }
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

impl<'a, S: ItemSink> TimelineBuilder<'a, S> {
    /// A builder for a run with this catalog.
    pub fn new(catalog: &'a Catalog, sink: S) -> Self {
        TimelineBuilder { is_prompt: false, ..Self::resume(catalog, sink, Tracks::default()) }
    }

    /// A builder for a run that may still grow: it goes on with these tracks. Nothing is held back:
    /// the release of a lock is passed on before it is known who goes on because of it, and has no
    /// flow.
    pub(crate) fn resume(catalog: &'a Catalog, sink: S, mut tracks: Tracks) -> Self {
        tracks.extend(catalog);
        TimelineBuilder { catalog, sink, tracks, is_prompt: true }
    }

    /// The sink, and the tracks with which another builder can go on.
    pub(crate) fn into_parts(self) -> (S, Tracks) {
        (self.sink, self.tracks)
    }

    /// The sink.
    pub(crate) fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    #[inline]
    fn slice(&mut self, slice: Slice) -> Result<(), S::Error> {
        self.sink.take(&Item::Slice(slice))
    }

    /// The values of a channel's counters from `time` on.
    fn counters(
        &mut self,
        state: &RunState,
        channel: ChannelIndex,
        time: Nanos,
    ) -> Result<(), S::Error> {
        let depth = (Count::QueueDepth, self.depth(state, channel));
        let senders = (Count::LiveSenders, state.channels[channel].senders);
        [depth, senders].into_iter().try_for_each(|(count, value)| {
            self.sink.take(&Item::Counter(Counter { channel, count, time, value }))
        })
    }

    /// The depth of a channel, as it is shown. The time of a receive is taken after it, so that by
    /// the times alone a channel can seem to hold more messages than it has room for.
    #[inline]
    pub(crate) fn depth(&self, state: &RunState, channel: ChannelIndex) -> u64 {
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
    ) -> Result<(), S::Error> {
        self.wait_of(completed, None)?;
        // A thread that sleeps waits for no other, and wakes by itself.
        if completed.operation.call == Call::Sleep && completed.wait.is_some() {
            return Ok(());
        }
        let from = flow.as_ref().and(completed.cause).map(|cause| (cause.thread, cause.time));
        let from = from.filter(|_| matches!(flow, Some(Flow::In(_))));
        self.slice(Slice { flow, from, ..self.instant(completed, ending) })
    }

    /// The wait of an operation that is over, if it had one.
    #[inline]
    fn wait_of(
        &mut self,
        completed: &Completed<'_>,
        message: Option<NonZeroU64>,
    ) -> Result<(), S::Error> {
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
    ) -> Result<(), S::Error> {
        self.be(thread, wait.begin, over, Activity::waiting_in(wait.call()))?;
        let slice = self.open_wait(thread, wait);
        self.slice(Slice {
            end: over.map(|over| over.before().max(slice.begin)),
            message,
            waited: over.map(|over| over.since(wait.begin)),
            ..slice
        })
    }

    /// The slice of a wait that is not over.
    pub(crate) fn open_wait(&self, thread: ThreadIndex, wait: &Wait) -> Slice {
        let (call, channel) = (wait.call(), wait.operation.channel());
        // In a rendezvous nothing is full: the sender waits for the receiver.
        let is_rendezvous = channel.is_some_and(|it| self.catalog.channels[it].is_rendezvous());
        let kind = SliceKind::Wait { call, is_full: call.is_send() && !is_rendezvous };
        let begin = self.tracks.threads[thread].first_free(wait.begin);
        Slice {
            end: None,
            timeout: wait.operation.timeout(),
            ..slice_of(&wait.operation, thread, begin, kind)
        }
    }

    /// The slice of a send that has handed its message over and has not returned yet.
    fn returning(
        &mut self,
        thread: ThreadIndex,
        wait: &Wait,
        (handed_over, message): (Nanos, Option<NonZeroU64>),
        end: Option<Nanos>,
    ) -> Result<(), S::Error> {
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
        let (received, sent) = self.tracks.threads[thread].received.as_mut()?;
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
    ) -> Result<(), S::Error> {
        let Completed { time, thread, wait, .. } = *send;
        let cause = self.cause(thread);
        if let Some(channel) = message.channel {
            *lane = self.tracks.channels[channel].take(time);
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
    ) -> Result<(), S::Error> {
        let Completed { time, thread, .. } = *receive;
        self.tracks.threads[thread].received = message.map(|_| (time, 0));
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
            from: message.map(|it| (it.sender, it.handed_over.unwrap_or(it.sent))),
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
    ) -> Result<(), S::Error> {
        let Message { channel: Some(channel), handed_over: Some(begin), number, .. } = *message
        else {
            return Ok(());
        };
        // Where events are missing, a receive can seem to be before its send.
        let end = end.max(begin);
        self.tracks.channels[channel].give_back(lane, end);
        self.sink.take(&Item::Flight(Flight {
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
    ) -> Result<(), S::Error> {
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
    ) -> Result<(), S::Error> {
        let process = self.catalog.primitives[primitive].process;
        let until = end.time().unwrap_or(self.catalog.processes[process].recorded_until);
        let track = &mut self.tracks.primitives[primitive];
        let place = track.holds.iter().position(|(id, _)| *id == hold.id);
        let lane = place.and_then(|place| track.holds.remove(place).1);
        track.lanes.give_back(lane, until);
        self.sink.take(&Item::Hold(HeldLock {
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
    ) -> Result<(), S::Error> {
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
    ) -> Result<(), S::Error> {
        for (track, facts) in self.tracks.threads.iter_mut().zip(&self.catalog.threads) {
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

    fn finishing(&mut self, state: &RunState) -> Result<(), S::Error> {
        self.end_states(state)?;
        self.end_spans()?;
        for primitive in self.catalog.primitives.keys() {
            if let Some(release) = self.tracks.primitives[primitive].release.take() {
                self.slice(release)?;
            }
        }
        Ok(())
    }
}

impl<S> Listener for TimelineBuilder<'_, S>
where
    S: ItemSink<Error: From<reading::Error>>,
{
    /// The lane of a message in flight.
    type Note = Option<u8>;
    type Error = S::Error;

    #[inline(always)]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> Result<(), S::Error> {
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

impl<S: ItemSink> TimelineBuilder<'_, S> {
    fn on_other(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        lane: &mut Option<u8>,
    ) -> Result<(), S::Error> {
        match *transition {
            Transition::ThreadSeen { time, thread } => {
                self.tracks.threads[thread].states.reported = Some(time);
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
                let from = cause.map(|cause| (cause.thread, cause.time));
                self.slice(Slice { flow: flow_in(cause), from, place, ..started })
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

    fn on_primitive(&mut self, transition: &Transition<'_>) -> Result<(), S::Error> {
        match *transition {
            Transition::Acquired { ref acquire, primitive, ref release_edges } => {
                if let Some(flow) = flow_out(release_edges)
                    && let Some(release) = self.tracks.primitives[primitive].release.take()
                {
                    self.slice(Slice { flow: Some(flow), ..release })?;
                }
                self.completed(acquire, Ending::Done, flow_in(acquire.cause))
            }
            Transition::HoldBegan { primitive, hold } => {
                let track = &mut self.tracks.primitives[primitive];
                track.holds.push((hold.id, track.lanes.take(hold.begin)));
                Ok(())
            }
            Transition::HoldEnded { primitive, hold, end, others_waited } => {
                self.hold_ended(primitive, hold, end, others_waited)
            }
            Transition::Released { ref release, primitive, was_held } => {
                let ending = if was_held { Ending::Done } else { Ending::LockNotRecorded };
                let slice = self.instant(release, ending);
                if self.is_prompt {
                    return self.slice(slice);
                }
                let before = self.tracks.primitives[primitive].release.replace(slice);
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
