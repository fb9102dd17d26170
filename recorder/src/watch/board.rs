//! What is shown, and how keys change it.

use std::cmp::Reverse;

use ratatui::crossterm::event::KeyCode;
use ratatui::widgets::TableState;

use crate::live::Snapshot;
use crate::live::figures::snapshot::{ChannelRow, FindingRow, Percentiles, ThreadRow};

/// A table: the one that keys act on has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    #[default]
    Threads,
    Channels,
    Findings,
}

impl Focus {
    const ALL: [Focus; 3] = [Focus::Threads, Focus::Channels, Focus::Findings];
}

/// How a table is sorted, which row is selected, and which is the first on the screen.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The number of a column from 1: names ascend, numbers descend. 0 is as messages flow.
    pub(super) sorted_by: usize,
    pub(super) state: TableState,
    /// The index of the selected thread or channel: the selection follows it when rows move.
    followed: Option<usize>,
}

/// What is shown.
#[derive(Debug, Default)]
pub(super) struct Board {
    snapshot: Snapshot,
    /// The latest figures, while the display pauses.
    newer: Option<Snapshot>,
    pub(super) is_paused: bool,
    /// Something to say about the run: that it has ended.
    pub(super) notice: Option<String>,
    pub(super) focus: Focus,
    views: [View; 3],
    /// Whether the selected row is all that is shown, in detail.
    pub(super) is_close: bool,
    /// How many lines of the details are above the screen.
    pub(super) scrolled: usize,
}

/// What to do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Continue,
    Quit,
}

/// How far the keys for pages move.
const PAGE: usize = 10;

/// The order of channels by the columns from the second on.
const CHANNEL_KEYS: [fn(&ChannelRow) -> f64; 7] = [
    |row| row.sent_per_second,
    |row| row.received_per_second,
    |row| row.depth as f64,
    |row| row.oldest_ns.map_or(-1.0, |ns| ns as f64),
    |row| latency(row, |it| it.p50_ns),
    |row| latency(row, |it| it.p99_ns),
    |row| latency(row, |it| it.max_ns),
];

fn latency(row: &ChannelRow, of: fn(&Percentiles) -> u64) -> f64 {
    row.latest().map_or(-1.0, |latency| of(latency) as f64)
}

