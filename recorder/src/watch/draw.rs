//! Draws the board.

use super::amounts::{bar, number, time};
use super::board::{Board, Focus, Order, View};
use super::details;
use super::screen::{Line, Style};
use super::table::{Cell, Column, Layout};
use crate::live::figures::snapshot::{ChannelRow, FindingRow, Percentiles, ThreadRow, ThreadState};

/// The columns of the threads.
const THREADS: &[Column] = &[
    Column::text("THREAD", 10, 0).up_to(32),
    Column::text("STATE", 8, 1),
    Column::number("SINCE", 8, 2),
    Column::number("WAITING", 7, 4),
    Column::text("IN", 12, 1).up_to(200),
];

/// The columns of the channels.
const CHANNELS: &[Column] = &[
    Column::text("CHANNEL", 14, 0).up_to(40),
    Column::number("SENT/s", 7, 1),
    Column::number("RECV/s", 7, 6),
    Column::text("DEPTH", 17, 1),
    Column::number("OLDEST", 8, 3),
    Column::number("p50", 8, 5),
    Column::number("p99", 8, 2),
    Column::number("MAX", 8, 4),
];

/// The lines of a screen of this size.
pub(super) fn screen(board: &mut Board, width: usize, height: usize) -> Vec<Line> {
    if height == 0 || width == 0 {
        return Vec::new();
    }
    let mut lines = vec![title(board, width)];
    let rows = height.saturating_sub(2);
    if board.is_close {
        lines.extend(details::lines(board, width).into_iter().take(rows));
    } else {
        tables(board, width, rows, &mut lines);
    }
    lines.truncate(height.saturating_sub(1).max(1));
    lines.resize(height.saturating_sub(1).max(1), Line::default());
    if height > 1 {
        lines.push(keys(board, width));
    }
    lines.into_iter().map(|line| line.limited(width)).collect()
}

/// All rows of all tables, for a reader who cannot scroll.
pub(super) fn everything(board: &Board, width: usize) -> Vec<Line> {
    let mut lines = vec![title(board, width)];
    let mut table = |columns, rows: Vec<Vec<Cell>>| {
        let layout = Layout::new(columns, &rows, width);
        lines.extend([Line::default(), layout.heading(None)]);
        lines.extend(rows.iter().map(|cells| layout.row(cells)));
    };
    table(THREADS, board.thread_rows().into_iter().map(thread).collect());
    table(CHANNELS, board.channel_rows().into_iter().map(channel).collect());
    lines.extend(left_out(board.snapshot().threads_left_out, "threads"));
    lines.extend(left_out(board.snapshot().channels_left_out, "channels"));
    for finding in &board.snapshot().findings {
        lines.push(Line::default());
        lines.extend(details::finding(finding, width));
    }
    lines
}

fn left_out(count: usize, what: &str) -> Option<Line> {
    (count > 0).then(|| Line::new(Style::Dim, &format!("and {count} other {what}")))
}

/// How the run is, in a line.
fn title(board: &Board, width: usize) -> Line {
    let snapshot = board.snapshot();
    let mut line = Line::new(Style::Heading, &snapshot.command);
    let now = time(snapshot.time_ns);
    let (style, state) = match (&board.notice, &snapshot.ended) {
        (Some(notice), _) => (Style::Bad, format!("{notice} after {now}")),
        (None, Some(ended)) => (Style::Rests, format!("{ended} after {now}")),
        (None, None) if snapshot.paused => (Style::Waits, format!("recording paused, {now}")),
        (None, None) => (Style::Good, format!("running, {now}")),
    };
    line.push(Style::Plain, "  ");
    line.push(style, &state);
    let behind = snapshot.recorded_ns.saturating_sub(snapshot.time_ns);
    if behind > 0 && snapshot.ended.is_none() {
        line.push(Style::Waits, &format!("  catching up, {} behind", time(behind)));
    }
    if snapshot.dropped > 0 {
        line.push(Style::Bad, &format!("  {} events missing", snapshot.dropped));
    }
    if board.is_paused {
        line.push(Style::Waits, "  display paused (p)");
    }
    line.limited(width)
}

