//! Which threads can ever go on, found by trying everything.

use std::collections::HashSet;
use std::hash::Hash;

use recorder_simulator::machine::{Action, Lock, Once, Status};
use recorder_simulator::program::{Program, Run, State};

/// By thread: whether it waits and goes on in no continuation of this program.
pub(crate) fn never_again(program: &Program, state: &State) -> Vec<bool> {
    let threads = &state.machine.threads;
    // A thread that was woken has not returned from its wait before it has the mutex again.
    let is_wait = |status| matches!(status, Status::Waiting(_) | Status::Relocking { .. });
    let waits: Vec<_> = threads.iter().map(|thread| is_wait(thread.status)).collect();
    let mut goes_on = vec![false; waits.len()];
    explore(state.clone(), |state, next| {
        for (thread, goes_on) in goes_on.iter_mut().enumerate() {
            if state.can_step(thread) {
                *goes_on = true;
                next.extend(state.after_step(program, thread));
            }
        }
    });
    waits.iter().zip(goes_on).map(|(&waits, goes_on)| waits && !goes_on).collect()
}

/// By thread: whether it waits and goes on in no continuation, whatever the threads that do
/// not wait may be about to do with whatever there is.
///
/// That is what a recording can tell: it says neither what a thread will do nor who has an
/// endpoint that was moved. Who holds a lock it does say, and a guard cannot be moved. A thread that
/// does not wait may notify and unpark any other. Of a notification it is not known which of the
/// threads that waited it wakes, until that returns.
pub(crate) fn never_again_for_all_we_know(program: &Program, run: &Run<'_>) -> Vec<bool> {
    let known = Known::new(program, run);
    let is_wait = |now: &Now| matches!(now, Now::In(_) | Now::Woken { .. });
    let waits: Vec<_> = known.threads.iter().map(is_wait).collect();
    let mut goes_on = vec![false; waits.len()];
    explore(known, |known, next| {
        for (thread, goes_on) in goes_on.iter_mut().enumerate() {
            *goes_on |= known.threads[thread] == Now::Runs;
            known.push_steps(thread, next);
        }
    });
    waits.iter().zip(goes_on).map(|(&waits, goes_on)| waits && !goes_on).collect()
}

/// Visits every state that can be reached; `visit` gives those that come after one.
fn explore<T: Clone + Eq + Hash>(from: T, mut visit: impl FnMut(&T, &mut Vec<T>)) {
    let mut seen = HashSet::from([from.clone()]);
    let mut left = vec![from];
    let mut next = Vec::new();
    while let Some(state) = left.pop() {
        visit(&state, &mut next);
        left.extend(next.drain(..).filter(|state| seen.insert(state.clone())));
    }
}

