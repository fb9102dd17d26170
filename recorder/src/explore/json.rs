//! The outcomes of an exploration as JSON; docs/exploring.md describes it.

use serde::Serialize;

use super::explorer::{Exhaustive, Found};
use super::rows::Row;
use super::strategy::bound;

/// An exploration.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    program: &'a str,
    schedules: u64,
    seconds: f64,
    interrupted: bool,
    orders: usize,
    threads: u64,
    steps: u64,
    operations: u64,
    uncontrolled: u64,
    incomplete: u64,
    /// Whether all orders were tried, if that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    exhaustive: Option<bool>,
    bounds: Vec<Bound>,
    outcomes: Vec<OutcomeRecord<'a>>,
}

/// How likely runs with priorities find a bug.
#[derive(Debug, Serialize)]
struct Bound {
    depth: u64,
    runs: u64,
    /// For each run, at least.
    probability: f64,
}

#[derive(Debug, Serialize)]
struct OutcomeRecord<'a> {
    kind: &'static str,
    title: &'a str,
    chain: &'a [String],
    runs: u64,
    first: u64,
    findings: Vec<FindingRecord<'a>>,
    stdout: &'a str,
    stderr: &'a str,
    shortest: ShortestRecord<'a>,
}

#[derive(Debug, Serialize)]
struct FindingRecord<'a> {
    code: &'static str,
    place: Option<&'a str>,
    new: bool,
}

#[derive(Debug, Serialize)]
struct ShortestRecord<'a> {
    run: &'a str,
    number: u64,
    strategy: &'static str,
    seed: u64,
    depth: u64,
    steps: u64,
    switches: Vec<[u64; 2]>,
}

/// The name of a strategy.
pub(super) fn strategy_name(strategy: format::Strategy) -> &'static str {
    match strategy {
        format::Strategy::Stay => "stay",
        format::Strategy::Random => "random",
        format::Strategy::Priorities => "priorities",
        format::Strategy::Uniform => "uniform",
        format::Strategy::Follow => "follow",
    }
}

impl<'a> Document<'a> {
    /// The JSON of an exploration.
    pub fn new(program: &'a str, found: &Found, rows: &'a [Row<'a>]) -> Self {
        let mut depths: Vec<_> = found.with_priorities.iter().collect();
        depths.sort_unstable();
        let bounds = depths.into_iter().map(|(&depth, &runs)| Bound {
            depth,
            runs,
            probability: bound(found.threads, found.steps, depth),
        });
        Document {
            program,
            schedules: found.runs,
            seconds: found.elapsed.as_secs_f64(),
            interrupted: found.was_interrupted,
            orders: found.orders(),
            threads: found.threads,
            steps: found.steps,
            operations: found.operations,
            uncontrolled: found.uncontrolled,
            incomplete: found.incomplete,
            exhaustive: found.exhaustive.map(|it| it == Exhaustive::Complete),
            bounds: bounds.collect(),
            outcomes: rows.iter().map(OutcomeRecord::new).collect(),
        }
    }
}

impl<'a> OutcomeRecord<'a> {
    fn new(row: &'a Row<'a>) -> Self {
        let findings = row.findings.iter().map(|fact| FindingRecord {
            code: fact.code.name(),
            place: fact.place.as_deref(),
            new: row.new_findings.contains(&fact),
        });
        let shortest = row.shortest;
        let switches = shortest.switches.iter();
        OutcomeRecord {
            kind: row.kind.name(),
            title: &row.title,
            chain: row.chain,
            runs: row.runs,
            first: row.first,
            findings: findings.collect(),
            stdout: &shortest.stdout,
            stderr: &shortest.stderr,
            shortest: ShortestRecord {
                run: &row.name,
                number: shortest.number,
                strategy: strategy_name(shortest.plan.strategy),
                seed: shortest.plan.seed,
                depth: shortest.plan.depth,
                steps: shortest.steps,
                switches: switches.map(|it| [it.step, it.thread.into()]).collect(),
            },
        }
    }
}
