//! Follows a recording from its first event to its last and tells what there is to see.
//!
//! The rules of the picture are here; what a file format makes of them is not. Times are
//! nanoseconds since the trace's start.
//!
//! - An operation that did not wait is an instant: a slice without length.
//! - A wait is a slice of its own, and ends a nanosecond before the instant in which it
//!   is over, so that the two are neighbours.
//! - A send that waited hands its message over when it ends, or when the message is
//!   received if that is earlier: 20 to 50 % of the receives on bounded channels return before
//!   their send does. What is left of such a send is shown as its return.
//! - While the recording pauses nobody knows what operations do. A message that was in flight
//!   then and is not received later is one whose receive was not recorded, and a receive of
//!   a message of which no send is known says so.
//! - A message is in flight from its hand-over until it is received, dropped with the
//!   receiver, or the trace ends. So many are shown at a time in a channel that a person
//!   can look at them ([`MOST_LANES`]); all are counted.

use std::collections::BTreeMap;

use anyhow::Result;
use format::{Call, MessageId, OperationKind, Outcome, Phase, Subject};

use crate::entities::{self, Index};
use crate::items::{Arrow, Count, Counter, Fate, Flight, Item, PAUSED, RESUMED, Slice};
use crate::load::{Deed, Recording};
use crate::messages::{MessageKey, Messages};
use crate::order::{Step, Steps};

/// So many messages of a channel are shown in flight at a time. Each takes a track, and a
/// viewer takes minutes to open a hundred thousand.
pub const MOST_LANES: usize = 200;

/// Tells `tell` all there is to see in `recording`.
///
/// # Errors
/// The recording cannot be read, or `tell` fails.
pub fn play(recording: &Recording, tell: &mut dyn FnMut(&Item) -> Result<()>) -> Result<()> {
    let entities = &recording.entities;
    let mut stage = Stage {
        recording,
        tell,
        waits: vec![None; entities.threads.len()],
        paused: vec![None; entities.processes.len()],
        channels: entities.channels.iter().map(Channel::new).collect(),
        blocked: Messages::new(entities.processes.len()),
        flights: Messages::new(entities.processes.len()),
        arrows: 0,
    };
    let mut steps = Steps::new(recording)?;
    while let Some(step) = steps.next_step()? {
        stage.step(step)?;
    }
    stage.end()
}

struct Stage<'a> {
    recording: &'a Recording,
    tell: &'a mut dyn FnMut(&Item) -> Result<()>,
    /// What each thread waits for.
    waits: Vec<Option<Wait>>,
    /// When the recording of each process has paused, while it does.
    paused: Vec<Option<u64>>,
    channels: Vec<Channel>,
    /// The threads whose sends wait, by their messages.
    blocked: Messages<usize>,
    flights: Messages<Flying>,
    arrows: u64,
}

/// An operation that has begun to wait.
#[derive(Clone, Copy)]
struct Wait {
    begin: u64,
    call: Call,
    channel: Option<usize>,
    site: Option<usize>,
    message: MessageId,
    timeout: Option<u64>,
    /// For a send: when its message was handed over, and the message's number.
    handed_over: Option<(u64, Option<u64>)>,
    /// When its thread did something else. If the end never comes, it was not recorded.
    overtaken: Option<u64>,
}

impl Wait {
    /// A slice of the waiting operation, without length.
    fn instant(&self, thread: usize, time: u64, verb: &'static str) -> Slice {
        Slice {
            operation: method(self.call),
            channel: self.channel,
            site: self.site,
            ..Slice::instant(thread, time, verb)
        }
    }
}

/// A message that is in flight.
struct Flying {
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
}

struct Channel {
    /// No more messages than this can be in it.
    room: u64,
    depth: u64,
    senders: u64,
    messages: u64,
    lanes: usize,
    /// From when on each is free.
    free_lanes: BTreeMap<usize, u64>,
    receiver_dropped: Option<u64>,
}

impl Channel {
    fn new(channel: &entities::Channel) -> Self {
        Channel {
            // In a rendezvous the message itself is on its way.
            room: channel.bound.map_or(u64::MAX, |bound| bound.max(1)),
            depth: 0,
            senders: channel.senders_before,
            messages: 0,
            lanes: 0,
            free_lanes: BTreeMap::new(),
            receiver_dropped: None,
        }
    }

