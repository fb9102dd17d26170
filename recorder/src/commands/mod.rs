//! What each command of the recorder does.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::capture::control::ActiveRun;
use crate::cli::Command;
use crate::terminal::console::Console;

mod control;
mod exit_status;
mod export;
mod list;
mod open;
mod record;
mod recordings;
mod report;
mod shell;
mod show;
mod written;

pub use exit_status::report_failure;

/// Carries out a command; returns the exit status.
///
/// # Errors
/// The command fails; [`report_failure`] turns the error into an exit status.
pub fn execute(command: Command, console: Console) -> Result<u8> {
    match command {
        Command::List { json } => list::list(json),
        Command::Run { name, release, options, opening, args } => {
            record::run(&name, release, &options, &opening, args, console)
        }
        Command::Record { options, opening, command } => {
            record::record(&command, &options, &opening, console)
        }
        Command::Pause(running) => control::control(&running, |run| run.set_paused(true)),
        Command::Resume(running) => control::control(&running, |run| run.set_paused(false)),
        Command::Keep(running) => control::control(&running, ActiveRun::request_snapshot),
        Command::Export { recordings, outputs, chart, selection, detail, opening } => {
            let wanted = selection.wanted();
            export::export(&recordings, &outputs.outputs, chart, &wanted, detail, &opening, console)
        }
        Command::Report { recordings, json, limits } => {
            report::report(&recordings, json, &limits.limits(), console)
        }
        Command::Diff { before, after, json } => report::diff(&before, &after, json, console),
        Command::Show { recordings, events, threads } => {
            show::show(&recordings, events, threads, console)
        }
        Command::Open { files, window, detail, serving } => {
            let watch = recordings::watched()?;
            open::open_in_viewer(&files, &window.wanted(), detail, &serving, &watch, console)
        }
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { directory } => shell::man(directory.as_deref()),
    }
}

fn print(bytes: &[u8]) -> Result<u8> {
    io::stdout().write_all(bytes).context("cannot write stdout")?;
    Ok(0)
}

fn print_json(value: &impl Serialize) -> Result<u8> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    print(&text)
}
