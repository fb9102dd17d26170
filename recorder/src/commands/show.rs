//! `recorder show`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;

use super::recordings::{open_recordings, watched};
use super::written::conclude;
use crate::cli::Opening;
use crate::export::sequence_chart::columns::{self, Columns};
use crate::export::sequence_chart::{ChartBuilder, Limits};
use crate::report::summary::Summary;
use crate::terminal::console::Console;
use crate::timeline::builder::play;

pub(super) fn show(
    paths: &[PathBuf],
    events: usize,
    threads: Option<usize>,
    console: Console,
) -> Result<u8> {
    /// Columns of what is not a terminal.
    const WIDTH: usize = 80;
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
    let watch = watched()?;
    let recording = console.with_progress(&watch, || open_recordings(paths, &watch))?;
    let threads = threads.unwrap_or_else(|| columns::most_threads(width));
    let mut summary = Summary::new(&recording);
    let mut chart = ChartBuilder::new(&recording, Limits { events, threads });
    console.with_progress(&watch, || {
        play(&recording, &mut |item| {
            summary.item(item);
            chart.item(item);
            Ok(())
        })
    })?;
    write!(anstream::stdout(), "{}", Columns::new(&chart.finish(), width))?;
    Ok(conclude(&recording, &summary, &[], &[], &Opening::default(), console))
}
