//! The report for people.

use std::cmp::Reverse;
use std::fmt;

use super::groups::{self, FindingGroup};
use super::{Report, pauses, window};
use crate::analysis::findings::words::counted;
use crate::analysis::findings::{Finding, Severity};
use crate::layout::{DEFAULT_WIDTH, wrap, wrap_with_chain};

mod bottleneck;
mod channels;
mod findings;
mod threads;

/// Maximum number of findings, channels and threads. The JSON has them all.
const MAX_ROWS: usize = 20;

/// A report for people, in lines of a certain width. Its [`Display`](fmt::Display) contains ANSI
/// colours, which must be removed if it is not written to a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    report: &'a Report<'a>,
    width: usize,
}

impl Report<'_> {
    /// The report in lines of at most `width` characters, as far as that is possible.
    pub fn text(&self, width: usize) -> Text<'_> {
        Text { report: self, width }
    }
}

/// The whole report, in lines of the [default width](DEFAULT_WIDTH).
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(DEFAULT_WIDTH).fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.groups().first() {
            Some(first) => writeln!(f, "{}", self.headline(first))?,
            None => writeln!(f, "{}", self.wrap(&self.nothing_found(), 0))?,
        }
        if let Some((count, time)) = pauses(&self.report.analysis) {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            let what = "it does not contain what happened then";
            let line = format!("the recording paused {times}, {time}; {what}");
            writeln!(f, "{}", self.wrap(&line, 0))?;
        }
        if let Some(window) = window(&self.report.analysis) {
            writeln!(f, "{}", self.wrap(&format!("the recording is {window}"), 0))?;
        }
        findings::write(self, f)?;
        channels::write(self, f)?;
        threads::write(self, f)?;
        bottleneck::write(self, f)
    }
}

fn paint(colour: &str, text: &str) -> String {
    format!("\x1b[{colour}m{text}\x1b[0m")
}

fn heading(text: &str) -> String {
    paint("1", text)
}

/// The finding's code, in the colour of its severity.
fn code(finding: &Finding) -> String {
    let colour = match finding.code.severity() {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    };
    paint(colour, finding.code.name())
}

/// `  and 3 more findings`, or nothing.
fn more(f: &mut fmt::Formatter<'_>, count: usize, noun: &str) -> fmt::Result {
    match count.saturating_sub(MAX_ROWS) {
        0 => Ok(()),
        more => writeln!(f, "  and {}", counted(more as u64, noun)),
    }
}

/// The groups with the most of something, in the order of their ranks.
fn most<I: Copy>(
    mut groups: Vec<Vec<I>>,
    weight: impl Fn(I) -> u64,
    rank: impl Fn(I) -> usize,
) -> Vec<Vec<I>> {
    if groups.len() > MAX_ROWS {
        let sum = |group: &Vec<I>| group.iter().map(|&it| weight(it)).fold(0, u64::saturating_add);
        groups.sort_by_key(|group| Reverse(sum(group)));
        groups.truncate(MAX_ROWS);
    }
    groups.sort_by_key(|group| rank(group[0]));
    groups
}

impl Text<'_> {
    /// The findings, a headline for each, or nothing.
    pub fn headlines(&self) -> String {
        const HEADLINES: usize = 5;
        let groups = self.groups();
        let shown = groups.iter().take(HEADLINES);
        let mut lines: String = shown.map(|group| self.headline(group) + "\n").collect();
        if groups.len() > HEADLINES {
            let more = counted((groups.len() - HEADLINES) as u64, "more finding");
            lines += &format!("and {more}\n");
        }
        lines
    }

    /// The findings, those that are alike together.
    fn groups(&self) -> Vec<FindingGroup<'_>> {
        groups::findings(&self.report.analysis, &self.report.findings)
    }

    /// The first of the findings in a line or two; below it how it came about, and the others.
    fn headline(&self, group: &FindingGroup<'_>) -> String {
        let finding = group.first;
        let mut text = wrap_with_chain(&finding.headline(), &finding.chain, self.width);
        if let Some(others) = group.others_in_words(&self.report.analysis) {
            text += "\n  ";
            text += &self.wrap(&others, 2);
        }
        text.replacen(finding.code.name(), &code(finding), 1)
    }

    /// Breaks lines; those after the first, too, are indented.
    fn wrap(&self, text: &str, indent: usize) -> String {
        wrap(text, indent, indent, self.width)
    }

    fn nothing_found(&self) -> String {
        let catalog = self.report.analysis.catalog;
        let mut line = format!(
            "no findings in {}: {}, {}",
            catalog.length(),
            counted(self.report.analysis.counted_threads() as u64, "thread"),
            counted(catalog.channels.len() as u64, "channel"),
        );
        if self.report.analysis.is_incomplete {
            line += "; events are missing from the recording, and there may be findings in them";
        }
        line
    }
}
