//! The report for people.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::Report;
use super::pauses::Pauses;
use super::table::{Align, Table, cut};
use crate::analysis::Analysis;
use crate::analysis::critical_path::Segment;
use crate::analysis::findings::words::{counted, list, method, percent, place, share};
use crate::analysis::findings::{Finding, Severity};
use crate::analysis::stats::channels::{ChannelStats, ChannelUser};
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ProcessIndex, Target, ThreadIndex};

/// Maximum number of findings, channels and threads. The JSON has them all.
const SHOWN: usize = 20;
/// Lines are broken before this column.
const WIDTH: usize = 80;

/// The whole report, with ANSI colours. They must be removed if it is not written to a terminal.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.findings.first() {
            Some(first) => writeln!(f, "{}", headline(first))?,
            None => writeln!(f, "{}", nothing_found(self))?,
        }
        if let Some(paused) = paused(self) {
            writeln!(f, "{paused}")?;
        }
        findings(self, f)?;
        channels(self, f)?;
        threads(self, f)?;
        critical_path(self, f)
    }
}

/// The first lines of a report: a headline for each finding, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Headlines<'a>(pub &'a [Finding]);

impl fmt::Display for Headlines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADLINES: usize = 5;
        for finding in self.0.iter().take(HEADLINES) {
            writeln!(f, "{}", headline(finding))?;
        }
        match self.0.len().saturating_sub(HEADLINES) {
            0 => Ok(()),
            more => writeln!(f, "and {}", counted(more as u64, "more finding")),
        }
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

fn paused(report: &Report<'_>) -> Option<String> {
    let pauses = Pauses::of(&report.analysis)?;
    let times = match pauses.count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    Some(format!("the recording paused {times}, {pauses}; it does not contain what happened then"))
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
    for (index, finding) in report.findings.iter().take(SHOWN).enumerate() {
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
    match count.saturating_sub(SHOWN) {
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
    if most.len() > SHOWN {
        most.sort_by_key(|&index| Reverse(weight(index)));
        most.truncate(SHOWN);
    }
    most.sort_by_key(|&index| (process(index), index));
    most
}

fn channels(report: &Report<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, state, channels, .. } = &report.analysis;
    let weight =
        |index: ChannelIndex| state.channels[index].all_sent().max(state.channels[index].received);
    let shown = most(catalog.channels.keys(), weight, |index| catalog.channels[index].process);
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", heading("Channels"))?;
    write!(f, "{}\n{}", messages(report, &shown), waits(report, &shown))?;
    let shared = shown.iter().filter(|&&index| channels[index].senders.len() > 1);
    for &index in shared {
        let line = format!(
            "{:?} was sent by {}",
            catalog.channels[index].label,
            shares(report, &channels[index].senders, state.channels[index].all_sent())
        );
        writeln!(f, "  {}", wrap(&line, 4))?;
    }
    match catalog.channels.len() - shown.len() {
        0 => Ok(()),
        more => {
            writeln!(f, "  and {} with fewer messages", counted(more as u64, "more channel"))
        }
    }
}

/// How many messages, and their latencies.
fn messages(report: &Report<'_>, shown: &[ChannelIndex]) -> Table {
    use Align::{Left, Right};
    let Analysis { catalog, state, channels, .. } = &report.analysis;
    let mut table = Table::new(&[
        ("channel", Left),
        ("bound", Right),
        ("sent", Right),
        ("per s", Right),
        ("p50", Right),
        ("p90", Right),
        ("p99", Right),
        ("max latency", Right),
    ]);
    let mut names = Names::new(catalog);
    for &index in shown {
        let (facts, stats) = (&catalog.channels[index], &channels[index]);
        names.begin(facts.process, &mut table);
        let latency = |percent| match stats.latency.count() {
            0 => "-".to_owned(),
            _ => stats.latency.percentile(percent).to_string(),
        };
        table.row(vec![
            names.indent(cut(&facts.label, 18)),
            facts.bound.map_or("none".to_owned(), |bound| bound.to_string()),
            state.channels[index].all_sent().to_string(),
            rate(state.channels[index].received, stats),
            latency(50.0),
            latency(90.0),
            latency(99.0),
            latency(100.0),
        ]);
    }
    table
}

/// The depths, and how long threads waited.
fn waits(report: &Report<'_>, shown: &[ChannelIndex]) -> Table {
    use Align::{Left, Right};
    let Analysis { catalog, state, channels, .. } = &report.analysis;
    let mut table = Table::new(&[
        ("channel", Left),
        ("depth", Right),
        ("max", Right),
        ("over time", Left),
        ("senders", Right),
        ("receivers waited", Right),
        ("not received", Right),
    ]);
    let mut names = Names::new(catalog);
    for &index in shown {
        let (facts, stats) = (&catalog.channels[index], &channels[index]);
        names.begin(facts.process, &mut table);
        let lost = state.channels[index].lost + state.channels[index].queued();
        let lost = match (lost, stats.returned()) {
            (0, 0) => "-".to_owned(),
            (lost, 0) => lost.to_string(),
            (lost, returned) => format!("{lost} + {returned} returned"),
        };
        table.row(vec![
            names.indent(cut(&facts.label, 18)),
            format!("{:.1}", stats.depth.mean()),
            stats.depth.max.to_string(),
            sparkline(stats),
            stats.senders_waited().to_string(),
            stats.receivers_waited().to_string(),
            lost,
        ]);
    }
    table
}

/// Names of things of several processes, each below the name of its process.
struct Names<'a> {
    catalog: &'a Catalog,
    process: Option<ProcessIndex>,
}

