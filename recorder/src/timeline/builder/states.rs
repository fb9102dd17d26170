//! What each thread does: it runs, waits, sleeps, is blocked elsewhere, or is not recorded.
//!
//! - A thread's states follow each other without a gap, from its first event to its last; where its
//!   end is not recorded, to that of its process.
//! - It waits where a slice of a wait says so, and runs in between; or it is blocked elsewhere, where it
//!   was observed not to run.
//! - While the recording of its process pauses, it is not recorded, whatever it does before and after:
//!   a wait that spans a pause is interrupted by it.

use super::{ItemSink, TimelineBuilder};
use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;
use crate::replay::RunState;
use crate::timeline::item::{Activity, Item, State};

/// The states of a thread, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct ThreadStates {
    /// Until when they have been reported.
    pub(super) reported: Option<Nanos>,
    /// The newest state, which is not reported yet: the next one may be the same.
    newest: Option<(Nanos, Option<Nanos>, Activity)>,
    /// The newest time in which it was not recorded, which is not reported yet: it may go on.
    paused: Option<(Nanos, Nanos)>,
}

impl<S: ItemSink> TimelineBuilder<'_, S> {
    /// The thread is at something between these times, and does not run.
    pub(super) fn be(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
        activity: Activity,
    ) -> Result<(), S::Error> {
        let states = &mut self.tracks.threads[thread].states;
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
        self.report_running(thread, reported, Some(begin))?;
        let states = &mut self.tracks.threads[thread].states;
        (states.reported, states.newest) = (Some(begin), Some((begin, end, activity)));
        Ok(())
    }

    /// Reports the newest state; returns until when the states are reported now.
    fn report_newest(&mut self, thread: ThreadIndex, reported: Nanos) -> Result<Nanos, S::Error> {
        let states = &mut self.tracks.threads[thread].states;
        let Some((begin, end, activity)) = states.newest.take() else { return Ok(reported) };
        let reported = end.unwrap_or(Nanos::MAX);
        states.reported = Some(reported);
        self.report(thread, begin, end, activity)?;
        Ok(reported)
    }

    /// Reports that the thread was at nothing that is recorded.
    fn report_running(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
    ) -> Result<(), S::Error> {
        let catalog = self.catalog;
        let end = end.unwrap_or(Nanos::MAX);
        for (begin, end, is_blocked) in catalog.threads[thread].split_by_blocked(begin, end) {
            let end = (end < Nanos::MAX).then_some(end);
            self.report(thread, begin, end, running_or_blocked(is_blocked))?;
        }
        Ok(())
    }

    /// Reports a state, which follows the one before without a gap, and the pauses in it.
    fn report(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
        activity: Activity,
    ) -> Result<(), S::Error> {
        let catalog = self.catalog;
        let pauses = &catalog.processes[catalog.threads[thread].process].pauses;
        let is_before_end = |time: Nanos| end.is_none_or(|end| time < end);
        let mut begin = begin;
        while let Some((paused, resumed)) = pauses.next(begin)
            && is_before_end(begin.max(paused))
        {
            self.state(thread, begin, Some(paused), activity)?;
            let resumed = end.map_or(resumed, |end| end.min(resumed));
            let states = &mut self.tracks.threads[thread].states;
            match &mut states.paused {
                Some((_, until)) => *until = resumed,
                None => states.paused = Some((begin.max(paused), resumed)),
            }
            begin = resumed;
        }
        self.state(thread, begin, end, activity)
    }

    /// Passes a state to the sink, after the pause before it.
    fn state(
        &mut self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Option<Nanos>,
        activity: Activity,
    ) -> Result<(), S::Error> {
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        self.report_pause(thread)?;
        self.sink.take(&Item::State(State { thread, begin, end, activity }))
    }

    fn report_pause(&mut self, thread: ThreadIndex) -> Result<(), S::Error> {
        let Some((begin, end)) = self.tracks.threads[thread].states.paused.take() else {
            return Ok(());
        };
        let (end, activity) = (Some(end), Activity::NotRecorded);
        self.sink.take(&Item::State(State { thread, begin, end, activity }))
    }

    /// The states of a thread that are not reported yet, up to `now`, as far as they are known by
    /// then.
    pub(crate) fn present_states(
        &self,
        state: &RunState,
        thread: ThreadIndex,
        now: Nanos,
        mut pass: impl FnMut(State),
    ) {
        let states = &self.tracks.threads[thread].states;
        let Some(reported) = states.reported else { return };
        let known = &state.threads[thread];
        let process = &self.catalog.processes[self.catalog.threads[thread].process];
        let end = match process.ended {
            _ if known.ended.or(known.returned).is_some() => known.last,
            Some(ended) => ended.time,
            // Another recording, which is read together with that of the thread, may be longer.
            None if process.recorded_until < self.catalog.end => process.recorded_until,
            None => now,
        };
        let end = end.max(known.last).min(now);
        let pauses = &process.pauses;
        if let Some((begin, resumed)) = states.paused {
            let end = Some(resumed.min(end));
            pass(State { thread, begin, end, activity: Activity::NotRecorded });
        }
        let mut pass = |mut begin: Nanos, until: Nanos, activity: Activity| {
            let until = until.min(end);
            while begin < until {
                let (paused, resumed) = pauses.next(begin).unwrap_or((Nanos::MAX, Nanos::MAX));
                let (next, activity) = match paused <= begin {
                    true => (resumed.min(until), Activity::NotRecorded),
                    false => (paused.min(until), activity),
                };
                pass(State { thread, begin, end: Some(next), activity });
                begin = next;
            }
        };
        let mut begin = reported;
        let mut be = |until: Nanos, activity: Activity| {
            match activity {
                Activity::Running => {
                    for (begin, end, is_blocked) in
                        self.catalog.threads[thread].split_by_blocked(begin, until)
                    {
                        pass(begin, end, running_or_blocked(is_blocked));
                    }
                }
                _ => pass(begin, until, activity),
            }
            begin = begin.max(until);
        };
        if let Some((_, until, activity)) = states.newest {
            be(until.unwrap_or(now), activity);
        }
        if let Some(wait) = &known.wait {
            be(wait.begin, Activity::Running);
            be(wait.overtaken.unwrap_or(now), Activity::waiting_in(wait.call()));
        }
        be(Nanos::MAX, Activity::Running);
    }

    /// Reports the states that are left when the recording is over.
    pub(super) fn end_states(&mut self, state: &RunState) -> Result<(), S::Error> {
        for thread in self.catalog.threads.keys() {
            if let Some(reported) = self.tracks.threads[thread].states.reported {
                let reported = self.report_newest(thread, reported)?;
                let end = state.end_of_life(self.catalog, thread);
                self.report_running(thread, reported, Some(end))?;
                self.report_pause(thread)?;
            }
        }
        Ok(())
    }
}

fn running_or_blocked(is_blocked: bool) -> Activity {
    if is_blocked { Activity::BlockedElsewhere } else { Activity::Running }
}
