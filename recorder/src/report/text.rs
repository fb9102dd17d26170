//! The report for people.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use super::table::{Align, Table, cut};
use super::{Report, name_of};
use crate::analysis::critical_path::Part;
use crate::analysis::findings::words::{method, percent, place};
use crate::analysis::findings::{Finding, Severity};
use crate::analysis::stats::channels::{Channel, Side};
use crate::analysis::wait_for::On;
use crate::reading::catalog::Entities;
use crate::report::summary::{Pauses, counted, duration};

/// So many findings, channels and threads are shown; the JSON has them all.
const SHOWN: usize = 20;
/// Lines are broken before this column.
const WIDTH: usize = 80;

/// The whole report, with ANSI colours: whoever writes it to what is no terminal takes them out.
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
    let entities = report.analysis.entities;
    let mut line = format!(
        "no findings in {}: {}, {}",
        duration(entities.end),
        counted(entities.threads.len() as u64, "thread"),
        counted(entities.channels.len() as u64, "channel"),
    );
    if report.analysis.incomplete {
        line += "; events are missing in the recording, and with them there may be findings";
    }
    line
}

fn paused(report: &Report<'_>) -> Option<String> {
    let analysis = &report.analysis;
    let (mut count, mut pauses) = (0, Pauses::default());
    for (process, known) in analysis.processes.iter().enumerate() {
        for pause in &known.pauses {
            count += 1;
            pauses.add(pause.from, pause.to.unwrap_or(analysis.end_of(process)));
        }
    }
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    (count > 0)
        .then(|| format!("the recording paused {times}, {pauses}: what happened then is not in it"))
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

fn findings(report: &Report<'_>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", heading("Findings"))?;
    for (index, finding) in report.findings.iter().take(SHOWN).enumerate() {
        let sure = finding.certainty.to_string();
        writeln!(out, "  {:>2} {}, {}", index + 1, code(finding), wrap(&sure, 5))?;
        // The first line has said that of the first.
        if index > 0 {
            writeln!(out, "     {}", wrap(&finding.what, 5))?;
            writeln!(out, "     {}", wrap(&format!("→ {}", finding.advice), 5))?;
        }
        writeln!(out, "     {}", wrap(&finding.why, 5))?;
        const EVENTS: usize = 6;
        for evidence in finding.evidence.iter().take(EVENTS) {
            let who = &report.analysis.entities.threads[evidence.thread].name;
            let mut line = format!("at {}: {who} {}", duration(evidence.time), evidence.what);
            if let Some(site) = evidence.site {
                let _ = write!(line, " ({})", place(&report.analysis, site));
            }
            writeln!(out, "       {}", wrap(&line, 9))?;
        }
    }
    let more = report.findings.len().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(out, "  and {}", counted(more as u64, "more finding"))?;
    }
    Ok(())
}

fn channels(report: &Report<'_>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let analysis = &report.analysis;
    let mut shown: Vec<_> = (0..analysis.channels.len()).collect();
    let weight = |channel: &Channel| channel.sent.max(channel.received);
    if shown.len() > SHOWN {
        shown.sort_by_key(|&index| Reverse(weight(&analysis.channels[index])));
        shown.truncate(SHOWN);
    }
    shown.sort_by_key(|&index| (analysis.entities.channels[index].process, index));
    if shown.is_empty() {
        return Ok(());
    }
    use Align::{Left, Right};
    writeln!(out, "\n{}", heading("Channels"))?;
    let mut messages = Table::new(&[
        ("channel", Left),
        ("bound", Right),
        ("sent", Right),
        ("per s", Right),
        ("p50", Right),
        ("p90", Right),
        ("p99", Right),
        ("max latency", Right),
    ]);
    let mut waits = Table::new(&[
        ("channel", Left),
        ("depth", Right),
        ("max", Right),
        ("over time", Left),
        ("senders", Right),
        ("receivers waited", Right),
        ("not received", Right),
    ]);
    let mut names = Names::new(analysis.entities);
    for &index in &shown {
        let (entity, state) = (&analysis.entities.channels[index], &analysis.channels[index]);
        if let Some(process) = names.begin(entity.process) {
            messages.heading(process.clone());
            waits.heading(process);
        }
        let name = names.indent(cut(&entity.label, 18));
        let latency = |percent| match state.latency.count() {
            0 => "-".to_owned(),
            _ => duration(state.latency.percentile(percent)),
        };
        messages.row(vec![
            name.clone(),
            entity.bound.map_or("none".to_owned(), |bound| bound.to_string()),
            state.sent.to_string(),
            rate(state),
            latency(50.0),
            latency(90.0),
            latency(99.0),
            latency(100.0),
        ]);
        let lost = match (state.lost + state.depth.now, state.returned()) {
            (0, 0) => "-".to_owned(),
            (lost, 0) => lost.to_string(),
            (lost, returned) => format!("{lost} + {returned} returned"),
        };
        waits.row(vec![
            name,
            format!("{:.1}", state.depth.mean()),
            state.depth.max.to_string(),
            sparkline(state),
            duration(state.senders_waited()),
            duration(state.receivers_waited()),
            lost,
        ]);
    }
    write!(out, "{messages}\n{waits}")?;
    let shared = shown.iter().filter(|&&index| analysis.channels[index].senders.len() > 1);
    for &index in shared {
        let state = &analysis.channels[index];
        let line = format!(
            "{:?} was sent by {}",
            analysis.entities.channels[index].label,
            shares(report, &state.senders, state.sent)
        );
        writeln!(out, "  {}", wrap(&line, 4))?;
    }
    let more = analysis.channels.len() - shown.len();
    if more > 0 {
        writeln!(out, "  and {} with fewer messages", counted(more as u64, "more channel"))?;
    }
    Ok(())
}

