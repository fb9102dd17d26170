//! Checks for options that contradict each other.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::{Cli, Command, RecordOptions, ViewerOptions};
use crate::export::Output;
use crate::timeline::select::Criteria;

impl Cli {
    /// Checks that the options do not contradict each other.
    ///
    /// # Errors
    /// They do. The error is printed like the other usage errors.
    pub fn check(&self) -> clap::error::Result<()> {
        let (command, result) = match &self.command {
            Command::Run(args) => ("run", check_record(&args.options)),
            Command::Record(args) => ("record", check_record(&args.options)),
            Command::Export(args) => (
                "export",
                check_selection(&args.selection.criteria(), &args.outputs).and_then(|()| {
                    check_outputs(&args.outputs, args.detail.max_events, &args.viewer)
                }),
            ),
            Command::Show(args) => ("show", check_selection(&args.selection.criteria(), &[])),
            Command::Open(args) => ("open", check_selection(&args.window.criteria(), &[])),
            _ => return Ok(()),
        };
        result.map_err(|message| {
            let mut recorder = Cli::command();
            recorder.build();
            let command = recorder.find_subcommand_mut(command).map(std::mem::take);
            command.unwrap_or(recorder).error(ErrorKind::ArgumentConflict, message)
        })
    }
}

fn check_record(options: &RecordOptions) -> Result<(), String> {
    check_outputs(&options.outputs, options.detail.max_events, &options.viewer)
}

fn check_selection(criteria: &Criteria, outputs: &[Output]) -> Result<(), String> {
    if criteria.to.is_some_and(|to| criteria.from > Some(to)) {
        return Err("--from is later than --to".to_owned());
    }
    match outputs.iter().find(|output| !output.kind().is_picture()) {
        Some(output) if *criteria != Criteria::default() => Err(format!(
            "{} always contains the whole recording; only traces and charts can show a part of it",
            output.path().display()
        )),
        _ => Ok(()),
    }
}

fn check_outputs(
    outputs: &[Output],
    max_events: Option<u64>,
    viewer: &ViewerOptions,
) -> Result<(), String> {
    let no_trace = outputs.iter().all(|output| !output.kind().is_trace());
    if max_events.is_some() && !outputs.is_empty() && no_trace {
        return Err("--max-events requires a trace (.json, .pftrace) among the outputs".to_owned());
    }
    if viewer.open && !outputs.is_empty() && outputs.iter().all(Output::is_stdout) {
        return Err("--open requires an output file".to_owned());
    }
    for (index, output) in outputs.iter().enumerate() {
        if outputs[..index].iter().any(|other| other.path() == output.path()) {
            return Err(format!("{} is given twice", output.path().display()));
        }
    }
    if outputs.iter().filter(|output| output.is_stdout()).count() > 1 {
        return Err("only one output can go to stdout".to_owned());
    }
    Ok(())
}
