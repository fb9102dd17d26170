//! Detects that a running program hangs.
//!
//! A program hangs when every thread waits for another, without a timeout, and none can continue.
//! Analysing a recording takes time, so it must first be likely: a process is
//! [analysed](crate::analysis) only after it has recorded nothing for a while and the system
//! reports that all its threads are blocked, and once each time this happens.

use anyhow::Result;

use crate::analysis::findings::{self, Certainty, Finding};
use crate::analysis::wait_for::State;
use crate::analysis::{Outsiders, analyse};
use crate::reading::Recording;

mod stall_detector;
mod tasks;

pub use stall_detector::StallDetector;
pub use tasks::{Blocked, Task, tasks};

/// What to do with a program that hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnDeadlock {
    /// Report it and let the program run
    #[default]
    Wait,
    /// Report it and end the program
    Kill,
}

/// Why a process hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The findings, a line or more for each.
    pub text: String,
    /// Whether some threads are not recorded.
    pub outsiders: Outsiders,
}

/// Whether all of a process's threads are blocked until another thread wakes them.
pub fn all_blocked(tasks: &[Task]) -> bool {
    !tasks.is_empty() && tasks.iter().all(|task| task.blocked != Blocked::No)
}

/// Finds out why a process hangs; `None` if it does not. `tasks` are its threads as reported by
/// the system: one that is not recorded might wake another.
///
/// # Errors
/// The recording cannot be read.
pub fn diagnose(recording: &Recording, pid: u32, tasks: &[Task]) -> Result<Option<Diagnosis>> {
    let entities = &recording.entities;
    let mut analysis = analyse(recording, Outsiders::Unknown)?;
    let threads = analysis.wait_for.threads.iter().enumerate();
    let alive: Vec<_> = threads
        .filter(|(_, thread)| entities.processes[thread.process].pid == pid)
        .filter(|(_, thread)| thread.state != State::Over)
        .map(|(index, _)| index)
        .collect();
    let is_recorded = |task: &Task| {
        alive.iter().any(|&at| entities.threads.get(at).is_some_and(|at| at.os_id == task.id))
    };
    let unrecorded = tasks.iter().filter(|task| !is_recorded(task)).count();
    analysis.outsiders = if unrecorded == 0 { Outsiders::None } else { Outsiders::Some };
    let (stuck, _) = analysis.stuck();
    if !alive.iter().all(|thread| stuck.contains(thread)) {
        return Ok(None);
    }
    let mut findings = findings::find(&analysis);
    findings.retain(|finding| {
        finding.code.is_hang() && finding.threads.iter().any(|thread| alive.contains(thread))
    });
    let lines: Vec<_> = findings.iter().map(|finding| describe(finding, unrecorded)).collect();
    let outsiders = analysis.outsiders;
    Ok((!lines.is_empty()).then(|| Diagnosis { text: lines.join("\n"), outsiders }))
}

/// A finding, and on a second line the condition under which it is certain.
fn describe(finding: &Finding, unrecorded: usize) -> String {
    let mut text = finding.headline();
    if let Certainty::Likely { certain_if } = &finding.certainty {
        text += &format!("\n  likely; certain if {certain_if}");
        if unrecorded > 0 {
            let are = if unrecorded == 1 { "is" } else { "are" };
            text += &format!(" ({unrecorded} of its threads {are} not recorded)");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runnable_thread_means_that_not_all_are_blocked() {
        let task = |blocked| Task { id: 1, blocked };
        assert!(all_blocked(&[task(Blocked::OnThread), task(Blocked::Unknown)]));
        assert!(!all_blocked(&[task(Blocked::OnThread), task(Blocked::No)]));
        assert!(!all_blocked(&[]));
    }
}
