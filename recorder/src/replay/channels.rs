//! Channels, and the messages in them.
//!
//! - A send that waited hands its message over when it ends, or when the message is received if that
//!   is earlier: 20 to 50% of the receives on bounded channels return before their send does.
//! - A message that was in flight when the recording paused may have been received meanwhile.
//! - A receive whose send has no event implies a send only if the recording lacks no events: the
//!   send was about to be recorded when the recording ended.

use std::num::NonZeroU64;

use format::{MessageId, Outcome, Phase};

use super::state::{Cause, ChannelState, Parcel, RunState, Use, Wait};
use super::transition::{Completed, EndpointChange, Message, Transition};
use super::{Flight, Listener, Replay, Reported, Step};
use crate::reading::catalog::{EndpointIndex, ProcessIndex, ThreadIndex};
use crate::reading::{Event, Nanos, Operation};

impl<L: Listener> Replay<'_, L> {
    /// A channel is made, or an endpoint cloned or dropped.
    pub(super) fn endpoint_event(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        event: &Event,
    ) -> Reported<L> {
        let (catalog, state) = (self.catalog, &mut self.state);
        let at = |place| Use { time, thread, place };
        let channel_of = |it: Option<EndpointIndex>| Some(catalog.endpoints[it?].channel);
        let (change, channel, endpoint, place) = match *event {
            Event::ChannelCreated { channel, place } => {
                state.add_sender(catalog, channel, catalog.channels[channel].sender, at(place));
                state.channels[channel].made = Some((time, thread));
                state.channels[channel].receivers += 1;
                (EndpointChange::ChannelCreated, Some(channel), None, place)
            }
            Event::SenderCloned { sender, from, place } => {
                if let Some(from) = from {
                    state.endpoints[from].use_at(at(place));
                    state.endpoints[from].clones += 1;
                }
                let channel = channel_of(sender);
                if let Some((sender, channel)) = sender.zip(channel) {
                    state.add_sender(catalog, channel, sender, at(place));
                }
                (EndpointChange::SenderCloned, channel, sender, place)
            }
            Event::ReceiverCloned { receiver, place } => {
                let channel = channel_of(receiver);
                if let Some((receiver, channel)) = receiver.zip(channel) {
                    state.endpoints[receiver].made = Some(at(place));
                    state.channels[channel].receivers += 1;
                }
                (EndpointChange::ReceiverCloned, channel, receiver, place)
            }
            Event::SenderDropped { sender } => {
                if let Some(sender) = sender {
                    let known = &mut state.endpoints[sender];
                    known.dropped = Some((time, thread));
                    let channel = &mut state.channels[catalog.endpoints[sender].channel];
                    // By inexact clocks it can seem to be dropped before it is made.
                    if known.made.is_some() || catalog.endpoints[sender].made_before {
                        channel.senders = channel.senders.saturating_sub(1);
                        if channel.senders == 0 {
                            channel.senders_gone = Some((time, thread));
                        }
                    }
                }
                (EndpointChange::SenderDropped, channel_of(sender), sender, None)
            }
            Event::ReceiverDropped { receiver } => {
                if let Some(receiver) = receiver {
                    state.endpoints[receiver].dropped = Some((time, thread));
                    let channel = catalog.endpoints[receiver].channel;
                    let process = catalog.channels[channel].process;
                    let is_paused = state.processes[process].is_paused();
                    let channel = &mut state.channels[channel];
                    channel.receivers = channel.receivers.saturating_sub(1);
                    if channel.receivers == 0 {
                        channel.receiver_gone = Some((time, thread));
                        (channel.lost, channel.lost_after) =
                            if is_paused { (0, channel.last_number()) } else { (channel.depth, 0) };
                    }
                }
                (EndpointChange::ReceiverDropped, channel_of(receiver), receiver, None)
            }
            _ => return Ok(()),
        };
        self.report(Transition::Endpoint { change, at: at(place), channel, endpoint })
    }

    /// Replays a send or receive.
    #[inline(always)]
    pub(super) fn channel_operation(&mut self, step: Step<'_>) -> Reported<L> {
        let operation = step.operation;
        let is_send = operation.call.is_send();
        if operation.phase == Phase::Begin {
            return self.begin_channel_wait(step);
        }
        let wait = self.take_wait(step);
        if is_send && wait.is_none() {
            self.use_sender(step);
        }
        let mut completed = step.completed(wait.as_ref(), None);
        if wait.is_some() {
            completed.cause = self.cause_at_channel(operation);
        }
        if wait.is_some_and(|wait| wait.handed_over.is_some()) {
            return self.report(Transition::SendReturned { send: completed });
        }
        match operation.outcome {
            Outcome::Transferred if is_send => self.send(completed),
            Outcome::Transferred => self.receive(completed),
            _ => self.report(Transition::Completed { completed, edges: 0..0 }),
        }
    }

    #[cold]
    fn begin_channel_wait(&mut self, step: Step<'_>) -> Reported<L> {
        let Step { time, thread, operation } = step;
        self.begin_wait(step)?;
        if operation.call.is_send() {
            self.use_sender(step);
            if operation.message() != MessageId::UNKNOWN
                && let Some(flight) = self.events.start()
            {
                flight.offer(time, thread, operation);
            }
        } else if let Some(channel) = operation.channel()
            && self.catalog.channels[channel].is_rendezvous()
        {
            self.state.channels[channel].room = Some((time, thread));
        }
        Ok(())
    }

    #[inline]
    fn use_sender(&mut self, step: Step<'_>) {
        if let Some(sender) = step.operation.endpoint {
            let sender = &mut self.state.endpoints[sender];
            sender.use_at(step.at());
            sender.sends += 1;
            sender.events_then = self.state.threads[step.thread].events;
        }
    }

    /// What ended a wait at a channel, unless it was a message.
    fn cause_at_channel(&self, operation: &Operation) -> Option<Cause> {
        let channel = &self.state.channels[operation.channel()?];
        let (time, thread) = match (operation.outcome, operation.call.is_send()) {
            (Outcome::Transferred, true) => channel.room,
            (Outcome::Disconnected, true) => channel.receiver_gone,
            (Outcome::Disconnected, false) => channel.senders_gone,
            _ => None,
        }?;
        Some(Cause { thread, time, edge: None })
    }

    /// A message is handed over by a send that is over.
    #[inline(always)]
    fn send(&mut self, send: Completed<'_>) -> Reported<L> {
        let Completed { time, thread, operation, wait, .. } = send;
        let id = operation.message();
        if id == MessageId::UNKNOWN {
            return self.send_unknown(send);
        }
        // A send that waits has offered its message.
        let offered = match operation.phase {
            Phase::End => self.events.started(),
            _ => None,
        };
        let Flight { message, note } = match offered {
            Some(flight) => flight,
            None => {
                let begin = wait.map_or(time, |wait| wait.begin);
                let Some(flight) = self.events.start() else { return Ok(()) };
                flight.offer(begin, thread, operation);
                flight
            }
        };
        hand_over(&mut self.state, message, id, time);
        self.listener.on(&self.state, &Transition::Sent { send, message }, note)
    }

    /// A message without an id is handed over: it cannot be recognized when it is received.
    #[cold]
    fn send_unknown(&mut self, send: Completed<'_>) -> Reported<L> {
        let begin = send.wait.map_or(send.time, |wait| wait.begin);
        let mut flight = Flight::default();
        flight.offer(begin, send.thread, send.operation);
        let Flight { mut message, mut note } = flight;
        hand_over(&mut self.state, &mut message, MessageId::UNKNOWN, send.time);
        self.listener.on(&self.state, &Transition::Sent { send, message: &message }, &mut note)
    }

    /// A message is received.
    #[inline(always)]
    fn receive(&mut self, mut receive: Completed<'_>) -> Reported<L> {
        let Completed { time, thread, operation, .. } = receive;
        if let Some(channel) = operation.channel() {
            let channel = &mut self.state.channels[channel];
            channel.received += 1;
            channel.room = Some((time, thread));
        }
        let is_known = self.hand_over_before(time, operation)?;
        let flight = self.events.received().filter(|_| is_known);
        let Some(Flight { message, note }) = flight else {
            let unrecorded_sender = self.unrecorded_sender(thread, operation);
            return self.report(Transition::Received { receive, message: None, unrecorded_sender });
        };
        if let Some(channel) = message.channel {
            let known = &mut self.state.channels[channel];
            if message.paused.is_none() {
                known.depth = known.depth.saturating_sub(1);
                // By inexact clocks a message can seem to be received after the receiver was dropped.
                if known.is_lost(message) {
                    known.lost = known.lost.saturating_sub(1);
                }
            }
            if message.number.is_some_and(|number| number.get() <= known.uncounted) {
                known.sent_before += 1;
            }
        }
        if let Some(channel) = message.channel
            && !self.state.channels[channel].parcels.is_empty()
        {
            unpack(&mut self.state, message, time, thread);
        }
        if receive.wait.is_some() {
            let Message { sender: thread, sent, handed_over, edge, .. } = *message;
            // A send that waited for room lets others go on when it is over.
            let time = handed_over.unwrap_or(sent);
            receive.cause = Some(Cause { thread, time, edge: Some(edge) });
        }
        let unrecorded_sender = None;
        let received = Transition::Received { receive, message: Some(message), unrecorded_sender };
        self.listener.on(&self.state, &received, note)?;
        message.value = None;
        Ok(())
    }

    /// If the sender of the message that is received still waits, it hands the message over just
    /// before. Returns whether the send of the message is known.
    #[inline(always)]
    fn hand_over_before(&mut self, time: Nanos, receive: &Operation) -> Result<bool, L::Error> {
        match self.events.received() {
            Some(flight) if flight.message.channel.is_none() => Ok(false),
            Some(flight) if flight.message.handed_over.is_none() => {
                self.hand_over_waiting(time, receive)
            }
            known => Ok(known.is_some()),
        }
    }

    #[cold]
    fn hand_over_waiting(&mut self, time: Nanos, receive: &Operation) -> Result<bool, L::Error> {
        let Some(Flight { message, note }) = self.events.received() else { return Ok(false) };
        let (thread, id) = (message.sender, receive.message());
        let wait = self.state.threads[thread].wait;
        let Some(wait) = wait.filter(|wait| wait.operation.message() == id) else {
            // The end of that wait was not recorded.
            return Ok(false);
        };
        // The order leaves room for this between the start of the send and the receive.
        let time = time.before();
        hand_over(&mut self.state, message, id, time);
        self.state.threads[thread].wait =
            Some(Wait { handed_over: Some((time, message.number)), ..wait });
        let send = Step { time, thread, operation: &wait.operation }.completed(Some(&wait), None);
        self.listener.on(&self.state, &Transition::HandedOver { send, message }, note)?;
        Ok(true)
    }

    /// The thread that must have sent a message whose send is not recorded, if that follows.
    #[cold]
    fn unrecorded_sender(
        &mut self,
        receiver: ThreadIndex,
        operation: &Operation,
    ) -> Option<ThreadIndex> {
        let process = self.catalog.threads[receiver].process;
        let channel = operation.channel()?;
        if self.state.lacks_sends(self.catalog, process) {
            let is_otherwise_whole =
                !self.state.is_incomplete && !self.state.processes[process].has_paused();
            self.state.channels[channel].sent_before += u64::from(is_otherwise_whole);
            return None;
        }
        let sender = self.catalog.thread_with_number(process, operation.message().thread())?;
        self.state.channels[channel].unrecorded_sends += 1;
        Some(sender)
    }

    /// From here on the recording is complete. A flight recorder may have discarded the receive of
    /// what was in the channels before.
    #[cold]
    pub(super) fn begin_to_count(&mut self, time: Nanos) -> Reported<L> {
        self.state.is_complete = true;
        for (process, facts) in self.catalog.processes.iter_enumerated() {
            if facts.is_truncated {
                self.outdate_messages(process, time);
            }
        }
        self.state.channels.iter_mut().for_each(ChannelState::count_from_here);
        self.report(Transition::CompleteFromHere { time })
    }

    /// What was in the channels of this process at this time, when its recording paused, may have
    /// been received.
    pub(super) fn outdate_messages(&mut self, process: ProcessIndex, paused: Nanos) {
        let catalog = self.catalog;
        for Flight { message, .. } in self.events.all_in_flight() {
            let Some(index) = message.channel else { continue };
            let channel = &mut self.state.channels[index];
            let is_concerned = catalog.channels[index].process == process;
            if is_concerned && message.paused.is_none() && !channel.is_lost(message) {
                message.paused = Some(paused);
                if message.handed_over.is_some() {
                    channel.depth = channel.depth.saturating_sub(1);
                }
            }
        }
    }

    /// Senders that went with messages may have gone on to other threads.
    pub(super) fn outdate_parcels(&mut self, process: ProcessIndex) {
        let catalog = self.catalog;
        for (channel, facts) in self.state.channels.iter_mut().zip(&catalog.channels) {
            if facts.process == process {
                channel.parcels.clear();
            }
        }
        for (endpoint, facts) in self.state.endpoints.iter_mut().zip(&catalog.endpoints) {
            if catalog.channels[facts.channel].process == process {
                endpoint.sent_with = None;
            }
        }
    }

    /// Reports the messages that are in channels when the recording is over.
    pub(super) fn end_messages(&mut self) -> Reported<L> {
        let mut left = self.events.take_in_flight();
        left.sort_unstable_by_key(|flight| flight.message.edge);
        for Flight { message, note } in &mut left {
            let (Some(channel), Some(begin)) = (message.channel, message.handed_over) else {
                continue;
            };
            let process = self.catalog.channels[channel].process;
            let end = self.catalog.processes[process].recorded_until;
            let gone = self.state.channels[channel].receiver_gone.map(|(time, _)| time);
            let until = message.paused.or(gone).unwrap_or(end).max(begin);
            self.listener.on(&self.state, &Transition::NotReceived { message, until }, note)?;
        }
        Ok(())
    }
}

