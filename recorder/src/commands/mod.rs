//! The commands of the recorder.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

use crate::capture::control::ActiveRun;
use crate::cli::{Cli, Command, ControlArgs};
use crate::terminal::console::Console;

mod error;
mod export;
mod list;
mod open;
mod record;
mod recordings;
mod report;
mod results;
mod shell;
mod show;

pub use error::{Error, Result};

/// Executes the command of a command line and returns its exit status.
///
/// # Errors
/// The command fails; [`Error::report`] prints the error and returns its exit status.
pub fn execute(cli: Cli, console: Console) -> Result<u8> {
    match cli.command {
        Command::List(args) => list::list(&args),
        Command::Run(args) => record::run(args, console),
        Command::Record(args) => record::record(args, console),
        Command::Pause(args) => control(&args, |run| run.set_paused(true)),
        Command::Resume(args) => control(&args, |run| run.set_paused(false)),
        Command::Keep(args) => control(&args, ActiveRun::request_snapshot),
        Command::Export(args) => export::export(args, console),
        Command::Report(args) => report::report(args, console),
        Command::Diff(args) => report::diff(&args, console),
        Command::Show(args) => show::show(&args, console),
        Command::Open(args) => open::open(args, console),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}

fn control(args: &ControlArgs, action: fn(&ActiveRun) -> io::Result<()>) -> Result<u8> {
    action(&ActiveRun::find(args.pid)?).context("cannot control the run")?;
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
