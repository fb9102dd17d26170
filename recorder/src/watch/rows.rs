//! The rows of the tables.

use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Row, Table};

use super::amounts::{bar, number, time};
use super::details::{self, in_process};
use super::style::{self, DIM};
use super::table::{Column, shorten};
use crate::live::figures::snapshot::{ChannelRow, FindingRow, Percentiles, ThreadRow};

/// The columns of the threads.
pub(super) const THREADS: &[Column] = &[
    Column::text("THREAD", 10, 0).up_to(32),
    Column::text(" STATE", 9, 1),
    Column::number("SINCE", 8, 2),
    Column::number("WAITING", 7, 4),
    Column::text("IN", 12, 1).up_to(200),
];

pub(super) fn thread(row: &ThreadRow) -> Vec<Line<'static>> {
    let plain = if row.state.is_alive() { Style::new() } else { DIM };
    let mut within = row.call.clone().unwrap_or_default();
    if let Some(place) = &row.place {
        // Its folder is among the details.
        let file = place.rsplit('/').next().unwrap_or(place);
        within += &format!(" ({file})");
    }
    if row.call.is_none()
        && let Some(observed) = &row.observed
    {
        within.clone_from(observed);
    }
    if !row.holds.is_empty() {
        let space = if within.is_empty() { "" } else { ", " };
        within += &format!("{space}holds {}", row.holds.join(", "));
    }
    vec![
        Line::styled(in_process(&row.name, row.process.as_deref()), plain),
        Line::styled(format!(" {:8}", row.state.verb()), style::thread(row)),
        Line::styled(time(row.since_ns), plain),
        Line::styled(format!("{:.0}%", 100.0 * row.waiting), plain),
        Line::styled(within, plain),
    ]
}

/// The columns of the channels.
pub(super) const CHANNELS: &[Column] = &[
    Column::text("CHANNEL", 14, 0).up_to(40),
    Column::number("SENT/s", 7, 1),
    Column::number("RECV/s", 7, 6),
    Column::text("DEPTH", 17, 1),
    Column::number("OLDEST", 8, 3),
    Column::number("p50", 8, 5),
    Column::number("p99", 8, 2),
    Column::number("MAX", 8, 4),
];

pub(super) fn channel(row: &ChannelRow) -> Vec<Line<'static>> {
    let plain = if row.is_closed() && row.depth == 0 { DIM } else { Style::new() };
    let latency = |of: fn(&Percentiles) -> u64| {
        Line::styled(row.latest().map_or_else(String::new, |latency| time(of(latency))), plain)
    };
    vec![
        Line::styled(in_process(&row.label, row.process.as_deref()), plain),
        Line::styled(number(row.sent_per_second), plain),
        Line::styled(number(row.received_per_second), plain),
        depth(row, plain),
        Line::styled(row.oldest_ns.map_or_else(String::new, time), plain),
        latency(|it| it.p50_ns),
        latency(|it| it.p99_ns),
        latency(|it| it.max_ns),
    ]
}

/// The depth, and a bar of it if there is a bound.
fn depth(row: &ChannelRow, plain: Style) -> Line<'static> {
    const BAR: usize = 8;
    let depth = number(row.depth as f64);
    let (bar, depth) = match row.bound {
        None => (String::new(), depth),
        Some(0) => (String::new(), format!("{depth}/0")),
        Some(bound) => {
            let bar = bar(row.depth as f64 / bound as f64, BAR);
            (bar, format!("{depth}/{}", number(bound as f64)))
        }
    };
    let bar = Span::styled(format!("{bar:BAR$}"), style::depth(row));
    Line::from(vec![bar, Span::styled(format!(" {depth}"), plain)])
}

/// A table of findings, and how many lines they need: a line each, and of this many lines what is
/// left for more of the first ones.
pub(super) fn findings(
    findings: &[FindingRow],
    room: usize,
    width: u16,
) -> (Table<'static>, usize) {
    let codes = findings.iter().map(|finding| finding.code.len()).max().unwrap_or(0) as u16 + 2;
    let width = width.saturating_sub(codes + 1);
    let mut spare = room.saturating_sub(findings.len());
    let mut lines = 0;
    let rows = findings.iter().map(|finding| {
        let code = Line::styled(format!(" {} ", finding.code), style::finding(finding));
        let (_, rest) = finding.headline.split_once(": ").unwrap_or(("", &finding.headline));
        let likely = if finding.certain_if.is_some() { "likely: " } else { "" };
        let headline = format!("{likely}{rest}");
        let mut text = details::finding(&headline, finding, width.into());
        let height = text.len().min(1 + spare);
        if height == 1 {
            text = vec![shorten(headline.into(), width)];
        } else if height < text.len() {
            text.truncate(height);
            text[height - 1].push_span(" …");
        }
        spare -= height - 1;
        lines += height;
        Row::new([code.into(), Text::from(text)]).height(height as u16)
    });
    let rows: Vec<_> = rows.collect();
    (Table::new(rows, [Constraint::Length(codes), Constraint::Length(width)]), lines)
}
