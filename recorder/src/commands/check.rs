//! `recorder check`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Serialize;

use super::error::FAILURE;
use super::recordings::Reader;
use super::{Error, Result, print_json, print_styled};
use crate::analysis::findings::Code;
use crate::analysis::findings::words::counted;
use crate::check::conditions::Conditions;
use crate::check::course::{Course, Exercise, file_at};
use crate::check::hints::{self, Failure, Given};
use crate::check::judge::{Run, Verdict, judge};
use crate::check::running::{Finished, run_once};
use crate::check::{Fact, facts};
use crate::cli::CheckArgs;
use crate::export::{self, Kind, Options, Output};
use crate::layout::wrap;
use crate::report::Report;
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::workspace::compile::{CompileError, Compiled};
use crate::workspace::runs::Runs;
use crate::workspace::{Program, Workspace, relative};

pub(super) fn check(args: &CheckArgs, console: Console) -> Result<u8> {
    // A file of facts with a command needs no workspace.
    let workspace = Workspace::here();
    let course = workspace.as_ref().map_or_else(|_| Course::default(), |it| Course::of(&it.root));
    let exercises = match &args.exercise {
        None => course.all()?,
        Some(argument) => vec![find(&course, argument)?],
    };
    if exercises.is_empty() {
        workspace?;
        return Err(Error::Usage(course.find("").err().unwrap_or_default()));
    }
    let runs = Runs::of(workspace.as_ref().ok());
    if args.hint {
        return exercises.iter().try_fold(0, |_, exercise| next_hint(exercise, &runs));
    }
    let commands = commands(&exercises, workspace, console)?;
    runs.create()?;
    let checker = Checker { runs: &runs, reader: Reader::new(console)?, args };
    let mut results = Vec::new();
    for (exercise, command) in exercises.iter().zip(commands) {
        let result = checker.check(exercise, command)?;
        if !args.json {
            match &args.exercise {
                Some(_) => print_styled(checker.text(exercise, &result, &course))?,
                None => print_styled(line(exercise, &result))?,
            };
        }
        results.push(result);
    }
    let solved = results.iter().filter(|result| result.is_solved).count();
    if args.json {
        print_json(&results)?;
    } else if args.exercise.is_none() {
        print_styled(format_args!("{solved} of {} solved\n", results.len()))?;
    }
    Ok(if solved == results.len() { 0 } else { FAILURE })
}

impl From<facts::Error> for Error {
    fn from(error: facts::Error) -> Self {
        Error::Usage(error.to_string())
    }
}

/// The exercise that an argument means.
fn find(course: &Course, argument: &str) -> Result<Exercise> {
    if let Some(file) = file_at(Path::new(argument)) {
        return Ok(Exercise::read(&file, Some(argument))?);
    }
    let file = course.find(argument).map_err(Error::Usage)?;
    Ok(Exercise::read(&file, None)?)
}

/// A command and its arguments, or why there is none.
type Words = std::result::Result<Vec<OsString>, CompileError>;

/// The command that runs the program of each exercise. Builds the programs of the workspace.
fn commands(
    exercises: &[Exercise],
    workspace: anyhow::Result<Workspace>,
    console: Console,
) -> Result<Vec<Words>> {
    let is_program = |exercise: &&Exercise| exercise.facts.command.is_none();
    let mut compiled = Vec::new();
    if exercises.iter().any(|exercise| is_program(&exercise)) {
        let workspace = workspace?;
        let program = |exercise: &Exercise| -> Result<Program> {
            let name = exercise.facts.program.as_ref().unwrap_or(&exercise.name);
            Ok(workspace.find(Some(name)).map_err(Error::Usage)?.clone())
        };
        let programs = exercises.iter().filter(is_program).map(program);
        let programs = programs.collect::<Result<Vec<_>>>()?;
        console.note(format_args!(
            "building {}",
            match &programs[..] {
                [one] => one.name.clone(),
                several => counted(several.len() as u64, "program"),
            }
        ));
        compiled = workspace.compile(&programs.iter().collect::<Vec<_>>())?;
    }
    let mut compiled = compiled.into_iter();
    let command = |exercise: &Exercise| match &exercise.facts.command {
        Some(words) => Ok(Ok(words.iter().map(OsString::from).collect())),
        None => {
            let result: Compiled = compiled.next().context("a program was not built")?;
            Ok(result.map(|executable| vec![executable.into()]))
        }
    };
    exercises.iter().map(command).collect()
}

