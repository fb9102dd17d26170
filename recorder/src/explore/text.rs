//! The outcomes of an exploration as text.

use std::fmt::{self, Display};

use super::explorer::{Exhaustive, Found, Obstacle};
use super::outcome::Kind;
use super::rows::Row;
use super::strategy::bound;
use crate::analysis::findings::words::counted;
use crate::capture::plan::Plan;
use crate::layout::wrap;

/// The outcomes of an exploration as a table, with the next command.
#[derive(Debug)]
pub struct Text<'a> {
    /// The name of the program.
    pub program: &'a str,
    /// The outcomes.
    pub found: &'a Found,
    /// The rows.
    pub rows: &'a [Row<'a>],
    /// The seed of the exploration.
    pub seed: u64,
    /// The width of the terminal.
    pub width: usize,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text { rows, seed, width, .. } = *self;
        writeln!(f, "{}\n", wrap(&self.heading(), 0, 2, width))?;
        f.write_str(&self.table())?;
        writeln!(f)?;
        for note in self.notes() {
            writeln!(f, "{}", wrap(&note, 0, 2, width))?;
        }
        let is_proof = self.found.exhaustive == Some(Exhaustive::Complete);
        let next = match rows.first() {
            Some(Row { kind: Kind::Ok, .. }) if rows.len() < 2 && is_proof => return Ok(()),
            Some(Row { kind: Kind::Ok, .. }) if rows.len() < 2 => format!(
                "No other outcome was found; `--seed {}` tries other schedules.",
                seed.wrapping_add(1)
            ),
            Some(row) => format!(
                "`recorder replay {}` makes it happen again; `recorder report {0}` shows why.",
                row.name
            ),
            None => return Ok(()),
        };
        writeln!(f, "{}", wrap(&next, 0, 2, width))
    }
}

impl Text<'_> {
    /// A line, and the table if not all runs ended well and alike: for one of many.
    pub fn brief(&self) -> String {
        let Text { program, found, rows, width, .. } = *self;
        match rows {
            [row @ Row { kind: Kind::Ok, .. }] => {
                let orders = counted(found.orders() as u64, "order");
                format!("{program}: {} in {orders}, {}\n", counted(row.runs, "run"), row.title)
            }
            _ => format!("{}\n{}", wrap(&self.heading(), 0, 2, width), self.table()),
        }
    }

    fn table(&self) -> String {
        let Text { rows, width, .. } = *self;
        let mut text = String::new();
        let longest = rows.iter().map(|row| row.kind.name().len()).max().unwrap_or(0);
        let runs = rows.iter().map(|row| row.runs.to_string().len()).max().unwrap_or(0);
        for row in rows {
            let start = format!("  {:longest$}  {:>runs$}×  ", row.kind, row.runs);
            let indent = start.chars().count();
            text += &format!("{start}{}\n", wrap(&row.title, indent, indent, width));
            for step in row.chain {
                text += &format!("{:indent$}{}\n", "", wrap(step, indent, indent + 2, width));
            }
            for fact in &row.new_findings {
                let place = fact.place.as_ref().map_or(String::new(), |it| format!(" at {it}"));
                text += &format!("{:indent$}also {}{place}\n", "", fact.code);
            }
            if rows.len() > 1 || row.kind != Kind::Ok {
                text +=
                    &format!("{:indent$}{}\n", "", wrap(&shortest(row), indent, indent + 2, width));
            }
        }
        text
    }

    fn heading(&self) -> String {
        let Found { runs, elapsed, operations, threads, was_interrupted, .. } = self.found;
        let seconds = elapsed.as_secs_f64();
        let early = if *was_interrupted { ", interrupted" } else { "" };
        format!(
            "{} of {} in {seconds:.1} s ({:.0}/s{early}): {}, of up to {} by {}",
            counted(*runs, "schedule"),
            self.program,
            *runs as f64 / seconds.max(0.001),
            counted(self.found.orders() as u64, "different order"),
            counted(*operations, "operation"),
            counted(*threads, "thread"),
        )
    }

    fn notes(&self) -> Vec<String> {
        let Found { runs, uncontrolled, incomplete, processes, threads, steps, .. } = *self.found;
        let mut notes: Vec<_> = self.found.exhaustive.map(proof).into_iter().collect();
        if uncontrolled > 0 {
            notes.push(format!(
                "{uncontrolled} of {runs} runs were not wholly controlled: a thread was blocked in \
                 something that is not recorded, and others went on beside it."
            ));
        }
        if incomplete > 0 {
            notes.push(format!("Of {incomplete} runs events are missing."));
        }
        if processes > 1 {
            notes.push(format!(
                "The program started other recorded processes ({processes} in all): each controls \
                 only its own threads."
            ));
        }
        let mut depths: Vec<_> = self.found.with_priorities.iter().collect();
        depths.sort_unstable();
        for (&depth, &runs) in depths {
            let one = bound(threads, steps, depth);
            let all = 1.0 - (1.0 - one).powf(runs as f64);
            let places = match depth {
                0 | 1 => String::new(),
                2 => format!("·{steps}"),
                _ => format!("·{steps}^{}", depth - 1),
            };
            notes.push(format!(
                "Probability of finding a bug of depth {depth}: ≥ 1/({threads}{places}) for each of {}, \
                 {} in all",
                counted(runs, "run") + " with priorities",
                percentage(all)
            ));
        }
        notes
    }
}

