//! The report for people.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::table::{Table, cut};
use super::{Report, pauses};
use crate::analysis::Analysis;
use crate::analysis::critical_path::Segment;
use crate::analysis::findings::words::{counted, list, method, percent, place, share};
use crate::analysis::findings::{Finding, Severity};
use crate::analysis::stats::channels::{ChannelStats, User, waited};
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, ProcessIndex, Target, ThreadIndex};

/// Maximum number of findings, channels and threads. The JSON has them all.
const MAX_ROWS: usize = 20;
/// Lines are broken before this column.
const WIDTH: usize = 80;

/// The whole report, with ANSI colours. They must be removed if it is not written to a terminal.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.findings.first() {
            Some(first) => writeln!(f, "{}", headline(first))?,
            None => writeln!(f, "{}", nothing_found(self))?,
        }
        if let Some((count, time)) = pauses(&self.analysis) {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            let what = "it does not contain what happened then";
            writeln!(f, "the recording paused {times}, {time}; {what}")?;
        }
        findings(self, f)?;
        channels(self, f)?;
        threads(self, f)?;
        critical_path(self, f)
    }
}

/// The first lines of a report: a headline for each finding, or nothing.
pub fn headlines(findings: &[Finding]) -> String {
    const HEADLINES: usize = 5;
    let mut lines: String =
        findings.iter().take(HEADLINES).map(|finding| headline(finding) + "\n").collect();
    if findings.len() > HEADLINES {
        let more = counted((findings.len() - HEADLINES) as u64, "more finding");
        lines += &format!("and {more}\n");
    }
    lines
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

fn headline(finding: &Finding) -> String {
    format!("{}: {} {}", code(finding), finding.what, finding.advice)
}

fn nothing_found(report: &Report<'_>) -> String {
    let catalog = report.analysis.catalog;
    let mut line = format!(
        "no findings in {}: {}, {}",
        catalog.end,
        counted(catalog.threads.len() as u64, "thread"),
        counted(catalog.channels.len() as u64, "channel"),
    );
    if report.analysis.is_incomplete {
        line += "; events are missing from the recording, and there may be findings in them";
    }
    line
}

/// Breaks lines between words; those after the first are indented.
fn wrap(text: &str, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            let _ = write!(wrapped, "\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            wrapped.push(' ');
            column += 1;
        }
        wrapped += word;
        column += length;
    }
    wrapped
}

fn findings(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", heading("Findings"))?;
    for (index, finding) in report.findings.iter().take(MAX_ROWS).enumerate() {
        let certainty = finding.certainty.to_string();
        writeln!(f, "  {:>2} {}, {}", index + 1, code(finding), wrap(&certainty, 5))?;
        // The first line of the report is the headline of the first.
        if index > 0 {
            writeln!(f, "     {}", wrap(&finding.what, 5))?;
            writeln!(f, "     {}", wrap(&format!("→ {}", finding.advice), 5))?;
        }
        writeln!(f, "     {}", wrap(&finding.why, 5))?;
        const EVENTS: usize = 6;
        for evidence in finding.evidence.iter().take(EVENTS) {
            let who = &report.analysis.catalog.threads[evidence.thread].name;
            let mut line = format!("at {}: {who} {}", evidence.time, evidence.what);
            if let Some(at) = evidence.place {
                let _ = write!(line, " ({})", place(&report.analysis, at));
            }
            writeln!(f, "       {}", wrap(&line, 9))?;
        }
    }
    more(f, report.findings.len(), "more finding")
}

/// `  and 3 more findings`, or nothing.
fn more(f: &mut fmt::Formatter<'_>, count: usize, noun: &str) -> fmt::Result {
    match count.saturating_sub(MAX_ROWS) {
        0 => Ok(()),
        more => writeln!(f, "  and {}", counted(more as u64, noun)),
    }
}

/// The indices of those with the most of something, by process.
fn most<I: Copy + Ord>(
    all: impl Iterator<Item = I>,
    weight: impl Fn(I) -> u64,
    process: impl Fn(I) -> ProcessIndex,
) -> Vec<I> {
    let mut most: Vec<_> = all.collect();
    if most.len() > MAX_ROWS {
        most.sort_by_key(|&index| Reverse(weight(index)));
        most.truncate(MAX_ROWS);
    }
    most.sort_by_key(|&index| (process(index), index));
    most
}

fn channels(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, state, stats, .. } = &report.analysis;
    let weight =
        |index: ChannelIndex| state.channels[index].all_sent().max(state.channels[index].received);
    let shown = most(catalog.channels.keys(), weight, |index| catalog.channels[index].process);
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", heading("Channels"))?;
    let [messages, waits] = channel_tables(report, &shown);
    write!(f, "{messages}\n{waits}")?;
    for &index in shown.iter().filter(|&&index| stats.channels[index].senders.len() > 1) {
        let line = format!(
            "{:?} was sent by {}",
            catalog.channels[index].label,
            shares(report, &stats.channels[index].senders, state.channels[index].all_sent())
        );
        writeln!(f, "  {}", wrap(&line, 4))?;
    }
    match catalog.channels.len() - shown.len() {
        0 => Ok(()),
        more => writeln!(f, "  and {} with fewer messages", counted(more as u64, "more channel")),
    }
}

