//! Prints and opens the results of a command.

use std::io::Write;
use std::slice;

use bytesize::ByteSize;

use super::Error;
use super::open::Viewer;
use super::recordings::print_damage;
use crate::analysis::findings::Finding;
use crate::cli::{DetailOptions, ViewerOptions};
use crate::export::{Kind, Written};
use crate::reading::Recording;
use crate::report::summary::Summary;
use crate::report::text::Headlines;
use crate::terminal::cancel::Watch;
use crate::terminal::console::Console;
use crate::timeline::select::Criteria;

/// The results of a command.
pub(super) struct Results<'a> {
    pub(super) recording: &'a Recording,
    pub(super) summary: Summary<'a>,
    /// Sentences about items that the files do not show.
    pub(super) left_out: Vec<String>,
    /// The findings to print.
    pub(super) findings: &'a [Finding],
    /// The files that were written.
    pub(super) files: &'a [Written],
}

impl Results<'_> {
    /// Prints the results, and opens the trace if `viewer` requires it. Returns the exit status.
    pub(super) fn print_and_open(
        &self,
        viewer: &ViewerOptions,
        detail: DetailOptions,
        watch: &Watch,
        console: Console,
    ) -> u8 {
        let damage_status = self.print(viewer, console);
        if let Some(file) = self.files.iter().find(|file| file.is_too_large)
            && detail.max_events.is_none()
        {
            console.note(format_args!(
                "{} is larger than the Perfetto UI opens well: --max-events 500000 shows the whole \
                 run in fewer events, and `recorder export` with --from and --to a part of it",
                file.path.display()
            ));
        }
        let open_status = match self.best_file().filter(|_| viewer.open) {
            Some(file) => Viewer { options: &viewer.serve, watch, console }
                .open(slice::from_ref(&file.path), &Criteria::default(), None)
                .unwrap_or_else(Error::report),
            None => 0,
        };
        if damage_status == 0 { open_status } else { damage_status }
    }

    /// Prints the damage, the summary, the findings and the files. Returns the exit status.
    pub(super) fn print(&self, viewer: &ViewerOptions, console: Console) -> u8 {
        let status = print_damage(self.recording);
        console.print(self.summary.to_string().trim_end());
        self.left_out.iter().for_each(|sentence| console.print(sentence));
        if !console.is_quiet() {
            let _ = write!(anstream::stderr(), "{}", Headlines(self.findings));
        }
        for Written { path, bytes, .. } in self.files {
            let size = ByteSize(*bytes).display().si();
            console.print(format_args!("wrote {} ({size})", path.display()));
        }
        if let Some(Written { path, .. }) = self.best_file().filter(|file| file.kind.is_trace())
            && !viewer.open
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
            .find_map(|kind| self.files.iter().find(|file| file.kind == kind))
    }
}
