//! `recorder`: parses the [command line](recorder::cli) and executes a
//! [command](recorder::commands).
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use recorder::build::compiler;
use recorder::cli::Cli;
use recorder::commands::{self, Error};
use recorder::terminal::console::Console;
use recorder::terminal::diagnostics;

fn main() -> ExitCode {
    if let Some(status) = compiler::run_if_called() {
        return status;
    }
    let cli = Cli::parse();
    if let Err(error) = cli.check() {
        error.exit();
    }
    let console = Console::new(&cli.verbosity);
    let status = diagnostics::start(&cli.verbosity)
        .map_err(Error::from)
        .and_then(|_diagnostics| commands::execute(cli, console))
        .unwrap_or_else(Error::report);
    ExitCode::from(status)
}
