//! `recorder report` and `diff`.

use std::fs;
use std::path::PathBuf;
use std::slice;

use anyhow::Context;

use super::error::FAILURE;
use super::recordings::{open_recordings, print_damage, watch_signals};
use super::{Result, print_bytes, print_json, print_styled};
use crate::analysis::UnrecordedThreads;
use crate::cli::{DiffArgs, ReportArgs};
use crate::report::Report;
use crate::report::diff::Difference;
use crate::report::json::Document;
use crate::terminal::console::{self, Console};

pub(super) fn report(args: ReportArgs, console: Console) -> Result<u8> {
    let watch = watch_signals()?;
    let recordings = &args.input.recordings;
    let recording = console.with_progress(&watch, || open_recordings(recordings, &watch))?;
    let report =
        console.with_progress(&watch, || Report::new(&recording, UnrecordedThreads::Unknown))?;
    match args.json {
        true => print_json(&Document::new(&report))?,
        false => print_styled(&report)?,
    };
    let damaged = print_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        console.print(alignment);
    }
    let exceeded = args.limits.limits().exceeded(&report);
    exceeded.iter().for_each(console::error);
    Ok(if exceeded.is_empty() { damaged } else { FAILURE })
}

pub(super) fn diff(args: &DiffArgs, console: Console) -> Result<u8> {
    let watch = watch_signals()?;
    let document = |path: &PathBuf| -> Result<Document> {
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Ok(Document::parse(&text).with_context(|| path.display().to_string())?);
        }
        let recording = open_recordings(slice::from_ref(path), &watch)?;
        Ok(Document::new(&Report::new(&recording, UnrecordedThreads::Unknown)?))
    };
    let before = console.with_progress(&watch, || document(&args.before))?;
    let after = console.with_progress(&watch, || document(&args.after))?;
    let difference = Difference::new(&before, &after);
    match args.json {
        true => print_json(&difference),
        false => print_bytes(difference.to_string().as_bytes()),
    }
}