    /// A lane that is free at this time, if there is one.
    fn take_lane(&mut self, time: u64) -> Option<usize> {
        let free = self.free_lanes.iter().find(|&(_, &from)| from <= time).map(|(&lane, _)| lane);
        if let Some(lane) = free {
            self.free_lanes.remove(&lane);
            return Some(lane);
        }
        let lane = self.lanes;
        self.lanes += usize::from(lane < MOST_LANES);
        (lane < MOST_LANES).then_some(lane)
    }

    /// A receive's time is taken after it, so that by the times alone there can seem to
    /// be more messages in the channel than there is room for.
    fn visible_depth(&self) -> u64 {
        self.depth.min(self.room)
    }
}

fn method(call: Call) -> &'static str {
    match call {
        Call::Send => "send",
        Call::TrySend => "try_send",
        Call::Recv => "recv",
        Call::TryRecv => "try_recv",
        Call::RecvTimeout => "recv_timeout",
        _ => "",
    }
}

/// The verb of an operation that has transferred its message.
fn verb(call: Call) -> &'static str {
    if call.is_send() { "send" } else { "recv" }
}

fn note(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pending | Outcome::Transferred | Outcome::Acquired | Outcome::Done => "",
        Outcome::Held => "held",
        Outcome::Full => "full",
        Outcome::Empty => "empty",
        Outcome::Disconnected => "disconnected",
        Outcome::TimedOut => "timed out",
    }
}

