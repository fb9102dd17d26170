//! The conditions of the runs of an exercise. They delay threads a little, each in its own way, so that
//! a program which works only by chance does not always work.

use std::fmt;
use std::hint;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How long another program computes at a time; then it sleeps.
const BUSY_TIMES: [Duration; 3] =
    [Duration::from_micros(500), Duration::from_millis(3), Duration::from_micros(1500)];
/// How long it sleeps.
const IDLE_TIME: Duration = Duration::from_millis(1);

/// The conditions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Whether the program has only one processor.
    one_processor: bool,
    /// Whether other threads compute on its processors.
    shared: bool,
}

impl Conditions {
    /// The conditions of the run with this number, from 0 on.
    pub fn of_run(number: u32) -> Self {
        let (one_processor, shared) = match number % 4 {
            0 => (false, false),
            1 => (true, false),
            2 => (true, true),
            _ => (false, true),
        };
        Conditions { one_processor, shared }
    }

    /// Calls `function` on a thread under these conditions. A program that it starts inherits them.
    pub fn apply<T: Send>(self, function: impl FnOnce() -> T + Send) -> T {
        let all = processors();
        let processors = if self.one_processor { &all[..all.len().min(1)] } else { &all[..] };
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for &processor in processors.iter().filter(|_| self.shared) {
                let is_over = &is_over;
                scope.spawn(move || compete(processor, is_over));
            }
            let result = scope
                .spawn(|| {
                    if let ([processor], true) = (processors, self.one_processor) {
                        use_only(*processor);
                    }
                    function()
                })
                .join();
            is_over.store(true, Ordering::Relaxed);
            result.unwrap_or_else(|payload| panic::resume_unwind(payload))
        })
    }
}

/// `on one processor, beside another program`, or nothing.
impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.one_processor, self.shared) {
            (false, false) => "",
            (true, false) => "on one processor",
            (true, true) => "on one processor, beside another program",
            (false, true) => "beside other programs",
        })
    }
}

/// The processors that this thread may use.
fn processors() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor)).collect()
}

/// Moves this thread to a processor. Without that, the run is only less varied.
fn use_only(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    let _ = sched_setaffinity(None, &set);
}

/// Computes on a processor, in turns of different lengths.
fn compete(processor: usize, is_over: &AtomicBool) {
    use_only(processor);
    for busy in BUSY_TIMES.iter().cycle() {
        let start = Instant::now();
        while start.elapsed() < *busy {
            hint::spin_loop();
        }
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(IDLE_TIME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_on_one_processor_may_use_no_other() {
        let before = processors();
        let during = Conditions::of_run(2).apply(processors);
        assert_eq!(during, before[..1]);
        assert_eq!(processors(), before);
    }
}
