//! Locks and who holds them, condition variables, barriers and initializers.
//!
//! - A lock is held from its acquisition until just before its release. Its turns, and not the
//!   times, say which release allowed which acquisition.
//! - A thread that waits for a condition variable is woken by the latest notification that it can
//!   have seen and that has not woken another.
//! - The last thread to arrive at a barrier does not wait: it lets the others go on.
//! - A thread waits for an initializer until it is over. It may go on before the thread that ran
//!   the initializer has recorded its end.

use std::ops::Range;

use format::{Call, Detail, Outcome, Phase};

use super::state::{Cause, Hold, Initializer, Notification, Source, Wait, number_edges};
use super::transition::{HoldEnd, Transition};
use super::{Listener, Replay, Reported, Step};
use crate::reading::Nanos;
use crate::reading::catalog::{PrimitiveIndex, Target, ThreadIndex};

impl<L: Listener> Replay<'_, L> {
    /// Replays an operation on a primitive.
    #[cold]
    pub(super) fn primitive_operation(&mut self, step: Step<'_>) -> Reported<L> {
        let Step { time, thread, operation } = step;
        let Some(primitive) = operation.target.and_then(Target::primitive) else {
            // Of an unknown primitive there is only what the thread does.
            if operation.phase == Phase::Begin {
                return self.begin_wait(step);
            }
            let wait = self.take_wait(step);
            return self.report_completed(step.completed(wait.as_ref(), None), 0..0);
        };
        self.note_activity_after_panic(thread, operation);
        match (operation.call, operation.outcome, operation.detail) {
            (_, Outcome::Pending, Detail::Arrivals(arrived)) => {
                let known = &mut self.state.primitives[primitive];
                known.moved = Some((time, thread));
                if known.size > 0 && arrived.is_multiple_of(known.size) {
                    self.open_barrier(step, primitive, arrived)
                } else {
                    self.begin_wait(step)
                }
            }
            (_, Outcome::Pending, detail) => {
                if let Detail::Mutex(turn) = detail {
                    self.release_for_wait(time, thread, turn.primitive())?;
                }
                self.begin_wait(step)
            }
            (_, Outcome::Acquired, Detail::Turn(turn)) => {
                self.acquire(step, primitive, turn.count())
            }
            (_, _, Detail::Turn(turn)) => self.release(step, primitive, turn.count()),
            (Call::NotifyOne | Call::NotifyAll, _, Detail::Notifications(count)) => {
                self.notify(step, primitive, count)
            }
            (Call::CondvarWait | Call::CondvarWaitTimeout, _, detail) => {
                let cause = match detail {
                    Detail::Notifications(count) => {
                        self.waking_notification(primitive, count, time)
                    }
                    // Its time was over.
                    _ => None,
                };
                let wait = self.take_wait(step);
                let cause = cause.filter(|_| wait.is_some());
                self.report_completed(step.completed(wait.as_ref(), cause), 0..0)
            }
            (Call::BarrierWait, ..) => self.leave_barrier(step, primitive),
            (Call::Initializer, ..) => self.start_initializer(step, primitive),
            (Call::Initialize, ..) => self.initialized(step, primitive),
            _ => self.report_completed(step.completed(None, None), 0..0),
        }
    }

    /// Whether the end of this operation has been reported before.
    fn has_ended_early(&mut self, step: Step<'_>, primitive: PrimitiveIndex) -> bool {
        let end = (step.operation.call, primitive);
        self.state.threads[step.thread].ended_early.take_if(|early| *early == end).is_some()
    }

    fn acquire(&mut self, step: Step<'_>, primitive: PrimitiveIndex, turn: u64) -> Reported<L> {
        let is_shared = matches!(step.operation.call, Call::Read | Call::TryRead);
        let wait = self.take_wait(step);
        let (cause, release_edges) = match wait {
            Some(_) => self.release_before(step.time, primitive, turn, is_shared),
            None => (None, 0..0),
        };
        // An earlier hold is over, also if its end is not recorded.
        let is_over = |hold: &Hold| !is_shared || (!hold.is_shared && hold.turn <= turn);
        while let Some(place) = self.state.primitives[primitive].holds.iter().position(is_over) {
            let hold = self.take_hold(primitive, place);
            let end = HoldEnd::Inferred(hold.paused.unwrap_or(step.time));
            self.end_hold(primitive, &hold, end)?;
        }
        let acquire = step.completed(wait.as_ref(), cause);
        self.report(Transition::Acquired { acquire, primitive, release_edges })?;
        self.begin_hold(step, primitive, turn, is_shared)?;
        // The end of a wait is recorded in a pause, too, but not the release after it.
        let process = &self.state.processes[self.catalog.threads[step.thread].process];
        if wait.is_some_and(|wait| process.has_paused_since(wait.begin))
            && let Some(hold) = self.state.primitives[primitive].holds.last_mut()
        {
            hold.paused = Some(step.time);
        }
        Ok(())
    }

    fn begin_hold(
        &mut self,
        Step { time, thread, operation }: Step<'_>,
        primitive: PrimitiveIndex,
        turn: u64,
        is_shared: bool,
    ) -> Reported<L> {
        let waited = self.state.threads[thread].waited;
        let known = &mut self.state.primitives[primitive];
        known.pass_to(time);
        known.next_hold += 1;
        let hold = Hold {
            thread,
            is_shared,
            begin: time,
            place: operation.place,
            turn,
            waited,
            others_waited: known.waited,
            paused: None,
            id: known.next_hold,
        };
        known.holds.push(hold.clone());
        self.state.threads[thread].holds.push(primitive);
        self.report(Transition::HoldBegan { primitive, hold: &hold })
    }

    /// The release that an acquisition has waited for. The first to wait for it numbers its edges.
    fn release_before(
        &mut self,
        time: Nanos,
        primitive: PrimitiveIndex,
        turn: u64,
        is_shared: bool,
    ) -> (Option<Cause>, Range<u64>) {
        let known = &mut self.state.primitives[primitive];
        // A reader has the turn of the last writer. The same release may let other readers go on.
        let (before, edges) =
            if is_shared { (turn, known.waiters.len() + 1) } else { (turn.saturating_sub(1), 1) };
        let Some(release) = known.release.as_mut().filter(|release| release.count == before) else {
            return (known.last_move(), 0..0);
        };
        let mut new = 0..0;
        if release.edges == Range::default() {
            new = number_edges(&mut self.state.edges, edges);
            release.edges = new.clone();
        }
        (Some(release.cause(time)), new)
    }

    fn release(&mut self, step: Step<'_>, primitive: PrimitiveIndex, turn: u64) -> Reported<L> {
        let Step { time, thread, operation } = step;
        let is_shared = operation.call == Call::ReadUnlock;
        let is_its =
            |hold: &Hold| (hold.thread, hold.is_shared, hold.turn) == (thread, is_shared, turn);
        // Of several, the latest: an earlier one may be over since a pause.
        let place = self.state.primitives[primitive].holds.iter().rposition(is_its);
        if let Some(place) = place {
            let hold = self.take_hold(primitive, place);
            self.end_hold(primitive, &hold, HoldEnd::Recorded(time))?;
        }
        let known = &mut self.state.primitives[primitive];
        known.moved = Some((time, thread));
        known.release = Some(Source { thread, time, count: turn, edges: Range::default() });
        if !is_shared {
            // What the lock protects may contain an endpoint.
            self.state.threads[thread].gave_away = Some(time);
        }
        let (release, was_held) = (step.completed(None, None), place.is_some());
        self.report(Transition::Released { release, primitive, was_held })?;
        if operation.call == Call::Downgrade {
            self.begin_hold(step, primitive, turn, true)?;
        }
        Ok(())
    }

    /// A condition variable has released the mutex with this number, if that is not recorded.
    fn release_for_wait(&mut self, time: Nanos, thread: ThreadIndex, mutex: u32) -> Reported<L> {
        let process = self.catalog.threads[thread].process;
        let Some(mutex) = self.catalog.primitive_with_number(process, mutex) else { return Ok(()) };
        let known = &mut self.state.primitives[mutex];
        let Some(place) = known.holds.iter().position(|hold| hold.thread == thread) else {
            return Ok(());
        };
        known.moved = Some((time, thread));
        let hold = self.take_hold(mutex, place);
        self.end_hold(mutex, &hold, HoldEnd::Recorded(time))
    }

    fn take_hold(&mut self, primitive: PrimitiveIndex, place: usize) -> Hold {
        let hold = self.state.primitives[primitive].holds.remove(place);
        let held = &mut self.state.threads[hold.thread].holds;
        if let Some(place) = held.iter().rposition(|held| *held == primitive) {
            held.remove(place);
        }
        hold
    }

    fn end_hold(&mut self, primitive: PrimitiveIndex, hold: &Hold, end: HoldEnd) -> Reported<L> {
        let process = self.catalog.primitives[primitive].process;
        // Where events are missing, an end can seem to be before the start.
        let end = match end {
            HoldEnd::Recorded(time) => HoldEnd::Recorded(time.max(hold.begin)),
            HoldEnd::Inferred(time) => HoldEnd::Inferred(time.max(hold.begin)),
            HoldEnd::Never => HoldEnd::Never,
        };
        let known = &mut self.state.primitives[primitive];
        known.pass_to(end.time().unwrap_or(self.catalog.processes[process].recorded_until));
        let others_waited = known.waited.since(hold.others_waited);
        self.report(Transition::HoldEnded { primitive, hold, end, others_waited })
    }

    /// Reports the locks that are held when the recording is over.
    pub(super) fn end_holds(&mut self) -> Reported<L> {
        for primitive in self.catalog.primitives.keys() {
            for hold in self.state.primitives[primitive].holds.clone() {
                let end = hold.paused.map_or(HoldEnd::Never, HoldEnd::Inferred);
                self.end_hold(primitive, &hold, end)?;
            }
        }
        Ok(())
    }

    fn notify(&mut self, step: Step<'_>, primitive: PrimitiveIndex, count: u64) -> Reported<L> {
        let Step { time, thread, operation } = step;
        let waiting = self.state.primitives[primitive].waiters.len();
        let woken = if operation.call == Call::NotifyOne { waiting.min(1) } else { waiting };
        let (source, edges) = self.state.source(thread, time, count, woken);
        let known = &mut self.state.primitives[primitive];
        known.moved = Some((time, thread));
        if !edges.is_empty() {
            known.notifications.push_back(source);
            // Older ones than there are waiting threads have woken whom they could.
            if known.notifications.len() > waiting {
                known.notifications.pop_front();
            }
        }
        self.state.threads[thread].gave_away = Some(time);
        self.note_notification(step, primitive);
        self.report_completed(step.completed(None, None), edges)
    }

    /// Notes which threads a notification may wake.
    fn note_notification(&mut self, step: Step<'_>, condvar: PrimitiveIndex) {
        let could_wake = self.state.primitives[condvar].waiters.clone();
        let notification = Notification {
            by: step.at(),
            is_for_all: step.operation.call == Call::NotifyAll,
            waiting: could_wake.len(),
            could_wake,
            woken: None,
        };
        let known = &mut self.state.primitives[condvar];
        if !notification.could_wake.is_empty() {
            known.wake_ups.push(notification.clone());
        }
        known.notified = Some(notification);
    }

    /// The notification that woke a thread when there had been `count`.
    fn waking_notification(
        &mut self,
        primitive: PrimitiveIndex,
        count: u64,
        time: Nanos,
    ) -> Option<Cause> {
        let known = &mut self.state.primitives[primitive];
        let mut seen = known.notifications.iter_mut().rev().filter(|source| source.count <= count);
        let by_edge =
            seen.find_map(|source| Some(source.cause(time)).filter(|it| it.edge.is_some()));
        by_edge.or(known.last_move())
    }

    fn open_barrier(&mut self, step: Step<'_>, barrier: PrimitiveIndex, count: u64) -> Reported<L> {
        let Step { time, thread, .. } = step;
        self.abandon_wait(thread)?;
        let waiting = self.state.primitives[barrier].waiters.len();
        let (source, edges) = self.state.source(thread, time, count, waiting);
        self.state.primitives[barrier].arrival = Some(source);
        self.state.threads[thread].ended_early = Some((Call::BarrierWait, barrier));
        self.report(Transition::BarrierOpened { arrival: step.completed(None, None), edges })
    }

    fn leave_barrier(&mut self, step: Step<'_>, primitive: PrimitiveIndex) -> Reported<L> {
        if self.has_ended_early(step, primitive) {
            return Ok(());
        }
        let wait = self.take_wait(step);
        let known = &mut self.state.primitives[primitive];
        let cause = wait.and_then(|wait| {
            let Detail::Arrivals(arrived) = wait.operation.detail else { return None };
            let opened_at = arrived.checked_next_multiple_of(known.size);
            let arrival = known.arrival.as_mut().filter(|last| Some(last.count) == opened_at);
            let exact = arrival.map(|last| last.cause(step.time));
            exact.or(known.last_move())
        });
        self.report_completed(step.completed(wait.as_ref(), cause), 0..0)
    }

    fn start_initializer(&mut self, step: Step<'_>, primitive: PrimitiveIndex) -> Reported<L> {
        let Step { time, thread, operation } = step;
        let is_its =
            |wait: &mut Wait| (wait.call(), wait.target()) == (Call::Initialize, operation.target);
        let wait = self.state.threads[thread].wait.take_if(is_its);
        let waited_before = self.state.threads[thread].waited;
        if let Some(wait) = &wait {
            self.wait_is_over(thread, wait, time);
        }
        // It has waited if another thread has tried before it, and failed.
        let before = &self.state.primitives[primitive].initialized;
        let has_waited = |wait: &Wait| before.as_ref().is_some_and(|it| it.time > wait.begin);
        let wait = wait.filter(has_waited);
        if wait.is_none() {
            self.state.threads[thread].waited = waited_before;
        }
        self.abandon_wait(thread)?;
        let place = operation.place;
        let initializer = Initializer { thread, begin: time, place, is_outdated: false };
        self.state.primitives[primitive].initializer = Some(initializer);
        let started = step.completed(wait.as_ref(), None);
        self.report(Transition::InitializerStarted { started, primitive })
    }

    fn initialized(&mut self, step: Step<'_>, primitive: PrimitiveIndex) -> Reported<L> {
        let Step { time, thread, .. } = step;
        let running = self.state.primitives[primitive].initializer;
        if running.is_some_and(|running| running.thread == thread) {
            self.abandon_wait(thread)?;
            return self.end_initializer(time, thread, primitive, 0);
        }
        if self.has_ended_early(step, primitive) {
            return Ok(());
        }
        let wait = self.take_wait(step);
        if wait.is_some()
            && let Some(running) = running
            // Where events are missing, the order may have it that this thread still waits.
            && self.state.threads[running.thread].wait.is_none()
        {
            // That this thread goes on says that the initializer is over. The thread that ran it
            // has done nothing since.
            let other = running.thread;
            let over = time.before().max(self.state.threads[other].last);
            self.end_initializer(over, other, primitive, 1)?;
            self.state.threads[other].ended_early = Some((Call::Initialize, primitive));
        }
        let known = &mut self.state.primitives[primitive];
        let cause = wait.and(known.initialized.as_mut()).map(|source| source.cause(time));
        self.report_completed(step.completed(wait.as_ref(), cause), 0..0)
    }

    /// An initializer is over. `more` threads wait for it that do not count as waiting any more.
    fn end_initializer(
        &mut self,
        time: Nanos,
        thread: ThreadIndex,
        primitive: PrimitiveIndex,
        more: usize,
    ) -> Reported<L> {
        let waiting = self.state.primitives[primitive].waiters.len() + more;
        let (source, edges) = self.state.source(thread, time, 0, waiting);
        let known = &mut self.state.primitives[primitive];
        known.initializer = None;
        known.moved = Some((time, thread));
        known.initialized = Some(source);
        self.report(Transition::InitializerEnded { time, thread, primitive, edges })
    }
}