impl<'a> Names<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Names { catalog, process: None }
    }

    /// The next row is about something of this process.
    fn begin(&mut self, process: ProcessIndex, table: &mut Table) {
        if self.process.replace(process) != Some(process)
            && let Some(name) = self.catalog.process_name(process)
        {
            table.heading(name);
        }
    }

    fn indent(&self, name: String) -> String {
        if self.catalog.processes.len() > 1 { format!("  {name}") } else { name }
    }
}

/// `worker 1 (50%), worker 2 (50%)`
fn shares(report: &Report<'_>, users: &[ChannelUser], whole: u64) -> String {
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
    let samples = stats.depth.samples();
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
    use Align::{Left, Right};
    let Analysis { catalog, state, threads, .. } = &report.analysis;
    let weight = |index: ThreadIndex| state.threads[index].events;
    let shown = most(catalog.threads.keys(), weight, |index| catalog.threads[index].process);
    // The last column has the room that short names leave.
    const NAME: usize = 14;
    const LAST: usize = 22;
    let names = shown.iter().map(|&index| catalog.threads[index].name.chars().count());
    let room = LAST + NAME.saturating_sub(names.max().unwrap_or(NAME).max("thread".len()));
    writeln!(f, "\n{}", heading("Threads"))?;
    let mut table = Table::new(&[
        ("thread", Left),
        ("for", Right),
        ("runs", Right),
        ("sleeps", Right),
        ("waits", Right),
        ("█ ▒ ░", Left),
        ("waits most in", Left),
    ]);
    let mut names = Names::new(catalog);
    for &index in &shown {
        let (facts, stats) = (&catalog.threads[index], &threads[index]);
        names.begin(facts.process, &mut table);
        let life = report.analysis.life(index);
        let (slept, waited) = (stats.slept.min(life), stats.waited.min(life));
        let runs = life.since(slept).since(waited);
        let longest = stats.waits.iter().find(|waits| waits.call != format::Call::Sleep);
        let longest = longest.map_or(String::new(), |waits| {
            let target = waits.target.map(|target| report.analysis.name_of(target));
            let target = target.map_or(String::new(), |name| format!(" {name}"));
            cut(&format!("{} {}{target}", share(waits.time, life), method(waits.call)), room)
        });
        table.row(vec![
            names.indent(cut(&facts.name, NAME)),
            life.to_string(),
            share(runs, life),
            share(slept, life),
            share(waited, life),
            bar(runs, slept, waited),
            longest,
        ]);
    }
    write!(f, "{table}")?;
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
    let mut table = Table::new(&[("", Align::Right), ("", Align::Right), ("", Align::Left)]);
    for part in path.parts.iter().take(PARTS) {
        let segment = describe(report, part.segment);
        table.row(vec![share(part.time, length), part.time.to_string(), segment]);
    }
    // This table has no heading.
    let lines = table.to_string();
    f.write_str(lines.split_once('\n').map_or("", |(_, rows)| rows))?;
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
    if let Some(&(thread, time)) = path.by_thread().first() {
        let name = &catalog.threads[thread].name;
        let line = format!(
            "If {name} were faster, the run would be shorter, by at most {time} ({}).",
            share(time, length)
        );
        writeln!(f, "  {}", wrap(&line, 2))?;
    }
    if let Some(&(channel, time)) = path.full.first().filter(|(_, time)| is_large(*time)) {
        let line = format!(
            "If {:?} had more room, it would be shorter, by at most {time} ({}).",
            catalog.channels[channel].label,
            share(time, length)
        );
        writeln!(f, "  {}", wrap(&line, 2))?;
    }
    let handed_off = path.handed_off();
    if is_large(handed_off) {
        let line = format!(
            "{handed_off} ({}) of it passed between the end of a wait and the moment in which its \
             thread continued.",
            share(handed_off, length)
        );
        writeln!(f, "  {}", wrap(&line, 2))?;
    }
    Ok(())
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
