//! A thread, a channel or a finding in detail.

use super::amounts::{bar, number, time};
use super::board::{Board, Focus};
use super::draw::{finding_style, in_process, thread_style};
use super::screen::{Line, Style};
use crate::layout::wrap;
use crate::live::figures::snapshot::{ChannelRow, FindingRow, Percentiles, ThreadRow, ThreadState};

/// What the selected row is about.
pub(super) fn lines(board: &Board, width: usize) -> Vec<Line> {
    let lines = match board.focus {
        Focus::Threads => board.selected_thread().map(|row| thread(row, width)),
        Focus::Channels => board.selected_channel().map(|row| channel(row, width)),
        Focus::Findings => board.selected_finding().map(|row| finding(row, width)),
    };
    lines.unwrap_or_default()
}

/// Lines of a name and a text each.
struct Facts {
    lines: Vec<Line>,
    width: usize,
}

/// The width of the names.
const NAMES: usize = 11;

impl Facts {
    fn new(kind: &str, name: &str, width: usize) -> Self {
        let mut line = Line::new(Style::Dim, &format!("{kind} "));
        line.push(Style::Heading, name);
        Facts { lines: vec![line, Line::default()], width }
    }

    fn add(&mut self, name: &str, style: Style, text: &str) {
        let room = self.width.saturating_sub(NAMES).max(1);
        let text = wrap(text, 0, 0, room);
        for (place, part) in text.lines().enumerate() {
            let mut line = Line::default();
            line.push_cell(Style::Dim, if place == 0 { name } else { "" }, NAMES, false);
            line.push(style, part);
            self.lines.push(line);
        }
    }

    fn add_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(name, Style::Plain, text);
        }
    }
}

fn thread(row: &ThreadRow, width: usize) -> Vec<Line> {
    let mut facts = Facts::new("thread", &in_process(&row.name, row.process.as_deref()), width);
    let since = time(row.since_ns);
    let state = match (row.state, &row.call) {
        (ThreadState::Waits, Some(call)) => format!("has waited in {call} for {since}"),
        (ThreadState::Sleeps, _) => format!("has slept for {since}"),
        (ThreadState::Runs, _) => format!("runs; its last event was {since} ago"),
        (state, _) => format!("{} {since} ago", state.verb()),
    };
    facts.add("state", thread_style(row.state), &state);
    facts.add_if("at", row.place.as_deref());
    if let Some(timeout) = row.timeout_ns {
        facts.add("at most", Style::Plain, &time(timeout));
    }
    if !row.holds.is_empty() {
        facts.add("holds", Style::Plain, &row.holds.join(", "));
    }
    facts.add_if("observed", row.observed.as_deref());
    let waiting = format!("{} {:.0}% of its life", bar(row.waiting, 20), 100.0 * row.waiting);
    facts.add("waiting", Style::Plain, &waiting);
    facts.add("events", Style::Plain, &number(row.events as f64));
    facts.add_if("spawned at", row.spawned_at.as_deref());
    if row.os_id > 0 {
        facts.add("system id", Style::Plain, &row.os_id.to_string());
    }
    facts.lines
}

fn channel(row: &ChannelRow, width: usize) -> Vec<Line> {
    let mut facts = Facts::new("channel", &in_process(&row.label, row.process.as_deref()), width);
    facts.add("messages", Style::Plain, &row.message_type);
    facts.add_if("made at", row.place.as_deref());
    let bound = match row.bound {
        None => "unbounded".to_owned(),
        Some(0) => "rendezvous".to_owned(),
        Some(bound) => format!("at most {bound}"),
    };
    facts.add("bound", Style::Plain, &bound);
    let mut depth = row.depth.to_string();
    if let Some(bound @ 1..) = row.bound {
        depth = format!("{} {depth}", bar(row.depth as f64 / bound as f64, 20));
    }
    facts.add("depth", Style::Plain, &depth);
    if let Some(oldest) = row.oldest_ns {
        facts.add("oldest", Style::Plain, &format!("sent {} ago", time(oldest)));
    }
    for (name, count, rate) in [
        ("sent", row.sent, row.sent_per_second),
        ("received", row.received, row.received_per_second),
    ] {
        facts.add(name, Style::Plain, &format!("{count}, {}/s", number(rate)));
    }
    if row.refused > 0 {
        facts.add(
            "attempts",
            Style::Plain,
            &format!("{} found no room or no message", row.refused),
        );
    }
    for (name, latency) in [("latency", &row.latency), ("lately", &row.recent_latency)] {
        if let Some(latency) = latency {
            facts.add(name, Style::Plain, &percentiles(latency));
        }
    }
    let ends = |count: u64, waiting: &[String]| match waiting {
        [] => count.to_string(),
        _ => format!("{count}; waits: {}", waiting.join(", ")),
    };
    facts.add("senders", Style::Plain, &ends(row.senders, &row.waiting_senders));
    facts.add("receivers", Style::Plain, &ends(row.receivers, &row.waiting_receivers));
    facts.lines
}

fn percentiles(latency: &Percentiles) -> String {
    let Percentiles { count, p50_ns, p90_ns, p99_ns, max_ns, .. } = *latency;
    let mean_ns = latency.mean_ns();
    let times =
        [("p50", p50_ns), ("p90", p90_ns), ("p99", p99_ns), ("max", max_ns), ("mean", mean_ns)];
    let times = times.map(|(name, ns)| format!("{name} {}", time(ns)));
    format!("{} ({count} messages)", times.join(", "))
}

/// A finding, with how it came about.
pub(super) fn finding(finding: &FindingRow, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |style, text: &str, indent: usize| {
        let text = wrap(text, 0, 0, width.saturating_sub(indent).max(1));
        lines.extend(text.lines().map(|part| Line::new(style, &(" ".repeat(indent) + part))));
    };
    add(finding_style(finding), &finding.headline, 0);
    for step in &finding.chain {
        add(Style::Plain, step, 2);
    }
    if let Some(condition) = &finding.certain_if {
        add(Style::Dim, &format!("likely; certain if {condition}"), 2);
    }
    lines
}
