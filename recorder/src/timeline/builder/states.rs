//! What each thread does: it runs, waits or sleeps, or is not recorded.
//!
//! - A thread's states follow each other without a gap, from its first event to its last; where its
//!   end is not recorded, to that of its process.
//! - It waits where a slice of a wait says so, and runs in between: the system may have suspended it,
//!   or it reads from a file.
//! - While the recording pauses, it is not known to run.

use super::TimelineBuilder;
use crate::reading::Nanos;
use crate::reading::catalog::{ProcessIndex, ThreadIndex};
use crate::replay::RunState;
use crate::timeline::item::{Activity, Item, State};

/// The states of a thread, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct ThreadStates {
    /// Until when they have been reported.
    pub(super) reported: Option<Nanos>,
    /// The newest state, which is not reported yet: the next one may be the same.
    newest: Option<(Nanos, Option<Nanos>, Activity)>,
    /// Whether the thread has ended.
    pub(super) has_ended: bool,
}

impl<S: FnMut(&Item) -> Result<(), E>, E> TimelineBuilder<'_, S> {
    /// The thread is at something between these times, and does not run.
    pub(super) fn be(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
        activity: Activity,
    ) -> Result<(), E> {
        let states = &mut self.threads[thread].states;
        let Some(reported) = states.reported else { return Ok(()) };
        if let Some((_, until, of)) = &mut states.newest
            && *of == activity
            && until.is_some_and(|until| begin <= until)
        {
            *until = end.map(|end| until.map_or(end, |until| until.max(end)));
            return Ok(());
        }
        let reported = self.report_newest(thread, reported)?;
        let begin = begin.max(reported);
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        self.report(thread, reported, Some(begin), Activity::Running)?;
        let states = &mut self.threads[thread].states;
        (states.reported, states.newest) = (Some(begin), Some((begin, end, activity)));
        Ok(())
    }

    /// Reports the newest state; returns until when the states are reported now.
    fn report_newest(&mut self, thread: ThreadIndex, reported: Nanos) -> Result<Nanos, E> {
        let states = &mut self.threads[thread].states;
        let Some((begin, end, activity)) = states.newest.take() else { return Ok(reported) };
        let reported = end.unwrap_or(Nanos::MAX);
        states.reported = Some(reported);
        self.report(thread, begin, end, activity)?;
        Ok(reported)
    }

    fn report(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
        activity: Activity,
    ) -> Result<(), E> {
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        (self.sink)(&Item::State(State { thread, begin, end, activity }))
    }

    /// The recording of this process has paused between these times. `at_end` says that the
    /// recording is over: no thread waits any more.
    pub(super) fn be_unknown(
        &mut self,
        state: &RunState,
        process: ProcessIndex,
        paused: Nanos,
        resumed: Nanos,
        at_end: bool,
    ) -> Result<(), E> {
        for (thread, facts) in self.catalog.threads.iter_enumerated() {
            // A wait that goes on says what the thread did meanwhile.
            let waits = !at_end && state.threads[thread].wait.is_some();
            if facts.process == process && !waits {
                let until = resumed.min(self.end_of_states(state, thread));
                self.be(thread, paused, Some(until), Activity::NotRecorded)?;
            }
        }
        Ok(())
    }

    /// When a thread's states end, as far as that is known.
    fn end_of_states(&self, state: &RunState, thread: ThreadIndex) -> Nanos {
        let last = state.threads[thread].last;
        if self.threads[thread].states.has_ended {
            return last;
        }
        let ended = self.catalog.processes[self.catalog.threads[thread].process].ended;
        ended.map_or(self.catalog.end, |ended| ended.time).max(last)
    }

    /// Reports the states that are left when the recording is over.
    pub(super) fn end_states(&mut self, state: &RunState) -> Result<(), E> {
        for thread in self.catalog.threads.keys() {
            if let Some(reported) = self.threads[thread].states.reported {
                let reported = self.report_newest(thread, reported)?;
                let end = self.end_of_states(state, thread);
                self.report(thread, reported, Some(end), Activity::Running)?;
            }
        }
        Ok(())
    }
}
