//! Notices that a program hangs, while it does.
//!
//! A program hangs when every thread of it waits for another, without a limit in time, and none
//! of them can go on. Nobody looks at a program in which something happens: first it must
//! have recorded nothing for a while, and the system must say that all its threads sleep until
//! another thread wakes them. Only then is what it has recorded [analysed](crate::analysis), once
//! for each time that it falls silent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::analysis::findings::{self, Certainty, Finding};
use crate::analysis::wait_for::State;
use crate::analysis::{Outsiders, analyse};
use crate::reading::Recording;

mod tasks;

pub use tasks::{Sleep, Task, tasks};

/// What to do about a program that hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnDeadlock {
    /// Say so, and leave it as it is
    #[default]
    Wait,
    /// Say so, and end it
    Kill,
}

/// So long nothing must have happened.
const SILENCE: Duration = Duration::from_secs(1);
/// How often processes are looked at, at most.
const PAUSE: Duration = Duration::from_millis(250);
/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 50;

/// Which processes have fallen silent.
#[derive(Debug)]
pub struct Silence {
    processes: HashMap<u32, Silent>,
    next_look: Instant,
}

/// A process that may be silent.
#[derive(Clone, Copy, Debug)]
struct Silent {
    /// How far it is.
    progress: u64,
    since: Instant,
    /// Whether it has been suspected at this point.
    suspected: bool,
}

impl Silence {
    /// Nobody has been looked at.
    pub fn new(now: Instant) -> Self {
        Silence { processes: HashMap::new(), next_look: now + PAUSE }
    }

    /// Whether it is time to look.
    pub fn is_due(&self, now: Instant) -> bool {
        self.next_look <= now
    }

    /// Takes in how far each process is; `now` is when the look began and `over` when it had
    /// taken place. Gives those that have been silent for long and not been suspected since.
    pub fn look(&mut self, processes: &[(u32, u64)], now: Instant, over: Instant) -> Vec<u32> {
        self.next_look = over + PAUSE.max(SHARE * over.duration_since(now));
        let mut silent = Vec::new();
        for &(pid, progress) in processes {
            let fresh = Silent { progress, since: now, suspected: false };
            let known = self.processes.entry(pid).or_insert(fresh);
            if known.progress != progress {
                *known = fresh;
            }
            if !known.suspected && now.duration_since(known.since) >= SILENCE {
                silent.push(pid);
            }
        }
        silent
    }

    /// The process is suspected: it is looked at no more until it goes on.
    pub fn suspect(&mut self, pid: u32) {
        if let Some(known) = self.processes.get_mut(&pid) {
            known.suspected = true;
        }
    }

    /// Whether the process has recorded nothing since it was suspected, as far as it was
    /// looked at.
    pub fn is_suspect(&self, pid: u32) -> bool {
        self.processes.get(&pid).is_some_and(|known| known.suspected)
    }
}

/// Whether all of a process's threads sleep until another thread wakes them.
pub fn all_sleep(tasks: &[Task]) -> bool {
    !tasks.is_empty() && tasks.iter().all(|task| task.sleep != Sleep::No)
}

/// Why a process hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Who waits for what, where, and what to change: lines.
    pub text: String,
    /// What is known of threads that are not recorded.
    pub outsiders: Outsiders,
}

/// What there is to say of a process if it hangs: why, who and where. `tasks` are its threads as
/// the system knows them; those that are not in the recording might wake another.
///
/// # Errors
/// The recording cannot be read.
pub fn diagnose(recording: &Recording, pid: u32, tasks: &[Task]) -> Result<Option<Diagnosis>> {
    let entities = &recording.entities;
    let mut analysis = analyse(recording, Outsiders::Unknown)?;
    let standings = analysis.wait_for.threads.iter().enumerate();
    let alive: Vec<_> = standings
        .filter(|(_, standing)| entities.processes[standing.process].pid == pid)
        .filter(|(_, standing)| standing.state != State::Over)
        .map(|(thread, _)| thread)
        .collect();
    let known = |task: &Task| {
        alive.iter().any(|&at| entities.threads.get(at).is_some_and(|at| at.os_id == task.id))
    };
    let unknown = tasks.iter().filter(|task| !known(task)).count();
    analysis.outsiders = if unknown == 0 { Outsiders::None } else { Outsiders::Some };
    let (stuck, _) = analysis.stuck();
    if !alive.iter().all(|thread| stuck.contains(thread)) {
        return Ok(None);
    }
    let mut findings = findings::find(&analysis);
    findings.retain(|finding| {
        finding.code.is_hang() && finding.threads.iter().any(|thread| alive.contains(thread))
    });
    let lines: Vec<_> = findings.iter().map(|finding| line(finding, unknown)).collect();
    let outsiders = analysis.outsiders;
    Ok((!lines.is_empty()).then(|| Diagnosis { text: lines.join("\n"), outsiders }))
}

