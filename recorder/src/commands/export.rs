//! `recorder export`.

use std::path::PathBuf;

use anyhow::Result;

use super::recordings::{open_recordings, watched};
use super::written::{conclude, open_written, warn_if_too_large};
use crate::analysis::Outsiders;
use crate::cli::{ChartOptions, DetailOptions, Opening};
use crate::export::{self, Output, Shown};
use crate::report::Report;
use crate::terminal::console::Console;
use crate::timeline::select::{Selection, Wanted};

pub(super) fn export(
    recordings: &[PathBuf],
    outputs: &[Output],
    chart: ChartOptions,
    wanted: &Wanted,
    detail: DetailOptions,
    opening: &Opening,
    console: Console,
) -> Result<u8> {
    let watch = watched()?;
    let outputs = export::prepare(outputs)?;
    let recording = console.with_progress(&watch, || open_recordings(recordings, &watch))?;
    let has_trace = outputs.iter().any(|output| output.kind().is_trace());
    let findings = match has_trace || wanted.around.is_some() {
        true => {
            console.with_progress(&watch, || Report::new(&recording, Outsiders::Unknown))?.findings
        }
        false => Vec::new(),
    };
    let (summary, written) = console.with_progress(&watch, || {
        let selection = Selection::new(wanted, &recording, &findings)?;
        let shown = Shown { selection: selection.as_ref(), max_events: detail.max_events };
        export::export(&recording, &findings, outputs, chart.style(), shown)
    })?;
    let reported = conclude(&recording, &summary, &[], &written, opening, console);
    warn_if_too_large(&written, detail, console);
    let opened = open_written(&written, opening, &watch, console);
    Ok(if reported == 0 { opened } else { reported })
}
