//! The critical path: the chain of work and waits that determined how long a run took.
//!
//! Walking back from the end, it stays with a thread as long as that did not wait, and where
//! it waited goes on with the thread that ended the wait. Here it is followed forwards: each
//! thread carries the sums of the path that leads to where it is, and takes over those of
//! another whenever that one ends a wait of it. So nothing has to be kept of the events.

use super::wait_for::On;

/// What a stretch of the path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// This thread did not wait: it worked, or did what is not recorded.
    Running(usize),
    /// This thread slept, or waited until its time was over.
    Sleeping(usize),
    /// This thread waited for what nobody in the recording has ended.
    Waiting(usize),
    /// From the moment in which a wait at this ended until its thread went on.
    HandOff(On),
}

/// How long a path spent where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// What the path is made of: part, nanoseconds, and how many stretches.
    pub parts: Vec<(Part, u64, u64)>,
    /// For each channel at which a sender of the path waited for room: how long in all. With
    /// more room the run would have been shorter by at most that.
    pub full: Vec<(usize, u64)>,
}

/// So many parts are told apart; the smallest of more are left out.
const MOST_PARTS: usize = 256;

impl Path {
    fn add(&mut self, part: Part, time: u64) {
        match self.parts.iter().position(|(known, ..)| *known == part) {
            Some(index) => {
                let (_, sum, count) = &mut self.parts[index];
                *sum = sum.saturating_add(time);
                *count += 1;
            }
            None if self.parts.len() < MOST_PARTS => self.parts.push((part, time, 1)),
            None => {
                let least = self.parts.iter_mut().min_by_key(|(_, sum, _)| *sum);
                if let Some(least) = least.filter(|(_, sum, _)| *sum < time) {
                    *least = (part, time, 1);
                }
            }
        }
    }

    fn add_full(&mut self, channel: usize, time: u64) {
        match self.full.iter().position(|(known, _)| *known == channel) {
            Some(index) => self.full[index].1 = self.full[index].1.saturating_add(time),
            None if self.full.len() < MOST_PARTS => self.full.push((channel, time)),
            None => {}
        }
    }

    /// How long it is, in nanoseconds.
    pub fn length(&self) -> u64 {
        self.parts.iter().fold(0, |sum: u64, (_, time, _)| sum.saturating_add(*time))
    }

    /// How long it spent in one part.
    pub fn time_in(&self, part: Part) -> u64 {
        self.parts.iter().find(|(known, ..)| *known == part).map_or(0, |(_, time, _)| *time)
    }

    /// Becomes a copy of `other`, as it was when it was so much shorter.
    fn copy_from(&mut self, other: &Path, shorter: u64) {
        self.parts.clone_from(&other.parts);
        self.full.clone_from(&other.full);
        let length = self.length();
        if shorter > 0 && length > 0 {
            // Where exactly it was shorter is not known any more.
            for (_, time, _) in &mut self.parts {
                let cut = u128::from(*time) * u128::from(shorter.min(length)) / u128::from(length);
                *time -= cut as u64;
            }
        }
    }
}

/// The path that leads to where a thread is.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    /// Up to `since`.
    path: Path,
    /// From then on the thread has been running, or waits.
    since: u64,
    /// Before the thread last waited: the path to where that wait began, when that was, and
    /// since when it had been running.
    before: Path,
    before_until: u64,
    before_since: u64,
}

/// What a wait's end has to do with another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// The thread that ended the wait.
    pub(super) thread: usize,
    /// When it did.
    pub(super) time: u64,
}

/// The trails of all threads.
#[derive(Debug)]
pub(super) struct Trails {
    trails: Vec<Trail>,
    /// Room for a copy.
    copy: Path,
}

impl Trails {
    pub(super) fn new(threads: usize) -> Self {
        Trails { trails: vec![Trail::default(); threads], copy: Path::default() }
    }

    /// Puts the path to where `thread` was at `time` in `self.copy`.
    fn copy_at(&mut self, thread: usize, time: u64) {
        let trail = &self.trails[thread];
        let copy = &mut self.copy;
        if time >= trail.since {
            copy.copy_from(&trail.path, 0);
            copy.add(Part::Running(thread), time - trail.since);
        } else if time <= trail.before_until && time >= trail.before_since {
            copy.copy_from(&trail.before, 0);
            copy.add(Part::Running(thread), time - trail.before_since);
        } else {
            copy.copy_from(&trail.path, trail.since - time);
        }
    }

    /// The thread begins at `time`, because of another thread if the recording tells. `part` is
    /// what happened in between.
    pub(super) fn begin(&mut self, thread: usize, time: u64, part: Part, cause: Option<Cause>) {
        if let Some(cause) = cause {
            self.copy_at(cause.thread, cause.time);
            self.copy.add(part, time.saturating_sub(cause.time));
            std::mem::swap(&mut self.copy, &mut self.trails[thread].path);
        }
        self.trails[thread].since = time;
    }

