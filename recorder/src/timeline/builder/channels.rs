//! Channels, and the messages in them.
//!
//! - A send that waited hands its message over when it ends, or when the message is
//!   received if that is earlier: 20 to 50 % of the receives on bounded channels return before
//!   their send does. What is left of such a send is shown as its return.
//! - A message is in flight from its hand-over until it is received, dropped with the
//!   receiver, or the trace ends. So many are shown at a time in a channel that a person
//!   can look at them ([`MOST_LANES`](super::MOST_LANES)); all are counted.
//! - What a thread sends between one receive and the next is because of what it has received.
//! - A message that was in flight when the recording paused and is not received later is one
//!   whose receive was not recorded, and a receive of a message of which no send is known says
//!   so.

use std::sync::Arc;

use anyhow::Result;
use format::{Call, MessageId, Outcome, Phase};

use super::lanes::Lanes;
use super::{MOST_CONSEQUENCES, Operation, Stage, Wait, method, states};
use crate::ordering::Step;
use crate::ordering::in_flight::Messages;
use crate::reading::Deed;
use crate::reading::catalog::{self, Index};
use crate::timeline::item::{Arrow, Category, Count, Counter, Fate, Flight, Item, On, Slice};

/// A message that is in flight.
pub(super) struct Flying {
    channel: usize,
    message: u64,
    arrow: u64,
    /// `None` if all lanes were taken.
    lane: Option<usize>,
    begin: u64,
    /// When its send began.
    sent: u64,
    /// When the recording first paused while it was in flight.
    paused: Option<u64>,
    value: Option<Arc<str>>,
}

/// What is known of a message's send once it has been handed over.
struct Launched {
    /// Its number in its channel.
    message: Option<u64>,
    arrow: u64,
    /// When its thread has received the message because of which this one is sent.
    cause: Option<u64>,
    value: Option<Arc<str>>,
}

pub(super) struct Channel {
    /// No more messages than this can be in it.
    room: u64,
    depth: u64,
    senders: u64,
    messages: u64,
    lanes: Lanes,
    receivers: u64,
    /// When the last receiver was dropped.
    receiver_dropped: Option<u64>,
}

impl Channel {
    pub(super) fn new(channel: &catalog::Channel) -> Self {
        Channel {
            // In a rendezvous the message itself is on its way.
            room: channel.bound.map_or(u64::MAX, |bound| bound.max(1)),
            depth: 0,
            senders: channel.senders_before,
            messages: 0,
            lanes: Lanes::default(),
            receivers: channel.receivers_before,
            receiver_dropped: None,
        }
    }

    /// A receive's time is taken after it, so that by the times alone there can seem to
    /// be more messages in the channel than there is room for.
    fn visible_depth(&self) -> u64 {
        self.depth.min(self.room)
    }
}

/// The verb of an operation that has transferred its message.
fn verb(call: Call) -> &'static str {
    if call.is_send() { "send" } else { "recv" }
}

impl Operation {
    fn channel(&self) -> Option<usize> {
        match self.on {
            Some(On::Channel(channel)) => Some(channel),
            _ => None,
        }
    }
}

