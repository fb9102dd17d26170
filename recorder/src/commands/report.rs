//! `recorder report` and `diff`.

use std::fs;
use std::path::PathBuf;
use std::slice;

use anyhow::Context;

use super::error::FAILURE;
use super::recordings::{Reader, print_damage};
use super::{Result, print_bytes, print_json, print_styled};
use crate::cli::{DiffArgs, ReportArgs};
use crate::report::diff::Difference;
use crate::report::json::Document;
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::workspace::runs::{self, Runs};

pub(super) fn report(args: &ReportArgs, console: Console) -> Result<u8> {
    let reader = Reader::new(console)?;
    let recording = reader.open(&runs::recordings(&args.input.recordings)?)?;
    let report = reader.report(&recording, &args.predictions)?;
    match args.json {
        true => print_json(&Document::new(&report))?,
        false => print_styled(report.text(width::for_stdout()))?,
    };
    let damaged = print_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        console.print(alignment);
    }
    let exceeded = args.limits.exceeded(&report);
    exceeded.iter().for_each(console::error);
    Ok(if exceeded.is_empty() { damaged } else { FAILURE })
}

pub(super) fn diff(args: &DiffArgs, console: Console) -> Result<u8> {
    let reader = Reader::new(console)?;
    let document = |path: &PathBuf| -> Result<Document> {
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Ok(Document::parse(&text).with_context(|| path.display().to_string())?);
        }
        let recording = reader.open(slice::from_ref(path))?;
        Ok(Document::new(&reader.report(&recording, &args.predictions)?))
    };
    let [before, after] = match (&args.before, &args.after) {
        (Some(before), Some(after)) => {
            let [before, after] = [before, after].map(|it| runs::recordings(slice::from_ref(it)));
            [before?.remove(0), after?.remove(0)]
        }
        (run, _) => Runs::here().last_two(run.as_deref())?,
    };
    console.note(format_args!("comparing {} with {}", after.display(), before.display()));
    let difference = Difference::new(&document(&before)?, &document(&after)?);
    match args.json {
        true => print_json(&difference),
        false => print_bytes(difference.text(width::for_stdout()).to_string().as_bytes()),
    }
}