impl Board {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        let mut board = Board::default();
        board.update(snapshot);
        board
    }

    /// Shows newer figures, unless the display pauses.
    pub(super) fn update(&mut self, snapshot: Snapshot) {
        if self.is_paused {
            self.newer = Some(snapshot);
            return;
        }
        self.snapshot = snapshot;
        self.follow();
    }

    /// No more figures come.
    pub(super) fn end(&mut self, error: Option<String>) {
        let latest = self.newer.as_ref().unwrap_or(&self.snapshot);
        if latest.ended.is_none() {
            let gone = "the recorder has ended".to_owned();
            self.notice = Some(error.map_or(gone, |error| format!("no more figures: {error}")));
        }
    }

    /// The figures that are shown.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn view(&self, of: Focus) -> &View {
        &self.views[of as usize]
    }

    pub(super) fn view_mut(&mut self, of: Focus) -> &mut View {
        &mut self.views[of as usize]
    }

    /// The place of the selected row in a table.
    fn selected(&self, of: Focus) -> usize {
        self.view(of).state.selected().unwrap_or(0)
    }

    /// The rows of the threads, in order.
    pub(super) fn thread_rows(&self) -> Vec<&ThreadRow> {
        let mut rows: Vec<_> = self.snapshot.threads.iter().collect();
        match self.view(Focus::Threads).sorted_by {
            1 => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            2 => rows.sort_by_key(|row| row.state),
            3 => rows.sort_by_key(|row| (!row.state.is_alive(), Reverse(row.since_ns))),
            4 => rows.sort_by(|a, b| b.waiting.total_cmp(&a.waiting)),
            _ => {}
        }
        rows
    }

    /// The rows of the channels, in order.
    pub(super) fn channel_rows(&self) -> Vec<&ChannelRow> {
        let mut rows: Vec<_> = self.snapshot.channels.iter().collect();
        match self.view(Focus::Channels).sorted_by {
            0 => {}
            1 => rows.sort_by(|a, b| a.label.cmp(&b.label)),
            column => {
                let key = CHANNEL_KEYS[column - 2];
                rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
            }
        }
        rows
    }

    pub(super) fn selected_thread(&self) -> Option<&ThreadRow> {
        self.thread_rows().get(self.selected(Focus::Threads)).copied()
    }

    pub(super) fn selected_channel(&self) -> Option<&ChannelRow> {
        self.channel_rows().get(self.selected(Focus::Channels)).copied()
    }

    pub(super) fn selected_finding(&self) -> Option<&FindingRow> {
        self.snapshot.findings.get(self.selected(Focus::Findings))
    }

    /// Acts on a key.
    pub(super) fn press(&mut self, key: KeyCode) -> Next {
        match key {
            KeyCode::Char('q') => return Next::Quit,
            KeyCode::Up | KeyCode::Char('k') => self.select(-1),
            KeyCode::Down | KeyCode::Char('j') => self.select(1),
            KeyCode::PageUp if self.is_close => self.scrolled = self.scrolled.saturating_sub(PAGE),
            KeyCode::PageDown if self.is_close => self.scrolled += PAGE,
            KeyCode::PageUp => self.select(-(PAGE as isize)),
            KeyCode::PageDown => self.select(PAGE as isize),
            KeyCode::Home => self.select(isize::MIN),
            KeyCode::End => self.select(isize::MAX),
            KeyCode::Tab => self.move_focus(1),
            KeyCode::BackTab => self.move_focus(2),
            KeyCode::Enter => {
                self.is_close = !self.is_close && self.rows(self.focus) > 0;
                self.scrolled = 0;
            }
            KeyCode::Esc => self.is_close = false,
            KeyCode::Char('p' | ' ') => self.pause(),
            KeyCode::Char('s') => {
                let next = self.view(self.focus).sorted_by + 1;
                self.sort(if next > self.columns() { 0 } else { next });
            }
            KeyCode::Char(digit @ '0'..='9') => self.sort(usize::from(digit as u8 - b'0')),
            _ => {}
        }
        Next::Continue
    }

    fn pause(&mut self) {
        self.is_paused = !self.is_paused;
        if !self.is_paused
            && let Some(snapshot) = self.newer.take()
        {
            self.update(snapshot);
        }
    }

    fn move_focus(&mut self, steps: usize) {
        // A table without rows is passed over.
        for _ in Focus::ALL {
            self.focus = Focus::ALL[(self.focus as usize + steps) % Focus::ALL.len()];
            if self.rows(self.focus) > 0 {
                break;
            }
        }
        self.is_close = false;
    }

    /// The number of rows of a table.
    fn rows(&self, of: Focus) -> usize {
        match of {
            Focus::Threads => self.snapshot.threads.len(),
            Focus::Channels => self.snapshot.channels.len(),
            Focus::Findings => self.snapshot.findings.len(),
        }
    }

    fn select(&mut self, steps: isize) {
        let last = self.rows(self.focus).saturating_sub(1);
        let place = self.selected(self.focus).saturating_add_signed(steps).min(last);
        self.view_mut(self.focus).state.select(Some(place));
        self.scrolled = 0;
        self.remember();
    }

    /// The number of columns that the table can be sorted by.
    fn columns(&self) -> usize {
        match self.focus {
            Focus::Threads => 4,
            Focus::Channels => 1 + CHANNEL_KEYS.len(),
            Focus::Findings => 0,
        }
    }

    fn sort(&mut self, column: usize) {
        if column <= self.columns() {
            self.view_mut(self.focus).sorted_by = column;
            self.follow();
        }
    }

    /// Remembers which thread and which channel are selected.
    fn remember(&mut self) {
        let thread = self.selected_thread().map(|row| row.index);
        let channel = self.selected_channel().map(|row| row.index);
        self.view_mut(Focus::Threads).followed = thread;
        self.view_mut(Focus::Channels).followed = channel;
    }

    /// Selects the remembered rows where they are now.
    fn follow(&mut self) {
        let threads: Vec<_> = self.thread_rows().iter().map(|row| row.index).collect();
        let channels: Vec<_> = self.channel_rows().iter().map(|row| row.index).collect();
        let findings = (0..self.snapshot.findings.len()).collect();
        for (view, rows) in self.views.iter_mut().zip([threads, channels, findings]) {
            let place = rows.iter().position(|row| Some(*row) == view.followed);
            let place = place.or(view.state.selected()).unwrap_or(0);
            view.state.select(Some(place.min(rows.len().saturating_sub(1))));
        }
        if self.focus == Focus::Findings && self.snapshot.findings.is_empty() {
            self.focus = Focus::Threads;
            self.is_close = false;
        }
        self.remember();
    }
}