/// Prints the next hint for the last run of an exercise.
fn next_hint(exercise: &Exercise, runs: &Runs) -> Result<u8> {
    let path = hints_file(exercise, runs);
    let argument = &exercise.argument;
    let Some(mut given) = Given::read(&path) else {
        return Err(Error::Usage(format!(
            "there is no failed run of {}; `recorder check {argument}` makes one",
            exercise.name
        )));
    };
    let count = given.hints.len();
    let hint = given.hints.get(given.shown).and_then(|&hint| exercise.facts.hints.get(hint));
    let Some(hint) = hint else {
        console::error(match count {
            0 => "there is no hint for this".to_owned(),
            _ => format!("that was the last hint for the last run ({count} of {count})"),
        });
        return Ok(FAILURE);
    };
    given.shown += 1;
    given.write(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let start = format!("hint {} of {count}: ", given.shown);
    let text = wrap(&hint.text, start.len(), 2, width::for_stdout());
    print_styled(format_args!("{start}{text}\n"))
}

fn hints_file(exercise: &Exercise, runs: &Runs) -> PathBuf {
    runs.file(&exercise.name, "hints")
}

/// The result of checking an exercise.
#[derive(Debug, Serialize)]
struct CheckResult {
    exercise: String,
    title: String,
    #[serde(rename = "solved")]
    is_solved: bool,
    /// How many runs there were.
    runs: u32,
    /// The conditions of the last.
    #[serde(skip)]
    conditions: String,
    /// Those of the run that failed, or of the last.
    facts: Vec<FactRecord>,
    /// The numbers of the hints that help, from 1 on.
    hints: Vec<usize>,
    /// How many of them have been shown.
    #[serde(skip)]
    hints_shown: usize,
    /// The recording of the run that failed.
    recording: Option<PathBuf>,
}

/// A verdict.
#[derive(Debug, Serialize)]
struct FactRecord {
    fact: Fact,
    text: String,
    met: bool,
    details: Vec<String>,
}

impl From<Verdict> for FactRecord {
    fn from(verdict: Verdict) -> Self {
        let met = verdict.is_met();
        let details = verdict.unmet.unwrap_or_default();
        FactRecord { fact: verdict.fact, text: verdict.text, met, details }
    }
}

/// What is known of a program: from its last run, or from the compiler.
#[derive(Default)]
struct Judged {
    verdicts: Vec<Verdict>,
    /// The kinds of its findings.
    findings: Vec<Code>,
    /// The code of the compiler's error.
    error: Option<String>,
}

/// Checks exercises.
struct Checker<'a> {
    runs: &'a Runs,
    reader: Reader,
    args: &'a CheckArgs,
}

