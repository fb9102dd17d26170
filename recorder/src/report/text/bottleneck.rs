//! The critical path.

use std::fmt;

use super::super::table::{MIN_NAME, Table};
use super::{Text, heading};
use crate::analysis::Analysis;
use crate::analysis::critical_path::Segment;
use crate::analysis::findings::words::share;
use crate::layout::{shorten_all, wrap};
use crate::reading::Nanos;
use crate::reading::catalog::Target;

impl Text<'_> {
    /// The thread that set the pace of the run, in a line without its end: `bottleneck: square sets
    /// the pace: …`, or `bottleneck: main sleeps …`. `None` if there are findings, which matter more,
    /// or if no thread did.
    pub fn bottleneck(&self) -> Option<String> {
        const MIN_RUN: Nanos = Nanos::new(10_000_000);
        let Analysis { catalog, critical_path: path, .. } = &self.report.analysis;
        let is_short = catalog.length() < MIN_RUN;
        if !self.report.findings.is_empty() || !shows_bottleneck(self) || is_short {
            return None;
        }
        let length = path.length();
        if let Some(part) = path.idle().filter(|part| is_large(part.time, length)) {
            let ((before, name, after), share) =
                (does(self, part.segment), share(part.time, length));
            let line = format!("bottleneck: {before}{name}{after} for {share} of the run");
            return Some(wrap(&line, 0, 2, self.width));
        }
        let &(thread, time) = path.by_thread().first()?;
        if !is_large(time, length) {
            return None;
        }
        let name = &catalog.threads[thread].name;
        // It may also have been blocked for too short a time to be observed each time.
        let times = self.report.analysis.times(thread);
        let does = if times.blocked > times.runs { "runs or is blocked elsewhere" } else { "runs" };
        let line = format!(
            "bottleneck: {name} sets the pace: it {does} for {} of the run; if it were faster, the \
             run would be shorter by at most {time}",
            share(time, length)
        );
        Some(wrap(&line, 0, 2, self.width))
    }
}

/// Whether a part of the critical path is worth a line.
fn is_large(time: Nanos, length: Nanos) -> bool {
    time.get() >= length.get() / 5
}

/// Whether the critical path explains how long the run took: not where the run never ended, nor
/// where most of the time passed before or after the events on the path.
fn shows_bottleneck(text: &Text<'_>) -> bool {
    let Analysis { catalog, critical_path, .. } = &text.report.analysis;
    let is_hung = text.report.findings.iter().any(|finding| finding.is_hang);
    let length = critical_path.length();
    !is_hung && length > Nanos::ZERO && length.get() >= catalog.length().get() / 2
}

pub(super) fn write(text: &Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !shows_bottleneck(text) {
        return Ok(());
    }
    let path = &text.report.analysis.critical_path;
    let length = path.length();
    const PARTS: usize = 5;
    writeln!(f, "\n{}", heading("Bottleneck"))?;
    let process = process_of_path(text).map_or(String::new(), |process| format!(", in {process}"));
    writeln!(f, "  what determined the {length} of the run{process}:")?;
    let mut table = Table::new(&[">", ">", ""]);
    let parts = || path.parts.iter().take(PARTS);
    for part in parts() {
        table.row(vec![share(part.time, length), part.time.to_string(), String::new()]);
    }
    let room = text.width.saturating_sub(table.width_beside(&[2]));
    let segments = parts().map(|part| describe(text, part.segment)).collect();
    table.set_column(2, fit(segments, room));
    write!(f, "{table}")?;
    gains(text, f)
}

/// The process of the critical path, if there are several: threads of two processes do not wait for
/// each other.
fn process_of_path(text: &Text<'_>) -> Option<String> {
    let Analysis { catalog, critical_path, .. } = &text.report.analysis;
    let thread = critical_path.parts.iter().find_map(|part| match part.segment {
        Segment::Running(thread)
        | Segment::Blocked(thread)
        | Segment::Sleeping(thread)
        | Segment::Waiting(thread) => Some(thread),
        Segment::Paused | Segment::HandOff(_) => None,
    })?;
    catalog.process_name(catalog.threads[thread].process)
}

