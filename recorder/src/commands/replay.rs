//! `recorder replay`.

use std::env;
use std::path::Path;
use std::slice;

use anyhow::Context;

use super::error::FAILURE;
use super::record::{build_program, suggest_program};
use super::recordings::Reader;
use super::{Error, Result, print_styled};
use crate::analysis::findings::words::counted;
use crate::build::Crates;
use crate::capture::controlled::{self, ControlledRun, Limits};
use crate::capture::hang::{Diagnoses, OnDeadlock};
use crate::capture::plan::{Plan, Switch};
use crate::capture::run::{self, RunOptions};
use crate::capture::session::{Collected, Session};
use crate::cli::ReplayArgs;
use crate::explore::chart::Chart;
use crate::explore::difference::Difference;
use crate::explore::kept::{Kept, shrunk};
use crate::explore::order::Order;
use crate::explore::outcome::Outcome;
use crate::explore::shrink::shrink;
use crate::reading::{self, Recording};
use crate::report::Report;
use crate::terminal::console::Console;
use crate::terminal::width;
use crate::workspace::runs::{self, Runs};
use crate::workspace::{BuildOptions, Workspace};

pub(super) fn replay(args: &ReplayArgs, console: Console) -> Result<u8> {
    let reader = Reader::new(console)?;
    let path = runs::recordings(slice::from_ref(&args.run))?.remove(0);
    let kept = Kept::read(&path)?;
    let expected = order_of(&reader.open(slice::from_ref(&path))?)?;
    if expected.is_incomplete {
        return Err(Error::Failed(anyhow::anyhow!(
            "{} lacks events, so it does not determine the order of the threads",
            path.display()
        )));
    }
    let mut replay = Replay { args, kept, expected, path: &path, reader };
    replay.build()?;
    let plan = replay.plan(replay.expected.switches.clone());
    if args.shrink {
        return replay.shrink(&plan);
    }
    if args.command.is_empty() { replay.by_itself(&plan) } else { replay.with_command(&plan) }
}

/// The order of the threads in a recording.
fn order_of(recording: &Recording) -> Result<Order> {
    let blocks: Vec<_> = recording.blocks().collect::<reading::Result<_>>()?;
    Ok(Order::new(&blocks, None))
}

/// Maximum number of runs to shrink a schedule.
const MAX_SHRINKING_RUNS: usize = 2000;

/// The outcome of a run, and its output.
struct Ending {
    outcome: Outcome,
    /// The hash of its output.
    printed: u64,
}

impl Ending {
    fn is_like(&self, other: &Ending) -> bool {
        self.outcome.identity == other.outcome.identity
            && (self.printed == other.printed || !self.outcome.kind.distinguishes_outputs())
    }
}

/// A run that is to happen again.
struct Replay<'a> {
    args: &'a ReplayArgs,
    kept: Kept,
    expected: Order,
    path: &'a Path,
    reader: Reader,
}

