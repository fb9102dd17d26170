//! Tries whether predicted hangs can happen.
//!
//! A run under a controlled schedule in which the same is predicted is the start: the steps that lead
//! to the prediction, in the order of that run and without all others, are a schedule
//! (`steering`). If it ends in a hang whose threads wait at the predicted places, the prediction is
//! confirmed. So it is if any other run ends there.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;
use std::time::{Duration, Instant};

use format::{BlockHeader, Call, PrimitiveKind};

use super::explorer::{Options, Shortest};
use super::order::Order;
use super::outcome::Outcome;
use super::profile::Profile;
use super::strategy::FirstRun;
use crate::analysis::findings::Code;
use crate::analysis::predictions::{Prediction, Wants};
use crate::capture::controlled::{self, ControlledRun, End, Limits};
use crate::capture::plan::{Plan, Switch};
use crate::capture::{Error, Result};
use crate::reading::catalog::{PlaceIndex, ThreadIndex};
use crate::report::Report;
use crate::terminal::cancel::Watch;

pub mod json;
mod steering;
pub mod text;

use steering::{Schedule, Trace};

/// How often a prediction is tried in the orders in which different runs lead to it.
const MAX_TRIES: usize = 64;
/// How often a schedule is corrected because threads have to wait elsewhere, or not.
const MAX_CORRECTIONS: usize = 12;
/// How often progress is reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// A prediction of a run, and whether it is confirmed.
#[derive(Debug)]
pub struct Target {
    /// What could happen.
    pub what: String,
    /// In which order.
    pub chain: Vec<String>,
    /// The place to look at first.
    pub place: Option<String>,
    waits: Waits,
    tries: usize,
    /// The run that hung there.
    pub confirmed: Option<Confirmed>,
}

/// A run that hung as predicted.
#[derive(Debug)]
pub struct Confirmed {
    /// Its outcome.
    pub outcome: Outcome,
    /// The run.
    pub run: Shortest,
}

/// The waits of a prediction: what is called, and where. Equal for equal predictions of two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waits(Vec<(Call, Option<String>)>);

/// How many runs there were.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Number of runs.
    pub runs: u64,
    /// Time of all of them.
    pub elapsed: Duration,
    /// Whether a signal ended them early.
    pub was_interrupted: bool,
    /// Whether the same was predicted in any of the runs, or they hung there.
    pub were_seen: bool,
}

/// The predictions of a report.
pub fn targets(report: &Report<'_>) -> Vec<Target> {
    let predicted = report.findings.iter().filter(|it| it.code == Code::PossibleDeadlock);
    let targets = predicted.filter_map(|finding| {
        let prediction = report.predictions.get(finding.prediction?)?;
        Some(Target {
            what: finding.what.clone(),
            chain: finding.chain.clone(),
            place: finding.place.map(|it| report.analysis.catalog.places[it].file_and_line()),
            waits: Waits::of_prediction(report, prediction),
            tries: 0,
            confirmed: None,
        })
    });
    targets.collect()
}

impl Waits {
    fn new(waits: impl Iterator<Item = (Call, Option<String>)>) -> Self {
        let mut waits: Vec<_> = waits.collect();
        waits.sort_by(|(a, at), (b, bt)| (*a as u8, at).cmp(&(*b as u8, bt)));
        Waits(waits)
    }

    fn of_prediction(report: &Report<'_>, prediction: &Prediction) -> Self {
        Waits::new(prediction.waits.iter().map(|wait| {
            let request = &wait.request;
            let call = match request.wants {
                Wants::Lock { lock, is_shared } => {
                    let kind = report.analysis.catalog.primitives[lock].kind;
                    match (kind, is_shared) {
                        (_, true) => Call::Read,
                        (Some(PrimitiveKind::RwLock), false) => Call::Write,
                        _ => Call::Lock,
                    }
                }
                Wants::Room(_) => Call::Send,
                Wants::Message(_) => Call::Recv,
                Wants::End(_) => Call::Join,
                Wants::Notification(_) => Call::CondvarWait,
            };
            (call, place(report, request.place))
        }))
    }

    /// Whether threads of a hang wait like that.
    fn are_in(&self, report: &Report<'_>) -> bool {
        let hangs = report.findings.iter().filter(|finding| finding.is_hang);
        hangs.into_iter().any(|finding| {
            let waits = finding.threads.iter().filter_map(|&thread| {
                let wait = report.analysis.open_wait(thread)?;
                Some((wait.call(), place(report, wait.operation.place)))
            });
            let mut left: Vec<_> = waits.collect();
            self.0.iter().all(|wait| {
                let found = left.iter().position(|it| it == wait);
                found.map(|found| left.swap_remove(found)).is_some()
            })
        })
    }
}

fn place(report: &Report<'_>, place: Option<PlaceIndex>) -> Option<String> {
    place.map(|place| format!("{:?}", report.analysis.catalog.places[place]))
}