/// The keys, in a line: as many as there is room for.
fn keys(board: &Board, width: usize) -> Line {
    let all: &[&str] = match board.is_close {
        true => &["q quit", "Esc back", "↑↓ select", "p pause"],
        false => &["q quit", "↑↓ select", "Enter details", "Tab tables", "s sort", "p pause"],
    };
    let mut line = Line::default();
    for key in all {
        let gap = if line.width() == 0 { "" } else { "  " };
        if line.width() + gap.len() + key.chars().count() > width {
            break;
        }
        line.push(Style::Dim, gap);
        line.push(Style::Dim, key);
    }
    line
}

/// The numbers of rows that the three tables get of this many lines: rows without their headings.
fn shares(lines: usize, rows: [usize; 3], focus: Focus) -> [usize; 3] {
    let [threads, channels, findings] = rows;
    let has_findings = usize::from(findings > 0);
    let room = lines.saturating_sub(2 + has_findings);
    let third = (room / 3).max(1);
    // Findings are lines of text, and the last of them the least important.
    let findings = match focus {
        Focus::Findings => findings.min(room / 2),
        _ => findings.min(third.min(3)),
    };
    let findings = findings.min(room);
    let room = room - findings;
    let (threads, channels) = match (threads, channels) {
        _ if threads + channels <= room => (threads, channels),
        // The table that keys act on gets what the other one leaves, and two thirds at least.
        _ if focus == Focus::Channels => {
            let others = threads.min((room / 3).max(room.saturating_sub(channels)));
            (others, channels.min(room - others))
        }
        _ => {
            let others = channels.min((room / 3).max(room.saturating_sub(threads)));
            (threads.min(room - others), others)
        }
    };
    [threads, channels, findings]
}

fn tables(board: &mut Board, width: usize, lines: usize, to: &mut Vec<Line>) {
    let snapshot = board.snapshot();
    let rows = [snapshot.threads.len(), snapshot.channels.len(), snapshot.findings.len()];
    let [threads, channels, findings] = shares(lines, rows, board.focus);
    board.threads.scroll(threads, rows[0]);
    board.channels.scroll(channels, rows[1]);
    board.findings.scroll(findings, rows[2]);
    let gaps = if findings > 0 { 2 } else { 1 };
    let has_gaps = threads + channels + findings + 2 * gaps < lines;
    let gap = |to: &mut Vec<Line>| to.extend(has_gaps.then(Line::default));

    let cells: Vec<_> = board.thread_rows().into_iter().map(thread).collect();
    let is_focus = |focus| board.focus == focus;
    table(THREADS, &cells, board.threads, threads, is_focus(Focus::Threads), width, to);
    gap(to);
    let cells: Vec<_> = board.channel_rows().into_iter().map(channel).collect();
    table(CHANNELS, &cells, board.channels, channels, is_focus(Focus::Channels), width, to);

    if rows[2] > 0 {
        gap(to);
        to.push(heading_with_range(
            Line::new(Style::Heading, "FINDINGS"),
            board.findings,
            findings,
            rows[2],
            width,
        ));
        let shown = board.snapshot().findings.iter().enumerate().skip(board.findings.first);
        for (place, finding) in shown.take(findings) {
            let mut line = finding_line(finding).limited(width);
            select(&mut line, is_focus(Focus::Findings) && place == board.findings.selected, width);
            to.push(line);
        }
    }
}

fn table(
    columns: &[Column],
    cells: &[Vec<Cell>],
    view: View,
    rows: usize,
    has_focus: bool,
    width: usize,
    to: &mut Vec<Line>,
) {
    let layout = Layout::new(columns, cells, width);
    let sorted = match view.order {
        Order::Flow => None,
        Order::Column(column) => Some(column - 1),
    };
    to.push(heading_with_range(layout.heading(sorted), view, rows, cells.len(), width));
    for (place, cells) in cells.iter().enumerate().skip(view.first).take(rows) {
        let mut line = layout.row(cells);
        select(&mut line, has_focus && place == view.selected, width);
        to.push(line);
    }
}