impl Stage<'_> {
    #[inline]
    fn counter(&mut self, channel: usize, what: Count, time: u64) -> Result<()> {
        let state = &self.channels[channel];
        let value = match what {
            Count::QueueDepth => state.visible_depth(),
            Count::LiveSenders => state.senders,
        };
        (self.tell)(&Item::Counter(Counter { channel, what, time, value }))
    }

    /// A channel is made, a sender cloned, or an endpoint dropped.
    pub(super) fn endpoints_change(&mut self, step: &Step) -> Result<()> {
        let (verb, operation, channel, endpoint, site) = match step.deed {
            Deed::ChannelCreated { channel, site } => {
                ("channel", "channel", Some(channel), None, site)
            }
            Deed::SenderCloned { channel, sender, site, .. } => {
                ("clone sender", "clone", channel, Some(sender), site)
            }
            Deed::ReceiverCloned { channel, receiver, site, .. } => {
                ("clone receiver", "clone", channel, Some(receiver), site)
            }
            Deed::SenderDropped { channel, endpoint } => {
                ("drop sender", "drop", channel, Some(endpoint), None)
            }
            Deed::ReceiverDropped { channel, endpoint } => {
                ("drop receiver", "drop", channel, Some(endpoint), None)
            }
            _ => return Ok(()),
        };
        let channel = channel.map(Index::get);
        self.slice(Slice {
            category: Category::Channel,
            operation,
            on: channel.map(On::Channel),
            endpoint,
            site: site.map(Index::get),
            ..Slice::instant(step.thread, step.time, verb)
        })?;
        let Some(channel) = channel else { return Ok(()) };
        let state = &mut self.channels[channel];
        match step.deed {
            Deed::ReceiverCloned { .. } => {
                state.receivers += 1;
                return Ok(());
            }
            Deed::ReceiverDropped { .. } => {
                state.receivers = state.receivers.saturating_sub(1);
                if state.receivers == 0 {
                    state.receiver_dropped = Some(step.time);
                }
                return Ok(());
            }
            Deed::SenderDropped { .. } => state.senders = state.senders.saturating_sub(1),
            Deed::ChannelCreated { .. } => {
                state.senders += 1;
                state.receivers += 1;
            }
            _ => state.senders += 1,
        }
        self.counter(channel, Count::QueueDepth, step.time)?;
        self.counter(channel, Count::LiveSenders, step.time)
    }

    /// What was in this process's channels may have been received while the recording paused.
    pub(super) fn flights_outlast(&mut self, process: usize, paused: u64) {
        let channels = &self.recording.entities.channels;
        for flying in self.flights.values_mut() {
            if channels[flying.channel].process == process && flying.paused.is_none() {
                flying.paused = Some(paused);
                self.channels[flying.channel].depth -= 1;
            }
        }
    }

    /// In a rendezvous nothing is full: the sender waits for the receiver.
    pub(super) fn is_rendezvous(&self, on: Option<On>) -> bool {
        let Some(On::Channel(channel)) = on else { return false };
        self.recording.entities.channels[channel].bound == Some(0)
    }

    #[inline]
    pub(super) fn channel_operation(&mut self, step: &Step, operation: &Operation) -> Result<()> {
        let call = operation.kind.call();
        if operation.kind.phase() == Phase::Begin {
            return self.begin_wait(step, operation);
        }
        let channel = operation.channel();
        let wait = self.take_wait(step, operation);
        let message = MessageId(operation.detail);
        let transferred = operation.kind.outcome() == Outcome::Transferred;
        if let Some(wait) = wait
            && let Some((time, number)) = wait.handed_over
        {
            return self.returning(step.thread, &wait, time, number, Some(step.time));
        }
        // A receiver takes a message whose sender has not come back from its wait.
        if transferred && !call.is_send() {
            self.hand_over_before(step, message)?;
        }
        let waited = wait.map(|wait| step.time.saturating_sub(wait.begin));
        let (mut number, mut arrow, mut cause) = (None, None, None);
        let (mut latency, mut words, mut note) = (None, None, operation.note());
        if transferred && call.is_send() {
            let begin = wait.map_or(step.time, |wait| wait.begin);
            let launched = self.launch(step.thread, message, channel, begin, step.time);
            number = launched.message;
            arrow = Some(Arrow::From(launched.arrow..launched.arrow + 1));
            cause = launched.cause;
            words = launched.value;
        } else if transferred {
            let landed = self.land(step, message)?;
            self.threads[step.thread].received = landed.as_ref().map(|_| (step.time, 0));
            match landed {
                Some(landed) => {
                    number = Some(landed.message);
                    arrow = Some(Arrow::To(landed.arrow));
                    latency = Some(step.time.saturating_sub(landed.sent));
                    words = landed.value;
                }
                None => note = "send not recorded",
            }
        }
        let (verb, depth) = match transferred {
            true => (verb(call), channel.map(|channel| self.channels[channel].visible_depth())),
            false => (method(call), None),
        };
        if let Some(wait) = wait {
            self.waited(step.thread, &wait, number, Some(step.time))?;
        }
        self.slice(Slice {
            verb,
            note,
            message: number,
            arrow,
            cause,
            depth,
            latency,
            waited,
            words,
            ..operation.instant(step)
        })?;
        match channel {
            Some(channel) if transferred => self.counter(channel, Count::QueueDepth, step.time),
            _ => Ok(()),
        }
    }

    /// The slice of a send that has handed its message over and is not back yet.
    pub(super) fn returning(
        &mut self,
        thread: usize,
        wait: &Wait,
        handed_over: u64,
        number: Option<u64>,
        end: Option<u64>,
    ) -> Result<()> {
        let begin = handed_over + 1;
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        self.be(thread, handed_over, end, states::activity(wait.call()))?;
        self.slice(Slice {
            end,
            note: "returning",
            message: number,
            waited: end.map(|end| end.saturating_sub(wait.begin)),
            ..wait.instant(thread, begin, verb(wait.call()))
        })
    }

    /// If the message's sender still waits, it hands the message over just before `step`.
    fn hand_over_before(&mut self, step: &Step, message: MessageId) -> Result<()> {
        let Some(sender) = self.blocked.remove(self.key(step.thread, message)) else {
            return Ok(());
        };
        let Some(wait) = self.waits[sender] else { return Ok(()) };
        // The order leaves room for this between the send's begin and the receive.
        let time = step.time.saturating_sub(1);
        let channel = wait.operation.channel();
        let Launched { message: number, arrow, cause, value } =
            self.launch(sender, message, channel, wait.begin, time);
        let depth = channel.map(|channel| self.channels[channel].visible_depth());
        if let Some(waiting) = &mut self.waits[sender] {
            waiting.handed_over = Some((time, number));
        }
        self.waited(sender, &wait, number, Some(time))?;
        self.slice(Slice {
            message: number,
            arrow: Some(Arrow::From(arrow..arrow + 1)),
            cause,
            depth,
            waited: Some(time.saturating_sub(wait.begin)),
            words: value,
            ..wait.instant(sender, time, verb(wait.call()))
        })?;
        match channel {
            Some(channel) => self.counter(channel, Count::QueueDepth, time),
            None => Ok(()),
        }
    }

    /// A message begins its flight.
    #[inline]
    fn launch(
        &mut self,
        thread: usize,
        message: MessageId,
        channel: Option<usize>,
        sent: u64,
        begin: u64,
    ) -> Launched {
        self.arrows += 1;
        let arrow = self.arrows;
        let value = self.threads[thread].value.take_if(|(of, _)| *of == message);
        let value = value.map(|(_, value)| value);
        let cause = self.threads[thread].received.as_mut().and_then(|(received, sent)| {
            *sent = sent.saturating_add(1);
            (*sent <= MOST_CONSEQUENCES).then_some(*received)
        });
        let Some(channel) = channel else {
            return Launched { message: None, arrow, cause, value };
        };
        let state = &mut self.channels[channel];
        state.messages += 1;
        state.depth += 1;
        let (number, lane) = (state.messages, state.lanes.take(begin));
        let key = self.key(thread, message);
        let flying = Flying {
            channel,
            message: number,
            arrow,
            lane,
            begin,
            sent,
            paused: None,
            value: value.clone(),
        };
        self.flights.insert(key, flying);
        Launched { message: Some(number), arrow, cause, value }
    }

    /// A message is received.
    #[inline]
    fn land(&mut self, step: &Step, message: MessageId) -> Result<Option<Flying>> {
        let Some(flying) = self.flights.remove(self.key(step.thread, message)) else {
            return Ok(None);
        };
        // Where something is missing, what was received can seem to be sent later.
        let end = step.time.max(flying.begin);
        let state = &mut self.channels[flying.channel];
        if flying.paused.is_none() {
            state.depth = state.depth.saturating_sub(1);
        }
        state.lanes.give_back(flying.lane, end);
        self.flight(&flying, end, Fate::Received)?;
        Ok(Some(flying))
    }

    /// A message's flight is over.
    #[inline]
    fn flight(&mut self, flying: &Flying, end: u64, fate: Fate) -> Result<()> {
        let Flying { channel, message, arrow, lane, begin, .. } = *flying;
        let value = flying.value.clone();
        (self.tell)(&Item::Flight(Flight {
            channel,
            message,
            arrow,
            lane,
            begin,
            end,
            fate,
            value,
        }))
    }

    /// What is in channels when the recording is over.
    pub(super) fn end_flights(&mut self) -> Result<()> {
        let entities = &self.recording.entities;
        let flights = std::mem::replace(&mut self.flights, Messages::new(0));
        let mut lost: Vec<_> = flights.into_values().collect();
        lost.sort_unstable_by_key(|flying| flying.arrow);
        for flying in lost {
            let process = entities.channels[flying.channel].process;
            let end = entities.processes[process].recorded_until;
            let (until, fate) = match flying.paused {
                Some(paused) => (paused, Fate::Unseen),
                None => (self.channels[flying.channel].receiver_dropped.unwrap_or(end), Fate::Lost),
            };
            self.flight(&flying, until.max(flying.begin), fate)?;
        }
        for channel in 0..self.channels.len() {
            let end = entities.end_of(entities.channels[channel].process);
            self.counter(channel, Count::QueueDepth, end)?;
            self.counter(channel, Count::LiveSenders, end)?;
        }
        Ok(())
    }
}
