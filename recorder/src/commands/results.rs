//! Prints and opens the results of a command.

use std::io::Write;
use std::slice;

use bytesize::ByteSize;

use super::Error;
use super::open::Viewer;
use super::recordings::{Reader, print_damage};
use crate::cli::ViewerOptions;
use crate::export::{Exported, Kind, Omitted, Options, Written};
use crate::report::Report;
use crate::report::summary::Summary;
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::timeline::select::Criteria;
use crate::workspace::runs::Runs;

/// The results of a command.
pub(super) struct Results<'a> {
    pub(super) report: &'a Report<'a>,
    /// Whether to print the findings, or else the bottleneck. The summary then leaves out the waits that they explain.
    pub(super) prints_findings: bool,
    pub(super) exported: Exported,
    /// Where the run is kept, and its name, if it is.
    pub(super) kept: Option<(&'a Runs, &'a str)>,
}

impl Results<'_> {
    /// Prints the results, and opens the trace if `viewer` requires it. Returns the exit status.
    pub(super) fn print_and_open(
        &self,
        viewer: &ViewerOptions,
        max_events: Option<u64>,
        reader: &Reader,
    ) -> u8 {
        let console = reader.console;
        let damage_status = self.print(viewer.open, console);
        if let Some(file) = self.exported.files.iter().find(|file| file.is_too_large)
            && max_events.is_none()
        {
            let remedy = match self.kept {
                Some((_, name)) => format!(
                    "`recorder open {name} --max-events 500k` shows the whole run in fewer events"
                ),
                None => "--max-events 500k shows the whole run in fewer events, and `recorder \
                         export` with --from and --to a part of it"
                    .to_owned(),
            };
            console.note(format_args!(
                "{} is larger than the Perfetto UI opens well: {remedy}",
                file.path.display()
            ));
        }
        let open_status = match self.best_file().filter(|_| viewer.open) {
            Some(file) => Viewer { options: &viewer.serve, reader }
                .open(slice::from_ref(&file.path), &Criteria::default(), Options::default())
                .unwrap_or_else(Error::report),
            None => 0,
        };
        if damage_status == 0 { open_status } else { damage_status }
    }

    /// Prints the damage, the summary, the findings and the files, and how to open the trace unless
    /// the command `will_open` it. Returns the exit status.
    pub(super) fn print(&self, will_open: bool, console: Console) -> u8 {
        let status = print_damage(self.report.recording);
        let summary = Summary::new(self.report);
        let summary = if self.prints_findings { summary.without_hangs() } else { summary };
        console.print(summary.to_string().trim_end());
        self.exported.left_out.iter().for_each(|sentence| console.print(sentence));
        if self.prints_findings && !console.is_quiet() {
            let text = self.report.text(width::for_stderr());
            let _ = write!(anstream::stderr(), "{}", text.headlines());
            text.bottleneck().into_iter().for_each(console::print);
        }
        for Written { path, bytes, .. } in &self.exported.files {
            let size = ByteSize(*bytes).display().si();
            console.print(format_args!("wrote {} ({size})", path.display()));
        }
        for Omitted { path, max_bytes } in &self.exported.omitted {
            let (path, max_size) = (path.display(), ByteSize(*max_bytes).display().si());
            let name = self.kept.map_or("RUN", |(_, name)| name);
            console.print(format_args!(
                "left out {path}, which would be larger than {max_size}; `recorder export {name} -o \
                 {path}` writes it"
            ));
        }
        if let Some((runs, name)) = self.kept {
            self.print_next_steps(runs, name, will_open, console);
        } else if let Some(Written { path, .. }) =
            self.best_file().filter(|file| file.kind.is_trace())
            && !will_open
        {
            console.print(format_args!(
                "to look at it, run `recorder open {}`, or drop the file on \
                 https://ui.perfetto.dev; it stays on your machine",
                path.display()
            ));
        }
        status
    }

    /// Prints how to look at a run that is kept, and how much room all runs take if that is much.
    fn print_next_steps(&self, runs: &Runs, name: &str, will_open: bool, console: Console) {
        const MUCH: u64 = 500_000_000;
        if !will_open {
            console.print(format_args!(
                "to look at it, run `recorder view {name}` (browser), `recorder show {name}` \
                 (terminal) or `recorder report {name}`"
            ));
        }
        let bytes = runs.bytes();
        if bytes > MUCH {
            let (folder, size) = (runs.folder().display(), ByteSize(bytes).display().si());
            console.print(format_args!("the runs in {folder} take {size}"));
        }
    }

    /// The file that is best suited for the viewer.
    fn best_file(&self) -> Option<&Written> {
        [Kind::Perfetto, Kind::Chrome, Kind::Recording, Kind::Text]
            .into_iter()
            .find_map(|kind| self.exported.files.iter().find(|file| file.kind == kind))
    }
}