/// How many messages, and their latencies; then the depths, and how long threads waited.
fn channel_tables(report: &Report<'_>, shown: &[ChannelIndex]) -> [Table; 2] {
    let Analysis { catalog, state, stats, .. } = &report.analysis;
    let (mut messages, mut waits) = (Vec::new(), Vec::new());
    for &index in shown {
        let (facts, known) = (&catalog.channels[index], &state.channels[index]);
        let stats = &stats.channels[index];
        let latency = |percent| match stats.latency.count {
            0 => "-".to_owned(),
            _ => stats.latency.percentile(percent).to_string(),
        };
        let cells = vec![
            cut(&facts.label, 18),
            facts.bound.map_or("none".to_owned(), |bound| bound.to_string()),
            known.all_sent().to_string(),
            rate(known.received, stats),
            latency(50.0),
            latency(90.0),
            latency(99.0),
            latency(100.0),
        ];
        messages.push((facts.process, cells));
        let lost = match (known.lost + known.queued(), stats.returned()) {
            (0, 0) => "-".to_owned(),
            (lost, 0) => lost.to_string(),
            (lost, returned) => format!("{lost} + {returned} returned"),
        };
        let cells = vec![
            cut(&facts.label, 18),
            format!("{:.1}", stats.depth.mean()),
            stats.depth.max.to_string(),
            sparkline(stats),
            waited(&stats.senders).to_string(),
            waited(&stats.receivers).to_string(),
            lost,
        ];
        waits.push((facts.process, cells));
    }
    let columns = &["channel", ">bound", ">sent", ">per s", ">p50", ">p90", ">p99", ">max latency"];
    let messages = Table::by_process(columns, catalog, messages);
    let columns = &[
        "channel",
        ">depth",
        ">max",
        "over time",
        ">senders",
        ">receivers waited",
        ">not received",
    ];
    [messages, Table::by_process(columns, catalog, waits)]
}

/// `worker 1 (50%), worker 2 (50%)`
fn shares(report: &Report<'_>, users: &[User], whole: u64) -> String {
    let mut users: Vec<_> = users.iter().collect();
    users.sort_by_key(|user| (Reverse(user.messages), user.thread));
    let names = users.iter().map(|user| {
        let name = &report.analysis.catalog.threads[user.thread].name;
        format!("{name} ({})", percent(user.messages, whole))
    });
    list(&names.collect::<Vec<_>>())
}

/// Messages a second, from the first that was sent to the last that was received.
fn rate(received: u64, stats: &ChannelStats) -> String {
    let (Some((from, _)), Some((_, to))) = (stats.sending, stats.receiving) else {
        return "-".to_owned();
    };
    match to.since(from).get() {
        0 => "-".to_owned(),
        span => match received as f64 * 1e9 / span as f64 {
            rate @ 0.0..10.0 => format!("{rate:.1}"),
            rate if rate < 1e6 => format!("{rate:.0}"),
            rate => format!("{:.1} M", rate / 1e6),
        },
    }
}

/// The depth over time, from the first send to the last.
fn sparkline(stats: &ChannelStats) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const CELLS: usize = 12;
    let samples = &stats.depth.samples;
    let (Some(&(first, _)), Some(&(last, _))) = (samples.first(), samples.last()) else {
        return String::new();
    };
    let span = last.since(first).get().max(1);
    let mut cells: [Option<u64>; CELLS] = [None; CELLS];
    for &(time, depth) in samples {
        let cell = u128::from(time.since(first).get()) * (CELLS as u128 - 1) / u128::from(span);
        let known = &mut cells[(cell as usize).min(CELLS - 1)];
        *known = Some(known.unwrap_or(0).max(depth));
    }
    // A cell without a sample has the depth of the one before.
    let mut level = 0;
    let cells = cells.into_iter().map(|cell| {
        level = cell.unwrap_or(level);
        LEVELS[(level.saturating_mul(7) / stats.depth.max.max(1)).min(7) as usize]
    });
    cells.collect()
}

