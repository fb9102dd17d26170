//! The tables of threads, channels and findings, below each other.

use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{
    Borders, Scrollbar, ScrollbarOrientation, ScrollbarState, StatefulWidget, Table, TableState,
};

use super::board::{Board, Focus};
use super::draw::{frame_of, selected};
use super::rows::{self, CHANNELS, THREADS};
use super::style::SELECTED;
use super::table::{Column, shorten, table};
use crate::live::Snapshot;
use crate::live::figures::snapshot::{StateCount, ThreadState};

/// A table on the screen.
struct Part {
    kind: Focus,
    /// Its name, and what its frame says beside the number of its rows.
    name: &'static str,
    note: String,
    table: Table<'static>,
    /// How many rows it has, and how many lines they need.
    rows: usize,
    lines: usize,
    /// How many lines are around them.
    around: usize,
}

/// Draws the tables, and the selected row in detail if there is room.
pub(super) fn draw(board: &mut Board, borders: Borders, frame: &mut Frame<'_>, area: Rect) {
    let parts = parts(board, borders, area);
    let around = parts.iter().map(|part| part.around).sum();
    let room = usize::from(area.height).saturating_sub(around);
    let lines = |kind| parts.iter().find(|part| part.kind == kind).map_or(0, |part| part.lines);
    let wanted = [Focus::Threads, Focus::Channels, Focus::Findings].map(lines);
    let shares = shares(room, wanted, board.focus);

    let heights = parts.iter().zip(shares).map(|(part, lines)| (part.around + lines) as u16);
    let heights = heights.map(Constraint::Length).chain([Constraint::Fill(1)]);
    let areas = Layout::vertical(heights).split(area);
    // Findings of several lines are in detail already.
    let is_detailed = parts.iter().any(|part| part.kind == board.focus && part.lines > part.rows);
    for ((part, lines), area) in parts.into_iter().zip(shares).zip(&*areas) {
        let has_focus = board.focus == part.kind;
        let state = &mut board.view_mut(part.kind).state;
        part.draw(lines, borders, has_focus, state, frame, *area);
    }
    if let Some(rest) = areas.last()
        && rest.height >= 6
        && !is_detailed
    {
        selected(board, borders, frame, *rest);
    }
}

impl Part {
    /// Draws it with this many lines of rows.
    fn draw(
        self,
        lines: usize,
        borders: Borders,
        has_focus: bool,
        state: &mut TableState,
        frame: &mut Frame<'_>,
        area: Rect,
    ) {
        let inner = frame_of("", borders, false).inner(area);
        let style = if has_focus { SELECTED } else { Style::new() };
        self.table.row_highlight_style(style).render(inner, frame.buffer_mut(), state);
        let first = state.offset();
        let rows = match self.rows {
            rows if lines < self.lines => format!("{}–{} of {rows}", first + 1, first + lines),
            rows => rows.to_string(),
        };
        let title = format!("{} {rows}{}", self.name, self.note);
        let title = shorten(title.into(), inner.width).to_string();
        frame.render_widget(frame_of(&title, borders, has_focus), area);
        if lines < self.lines && borders == Borders::ALL {
            let edge = Rect { y: inner.bottom() - lines as u16, height: lines as u16, ..area };
            let bar = Scrollbar::new(ScrollbarOrientation::VerticalRight).thumb_symbol("┃");
            let bar = bar.begin_symbol(None).end_symbol(None).track_symbol(Some("│"));
            let hidden = self.rows.saturating_sub(lines);
            let mut state = ScrollbarState::new(hidden + 1).position(first);
            frame.render_stateful_widget(bar, edge, &mut state);
        }
    }
}

fn parts(board: &Board, borders: Borders, area: Rect) -> Vec<Part> {
    let snapshot = board.snapshot();
    let edges = if borders == Borders::ALL { 2 } else { 1 };
    let width = frame_of("", borders, false).inner(area).width;
    let part = |kind, name, columns: &[Column], rows: Vec<Vec<Line<'static>>>| {
        let sorted = board.view(kind).sorted_by.checked_sub(1);
        let (lines, around) = (rows.len(), edges + 1);
        let table = table(columns, rows, sorted, width);
        Part { kind, name, note: String::new(), table, rows: lines, lines, around }
    };
    let threads = board.thread_rows().into_iter().map(rows::thread).collect();
    let mut threads = part(Focus::Threads, "Threads", THREADS, threads);
    threads.note = left_out(snapshot.threads_left_out) + &states(snapshot);
    let channels = board.channel_rows().into_iter().map(rows::channel).collect();
    let mut channels = part(Focus::Channels, "Channels", CHANNELS, channels);
    channels.note = left_out(snapshot.channels_left_out);

    let rows = snapshot.findings.len();
    let used = threads.lines + threads.around + channels.lines + channels.around + edges;
    let mut parts = vec![threads, channels];
    if rows > 0 {
        let room = usize::from(area.height).saturating_sub(used);
        let (table, lines) = rows::findings(&snapshot.findings, room, width);
        let (kind, name, note) = (Focus::Findings, "Findings", String::new());
        parts.push(Part { kind, name, note, table, rows, lines, around: edges });
    }
    parts
}

fn left_out(count: usize) -> String {
    if count > 0 { format!(" and {count} others") } else { String::new() }
}

/// How many threads are in each state.
fn states(snapshot: &Snapshot) -> String {
    let mut counts: BTreeMap<ThreadState, u64> = BTreeMap::new();
    for StateCount { state, count, .. } in &snapshot.thread_states {
        *counts.entry(*state).or_default() += count;
    }
    counts.iter().map(|(state, count)| format!(" · {} {count}", state.verb())).collect()
}

/// How many of this many lines the tables get that want these.
fn shares(room: usize, [threads, channels, findings]: [usize; 3], focus: Focus) -> [usize; 3] {
    let findings = match focus {
        _ if threads + channels + findings <= room => findings,
        Focus::Findings => findings.min(room / 2),
        // The last of them are the least important.
        _ => findings.min((room / 3).clamp(1, 3)),
    };
    let room = room.saturating_sub(findings);
    // The table that keys act on gets what the other one leaves, and two thirds at least.
    let share = |own: usize, other: usize| {
        let other = other.min((room / 3).max(room.saturating_sub(own)));
        (own.min(room - other), other)
    };
    if focus == Focus::Channels {
        let (channels, threads) = share(channels, threads);
        [threads, channels, findings]
    } else {
        let (threads, channels) = share(threads, channels);
        [threads, channels, findings]
    }
}
