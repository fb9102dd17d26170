//! What is shown, and how keys change it.

use std::cmp::Reverse;

use super::keys::Key;
use crate::live::Snapshot;
use crate::live::figures::snapshot::{ChannelRow, FindingRow, ThreadRow};

/// The part of the screen that keys act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    #[default]
    Threads,
    Channels,
    Findings,
}

/// The order of the rows of a table, by the number of its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// As messages flow.
    #[default]
    Flow,
    /// By this column: names ascending, numbers descending.
    Column(usize),
}

/// A table: how it is sorted, which row is selected, and which is the first on the screen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    pub(super) order: Order,
    /// The place of the selected row.
    pub(super) selected: usize,
    /// The index of the selected thread or channel: the selection follows it when rows move.
    followed: Option<usize>,
    pub(super) first: usize,
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
    pub(super) threads: View,
    pub(super) channels: View,
    pub(super) findings: View,
    /// Whether the selected row is shown in detail.
    pub(super) is_close: bool,
}

/// What to do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Continue,
    Quit,
}

/// How far the keys for pages move.
const PAGE: isize = 10;

/// The columns of threads and of channels that can be sorted by, by number from 1.
pub(super) const THREAD_COLUMNS: usize = 4;
pub(super) const CHANNEL_COLUMNS: usize = 8;

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

    /// The rows of the threads, in order.
    pub(super) fn thread_rows(&self) -> Vec<&ThreadRow> {
        let mut rows: Vec<_> = self.snapshot.threads.iter().collect();
        match self.threads.order {
            Order::Column(1) => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            Order::Column(2) => rows.sort_by_key(|row| row.state),
            Order::Column(3) => {
                rows.sort_by_key(|row| (!row.state.is_alive(), Reverse(row.since_ns)));
            }
            Order::Column(4) => rows.sort_by(|a, b| b.waiting.total_cmp(&a.waiting)),
            _ => {}
        }
        rows
    }

    /// The rows of the channels, in order.
    pub(super) fn channel_rows(&self) -> Vec<&ChannelRow> {
        let mut rows: Vec<_> = self.snapshot.channels.iter().collect();
        let latency = |row: &ChannelRow, of: fn(&ChannelRow) -> Option<u64>| Reverse(of(row));
        match self.channels.order {
            Order::Column(1) => rows.sort_by(|a, b| a.label.cmp(&b.label)),
            Order::Column(2) => {
                rows.sort_by(|a, b| b.sent_per_second.total_cmp(&a.sent_per_second));
            }
            Order::Column(3) => {
                rows.sort_by(|a, b| b.received_per_second.total_cmp(&a.received_per_second));
            }
            Order::Column(4) => rows.sort_by_key(|row| Reverse(row.depth)),
            Order::Column(5) => rows.sort_by_key(|row| Reverse(row.oldest_ns)),
            Order::Column(6) => {
                rows.sort_by_key(|row| latency(row, |it| Some(it.latest()?.p50_ns)))
            }
            Order::Column(7) => {
                rows.sort_by_key(|row| latency(row, |it| Some(it.latest()?.p99_ns)))
            }
            Order::Column(8) => {
                rows.sort_by_key(|row| latency(row, |it| Some(it.latest()?.max_ns)))
            }
            _ => {}
        }
        rows
    }

    pub(super) fn selected_thread(&self) -> Option<&ThreadRow> {
        self.thread_rows().get(self.threads.selected).copied()
    }

    pub(super) fn selected_channel(&self) -> Option<&ChannelRow> {
        self.channel_rows().get(self.channels.selected).copied()
    }

    pub(super) fn selected_finding(&self) -> Option<&FindingRow> {
        self.snapshot.findings.get(self.findings.selected)
    }

    /// Acts on a key.
    pub(super) fn press(&mut self, key: Key) -> Next {
        match key {
            Key::Character('q') | Key::Interrupt => return Next::Quit,
            Key::Up | Key::Character('k') => self.select(-1),
            Key::Down | Key::Character('j') => self.select(1),
            Key::PageUp => self.select(-PAGE),
            Key::PageDown => self.select(PAGE),
            Key::Home => self.select(isize::MIN),
            Key::End => self.select(isize::MAX),
            Key::Tab => self.move_focus(1),
            Key::BackTab => self.move_focus(2),
            Key::Enter => self.is_close = !self.is_close && self.rows() > 0,
            Key::Escape => self.is_close = false,
            Key::Character('p' | ' ') => self.pause(),
            Key::Character('s') => self.sort(None),
            Key::Character(digit @ '0'..='9') => {
                self.sort(Some(usize::from(digit as u8 - b'0')));
            }
            Key::Character(_) => {}
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
        let all = [Focus::Threads, Focus::Channels, Focus::Findings];
        let mut place = all.iter().position(|it| *it == self.focus).unwrap_or(0);
        // A table without rows is passed over.
        for _ in 0..all.len() {
            place = (place + steps) % all.len();
            self.focus = all[place];
            if self.rows() > 0 {
                break;
            }
        }
        self.is_close = false;
    }

    fn view(&mut self) -> &mut View {
        match self.focus {
            Focus::Threads => &mut self.threads,
            Focus::Channels => &mut self.channels,
            Focus::Findings => &mut self.findings,
        }
    }

    /// The number of rows of the table that has the focus.
    fn rows(&self) -> usize {
        match self.focus {
            Focus::Threads => self.snapshot.threads.len(),
            Focus::Channels => self.snapshot.channels.len(),
            Focus::Findings => self.snapshot.findings.len(),
        }
    }

    fn select(&mut self, steps: isize) {
        let last = self.rows().saturating_sub(1);
        let view = self.view();
        view.selected = view.selected.saturating_add_signed(steps).min(last);
        self.remember();
    }

    /// Sorts by the column with this number from 1, 0 as messages flow; without one, by the next.
    fn sort(&mut self, column: Option<usize>) {
        let columns = match self.focus {
            Focus::Threads => THREAD_COLUMNS,
            Focus::Channels => CHANNEL_COLUMNS,
            Focus::Findings => return,
        };
        let view = self.view();
        let column = column.unwrap_or(match view.order {
            Order::Flow => 1,
            Order::Column(column) => (column + 1) % (columns + 1),
        });
        match column {
            0 => view.order = Order::Flow,
            _ if column <= columns => view.order = Order::Column(column),
            _ => {}
        }
        self.follow();
    }

    /// Remembers which thread and which channel are selected.
    fn remember(&mut self) {
        self.threads.followed = self.selected_thread().map(|row| row.index);
        self.channels.followed = self.selected_channel().map(|row| row.index);
    }

    /// Selects the remembered rows where they are now.
    fn follow(&mut self) {
        let threads: Vec<_> = self.thread_rows().iter().map(|row| row.index).collect();
        let channels: Vec<_> = self.channel_rows().iter().map(|row| row.index).collect();
        for (view, rows) in [(&mut self.threads, threads), (&mut self.channels, channels)] {
            let place = rows.iter().position(|row| Some(*row) == view.followed);
            view.selected = place.unwrap_or(view.selected).min(rows.len().saturating_sub(1));
        }
        let findings = self.snapshot.findings.len();
        self.findings.selected = self.findings.selected.min(findings.saturating_sub(1));
        if self.focus == Focus::Findings && findings == 0 {
            self.focus = Focus::Threads;
            self.is_close = false;
        }
        self.remember();
    }
}

impl View {
    /// Moves the part that is shown, of this many rows, so that the selected row is in it.
    pub(super) fn scroll(&mut self, shown: usize, rows: usize) {
        let last_first = (self.selected + 1).saturating_sub(shown);
        self.first = self.first.min(self.selected).max(last_first).min(rows.saturating_sub(shown));
    }
}