/// A finding, and what there is to doubt in it.
fn line(finding: &Finding, unknown: usize) -> String {
    let mut line = finding.headline();
    if let Certainty::Likely { certain_if } = &finding.certainty {
        line += &format!("\n  likely; certain if {certain_if}");
        if unknown > 0 {
            let are = if unknown == 1 { "is" } else { "are" };
            line += &format!(" ({unknown} of its threads {are} not recorded)");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Silence::look`] finds at these times, in milliseconds, for the progress of one
    /// process.
    fn looks(progress: &[(u64, u64)]) -> Vec<u64> {
        let begin = Instant::now();
        let mut silence = Silence::new(begin);
        let mut found = Vec::new();
        for &(time, progress) in progress {
            let now = begin + Duration::from_millis(time);
            for pid in silence.look(&[(7, progress)], now, now) {
                silence.suspect(pid);
                found.push(time);
            }
        }
        found
    }

    #[test]
    fn silence_is_noticed_once() {
        let still = [(0, 5), (250, 5), (999, 5), (1000, 5), (1250, 5), (9000, 5)];
        assert_eq!(looks(&still), [1000]);
    }

    #[test]
    fn who_goes_on_is_not_silent() {
        let on = [(0, 5), (500, 6), (1000, 7), (1500, 8), (2000, 9)];
        assert_eq!(looks(&on), [0; 0]);
        // A number that was there before is progress, too.
        assert_eq!(looks(&[(0, 5), (500, 6), (1000, 5), (1999, 5)]), [0; 0]);
        let twice = [(0, 5), (1000, 5), (1500, 6), (2499, 6), (2500, 6), (4000, 6)];
        assert_eq!(looks(&twice), [1000, 2500]);
    }

    #[test]
    fn processes_are_told_apart() {
        let begin = Instant::now();
        let at = |time| begin + Duration::from_millis(time);
        let mut silence = Silence::new(begin);
        assert_eq!(silence.look(&[(7, 1), (8, 1)], at(0), at(0)), [0; 0]);
        assert_eq!(silence.look(&[(7, 1), (8, 2)], at(1000), at(1000)), [7]);
        // Not suspected, and so silent still.
        assert_eq!(silence.look(&[(7, 1), (8, 2)], at(2000), at(2000)), [7, 8]);
        silence.suspect(8);
        assert!(silence.is_suspect(8) && !silence.is_suspect(7) && !silence.is_suspect(9));
    }

    #[test]
    fn what_takes_long_is_done_seldom() {
        let begin = Instant::now();
        let mut silence = Silence::new(begin);
        assert!(!silence.is_due(begin));
        assert!(silence.is_due(begin + PAUSE));
        let over = begin + Duration::from_millis(20);
        silence.look(&[], begin, over);
        assert!(!silence.is_due(over + Duration::from_millis(999)));
        assert!(silence.is_due(over + Duration::from_millis(1000)));
    }

    #[test]
    fn one_that_is_awake_is_enough() {
        let task = |sleep| Task { id: 1, sleep };
        assert!(all_sleep(&[task(Sleep::ForThread), task(Sleep::Unknown)]));
        assert!(!all_sleep(&[task(Sleep::ForThread), task(Sleep::No)]));
        assert!(!all_sleep(&[]));
    }
}
