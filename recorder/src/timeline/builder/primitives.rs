//! Locks and who holds them, condition variables, barriers and initialisers.
//!
//! - A lock is held from where it is acquired until it is about to be let go. Its turns, and not
//!   the times, say which release has allowed which acquisition. How many have read in a turn is
//!   not counted: if clocks differ, one that read before another wrote can seem to read meanwhile.
//! - An arrow leads to an acquisition that has waited, and from the release before it. Until it
//!   is known whether there is one the release is not told.
//! - A thread that waits for a condition variable goes on by the latest notification that it
//!   can have seen and that has not woken another.
//! - The last thread to arrive at a barrier does not wait: it lets the others go on.
//! - A thread that runs an initialiser is in it for a while; others wait until it is over, which
//!   they may know before the thread itself has said so.

use std::collections::VecDeque;

use anyhow::Result;
use format::{Call, OperationKind, Outcome, Turn};

use super::lanes::Lanes;
use super::spans::Frame;
use super::{Operation, Source, Stage, Wait};
use crate::ordering::Step;
use crate::reading::catalog;
use crate::timeline::item::{self, Arrow, Item, Slice};

#[derive(Default)]
pub(super) struct Primitive {
    /// How many threads wait for it.
    waiting: usize,
    /// Since when so many have waited.
    since: u64,
    /// How long threads have waited for it until then, all together.
    waited: u64,
    /// Who holds it.
    holds: Vec<Hold>,
    lanes: Lanes,
    /// How it was let go last.
    release: Option<Release>,
    /// Notifications for which threads wait that may have been woken by them.
    notifications: VecDeque<Source>,
    /// How many threads a barrier waits for.
    size: u64,
    /// The arrival that has let others go on.
    arrival: Option<Source>,
    /// The thread that runs the initialiser.
    initializer: Option<usize>,
    /// When that was over.
    initialized: Option<Source>,
}

/// That a thread holds a lock.
struct Hold {
    thread: usize,
    shared: bool,
    lane: Option<usize>,
    begin: u64,
    site: Option<usize>,
    turn: u64,
    /// How long threads had waited for the lock before.
    waited: u64,
    /// When the recording first paused meanwhile.
    paused: Option<u64>,
}

/// That a lock was let go.
struct Release {
    turn: u64,
    /// What is to be told of it.
    slice: Option<Slice>,
    source: Source,
}

impl Primitive {
    pub(super) fn new(primitive: &catalog::Primitive) -> Self {
        Primitive { size: primitive.size, ..Primitive::default() }
    }

    pub(super) fn begin_wait(&mut self, time: u64) {
        self.go_on_to(time);
        self.waiting += 1;
    }

    pub(super) fn end_wait(&mut self, time: u64) {
        self.go_on_to(time);
        self.waiting -= 1;
        if self.waiting == 0 {
            self.notifications.clear();
        }
    }

    fn go_on_to(&mut self, time: u64) {
        let passed = time.saturating_sub(self.since);
        self.waited = self.waited.saturating_add(passed.saturating_mul(self.waiting as u64));
        self.since = self.since.max(time);
    }

    /// Whether all have arrived with this one.
    fn is_last(&self, arrived: u64) -> bool {
        self.size > 0 && arrived.is_multiple_of(self.size)
    }

    /// The arrow from the arrival that has let this wait go on.
    fn arrow_from_arrival(&mut self, wait: &Wait, time: u64) -> Option<Arrow> {
        let all = wait.operation.detail.checked_next_multiple_of(self.size)?;
        self.arrival.as_mut().filter(|last| last.count == all)?.arrow_to(time)
    }

    /// The arrow from the notification that has woken a thread, where there were so many.
    fn arrow_from_notification(&mut self, count: u64, time: u64) -> Option<Arrow> {
        let known = self.notifications.iter_mut().rev();
        known.filter(|known| known.count <= count).find_map(|known| known.arrow_to(time))
    }
}

