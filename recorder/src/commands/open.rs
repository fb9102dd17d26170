//! `recorder open`.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::recordings::{Reader, print_damage, recording_beside};
use super::{Error, Result};
use crate::cli::{OpenArgs, PredictionOptions, ServeOptions};
use crate::export::{self, Options};
use crate::perfetto_ui::{self, Server};
use crate::terminal::browser;
use crate::terminal::console::{self, Console};
use crate::timeline::Part;
use crate::timeline::select::{Criteria, Selection};
use crate::workspace::runs;

pub(super) fn open(args: &OpenArgs, console: Console) -> Result<u8> {
    let viewer = Viewer { options: &args.serve, reader: &Reader::new(console)? };
    let part = Part { selection: None, with_dependencies: args.dependencies.all };
    let options = Options { part, max_events: args.detail.max_events, ..Options::default() };
    viewer.open(&runs::recordings(&args.files)?, &args.window.criteria(), options)
}

/// Opens traces and recordings in the Perfetto UI.
pub(super) struct Viewer<'a> {
    pub(super) options: &'a ServeOptions,
    pub(super) reader: &'a Reader,
}

impl Viewer<'_> {
    /// Opens a trace, or one or more recordings, and returns the exit status.
    pub(super) fn open(
        &self,
        paths: &[PathBuf],
        criteria: &Criteria,
        options: Options<'_>,
    ) -> Result<u8> {
        if let [path] = paths
            && path.is_file()
            && perfetto_ui::is_trace(path).with_context(|| cannot_open(path))?
        {
            let is_whole = *criteria == Criteria::default()
                && options.max_events.is_none()
                && !options.part.with_dependencies;
            if !is_whole && recording_beside(path).is_some() {
                return self.open_recordings(paths, criteria, options);
            }
            if !is_whole {
                return Err(Error::Usage(format!(
                    "{} is a trace; --from, --to, --around, --message, --max-events and --all \
                     require a recording (-o NAME.rec writes one)",
                    path.display()
                )));
            }
            let trace = File::open(path).with_context(|| cannot_open(path))?;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            self.serve(trace, &name, "")?;
            return Ok(0);
        }
        self.open_recordings(paths, criteria, options)
    }

    /// Exports recordings to a temporary trace and opens that.
    fn open_recordings(
        &self,
        paths: &[PathBuf],
        criteria: &Criteria,
        options: Options<'_>,
    ) -> Result<u8> {
        let recording = self.reader.open(paths)?;
        let console = self.reader.console;
        let status = print_damage(&recording);
        if let Some(alignment) = &recording.alignment {
            console.print(alignment);
        }
        let report = self.reader.report(&recording, &PredictionOptions::default())?;
        let findings = &report.findings;
        let selection =
            self.reader.with_progress(|| Selection::new(criteria, &recording, findings))?;
        let trace =
            self.reader.with_progress(|| export::temporary_trace(&recording, findings, options))?;
        trace.left_out.iter().for_each(|sentence| console.print(sentence));
        let view = selection.map_or_else(String::new, |selection| {
            perfetto_ui::view(selection.window(), trace.extent, selection.selected_slice)
        });
        let stems =
            paths.iter().map(|path| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy());
        let name = format!("{}.pftrace", stems.collect::<Vec<_>>().join("_"));
        self.serve(trace.file, &name, &view)?;
        Ok(status)
    }

    /// Serves a trace until the Perfetto UI has fetched it.
    fn serve(&self, trace: File, name: &str, view: &str) -> Result<()> {
        let ServeOptions { ui, no_browser, port, wait } = self.options;
        let console = self.reader.console;
        let server = Server::new(trace, name, view, ui, *port)?;
        console.print(format_args!(
            "opening {name}: the browser loads {ui} from the network, and that page fetches the \
             trace from this command; nothing leaves your machine"
        ));
        let address = &server.address;
        if *no_browser {
            console::print(format_args!("open this in a browser: {address}"));
        } else if let Err(error) = browser::start(address) {
            console::error(format_args!(
                "cannot start a browser: {error:#}; open this in a browser on this machine: \
                 {address}"
            ));
        }
        if !server.wait(*wait, &self.reader.watch)? {
            return Err(Error::from(anyhow!(
                "{name} was not fetched within {}: if {ui} does not load, use a Perfetto UI of \
                 your own with --ui; if it does, drop the file on it",
                humantime::format_duration(*wait)
            )));
        }
        console.print(format_args!("the Perfetto UI has fetched {name}"));
        Ok(())
    }
}

fn cannot_open(path: &Path) -> String {
    format!("cannot open {}", path.display())
}
