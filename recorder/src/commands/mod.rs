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
use crate::workspace::{Workspace, relative};

mod check;
mod error;
mod explore;
mod export;
mod learn;
mod open;
mod record;
mod recordings;
mod replay;
mod report;
mod results;
mod show;
mod view;
mod watch;

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
        Command::Check(args) => check::check(args, console),
        Command::Explore(args) => explore::explore(args, console),
        Command::Replay(args) => replay::replay(args, console),
        Command::Pause(args) => set_paused(args, true, console),
        Command::Resume(args) => set_paused(args, false, console),
        Command::Keep(args) => keep(args, console),
        Command::Export(args) => export::export(args, console),
        Command::Report(args) => report::report(args, console),
        Command::Diff(args) => report::diff(args, console),
        Command::Show(args) => show::show(args, console),
        Command::View(args) => view::view(args, console),
        Command::Learn(args) => learn::learn(args, console),
        Command::Open(args) => open::open(args, console),
        Command::Watch(args) => watch::watch(args, console),
        Command::Completions(args) => completions(args),
        Command::Man(args) => man(args),
    }
}

fn list(args: &ListArgs) -> Result<u8> {
    let workspace = Workspace::here()?;
    if args.json {
        return print_json(&workspace.listed().collect::<Vec<_>>());
    }
    let listing = workspace.listing();
    if listing.is_empty() {
        console::error("this workspace has no binary or example");
        return Ok(0);
    }
    print_bytes(format!("{listing}\n").as_bytes())
}

fn set_paused(args: &ControlArgs, paused: bool, console: Console) -> Result<u8> {
    let run = ActiveRun::find(args.pid)?;
    let (done, state) = if paused { ("paused", "paused") } else { ("resumed", "not paused") };
    match run.set_paused(paused)? {
        true => console.print(format_args!("{done} the recording of {run}")),
        false => console.print(format_args!("the recording of {run} was {state} before")),
    }
    Ok(0)
}

fn keep(args: &ControlArgs, console: Console) -> Result<u8> {
    let path = ActiveRun::find(args.pid)?.keep()?;
    console.print(format_args!("saved {}", relative(&path).display()));
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
