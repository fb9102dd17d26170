//! Operations on primitives and threads.

use format::{Call, Outcome, Turn};

use super::{Operation, Pass, on};
use crate::analysis::critical_path::{Cause, Part};
use crate::analysis::stats::primitives::Hold;
use crate::analysis::stats::threads::{Thread, Wait};

impl Pass<'_> {
    /// What is on no channel.
    #[cold]
    pub(super) fn rare(&mut self, operation: &Operation, wait: Option<Wait>) {
        let &Operation { time, thread, kind, subject, .. } = operation;
        let mut part = Part::Waiting(thread);
        let mut cause = None;
        match kind.call() {
            Call::Spawn => match subject {
                Some(child) => self.threads[child].spawned = Some(Cause { thread, time }),
                None => {
                    let process = self.entities.threads[thread].process;
                    self.processes[process].unborn += 1;
                }
            },
            Call::Unpark => {
                if let Some(parked) = subject {
                    self.threads[parked].unparked = Some(Cause { thread, time });
                }
            }
            Call::Join => cause = subject.and_then(|joined| self.end_of(joined)),
            Call::Scope => {
                let children = (0..self.threads.len()).filter(|&child| {
                    self.threads[child].spawned.is_some_and(|spawned| spawned.thread == thread)
                });
                cause = children.filter_map(|child| self.end_of(child)).max_by_key(|end| end.time);
            }
            Call::Park => cause = self.threads[thread].unparked,
            Call::ParkTimeout => {
                cause = self.threads[thread].unparked;
                part = Part::Sleeping(thread);
            }
            Call::Sleep => part = Part::Sleeping(thread),
            Call::YieldNow => {}
            Call::Select if kind.outcome() == Outcome::TimedOut => part = Part::Sleeping(thread),
            Call::Select => {}
            _ => {
                let Some(primitive) = subject else { return };
                cause = self.primitives[primitive].moved;
                self.primitive(operation, primitive, wait);
                if kind.outcome() == Outcome::TimedOut {
                    (cause, part) = (None, Part::Sleeping(thread));
                }
            }
        }
        if kind.call() != Call::YieldNow
            && let Some(panic) = &mut self.threads[thread].panic
            && !matches!(kind.call(), Call::Unlock | Call::ReadUnlock | Call::WriteUnlock)
        {
            panic.went_on = true;
        }
        if let Some(wait) = wait {
            self.trails.waited(thread, (wait.begin, time), part, on(operation), cause, None);
        }
    }

    /// When a thread was over.
    pub(super) fn end_of(&self, thread: usize) -> Option<Cause> {
        let Thread { over, returned, .. } = self.threads[thread];
        over.or(returned).map(|time| Cause { thread, time })
    }

    pub(super) fn primitive(
        &mut self,
        operation: &Operation,
        primitive: usize,
        wait: Option<Wait>,
    ) {
        let &Operation { time, thread, kind, site, detail, .. } = operation;
        let waited_in_all = self.threads[thread].waited;
        let state = &mut self.primitives[primitive];
        let user = state.user(thread, time);
        let acquired = kind.outcome() == Outcome::Acquired;
        if let Some(wait) = wait {
            user.waits += 1;
            user.waited = user.waited.saturating_add(time.saturating_sub(wait.begin));
        }
        if acquired {
            user.acquired += 1;
            user.site = site;
        }
        let waited_for_it = wait.map_or(0, |wait| time.saturating_sub(wait.begin));
        let waited = waited_in_all.saturating_add(waited_for_it);
        let turn = Turn(detail).count();
        let hold = Hold { thread, since: time, site, waited, turn, outdated: false };
        match kind.call() {
            call if acquired => {
                let shared = matches!(call, Call::Read | Call::TryRead);
                for before in state.acquire(hold, shared) {
                    self.threads[before].forget_hold(primitive);
                }
                self.threads[thread].holds.push(primitive);
            }
            Call::Unlock | Call::WriteUnlock | Call::ReadUnlock => {
                self.let_go(primitive, thread, time);
            }
            Call::Downgrade => {
                if let Some(hold) = state.holder.take() {
                    state.let_go(hold, time, waited);
                    state.readers.push(Hold { since: time, waited, outdated: false, ..hold });
                }
            }
            Call::NotifyOne | Call::NotifyAll => state.moved = Some(Cause { thread, time }),
            Call::Initializer => state.initializer = Some(thread),
            Call::Initialize if state.initializer == Some(thread) => {
                state.initializer = None;
                state.moved = Some(Cause { thread, time });
            }
            _ => {}
        }
        if matches!(
            kind.call(),
            Call::Unlock | Call::WriteUnlock | Call::NotifyOne | Call::NotifyAll
        ) {
            // What others now see may have an endpoint in it.
            self.threads[thread].gave = Some(time);
        }
    }

    pub(super) fn let_go(&mut self, primitive: usize, thread: usize, time: u64) {
        let waited = self.threads[thread].waited;
        let state = &mut self.primitives[primitive];
        let hold = match state.holder.take_if(|hold| hold.thread == thread) {
            None => {
                let reader = state.readers.iter().rposition(|hold| hold.thread == thread);
                reader.map(|reader| state.readers.remove(reader))
            }
            hold => hold,
        };
        match hold {
            Some(hold) => state.let_go(hold, time, waited),
            None => state.moved = Some(Cause { thread, time }),
        }
        self.threads[thread].forget_hold(primitive);
    }
}
