//! Threads: how they start and end, and how they wait for each other.

use format::{Call, Outcome, Phase};

use super::state::{Cause, Panic, Use};
use super::transition::Transition;
use super::{Listener, Replay, Reported, Step, text};
use crate::reading::catalog::{PlaceIndex, ThreadIndex};
use crate::reading::{Event, Nanos, Operation};

impl<L: Listener> Replay<'_, L> {
    /// A thread has its first event.
    #[cold]
    pub(super) fn see_thread(&mut self, time: Nanos, thread: ThreadIndex) -> Reported<L> {
        self.state.threads[thread].first = Some(time);
        let process = self.catalog.threads[thread].process;
        self.state.processes[process].main.get_or_insert(thread);
        self.report(Transition::ThreadSeen { time, thread })
    }

    /// Replays an operation on a thread, or on nothing.
    #[cold]
    pub(super) fn thread_operation(&mut self, step: Step<'_>) -> Reported<L> {
        let Step { time, thread, operation } = step;
        if operation.phase == Phase::Begin {
            return self.begin_wait(step);
        }
        self.note_activity_after_panic(thread, operation);
        let other = operation.other_thread();
        match (operation.call, other) {
            (call @ (Call::Spawn | Call::Unpark), Some(other)) => {
                let (source, edges) = self.state.source(thread, time, 0, 1);
                let known = &mut self.state.threads[other];
                match call {
                    Call::Spawn => known.spawned = Some(source),
                    _ => {
                        known.unparked = Some(source);
                        known.unparked_at = operation.place;
                        known.token_taken = None;
                    }
                }
                self.report_completed(step.completed(None, None), edges)
            }
            (Call::Spawn, None) => {
                let process = self.catalog.threads[thread].process;
                self.state.processes[process].unborn += 1;
                self.report_completed(step.completed(None, None), 0..0)
            }
            (call, _) => {
                let wait = self.take_wait(step);
                let known = &mut self.state.threads[thread];
                if matches!(call, Call::Park | Call::ParkTimeout) && known.unparked.is_some() {
                    known.token_taken.get_or_insert(step.at());
                }
                let cause = self.cause_at_thread(time, thread, call, other);
                self.report_completed(step.completed(wait.as_ref(), cause), 0..0)
            }
        }
    }

    /// What let a thread go on that has waited for another.
    fn cause_at_thread(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        call: Call,
        other: Option<ThreadIndex>,
    ) -> Option<Cause> {
        match (call, other) {
            (Call::Join, Some(other)) => {
                let known = &mut self.state.threads[other];
                let edge = known.end.as_mut().and_then(|end| end.cause(time).edge);
                let time = known.ended.or(known.returned)?;
                Some(Cause { thread: other, time, edge })
            }
            (Call::Park | Call::ParkTimeout, _) => {
                let unparked = &mut self.state.threads[thread].unparked;
                unparked.as_mut().map(|unparked| unparked.cause(time))
            }
            (Call::Scope, _) => {
                let threads = self.state.threads.iter_enumerated();
                let children = threads.filter(|(_, child)| {
                    child.spawned.as_ref().is_some_and(|spawned| spawned.thread == thread)
                });
                let ends = children.filter_map(|(thread, child)| {
                    let time = child.ended.or(child.returned)?;
                    Some(Cause { thread, time, edge: None })
                });
                ends.max_by_key(|end| end.time)
            }
            _ => None,
        }
    }

    /// A thread that does more after a panic than release what it holds has caught it.
    pub(super) fn note_activity_after_panic(&mut self, thread: ThreadIndex, operation: &Operation) {
        let is_release =
            matches!(operation.call, Call::Unlock | Call::ReadUnlock | Call::WriteUnlock);
        if let Some(panic) = &mut self.state.threads[thread].panic
            && operation.call != Call::YieldNow
            && operation.outcome != Outcome::Pending
            && !is_release
        {
            panic.went_on = true;
        }
    }

    /// A thread starts, panics or ends.
    pub(super) fn thread_event(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        event: &Event,
    ) -> Reported<L> {
        let transition = match *event {
            Event::ThreadStarted => {
                let cause =
                    self.state.threads[thread].spawned.as_mut().map(|spawned| spawned.cause(time));
                Transition::ThreadStarted { time, thread, cause }
            }
            Event::Panicked { place } => {
                // Where std panics in a call, it is the call that the user can change.
                let is_in_std = |place: PlaceIndex| self.catalog.places[place].is_in_std();
                let call = self.state.threads[thread].wait.filter(|_| place.is_some_and(is_in_std));
                let place = call.and_then(|wait| wait.operation.place).or(place);
                let message = text(self.events.text()).unwrap_or_default();
                self.state.threads[thread].panic = Some(Panic {
                    time,
                    place,
                    message: message.clone(),
                    went_on: false,
                    outcome: None,
                });
                let at = Use { time, thread, place };
                return self.report(Transition::Panicked { at, message: &message });
            }
            Event::PanicCaught => {
                if let Some(panic) = &mut self.state.threads[thread].panic {
                    panic.went_on = true;
                }
                return Ok(());
            }
            Event::Returned { panicked } => {
                self.abandon_wait(thread)?;
                let (source, edges) = self.state.source(thread, time, 0, 1);
                let known = &mut self.state.threads[thread];
                (known.returned, known.end) = (Some(time), Some(source));
                if let Some(panic) = &mut known.panic {
                    panic.outcome = Some(panicked);
                }
                Transition::ThreadReturned { time, thread, panicked, edges }
            }
            Event::ThreadEnded => {
                self.abandon_wait(thread)?;
                self.state.threads[thread].ended = Some(time);
                Transition::ThreadEnded { time, thread }
            }
            _ => return Ok(()),
        };
        self.report(transition)
    }
}
