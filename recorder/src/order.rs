//! Puts the events of all threads into one order that is possible.
//!
//! Events of one thread keep their order; its times are made strictly increasing. Events
//! of different threads are merged by time, but what they did comes before what the
//! clocks say: no message is received before its send has begun. A receive whose clock
//! says so waits in the merge until the send has been met, and gets a time just after it.

use std::collections::BTreeMap;

use anyhow::Result;
use format::{MessageId, OperationKind, Outcome, Phase};

use crate::load::{Deed, Recording, ThreadEvents};
use crate::messages::Messages;

mod turns;

use turns::Turns;

/// Something that a thread did, with its place in the common order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Nanoseconds since the trace's start.
    pub time: u64,
    /// The thread's index.
    pub thread: usize,
    /// What it did.
    pub deed: Deed,
}

/// All steps of a recording, by time alone: of two messages that pass between threads one
/// may be received before it is sent. [`Steps`] is the order that is possible.
#[derive(Debug)]
pub struct Merge<'a> {
    threads: Vec<Front<'a>>,
    turns: Turns,
    /// The latest step.
    step: Step,
}

/// When a thread's next step is, and the thread.
type Turn = (u64, usize);

/// A thread's next step.
#[derive(Debug)]
struct Front<'a> {
    events: ThreadEvents<'a>,
    /// When it is; `None` if there is none.
    next: Option<u64>,
}

impl<'a> Merge<'a> {
    /// The steps of `recording`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(recording: &'a Recording) -> Result<Self> {
        let threads = recording.entities.threads.len();
        let mut merge = Merge {
            threads: Vec::with_capacity(threads),
            turns: Turns::new(threads),
            step: Step { time: 0, thread: 0, deed: Deed::Paused },
        };
        for thread in 0..threads {
            let mut events = recording.events(thread);
            let next = events.go_on()?.then(|| events.next_time());
            merge.turns.set(thread, next);
            merge.threads.push(Front { events, next });
        }
        Ok(merge)
    }

    /// The next step.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline]
    pub fn next_step(&mut self) -> Result<Option<&Step>> {
        let Some(turn) = self.turns.first() else { return Ok(None) };
        self.take(turn)?;
        Ok(Some(&self.step))
    }

    /// Takes the step of this thread, at this time.
    #[inline]
    fn take(&mut self, (time, thread): Turn) -> Result<()> {
        let front = &mut self.threads[thread];
        front.events.take(&mut self.step.deed);
        (self.step.time, self.step.thread) = (time, thread);
        front.next = front.events.go_on()?.then(|| front.events.next_time().max(time + 1));
        self.turns.set(thread, front.next);
        Ok(())
    }

    /// The thread's next step is at this time, and not when its clock says.
    fn delay(&mut self, thread: usize, time: u64) {
        self.threads[thread].next = Some(time);
        self.turns.set(thread, Some(time));
    }

    /// The thread has no turn until it is called back.
    fn set_aside(&mut self, thread: usize) {
        self.turns.set(thread, None);
    }

    fn call_back(&mut self, thread: usize) {
        self.turns.set(thread, self.threads[thread].next);
    }
}

/// All steps of a recording, in a possible order.
#[derive(Debug)]
pub struct Steps<'a> {
    recording: &'a Recording,
    merge: Merge<'a>,
    /// Threads by their latest send's message: sends that follow have greater numbers.
    sent: Vec<MessageId>,
    /// By the thread that sends: threads that are about to receive a message whose send
    /// was not met yet.
    parked: Vec<BTreeMap<MessageId, usize>>,
    /// When a message that was not received yet can be received at the earliest.
    begun: Messages<u64>,
}

/// A receive is at least so much later than its send began: room for the instant of
/// the hand-over between a wait's end and the receive.
const HAND_OVER: u64 = 2;

/// What a step has to do with a message.
enum Passage {
    /// Its send begins, or is all there is to it.
    Sends(MessageId),
    /// Its send, which has waited, is over.
    Sent(MessageId),
    Receives(MessageId),
    Nothing,
}

impl Passage {
    #[inline]
    fn of(operation: Option<(OperationKind, u64)>) -> Self {
        let Some((kind, detail)) = operation else { return Passage::Nothing };
        let message = MessageId(detail);
        if message == MessageId::UNKNOWN {
            return Passage::Nothing;
        }
        match (kind.call().is_send(), kind.phase(), kind.outcome()) {
            (true, Phase::Begin, _) | (true, Phase::Whole, Outcome::Transferred) => {
                Passage::Sends(message)
            }
            (true, Phase::End, Outcome::Transferred) => Passage::Sent(message),
            (false, _, Outcome::Transferred) => Passage::Receives(message),
            _ => Passage::Nothing,
        }
    }
}

