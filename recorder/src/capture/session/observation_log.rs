//! Chooses the observations of a process that are written to the recording.

use super::recording_writer::append_record;
use crate::capture::threads::{Detail, Observation, ObservedProcess};

/// The observations of a process. If nothing changes in several successive ones, only the first and
/// the last are written: a process that hangs for hours does not fill the recording.
#[derive(Debug)]
pub(super) struct ObservationLog {
    process: ObservedProcess,
    last: Option<Observation>,
    is_last_written: bool,
}

impl ObservationLog {
    pub(super) fn new(process: ObservedProcess) -> Self {
        ObservationLog { process, last: None, is_last_written: false }
    }

    /// Observes the process. Returns the records to write, those of each observation by themselves.
    pub(super) fn observe(&mut self, detail: Detail) -> Vec<Vec<u8>> {
        let Some(observation) = self.process.observe(detail) else { return Vec::new() };
        let mut records = Vec::new();
        let is_unchanged = self.last.as_ref().is_some_and(|last| last.is_still(&observation));
        if !is_unchanged {
            records.extend(self.take_unwritten());
            records.push(encode(&observation));
        }
        self.last = Some(observation);
        self.is_last_written = !is_unchanged;
        records
    }

    /// When it was found that the process had ended by itself, in nanoseconds of the monotonic clock.
    pub(super) fn gone_at(&self) -> Option<u64> {
        self.process.gone_at
    }

    /// The records of the last observation, if they were not written yet.
    pub(super) fn take_unwritten(&mut self) -> Option<Vec<u8>> {
        let unwritten = self.last.as_ref().filter(|_| !self.is_last_written);
        self.is_last_written = true;
        unwritten.map(encode)
    }
}

fn encode(observation: &Observation) -> Vec<u8> {
    let mut records = Vec::new();
    for event in observation.events() {
        append_record(&mut records, 0, &event);
    }
    records
}
