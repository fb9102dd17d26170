//! Prints and opens the results of a command.

use std::io::Write;
use std::slice;

use bytesize::ByteSize;

use super::Error;
use super::open::Viewer;
use super::recordings::{Reader, print_damage};
use crate::cli::ViewerOptions;
use crate::export::{Exported, Kind, Options, Written};
use crate::report::Report;
use crate::report::summary::Summary;
use crate::terminal::console::{self, Console};
use crate::terminal::width;
use crate::timeline::select::Criteria;

/// The results of a command.
pub(super) struct Results<'a> {
    pub(super) report: &'a Report<'a>,
    /// Whether to print the findings, or else the bottleneck. The summary then leaves out the waits that they explain.
    pub(super) prints_findings: bool,
    pub(super) exported: Exported,
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
            console.note(format_args!(
                "{} is larger than the Perfetto UI opens well: --max-events 500000 shows the whole \
                 run in fewer events, and `recorder export` with --from and --to a part of it",
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
        if let Some(Written { path, .. }) = self.best_file().filter(|file| file.kind.is_trace())
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

    /// The file that is best suited for the viewer.
    fn best_file(&self) -> Option<&Written> {
        [Kind::Perfetto, Kind::Chrome, Kind::Recording, Kind::Text]
            .into_iter()
            .find_map(|kind| self.exported.files.iter().find(|file| file.kind == kind))
    }
}
