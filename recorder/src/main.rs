//! `recorder`: see [`recorder::cli`] for the command line and [`recorder::commands`] for the rest.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use recorder::cli::Cli;
use recorder::commands;
use recorder::terminal::console::Console;
use recorder::terminal::diagnostics;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = cli.check() {
        error.exit();
    }
    let console = Console::new(&cli.verbosity);
    let status = diagnostics::start(&cli.verbosity)
        .and_then(|_diagnostics| commands::execute(cli.command, console))
        .unwrap_or_else(commands::report_failure);
    ExitCode::from(status)
}
