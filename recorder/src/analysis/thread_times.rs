//! How the life of a thread divides into running, waiting and the rest.

use super::Analysis;
use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;

/// The parts of a thread's life. Together they are its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// It ran on a processor; or, if it was not observed long enough, it did anything that the other
    /// parts are not about.
    pub runs: Nanos,
    /// It was ready to run, and others had the processors; zero if it was not observed.
    pub ready: Nanos,
    /// It was blocked in something that is not recorded, such as a file; zero if it was not
    /// observed.
    pub blocked: Nanos,
    /// It slept.
    pub sleeps: Nanos,
    /// It waited for others.
    pub waits: Nanos,
    /// The recording of its process paused.
    pub paused: Nanos,
}

impl ThreadTimes {
    /// All parts, in the order of the fields.
    pub fn parts(&self) -> [Nanos; 6] {
        [self.runs, self.ready, self.blocked, self.sleeps, self.waits, self.paused]
    }
}

impl std::ops::AddAssign for ThreadTimes {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.ready += other.ready;
        self.blocked += other.blocked;
        self.sleeps += other.sleeps;
        self.waits += other.waits;
        self.paused += other.paused;
    }
}

impl Analysis<'_> {
    /// The parts of a thread's life. The observations of the operating system, if they cover most of
    /// the life, divide the time that it did not wait.
    pub fn times(&self, thread: ThreadIndex) -> ThreadTimes {
        let stats = &self.stats.threads[thread];
        let life = self.life(thread);
        let paused = self.paused(thread).min(life);
        let waits = stats.waited.min(life.since(paused));
        let sleeps = stats.slept.min(life.since(paused).since(waits));
        let rest = life.since(paused).since(waits).since(sleeps);
        let times = ThreadTimes { runs: rest, sleeps, waits, paused, ..ThreadTimes::default() };
        let Some(share) = self.processor_time(thread) else { return times };
        let window = share.to.since(share.from);
        if window.get() < life.get() / 2 {
            return times;
        }
        let of_life = |time: Nanos| {
            let time = u128::from(time.get()) * u128::from(life.get());
            Nanos::new((time / u128::from(window.get().max(1))) as u64)
        };
        let runs = of_life(share.on_cpu).min(rest);
        let ready = of_life(share.ready).min(rest.since(runs));
        ThreadTimes { runs, ready, blocked: rest.since(runs).since(ready), ..times }
    }
}
