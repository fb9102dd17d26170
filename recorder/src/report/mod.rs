//! The report: what there is to say about a run, for people (its [`Display`](std::fmt::Display))
//! and for machines ([`json`]).

use anyhow::Result;

use crate::analysis::critical_path::Part;
use crate::analysis::findings::{Finding, find};
use crate::analysis::wait_for::On;
use crate::analysis::{Analysis, Outsiders, analyse};
use crate::reading::Recording;

pub mod diff;
pub mod json;
pub mod limits;
pub mod summary;
mod table;
pub mod text;

/// What there is to say about a run.
#[derive(Debug)]
pub struct Report<'a> {
    /// What it is of.
    pub recording: &'a Recording,
    /// What the recording says.
    pub analysis: Analysis<'a>,
    /// What is wrong, or slow, or lost: the worst first.
    pub findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    /// Of this recording.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn new(recording: &'a Recording, outsiders: Outsiders) -> Result<Self> {
        let analysis = analyse(recording, outsiders)?;
        let findings = find(&analysis);
        Ok(Report { recording, analysis, findings })
    }

    /// How much of the critical path each thread spent at work or asleep, the most first. Made
    /// infinitely fast, it would shorten the run by at most that, in nanoseconds.
    fn stages(&self) -> Vec<(usize, u64)> {
        let mut stages: Vec<(usize, u64)> = Vec::new();
        for &(part, time, _) in &self.analysis.path.parts {
            let (Part::Running(thread) | Part::Sleeping(thread)) = part else { continue };
            match stages.iter_mut().find(|(known, _)| *known == thread) {
                Some((_, sum)) => *sum = sum.saturating_add(time),
                None => stages.push((thread, time)),
            }
        }
        stages.sort_by_key(|&(thread, time)| (std::cmp::Reverse(time), thread));
        stages
    }

    /// How much of the critical path was spent from when a wait ended until its thread went on.
    fn handed_over(&self) -> u64 {
        let parts = self.analysis.path.parts.iter();
        let hand_offs = parts.filter(|(part, ..)| matches!(part, Part::HandOff(_)));
        hand_offs.fold(0, |sum, (_, time, _)| sum.saturating_add(*time))
    }
}

/// Who waits there, or what is waited at: `"jobs"`, `worker`.
fn name_of(analysis: &Analysis<'_>, on: On) -> Option<String> {
    let entities = analysis.entities;
    match on {
        On::Channel(channel) => Some(format!("{:?}", entities.channels[channel].label)),
        On::Primitive(primitive) => Some(format!("{:?}", entities.primitives[primitive].label)),
        On::Thread(thread) => Some(entities.threads[thread].name.clone()),
        On::Nothing => None,
    }
}
