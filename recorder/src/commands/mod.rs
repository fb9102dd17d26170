//! The commands of the recorder.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};

use anyhow::Context;
use clap::CommandFactory;
use serde::Serialize;

use crate::capture::control::ActiveRun;
use crate::cli::{Cli, Command, CompletionsArgs, ControlArgs, ListArgs, ManArgs};
use crate::terminal::console::{self, Console};
use crate::workspace;

mod error;
mod export;
mod open;
mod record;
mod recordings;
mod report;
mod results;
mod show;

pub use error::{Error, Result};

/// Executes the command of a command line and returns its exit status.
///
/// # Errors
/// The command fails; [`Error::report`] prints the error and returns its exit status.
pub fn execute(cli: Cli, console: Console) -> Result<u8> {
    match &cli.command {
        Command::List(args) => list(args),
        Command::Run(args) => record::run(args, console),
        Command::Record(args) => record::record(args, console),
        Command::Pause(args) => control(args, |run| run.set_paused(true)),
        Command::Resume(args) => control(args, |run| run.set_paused(false)),
        Command::Keep(args) => control(args, ActiveRun::request_snapshot),
        Command::Export(args) => export::export(args, console),
        Command::Report(args) => report::report(args, console),
        Command::Diff(args) => report::diff(args, console),
        Command::Show(args) => show::show(args, console),
        Command::Open(args) => open::open(args, console),
        Command::Completions(args) => completions(args),
        Command::Man(args) => man(args),
    }
}

fn list(args: &ListArgs) -> Result<u8> {
    let mut programs = workspace::programs()?;
    programs.retain(|program| program.listed);
    if args.json {
        return print_json(&programs);
    }
    if programs.is_empty() {
        console::error("this workspace has no binary or example");
    }
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for program in &programs {
        text += format!("{:width$}  {}", program.name, program.summary).trim_end();
        text += "\n";
    }
    print_bytes(text.as_bytes())
}

fn control(args: &ControlArgs, action: fn(&ActiveRun) -> io::Result<()>) -> Result<u8> {
    action(&ActiveRun::find(args.pid)?).context("cannot control the run")?;
    Ok(0)
}

fn completions(args: &CompletionsArgs) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "recorder", &mut script);
    print_bytes(&script)
}

fn man(args: &ManArgs) -> Result<u8> {
    let Some(directory) = &args.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).context("cannot make the page")?;
        return print_bytes(&page);
    };
    let cannot = || format!("cannot write manual pages to {}", directory.display());
    fs::create_dir_all(directory).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), directory).with_context(cannot)?;
    Ok(0)
}

/// Prints bytes on stdout.
fn print_bytes(bytes: &[u8]) -> Result<u8> {
    io::stdout().write_all(bytes).map_err(Error::from_stdout)?;
    Ok(0)
}

/// Prints text on stdout, in colour if that is a terminal.
fn print_styled(text: impl Display) -> Result<u8> {
    write!(anstream::stdout(), "{text}").map_err(Error::from_stdout)?;
    Ok(0)
}

fn print_json(value: &impl Serialize) -> Result<u8> {
    let mut text = serde_json::to_vec_pretty(value).context("cannot encode the output")?;
    text.push(b'\n');
    print_bytes(&text)
}
