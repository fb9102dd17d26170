//! The outcomes of an exploration in the order in which they are shown.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::explorer::{Found, FoundOutcome, Runs, Shortest};
use super::outcome::{Fact, Kind};

/// An outcome, or one of its outputs.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The problem, and its place.
    pub title: String,
    /// How it came about: a wait or an event each.
    pub chain: &'a [String],
    /// Number of runs.
    pub runs: u64,
    /// The number of the first, from 0.
    pub first: u64,
    /// The run with the fewest switches.
    pub shortest: &'a Shortest,
    /// The name of that run's recording.
    pub name: String,
    /// All findings that follow from the order of the threads.
    pub findings: &'a [Fact],
    /// Those that the title does not name, and that the usual healthy outcome does not have.
    pub new_findings: Vec<&'a Fact>,
}

/// The rows of an exploration of `program`: the worst first, then the most frequent.
pub fn rows<'a>(found: &'a Found, program: &str) -> Vec<Row<'a>> {
    let usual = usual_findings(found);
    let mut rows: Vec<Row<'_>> =
        found.outcomes.iter().flat_map(|outcome| of_outcome(outcome, usual)).collect();
    rows.sort_by_key(|row| (row.kind, Reverse(row.runs), row.shortest.number));
    let mut numbers = HashMap::new();
    for row in &mut rows {
        let number: &mut u32 = numbers.entry(row.kind).or_default();
        *number += 1;
        row.name = format!("{program}-{}-{number}", row.kind);
    }
    rows
}

fn of_outcome<'a>(found: &'a FoundOutcome, usual: &[Fact]) -> Vec<Row<'a>> {
    let outcome = &found.outcome;
    // The first finding of its kind is the title.
    let new = outcome.findings.iter().skip(usize::from(outcome.kind < Kind::Ok));
    let new_findings: Vec<_> = new.filter(|it| !usual.contains(it)).collect();
    let row = |title: String, runs: Runs, shortest| Row {
        kind: outcome.kind,
        title,
        chain: &outcome.chain,
        runs: runs.count,
        first: runs.first,
        shortest,
        name: String::new(),
        findings: &outcome.findings,
        new_findings: new_findings.clone(),
    };
    let title = &outcome.title;
    match found.by_output().as_deref() {
        Some([(runs, shortest)]) => vec![row(title.clone(), *runs, shortest)],
        Some(several) => {
            let outputs: Vec<_> = several.iter().map(|(_, it)| &*it.stdout).collect();
            let lines = distinguishing_lines(&outputs);
            let rows = several.iter().zip(lines);
            rows.map(|((runs, shortest), line)| {
                row(format!("{title}; prints {line:?}"), *runs, shortest)
            })
            .collect()
        }
        None => {
            let Some(shortest) = found.shortest() else { return Vec::new() };
            let outputs = found.outputs();
            let title = format!("{title}; {outputs} different outputs");
            vec![row(title, found.runs(), shortest)]
        }
    }
}

/// The findings of the most frequent healthy outcome.
fn usual_findings(found: &Found) -> &[Fact] {
    let healthy = found.outcomes.iter().filter(|it| it.outcome.kind >= Kind::Loss);
    let usual = healthy.max_by_key(|it| (it.outcome.kind, it.runs().count));
    usual.map_or(&[], |usual| &usual.outcome.findings)
}

/// The first line of each text that the others do not have in its place.
fn distinguishing_lines<'a>(texts: &[&'a str]) -> Vec<&'a str> {
    let lines = |text: &&'a str| text.lines().collect::<Vec<_>>();
    let all: Vec<_> = texts.iter().map(lines).collect();
    let longest = all.iter().map(Vec::len).max().unwrap_or(0);
    let differs = |at: &usize| all.iter().any(|lines| lines.get(*at) != all[0].get(*at));
    let at = (0..longest).find(differs).unwrap_or(0);
    all.iter().map(|lines| lines.get(at).copied().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_told_apart_by_the_first_line_that_differs() {
        assert_eq!(distinguishing_lines(&["a\nb\n", "a\nc\n", "a\n"]), ["b", "c", ""]);
        assert_eq!(distinguishing_lines(&["", ""]), ["", ""]);
    }
}