/// Tries predictions until all are confirmed, or the limits of `options` are reached. Calls `show`
/// with the present results several times a second.
///
/// # Errors
/// The program cannot be run or recorded, or records nothing ([`Error::NothingRecorded`]).
pub fn confirm(
    command: &dyn Fn() -> Command,
    options: Options,
    watch: &Watch,
    targets: &mut [Target],
    mut show: impl FnMut(&Tally, &[Target]),
) -> Result<Tally> {
    let mut attempt =
        Attempt { command, options, watch, started: Instant::now(), tally: Tally::default() };
    let mut orders = HashSet::new();
    let (mut first_run, mut shown) = (FirstRun::default(), Instant::now());
    for number in 0.. {
        if attempt.is_over() || targets.iter().all(|target| target.confirmed.is_some()) {
            break;
        }
        let plan = match number {
            0 => options.plans.first(),
            _ => options.plans.plan(number, &first_run),
        };
        let Some(run) = attempt.run(plan)? else { break };
        if number == 0 {
            if run.order.threads.is_empty() {
                return Err(Error::NothingRecorded);
            }
            let profile = Profile::of_first_run(&run.order);
            first_run = FirstRun { length: run.run.steps, profile };
        }
        if orders.insert(run.order.hash()) {
            attempt.look_at(run, targets)?;
        }
        if shown.elapsed() >= PROGRESS_INTERVAL {
            shown = Instant::now();
            show(&attempt.tally, targets);
        }
    }
    let Attempt { tally, started, .. } = attempt;
    let was_interrupted = watch.check().is_err();
    Ok(Tally { elapsed: started.elapsed(), was_interrupted, ..tally })
}

/// A run that is over.
struct Ran {
    plan: Plan,
    run: ControlledRun,
    blocks: Vec<(BlockHeader, Vec<u8>)>,
    order: Order,
}

struct Attempt<'a> {
    command: &'a dyn Fn() -> Command,
    options: Options,
    watch: &'a Watch,
    started: Instant,
    tally: Tally,
}

impl Attempt<'_> {
    fn is_over(&self) -> bool {
        self.tally.runs >= self.options.schedules
            || self.tally.runs > 0 && self.started.elapsed() >= self.options.time
            || self.watch.check().is_err()
    }

    /// Runs the program once; `None` if a signal came.
    fn run(&mut self, plan: Plan) -> Result<Option<Ran>> {
        let plan = Plan { records_choices: true, ..plan };
        let limits = Limits { timeout: self.options.timeout, shares_terminal: false };
        let mut command = (self.command)();
        command.env("RUST_BACKTRACE", "0");
        let run = controlled::run(command, &plan, limits, self.watch)?;
        let Some(mut run) = run else { return Ok(None) };
        self.tally.runs += 1;
        let blocks = run.blocks()?;
        let order = Order::new(&blocks, Some(run.pid()));
        Ok(Some(Ran { plan, run, blocks, order }))
    }

    /// Looks whether a run hung where it was predicted. If not, runs the program again so that it does
    /// what the run predicts.
    fn look_at(&mut self, ran: Ran, targets: &mut [Target]) -> Result<()> {
        let trace = Trace::new(&ran.blocks).filter(|_| ran.order.processes == 1);
        let schedules = self.judge(ran, targets, trace.as_ref())?;
        for (index, schedule) in schedules {
            let mut schedule = schedule;
            for _ in 0..MAX_CORRECTIONS {
                if self.is_over() || targets[index].confirmed.is_some() {
                    break;
                }
                let plans = &self.options.plans;
                let steps = (0..).zip(schedule.threads());
                let switches: Vec<_> =
                    steps.map(|(step, thread)| Switch { step, thread }).collect();
                let plan = Plan::following(switches, plans.max_steps, plans.early_ns);
                let Some(ran) = self.run(plan)? else { return Ok(()) };
                let actual = Trace::new(&ran.blocks);
                self.judge(ran, targets, None)?;
                if !actual.is_some_and(|actual| schedule.correct(&actual)) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Confirms the predictions at whose places the run hung. Returns schedules for those that the run
    /// predicts, if it has a trace.
    fn judge(
        &mut self,
        ran: Ran,
        targets: &mut [Target],
        trace: Option<&Trace>,
    ) -> Result<Vec<(usize, Schedule)>> {
        let Ran { plan, run, order, .. } = ran;
        let (steps, end) = (run.steps, run.end);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&run.stdout.start), text(&run.stderr.start));
        // A signal ends the exploration, but not the reading of its runs.
        let Some(collected) = run.collect(&Watch::default())? else { return Ok(Vec::new()) };
        let recording = collected.recording;
        let report = match trace {
            Some(_) => Report::with_predictions(&recording)?,
            None => Report::new(&recording)?,
        };
        let hung = targets
            .iter()
            .position(|target| target.confirmed.is_none() && target.waits.are_in(&report));
        let mut schedules = Vec::new();
        if let Some(trace) = trace
            && end != End::StepLimit
        {
            for prediction in &report.predictions {
                let waits = Waits::of_prediction(&report, prediction);
                let same = |it: &Target| it.confirmed.is_none() && it.waits == waits;
                let Some(index) = targets.iter().position(same) else { continue };
                self.tally.were_seen = true;
                if targets[index].tries < MAX_TRIES {
                    targets[index].tries += 1;
                    let catalog = &recording.catalog;
                    let number = |thread: ThreadIndex| catalog.threads[thread].number;
                    let before: BTreeMap<_, _> =
                        prediction.before.iter().map(|&(it, steps)| (number(it), steps)).collect();
                    let last = prediction.waits.iter().map(|wait| number(wait.request.thread));
                    schedules.push((index, trace.schedule(&before, last)));
                }
            }
        }
        if let Some(index) = hung {
            self.tally.were_seen = true;
            let outcome = Outcome::new(end, &order, &report);
            let (number, switches) = (self.tally.runs - 1, order.switches);
            let run = Shortest { number, plan, switches, steps, stdout, stderr, recording };
            targets[index].confirmed = Some(Confirmed { outcome, run });
        }
        Ok(schedules)
    }
}
