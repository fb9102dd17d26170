//! `recorder open`.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::exit_status::USAGE;
use super::recordings::{open_recordings, print_damage};
use crate::analysis::Outsiders;
use crate::cli::{DetailOptions, Serving};
use crate::export;
use crate::report::Report;
use crate::terminal::cancel::Watch;
use crate::terminal::console::{Console, print as print_line};
use crate::timeline::select::{Selection, Wanted};
use crate::viewer::{self, Server, View, WaitOutcome};

pub(super) fn open_in_viewer(
    paths: &[impl AsRef<Path>],
    wanted: &Wanted,
    detail: DetailOptions,
    serving: &Serving,
    watch: &Watch,
    console: Console,
) -> Result<u8> {
    if let [path] = paths {
        let path = path.as_ref();
        let cannot = || format!("cannot open {}", path.display());
        if path.is_file() && viewer::is_trace(path).with_context(cannot)? {
            if *wanted != Wanted::default() {
                print_line(format_args!(
                    "recorder: {} is a trace; what to look at first can be told of a recording \
                     (-o NAME.rec keeps one)",
                    path.display()
                ));
                return Ok(USAGE);
            }
            if detail.max_events.is_some() {
                print_line(format_args!(
                    "recorder: --max-events is for recordings, and {} is a trace already",
                    path.display()
                ));
                return Ok(USAGE);
            }
            let trace = File::open(path).with_context(cannot)?;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            serve(trace, &name, None, serving, watch, console)?;
            return Ok(0);
        }
    }
    let recording = console.with_progress(watch, || open_recordings(paths, watch))?;
    let status = print_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        console.print(alignment);
    }
    let findings =
        console.with_progress(watch, || Report::new(&recording, Outsiders::Unknown))?.findings;
    let selection =
        console.with_progress(watch, || Selection::new(wanted, &recording, &findings))?;
    let trace = console
        .with_progress(watch, || export::perfetto(&recording, &findings, detail.max_events))?;
    trace.left_out.iter().for_each(|words| console.print(words));
    let view = selection
        .and_then(|selection| View::new(selection.window(), trace.span, selection.finding()));
    let stems = paths.iter().map(|path| {
        let path = path.as_ref();
        path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy()
    });
    let name = format!("{}.pftrace", stems.collect::<Vec<_>>().join("_"));
    serve(trace.file, &name, view, serving, watch, console)?;
    Ok(status)
}

/// Waits until the Perfetto UI has fetched the trace.
fn serve(
    trace: File,
    name: &str,
    view: Option<View>,
    serving: &Serving,
    watch: &Watch,
    console: Console,
) -> Result<()> {
    let page = serving.page();
    let server = Server::new(trace, name, view, &page, serving.port())?;
    console.print(format_args!(
        "opening {name}: the browser loads {page} from the network, and that page fetches the \
         trace from this command; nothing leaves your machine"
    ));
    if serving.no_browser {
        print_line(format_args!("open this in a browser: {}", server.address()));
    } else if let Err(error) = viewer::start_browser(server.address()) {
        print_line(format_args!(
            "recorder: cannot start a browser: {error:#}; open this in one on this machine: {}",
            server.address()
        ));
    }
    let patience = serving.patience();
    match server.wait(patience, watch)? {
        WaitOutcome::Fetched => console.print(format_args!("the Perfetto UI has {name}")),
        WaitOutcome::TimedOut => bail!(
            "{name} was not fetched within {}: if {page} cannot be loaded, give a Perfetto UI of \
             your own with --ui; if it was loaded, drop the file on it",
            humantime::format_duration(patience)
        ),
    }
    Ok(())
}