fn threads(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, state, stats, .. } = &report.analysis;
    let weight = |index: ThreadIndex| state.threads[index].events;
    let shown = most(catalog.threads.keys(), weight, |index| catalog.threads[index].process);
    // The last column has the room that short names leave.
    const NAME: usize = 14;
    const LAST: usize = 22;
    let names = shown.iter().map(|&index| catalog.threads[index].name.chars().count());
    let room = LAST + NAME.saturating_sub(names.max().unwrap_or(NAME).max("thread".len()));
    let rows = shown.iter().map(|&index| {
        let (facts, stats) = (&catalog.threads[index], &stats.threads[index]);
        let life = report.analysis.life(index);
        let (slept, waited) = (stats.slept.min(life), stats.waited.min(life));
        let runs = life.since(slept).since(waited);
        let longest = stats.waits.iter().find(|waits| waits.call != format::Call::Sleep);
        let longest = longest.map_or(String::new(), |waits| {
            let target = waits.target.map(|target| report.analysis.name_of(target));
            let target = target.map_or(String::new(), |name| format!(" {name}"));
            cut(&format!("{} {}{target}", share(waits.time, life), method(waits.call)), room)
        });
        let cells = vec![
            cut(&facts.name, NAME),
            life.to_string(),
            share(runs, life),
            share(slept, life),
            share(waited, life),
            bar(runs, slept, waited),
            longest,
        ];
        (facts.process, cells)
    });
    let columns = &["thread", ">for", ">runs", ">sleeps", ">waits", "█ ▒ ░", "waits most in"];
    let table = Table::by_process(columns, catalog, rows);
    write!(f, "\n{}\n{table}", heading("Threads"))?;
    more(f, catalog.threads.len(), "more thread")
}

/// Running, sleeping and waiting, to scale.
fn bar(runs: Nanos, sleeps: Nanos, waits: Nanos) -> String {
    const CELLS: u128 = 8;
    let [runs, sleeps, waits] = [runs, sleeps, waits].map(|time| u128::from(time.get()));
    let whole = (runs + sleeps + waits).max(1);
    let until = |part: u128| (part * CELLS + whole / 2) / whole;
    let (first, second) = (until(runs), until(runs + sleeps));
    let cell = |cell: u128| match cell {
        cell if cell < first => '█',
        cell if cell < second => '▒',
        _ => '░',
    };
    (0..CELLS).map(cell).collect()
}

fn critical_path(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let path = &report.analysis.critical_path;
    let length = path.length();
    if length == Nanos::ZERO {
        return Ok(());
    }
    const PARTS: usize = 5;
    writeln!(f, "\n{}", heading("Bottleneck"))?;
    let is_hung = report.findings.iter().any(|finding| finding.code.is_hang());
    let mut whole = if is_hung { "until the last event" } else { "of the run" }.to_owned();
    if let Some(process) = process_of_path(report) {
        whole += &format!(", in {process}");
    }
    writeln!(f, "  what determined the {length} {whole}:")?;
    let mut table = Table::new(&[">", ">", ""]);
    for part in path.parts.iter().take(PARTS) {
        let segment = describe(report, part.segment);
        table.row(vec![share(part.time, length), part.time.to_string(), segment]);
    }
    write!(f, "{table}")?;
    if is_hung {
        return Ok(());
    }
    gains(report, f)
}

/// The process of the critical path, if there are several: threads of two processes do not wait for
/// each other.
fn process_of_path(report: &Report<'_>) -> Option<String> {
    let Analysis { catalog, critical_path, .. } = &report.analysis;
    let thread = critical_path.parts.iter().find_map(|part| match part.segment {
        Segment::Running(thread) | Segment::Sleeping(thread) | Segment::Waiting(thread) => {
            Some(thread)
        }
        Segment::HandOff(_) => None,
    })?;
    catalog.process_name(catalog.threads[thread].process)
}

/// By how much the run could be shorter.
fn gains(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, critical_path: path, .. } = &report.analysis;
    let length = path.length();
    let is_large = |time: Nanos| time.get() >= length.get() / 20;
    let mut lines = Vec::new();
    if let Some(&(thread, time)) = path.by_thread().first() {
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
    lines.iter().try_for_each(|line| writeln!(f, "  {}", wrap(line, 2)))
}

fn describe(report: &Report<'_>, segment: Segment) -> String {
    let threads = &report.analysis.catalog.threads;
    match segment {
        Segment::Running(thread) => format!("{} runs", threads[thread].name),
        Segment::Sleeping(thread) => format!("{} sleeps", threads[thread].name),
        Segment::Waiting(thread) => {
            format!("{} waits; the recording does not say for which thread", threads[thread].name)
        }
        Segment::HandOff(Some(Target::Thread(thread))) => {
            format!("until {} began, or its end was noticed", threads[thread].name)
        }
        Segment::HandOff(Some(target)) => {
            format!("hand-over at {}", report.analysis.name_of(target))
        }
        Segment::HandOff(None) => "hand-over at a wake-up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let text = "word ".repeat(20);
        let wrapped = wrap(text.trim_end(), 3);
        assert_eq!(wrapped.lines().count(), 2);
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH - 3 || line.starts_with("   word")));
        assert_eq!(wrap(&"x".repeat(100), 3), "x".repeat(100));
    }

    #[test]
    fn a_bar_is_to_scale() {
        let bar =
            |runs, sleeps, waits| bar(Nanos::new(runs), Nanos::new(sleeps), Nanos::new(waits));
        assert_eq!(bar(4, 2, 2), "████▒▒░░");
        assert_eq!(bar(0, 0, 5), "░░░░░░░░");
        assert_eq!(bar(u64::MAX, 0, u64::MAX), "████░░░░");
    }
}
