//! A thread, a channel or a finding in detail.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::amounts::{bar, number, time};
use super::board::{Board, Focus};
use super::style::{self, DIM};
use crate::layout::wrap;
use crate::live::figures::snapshot::{ChannelRow, FindingRow, Percentiles, ThreadRow, ThreadState};

/// What the selected row is about, and the details.
pub(super) fn selected(board: &Board, width: u16) -> Option<(String, Vec<Line<'static>>)> {
    let width = width.into();
    Some(match board.focus {
        Focus::Threads => {
            let row = board.selected_thread()?;
            let name = in_process(&row.name, row.process.as_deref());
            (format!("Thread {name}"), thread(row, width))
        }
        Focus::Channels => {
            let row = board.selected_channel()?;
            let name = in_process(&row.label, row.process.as_deref());
            (format!("Channel {name}"), channel(row, width))
        }
        Focus::Findings => {
            let row = board.selected_finding()?;
            (format!("Finding {}", row.code), finding(&row.headline, row, width))
        }
    })
}

/// `worker`, or `worker (server)` where there are several processes.
pub(super) fn in_process(name: &str, process: Option<&str>) -> String {
    process.map_or_else(|| name.to_owned(), |process| format!("{name} ({process})"))
}

/// Lines of a name and a text each.
struct Facts {
    lines: Vec<Line<'static>>,
    width: usize,
}

impl Facts {
    /// The width of the names.
    const NAMES: usize = 12;

    fn add(&mut self, name: &str, text: impl AsRef<str>) {
        let room = self.width.saturating_sub(Self::NAMES).max(1);
        for (place, part) in wrap(text.as_ref(), 0, 0, room).lines().enumerate() {
            let name = if place == 0 { name } else { "" };
            let name = Span::styled(format!("{name:0$}", Self::NAMES), DIM);
            self.lines.push(Line::from(vec![name, part.to_owned().into()]));
        }
    }

    /// Adds a part of a whole from 0 to 1, as a bar before a text.
    fn add_bar(&mut self, name: &str, part: f64, style: Style, text: &str) {
        let name = Span::styled(format!("{name:0$}", Self::NAMES), DIM);
        let bar = Span::styled(bar(part, 20), style);
        self.lines.push(Line::from(vec![name, bar, format!(" {text}").into()]));
    }

    fn add_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(name, text);
        }
    }
}

fn thread(row: &ThreadRow, width: usize) -> Vec<Line<'static>> {
    let mut facts = Facts { lines: Vec::new(), width };
    let since = time(row.since_ns);
    let state = match (row.state, &row.call) {
        (ThreadState::Waits, Some(call)) => format!("has waited in {call} for {since}"),
        (ThreadState::Sleeps, _) => format!("has slept for {since}"),
        (ThreadState::Blocked, _) => format!("has been blocked elsewhere for {since}"),
        (ThreadState::Runs, _) => format!("runs; its last event was {since} ago"),
        (state, _) => format!("{} {since} ago", state.verb()),
    };
    facts.add("state", state);
    facts.add_if("at", row.place.as_deref());
    if let Some(timeout) = row.timeout_ns {
        facts.add("at most", time(timeout));
    }
    if !row.holds.is_empty() {
        facts.add("holds", row.holds.join(", "));
    }
    facts.add_if("observed", row.observed.as_deref());
    let waiting = format!("{:.0}% of its life", 100.0 * row.waiting);
    facts.add_bar("waiting", row.waiting, style::BAR, &waiting);
    facts.add("events", number(row.events as f64));
    facts.add_if("spawned at", row.spawned_at.as_deref());
    if row.os_id > 0 {
        facts.add("system id", row.os_id.to_string());
    }
    facts.lines
}

fn channel(row: &ChannelRow, width: usize) -> Vec<Line<'static>> {
    let mut facts = Facts { lines: Vec::new(), width };
    facts.add("messages", &row.message_type);
    facts.add_if("made at", row.place.as_deref());
    let bound = match row.bound {
        None => "unbounded".to_owned(),
        Some(0) => "rendezvous".to_owned(),
        Some(bound) => format!("at most {bound}"),
    };
    facts.add("bound", bound);
    let depth = row.depth.to_string();
    match row.bound {
        Some(bound @ 1..) => {
            facts.add_bar("depth", row.depth as f64 / bound as f64, style::depth(row), &depth);
        }
        _ => facts.add("depth", depth),
    }
    if let Some(oldest) = row.oldest_ns {
        facts.add("oldest", format!("sent {} ago", time(oldest)));
    }
    for (name, count, rate) in [
        ("sent", row.sent, row.sent_per_second),
        ("received", row.received, row.received_per_second),
    ] {
        facts.add(name, format!("{count}, {}/s", number(rate)));
    }
    if row.refused > 0 {
        facts.add("attempts", format!("{} found no room or no message", row.refused));
    }
    for (name, latency) in [("latency", &row.latency), ("lately", &row.recent_latency)] {
        if let Some(latency) = latency {
            facts.add(name, percentiles(latency));
        }
    }
    let ends = |count: u64, waiting: &[String]| match waiting {
        [] => count.to_string(),
        _ => format!("{count}; waits: {}", waiting.join(", ")),
    };
    facts.add("senders", ends(row.senders, &row.waiting_senders));
    facts.add("receivers", ends(row.receivers, &row.waiting_receivers));
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
pub(super) fn finding(headline: &str, finding: &FindingRow, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut add = |style, text: &str, indent: usize| {
        let text = wrap(text, indent, indent, width.max(indent + 1));
        let text = " ".repeat(indent) + &text;
        lines.extend(text.lines().map(|part| Line::styled(part.to_owned(), style)));
    };
    add(Style::new(), headline, 0);
    for step in &finding.chain {
        add(Style::new(), step, 2);
    }
    if let Some(condition) = &finding.certain_if {
        add(DIM, &format!("likely; certain if {condition}"), 2);
    }
    lines
}
