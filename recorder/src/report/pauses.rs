//! How long recordings paused.

use std::fmt;

use crate::analysis::Analysis;
use crate::reading::Nanos;

/// The pauses of all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pauses {
    pub(super) count: u64,
    /// How long those lasted whose start is recorded.
    time: Option<Nanos>,
    /// Whether there are others.
    others: bool,
}

impl Pauses {
    /// Those of a run; `None` if its recording never paused.
    pub(super) fn of(analysis: &Analysis<'_>) -> Option<Self> {
        let mut pauses = Pauses::default();
        for (process, known) in analysis.state.processes.iter_enumerated() {
            for pause in &known.pauses {
                let to = pause.to.unwrap_or(analysis.catalog.end_of(process));
                pauses.count += 1;
                match pause.from {
                    Some(from) => {
                        pauses.time = Some(pauses.time.unwrap_or_default() + to.since(from));
                    }
                    None => pauses.others = true,
                }
            }
        }
        (pauses.count > 0).then_some(pauses)
    }
}

impl fmt::Display for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            None => f.write_str("for an unknown time (its start is not recorded)"),
            Some(time) if self.others => {
                write!(f, "for more than {time} in all (not every start is recorded)")
            }
            Some(time) => write!(f, "for {time} in all"),
        }
    }
}