impl<N: Default> Flight<N> {
    /// Becomes a message whose send starts.
    #[inline(always)]
    fn offer(&mut self, sent: Nanos, sender: ThreadIndex, operation: &Operation) {
        let channel = operation.channel();
        self.message = Message { channel, sender, sent, ..Message::default() };
        self.note = N::default();
    }
}

/// The message is handed over: it is in flight from now on.
#[inline]
fn hand_over(state: &mut RunState, message: &mut Message, id: MessageId, time: Nanos) {
    message.handed_over = Some(time);
    state.edges += 1;
    message.edge = state.edges;
    let sender = &mut state.threads[message.sender];
    if sender.value.is_some() {
        message.value = sender.value.take_if(|(of, _)| *of == id).map(|(_, value)| value);
    }
    let Some(channel) = message.channel else { return };
    let channel = &mut state.channels[channel];
    channel.sent += 1;
    message.number = NonZeroU64::new(channel.last_number());
    if message.paused.is_none() {
        channel.depth += 1;
        if channel.receiver_gone.is_some() {
            channel.lost += 1;
        }
    }
    if channel.carries_endpoints {
        give_away(state, message);
    }
}

/// A message is handed over that may contain endpoints. If its thread has made senders since the
/// last one and not used them, it most likely contains the latest of these, perhaps others of them,
/// and nothing else.
#[cold]
fn give_away(state: &mut RunState, message: &Message) {
    let (Some(channel), Some(number)) = (message.channel, message.number) else { return };
    let sender = &mut state.threads[message.sender];
    let is_fresh = |endpoint: &&EndpointIndex| {
        let known = &state.endpoints[**endpoint];
        let is_here = known.last.is_some_and(|last| last.thread == message.sender);
        !known.is_used() && known.dropped.is_none() && is_here
    };
    let fresh: Vec<_> = sender.fresh_senders.iter().filter(is_fresh).copied().collect();
    sender.fresh_senders.clear();
    let Some((&latest, others)) = fresh.split_last() else {
        sender.gave_away = message.handed_over;
        return;
    };
    for &endpoint in others {
        state.endpoints[endpoint].may_be_moved = true;
    }
    state.endpoints[latest].sent_with = Some(Parcel { channel, number, received: None });
    state.channels[channel].parcels.push_back((number, latest));
}

/// The sender that this message most likely contains is with the thread that receives it.
#[cold]
fn unpack(state: &mut RunState, message: &Message, time: Nanos, receiver: ThreadIndex) {
    let Some(channel) = message.channel else { return };
    let parcels = &mut state.channels[channel].parcels;
    let Some(at) = parcels.iter().position(|(number, _)| Some(*number) == message.number) else {
        return;
    };
    let Some((_, endpoint)) = parcels.remove(at) else { return };
    if let Some(parcel) = &mut state.endpoints[endpoint].sent_with {
        parcel.received = Some((time, receiver));
    }
}
