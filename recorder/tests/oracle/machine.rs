//! What channels, locks and threads do, one step of one thread at a time.

use crate::program::{Action, Program};

/// A message is named by who sends it, and by which of its actions.
pub(crate) type Message = (usize, usize);

/// How far a program is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) threads: Vec<Thread>,
    pub(crate) channels: Vec<Channel>,
    /// Who holds each lock.
    pub(crate) holders: Vec<Option<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Thread {
    /// How many actions it has done.
    pub(crate) done: usize,
    pub(crate) status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    /// About to begin its next action.
    Ready,
    /// In its next action, which could not proceed.
    Waiting,
    /// In its next action, a meeting in which the other side has come: with this message.
    Met(Message),
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    pub(crate) bound: Option<usize>,
    pub(crate) queue: Vec<Message>,
    pub(crate) senders: usize,
    pub(crate) receiver: bool,
}

/// What came of an action that could proceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Transferred(Message),
    Disconnected,
    Done,
}

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An action from its begin to its end.
    Whole(Action, Outcome),
    /// An action that begins to wait.
    Begin(Action),
    /// The end of one that has waited.
    End(Action, Outcome),
}

impl State {
    pub(crate) fn new(program: &Program) -> Self {
        let channel = |channel: usize| Channel {
            bound: program.bounds[channel],
            queue: Vec::new(),
            senders: program.senders[channel].len(),
            receiver: true,
        };
        State {
            threads: vec![Thread { done: 0, status: Status::Ready }; program.threads.len()],
            channels: (0..program.bounds.len()).map(channel).collect(),
            holders: vec![None; program.locks],
        }
    }

    /// What a thread is doing, or does next.
    pub(crate) fn action(&self, program: &Program, thread: usize) -> Action {
        let actions = &program.threads[thread];
        actions[self.threads[thread].done.min(actions.len() - 1)]
    }

    /// Whether a thread can take a step.
    pub(crate) fn can_step(&self, program: &Program, thread: usize) -> bool {
        match self.threads[thread].status {
            Status::Ready | Status::Met(_) => true,
            Status::Waiting => self.clone().attempt(program, thread).is_some(),
            Status::Over => false,
        }
    }

    /// A thread that could not proceed a moment ago begins to wait, whatever has come since;
    /// `None` if that cannot be.
    pub(crate) fn hesitate(&mut self, program: &Program, thread: usize) -> Option<Step> {
        let action = self.action(program, thread);
        let may_wait = match action {
            Action::Send(at) => self.channels[at].bound.is_some(),
            Action::Receive(_) | Action::Lock(_) | Action::Join(_) => true,
            Action::DropSender(_) | Action::DropReceiver(_) | Action::Unlock(_) | Action::End => {
                false
            }
        };
        let Thread { status, .. } = &mut self.threads[thread];
        (may_wait && *status == Status::Ready).then(|| *status = Status::Waiting)?;
        Some(Step::Begin(action))
    }

    /// Takes a thread's next step.
    pub(crate) fn step(&mut self, program: &Program, thread: usize) -> Step {
        let action = self.action(program, thread);
        let status = self.threads[thread].status;
        let outcome = match status {
            Status::Met(message) => Some(Outcome::Transferred(message)),
            _ => self.attempt(program, thread),
        };
        let Some(outcome) = outcome else {
            self.threads[thread].status = Status::Waiting;
            return Step::Begin(action);
        };
        self.threads[thread].done += 1;
        self.threads[thread].status =
            if action == Action::End { Status::Over } else { Status::Ready };
        match status {
            Status::Ready => Step::Whole(action, outcome),
            _ => Step::End(action, outcome),
        }
    }

    /// Does a thread's action; `None` if it cannot proceed.
    fn attempt(&mut self, program: &Program, thread: usize) -> Option<Outcome> {
        match self.action(program, thread) {
            Action::Send(at) => self.send(program, thread, at),
            Action::Receive(at) => self.receive(program, at),
            Action::DropSender(at) => {
                self.channels[at].senders -= 1;
                Some(Outcome::Done)
            }
            Action::DropReceiver(at) => {
                self.channels[at].receiver = false;
                self.channels[at].queue.clear();
                Some(Outcome::Done)
            }
            Action::Lock(lock) => {
                self.holders[lock].is_none().then(|| self.holders[lock] = Some(thread))?;
                Some(Outcome::Done)
            }
            Action::Unlock(lock) => {
                assert_eq!(self.holders[lock].take(), Some(thread));
                Some(Outcome::Done)
            }
            Action::Join(other) => {
                (self.threads[other].status == Status::Over).then_some(Outcome::Done)
            }
            Action::End => Some(Outcome::Done),
        }
    }

    fn send(&mut self, program: &Program, thread: usize, at: usize) -> Option<Outcome> {
        let message = (thread, self.threads[thread].done);
        let Channel { bound, queue, receiver, .. } = &mut self.channels[at];
        match bound {
            _ if !*receiver => return Some(Outcome::Disconnected),
            Some(0) => self.meet(program, Action::Receive(at), |_| message)?,
            Some(bound) if queue.len() >= *bound => return None,
            _ => {
                queue.push(message);
                message
            }
        };
        Some(Outcome::Transferred(message))
    }

    fn receive(&mut self, program: &Program, at: usize) -> Option<Outcome> {
        let Channel { bound, queue, .. } = &mut self.channels[at];
        if !queue.is_empty() {
            return Some(Outcome::Transferred(queue.remove(0)));
        }
        if *bound == Some(0)
            && let Some(message) = self.meet(program, Action::Send(at), |sender| sender)
        {
            return Some(Outcome::Transferred(message));
        }
        (self.channels[at].senders == 0).then_some(Outcome::Disconnected)
    }

    /// Meets a thread that waits in `action`; `message` is made of whom and where it waits.
    fn meet(
        &mut self,
        program: &Program,
        action: Action,
        message: impl Fn(Message) -> Message,
    ) -> Option<Message> {
        let waits = |&other: &usize| {
            self.threads[other].status == Status::Waiting && self.action(program, other) == action
        };
        let other = (0..self.threads.len()).find(waits)?;
        let message = message((other, self.threads[other].done));
        self.threads[other].status = Status::Met(message);
        Some(message)
    }
}
