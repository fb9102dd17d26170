//! Threads: how they begin and end, and how they wait for each other.
//!
//! A thread's end is where the function is over that it was spawned with; that of a thread of
//! which nobody knows is where its thread-local destructors have run.

use std::sync::Arc;

use anyhow::Result;
use format::{Call, MessageId, Phase};

use super::spans::Frame;
use super::states::Line;
use super::{Operation, Source, Stage, words};
use crate::ordering::Step;
use crate::reading::Deed;
use crate::reading::catalog::Index;
use crate::timeline::item::{Arrow, On, PANIC, Slice};

#[derive(Default)]
pub(super) struct Thread {
    /// What it is at.
    pub(super) line: Line,
    /// When it did something last.
    pub(super) latest: u64,
    /// What it has entered and not left, the innermost last.
    pub(super) frames: Vec<Frame>,
    /// The message that it is about to send, in words.
    pub(super) value: Option<(MessageId, Arc<str>)>,
    /// When it has received a message last, and how many it has sent since.
    pub(super) received: Option<(u64, u32)>,
    /// The operation and primitive of which the end is told already.
    pub(super) told: Option<(Call, usize)>,
    /// Where it was spawned.
    spawned: Option<Source>,
    /// Where it ended.
    ended: Option<Source>,
    /// Where it was allowed to go on before or while it parks.
    unparked: Option<Source>,
}

impl Stage<'_> {
    /// An operation on a thread, or on none.
    pub(super) fn thread_operation(&mut self, step: &Step, operation: &Operation) -> Result<()> {
        let call = operation.kind.call();
        if operation.kind.phase() == Phase::Begin {
            return self.begin_wait(step, operation);
        }
        let other = match operation.on {
            Some(On::Thread(other)) => Some(other),
            _ => None,
        };
        match (call, other) {
            (Call::Spawn | Call::Unpark, Some(other)) => {
                let source = self.source(step.time, 0, 1);
                let arrow = source.from();
                let of = &mut self.threads[other];
                let place = if call == Call::Spawn { &mut of.spawned } else { &mut of.unparked };
                *place = Some(source);
                self.over(step, operation, None, arrow)
            }
            (Call::Join, Some(other)) => {
                let wait = self.take_wait(step, operation);
                let ended = self.threads[other].ended.as_mut();
                let arrow = ended.and_then(|ended| ended.arrow_to(step.time));
                self.over(step, operation, wait.as_ref(), arrow)
            }
            (Call::Park | Call::ParkTimeout, _) => {
                let wait = self.take_wait(step, operation);
                let unparked = self.threads[step.thread].unparked.take();
                let arrow = unparked.and_then(|mut unparked| unparked.arrow_to(step.time));
                self.over(step, operation, wait.as_ref(), arrow)
            }
            // A thread that sleeps waits for nobody, and wakes by itself.
            (Call::Sleep, _) => match self.take_wait(step, operation) {
                Some(wait) => self.waited(step.thread, &wait, None, Some(step.time)),
                None => self.over(step, operation, None, None),
            },
            _ => {
                let wait = self.take_wait(step, operation);
                self.over(step, operation, wait.as_ref(), None)
            }
        }
    }

    /// A thread begins, panics or ends.
    pub(super) fn thread_goes_on(&mut self, step: &Step) -> Result<()> {
        let Step { time, thread, .. } = *step;
        if matches!(step.deed, Deed::Returned { .. } | Deed::ThreadEnded) {
            self.threads[thread].line.end();
        }
        match step.deed {
            Deed::ThreadStarted => {
                let spawned = self.threads[thread].spawned.as_mut();
                let arrow = spawned.and_then(|spawned| spawned.arrow_to(time));
                let spawned = self.recording.entities.threads[thread].spawned;
                let site = spawned.and_then(|spawned| spawned.site).map(Index::get);
                self.slice(Slice { arrow, site, ..Slice::instant(thread, time, "start") })
            }
            Deed::Panicked { site } => {
                let (site, words) = (site.map(Index::get), words(step));
                self.slice(Slice { site, words, ..Slice::instant(thread, time, PANIC) })
            }
            Deed::Returned { panicked } => {
                let source = self.source(time, 0, 1);
                let arrow = source.from();
                self.threads[thread].ended = Some(source);
                self.end_thread(step, if panicked { "panicked" } else { "" }, arrow)
            }
            // Nobody joins a thread that nobody knows to have been spawned.
            Deed::ThreadEnded if self.threads[thread].ended.is_none() => {
                self.end_thread(step, "", None)
            }
            _ => Ok(()),
        }
    }

    fn end_thread(&mut self, step: &Step, note: &'static str, arrow: Option<Arrow>) -> Result<()> {
        let Step { time, thread, .. } = *step;
        self.close_frames(thread, time)?;
        self.slice(Slice { arrow, note, ..Slice::instant(thread, time, "end") })
    }
}
