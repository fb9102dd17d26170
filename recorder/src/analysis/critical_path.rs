//! The critical path: the chain of work and waits that determined how long a run took.
//!
//! Seen from the end of the run, the path stays with a thread as long as that did not wait. Where
//! the thread waited, the path continues with the thread that ended the wait. Here it is followed
//! forwards: each thread carries the totals of the path that leads to its present state, and takes
//! over those of another thread when that ends its wait. So no events need to be kept.
//!
//! Source: C. Q. Yang and B. P. Miller, "Critical Path Analysis for the Execution of Parallel and
//! Distributed Programs", ICDCS 1988.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use typed_index_collections::TiVec;

use super::path_pieces::{Piece, Pieces};
use crate::reading::catalog::{Catalog, ChannelIndex, Target, ThreadIndex};
use crate::reading::{self, Nanos};
use crate::replay::{Cause, Completed, Listener, RunState, Transition};

/// What the critical path consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The thread did not wait: it worked, or did something that is not recorded.
    Running(ThreadIndex),
    /// The thread was observed to be blocked in something that is not recorded, such as a file.
    Blocked(ThreadIndex),
    /// The thread slept.
    Sleeping(ThreadIndex),
    /// The thread waited, and no thread of the recording is known to have ended the wait: its timeout
    /// expired, or the recording does not contain what ended it.
    Waiting(ThreadIndex),
    /// The recording paused.
    Paused,
    /// The time from the moment in which a wait for this was ended until its thread went on.
    HandOff(Option<Target>),
}

/// The time that the critical path spent in segments of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathPart {
    /// The kind.
    pub segment: Segment,
    /// How long in all.
    pub time: Nanos,
    /// How many segments.
    pub count: u64,
}

/// Where the time of a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// Its parts: the longest first.
    pub parts: Vec<PathPart>,
    /// The channels at which senders on the path waited for room, and how long in all. With more
    /// room, the run would have been shorter by at most that.
    pub full: Vec<(ChannelIndex, Nanos)>,
    pieces: Pieces,
}

/// Maximum number of parts. Beyond it the shortest are left out.
const MAX_PARTS: usize = 256;

/// Segments that are shorter than this part of the run are joined in [`CriticalPath::pieces`].
const RESOLUTIONS: u64 = 1024;

impl CriticalPath {
    fn add(&mut self, segment: Segment, span: Option<Span>) {
        let Some(Span { thread, begin, end, time, paused, resolution }) = span else { return };
        self.add_part(segment, time);
        if paused > Nanos::ZERO {
            self.add_part(Segment::Paused, paused);
        }
        let main = if paused > time { Segment::Paused } else { segment };
        self.pieces.push(Piece::new(thread, main, begin, end), resolution);
    }

    fn add_part(&mut self, segment: Segment, time: Nanos) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.segment == segment) {
            part.time += time;
            part.count += 1;
            return;
        }
        let part = PathPart { segment, time, count: 1 };
        if self.parts.len() < MAX_PARTS {
            self.parts.push(part);
        } else if let Some(shortest) = self.parts.iter_mut().min_by_key(|part| part.time)
            && shortest.time < time
        {
            *shortest = part;
        }
    }

    fn add_full(&mut self, channel: ChannelIndex, time: Nanos) {
        let has_room = self.full.len() < MAX_PARTS;
        match self.full.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, sum)) => *sum += time,
            None if has_room => self.full.push((channel, time)),
            None => {}
        }
    }

    /// Its pieces in the order of time.
    pub fn pieces(&self) -> Vec<Piece> {
        self.pieces.list()
    }

    /// Its length.
    pub fn length(&self) -> Nanos {
        self.parts.iter().map(|part| part.time).sum()
    }

    /// The time that it spent in one kind of segment.
    pub fn time_in(&self, segment: Segment) -> Nanos {
        let part = self.parts.iter().find(|part| part.segment == segment);
        part.map_or(Nanos::ZERO, |part| part.time)
    }

    /// The time from the moments in which waits were ended until their threads went on.
    pub fn handed_off(&self) -> Nanos {
        let hand_offs = self.parts.iter().filter(|it| matches!(it.segment, Segment::HandOff(_)));
        hand_offs.map(|part| part.time).sum()
    }

    /// The time in which each thread ran on it, the longest first. A thread that took no time to
    /// run would shorten the run by at most that.
    pub fn by_thread(&self) -> Vec<(ThreadIndex, Nanos)> {
        let mut threads: BTreeMap<ThreadIndex, Nanos> = BTreeMap::new();
        for part in &self.parts {
            if let Segment::Running(thread) = part.segment {
                *threads.entry(thread).or_default() += part.time;
            }
        }
        let mut threads: Vec<_> = threads.into_iter().collect();
        threads.sort_by_key(|&(thread, time)| (Reverse(time), thread));
        threads
    }

    /// The longest part in which a thread sleeps, waits for no recorded thread, or is blocked
    /// elsewhere, if no thread runs for longer: a faster thread would not shorten the run by much.
    pub fn idle(&self) -> Option<PathPart> {
        let is_idle = |part: &&PathPart| {
            matches!(part.segment, Segment::Sleeping(_) | Segment::Waiting(_) | Segment::Blocked(_))
        };
        let longest = self.parts.iter().filter(is_idle).max_by_key(|part| part.time)?;
        let runs = self.by_thread().first().map_or(Nanos::ZERO, |&(_, time)| time);
        (longest.time > runs).then_some(*longest)
    }

    /// Becomes a copy of `other` when that was shorter.
    fn copy_from(&mut self, other: &CriticalPath, shorter_by: Nanos) {
        self.parts.clone_from(&other.parts);
        self.full.clone_from(&other.full);
        self.pieces.clone_from(&other.pieces);
        let length = self.length();
        if shorter_by > Nanos::ZERO && length > Nanos::ZERO {
            // Which of its parts were shorter is not known any more.
            let cut = u128::from(shorter_by.min(length).get());
            for PathPart { time, .. } in &mut self.parts {
                let cut = u128::from(time.get()) * cut / u128::from(length.get());
                *time = time.since(Nanos::new(cut as u64));
            }
        }
    }
}

