//! The words for verdicts.

use crate::analysis::findings::words::list;
use crate::analysis::findings::{Code, Finding};
use crate::check::facts::Count;
use crate::report::Report;

/// The findings of a kind, a sentence or two each.
pub(super) fn findings(report: Option<&Report<'_>>, code: Code) -> Vec<String> {
    let findings = report.into_iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.code == code).map(sentence).collect()
}

/// The problem, without the advice: that is for hints.
pub(super) fn sentence(finding: &Finding) -> String {
    finding.what.clone()
}

/// The first lines of the output, in a sentence.
pub(super) fn printed(output: &str) -> String {
    const MAX_LINES: usize = 4;
    let lines: Vec<_> = output.lines().map(|line| format!("`{line}`")).collect();
    match lines.len() {
        0 => "it printed nothing".to_owned(),
        1..=MAX_LINES => format!("it printed {}", list(&lines)),
        more => format!(
            "it printed {} and {} more lines",
            lines[..MAX_LINES].join(", "),
            more - MAX_LINES
        ),
    }
}

/// `3 results`, `1 result`, `no results`
pub(super) fn plural(count: Count, noun: &str) -> String {
    let is_one = count == Count { min: 1, max: 1 };
    format!("{count} {noun}{}", if is_one { "" } else { "s" })
}

/// `3 results were`, `1 result was`
pub(super) fn were(count: Count, noun: &str) -> String {
    let is_one = count == Count { min: 1, max: 1 };
    format!("{} {}", plural(count, noun), if is_one { "was" } else { "were" })
}

/// `try_recv never found …`, `recv_timeout gave up 3 times`
pub(super) fn happened(call: &str, verb: &str, count: Count) -> String {
    match count {
        Count { max: 0, .. } => format!("{call} never {verb}"),
        Count { min: 1, max: 1 } => format!("{call} {verb} once"),
        count => format!("{call} {verb} {count} times"),
    }
}
