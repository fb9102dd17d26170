//! Channels, and the messages in them.
//!
//! - A send that waited hands its message over when it ends, or when the message is received if that
//!   is earlier: 20 to 50% of the receives on bounded channels return before their send does.
//! - A message that was in flight when the recording paused may have been received meanwhile.
//! - A receive whose send has no event implies a send only if the recording lacks no events: the
//!   send was about to be recorded when the recording ended.

use format::{MessageId, Outcome, Phase};

use super::state::{Cause, RunState, Use};
use super::transition::{Completed, EndpointChange, Fate, Message, Transition};
use super::{Flight, Listener, Replay};
use crate::reading::catalog::{ChannelIndex, EndpointIndex, ProcessIndex, ThreadIndex};
use crate::reading::{Event, Nanos, Operation};

impl<L: Listener> Replay<'_, L> {
    /// A channel is made, a sender cloned, or an endpoint dropped.
    pub(super) fn endpoint_event(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        event: &Event,
    ) -> Result<(), L::Error> {
        let catalog = self.catalog;
        let state = &mut self.state;
        let channel_of =
            |endpoint: Option<EndpointIndex>| endpoint.map(|it| catalog.endpoints[it].channel);
        let (change, channel, endpoint, place) = match *event {
            Event::ChannelCreated { channel, place } => {
                let made = Some(Use { time, thread, place });
                let index = catalog.channels[channel].sender;
                let sender = &mut state.endpoints[index];
                (sender.made, sender.last) = (made, made);
                state.channels[channel].made = Some((time, thread));
                let is_alive = u64::from(!state.is_dropped(catalog, index));
                state.channels[channel].senders += is_alive;
                state.channels[channel].receivers += 1;
                (EndpointChange::ChannelCreated, Some(channel), None, place)
            }
            Event::SenderCloned { sender, from, place } => {
                if let Some(from) = from {
                    state.endpoints[from].use_at(time, thread, place);
                    state.endpoints[from].clones += 1;
                }
                if let Some(sender) = sender {
                    let made = Some(Use { time, thread, place });
                    let sender = &mut state.endpoints[sender];
                    (sender.made, sender.last) = (made, made);
                }
                let channel = channel_of(sender);
                if let Some((sender, channel)) = sender.zip(channel) {
                    let is_alive = u64::from(!state.is_dropped(catalog, sender));
                    state.channels[channel].senders += is_alive;
                }
                (EndpointChange::SenderCloned, channel, sender, place)
            }
            Event::ReceiverCloned { receiver, place } => {
                let channel = channel_of(receiver);
                if let Some((receiver, channel)) = receiver.zip(channel) {
                    state.endpoints[receiver].made = Some(Use { time, thread, place });
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
                        channel.gone_in_pause = is_paused;
                        channel.lost = if is_paused { 0 } else { channel.depth };
                    }
                }
                (EndpointChange::ReceiverDropped, channel_of(receiver), receiver, None)
            }
            _ => return Ok(()),
        };
        let change = Transition::Endpoint { time, thread, change, channel, endpoint, place };
        self.report(change)
    }

    /// Replays a send or receive.
    #[inline(always)]
    pub(super) fn channel_operation(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        operation: &Operation,
    ) -> Result<(), L::Error> {
        let is_send = operation.call.is_send();
        if operation.phase == Phase::Begin {
            return self.begin_channel_wait(time, thread, operation);
        }
        let wait = self.take_wait(time, thread, operation);
        if is_send && wait.is_none() {
            self.use_sender(time, thread, operation);
        }
        let wait = wait.as_ref();
        let mut completed = Completed { time, thread, operation, wait, cause: None };
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
    fn begin_channel_wait(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        operation: &Operation,
    ) -> Result<(), L::Error> {
        self.begin_wait(time, thread, operation)?;
        if operation.call.is_send() {
            self.use_sender(time, thread, operation);
            if operation.message() != MessageId::UNKNOWN {
                let flight = self.events.start();
                flight.into_iter().for_each(|flight| flight.offer(time, thread, operation));
            }
        } else if let Some(channel) = operation.channel()
            && self.catalog.channels[channel].is_rendezvous()
        {
            self.state.channels[channel].room = Some((time, thread));
        }
        Ok(())
    }

    #[inline]
    fn use_sender(&mut self, time: Nanos, thread: ThreadIndex, operation: &Operation) {
        if let Some(sender) = operation.endpoint {
            let events = self.state.threads[thread].events;
            let sender = &mut self.state.endpoints[sender];
            sender.use_at(time, thread, operation.place);
            sender.sends += 1;
            sender.events_then = events;
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
    fn send(&mut self, send: Completed<'_>) -> Result<(), L::Error> {
        let Completed { time, thread, operation, wait, .. } = send;
        let id = operation.message();
        if id == MessageId::UNKNOWN {
            return self.send_unknown(send);
        }
        if operation.phase == Phase::End {
            // A send that waits has offered its message.
            if let Some(Flight { message, note }) = self.events.started() {
                hand_over(&mut self.state, message, id, time);
                let sent = Transition::Sent { send, message };
                return self.listener.on(&self.state, &sent, note);
            }
        }
        let begin = wait.map_or(time, |wait| wait.begin);
        let Some(flight) = self.events.start() else { return Ok(()) };
        flight.offer(begin, thread, operation);
        let Flight { message, note } = flight;
        hand_over(&mut self.state, message, id, time);
        self.listener.on(&self.state, &Transition::Sent { send, message }, note)
    }

    /// A message without an id is handed over: it cannot be recognized when it is received.
    #[cold]
    fn send_unknown(&mut self, send: Completed<'_>) -> Result<(), L::Error> {
        let begin = send.wait.map_or(send.time, |wait| wait.begin);
        let mut flight = Flight::default();
        flight.offer(begin, send.thread, send.operation);
        let Flight { mut message, mut note } = flight;
        hand_over(&mut self.state, &mut message, MessageId::UNKNOWN, send.time);
        let sent = Transition::Sent { send, message: &message };
        self.listener.on(&self.state, &sent, &mut note)
    }

    /// A message is received.
    #[inline(always)]
    fn receive(&mut self, mut receive: Completed<'_>) -> Result<(), L::Error> {
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
        if let Some(channel) = message.channel
            && message.paused.is_none()
        {
            let channel = &mut self.state.channels[channel];
            channel.depth = channel.depth.saturating_sub(1);
            // By inexact clocks a message can seem to be received after the receiver was dropped.
            if channel.is_lost(message) {
                channel.lost = channel.lost.saturating_sub(1);
            }
        }
        if receive.wait.is_some() {
            let Message { sender: thread, sent: time, edge, .. } = *message;
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
    fn hand_over_before(
        &mut self,
        received: Nanos,
        operation: &Operation,
    ) -> Result<bool, L::Error> {
        match self.events.received() {
            Some(flight) if flight.message.channel.is_none() => Ok(false),
            Some(flight) if flight.message.handed_over.is_none() => {
                self.hand_over_waiting(received, operation)
            }
            known => Ok(known.is_some()),
        }
    }

    #[cold]
    fn hand_over_waiting(
        &mut self,
        received: Nanos,
        operation: &Operation,
    ) -> Result<bool, L::Error> {
        let Some(Flight { message, note }) = self.events.received() else { return Ok(false) };
        let (sender, id) = (message.sender, operation.message());
        let wait = self.state.threads[sender].wait;
        let Some(wait) = wait.filter(|wait| wait.operation.message() == id) else {
            // The end of that wait was not recorded.
            return Ok(false);
        };
        // The order leaves room for this between the start of the send and the receive.
        let time = received.before();
        hand_over(&mut self.state, message, id, time);
        if let Some(wait) = &mut self.state.threads[sender].wait {
            wait.handed_over = Some((time, message.number_in_channel()));
        }
        let handed_over = Transition::HandedOver { time, wait: &wait, message };
        self.listener.on(&self.state, &handed_over, note)?;
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
        let sender = self.catalog.thread_with_number(process, operation.message().thread())?;
        let channel = operation.channel()?;
        if self.state.lacks_sends(self.catalog, process) {
            return None;
        }
        self.state.channels[channel].unrecorded_sends += 1;
        Some(sender)
    }

    /// What was in the channels of this process when its recording paused may have been received.
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

    /// Reports the messages that are in channels when the recording is over.
    pub(super) fn end_messages(&mut self) -> Result<(), L::Error> {
        let mut left = self.events.take_in_flight();
        left.sort_unstable_by_key(|flight| flight.message.edge);
        for Flight { message, note } in &mut left {
            let (Some(channel), Some(begin)) = (message.channel, message.handed_over) else {
                continue;
            };
            let (until, fate) = match message.paused {
                Some(paused) => (paused, Fate::Unknown),
                None => (self.lost_at(channel), Fate::Lost),
            };
            let until = until.max(begin);
            let lost = Transition::NotReceived { message, until, fate };
            self.listener.on(&self.state, &lost, note)?;
        }
        Ok(())
    }

    fn lost_at(&self, channel: ChannelIndex) -> Nanos {
        let process = self.catalog.channels[channel].process;
        let end = self.catalog.processes[process].recorded_until;
        self.state.channels[channel].receiver_gone.map_or(end, |(time, _)| time)
    }
}

impl<N: Default> Flight<N> {
    /// Becomes a message whose send starts.
    #[inline(always)]
    fn offer(&mut self, sent: Nanos, sender: ThreadIndex, operation: &Operation) {
        let message = &mut self.message;
        message.channel = operation.channel();
        message.sender = sender;
        message.sent = sent;
        message.handed_over = None;
        message.paused = None;
        message.is_late = false;
        message.value = None;
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
    message.number = channel.sent;
    if message.paused.is_none() {
        channel.depth += 1;
        if channel.receiver_gone.is_some() {
            message.is_late = true;
            channel.lost += 1;
        }
    }
    if channel.carries_endpoints {
        sender.gave_away = Some(time);
    }
}
