//! Exit statuses, and the error that leads to each.

use std::io;

use crate::export::OnlyPictures;
use crate::reading::GivenTwice;
use crate::terminal::cancel::Interrupted;
use crate::terminal::console::print as print_line;
use crate::timeline::select::NotThere;
use crate::workspace;

/// Wrong usage.
pub(super) const USAGE: u8 = 2;
/// Failure of the recorder itself.
pub(super) const FAILURE: u8 = 1;

/// Prints what went wrong; returns the exit status.
pub fn report_failure(error: anyhow::Error) -> u8 {
    if error.chain().any(is_broken_pipe) {
        // The reader of our stdout has read enough.
        return 0;
    }
    if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        // Where exactly it was interrupted does not matter.
        print_line(format_args!("recorder: {interrupted}"));
        return 128 + interrupted.signal;
    }
    print_line(format_args!("recorder: {error:#}"));
    let usage = error.is::<workspace::UnknownProgram>()
        || error.is::<NotThere>()
        || error.is::<GivenTwice>()
        || error.is::<OnlyPictures>();
    if usage { USAGE } else { FAILURE }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = match (error.downcast_ref::<io::Error>(), error.downcast_ref::<serde_json::Error>())
    {
        (Some(error), _) => Some(error.kind()),
        (_, Some(error)) => error.io_error_kind(),
        (None, None) => None,
    };
    kind == Some(io::ErrorKind::BrokenPipe)
}