impl Stage<'_> {
    /// An operation on a primitive.
    pub(super) fn primitive_operation(&mut self, step: &Step, operation: &Operation) -> Result<()> {
        let Some(item::On::Primitive(primitive)) = operation.on else {
            return self.on_unknown_primitive(step, operation);
        };
        let Operation { kind, detail, .. } = *operation;
        match (kind.call(), kind.outcome()) {
            (Call::BarrierWait, Outcome::Pending) if self.primitives[primitive].is_last(detail) => {
                self.arrive_last(step, operation, primitive)
            }
            (_, Outcome::Pending) => self.begin_wait(step, operation),
            (_, Outcome::Acquired) => self.acquire(step, operation, primitive),
            (Call::Unlock | Call::ReadUnlock | Call::WriteUnlock | Call::Downgrade, _) => {
                self.let_go(step, operation, primitive)
            }
            (Call::NotifyOne | Call::NotifyAll, _) => self.notify(step, operation, primitive),
            (Call::CondvarWait | Call::CondvarWaitTimeout, outcome) => {
                let arrow = match outcome {
                    Outcome::Done => {
                        self.primitives[primitive].arrow_from_notification(detail, step.time)
                    }
                    _ => None,
                };
                let wait = self.take_wait(step, operation);
                let arrow = arrow.filter(|_| wait.is_some());
                self.over(step, operation, wait.as_ref(), arrow)
            }
            (Call::BarrierWait, _) => {
                if self.is_told(step, operation, primitive) {
                    return Ok(());
                }
                let wait = self.take_wait(step, operation);
                let primitive = &mut self.primitives[primitive];
                let arrow = wait.and_then(|wait| primitive.arrow_from_arrival(&wait, step.time));
                self.over(step, operation, wait.as_ref(), arrow)
            }
            (Call::Initializer, _) => self.begin_initializer(step, operation, primitive),
            (Call::Initialize, _) => self.initialized(step, operation, primitive),
            _ => self.over(step, operation, None, None),
        }
    }

    /// Of a primitive of which nothing is known there is only what its thread does.
    fn on_unknown_primitive(&mut self, step: &Step, operation: &Operation) -> Result<()> {
        if operation.kind.outcome() == Outcome::Pending {
            return self.begin_wait(step, operation);
        }
        let wait = self.take_wait(step, operation);
        self.over(step, operation, wait.as_ref(), None)
    }

    /// Whether the end of this operation is told already.
    fn is_told(&mut self, step: &Step, operation: &Operation, primitive: usize) -> bool {
        let end = (operation.kind.call(), primitive);
        self.threads[step.thread].told.take_if(|told| *told == end).is_some()
    }

    fn acquire(&mut self, step: &Step, operation: &Operation, primitive: usize) -> Result<()> {
        let turn = Turn(operation.detail).count();
        let shared = matches!(operation.kind.call(), Call::Read | Call::TryRead);
        let wait = self.take_wait(step, operation);
        let arrow = match wait {
            Some(_) => self.arrow_from_release(step, primitive, turn, shared)?,
            None => None,
        };
        // What has not been seen to be let go was.
        let is_over = |hold: &Hold| !shared || (!hold.shared && hold.turn <= turn);
        self.end_holds_of(primitive, step.time, is_over)?;
        self.over(step, operation, wait.as_ref(), arrow)?;
        self.hold(step, operation.site, primitive, turn, shared);
        Ok(())
    }

    fn hold(
        &mut self,
        step: &Step,
        site: Option<usize>,
        primitive: usize,
        turn: u64,
        shared: bool,
    ) {
        let Step { time: begin, thread, .. } = *step;
        let state = &mut self.primitives[primitive];
        state.go_on_to(begin);
        let (lane, waited) = (state.lanes.take(begin), state.waited);
        state.holds.push(Hold { thread, shared, lane, begin, site, turn, waited, paused: None });
    }

    /// The arrow to what this acquisition has waited for, which is told now.
    fn arrow_from_release(
        &mut self,
        step: &Step,
        primitive: usize,
        turn: u64,
        shared: bool,
    ) -> Result<Option<Arrow>> {
        let state = &mut self.primitives[primitive];
        // Who reads has the turn of the last who wrote.
        let before = if shared { turn } else { turn.saturating_sub(1) };
        let Some(release) = state.release.as_mut().filter(|release| release.turn == before) else {
            return Ok(None);
        };
        if let Some(slice) = release.slice.take() {
            // Others that wait to read may be allowed to by the same release.
            let arrows = if shared { state.waiting + 1 } else { 1 };
            let first = self.arrows + 1;
            self.arrows += arrows as u64;
            release.source.arrows = first..self.arrows + 1;
            let arrow = release.source.from();
            (self.tell)(&Item::Slice(Slice { arrow, ..slice }))?;
        }
        Ok(release.source.arrow_to(step.time))
    }

    fn let_go(&mut self, step: &Step, operation: &Operation, primitive: usize) -> Result<()> {
        let Operation { kind, detail, site, .. } = *operation;
        let turn = Turn(detail).count();
        let shared = kind.call() == Call::ReadUnlock;
        let mut slice = operation.instant(step);
        let is = |hold: &Hold| (hold.thread, hold.shared, hold.turn) == (step.thread, shared, turn);
        match self.primitives[primitive].holds.iter().position(is) {
            Some(place) => self.end_hold(primitive, place, Some(step.time), true)?,
            None => slice.note = "lock not recorded",
        }
        if kind.call() == Call::Downgrade {
            self.hold(step, site, primitive, turn, true);
        }
        let source = Source { time: step.time, count: turn, arrows: 0..0 };
        let release = Release { turn, slice: Some(slice), source };
        let before = self.primitives[primitive].release.replace(release);
        match before.and_then(|before| before.slice) {
            Some(slice) => self.slice(slice),
            None => Ok(()),
        }
    }

    /// Ends what is held of this lock without having been seen to be let go.
    fn end_holds_of(
        &mut self,
        primitive: usize,
        time: u64,
        is_over: impl Fn(&Hold) -> bool,
    ) -> Result<()> {
        while let Some(place) = self.primitives[primitive].holds.iter().position(&is_over) {
            let end = self.primitives[primitive].holds[place].paused.unwrap_or(time);
            self.end_hold(primitive, place, Some(end), false)?;
        }
        Ok(())
    }

    fn end_hold(
        &mut self,
        primitive: usize,
        place: usize,
        end: Option<u64>,
        seen: bool,
    ) -> Result<()> {
        let state = &mut self.primitives[primitive];
        let hold = state.holds.remove(place);
        let Hold { thread, shared, lane, begin, site, turn, .. } = hold;
        // Where something is missing, an end can seem to be before the begin.
        let end = end.map(|end| end.max(begin));
        let process = self.recording.entities.primitives[primitive].process;
        let recorded_until = self.recording.entities.processes[process].recorded_until;
        let until = end.unwrap_or(recorded_until);
        state.go_on_to(until);
        state.lanes.give_back(lane, until);
        let others_waited = state.waited - hold.waited;
        (self.tell)(&Item::Hold(item::Hold {
            primitive,
            thread,
            shared,
            lane,
            begin,
            end,
            seen,
            site,
            turn,
            others_waited,
        }))
    }

    /// What was held in this process may have been let go while the recording paused.
    pub(super) fn holds_outlast(&mut self, process: usize, paused: u64) {
        for (state, facts) in self.primitives.iter_mut().zip(&self.recording.entities.primitives) {
            if facts.process == process {
                for hold in &mut state.holds {
                    hold.paused.get_or_insert(paused);
                }
            }
        }
    }

    /// What is held when the recording is over, and what is not told yet.
    pub(super) fn end_holds(&mut self) -> Result<()> {
        for primitive in 0..self.primitives.len() {
            let release = self.primitives[primitive].release.take();
            if let Some(slice) = release.and_then(|release| release.slice) {
                self.slice(slice)?;
            }
            while let Some(hold) = self.primitives[primitive].holds.first() {
                let paused = hold.paused;
                self.end_hold(primitive, 0, paused, false)?;
            }
        }
        Ok(())
    }

    fn notify(&mut self, step: &Step, operation: &Operation, primitive: usize) -> Result<()> {
        let waiting = self.primitives[primitive].waiting;
        let one = operation.kind == OperationKind::NotifyOne;
        let woken = if one { waiting.min(1) } else { waiting };
        let source = self.source(step.time, operation.detail, woken);
        let arrow = source.from();
        if arrow.is_some() {
            let notifications = &mut self.primitives[primitive].notifications;
            notifications.push_back(source);
            // Older ones than there are threads to wake have woken whom they could.
            if notifications.len() > waiting {
                notifications.pop_front();
            }
        }
        self.over(step, operation, None, arrow)
    }

    fn arrive_last(&mut self, step: &Step, operation: &Operation, primitive: usize) -> Result<()> {
        self.end_wait(step.thread)?;
        let waiting = self.primitives[primitive].waiting;
        let source = self.source(step.time, operation.detail, waiting);
        let arrow = source.from();
        self.primitives[primitive].arrival = Some(source);
        self.threads[step.thread].told = Some((Call::BarrierWait, primitive));
        self.slice(Slice { arrow, note: "last to arrive", ..operation.instant(step) })
    }

    fn begin_initializer(
        &mut self,
        step: &Step,
        operation: &Operation,
        primitive: usize,
    ) -> Result<()> {
        let wait = self.waits[step.thread]
            .take_if(|wait| wait.call() == Call::Initialize && wait.operation.on == operation.on);
        if let Some(wait) = wait {
            self.is_over(step.thread, &wait, step.time);
            // It has waited if another has tried before it, and failed.
            let before = &self.primitives[primitive].initialized;
            if before.as_ref().is_some_and(|before| before.time > wait.begin) {
                self.waited(step.thread, &wait, None, Some(step.time))?;
            }
        }
        self.primitives[primitive].initializer = Some(step.thread);
        self.enter(step, Frame::initializer(step, operation))
    }

    fn initialized(&mut self, step: &Step, operation: &Operation, primitive: usize) -> Result<()> {
        if self.primitives[primitive].initializer == Some(step.thread) {
            return self.end_initializer(step.thread, primitive, step.time);
        }
        if self.is_told(step, operation, primitive) {
            return Ok(());
        }
        let wait = self.take_wait(step, operation);
        if wait.is_some()
            && let Some(thread) = self.primitives[primitive].initializer
        {
            // That it has waited says that the initialiser is over, and its thread will not
            // have done anything since.
            let state = &mut self.primitives[primitive];
            state.waiting += 1;
            let over = step.time.saturating_sub(1).max(self.threads[thread].latest);
            self.end_initializer(thread, primitive, over)?;
            self.primitives[primitive].waiting -= 1;
            self.threads[thread].told = Some((Call::Initialize, primitive));
        }
        let initialized = self.primitives[primitive].initialized.as_mut();
        let arrow = wait.and(initialized).and_then(|source| source.arrow_to(step.time));
        self.over(step, operation, wait.as_ref(), arrow)
    }

    fn end_initializer(&mut self, thread: usize, primitive: usize, time: u64) -> Result<()> {
        let waiting = self.primitives[primitive].waiting;
        let source = self.source(time, 0, waiting);
        self.primitives[primitive].initializer = None;
        let frames = &self.threads[thread].frames;
        if let Some(place) = frames.iter().rposition(|frame| frame.initializes(primitive)) {
            self.leave(thread, place, time, Some(&source))?;
            self.primitives[primitive].initialized = Some(source);
        }
        Ok(())
    }
}