/// What is known of a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    threads: Vec<Now>,
    channels: Vec<Channel>,
    locks: Vec<Holders>,
    onces: Vec<Once>,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Holders {
    writer: Option<usize>,
    readers: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Now {
    Runs,
    In(Action),
    /// It waits for a condition variable, and was or may have been notified: it needs the mutex.
    Woken {
        mutex: usize,
    },
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Channel {
    bound: usize,
    queued: usize,
    senders: usize,
    receiver: bool,
}

impl Holders {
    fn new(lock: &Lock) -> Self {
        let mut readers = lock.readers.clone();
        readers.sort_unstable();
        Holders { writer: lock.writer, readers }
    }
}

impl Known {
    fn new(program: &Program, run: &Run<'_>) -> Self {
        let State { machine, .. } = &run.state;
        let now = |thread: usize| match machine.threads[thread].status {
            // Each of those that one notification may have woken may be the one. If it goes on, it may
            // notify the others.
            Status::Waiting(Action::Wait { mutex, .. }) if run.may_be_woken(thread) => {
                Now::Woken { mutex }
            }
            Status::Relocking { action: Action::Wait { mutex, .. }, .. } => {
                assert!(run.may_be_woken(thread), "only notifications wake");
                Now::Woken { mutex }
            }
            // Of a token it is known that it is there: each `park` takes it.
            Status::Waiting(Action::Park) if machine.has_token(thread) => Now::Runs,
            Status::Waiting(action) => Now::In(action),
            Status::Over => Now::Over,
            _ => Now::Runs,
        };
        // To send without end helps nobody: what can be received once is enough.
        let shared = program.shared.iter();
        let channels = machine.channels.iter().zip(shared).map(|(channel, &shared)| Channel {
            bound: channel.bound.unwrap_or(channel.queue.len() + 1),
            queued: channel.queue.len(),
            senders: if shared { channel.senders.min(1) } else { channel.senders },
            receiver: channel.receiver,
        });
        Known {
            threads: (0..machine.threads.len()).map(now).collect(),
            channels: channels.collect(),
            locks: machine.locks.iter().map(Holders::new).collect(),
            onces: machine.onces.clone(),
        }
    }

    /// Whether a lock is free for this thread to hold it alone.
    fn is_free(&self, lock: usize) -> bool {
        let Holders { writer, readers } = &self.locks[lock];
        writer.is_none() && readers.is_empty()
    }

    fn waits_in(&self, action: Action) -> impl Iterator<Item = usize> {
        let threads = 0..self.threads.len();
        threads.filter(move |&thread| self.threads[thread] == Now::In(action))
    }

    /// All that this thread may do next.
    fn push_steps(&self, thread: usize, next: &mut Vec<Self>) {
        match self.threads[thread] {
            Now::Over => {}
            Now::In(action) => {
                next.extend(self.proceed(thread, action));
                if let Action::Send(at) = action
                    && self.channels[at].bound == 0
                {
                    // Both have begun to wait at the same time.
                    next.extend(self.waits_in(Action::Receive(at)).map(|receiver| {
                        let mut after = self.clone();
                        after.threads[thread] = Now::Runs;
                        after.threads[receiver] = Now::Runs;
                        after
                    }));
                }
            }
            Now::Runs => {
                (0..self.channels.len()).for_each(|at| self.push_uses(at, next));
                self.push_wake_ups(next);
                let mut ended = self.clone();
                ended.threads[thread] = Now::Over;
                for Holders { writer, readers } in &mut ended.locks {
                    // It can also let them go one by one, which is no more than this.
                    writer.take_if(|writer| *writer == thread);
                    readers.retain(|reader| *reader != thread);
                }
                for once in &mut ended.onces {
                    if *once == Once::Running(thread) {
                        *once = Once::Complete;
                    }
                }
                next.push(ended);
            }
            Now::Woken { mutex } => {
                if self.is_free(mutex) {
                    let mut after = self.clone();
                    after.locks[mutex].writer = Some(thread);
                    after.threads[thread] = Now::Runs;
                    next.push(after);
                }
            }
        }
    }

    /// A thread that runs may notify and unpark every other.
    fn push_wake_ups(&self, next: &mut Vec<Self>) {
        for (thread, now) in self.threads.iter().enumerate() {
            let woken = match *now {
                Now::In(Action::Wait { mutex, .. }) => Now::Woken { mutex },
                Now::In(Action::Park) => Now::Runs,
                _ => continue,
            };
            let mut after = self.clone();
            after.threads[thread] = woken;
            next.push(after);
        }
    }

    /// The waiting thread's action, if it can proceed.
    fn proceed(&self, thread: usize, action: Action) -> Option<Self> {
        let mut after = self.clone();
        match action {
            Action::Send(at) => {
                let channel = &mut after.channels[at];
                if channel.receiver {
                    (channel.queued < channel.bound).then(|| channel.queued += 1)?;
                }
            }
            Action::Receive(at) => {
                let channel = &mut after.channels[at];
                if channel.senders > 0 {
                    (channel.queued > 0).then(|| channel.queued -= 1)?;
                }
            }
            Action::Lock(lock) => {
                self.is_free(lock).then(|| after.locks[lock].writer = Some(thread))?;
            }
            Action::Read(lock) => {
                // While a thread waits to write, no other is let in to read.
                let is_awaited = self.waits_in(Action::Lock(lock)).next().is_some();
                let is_free = self.locks[lock].writer.is_none() && !is_awaited;
                is_free.then(|| after.locks[lock].readers.push(thread))?;
                after.locks[lock].readers.sort_unstable();
            }
            Action::Initialize(once) => match self.onces[once] {
                Once::New => after.onces[once] = Once::Running(thread),
                Once::Running(_) => return None,
                Once::Complete => {}
            },
            // Others end these.
            Action::Wait { .. } | Action::Park => return None,
            Action::Join(other) => (self.threads[other] == Now::Over).then_some(())?,
            _ => unreachable!("it never waits"),
        }
        after.threads[thread] = Now::Runs;
        Some(after)
    }

    /// What a thread that runs may do with a channel.
    fn push_uses(&self, at: usize, next: &mut Vec<Self>) {
        let Channel { bound, queued, senders, receiver } = self.channels[at];
        let mut push = |change: &dyn Fn(&mut Self)| {
            let mut after = self.clone();
            change(&mut after);
            next.push(after);
        };
        // An endpoint in which a thread waits is borrowed: it cannot be dropped, and a
        // receiver not be used by another thread.
        let blocked_sends = self.waits_in(Action::Send(at)).count();
        let free_receiver = receiver && self.waits_in(Action::Receive(at)).next().is_none();
        if senders > 0 && receiver {
            if queued < bound {
                push(&|after| after.channels[at].queued += 1);
            }
            if bound == 0 {
                for waiting in self.waits_in(Action::Receive(at)) {
                    push(&|after| after.threads[waiting] = Now::Runs);
                }
            }
        }
        if senders > blocked_sends {
            push(&|after| after.channels[at].senders -= 1);
        }
        if free_receiver {
            if queued > 0 {
                push(&|after| after.channels[at].queued -= 1);
            }
            for waiting in self.waits_in(Action::Send(at)).filter(|_| bound == 0) {
                push(&|after| after.threads[waiting] = Now::Runs);
            }
            push(&|after| (after.channels[at].receiver, after.channels[at].queued) = (false, 0));
        }
    }
}