/// A stretch of a path.
#[derive(Clone, Copy, Debug)]
struct Span {
    thread: ThreadIndex,
    begin: Nanos,
    end: Nanos,
    /// How long it was recorded.
    time: Nanos,
    /// How long the recording paused in it.
    paused: Nanos,
    /// Shorter pieces of the path are joined.
    resolution: Nanos,
}

/// The path that leads to the present state of a thread.
#[derive(Clone, Debug, Default)]
struct PathTo {
    /// Up to `since`.
    path: CriticalPath,
    /// From then on the thread has been running, or waits.
    since: Nanos,
    before: Before,
}

/// The state of a [`PathTo`] before the thread last waited.
#[derive(Clone, Debug, Default)]
struct Before {
    /// Up to `since`.
    path: CriticalPath,
    /// From then on the thread was running.
    since: Nanos,
    /// Until the wait began.
    until: Nanos,
}

/// Makes the spans of paths.
#[derive(Clone, Copy, Debug)]
struct Spans<'a> {
    catalog: &'a Catalog,
    /// Shorter pieces of a path are joined.
    resolution: Nanos,
}

impl Spans<'_> {
    /// The time between these in the process of a thread; `None` if it was over before the recording
    /// is complete.
    fn span(&self, thread: ThreadIndex, begin: Nanos, end: Nanos) -> Option<Span> {
        let complete_from = self.catalog.complete_from;
        if end <= complete_from && complete_from > Nanos::ZERO {
            return None;
        }
        let process = self.catalog.threads[thread].process;
        let begin = begin.max(complete_from);
        let paused = self.catalog.processes[process].pauses.between(begin, end);
        let time = end.since(begin).since(paused);
        Some(Span { thread, begin, end, time, paused, resolution: self.resolution })
    }

    /// Adds the time between these, in which the thread did not wait, to a path.
    fn add_running(&self, path: &mut CriticalPath, thread: ThreadIndex, begin: Nanos, end: Nanos) {
        for (begin, end, is_blocked) in self.catalog.threads[thread].split_by_blocked(begin, end) {
            let segment = if is_blocked { Segment::Blocked } else { Segment::Running };
            path.add(segment(thread), self.span(thread, begin, end));
        }
    }
}

/// Follows the critical paths to all threads.
#[derive(Debug)]
pub struct CriticalPaths<'a> {
    spans: Spans<'a>,
    threads: TiVec<ThreadIndex, PathTo>,
    /// A path that is being made.
    draft: CriticalPath,
}

/// A wait that is over.
#[derive(Clone, Copy, Debug)]
struct Waited {
    begin: Nanos,
    end: Nanos,
    target: Option<Target>,
    /// Whether the thread slept.
    is_asleep: bool,
    cause: Option<Cause>,
    /// The channel in which the thread waited for room.
    full: Option<ChannelIndex>,
}

impl<'a> CriticalPaths<'a> {
    /// The paths at the start of a run with this catalog.
    pub fn new(catalog: &'a Catalog) -> Self {
        let threads = catalog.threads.iter().map(|_| PathTo::default()).collect();
        let resolution = Nanos::new(catalog.length().get() / RESOLUTIONS);
        CriticalPaths {
            spans: Spans { catalog, resolution },
            threads,
            draft: CriticalPath::default(),
        }
    }

