//! What is printed about a run and the files that were written.

use std::io::Write;

use super::exit_status::report_failure;
use super::open::open_in_viewer;
use super::recordings::print_damage;
use crate::analysis::findings::Finding;
use crate::cli::{DetailOptions, Opening};
use crate::export::{Kind, Written};
use crate::reading::Recording;
use crate::report::summary::Summary;
use crate::report::text::Headlines;
use crate::terminal::cancel::Watch;
use crate::terminal::console::Console;
use crate::timeline::select::Wanted;

/// Prints the summary, the findings and the files; returns the exit status.
pub(super) fn conclude(
    recording: &Recording,
    summary: &Summary<'_>,
    findings: &[Finding],
    written: &[Written],
    opening: &Opening,
    console: Console,
) -> u8 {
    let status = print_damage(recording);
    console.print(summary.to_string().trim_end());
    if !console.is_quiet() {
        let _ = write!(anstream::stderr(), "{}", Headlines(findings));
    }
    for Written { path, bytes, .. } in written {
        console.print(format_args!("wrote {} ({})", path.display(), size(*bytes)));
    }
    if let Some(Written { path, .. }) = to_open(written).filter(|file| file.kind.is_trace())
        && !opening.open
    {
        console.print(format_args!(
            "to look at it, run `recorder open {}`, or drop the file on \
             https://ui.perfetto.dev; it stays on your machine",
            path.display()
        ));
    }
    status
}

/// Prints what to do about a trace that is more than a viewer opens well.
pub(super) fn warn_if_too_large(written: &[Written], detail: DetailOptions, console: Console) {
    let too_large = written.iter().find(|file| file.too_large);
    if let Some(file) = too_large.filter(|_| detail.max_events.is_none()) {
        console.print(format_args!(
            "recorder: {} is more than the Perfetto UI opens well: --max-events 500000 shows the \
             whole run in less, and `recorder export` with --from and --to a part of it",
            file.path.display()
        ));
    }
}

/// Opens what was written, if that is wanted; returns the exit status.
pub(super) fn open_written(
    written: &[Written],
    opening: &Opening,
    watch: &Watch,
    console: Console,
) -> u8 {
    match to_open(written).filter(|_| opening.open) {
        Some(file) => {
            let (wanted, detail) = (Wanted::default(), DetailOptions::default());
            open_in_viewer(&[&file.path], &wanted, detail, &opening.serving, watch, console)
                .unwrap_or_else(report_failure)
        }
        None => 0,
    }
}

/// The file that is the best to look at.
fn to_open(written: &[Written]) -> Option<&Written> {
    [Kind::Perfetto, Kind::Chrome, Kind::Recording, Kind::Text]
        .into_iter()
        .find_map(|kind| written.iter().find(|file| file.kind == kind))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
