//! Puts the events of all threads into one order that is possible.
//!
//! Events of one thread keep their order; its times are made strictly increasing. Events
//! of different threads are merged by time, but what they did comes before what the
//! clocks say: no message is received before its send has begun. A receive whose clock
//! says so waits in the merge until the send has been met, and gets a time just after it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use anyhow::Result;
use format::{MessageId, Outcome, Phase};

use crate::load::{Deed, Recording, ThreadEvents};

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

/// A message, told apart from those of other processes.
pub(crate) type MessageKey = (usize, MessageId);

/// All steps of a recording, in a possible order.
#[derive(Debug)]
pub struct Steps<'a> {
    recording: &'a Recording,
    threads: Vec<Front<'a>>,
    /// Threads by process and number.
    numbers: HashMap<(usize, u32), usize>,
    /// Threads by the time of their next step.
    ready: BinaryHeap<Reverse<(u64, usize)>>,
    /// Threads that are about to receive a message whose send was not met yet.
    parked: HashMap<MessageKey, usize>,
    /// When a message that was not received yet can be received at the earliest.
    begun: HashMap<MessageKey, u64>,
}

/// A thread's next step.
#[derive(Debug)]
struct Front<'a> {
    events: ThreadEvents<'a>,
    next: Option<(u64, Deed)>,
    /// The time of the last step.
    last: Option<u64>,
    /// Its latest send's message: sends that follow have greater numbers.
    sent: MessageId,
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
    fn of(deed: &Deed) -> Self {
        let Deed::Operation { kind, detail, .. } = *deed else { return Passage::Nothing };
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
        let threads = (0..recording.entities.threads.len()).map(|thread| Front {
            events: recording.events(thread),
            next: None,
            last: None,
            sent: MessageId::UNKNOWN,
        });
        let mut steps = Steps {
            recording,
            threads: threads.collect(),
            numbers: HashMap::new(),
            ready: BinaryHeap::new(),
            parked: HashMap::new(),
            begun: HashMap::new(),
        };
        for thread in 0..steps.threads.len() {
            steps.numbers.insert(steps.owner(thread), thread);
            steps.advance(thread)?;
        }
        Ok(steps)
    }

    /// The next step.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_step(&mut self) -> Result<Option<Step>> {
        loop {
            let Some(Reverse((time, thread))) = self.ready.pop() else {
                return self.next_of_parked();
            };
            let Some((_, deed)) = self.threads[thread].next else { continue };
            if let Passage::Receives(message) = Passage::of(&deed) {
                let key = (self.process(thread), message);
                match self.begun.get(&key) {
                    Some(&begun) if time < begun + HAND_OVER => {
                        self.ready.push(Reverse((begun + HAND_OVER, thread)));
                        continue;
                    }
                    Some(_) => {
                        self.begun.remove(&key);
                    }
                    None if self.is_to_come(key, thread) && !self.parked.contains_key(&key) => {
                        self.threads[thread].next = Some((time, deed));
                        self.parked.insert(key, thread);
                        continue;
                    }
                    None => {}
                }
            }
            return self.take(time, thread, deed).map(Some);
        }
    }

    /// The next step where all threads that are left wait for sends, in a circle.
    ///
    /// One of these was not recorded: most likely that of the earliest receive.
    fn next_of_parked(&mut self) -> Result<Option<Step>> {
        let receives = self.parked.iter().filter_map(|(&key, &thread)| {
            let (time, deed) = self.threads[thread].next?;
            Some((time, thread, key, deed))
        });
        let earliest = receives.min_by_key(|&(time, thread, ..)| (time, thread));
        let Some((time, thread, key, deed)) = earliest else { return Ok(None) };
        self.parked.remove(&key);
        self.take(time, thread, deed).map(Some)
    }

    /// The thread's next step, taken now.
    fn take(&mut self, time: u64, thread: usize, deed: Deed) -> Result<Step> {
        self.threads[thread].last = Some(time);
        self.advance(thread)?;
        self.note(thread, time, &deed);
        Ok(Step { time, thread, deed })
    }

    fn process(&self, thread: usize) -> usize {
        self.recording.entities.threads[thread].process
    }

    /// Makes the thread's next event ready.
    fn advance(&mut self, thread: usize) -> Result<()> {
        let front = &mut self.threads[thread];
        front.next = front.events.next_deed()?;
        match front.next {
            Some((time, _)) => {
                let earliest = front.last.map_or(0, |last| last + 1);
                self.ready.push(Reverse((time.max(earliest), thread)));
            }
            None => {
                let owner = self.owner(thread);
                self.release(|key| (key.0, key.1.thread()) == owner);
            }
        }
        Ok(())
    }

    fn owner(&self, thread: usize) -> (usize, u32) {
        (self.process(thread), self.recording.entities.threads[thread].number)
    }

    /// Notes what a step that has just been taken means for receives.
    fn note(&mut self, thread: usize, time: u64, deed: &Deed) {
        let process = self.process(thread);
        match Passage::of(deed) {
            Passage::Sent(message) if self.threads[thread].sent == message => {
                if let Some(begun) = self.begun.get_mut(&(process, message)) {
                    // Sent before it is received, as the clocks say.
                    *begun = time.saturating_sub(1);
                }
            }
            // A wait's end whose begin was not recorded is all there is to its send.
            Passage::Sends(message) | Passage::Sent(message) => {
                self.begun.insert((process, message), time);
                self.threads[thread].sent = message;
                if !self.parked.is_empty() {
                    // Sends with lower numbers will not come any more.
                    self.release(|key| {
                        key.0 == process && key.1.thread() == message.thread() && key.1 <= message
                    });
                }
            }
            Passage::Receives(_) | Passage::Nothing => {}
        }
    }

    /// Whether the thread that sends this message can still come to it, if `receiver` waits.
    fn is_to_come(&self, key: MessageKey, receiver: usize) -> bool {
        self.numbers.get(&(key.0, key.1.thread())).is_some_and(|&sender| {
            let front = &self.threads[sender];
            sender != receiver && front.next.is_some() && front.sent < key.1
        })
    }

    /// Makes parked threads ready.
    fn release(&mut self, which: impl Fn(&MessageKey) -> bool) {
        let keys: Vec<_> = self.parked.keys().filter(|key| which(key)).copied().collect();
        for key in &keys {
            if let Some(thread) = self.parked.remove(key)
                && let Some((time, _)) = self.threads[thread].next
            {
                self.ready.push(Reverse((time, thread)));
            }
        }
    }
}
