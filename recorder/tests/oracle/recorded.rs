//! A run of a program, as its threads would have recorded it.

use std::collections::HashSet;
use std::fmt::Write;

use format::{MessageId, PrimitiveKind, Turn, UNBOUNDED};
use recorder::reading::Recording;

use crate::machine::{Message, Outcome, State, Step};
use crate::program::{Action, Program};

/// A run, while it goes on.
pub(crate) struct Run<'a> {
    program: &'a Program,
    pub(crate) state: State,
    now: u64,
    /// By thread: its events in their text form.
    events: Vec<String>,
    /// By channel and thread.
    senders: Vec<Vec<u32>>,
    /// By channel.
    receivers: Vec<u32>,
    /// By lock: how often it was held, as far as that is recorded.
    turns: Vec<u64>,
    /// Whether the recording pauses.
    paused: bool,
    /// By thread: whether the begin of its wait is recorded.
    waits: Vec<bool>,
    /// The locks whose acquisition is recorded.
    locked: HashSet<usize>,
    /// Messages whose sends are recorded.
    sent: HashSet<Message>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        let threads = program.threads.len();
        let mut run = Run {
            program,
            state: State::new(program),
            now: 1000,
            events: vec![String::new(); threads],
            senders: vec![vec![0; threads]; program.bounds.len()],
            receivers: Vec::new(),
            turns: vec![0; program.locks],
            paused: false,
            waits: vec![false; threads],
            locked: HashSet::new(),
            sent: HashSet::new(),
        };
        for thread in 0..threads {
            let name = if thread == 0 { "main".to_owned() } else { format!("thread {thread}") };
            run.begin(thread, &name);
        }
        run.make_everything();
        run
    }

    fn begin(&mut self, thread: usize, name: &str) {
        let number = thread + 1;
        let text = &mut self.events[thread];
        *text = format!("block process=0 thread={number} sequence=0 dropped=0\n");
        *text += &format!("{} ThreadStarted os_id=10{number} name=\"{name}\"\n", self.now);
        // A line of the source for each action, and one for what the first thread makes.
        for line in 1..=self.program.threads[thread].len() + 1 {
            *text += &format!(
                "{} Site site={line} line={line} column={number} file=\"src/main.rs\"\n",
                self.now
            );
        }
    }

    fn make_everything(&mut self) {
        let program = self.program;
        let site = program.threads[0].len() + 1;
        let mut endpoints = 1..;
        let mut endpoint = || endpoints.next().expect("they do not end");
        for (channel, bound) in program.bounds.iter().enumerate() {
            let (sender, receiver) = (endpoint(), endpoint());
            self.record(
                0,
                &format!(
                    "ChannelCreated channel={} sender={sender} receiver={receiver} site={site} \
                     bound={} message_type=\"i32\" name=\"\"",
                    channel + 1,
                    bound.map_or(UNBOUNDED, |bound| bound as u64)
                ),
            );
            self.receivers.push(receiver);
            for (index, &thread) in program.senders[channel].iter().enumerate() {
                self.senders[channel][thread] = sender;
                if index > 0 && !program.shared[channel] {
                    let clone = endpoint();
                    self.senders[channel][thread] = clone;
                    let event = format!("SenderCloned sender={clone} from={sender} site={site}");
                    self.record(0, &event);
                }
            }
        }
        for lock in 0..program.locks {
            let kind = PrimitiveKind::Mutex as u32;
            self.record(
                0,
                &format!(
                    "PrimitiveSeen primitive={} kind={kind} site={site} size=0 value_type=\"i32\"",
                    lock + 1
                ),
            );
        }
        for thread in 1..program.threads.len() {
            self.record(0, &format!("Spawn endpoint={} site={site} detail=0", thread + 1));
        }
    }

    fn record(&mut self, thread: usize, event: &str) {
        self.now += 10;
        writeln!(self.events[thread], "{} {event}", self.now).expect("a string takes every text");
    }

    /// The threads that can take a step.
    pub(crate) fn able(&self) -> Vec<usize> {
        let threads = 0..self.program.threads.len();
        threads.filter(|&thread| self.state.can_step(self.program, thread)).collect()
    }

    /// A thread takes its next step, and records it.
    pub(crate) fn step(&mut self, thread: usize) {
        let message = (thread, self.state.threads[thread].done);
        let step = self.state.step(self.program, thread);
        self.record_step(thread, message, step);
    }

    /// A thread begins to wait, as it could not proceed a moment ago, or takes its next step.
    pub(crate) fn hesitate(&mut self, thread: usize) {
        let message = (thread, self.state.threads[thread].done);
        match self.state.hesitate(self.program, thread) {
            Some(step) => self.record_step(thread, message, step),
            None => self.step(thread),
        }
    }

    /// The recording pauses, or goes on: so a thread has recorded.
    pub(crate) fn pause(&mut self, thread: usize, paused: bool) {
        self.paused = paused;
        self.record(thread, if paused { "Paused" } else { "Resumed" });
    }

    /// Whether what this thread does is recorded: not what begins while the recording pauses,
    /// nor that what was let go of which it is not known that it was held.
    fn is_recorded(&mut self, thread: usize, step: Step) -> bool {
        match step {
            Step::Whole(Action::DropSender(_) | Action::DropReceiver(_) | Action::End, _) => true,
            Step::Whole(Action::Unlock(lock), _) => self.locked.remove(&lock) && !self.paused,
            Step::Whole(..) => !self.paused,
            Step::Begin(_) => {
                self.waits[thread] = !self.paused;
                self.waits[thread]
            }
            Step::End(..) => self.waits[thread],
        }
    }

    fn record_step(&mut self, thread: usize, message: Message, step: Step) {
        if !self.is_recorded(thread, step) {
            return;
        }
        if let Step::Whole(Action::Send(_), _) | Step::Begin(Action::Send(_)) = step {
            self.sent.insert(message);
        }
        if let Step::Whole(Action::Lock(lock), _) | Step::End(Action::Lock(lock), _) = step {
            self.locked.insert(lock);
        }
        let site = message.1 + 1;
        let (action, when, outcome) = match step {
            Step::Whole(action, outcome) => (action, "", Some(outcome)),
            Step::Begin(action) => (action, "Begin", None),
            Step::End(action, outcome) => (action, "End", Some(outcome)),
        };
        let (how, transferred) = match outcome {
            Some(Outcome::Disconnected) => ("Disconnected", 0),
            Some(Outcome::Transferred(message)) if !self.sent.contains(&message) => {
                ("", MessageId::UNKNOWN.0)
            }
            Some(Outcome::Transferred(message)) => ("", id(message)),
            Some(Outcome::Done) | None => ("", 0),
        };
        let (what, endpoint, detail) = match action {
            Action::Send(at) => {
                let detail = if outcome.is_none() { id(message) } else { transferred };
                ("Send", self.senders[at][thread], detail)
            }
            Action::Receive(at) => ("Recv", self.receivers[at], transferred),
            Action::Lock(lock) => {
                self.turns[lock] += u64::from(outcome.is_some());
                let turn = if outcome.is_some() { self.turn(lock) } else { 0 };
                ("Lock", lock as u32 + 1, turn)
            }
            Action::Unlock(lock) => ("Unlock", lock as u32 + 1, self.turn(lock)),
            Action::Join(other) => ("Join", other as u32 + 1, 0),
            // It goes with the last who shares it.
            Action::DropSender(at)
                if self.program.shared[at] && self.state.channels[at].senders > 0 =>
            {
                return;
            }
            Action::DropSender(at) => {
                let event = format!("SenderDropped endpoint={}", self.senders[at][thread]);
                return self.record(thread, &event);
            }
            Action::DropReceiver(at) => {
                let event = format!("ReceiverDropped endpoint={}", self.receivers[at]);
                return self.record(thread, &event);
            }
            Action::End => {
                self.record(thread, "Returned panicked=0");
                return self.record(thread, "ThreadEnded");
            }
        };
        self.record(
            thread,
            &format!("{what}{when}{how} endpoint={endpoint} site={site} detail={detail}"),
        );
    }

    fn turn(&self, lock: usize) -> u64 {
        Turn::new(lock as u32 + 1, self.turns[lock]).0
    }

    pub(crate) fn text(&self) -> String {
        format::text::heading() + "\n" + &self.events.concat()
    }

    pub(crate) fn recording(&self) -> Recording {
        let bytes = format::text::parse(&self.text()).expect("the text is a recording's");
        Recording::from_bytes(bytes).expect("the recording can be read")
    }
}

fn id((thread, action): Message) -> u64 {
    MessageId::new(thread as u32 + 1, action as u64 + 1).0
}