    /// The thread has waited from `begin` to `end`. `part` is what that is if no other thread
    /// has ended it; a sender has waited for room in the channel `full`.
    pub(super) fn waited(
        &mut self,
        thread: usize,
        (begin, end): (u64, u64),
        part: Part,
        on: On,
        cause: Option<Cause>,
        full: Option<usize>,
    ) {
        let cause = cause.filter(|cause| cause.thread != thread && cause.time > begin);
        let trail = &mut self.trails[thread];
        match cause {
            None => {
                let running = begin.saturating_sub(trail.since);
                trail.path.add(Part::Running(thread), running);
                trail.path.add(part, end.saturating_sub(begin));
            }
            Some(cause) => {
                let time = cause.time.min(end);
                self.copy_at(cause.thread, time);
                self.copy.add(Part::HandOff(on), end.saturating_sub(time));
                if let Some(channel) = full {
                    self.copy.add_full(channel, time.saturating_sub(begin));
                }
                let trail = &mut self.trails[thread];
                std::mem::swap(&mut trail.path, &mut trail.before);
                std::mem::swap(&mut trail.path, &mut self.copy);
                (trail.before_since, trail.before_until) = (trail.since, begin);
            }
        }
        self.trails[thread].since = end;
    }

    /// The path to where the thread was at `time`.
    pub(super) fn into_path(mut self, thread: usize, time: u64) -> Path {
        self.copy_at(thread, time);
        let mut path = self.copy;
        path.parts.retain(|(_, time, _)| *time > 0);
        path.parts.sort_by_key(|&(part, time, _)| (std::cmp::Reverse(time), part));
        path.full.sort_by_key(|&(channel, time)| (std::cmp::Reverse(time), channel));
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(thread: usize, time: u64) -> Option<Cause> {
        Some(Cause { thread, time })
    }

    #[test]
    fn it_goes_on_with_whoever_ended_the_wait() {
        let on = On::Channel(0);
        let mut trails = Trails::new(2);
        trails.begin(0, 0, Part::Running(0), None);
        trails.begin(1, 10, Part::HandOff(On::Thread(1)), cause(0, 5));
        // 0 waits from 20 on for 1, which sends at 70; it goes on at 75.
        trails.waited(0, (20, 75), Part::Waiting(0), on, cause(1, 70), None);
        let path = trails.into_path(0, 100);
        assert_eq!(path.length(), 100);
        assert_eq!(path.time_in(Part::Running(0)), 5 + 25);
        assert_eq!(path.time_in(Part::HandOff(On::Thread(1))), 5);
        assert_eq!(path.time_in(Part::Running(1)), 60);
        assert_eq!(path.time_in(Part::HandOff(on)), 5);
    }

    #[test]
    fn a_wait_that_nobody_ended_stays_with_its_thread() {
        let mut trails = Trails::new(1);
        trails.begin(0, 0, Part::Running(0), None);
        trails.waited(0, (10, 50), Part::Sleeping(0), On::Nothing, None, None);
        let path = trails.into_path(0, 60);
        assert_eq!(path.parts, [(Part::Sleeping(0), 40, 1), (Part::Running(0), 20, 2)]);
    }

    #[test]
    fn the_cause_may_have_waited_since() {
        let on = On::Channel(0);
        let mut trails = Trails::new(3);
        (0..3).for_each(|thread| trails.begin(thread, 0, Part::Running(thread), None));
        // 1 sends to 0 at 30, waits from 40 on and is woken by 2 before 0 is back.
        trails.waited(1, (40, 60), Part::Waiting(1), on, cause(2, 55), None);
        trails.waited(0, (10, 70), Part::Waiting(0), on, cause(1, 30), None);
        let path = trails.into_path(0, 80);
        assert_eq!(path.length(), 80);
        assert_eq!(path.time_in(Part::Running(1)), 30);
        assert_eq!(path.time_in(Part::Running(2)), 0);
        assert_eq!(path.time_in(Part::HandOff(on)), 40);
    }

    #[test]
    fn room_that_was_missing_is_counted_apart() {
        let on = On::Channel(3);
        let mut trails = Trails::new(2);
        (0..2).for_each(|thread| trails.begin(thread, 0, Part::Running(thread), None));
        trails.waited(0, (10, 50), Part::Waiting(0), on, cause(1, 45), Some(3));
        let path = trails.into_path(0, 50);
        assert_eq!(path.full, [(3, 35)]);
        assert_eq!(path.length(), 50);
    }
}
