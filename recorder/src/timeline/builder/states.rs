//! What each thread is at: it runs, waits, sleeps, or nobody knows.
//!
//! - A thread's states follow each other without a gap, from its first deed to its last; where its
//!   end was not recorded, to that of its process.
//! - It waits where a slice of a wait says so, and runs in between: the system may have suspended
//!   it, or it reads from a file.
//! - While the recording pauses, it is not known to run.

use anyhow::Result;
use format::Call;

use super::Stage;
use crate::timeline::item::{Activity, Item, State};

/// The states of a thread, as far as they are known.
#[derive(Default)]
pub(super) struct Line {
    /// Until when they are told, if there are any.
    told: Option<u64>,
    /// Which of them is not told yet: what follows may be the same.
    newest: Option<(u64, Option<u64>, Activity)>,
    /// Whether its thread has ended.
    ended: bool,
}

impl Line {
    #[inline]
    pub(super) fn begin(&mut self, time: u64) {
        self.told.get_or_insert(time);
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}

/// What a thread is at that waits in this call.
pub(super) fn activity(call: Call) -> Activity {
    match call {
        Call::Send | Call::TrySend => Activity::Send,
        // A select usually receives.
        Call::Recv | Call::TryRecv | Call::RecvTimeout | Call::Select => Activity::Recv,
        Call::CondvarWait | Call::CondvarWaitTimeout => Activity::Condvar,
        Call::BarrierWait => Activity::Barrier,
        Call::Initialize | Call::Initializer => Activity::Initialize,
        Call::Join => Activity::Join,
        Call::Scope => Activity::Scope,
        Call::Park | Call::ParkTimeout => Activity::Park,
        Call::Sleep => Activity::Asleep,
        _ => Activity::Lock,
    }
}

impl Stage<'_> {
    /// The thread is not known to run between these times.
    pub(super) fn be(
        &mut self,
        thread: usize,
        begin: u64,
        end: Option<u64>,
        activity: Activity,
    ) -> Result<()> {
        let Some(told) = self.threads[thread].line.told else { return Ok(()) };
        if let Some((_, until, of)) = &mut self.threads[thread].line.newest
            && *of == activity
            && until.is_some_and(|until| begin <= until)
        {
            *until = end.map(|end| until.map_or(end, |until| until.max(end)));
            return Ok(());
        }
        let told = self.tell_newest(thread, told)?;
        let begin = begin.max(told);
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        self.tell_state(thread, told, Some(begin), Activity::Running)?;
        let line = &mut self.threads[thread].line;
        (line.told, line.newest) = (Some(begin), Some((begin, end, activity)));
        Ok(())
    }

    /// Gives until when the thread's states are told now.
    fn tell_newest(&mut self, thread: usize, told: u64) -> Result<u64> {
        let line = &mut self.threads[thread].line;
        let Some((begin, end, activity)) = line.newest.take() else { return Ok(told) };
        let told = end.unwrap_or(u64::MAX);
        line.told = Some(told);
        self.tell_state(thread, begin, end, activity)?;
        Ok(told)
    }

    fn tell_state(
        &mut self,
        thread: usize,
        begin: u64,
        end: Option<u64>,
        activity: Activity,
    ) -> Result<()> {
        if end.is_some_and(|end| end <= begin) {
            return Ok(());
        }
        (self.tell)(&Item::State(State { thread, begin, end, activity }))
    }

    /// The recording of this process has paused between these times.
    pub(super) fn be_unknown(&mut self, process: usize, paused: u64, resumed: u64) -> Result<()> {
        for thread in 0..self.threads.len() {
            // A wait that goes on says what it was at meanwhile.
            if self.process(thread) == process && self.waits[thread].is_none() {
                let until = resumed.min(self.line_end(thread));
                self.be(thread, paused, Some(until), Activity::NotRecorded)?;
            }
        }
        Ok(())
    }

    /// When a thread's states end, as far as that is known.
    fn line_end(&self, thread: usize) -> u64 {
        if self.threads[thread].line.ended {
            return self.threads[thread].latest;
        }
        let entities = &self.recording.entities;
        let ended = entities.processes[self.process(thread)].ended;
        ended.map_or(entities.end, |ended| ended.time).max(self.threads[thread].latest)
    }

    /// The states that are left when the recording is over.
    pub(super) fn end_states(&mut self) -> Result<()> {
        for thread in 0..self.threads.len() {
            if let Some(told) = self.threads[thread].line.told {
                let told = self.tell_newest(thread, told)?;
                let end = self.line_end(thread);
                self.tell_state(thread, told, Some(end), Activity::Running)?;
            }
        }
        Ok(())
    }
}
