//! The report on a run, for people (its [`Display`](std::fmt::Display)) and for machines
//! ([`json`]).

use crate::analysis::findings::{self, Finding};
use crate::analysis::predictions::{Prediction, predict};
use crate::analysis::{Analysis, analyse};
use crate::reading::catalog::{Catalog, Pause};
use crate::reading::{self, Nanos, Recording};

pub mod diff;
mod groups;
pub mod json;
pub mod limits;
pub mod page;
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
    /// What the possible deadlocks among the findings are.
    pub predictions: Vec<Prediction>,
}

impl<'a> Report<'a> {
    /// The report on what happened in this recording.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn new(recording: &'a Recording) -> reading::Result<Self> {
        let analysis = analyse(recording)?;
        let mut findings = findings::find(&analysis);
        for finding in &mut findings {
            drop_places_in_std(finding, analysis.catalog);
        }
        Ok(Report { recording, analysis, findings, predictions: Vec::new() })
    }

    /// The report on this recording, with hangs that did not happen, but could have.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn with_predictions(recording: &'a Recording) -> reading::Result<Self> {
        let mut report = Report::new(recording)?;
        report.predictions = predict(recording, &report.analysis)?;
        // They have the last code.
        let predicted =
            findings::predicted(&report.analysis, &report.predictions, &report.findings);
        report.findings.extend(predicted);
        Ok(report)
    }
}

/// Removes the places inside the standard library: there is nothing for the reader to change.
fn drop_places_in_std(finding: &mut Finding, catalog: &Catalog) {
    let evidence = finding.evidence.iter_mut().map(|evidence| &mut evidence.place);
    for place in evidence.chain([&mut finding.place]) {
        place.take_if(|place| catalog.places[*place].is_in_std());
    }
}

/// From when on the recording is complete, in words, if a flight recorder has discarded events.
fn window(analysis: &Analysis<'_>) -> Option<String> {
    let catalog = analysis.catalog;
    (catalog.complete_from > Nanos::ZERO).then(|| {
        let (from, length) = (catalog.complete_from, catalog.length());
        format!("complete from {from} on; counts and times are those of the {length} since then")
    })
}

/// The number of times that the recordings of all processes paused, and for how long, in words;
/// `None` if they never did.
fn pauses(analysis: &Analysis<'_>) -> Option<(usize, String)> {
    let processes = analysis.catalog.processes.iter_enumerated();
    // Not every start is recorded.
    let lengths = processes.flat_map(|(process, known)| {
        let end = analysis.catalog.end_of(process);
        let length = move |pause: &Pause| Some(pause.to.unwrap_or(end).since(pause.from?));
        known.pauses.list().iter().map(length)
    });
    let lengths: Vec<Option<Nanos>> = lengths.collect();
    let time: Nanos = lengths.iter().flatten().copied().sum();
    let text = match lengths.iter().flatten().count() {
        0 => "for an unknown time (its start is not recorded)".to_owned(),
        known if known == lengths.len() => format!("for {time} in all"),
        _ => format!("for more than {time} in all (not every start is recorded)"),
    };
    (!lengths.is_empty()).then_some((lengths.len(), text))
}