    /// Makes the path to the state of `thread` at `time` the draft.
    fn draft_path_to(&mut self, thread: ThreadIndex, time: Nanos) {
        let PathTo { path, since, before } = &self.threads[thread];
        if time >= *since {
            self.draft.copy_from(path, Nanos::ZERO);
            self.spans.add_running(&mut self.draft, thread, *since, time);
        } else if (before.since..=before.until).contains(&time) {
            self.draft.copy_from(&before.path, Nanos::ZERO);
            self.spans.add_running(&mut self.draft, thread, before.since, time);
        } else {
            let complete_from = self.spans.catalog.complete_from;
            let time = time.max(complete_from);
            self.draft.copy_from(path, since.since(time));
            self.draft.pieces.truncate(time);
        }
    }

    fn thread_seen(&mut self, state: &RunState, thread: ThreadIndex, time: Nanos) {
        let process = self.spans.catalog.threads[thread].process;
        let oldest = state.processes[process].main.filter(|&oldest| oldest != thread);
        let cause = match (&state.threads[thread].spawned, oldest) {
            (Some(spawned), _) => {
                // Its first event is its start only if there were no earlier ones.
                let segment = match self.spans.catalog.threads[thread].began_before {
                    true => Segment::Running(thread),
                    false => Segment::HandOff(Some(Target::Thread(thread))),
                };
                Some((spawned.thread, spawned.time, segment))
            }
            // Neither its spawn is recorded nor what it has done so far.
            (None, Some(oldest)) => {
                let last = state.threads[oldest].last.min(time);
                Some((oldest, last, Segment::Running(thread)))
            }
            (None, None) => None,
        };
        if let Some((parent, spawned, segment)) = cause {
            self.draft_path_to(parent, spawned);
            let span = self.spans.span(thread, spawned, time);
            self.draft.add(segment, span);
            std::mem::swap(&mut self.draft, &mut self.threads[thread].path);
        }
        self.threads[thread].since = time;
    }

    fn completed(&mut self, completed: &Completed<'_>) {
        let Completed { time: end, thread, operation, cause, .. } = *completed;
        let Some(wait) = completed.wait else { return };
        let is_asleep = wait.is_sleep();
        let full = operation.channel().filter(|_| operation.call.is_send());
        let target = operation.target;
        self.waited(thread, Waited { begin: wait.begin, end, target, is_asleep, cause, full });
    }

    fn waited(&mut self, thread: ThreadIndex, waited: Waited) {
        let Waited { begin, end, target, is_asleep, cause, full } = waited;
        match cause.filter(|cause| cause.thread != thread && cause.time > begin) {
            None => {
                let wait =
                    if is_asleep { Segment::Sleeping(thread) } else { Segment::Waiting(thread) };
                let PathTo { path, since, .. } = &mut self.threads[thread];
                self.spans.add_running(path, thread, *since, begin);
                path.add(wait, self.spans.span(thread, begin, end));
            }
            Some(cause) => {
                let time = cause.time.min(end);
                self.draft_path_to(cause.thread, time);
                let span = self.spans.span(thread, time, end);
                self.draft.add(Segment::HandOff(target), span);
                if let Some(channel) = full {
                    let process = self.spans.catalog.threads[thread].process;
                    let time = self.spans.catalog.recorded_between(process, begin, time);
                    self.draft.add_full(channel, time);
                }
                let PathTo { path, since, before } = &mut self.threads[thread];
                std::mem::swap(path, &mut before.path);
                std::mem::swap(path, &mut self.draft);
                (before.since, before.until) = (*since, begin);
            }
        }
        self.threads[thread].since = end;
    }

    /// The path to the state of `thread` at `time`.
    pub fn into_path(mut self, thread: ThreadIndex, time: Nanos) -> CriticalPath {
        self.draft_path_to(thread, time);
        let mut path = self.draft;
        path.parts.retain(|part| part.time > Nanos::ZERO);
        path.parts.sort_by_key(|part| (Reverse(part.time), part.segment));
        path.full.sort_by_key(|&(channel, time)| (Reverse(time), channel));
        path
    }
}