/// By how much the run could be shorter.
fn gains(text: &Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, critical_path: path, .. } = &text.report.analysis;
    let length = path.length();
    let is_large = |time: Nanos| time.get() >= length.get() / 20;
    let mut lines = Vec::new();
    if let Some(part) = path.idle() {
        let (before, name, after) = does(text, part.segment);
        lines.push(format!("{before}{name}{after} for {} of it.", share(part.time, length)));
    } else if let Some(&(thread, time)) = path.by_thread().first() {
        let name = &catalog.threads[thread].name;
        let share = share(time, length);
        lines.push(format!(
            "If {name} were faster, the run would be shorter, by at most {time} ({share})."
        ));
    }
    if let Some(&(channel, time)) = path.full.first().filter(|(_, time)| is_large(*time)) {
        let name = &catalog.channels[channel].label;
        let share = share(time, length);
        lines.push(format!(
            "If {name:?} had more room, it would be shorter, by at most {time} ({share})."
        ));
    }
    let handed_off = path.handed_off();
    if is_large(handed_off) {
        lines.push(format!(
            "{handed_off} ({}) of it passed between the end of a wait and the moment in which its \
             thread continued.",
            share(handed_off, length)
        ));
    }
    lines.iter().try_for_each(|line| writeln!(f, "  {}", text.wrap(line, 2)))
}

/// A segment in words: the text before the name in it, the name, and the text after it.
type Description<'a> = (&'static str, &'a str, &'static str);

/// A line about a part of the critical path.
fn describe<'a>(text: &Text<'a>, segment: Segment) -> Description<'a> {
    match (segment, does(text, segment)) {
        (Segment::Blocked(_), (before, name, does)) => (before, name, does.trim_end_matches(',')),
        (Segment::Waiting(_), (before, name, _)) => {
            (before, name, " waits, until a timeout or for no recorded thread")
        }
        (_, does) => does,
    }
}

fn does<'a>(text: &Text<'a>, segment: Segment) -> Description<'a> {
    let catalog = text.report.analysis.catalog;
    match segment {
        Segment::Running(thread) => ("", &catalog.threads[thread].name, " runs"),
        Segment::Blocked(thread) => (
            "",
            &catalog.threads[thread].name,
            " is blocked elsewhere, such as in a file or a socket,",
        ),
        Segment::Sleeping(thread) => ("", &catalog.threads[thread].name, " sleeps"),
        Segment::Waiting(thread) => ("", &catalog.threads[thread].name, " waits"),
        Segment::Paused => ("the recording paused", "", ""),
        Segment::HandOff(Some(Target::Thread(thread))) => {
            ("until ", &catalog.threads[thread].name, " starts, or its end is noticed")
        }
        Segment::HandOff(Some(target @ Target::Callsite(_))) => {
            ("hand-over at ", catalog.label(target), "")
        }
        Segment::HandOff(Some(target)) => ("hand-over at \"", catalog.label(target), "\""),
        Segment::HandOff(None) => ("hand-over at a wake-up", "", ""),
    }
}

/// The descriptions, with shortened names if one would be longer than `width`.
fn fit(descriptions: Vec<Description<'_>>, width: usize) -> Vec<String> {
    let beside = descriptions.iter().map(|(before, name, after)| match name.chars().count() {
        length if before.len() + length + after.len() > width => before.len() + after.len(),
        _ => 0,
    });
    let room = width.saturating_sub(beside.max().unwrap_or(0)).max(MIN_NAME);
    let names: Vec<_> = descriptions.iter().map(|(_, name, _)| name).collect();
    let names = shorten_all(&names, room);
    let all = descriptions.iter().zip(names);
    all.map(|((before, _, after), name)| format!("{before}{name}{after}")).collect()
}
