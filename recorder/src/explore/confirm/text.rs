//! The results for predictions as text.

use std::fmt::{self, Display};

use super::{Tally, Target};
use crate::analysis::findings::words::counted;
use crate::layout::wrap;

/// The predictions of a run, and which of them are confirmed.
#[derive(Debug)]
pub struct Text<'a> {
    /// The run.
    pub run: &'a str,
    /// The predictions.
    pub targets: &'a [Target],
    /// For each of them the name under which the run is kept that confirms it.
    pub names: &'a [Option<String>],
    /// How many runs there were.
    pub tally: Tally,
    /// Whether the program is not the one that was recorded.
    pub is_changed: bool,
    /// The width of the terminal.
    pub width: usize,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text { run, targets, names, tally, is_changed, width } = *self;
        let Tally { runs, elapsed, was_interrupted, were_seen } = tally;
        if targets.is_empty() {
            return writeln!(f, "nothing to confirm: no possible deadlock is predicted from {run}");
        }
        let confirmed = names.iter().flatten().count();
        let heading = format!(
            "{confirmed} of {} from {run} confirmed, in {} ({:.1} s{})",
            counted(targets.len() as u64, "possible deadlock"),
            counted(runs, "schedule"),
            elapsed.as_secs_f64(),
            if was_interrupted { ", interrupted" } else { "" },
        );
        writeln!(f, "{}\n", wrap(&heading, 0, 2, width))?;
        for (target, name) in targets.iter().zip(names) {
            let word = if name.is_some() { "confirmed" } else { "possible" };
            let indent = 13;
            writeln!(f, "  {word:<9}  {}", wrap(&target.what, indent, indent, width))?;
            for step in &target.chain {
                writeln!(f, "{:indent$}{}", "", wrap(step, indent, indent + 2, width))?;
            }
            let result = match (name, &target.confirmed) {
                (Some(name), Some(confirmed)) => {
                    let switches = counted(confirmed.run.switches.len() as u64, "switch");
                    format!("it hangs there: {switches}, kept as {name}")
                }
                _ => format!("not confirmed in {}: it stays possible", counted(runs, "schedule")),
            };
            writeln!(f, "{:indent$}{}", "", wrap(&result, indent, indent + 2, width))?;
        }
        writeln!(f)?;
        if is_changed && !were_seen {
            let note = format!(
                "The program is not the one that was recorded as {run}. If its lines have moved, record \
                 it again."
            );
            writeln!(f, "{}", wrap(&note, 0, 2, width))?;
        }
        let next = match names.iter().flatten().next() {
            Some(name) => format!(
                "`recorder replay {name}` makes it happen again; `recorder report {name}` shows why."
            ),
            None => "`--schedules`, `--for` and `--seed` try others; `recorder report \
                     --no-predictions` leaves out what is only possible."
                .to_owned(),
        };
        writeln!(f, "{}", wrap(&next, 0, 2, width))
    }
}