/// Names of what is of several processes, each process's below its own.
struct Names<'a> {
    entities: &'a Entities,
    process: Option<usize>,
}

impl<'a> Names<'a> {
    fn new(entities: &'a Entities) -> Self {
        Names { entities, process: None }
    }

    /// What comes is of this process; gives its name if that is to stand before.
    fn begin(&mut self, process: usize) -> Option<String> {
        let before = self.process.replace(process);
        self.entities.process_name(process).filter(|_| before != Some(process))
    }

    fn indent(&self, name: String) -> String {
        if self.entities.processes.len() > 1 { format!("  {name}") } else { name }
    }
}

/// `worker 1 (50 %), worker 2 (50 %)`
fn shares(report: &Report<'_>, sides: &[Side], whole: u64) -> String {
    let mut sides: Vec<_> = sides.iter().collect();
    sides.sort_by_key(|side| (Reverse(side.messages), side.thread));
    let names = sides.iter().map(|side| {
        let name = &report.analysis.entities.threads[side.thread].name;
        format!("{name} ({})", percent(side.messages, whole))
    });
    crate::analysis::findings::words::list(&names.collect::<Vec<_>>())
}

/// Messages a second, from the first that was sent to the last that was received.
fn rate(state: &Channel) -> String {
    let (Some((from, _)), Some((_, to))) = (state.sending, state.receiving) else {
        return "-".to_owned();
    };
    match to.saturating_sub(from) {
        0 => "-".to_owned(),
        span => match state.received as f64 * 1e9 / span as f64 {
            rate @ 0.0..10.0 => format!("{rate:.1}"),
            rate if rate < 1e6 => format!("{rate:.0}"),
            rate => format!("{:.1} M", rate / 1e6),
        },
    }
}

/// How the depth went, from the first send to the last.
fn sparkline(state: &Channel) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const CELLS: usize = 12;
    let samples = state.depth.samples();
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return String::new();
    };
    let span = last.0.saturating_sub(first.0).max(1);
    let mut cells = [None; CELLS];
    for &(time, depth) in samples {
        let cell = (u128::from(time.saturating_sub(first.0)) * (CELLS as u128 - 1)
            / u128::from(span)) as usize;
        let known: &mut Option<u64> = &mut cells[cell.min(CELLS - 1)];
        *known = Some(known.unwrap_or(0).max(depth));
    }
    // What lies between two samples is what it was before.
    let mut level = 0;
    let cells = cells.into_iter().map(|cell| {
        level = cell.unwrap_or(level);
        LEVELS[(level.saturating_mul(7) / state.depth.max.max(1)).min(7) as usize]
    });
    cells.collect()
}

fn threads(report: &Report<'_>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let analysis = &report.analysis;
    use Align::{Left, Right};
    let mut shown: Vec<_> = (0..analysis.threads.len()).collect();
    if shown.len() > SHOWN {
        shown.sort_by_key(|&index| Reverse(analysis.threads[index].steps));
        shown.truncate(SHOWN);
    }
    shown.sort_by_key(|&index| (analysis.entities.threads[index].process, index));
    // What short names leave of their room is for what the threads wait in.
    const NAME: usize = 14;
    const MOST: usize = 22;
    let names = shown.iter().map(|&index| analysis.entities.threads[index].name.chars().count());
    let room = MOST + NAME.saturating_sub(names.max().unwrap_or(NAME).max("thread".len()));
    writeln!(out, "\n{}", heading("Threads"))?;
    let mut table = Table::new(&[
        ("thread", Left),
        ("for", Right),
        ("runs", Right),
        ("sleeps", Right),
        ("waits", Right),
        ("█ ▒ ░", Left),
        ("waits most in", Left),
    ]);
    let mut names = Names::new(analysis.entities);
    for &index in &shown {
        let (entity, state) = (&analysis.entities.threads[index], &analysis.threads[index]);
        if let Some(process) = names.begin(entity.process) {
            table.heading(process);
        }
        let life = state.life(analysis.end_of(entity.process));
        let (slept, waited) = (state.slept().min(life), state.waited().min(life));
        let runs = life.saturating_sub(slept).saturating_sub(waited);
        let most = state.waits.iter().find(|waits| waits.call != format::Call::Sleep);
        let most = most.map_or(String::new(), |most| {
            let on = name_of(analysis, most.on);
            let on = on.map_or(String::new(), |name| format!(" {name}"));
            cut(&format!("{} {}{on}", percent(most.time, life), method(most.call)), room)
        });
        table.row(vec![
            names.indent(cut(&entity.name, NAME)),
            duration(life),
            percent(runs, life),
            percent(slept, life),
            percent(waited, life),
            bar(runs, slept, waited),
            most,
        ]);
    }
    write!(out, "{table}")?;
    let more = analysis.threads.len() - shown.len();
    if more > 0 {
        writeln!(out, "  and {}", counted(more as u64, "more thread"))?;
    }
    Ok(())
}

