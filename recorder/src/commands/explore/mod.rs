//! `recorder explore`.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::FAILURE;
use super::record::{build_program, reject_misplaced, suggest_program};
use super::recordings::Reader;
use super::{Error, Result, print_json, print_styled};
use crate::build::cargo::CargoCommand;
use crate::capture;
use crate::cli::ExploreArgs;
use crate::explore::explorer::{self, Found, Options};
use crate::explore::json::Document;
use crate::explore::kept::{self, Kept};
use crate::explore::launch::{Launch, Program};
use crate::explore::outcome::Kind;
use crate::explore::rows::{Row, rows};
use crate::explore::strategy::Plans;
use crate::explore::text::{self, Text};
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::workspace::Workspace;
use crate::workspace::runs::Runs;

mod confirm;
mod page;
mod suite;

use suite::Test;

pub(super) fn explore(args: &ExploreArgs, console: Console) -> Result<u8> {
    if let Some(run) = &args.confirm {
        return confirm::confirm(args, run, console);
    }
    page::check(args)?;
    if args.name.is_none()
        && let Some(cargo) = CargoCommand::parse(&args.args)
    {
        let tests = suite::tests(&cargo, args, console)?;
        let exploration = Exploration { args, console, reader: Reader::new(console)? };
        return exploration.explore_suite(&tests);
    }
    let (name, launch) = launch(args, console)?;
    let exploration = Exploration { args, console, reader: Reader::new(console)? };
    exploration.explore(&name, &launch)
}

/// What to run, and the name of its recordings. Builds a program of the workspace.
fn launch(args: &ExploreArgs, console: Console) -> Result<(String, Launch)> {
    if let (None, Some(program)) = (&args.name, args.args.first()) {
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
        return Ok((name.into_owned(), Launch::new(None, &args.args)));
    }
    launch_program(args, args.name.as_deref(), &args.args, console)
}

/// Builds a program of the workspace.
fn launch_program(
    args: &ExploreArgs,
    name: Option<&str>,
    arguments: &[OsString],
    console: Console,
) -> Result<(String, Launch)> {
    let workspace = Workspace::here()?;
    let program = workspace.find(name).map_err(Error::Usage)?;
    reject_misplaced(&args.misplaced, "explore", &program.name)?;
    let crates = args.crates.crates();
    let origin = Program {
        name: program.name.clone(),
        release: args.build.release,
        features: args.build.features.clone(),
        only: crates.only.clone(),
        without: crates.without.clone(),
    };
    let (built, _) = build_program(&workspace, program, &args.build, crates, true, console)?;
    let words: Vec<_> =
        [built.executable.into()].into_iter().chain(arguments.iter().cloned()).collect();
    Ok((program.name.clone(), Launch::new(Some(origin), &words)))
}

/// Explores programs as the command line asks.
struct Exploration<'a> {
    args: &'a ExploreArgs,
    console: Console,
    reader: Reader,
}

