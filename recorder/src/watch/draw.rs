//! Draws the board.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, BorderType, Borders, Padding, Paragraph, Widget};

use super::amounts::time;
use super::board::Board;
use super::details;
use super::rows::{self, CHANNELS, THREADS};
use super::style::{self, BAD, BOLD, CAUTION, DIM, FOCUS, GOOD, SELECTED};
use super::table::{shorten, table};
use super::tables;

/// Draws all of the screen.
pub(super) fn screen(board: &mut Board, frame: &mut Frame<'_>) {
    let heights = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
    let [top, middle, bottom] = Layout::vertical(heights).areas(frame.area());
    frame.render_widget(shorten(title(board), top.width), top);
    // Frames cost two lines for each table, and two columns.
    let borders =
        if middle.height >= 22 && middle.width >= 80 { Borders::ALL } else { Borders::TOP };
    if board.is_close {
        selected(board, borders, frame, middle);
    } else {
        tables::draw(board, borders, frame, middle);
    }
    frame.render_widget(keys(board, bottom.width), bottom);
    style::finish(frame.buffer_mut());
}

/// All rows of all tables as text, for a reader who cannot scroll.
pub(super) fn everything(board: &Board, width: u16) -> String {
    let mut text = board.snapshot().command.clone();
    text.extend(notes(board).iter().map(|(_, note)| format!("  {note}")));
    text.push('\n');
    let threads: Vec<_> = board.thread_rows().into_iter().map(rows::thread).collect();
    let channels: Vec<_> = board.channel_rows().into_iter().map(rows::channel).collect();
    for (columns, rows) in [(THREADS, threads), (CHANNELS, channels)] {
        let height = u16::try_from(rows.len() + 1).unwrap_or(u16::MAX);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        table(columns, rows, None, width).render(buffer.area, &mut buffer);
        text += &format!("\n{}", plain(&buffer));
    }
    let snapshot = board.snapshot();
    for (count, what) in
        [(snapshot.threads_left_out, "threads"), (snapshot.channels_left_out, "channels")]
    {
        if count > 0 {
            text += &format!("and {count} other {what}\n");
        }
    }
    for finding in &snapshot.findings {
        let lines = details::finding(&finding.headline, finding, width.into());
        text += &format!("\n{}\n", Text::from(lines));
    }
    text
}

/// The text of a picture, without spaces at the ends of lines.
pub(super) fn plain(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(buffer.area.width.max(1).into()) {
        // A wide character covers the cell after it.
        let mut covered = 0;
        for cell in row {
            if covered == 0 {
                text += cell.symbol();
            }
            covered = covered.max(Span::raw(cell.symbol()).width()).saturating_sub(1);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// The name of the run, and how it is.
fn title(board: &Board) -> Line<'static> {
    let mut line = Line::styled(board.snapshot().command.clone(), BOLD);
    for (style, note) in notes(board) {
        line.push_span("  ");
        line.push_span(Span::styled(format!(" {note} "), style));
    }
    line
}

/// How the run is.
fn notes(board: &Board) -> Vec<(Style, String)> {
    let snapshot = board.snapshot();
    let now = time(snapshot.time_ns);
    let mut notes = vec![match (&board.notice, &snapshot.ended) {
        (Some(notice), _) => (BAD, format!("{notice} after {now}")),
        (None, Some(ended)) => (SELECTED, format!("{ended} after {now}")),
        (None, None) if snapshot.paused => (CAUTION, format!("recording paused, {now}")),
        (None, None) => (GOOD, format!("running, {now}")),
    }];
    let behind = snapshot.recorded_ns.saturating_sub(snapshot.time_ns);
    if behind > 0 && snapshot.ended.is_none() {
        notes.push((CAUTION, format!("catching up, {} behind", time(behind))));
    }
    if snapshot.dropped > 0 {
        notes.push((BAD, format!("{} events missing", snapshot.dropped)));
    }
    if board.is_paused {
        notes.push((CAUTION, "display paused (p)".to_owned()));
    }
    notes
}

/// The keys, in a line: as many as there is room for.
fn keys(board: &Board, width: u16) -> Line<'static> {
    const CLOSE: &[(&str, &str)] =
        &[("q", "quit"), ("Esc", "back"), ("↑↓", "select"), ("PgDn", "more"), ("p", "pause")];
    const TABLES: &[(&str, &str)] = &[
        ("q", "quit"),
        ("↑↓", "select"),
        ("Enter", "details"),
        ("Tab", "tables"),
        ("s", "sort"),
        ("p", "pause"),
    ];
    let mut line = Line::default();
    for (key, effect) in if board.is_close { CLOSE } else { TABLES } {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let spans =
            [gap.into(), Span::styled(*key, FOCUS), Span::styled(format!(" {effect}"), DIM)];
        if line.width() + spans.iter().map(Span::width).sum::<usize>() > width.into() {
            break;
        }
        line.extend(spans);
    }
    line
}

/// The frame of a table, or only its upper edge.
pub(super) fn frame_of(title: &str, borders: Borders, has_focus: bool) -> Block<'static> {
    let (border, text) = if has_focus { (FOCUS, FOCUS) } else { (DIM, BOLD) };
    let gap = u16::from(borders == Borders::ALL);
    let title = Line::styled(format!("{:1$}{title} ", "", gap.into()), text);
    let block = Block::new().borders(borders).border_type(BorderType::Rounded);
    block.border_style(border).title(title).padding(Padding::horizontal(gap))
}

/// Draws the selected row in detail.
pub(super) fn selected(board: &mut Board, borders: Borders, frame: &mut Frame<'_>, area: Rect) {
    let width = frame_of("", borders, false).inner(area).width;
    if let Some((title, lines)) = details::selected(board, width) {
        let block = frame_of(&title, borders, board.is_close);
        let hidden = lines.len().saturating_sub(block.inner(area).height.into());
        board.scrolled = if board.is_close { board.scrolled.min(hidden) } else { 0 };
        let text = Paragraph::new(lines).scroll((board.scrolled as u16, 0));
        frame.render_widget(text.block(block), area);
    }
}