/// Running, sleeping and waiting, to scale.
fn bar(runs: u64, sleeps: u64, waits: u64) -> String {
    const CELLS: u128 = 8;
    let whole = (u128::from(runs) + u128::from(sleeps) + u128::from(waits)).max(1);
    let until = |part: u128| (part * CELLS + whole / 2) / whole;
    let first = until(runs.into());
    let second = until(u128::from(runs) + u128::from(sleeps));
    let cell = |at: u128| match at {
        at if at < first => '█',
        at if at < second => '▒',
        _ => '░',
    };
    (0..CELLS).map(cell).collect()
}

fn critical_path(report: &Report<'_>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let analysis = &report.analysis;
    let length = analysis.path.length();
    if length == 0 {
        return Ok(());
    }
    const PARTS: usize = 5;
    writeln!(out, "\n{}", heading("Bottleneck"))?;
    let hung = report.findings.iter().any(|finding| finding.code.is_hang());
    let what = if hung { "until the last thing that happened" } else { "of the run" };
    // Threads of two processes do not wait for each other.
    let thread = analysis.path.parts.iter().find_map(|&(part, ..)| match part {
        Part::Running(thread) | Part::Sleeping(thread) | Part::Waiting(thread) => Some(thread),
        Part::HandOff(_) => None,
    });
    let process = thread.map(|thread| analysis.entities.threads[thread].process);
    let process = process.and_then(|process| analysis.entities.process_name(process));
    let what = process.map_or(what.to_owned(), |process| format!("{what}, in {process}"));
    writeln!(out, "  what determined the {} {what}:", duration(length))?;
    let mut table = Table::new(&[("", Align::Right), ("", Align::Right), ("", Align::Left)]);
    for &(part, time, _) in analysis.path.parts.iter().take(PARTS) {
        table.row(vec![percent(time, length), duration(time), describe(report, part)]);
    }
    // A table without a heading.
    let lines = table.to_string();
    out.write_str(lines.split_once('\n').map_or("", |(_, rows)| rows))?;
    if hung {
        return Ok(());
    }
    if let Some(&(thread, time)) = report.stages().first() {
        let name = &analysis.entities.threads[thread].name;
        let line = format!(
            "If {name} were faster the run would be shorter, by at most {} ({}).",
            duration(time),
            percent(time, length)
        );
        writeln!(out, "  {}", wrap(&line, 2))?;
    }
    match analysis.path.full.first() {
        Some(&(channel, time)) if time >= length / 20 => {
            let line = format!(
                "If {:?} had more room it would be shorter, by at most {} ({}).",
                analysis.entities.channels[channel].label,
                duration(time),
                percent(time, length)
            );
            writeln!(out, "  {}", wrap(&line, 2))?;
        }
        _ => {}
    }
    let handed_over = report.handed_over();
    if handed_over >= length / 20 {
        let line = format!(
            "{} ({}) of it went by between the end of a wait and its thread's going on.",
            duration(handed_over),
            percent(handed_over, length)
        );
        writeln!(out, "  {}", wrap(&line, 2))?;
    }
    Ok(())
}

fn describe(report: &Report<'_>, part: Part) -> String {
    let threads = &report.analysis.entities.threads;
    match part {
        Part::Running(thread) => format!("{} runs", threads[thread].name),
        Part::Sleeping(thread) => format!("{} sleeps", threads[thread].name),
        Part::Waiting(thread) => {
            format!("{} waits, and the recording does not tell for whom", threads[thread].name)
        }
        Part::HandOff(On::Thread(thread)) => {
            format!("until {} began, or its end was noticed", threads[thread].name)
        }
        Part::HandOff(on) => {
            let name = name_of(&report.analysis, on).unwrap_or_else(|| "a wake-up".to_owned());
            format!("hand-over at {name}")
        }
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
        assert_eq!(bar(4, 2, 2), "████▒▒░░");
        assert_eq!(bar(0, 0, 5), "░░░░░░░░");
        assert_eq!(bar(u64::MAX, 0, u64::MAX), "████░░░░");
    }
}