impl Checker<'_> {
    fn check(&self, exercise: &Exercise, command: Words) -> Result<CheckResult> {
        let mut result = CheckResult {
            exercise: exercise.name.clone(),
            title: exercise.facts.title.clone(),
            is_solved: false,
            runs: 0,
            conditions: String::new(),
            facts: Vec::new(),
            hints: Vec::new(),
            hints_shown: 0,
            recording: None,
        };
        let Judged { verdicts, findings, error } = match command {
            Ok(words) => self.run(exercise, &words, &mut result)?,
            Err(error) => Judged {
                verdicts: vec![does_not_compile(&error)],
                error: error.code,
                ..Judged::default()
            },
        };
        result.is_solved = verdicts.iter().all(Verdict::is_met);
        let failure = Failure { verdicts: &verdicts, findings: &findings, error: error.as_deref() };
        let fitting = match result.is_solved {
            true => Vec::new(),
            false => hints::fitting(&exercise.facts.hints, failure),
        };
        result.hints = fitting.iter().map(|hint| hint + 1).collect();
        result.facts = verdicts.into_iter().map(FactRecord::from).collect();
        let file = hints_file(exercise, self.runs);
        if result.is_solved {
            // Fails if there is none.
            let _ = fs::remove_file(&file);
        } else {
            let given = Given::update(Given::read(&file), fitting);
            result.hints_shown = given.shown;
            given.write(&file).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(result)
    }

    /// Runs the program until a run fails, or all have been made.
    fn run(
        &self,
        exercise: &Exercise,
        words: &[OsString],
        result: &mut CheckResult,
    ) -> Result<Judged> {
        let runs = self.args.runs.unwrap_or(exercise.facts.runs).get();
        let (program, arguments) = words.split_first().context("the command is empty")?;
        let mut judged = Judged::default();
        for number in 0..runs {
            let conditions = Conditions::of_run(number);
            let Reader { console, watch } = &self.reader;
            let mut command = Command::new(program);
            command.args(arguments);
            let finished = run_once(
                command,
                exercise.facts.timeout,
                conditions,
                self.runs.folder(),
                (*console, watch),
            )?;
            if finished.is_incomplete {
                console::error("the recording is incomplete; facts about it may be wrong");
            }
            if finished.recording.is_none() && number == 0 {
                let name = &exercise.name;
                console.note(format_args!(
                    "{name} used no channel, lock or thread, or was not built to be recorded"
                ));
            }
            let Finished { recording, end, output, .. } = finished;
            let report = recording.as_ref().map(Report::new).transpose()?;
            let run = Run { report: report.as_ref(), end, output: &output };
            judged.verdicts = judge(&exercise.facts, &run)?;
            let findings = report.iter().flat_map(|report| &report.findings);
            judged.findings = findings.map(|finding| finding.code).collect();
            result.runs = number + 1;
            result.conditions = conditions.to_string();
            if !judged.verdicts.iter().all(Verdict::is_met) {
                result.recording = report.map(|it| self.keep(exercise, &it)).transpose()?;
                break;
            }
        }
        Ok(judged)
    }

    /// Keeps the recording of a failed run.
    fn keep(&self, exercise: &Exercise, report: &Report<'_>) -> Result<PathBuf> {
        let path = self.runs.file(&exercise.name, Kind::Recording.extension());
        let outputs = export::prepare(&[Output::new(path.clone(), Kind::Recording)])?;
        export::export(report, outputs, Options::default())?;
        Ok(relative(&path).to_owned())
    }

    /// All facts of an exercise, and what to do next. Contains ANSI colours.
    fn text(&self, exercise: &Exercise, result: &CheckResult, course: &Course) -> String {
        let width = width::for_stdout();
        let mut text = format!("\x1b[1m{}\x1b[0m\n", exercise.heading());
        // If the program hangs, other facts are not met because of that.
        let mut facts: Vec<_> = result.facts.iter().collect();
        facts.sort_by_key(|fact| (!fact.met, !fact.met && fact.fact != Fact::Ends));
        for fact in facts {
            let sign = sign(fact.met);
            let _ = writeln!(text, "  {sign} {}", wrap(&fact.text, 4, 4, width));
            for detail in &fact.details {
                let _ = writeln!(text, "    {}", wrap(detail, 4, 6, width));
            }
        }
        if result.is_solved {
            let _ = writeln!(text, "solved, in {}", counted(result.runs.into(), "run"));
            let next = exercise.number.map(|number| number + 1).filter(|&next| course.has(next));
            if let Some(next) = next {
                let _ = writeln!(text, "next: recorder check {next}");
            }
            return text;
        }
        if result.runs > 1 {
            let run = format!("seen in run {}, {}", result.runs, result.conditions);
            let _ = writeln!(text, "  {}", run.trim_end_matches(", "));
        }
        let (shown, count) = (result.hints_shown, result.hints.len());
        if shown < count {
            let argument = &exercise.argument;
            let _ =
                writeln!(text, "  hint {} of {count}: recorder check {argument} --hint", shown + 1);
        }
        if result.recording.is_some() {
            let _ = writeln!(text, "  look at the run: recorder view {}", exercise.name);
        }
        if let Some(FactRecord { fact: Fact::Compiles, .. }) = result.facts.first() {
            let program = exercise.facts.program.as_ref().unwrap_or(&exercise.name);
            let _ = writeln!(text, "  see the whole error: recorder run {program}");
        }
        text
    }
}

/// ` 4 ✗ the belt that never ends: the program ends by itself`
fn line(exercise: &Exercise, result: &CheckResult) -> String {
    let number = exercise.number.map_or(String::new(), |number| number.to_string());
    let unmet = result.facts.iter().filter(|fact| !fact.met);
    let unmet = unmet.min_by_key(|fact| fact.fact != Fact::Ends);
    let unmet = unmet.map_or(String::new(), |fact| format!(" (not met: {})", fact.text));
    let text = format!("{}{unmet}", exercise.facts.title);
    let text = wrap(&text, 5, 5, width::for_stdout());
    format!("{number:>2} {} {text}\n", sign(result.is_solved))
}

fn sign(is_met: bool) -> &'static str {
    if is_met { "\x1b[32m✓\x1b[0m" } else { "\x1b[31m✗\x1b[0m" }
}

fn does_not_compile(error: &CompileError) -> Verdict {
    let CompileError { code, message, place } = error;
    let code = code.as_ref().map_or(String::new(), |code| format!("{code}: "));
    let place = place.as_ref().map_or(String::new(), |place| format!(" ({place})"));
    Verdict {
        fact: Fact::Compiles,
        text: "the program compiles".to_owned(),
        unmet: Some(vec![format!("{code}{message}{place}")]),
    }
}
