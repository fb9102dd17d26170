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
    let mut findings = findings::find(&analyse(&recording)?);
    retain_present(&mut findings, false);
    Ok(findings.iter().map(FindingRow::of).collect())
}

/// Removes the findings that depend on what is still to come. Only
/// [`capture::hang`](crate::capture::hang) can find out whether a process that goes on hangs.
pub(crate) fn retain_present(findings: &mut Vec<Finding>, hangs: bool) {
    let depends = [Code::Unfinished, Code::LostMessages, Code::UnusedEndpoint];
    findings.retain(|finding| match finding.is_hang {
        true => hangs,
        false => !depends.contains(&finding.code),
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_hang_is_a_finding_only_as_long_as_the_program_hangs() {
        let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
        let codes = |name: &str, hangs| -> Vec<Code> {
            let recording = Recording::open(&gallery.join(name)).unwrap();
            let mut found = findings::find(&analyse(&recording).unwrap());
            retain_present(&mut found, hangs);
            found.iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes("forgotten_sender.rec", true), [Code::ForgottenSender]);
        assert_eq!(codes("forgotten_sender.rec", false), []);
        // Somebody may still receive it.
        assert!(!codes("lost_message.rec", true).contains(&Code::LostMessages));
    }
}