impl Listener for CriticalPaths<'_> {
    type Note = ();
    type Error = reading::Error;

    #[inline(always)]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        match transition {
            Transition::Sent { send: completed, .. }
            | Transition::Received { receive: completed, .. }
            | Transition::SendReturned { send: completed }
            | Transition::Completed { completed, .. }
            | Transition::Acquired { acquire: completed, .. }
            | Transition::InitializerStarted { started: completed, .. }
                if completed.wait.is_some() =>
            {
                self.completed(completed);
            }
            &Transition::ThreadSeen { time, thread } => self.thread_seen(state, thread, time),
            &Transition::WaitAbandoned { thread, wait, until: Some(end) } => {
                let (begin, target) = (wait.begin, wait.target());
                let is_asleep = wait.is_sleep();
                let waited = Waited { begin, end, target, is_asleep, cause: None, full: None };
                self.waited(thread, waited);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::catalog::{Process, Thread};

    const AT: fn(u64) -> Nanos = Nanos::new;

    fn thread(index: usize) -> ThreadIndex {
        ThreadIndex::from(index)
    }

    /// The catalog of a process with this number of threads.
    fn catalog(threads: u32) -> Catalog {
        let mut catalog = Catalog::default();
        let process = catalog.processes.push_and_get_key(Process::default());
        catalog.threads.extend((0..threads).map(|number| Thread {
            process,
            number,
            os_id: 0,
            track: 0,
            name: String::new(),
            dropped: 0,
            spawned: None,
            outcome: None,
            samples: Vec::new(),
            blocked: Vec::new(),
            began_before: false,
        }));
        catalog
    }

    /// A wait for a message that `cause` has sent.
    fn waited(begin: u64, end: u64, target: Target, cause: Option<(usize, u64)>) -> Waited {
        let cause =
            cause.map(|(index, time)| Cause { thread: thread(index), time: AT(time), edge: None });
        let target = Some(target);
        Waited { begin: AT(begin), end: AT(end), target, is_asleep: false, cause, full: None }
    }

    fn channel() -> Target {
        Target::Channel(ChannelIndex::from(3))
    }

    #[test]
    fn the_path_continues_with_the_thread_that_ended_the_wait() {
        let catalog = catalog(2);
        let mut paths = CriticalPaths::new(&catalog);
        // 0 waits from 20 for 1, which sends at 70; 0 continues at 75.
        paths.waited(thread(0), waited(20, 75, channel(), Some((1, 70))));
        let path = paths.into_path(thread(0), AT(100));
        assert_eq!(path.length(), AT(100));
        assert_eq!(path.time_in(Segment::Running(thread(0))), AT(25));
        assert_eq!(path.time_in(Segment::Running(thread(1))), AT(70));
        assert_eq!(path.handed_off(), AT(5));
        let pieces = path.pieces();
        let pieces: Vec<_> = pieces.iter().map(|it| (it.thread, it.to.get())).collect();
        assert_eq!(pieces, [(thread(1), 70), (thread(0), 75), (thread(0), 100)]);
    }

    #[test]
    fn the_path_stays_with_a_thread_whose_wait_no_other_ended() {
        let catalog = catalog(1);
        let mut paths = CriticalPaths::new(&catalog);
        paths.waited(thread(0), waited(10, 50, channel(), None));
        let path = paths.into_path(thread(0), AT(60));
        let parts: Vec<_> =
            path.parts.iter().map(|part| (part.segment, part.time.get(), part.count)).collect();
        let expected = [(Segment::Waiting(thread(0)), 40, 1), (Segment::Running(thread(0)), 20, 2)];
        assert_eq!(parts, expected);
    }

    #[test]
    fn the_thread_that_ended_a_wait_may_have_waited_since() {
        let catalog = catalog(3);
        let mut paths = CriticalPaths::new(&catalog);
        // 1 sends to 0 at 30, waits from 40 and is woken by 2 before 0 continues.
        paths.waited(thread(1), waited(40, 60, channel(), Some((2, 55))));
        paths.waited(thread(0), waited(10, 70, channel(), Some((1, 30))));
        let path = paths.into_path(thread(0), AT(80));
        assert_eq!(path.length(), AT(80));
        assert_eq!(path.time_in(Segment::Running(thread(1))), AT(30));
        assert_eq!(path.time_in(Segment::Running(thread(2))), AT(0));
        assert_eq!(path.handed_off(), AT(40));
    }

    #[test]
    fn room_that_was_missing_is_counted_by_channel() {
        let catalog = catalog(2);
        let mut paths = CriticalPaths::new(&catalog);
        let full = Some(ChannelIndex::from(3));
        let waited = Waited { full, ..waited(10, 50, channel(), Some((1, 45))) };
        paths.waited(thread(0), waited);
        let path = paths.into_path(thread(0), AT(50));
        assert_eq!(path.full, [(ChannelIndex::from(3), AT(35))]);
        assert_eq!(path.length(), AT(50));
    }
}