/// What it means that all orders were tried, or not.
pub fn proof(exhaustive: Exhaustive) -> String {
    let obstacle = match exhaustive {
        Exhaustive::Complete => {
            return "All orders of the operations on channels, locks and threads were tried. There are \
                    no other outcomes, as long as they depend on nothing else: not on input, on \
                    atomics or on the times of the operations."
                .to_owned();
        }
        Exhaustive::Partly(obstacle) => obstacle,
    };
    let reason = match obstacle {
        Obstacle::Limit => "--schedules and --for allow more".to_owned(),
        Obstacle::Endless => "a run did not end".to_owned(),
        Obstacle::Uncontrolled => {
            "a thread was blocked in something that is not recorded".to_owned()
        }
        Obstacle::Processes => "the program started other recorded processes".to_owned(),
        Obstacle::NotRecorded => "there are more than 63 threads, or events are missing".to_owned(),
        Obstacle::Initialized => {
            "a thread that finds a `Once`, `OnceLock` or `LazyLock` initialised records nothing"
                .to_owned()
        }
        Obstacle::TriesToMeet => {
            "at a rendezvous channel, `try_send` finds no thread that waits in `recv_timeout`"
                .to_owned()
        }
        Obstacle::Changed(changed) => changed.to_string(),
    };
    format!("Not all orders were tried: {reason}.")
}

/// `shortest: 4 switches, random with seed 17, kept as demo-hang-1`
fn shortest(row: &Row<'_>) -> String {
    let switches = counted(row.shortest.switches.len() as u64, "switch");
    format!("shortest: {switches}, {}, kept as {}", strategy(&row.shortest.plan), row.name)
}

/// How the threads were chosen: `random with seed 17`.
fn strategy(plan: &Plan) -> String {
    match plan.strategy {
        format::Strategy::Stay => "each thread as long as it can".to_owned(),
        format::Strategy::Random => format!("random with seed {}", plan.seed),
        format::Strategy::Priorities => {
            format!("priorities of depth {} with seed {}", plan.depth, plan.seed)
        }
        format::Strategy::Uniform => format!("uniform with seed {}", plan.seed),
        format::Strategy::Follow => "as in an earlier run".to_owned(),
    }
}

/// At least this share: `≥ 12%`.
fn percentage(share: f64) -> String {
    match share {
        0.9995.. => "> 99.9%".to_owned(),
        0.1.. => format!("≥ {:.0}%", (100.0 * share).floor()),
        0.001.. => format!("≥ {:.1}%", (1000.0 * share).floor() / 10.0),
        _ => format!("≥ {share:.1e}"),
    }
}

/// What an exploration has found so far, in a line.
pub fn progress(program: &str, found: &Found, seconds: f64) -> String {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Ok && found.count(*kind) > 0);
    let kinds: Vec<_> = kinds.map(|kind| format!("{} {kind}", found.count(kind))).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    format!(
        "exploring {program}: {}, {:.0}/s, {}{kinds}",
        counted(found.runs, "schedule"),
        found.runs as f64 / seconds.max(0.001),
        counted(found.outcomes.len() as u64, "outcome"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_never_overstated() {
        for (share, text) in
            [(0.99996, "> 99.9%"), (0.9967, "≥ 99%"), (0.0129, "≥ 1.2%"), (0.00002, "≥ 2.0e-5")]
        {
            assert_eq!(percentage(share), text);
        }
    }
}