impl<'a> Steps<'a> {
    /// The steps of `recording`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(recording: &'a Recording) -> Result<Self> {
        let threads = recording.entities.threads.len();
        Ok(Steps {
            recording,
            merge: Merge::new(recording)?,
            sent: vec![MessageId::UNKNOWN; threads],
            parked: vec![BTreeMap::new(); threads],
            begun: Messages::new(recording.entities.processes.len()),
        })
    }

    /// The next step.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_step(&mut self) -> Result<Option<&Step>> {
        loop {
            let Some((time, thread)) = self.merge.turns.first() else {
                return self.next_of_parked();
            };
            let passage = Passage::of(self.merge.threads[thread].events.next_operation());
            if let Passage::Receives(message) = passage {
                let key = (self.process(thread), message);
                match self.begun.remove(key) {
                    Some(begun) if time < begun + HAND_OVER => {
                        self.begun.insert(key, begun);
                        self.merge.delay(thread, begun + HAND_OVER);
                        continue;
                    }
                    Some(_) => {}
                    None => {
                        if let Some(sender) = self.sender_to_come(message, thread)
                            && !self.parked[sender].contains_key(&message)
                        {
                            self.merge.set_aside(thread);
                            self.parked[sender].insert(message, thread);
                            continue;
                        }
                    }
                }
            }
            self.take((time, thread), &passage)?;
            return Ok(Some(&self.merge.step));
        }
    }

    /// The next step where all threads that are left wait for sends, in a circle.
    ///
    /// One of these was not recorded: most likely that of the earliest receive.
    fn next_of_parked(&mut self) -> Result<Option<&Step>> {
        let receives = self.parked.iter().enumerate().flat_map(|(sender, parked)| {
            parked.iter().map(move |(&message, &thread)| (thread, sender, message))
        });
        let turns = receives.filter_map(|(thread, sender, message)| {
            Some((self.merge.threads[thread].next?, thread, sender, message))
        });
        let earliest = turns.min_by_key(|&(time, thread, ..)| (time, thread));
        let Some((time, thread, sender, message)) = earliest else { return Ok(None) };
        self.parked[sender].remove(&message);
        self.take((time, thread), &Passage::Receives(message))?;
        Ok(Some(&self.merge.step))
    }

    /// The thread's next step, taken now.
    #[inline]
    fn take(&mut self, (time, thread): Turn, passage: &Passage) -> Result<()> {
        self.merge.take((time, thread))?;
        if self.merge.threads[thread].next.is_none() {
            // Nothing that it has not sent by now will be sent.
            self.release(thread, MessageId(u64::MAX));
        }
        match *passage {
            Passage::Sent(message) if self.sent[thread] == message => {
                if let Some(begun) = self.begun.get_mut((self.process(thread), message)) {
                    // Sent before it is received, as the clocks say.
                    *begun = time.saturating_sub(1);
                }
            }
            // A wait's end whose begin was not recorded is all there is to its send.
            Passage::Sends(message) | Passage::Sent(message) => {
                let process = self.process(thread);
                self.begun.insert((process, message), time);
                self.sent[thread] = message;
                // Sends with lower numbers will not come any more.
                let numbers = &self.recording.entities.numbers[process];
                if let Some(sender) = numbers.get(message.thread()) {
                    self.release(sender, message);
                }
            }
            Passage::Receives(_) | Passage::Nothing => {}
        }
        Ok(())
    }

    fn process(&self, thread: usize) -> usize {
        self.recording.entities.threads[thread].process
    }

    /// The thread that sends this message, if it can still come to that while `receiver` waits.
    fn sender_to_come(&self, message: MessageId, receiver: usize) -> Option<usize> {
        let numbers = &self.recording.entities.numbers[self.process(receiver)];
        numbers.get(message.thread()).filter(|&sender| {
            sender != receiver
                && self.merge.threads[sender].next.is_some()
                && self.sent[sender] < message
        })
    }

    /// Calls back who waits for messages of this thread, up to one.
    #[inline]
    fn release(&mut self, sender: usize, last: MessageId) {
        while let Some(first) = self.parked[sender].first_entry()
            && *first.key() <= last
        {
            self.merge.call_back(first.remove());
        }
    }
}