/// Adds to a heading which rows are shown, if not all are.
fn heading_with_range(heading: Line, view: View, shown: usize, rows: usize, width: usize) -> Line {
    if shown >= rows {
        return heading;
    }
    let range = format!(" {}–{} of {rows}", view.first + 1, view.first + shown);
    let mut line = heading.limited(width.saturating_sub(range.chars().count()));
    line.fill(width.saturating_sub(range.chars().count()));
    line.push(Style::Dim, &range);
    line
}

fn select(line: &mut Line, is_selected: bool, width: usize) {
    if is_selected {
        line.fill(width);
        line.is_selected = true;
    }
}

pub(super) fn thread_style(state: ThreadState) -> Style {
    match state {
        ThreadState::Waits => Style::Waits,
        ThreadState::Runs => Style::Good,
        ThreadState::Sleeps | ThreadState::Paused => Style::Rests,
        ThreadState::Panicked => Style::Bad,
        ThreadState::Ended => Style::Dim,
    }
}

fn thread(row: &ThreadRow) -> Vec<Cell> {
    let style = thread_style(row.state);
    let plain = if row.state.is_alive() { Style::Plain } else { Style::Dim };
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
        (plain, in_process(&row.name, row.process.as_deref())),
        (style, row.state.verb().to_owned()),
        (plain, time(row.since_ns)),
        (plain, format!("{:.0}%", 100.0 * row.waiting)),
        (plain, within),
    ]
}

/// `worker`, or `worker (server)` where there are several processes.
pub(super) fn in_process(name: &str, process: Option<&str>) -> String {
    process.map_or_else(|| name.to_owned(), |process| format!("{name} ({process})"))
}

fn channel(row: &ChannelRow) -> Vec<Cell> {
    let plain = if row.is_closed() && row.depth == 0 { Style::Dim } else { Style::Plain };
    let latency = |of: fn(&Percentiles) -> u64| {
        (plain, row.latest().map_or_else(String::new, |latency| time(of(latency))))
    };
    vec![
        (plain, in_process(&row.label, row.process.as_deref())),
        (plain, number(row.sent_per_second)),
        (plain, number(row.received_per_second)),
        (depth_style(row, plain), depth(row)),
        (plain, row.oldest_ns.map_or_else(String::new, time)),
        latency(|it| it.p50_ns),
        latency(|it| it.p99_ns),
        latency(|it| it.max_ns),
    ]
}

/// The depth, and a bar of it if there is a bound.
fn depth(row: &ChannelRow) -> String {
    const BAR: usize = 8;
    let depth = number(row.depth as f64);
    match row.bound {
        None => format!("{:BAR$} {depth}", ""),
        Some(bound) => {
            let part = row.depth as f64 / bound.max(1) as f64;
            format!("{} {depth}/{}", bar(part, BAR), number(bound as f64))
        }
    }
}

fn depth_style(row: &ChannelRow, plain: Style) -> Style {
    match row.bound {
        Some(bound @ 1..) if row.depth >= bound => Style::Bad,
        Some(bound @ 1..) if 2 * row.depth >= bound => Style::Waits,
        _ => plain,
    }
}

pub(super) fn finding_style(finding: &FindingRow) -> Style {
    match &*finding.severity {
        "error" => Style::Bad,
        "warning" => Style::Waits,
        _ => Style::Plain,
    }
}

fn finding_line(finding: &FindingRow) -> Line {
    let (code, rest) = finding.headline.split_once(": ").unwrap_or(("", &finding.headline));
    let mut line = Line::new(finding_style(finding), code);
    let likely = if finding.certain_if.is_some() { "likely: " } else { "" };
    line.push(Style::Plain, &format!(" {likely}{rest}"));
    line
}
