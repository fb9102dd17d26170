//! `recorder report` and `diff`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::exit_status::FAILURE;
use super::recordings::{open_recordings, print_damage, watched};
use super::{print, print_json};
use crate::analysis::Outsiders;
use crate::report::Report;
use crate::report::diff::Difference;
use crate::report::json::Document;
use crate::report::limits::Limits;
use crate::terminal::console::{Console, print as print_line};

pub(super) fn report(
    paths: &[PathBuf],
    json: bool,
    limits: &Limits,
    console: Console,
) -> Result<u8> {
    let watch = watched()?;
    let recording = console.with_progress(&watch, || open_recordings(paths, &watch))?;
    let report = console.with_progress(&watch, || Report::new(&recording, Outsiders::Unknown))?;
    if json {
        print_json(&Document::new(&report))?;
    } else {
        write!(anstream::stdout(), "{report}").context("cannot write stdout")?;
    }
    let damaged = print_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        console.print(alignment);
    }
    let exceeded = limits.exceeded(&report);
    for line in &exceeded {
        print_line(format_args!("recorder: {line}"));
    }
    Ok(if exceeded.is_empty() { damaged } else { FAILURE })
}

pub(super) fn diff(before: &Path, after: &Path, json: bool, console: Console) -> Result<u8> {
    let watch = watched()?;
    let document = |path: &Path| -> Result<Document> {
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Document::parse(&text).with_context(|| path.display().to_string());
        }
        let recording = open_recordings(&[path], &watch)?;
        Ok(Document::new(&Report::new(&recording, Outsiders::Unknown)?))
    };
    let (before, after) = console
        .with_progress(&watch, || Ok::<_, anyhow::Error>((document(before)?, document(after)?)))?;
    let difference = Difference::new(&before, &after);
    match json {
        true => print_json(&difference),
        false => print(difference.to_string().as_bytes()),
    }
}
