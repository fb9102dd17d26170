//! Sends and receives, and messages on their way between them.

use format::{Call, MessageId, Outcome, Phase};

use super::{Operation, Pass};
use crate::analysis::critical_path::{Cause, Part};
use crate::analysis::stats::channels::{BUSY, Disconnected, Side};
use crate::analysis::stats::threads::Wait;
use crate::analysis::wait_for::On;
use crate::ordering::in_flight::MessageKey;

/// A message that is on its way.
#[derive(Clone, Copy)]
pub(super) struct Flight {
    channel: u32,
    thread: u32,
    /// When its send began.
    sent: u64,
    stage: Stage,
    /// Whether the recording has paused since: it may have been received.
    outdated: bool,
}

/// How far a message has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its send waits.
    Offered,
    /// It is in the channel.
    Queued,
    /// It was received before its send came back: that is still to come.
    Taken,
}

impl Pass<'_> {
    #[inline]
    pub(super) fn send(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, site, detail, .. } = operation;
        let Some(channel) = subject else { return };
        if wait.is_none() {
            self.use_sender(operation, channel);
        }
        let side = self.side(channel, thread, true, time);
        side.seen(time, site);
        let mut cause = None;
        match kind.outcome() {
            Outcome::Transferred => {
                cause = self.channels[channel].room;
                let message = MessageId(detail);
                if kind.phase() == Phase::Whole {
                    self.sent(thread, time, channel);
                    self.channels[channel].depth.sent(time);
                    self.launch(operation, channel, Stage::Queued);
                } else {
                    self.send_came_back(thread, message, time, channel);
                }
            }
            Outcome::Full => side.refused += 1,
            Outcome::Disconnected => {
                let state = &mut self.channels[channel];
                cause = state.receiver_gone.map(|(time, thread)| Cause { thread, time });
                match state.disconnected.iter_mut().find(|sends| sends.thread == thread) {
                    Some(sends) => {
                        sends.count += 1;
                        sends.last = time;
                    }
                    None => state.disconnected.push(Disconnected {
                        thread,
                        count: 1,
                        first: time,
                        last: time,
                        site,
                    }),
                }
                if let Some(wait) = wait {
                    self.flights.remove(self.key(thread, wait.message));
                }
            }
            _ => {}
        }
        if let Some(wait) = wait {
            self.side(channel, thread, true, time).add_wait(time.saturating_sub(wait.begin));
            let on = On::Channel(channel);
            let part = Part::Waiting(thread);
            self.trails.waited(thread, (wait.begin, time), part, on, cause, Some(channel));
        }
    }

    #[inline]
    pub(super) fn receive(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, site, detail, .. } = operation;
        let Some(channel) = subject else { return };
        let side = self.side(channel, thread, false, time);
        side.seen(time, site);
        let mut cause = None;
        match kind.outcome() {
            Outcome::Transferred => {
                side.messages += 1;
                self.threads[thread].received += 1;
                cause = self.land(thread, MessageId(detail), time, channel);
                let state = &mut self.channels[channel];
                state.received += 1;
                let first = state.receiving.map_or(time, |(first, _)| first);
                state.receiving = Some((first, time));
                state.room = Some(Cause { thread, time });
                state.polling.last = None;
                if !self.threads[thread].holds.is_empty() {
                    let Pass { threads, primitives, .. } = self;
                    let held = threads[thread].holds.iter();
                    held.for_each(|&held| primitives[held].received(channel));
                }
            }
            Outcome::Empty => {
                side.refused += 1;
                self.channels[channel].polling.found_nothing(time, thread, site);
            }
            Outcome::Disconnected => {
                let gone = self.channels[channel].senders_gone;
                cause = gone.map(|(time, thread)| Cause { thread, time });
            }
            Outcome::TimedOut => {
                let state = &mut self.channels[channel];
                let waited = wait.map_or(0, |wait| time.saturating_sub(wait.begin));
                state.timeouts.expired += 1;
                state.timeouts.waited = state.timeouts.waited.saturating_add(waited);
                state.timeouts.last = Some((time, thread, site));
                if waited < BUSY {
                    state.polling.found_nothing(time, thread, site);
                }
            }
            _ => {}
        }
        if let Some(wait) = wait {
            if kind.call() == Call::RecvTimeout {
                self.channels[channel].timeouts.waits += 1;
            }
            self.side(channel, thread, false, time).add_wait(time.saturating_sub(wait.begin));
            let part = match kind.outcome() {
                Outcome::TimedOut => Part::Sleeping(thread),
                _ => Part::Waiting(thread),
            };
            let on = On::Channel(channel);
            self.trails.waited(thread, (wait.begin, time), part, on, cause, None);
        }
    }

    /// A message begins its way, or its send begins to wait.
    #[inline]
    pub(super) fn launch(&mut self, operation: &Operation, channel: usize, stage: Stage) {
        let message = MessageId(operation.detail);
        if message != MessageId::UNKNOWN {
            let key = self.key(operation.thread, message);
            let (channel, thread) = (channel as u32, operation.thread as u32);
            let sent = operation.time;
            self.flights.insert(key, Flight { channel, thread, sent, stage, outdated: false });
        }
    }

    /// A message is handed over: its send is over, or else somebody has it already.
    #[inline]
    fn sent(&mut self, thread: usize, time: u64, channel: usize) {
        self.side(channel, thread, true, time).messages += 1;
        let sender = &mut self.threads[thread];
        sender.sent += 1;
        if self.carries[channel] {
            sender.gave = Some(time);
        }
        let state = &mut self.channels[channel];
        state.sent += 1;
        let first = state.sending.map_or(time, |(first, _)| first);
        state.sending = Some((first, time));
    }

    /// A send that has waited is over.
    fn send_came_back(&mut self, thread: usize, message: MessageId, time: u64, channel: usize) {
        let key = self.key(thread, message);
        let flight = self.flights.remove_if(key, |flight| flight.stage == Stage::Taken);
        // What was taken was counted then.
        if let Some((_, true)) = flight {
            return;
        }
        self.sent(thread, time, channel);
        if let Some(flight) = self.flights.get_mut(key)
            && flight.stage == Stage::Offered
        {
            flight.stage = Stage::Queued;
            if !flight.outdated {
                self.channels[channel].depth.sent(time);
            }
        }
    }

    /// A message is received; gives who has sent it, and when.
    #[inline]
    pub(super) fn land(
        &mut self,
        thread: usize,
        message: MessageId,
        time: u64,
        channel: usize,
    ) -> Option<Cause> {
        let key = self.key(thread, message);
        let flight = self.flights.remove_if(key, |flight| flight.stage == Stage::Queued);
        let Some((Flight { channel: sent_to, thread: sender, sent, stage, outdated }, _)) = flight
        else {
            self.send_was_not_recorded(thread, message, time, channel);
            return None;
        };
        let (sent_to, sender) = (sent_to as usize, sender as usize);
        match stage {
            Stage::Queued if outdated => {}
            Stage::Queued => self.channels[sent_to].depth.received(time),
            Stage::Offered => {
                self.sent(sender, time, sent_to);
                self.channels[channel].depth.pass(time);
                if let Some(flight) = self.flights.get_mut(key) {
                    flight.stage = Stage::Taken;
                }
                if let Some(wait) = &mut self.threads[sender].wait
                    && wait.message == message
                {
                    wait.done = true;
                }
            }
            // A recording that says so contradicts itself.
            Stage::Taken => return None,
        }
        self.channels[channel].latency.add(time.saturating_sub(sent));
        Some(Cause { thread: sender, time: sent })
    }

    /// A message is received of whose send there is no event.
    ///
    /// A send that did not wait is recorded when it has happened. If the process ends just then,
    /// or the recording is read while it runs, the message can have been received before that: so
    /// it counts as sent. Of what was sent while the recording paused, or is missing from it, nothing
    /// is made up: of such sends only those would be known whose receives are not missing, too. The
    /// [`Summary`](crate::report::summary::Summary) goes by the same.
    #[cold]
    fn send_was_not_recorded(
        &mut self,
        receiver: usize,
        message: MessageId,
        time: u64,
        channel: usize,
    ) {
        let process = self.entities.threads[receiver].process;
        let lacks_sends = self.incomplete
            || self.processes[process].is_blind()
            || self.entities.processes[process].forgotten;
        let sender = self.entities.numbers[process].get(message.thread());
        if let Some(sender) = sender.filter(|_| !lacks_sends) {
            self.sent(sender.get(), time, channel);
        }
    }

    /// What was in this process's channels when the recording paused, or about to be, may have been
    /// received by now.
    pub(in crate::analysis) fn flights_outlast(&mut self, process: usize, time: u64) {
        for flight in self.flights.values_mut() {
            let channel = flight.channel as usize;
            if self.entities.channels[channel].process == process && !flight.outdated {
                flight.outdated = true;
                if flight.stage == Stage::Queued {
                    self.channels[channel].depth.received(time);
                }
            }
        }
    }

    #[inline]
    pub(super) fn use_sender(&mut self, operation: &Operation, channel: usize) {
        let &Operation { time, thread, endpoint, site, .. } = operation;
        let process = self.entities.threads[thread].process;
        if let Some(sender) = self.sender(process, endpoint, channel) {
            let sender = &mut self.senders.list[sender];
            sender.used(time, thread, site);
            sender.sends += 1;
            sender.steps_then = self.threads[thread].steps;
        }
    }

    /// What is known of a thread at one side of a channel.
    #[inline]
    pub(super) fn side(
        &mut self,
        channel: usize,
        thread: usize,
        sends: bool,
        time: u64,
    ) -> &mut Side {
        let key = (channel as u32, sends);
        let index = match self.last_sides[thread] {
            Some((known, index)) if known == key => index,
            _ => self.find_side(key, thread, time),
        };
        let state = &mut self.channels[channel];
        let sides = if sends { &mut state.senders } else { &mut state.receivers };
        &mut sides[index as usize]
    }

    pub(super) fn find_side(&mut self, key: (u32, bool), thread: usize, time: u64) -> u32 {
        let state = &mut self.channels[key.0 as usize];
        let sides = if key.1 { &mut state.senders } else { &mut state.receivers };
        let index = *self.sides.entry((key.0, thread as u32, key.1)).or_insert_with(|| {
            sides.push(Side::new(thread, time));
            sides.len() as u32 - 1
        });
        self.last_sides[thread] = Some((key, index));
        index
    }

    #[inline]
    pub(super) fn key(&self, thread: usize, message: MessageId) -> MessageKey {
        (self.entities.threads[thread].process, message)
    }
}

/// Whether what is of this type can have no endpoint in it: it is made of std's plain types.
pub(super) fn is_plain(message_type: &str) -> bool {
    const PLAIN: &[&str] = &[
        "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
        "f32", "f64", "bool", "char", "str", "String", "Vec", "Option", "Result", "Box", "Arc",
        "Duration", "Instant", "alloc", "core", "std", "string", "vec", "option", "result",
        "boxed", "sync", "time", "static",
    ];
    let words = message_type.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    !message_type.is_empty()
        && words
            .filter(|word| !word.is_empty())
            .all(|word| PLAIN.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_messages_can_have_no_endpoint_in_them() {
        for plain in ["i32", "()", "(u8, &'static str)", "alloc::vec::Vec<[f64; 3]>"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "my::Job", "Sender<i32>", "alloc::boxed::Box<dyn core::any::Any>"] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
