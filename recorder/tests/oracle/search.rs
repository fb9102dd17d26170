//! Which threads can ever go on, found by trying everything.

use std::collections::HashSet;
use std::hash::Hash;

use recorder_simulator::machine::{Action, Status};
use recorder_simulator::program::{Program, State};

/// By thread: whether it waits and goes on in no continuation of this program.
pub(crate) fn never_again(program: &Program, state: &State) -> Vec<bool> {
    let threads = &state.machine.threads;
    let waits: Vec<_> =
        threads.iter().map(|thread| matches!(thread.status, Status::Waiting(_))).collect();
    let mut goes_on = vec![false; waits.len()];
    explore(state.clone(), |state, next| {
        for (thread, goes_on) in goes_on.iter_mut().enumerate() {
            if state.can_step(thread) {
                *goes_on = true;
                let mut after = state.clone();
                after.step(program, thread);
                next.push(after);
            }
        }
    });
    waits.iter().zip(goes_on).map(|(&waits, goes_on)| waits && !goes_on).collect()
}

/// By thread: whether it waits and goes on in no continuation, whatever the threads that do
/// not wait may be about to do with whatever there is.
///
/// That is what a recording can tell: it says neither what a thread will do nor who has an
/// endpoint that was moved. Who holds a lock it does say, and a guard cannot be moved.
pub(crate) fn never_again_for_all_we_know(program: &Program, state: &State) -> Vec<bool> {
    let known = Known::new(program, state);
    let waits: Vec<_> = known.threads.iter().map(|now| matches!(now, Now::In(_))).collect();
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
    holders: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Now {
    Runs,
    In(Action),
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Channel {
    bound: usize,
    queued: usize,
    senders: usize,
    receiver: bool,
}

impl Known {
    fn new(program: &Program, state: &State) -> Self {
        let State { machine, .. } = state;
        let now = |thread: usize| match machine.threads[thread].status {
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
            holders: machine.locks.iter().map(|lock| lock.writer).collect(),
        }
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
                let mut ended = self.clone();
                ended.threads[thread] = Now::Over;
                for holder in &mut ended.holders {
                    // It can also let them go one by one, which is no more than this.
                    holder.take_if(|holder| *holder == thread);
                }
                next.push(ended);
            }
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
                self.holders[lock].is_none().then(|| after.holders[lock] = Some(thread))?;
            }
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
