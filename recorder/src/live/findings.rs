//! What can be said of a run that goes on.

use super::figures::snapshot::FindingRow;
use crate::analysis::analyse;
use crate::analysis::findings::{self, Code, Finding};
use crate::capture::Result;
use crate::capture::session::Feed;
use crate::reading::Recording;
use crate::terminal::cancel::Watch;

/// The findings about what is recorded so far, the worst first. It takes as long as a report on the
/// recording.
///
/// # Errors
/// A file cannot be read.
pub(super) fn find(feed: &mut Feed) -> Result<Vec<FindingRow>> {
    let (input, _) = feed.read()?;
    let recording = Recording::together(vec![input], &Watch::default())?;
    let findings = findings::find(&analyse(&recording)?);
    Ok(findings.iter().filter(|finding| holds_already(finding)).map(FindingRow::of).collect())
}

/// Whether a finding does not depend on what is still to come. Only
/// [`capture::hang`](crate::capture::hang) can find out that a process which goes on hangs.
fn holds_already(finding: &Finding) -> bool {
    let depends = [Code::Unfinished, Code::LostMessages, Code::UnusedEndpoint];
    !finding.is_hang && !depends.contains(&finding.code)
}
