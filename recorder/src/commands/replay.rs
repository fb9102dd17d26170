//! `recorder replay`.

use std::env;
use std::path::Path;
use std::slice;

use anyhow::Context;
use format::Strategy;

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
use crate::explore::kept::{Kept, replayed, shrunk};
use crate::explore::launch::{Launch, Program, Started};
use crate::explore::order::Order;
use crate::explore::outcome::Outcome;
use crate::explore::profile::Profile;
use crate::explore::shrink::shrink;
use crate::reading::Recording;
use crate::report::Report;
use crate::terminal::console::Console;
use crate::terminal::width;
use crate::workspace::runs::{self, Runs};
use crate::workspace::{BuildOptions, Workspace};

pub(super) fn replay(args: &ReplayArgs, console: Console) -> Result<u8> {
    let reader = Reader::new(console)?;
    let path = runs::recordings(slice::from_ref(&args.run))?.remove(0);
    let recording = reader.open(slice::from_ref(&path))?;
    let expected = Order::of(&recording)?;
    let kept = match Kept::read(&path)? {
        Some(kept) => kept,
        None if args.shrink => {
            return Err(Error::Usage(format!(
                "{0} was not recorded by `recorder explore`. `recorder replay {0}` keeps the run that \
                 it makes happen again, and that can be shrunk",
                args.run.display()
            )));
        }
        None => ordinary(args, &path, &recording)?,
    };
    if expected.is_incomplete {
        return Err(Error::Failed(anyhow::anyhow!(
            "{} lacks events, so it does not determine the order of the threads",
            path.display()
        )));
    }
    let mut replay = Replay { args, kept, expected, path: &path, reader };
    replay.build()?;
    let plan = match replay.expected.is_controlled {
        true => replay.plan(replay.expected.switches.clone()),
        false => Plan {
            strategy: Strategy::Follow,
            earlier: Some(Profile::new(&replay.expected).into_run()),
            ..replay.plan(Vec::new())
        },
    };
    if args.shrink {
        return replay.shrink(&plan);
    }
    if args.command.is_empty() || !replay.expected.is_controlled {
        return replay.by_itself(&plan);
    }
    replay.with_command(&plan)
}

/// How to run the program of an ordinary recording again.
fn ordinary(args: &ReplayArgs, path: &Path, recording: &Recording) -> Result<Kept> {
    let mut launch = Launch::new(None, &args.command);
    if args.command.is_empty() {
        let run = path.file_stem().unwrap_or_default().to_string_lossy();
        let started = Started::of(recording);
        let workspace = Workspace::here().ok();
        let name = workspace.as_ref().and_then(|it| started.program(&run, it)).ok_or_else(|| {
            Error::Usage(format!(
                "{run} is a run of {}, which is no program of this workspace; `recorder replay {} -- \
                 COMMAND` starts it",
                started.executable,
                args.run.display()
            ))
        })?;
        launch.program = Some(Program { name: name.to_owned(), ..Program::default() });
        launch.words = vec![started.executable.clone()];
        let arguments = started.arguments.iter();
        launch.words.extend(arguments.map(|it| it.to_string_lossy().into_owned()));
    }
    let (kind, title) = (String::new(), String::new());
    Ok(Kept { launch, kind, title, max_steps: 0, early_ns: 0 })
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
        let limits = Limits { timeout: self.args.limit.timeout, shares_terminal: true };
        let command = self.kept.launch.command();
        let run = controlled::run(command, plan, limits, &self.reader.watch);
        let run = run.map_err(suggest_program)?;
        let Some(run) = run else { return self.interrupted() };
        let ControlledRun { end, diverged, uncontrolled, .. } = run;
        let collected = run.collect(&self.reader.watch)?;
        let Some(Collected { recording, .. }) = collected else {
            return Err(Error::Failed(anyhow::anyhow!("the program recorded nothing")));
        };
        let found = Order::of(&recording)?;
        let outcome = Outcome::new(end, &found, &Report::new(&recording)?);
        let status = self.compare(&found, Some(&outcome), diverged);
        if status != 0 && uncontrolled > 0 {
            self.console().print(format_args!(
                "this run was not wholly controlled: a thread was blocked or busy in something that is \
                 not recorded, so others went on beside it"
            ));
        }
        if status == 0 && !self.expected.is_controlled {
            let name = replayed(&self.name());
            let (kind, title) = (outcome.kind.name().to_owned(), outcome.title.clone());
            let kept = Kept { kind, title, ..self.kept.clone() };
            let runs = Runs::here();
            runs.create()?;
            kept.write(&runs, &name, &recording)?;
            self.console().print(format_args!(
                "kept as {name}, with the exact order: `recorder replay {name} --shrink` finds the \
                 switches that it needs"
            ));
        }
        Ok(status)
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
        let found = Order::of(&recording)?;
        // The status is that of the command, not of the program.
        Ok(self.compare(&found, None, None))
    }

    /// Finds the fewest switches that lead to the same outcome, keeps that run and shows it.
    fn shrink(&self, plan: &Plan) -> Result<u8> {
        let Some((recording, expected)) = self.quietly(&plan.switches)? else {
            return self.interrupted();
        };
        let again = Order::of(&recording)?;
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
        let order = Order::of(&recording)?;
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
        let limits = Limits { timeout: self.args.limit.timeout, shares_terminal: false };
        let mut command = self.kept.launch.command();
        command.env("RUST_BACKTRACE", "0");
        let run = controlled::run(command, &plan, limits, &self.reader.watch);
        let Some(run) = run.map_err(suggest_program)? else { return Ok(None) };
        let (end, printed) = (run.end, run.stdout.hash);
        let collected = run.collect(&self.reader.watch)?;
        let Some(Collected { recording, .. }) = collected else {
            return Err(anyhow::anyhow!("the program recorded nothing").into());
        };
        let order = Order::of(&recording)?;
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
        let difference = match self.expected.is_controlled {
            true => Difference::first(&self.expected, found),
            false => Difference::first_of_threads(&self.expected, found),
        };
        let Some(difference) = difference else {
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
