//! The report on a run, for people (its [`Display`](std::fmt::Display)) and for machines
//! ([`json`]).

use crate::analysis::findings::{self, Finding};
use crate::analysis::{Analysis, UnrecordedThreads, analyse};
use crate::reading::{self, Recording};

pub mod diff;
pub mod json;
pub mod limits;
mod pauses;
pub mod summary;
mod table;
pub mod text;

/// The report on a run.
#[derive(Debug)]
pub struct Report<'a> {
    /// The recording of the run.
    pub recording: &'a Recording,
    /// Facts.
    pub analysis: Analysis<'a>,
    /// Faults, losses and delays: the worst first.
    pub findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    /// The report on this recording.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn new(
        recording: &'a Recording,
        unrecorded_threads: UnrecordedThreads,
    ) -> reading::Result<Self> {
        let analysis = analyse(recording, unrecorded_threads)?;
        let findings = findings::find(&analysis);
        Ok(Report { recording, analysis, findings })
    }
}