impl Replay<'_> {
    fn console(&self) -> Console {
        self.reader.console
    }

    fn plan(&self, switches: Vec<Switch>) -> Plan {
        Plan::following(switches, self.kept.max_steps, self.kept.early_ns)
    }

    /// Builds the program again, if it is one of the workspace: it may have changed.
    fn build(&mut self) -> Result<()> {
        let Some(program) = &self.kept.launch.program else { return Ok(()) };
        let workspace = Workspace::here()?;
        let found = workspace.find(Some(&program.name)).map_err(Error::Usage)?;
        let options = BuildOptions {
            release: program.release,
            features: program.features.clone(),
            offline: false,
        };
        let crates = Crates { only: program.only.clone(), without: program.without.clone() };
        let (built, _) = build_program(&workspace, found, &options, crates, true, self.console())?;
        if let Some(executable) = self.kept.launch.words.first_mut() {
            *executable = built.executable.to_string_lossy().into_owned();
        }
        self.kept.launch.directory = env::current_dir().context("there is no current directory")?;
        Ok(())
    }

    /// Runs the program as it was run before.
    fn by_itself(&self, plan: &Plan) -> Result<u8> {
        let limits = Limits { timeout: self.args.timeout, shares_terminal: true };
        let command = self.kept.launch.command();
        let run = controlled::run(command, plan, limits, &self.reader.watch);
        let run = run.map_err(suggest_program)?;
        let Some(run) = run else { return self.interrupted() };
        let ControlledRun { end, diverged, .. } = run;
        let collected = run.collect(&self.reader.watch)?;
        let Some(Collected { recording, .. }) = collected else {
            return Err(Error::Failed(anyhow::anyhow!("the program recorded nothing")));
        };
        let found = order_of(&recording)?;
        let outcome = Outcome::new(end, &found, &Report::new(&recording)?);
        Ok(self.compare(&found, Some(&outcome), diverged))
    }

    /// Runs another command that starts the program.
    fn with_command(&self, plan: &Plan) -> Result<u8> {
        let mut session = Session::controlled(plan)?;
        let (program, arguments) =
            self.args.command.split_first().context("there is no command")?;
        let mut command = std::process::Command::new(program);
        command.args(arguments);
        let options = RunOptions {
            timeout: None,
            on_deadlock: OnDeadlock::Wait,
            snapshot_stem: None,
            diagnoses: Diagnoses::default(),
            announces_hangs: true,
            console: self.console(),
        };
        let outcome = run::run(command, &mut session, &options).map_err(suggest_program)?;
        let collected = session.finish(&outcome.exit, &self.reader.watch)?;
        let Some(Collected { recording, .. }) = collected else {
            return Err(Error::Failed(anyhow::anyhow!(
                "no program that the command started recorded anything"
            )));
        };
        let found = order_of(&recording)?;
        // The status is that of the command, not of the program.
        Ok(self.compare(&found, None, None))
    }

    /// Finds the fewest switches that lead to the same outcome, keeps that run and shows it.
    fn shrink(&self, plan: &Plan) -> Result<u8> {
        let Some((recording, expected)) = self.quietly(&plan.switches)? else {
            return self.interrupted();
        };
        let again = order_of(&recording)?;
        if Difference::first(&self.expected, &again).is_some() {
            return Ok(self.compare(&again, Some(&expected.outcome), None));
        }
        let before = plan.switches.len();
        let best = shrink(plan.switches.clone(), MAX_SHRINKING_RUNS, |switches| -> Result<bool> {
            self.reader.watch.check()?;
            Ok(self.quietly(switches)?.is_some_and(|(_, outcome)| outcome.is_like(&expected)))
        })?;
        let Some((recording, outcome)) = self.quietly(&best)? else { return self.interrupted() };
        let outcome = outcome.outcome;
        let name = shrunk(&self.name());
        let kept = Kept { title: outcome.title.clone(), ..self.kept.clone() };
        let order = order_of(&recording)?;
        kept.write(&Runs::here(), &name, &recording)?;
        let chart = Chart { order: &order, needed: &best, width: width::for_stdout() };
        let console = self.console();
        console.print(format_args!(
            "{} of {before} led there; kept as {name}",
            counted(best.len() as u64, "switch")
        ));
        print_styled(format_args!("{}\n\n{chart}", outcome.title))
    }

    /// The result of a command that a signal has ended.
    fn interrupted(&self) -> Result<u8> {
        self.reader.watch.check()?;
        Ok(FAILURE)
    }

    /// Runs the program without showing its output. Returns the recording and the outcome; `None`
    /// if a signal came.
    fn quietly(&self, switches: &[Switch]) -> Result<Option<(Recording, Ending)>> {
        let plan = self.plan(switches.to_vec());
        let limits = Limits { timeout: self.args.timeout, shares_terminal: false };
        let mut command = self.kept.launch.command();
        command.env("RUST_BACKTRACE", "0");
        let run = controlled::run(command, &plan, limits, &self.reader.watch);
        let Some(run) = run.map_err(suggest_program)? else { return Ok(None) };
        let (end, printed) = (run.end, run.stdout.hash);
        let collected = run.collect(&self.reader.watch)?;
        let Some(Collected { recording, .. }) = collected else {
            return Err(anyhow::anyhow!("the program recorded nothing").into());
        };
        let order = order_of(&recording)?;
        let outcome = Outcome::new(end, &order, &Report::new(&recording)?);
        Ok(Some((recording, Ending { outcome, printed })))
    }

    fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Prints how a run differs from the expected one, and returns the exit status.
    fn compare(&self, found: &Order, outcome: Option<&Outcome>, diverged: Option<u64>) -> u8 {
        let console = self.console();
        let name = self.name();
        let Some(difference) = Difference::first(&self.expected, found) else {
            let operations = counted(found.operations.len() as u64, "operation");
            let outcome = outcome.map_or(String::new(), |outcome| format!(": {}", outcome.title));
            console.print(format_args!("the same happened as in {name}, in {operations}{outcome}"));
            return 0;
        };
        console.print(format_args!("not as in {name}: {difference}"));
        if let Some(step) = diverged {
            console.print(format_args!("the schedule cannot be followed from step {step} on"));
        }
        if let Some(outcome) = outcome {
            console.print(format_args!("this run: {}", outcome.title));
        }
        FAILURE
    }
}
