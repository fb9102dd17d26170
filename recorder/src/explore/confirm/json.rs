//! The results for predictions as JSON; docs/exploring.md describes it.

use serde::Serialize;

use super::{Tally, Target};

/// The predictions of a run, and which of them are confirmed.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    program: &'a str,
    schedules: u64,
    seconds: f64,
    interrupted: bool,
    predictions: Vec<PredictionRecord<'a>>,
}

#[derive(Debug, Serialize)]
struct PredictionRecord<'a> {
    what: &'a str,
    chain: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    confirmed: bool,
    /// The recording of the run that hung.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    /// The hang.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

impl<'a> Document<'a> {
    /// The JSON of these predictions. `names` are those of the runs that confirm them.
    pub fn new(
        program: &'a str,
        targets: &'a [Target],
        names: &'a [Option<String>],
        tally: Tally,
    ) -> Self {
        let predictions = targets.iter().zip(names).map(|(target, name)| PredictionRecord {
            what: &target.what,
            chain: &target.chain,
            site: target.place.as_deref(),
            confirmed: name.is_some(),
            run: name.as_deref(),
            title: target.confirmed.as_ref().map(|confirmed| &*confirmed.outcome.title),
        });
        Document {
            program,
            schedules: tally.runs,
            seconds: tally.elapsed.as_secs_f64(),
            interrupted: tally.was_interrupted,
            predictions: predictions.collect(),
        }
    }
}