impl Exploration<'_> {
    /// Explores a program, prints the outcomes, and returns the exit status.
    fn explore(&self, name: &str, launch: &Launch) -> Result<u8> {
        let mut found = self.run(name, launch)?;
        let mut leaves = std::mem::take(&mut found.leaves);
        let rows = rows(&found, name);
        self.keep(name, launch, &rows)?;
        if self.args.json {
            print_json(&Document::new(name, &found, &rows))?;
        } else {
            let width = width::for_stdout();
            let seed = self.args.seed;
            print_styled(Text { program: name, found: &found, rows: &rows, seed, width })?;
        }
        let written = match &self.args.output {
            Some(path) => self.write_page(path, name, &found, &mut leaves)?,
            None => 0,
        };
        Ok(self.status(&rows).max(written))
    }

    /// Explores each test by itself. Prints a line for each, the outcomes of those that have several
    /// or bad ones, and the commands that make these happen again. Returns the exit status.
    fn explore_suite(&self, tests: &[Test]) -> Result<u8> {
        let mut status = 0;
        let mut documents = Vec::new();
        let mut commands = Vec::new();
        for Test { name, launch } in tests {
            if self.reader.watch.check().is_err() {
                break;
            }
            let file_name = name.replace("::", "-");
            let Some(found) = self.find(name, launch)? else {
                if !self.args.json {
                    print_styled(format_args!("{name}: no channel, lock or thread to control\n"))?;
                }
                continue;
            };
            let rows = rows(&found, &file_name);
            self.keep(&file_name, launch, &rows)?;
            status = status.max(self.status(&rows));
            let bad = rows.iter().filter(|row| row.kind != Kind::Ok);
            commands.extend(bad.map(|row| format!("recorder replay {}", row.name)));
            if self.args.json {
                let document = Document::new(name, &found, &rows);
                documents.push(serde_json::to_value(document).context("cannot encode a test")?);
            } else {
                let (seed, width) = (self.args.seed, width::for_stdout());
                let text = Text { program: name, found: &found, rows: &rows, seed, width };
                print_styled(text.brief())?;
            }
        }
        if self.args.json {
            print_json(&documents)?;
        } else if !commands.is_empty() {
            print_styled(format_args!("\n{}\n", commands.join("\n")))?;
        }
        Ok(status)
    }

    fn run(&self, name: &str, launch: &Launch) -> Result<Found> {
        self.find(name, launch)?.ok_or_else(|| {
            Error::Failed(anyhow::anyhow!(
                "{name} used no channel, lock or thread, or it was not built to be recorded, so its \
                 schedule cannot be controlled. `recorder explore NAME` builds a program of the \
                 workspace"
            ))
        })
    }

    /// The outcomes; `None` if the program uses nothing that is recorded.
    fn find(&self, name: &str, launch: &Launch) -> Result<Option<Found>> {
        let options = options(self.args, launch);
        let line = self.console.shows_progress().then(progress_line);
        let show = |found: &Found, elapsed: Duration| {
            if let Some(line) = &line {
                line.set_message(text::progress(name, found, elapsed.as_secs_f64()));
                line.tick();
            }
        };
        let found = explorer::explore(&|| launch.command(), options, &self.reader.watch, show);
        if let Some(line) = line {
            line.finish_and_clear();
        }
        match found {
            Ok(found) => Ok(Some(found)),
            Err(capture::Error::NothingRecorded) => Ok(None),
            Err(error) => Err(suggest_program(error)),
        }
    }

    /// Keeps the shortest run of each outcome, and removes those of the last exploration.
    fn keep(&self, name: &str, launch: &Launch, rows: &[Row<'_>]) -> Result<()> {
        let runs = Runs::here();
        runs.create()?;
        kept::remove(&runs, name, &Kind::ALL)?;
        // The worst last: it is the newest run then.
        for row in rows.iter().rev() {
            let kept = Kept {
                launch: launch.clone(),
                kind: row.kind.name().to_owned(),
                title: row.title.clone(),
                max_steps: self.args.max_steps,
                early_ns: self.args.early_ns(),
            };
            self.reader.with_progress(|| kept.write(&runs, &row.name, &row.shortest.recording))?;
        }
        Ok(())
    }

    fn status(&self, rows: &[Row<'_>]) -> u8 {
        let Some(fail_on) = &self.args.fail_on else { return 0 };
        let mut status = 0;
        for &kind in &fail_on.0 {
            let runs: u64 = rows.iter().filter(|row| row.kind == kind).map(|row| row.runs).sum();
            if runs > 0 {
                console::error(format_args!("{runs} runs with the outcome {kind}"));
                status = FAILURE;
            }
        }
        status
    }
}

/// The options of an exploration.
fn options(args: &ExploreArgs, launch: &Launch) -> Options {
    let jobs = args.jobs.map(usize::from);
    let jobs = jobs.or_else(|| thread::available_parallelism().ok().map(NonZero::get));
    Options {
        plans: Plans {
            chooser: args.strategy,
            seed: args.seed,
            depth: args.depth,
            max_steps: args.max_steps,
            early_ns: args.early_ns(),
        },
        schedules: args.schedules,
        time: args.time,
        timeout: args.limit.timeout,
        jobs: jobs.unwrap_or(1),
        distinguishes_outputs: !launch.is_test,
        keeps_orders: args.output.is_some(),
    }
}

/// A line on the terminal that shows how far an exploration is.
fn progress_line() -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        line.set_style(style);
    }
    line
}