impl Stage<'_> {
    fn slice(&mut self, slice: Slice) -> Result<()> {
        (self.tell)(&Item::Slice(slice))
    }

    fn counter(&mut self, channel: usize, what: Count, time: u64) -> Result<()> {
        let state = &self.channels[channel];
        let value = match what {
            Count::QueueDepth => state.visible_depth(),
            Count::LiveSenders => state.senders,
        };
        (self.tell)(&Item::Counter(Counter { channel, what, time, value }))
    }

    fn key(&self, thread: usize, message: MessageId) -> MessageKey {
        (self.recording.entities.threads[thread].process, message)
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        if let Some(wait) = &mut self.waits[step.thread] {
            wait.overtaken.get_or_insert(step.time);
        }
        match step.deed {
            Deed::Operation { kind, .. } if kind.call().subject() != Subject::Endpoint => Ok(()),
            Deed::Operation { kind, subject, site, detail, .. } => {
                let (channel, site) = (subject.map(Index::get), site.map(Index::get));
                match kind.phase() {
                    Phase::Begin => self.begin_wait(step, kind, channel, site, detail),
                    Phase::Whole | Phase::End => self.operation(step, kind, channel, site, detail),
                }
            }
            Deed::ChannelCreated { channel, site } => {
                self.channels[channel.get()].senders += 1;
                let (channel, site) = (Some(channel.get()), site.map(Index::get));
                self.slice(Slice {
                    channel,
                    site,
                    ..Slice::instant(step.thread, step.time, "channel")
                })?;
                self.counters(step, channel)
            }
            Deed::SenderCloned { channel, site, .. } => {
                let (channel, site) = (channel.map(Index::get), site.map(Index::get));
                if let Some(channel) = channel {
                    self.channels[channel].senders += 1;
                }
                let operation = "clone";
                self.slice(Slice {
                    channel,
                    site,
                    operation,
                    ..Slice::instant(step.thread, step.time, "clone sender")
                })?;
                self.counters(step, channel)
            }
            Deed::SenderDropped { channel, .. } => {
                let channel = channel.map(Index::get);
                if let Some(channel) = channel {
                    let senders = &mut self.channels[channel].senders;
                    *senders = senders.saturating_sub(1);
                }
                let operation = "drop";
                self.slice(Slice {
                    channel,
                    operation,
                    ..Slice::instant(step.thread, step.time, "drop sender")
                })?;
                self.counters(step, channel)
            }
            Deed::ReceiverDropped { channel, .. } => {
                let channel = channel.map(Index::get);
                if let Some(channel) = channel {
                    self.channels[channel].receiver_dropped = Some(step.time);
                }
                let operation = "drop";
                self.slice(Slice {
                    channel,
                    operation,
                    ..Slice::instant(step.thread, step.time, "drop receiver")
                })
            }
            Deed::Paused => {
                let process = self.recording.entities.threads[step.thread].process;
                self.paused[process].get_or_insert(step.time);
                self.slice(Slice::instant(step.thread, step.time, PAUSED))
            }
            Deed::Resumed => {
                self.resume(self.recording.entities.threads[step.thread].process);
                self.slice(Slice::instant(step.thread, step.time, RESUMED))
            }
            _ => Ok(()),
        }
    }

    /// From now on it is not known what is still in this process's channels.
    fn resume(&mut self, process: usize) {
        let Some(paused) = self.paused[process].take() else { return };
        let channels = &self.recording.entities.channels;
        for flying in self.flights.values_mut() {
            if channels[flying.channel].process == process && flying.paused.is_none() {
                flying.paused = Some(paused);
                self.channels[flying.channel].depth -= 1;
            }
        }
    }

    fn counters(&mut self, step: &Step, channel: Option<usize>) -> Result<()> {
        let Some(channel) = channel else { return Ok(()) };
        self.counter(channel, Count::QueueDepth, step.time)?;
        self.counter(channel, Count::LiveSenders, step.time)
    }

    fn begin_wait(
        &mut self,
        step: &Step,
        kind: OperationKind,
        channel: Option<usize>,
        site: Option<usize>,
        detail: u64,
    ) -> Result<()> {
        self.end_wait(step.thread)?;
        let call = kind.call();
        let message = if call.is_send() { MessageId(detail) } else { MessageId::UNKNOWN };
        if message != MessageId::UNKNOWN {
            self.blocked.insert(self.key(step.thread, message), step.thread);
        }
        self.waits[step.thread] = Some(Wait {
            begin: step.time,
            call,
            channel,
            site,
            message,
            timeout: (call == Call::RecvTimeout).then_some(detail),
            handed_over: None,
            overtaken: None,
        });
        Ok(())
    }

    /// A wait of which no end was met, if the thread has one.
    fn end_wait(&mut self, thread: usize) -> Result<()> {
        let Some(wait) = self.waits[thread].take() else { return Ok(()) };
        self.blocked.remove(self.key(thread, wait.message));
        match wait.handed_over {
            Some((time, number)) => self.returning(thread, &wait, time, number, wait.overtaken),
            None => self.waited(thread, &wait, None, wait.overtaken),
        }
    }

    /// An operation that is over.
    fn operation(
        &mut self,
        step: &Step,
        kind: OperationKind,
        channel: Option<usize>,
        site: Option<usize>,
        detail: u64,
    ) -> Result<()> {
        let call = kind.call();
        let wait = match kind.phase() {
            // Between a begin and an end that do not belong together, others were not recorded.
            Phase::End => {
                self.waits[step.thread].take_if(|wait| (wait.call, wait.channel) == (call, channel))
            }
            Phase::Whole | Phase::Begin => None,
        };
        let message = MessageId(detail);
        let transferred = kind.outcome() == Outcome::Transferred;
        if let Some(wait) = wait {
            self.blocked.remove(self.key(step.thread, wait.message));
            if let Some((time, number)) = wait.handed_over {
                return self.returning(step.thread, &wait, time, number, Some(step.time));
            }
        }
        // A receiver takes a message whose sender has not come back from its wait.
        if transferred && !call.is_send() {
            self.hand_over_before(step, message)?;
        }
        let waited = wait.map(|wait| step.time.saturating_sub(wait.begin));
        let mut slice = Slice {
            operation: method(call),
            note: note(kind.outcome()),
            channel,
            site,
            waited,
            ..Slice::instant(
                step.thread,
                step.time,
                if transferred { verb(call) } else { method(call) },
            )
        };
        if transferred && call.is_send() {
            let begin = wait.map_or(step.time, |wait| wait.begin);
            let (number, arrow) = self.launch(step.thread, message, channel, begin, step.time);
            (slice.message, slice.arrow) = (number, Some(Arrow::From(arrow)));
        } else if transferred {
            let landed = self.land(step, message)?;
            slice.message = landed.as_ref().map(|landed| landed.message);
            slice.arrow = landed.as_ref().map(|landed| Arrow::To(landed.arrow));
            slice.latency = landed.as_ref().map(|landed| step.time.saturating_sub(landed.sent));
            if landed.is_none() {
                slice.note = "send not recorded";
            }
        }
        if transferred {
            slice.depth = channel.map(|channel| self.channels[channel].visible_depth());
        }
        if let Some(wait) = wait {
            self.waited(step.thread, &wait, slice.message, Some(step.time))?;
        }
        self.slice(slice)?;
        match channel {
            Some(channel) if transferred => self.counter(channel, Count::QueueDepth, step.time),
            _ => Ok(()),
        }
    }

    /// The slice of a wait that is over at `over`.
    fn waited(
        &mut self,
        thread: usize,
        wait: &Wait,
        message: Option<u64>,
        over: Option<u64>,
    ) -> Result<()> {
        // In a rendezvous nothing is full: the sender waits for the receiver.
        let rendezvous = wait
            .channel
            .is_some_and(|channel| self.recording.entities.channels[channel].bound == Some(0));
        let note = if wait.call.is_send() && !rendezvous { "full" } else { "waiting" };
        self.slice(Slice {
            end: over.map(|over| over.saturating_sub(1).max(wait.begin)),
            note,
            message,
            waited: over.map(|over| over.saturating_sub(wait.begin)),
            timeout: wait.timeout,
            ..wait.instant(thread, wait.begin, method(wait.call))
        })
    }

    /// The slice of a send that has handed its message over and is not back yet.
    fn returning(
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
        self.slice(Slice {
            end,
            note: "returning",
            message: number,
            waited: end.map(|end| end.saturating_sub(wait.begin)),
            ..wait.instant(thread, begin, verb(wait.call))
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
        let (number, arrow) = self.launch(sender, message, wait.channel, wait.begin, time);
        let depth = wait.channel.map(|channel| self.channels[channel].visible_depth());
        if let Some(waiting) = &mut self.waits[sender] {
            waiting.handed_over = Some((time, number));
        }
        self.waited(sender, &wait, number, Some(time))?;
        self.slice(Slice {
            message: number,
            arrow: Some(Arrow::From(arrow)),
            depth,
            waited: Some(time.saturating_sub(wait.begin)),
            ..wait.instant(sender, time, verb(wait.call))
        })?;
        match wait.channel {
            Some(channel) => self.counter(channel, Count::QueueDepth, time),
            None => Ok(()),
        }
    }

    /// A message begins its flight; gives its number in its channel and its arrow's.
    fn launch(
        &mut self,
        thread: usize,
        message: MessageId,
        channel: Option<usize>,
        sent: u64,
        begin: u64,
    ) -> (Option<u64>, u64) {
        self.arrows += 1;
        let arrow = self.arrows;
        let Some(channel) = channel else { return (None, arrow) };
        let state = &mut self.channels[channel];
        state.messages += 1;
        state.depth += 1;
        let (message_number, lane) = (state.messages, state.take_lane(begin));
        let key = self.key(thread, message);
        let flying =
            Flying { channel, message: message_number, arrow, lane, begin, sent, paused: None };
        self.flights.insert(key, flying);
        (Some(message_number), arrow)
    }

    /// A message is received.
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
        state.free_lanes.extend(flying.lane.map(|lane| (lane, end)));
        self.flight(&flying, end, Fate::Received)?;
        Ok(Some(flying))
    }

    /// A message's flight is over.
    fn flight(&mut self, flying: &Flying, end: u64, fate: Fate) -> Result<()> {
        let Flying { channel, message, arrow, lane, begin, .. } = *flying;
        (self.tell)(&Item::Flight(Flight { channel, message, arrow, lane, begin, end, fate }))
    }

    /// What is not over when the recording is.
    fn end(mut self) -> Result<()> {
        let end = self.recording.entities.end;
        for thread in 0..self.waits.len() {
            // Where the recording pauses at the end, nobody knows how long it waits.
            let paused = self.paused[self.recording.entities.threads[thread].process];
            if let (Some(wait), Some(paused)) = (&mut self.waits[thread], paused) {
                wait.overtaken.get_or_insert(paused.max(wait.begin));
            }
            self.end_wait(thread)?;
        }
        (0..self.paused.len()).for_each(|process| self.resume(process));
        let flights = std::mem::replace(&mut self.flights, Messages::new(0));
        let mut lost: Vec<_> = flights.into_values().collect();
        lost.sort_unstable_by_key(|flying| flying.arrow);
        for flying in lost {
            let (until, fate) = match flying.paused {
                Some(paused) => (paused, Fate::Unseen),
                None => (self.channels[flying.channel].receiver_dropped.unwrap_or(end), Fate::Lost),
            };
            self.flight(&flying, until.max(flying.begin), fate)?;
        }
        for channel in 0..self.channels.len() {
            let process = self.recording.entities.channels[channel].process;
            let ended = self.recording.entities.processes[process].ended;
            let end = ended.map_or(end, |ended| ended.time);
            self.counter(channel, Count::QueueDepth, end)?;
            self.counter(channel, Count::LiveSenders, end)?;
        }
        Ok(())
    }
}
