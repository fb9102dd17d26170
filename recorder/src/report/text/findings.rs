//! The findings.

use std::fmt;

use super::{MAX_ROWS, Text, code, heading, more};
use crate::analysis::findings::words::at;
use crate::layout::wrap;

pub(super) fn write(text: &Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let groups = text.groups();
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", heading("Findings"))?;
    for (index, group) in groups.iter().take(MAX_ROWS).enumerate() {
        let finding = group.first;
        let certainty = finding.certainty.to_string();
        let start = 7 + finding.code.name().len();
        let certainty = wrap(&certainty, start, 5, text.width);
        writeln!(f, "  {:>2} {}, {certainty}", group.number, code(finding))?;
        // The first lines of the report are the headline and the chain of the first.
        if index > 0 {
            writeln!(f, "     {}", text.wrap(&finding.what, 5))?;
            for item in &finding.chain {
                writeln!(f, "       {}", text.wrap(item, 7))?;
            }
            writeln!(f, "     {}", text.wrap(&format!("→ {}", finding.advice), 5))?;
            if let Some(others) = group.others_in_words(&text.report.analysis) {
                writeln!(f, "     {}", text.wrap(&others, 5))?;
            }
        }
        writeln!(f, "     {}", text.wrap(&finding.why, 5))?;
        const EVENTS: usize = 6;
        let analysis = &text.report.analysis;
        for evidence in finding.evidence.iter().take(EVENTS) {
            let who = &analysis.catalog.threads[evidence.thread].name;
            let at = at(analysis, evidence.place);
            let line = format!("at {}: {who} {}{at}", evidence.time, evidence.what);
            writeln!(f, "       {}", wrap(&line, 7, 9, text.width))?;
        }
    }
    more(f, groups.len(), "more finding")
}
