//! The channels.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use super::super::groups;
use super::super::table::Table;
use super::{Text, heading, most};
use crate::analysis::Analysis;
use crate::analysis::findings::words::{counted, list, percent};
use crate::analysis::stats::channels::{ChannelStats, User, waited};
use crate::layout::shorten_all;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ProcessIndex, ThreadIndex};
use crate::replay::ChannelState;

pub(super) fn write(text: &Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, state, .. } = &text.report.analysis;
    let weight =
        |index: ChannelIndex| state.channels[index].all_sent().max(state.channels[index].received);
    let groups = groups::channels(catalog);
    let shown = most(groups, weight, |index| catalog.flow_order.channel_rank(index));
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", heading("Channels"))?;
    let rows: Vec<_> = shown.iter().map(|channels| Row::new(text, channels)).collect();
    let [messages, waits] = tables(text, &rows);
    write!(f, "{messages}\n{waits}")?;
    for row in &rows {
        if let Some(shares) = row.shares(text) {
            writeln!(f, "  {}", text.wrap(&shares, 4))?;
        }
    }
    for row in &rows {
        if let (before @ 1.., received) =
            (row.sum(|state| state.sent_before), row.sum(|state| state.received))
        {
            let line =
                format!("{before} of the {received} received from {:?} were sent before", row.name);
            writeln!(f, "  {}", text.wrap(&line, 4))?;
        }
    }
    match catalog.channels.len() - shown.iter().map(Vec::len).sum::<usize>() {
        0 => Ok(()),
        more => writeln!(f, "  and {} with fewer messages", counted(more as u64, "more channel")),
    }
}

/// A channel, or several that were made at one place.
struct Row<'a> {
    channels: &'a [ChannelIndex],
    name: String,
    states: Vec<&'a ChannelState>,
    stats: Vec<&'a ChannelStats>,
}

impl<'a> Row<'a> {
    fn new(text: &'a Text<'_>, channels: &'a [ChannelIndex]) -> Self {
        let Analysis { catalog, state, stats, .. } = &text.report.analysis;
        Row {
            channels,
            name: groups::channel_name(catalog, channels),
            states: channels.iter().map(|&channel| &state.channels[channel]).collect(),
            stats: channels.iter().map(|&channel| &stats.channels[channel]).collect(),
        }
    }

    /// The sum of a number of each channel.
    fn sum(&self, of: impl Fn(&ChannelState) -> u64) -> u64 {
        self.states.iter().map(|&state| of(state)).fold(0, u64::saturating_add)
    }

    /// The largest of the latencies of each channel that this percentage of its messages does not
    /// exceed.
    fn latency(&self, percent: f64) -> String {
        let latencies = self.stats.iter().map(|stats| &stats.latency);
        let used = latencies.filter(|latency| latency.count > 0);
        let largest = used.map(|latency| latency.percentile(percent)).max();
        largest.map_or("-".to_owned(), |latency| latency.to_string())
    }

    /// Messages a second, from the first that was sent to the last that was received; without the
    /// time in which the recording paused.
    fn rate(&self, catalog: &Catalog) -> String {
        let from = self.stats.iter().filter_map(|stats| Some(stats.sending?.0)).min();
        let to = self.stats.iter().filter_map(|stats| Some(stats.receiving?.1)).max();
        let (Some(from), Some(to)) = (from, to) else { return "-".to_owned() };
        let received = self.sum(|state| state.received);
        let process = catalog.channels[self.channels[0]].process;
        match catalog.recorded_between(process, from, to).get() {
            0 => "-".to_owned(),
            span => match received as f64 * 1e9 / span as f64 {
                rate @ 0.0..10.0 => format!("{rate:.1}"),
                rate if rate < 1e6 => format!("{rate:.0}"),
                rate => format!("{:.1} M", rate / 1e6),
            },
        }
    }

    /// How long the threads at one side of the channels waited.
    fn waited(&self, side: impl Fn(&ChannelStats) -> &[User]) -> String {
        self.stats.iter().map(|stats| waited(side(stats))).sum::<Nanos>().to_string()
    }

    fn not_received(&self) -> String {
        let returned = self.stats.iter().map(|stats| stats.returned()).sum();
        match (self.sum(|state| state.lost + state.queued()), returned) {
            (0, 0) => "-".to_owned(),
            (lost, 0) => lost.to_string(),
            (lost, returned) => format!("{lost} + {returned} returned"),
        }
    }

    /// The channel that held the most messages.
    fn deepest(&self) -> &ChannelStats {
        let deepest = self.stats.iter().rev().max_by_key(|stats| stats.depth.max);
        deepest.expect("a row has at least one channel")
    }

    /// `"jobs" was sent by worker 1 (50%), worker 2 (50%)`, if there are several senders.
    fn shares(&self, text: &Text<'_>) -> Option<String> {
        let mut messages: BTreeMap<ThreadIndex, u64> = BTreeMap::new();
        for user in self.stats.iter().flat_map(|stats| &stats.senders) {
            *messages.entry(user.thread).or_default() += user.messages;
        }
        if messages.len() < 2 {
            return None;
        }
        let mut messages: Vec<_> = messages.into_iter().collect();
        messages.sort_by_key(|&(thread, count)| (Reverse(count), thread));
        let all = self.sum(ChannelState::all_sent);
        let shares = messages.into_iter().map(|(thread, count)| {
            let name = &text.report.analysis.catalog.threads[thread].name;
            format!("{name} ({})", percent(count, all))
        });
        let shares = list(&shares.collect::<Vec<_>>());
        let verb = if self.channels.len() == 1 { "was" } else { "were" };
        Some(format!("{:?} {verb} sent by {shares}", self.name))
    }
}

/// How many messages, and their latencies; then the depths, and how long threads waited.
fn tables(text: &Text<'_>, rows: &[Row<'_>]) -> [Table; 2] {
    let catalog = text.report.analysis.catalog;
    let (mut messages, mut waits) = (Vec::new(), Vec::new());
    for row in rows {
        let facts = &catalog.channels[row.channels[0]];
        let cells = vec![
            row.name.clone(),
            facts.bound.map_or("none".to_owned(), |bound| bound.to_string()),
            row.sum(ChannelState::all_sent).to_string(),
            row.rate(catalog),
            row.latency(50.0),
            row.latency(90.0),
            row.latency(99.0),
            row.latency(100.0),
        ];
        messages.push((facts.process, cells));
        let depth = &row.deepest().depth;
        let cells = vec![
            row.name.clone(),
            format!("{:.1}", depth.mean()),
            depth.max.to_string(),
            String::new(),
            row.waited(|stats| &stats.senders),
            row.waited(|stats| &stats.receivers),
            row.not_received(),
        ];
        waits.push((facts.process, cells));
    }
    const COLUMNS: &[&str] =
        &["channel", ">bound", ">sent", ">per s", ">p50", ">p90", ">p99", ">max latency"];
    let columns = [COLUMNS, sketch(text, rows, &mut waits)];
    let mut tables = [(columns[0], messages), (columns[1], waits)];
    // Both tables have the same names.
    let rooms = tables
        .each_ref()
        .map(|(columns, rows)| Table::with_rows(columns, rows).room_for_names(catalog, text.width));
    let names: Vec<_> = rows.iter().map(|row| &*row.name).collect();
    let names = shorten_all(&names, rooms[0].min(rooms[1]));
    for (_, rows) in &mut tables {
        rows.iter_mut().zip(&names).for_each(|((_, cells), name)| cells[0].clone_from(name));
    }
    tables.map(|(columns, rows)| Table::by_process(columns, catalog, rows, text.width))
}

/// Sketches the depth over time in the rows of depths and waits, or removes its column if it does
/// not fit. Returns the columns.
fn sketch(
    text: &Text<'_>,
    rows: &[Row<'_>],
    cells: &mut [(ProcessIndex, Vec<String>)],
) -> &'static [&'static str] {
    /// The maximum width of the sketch; the minimum is that of its heading.
    const MAX_CELLS: usize = 12;
    /// The width of names for which the sketch makes room.
    const PREFERRED_NAME: usize = 24;
    const COLUMNS: &[&str] = &[
        "channel",
        ">depth",
        ">max",
        "over time",
        ">senders",
        ">receivers waited",
        ">not received",
    ];
    const WITHOUT: &[&str] =
        &["channel", ">depth", ">max", ">senders", ">receivers waited", ">not received"];
    let fixed = Table::with_rows(COLUMNS, cells);
    let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let name = names.clamp("channel".len(), PREFERRED_NAME);
    let room = text.width.saturating_sub(fixed.width_beside(&[0, 3]) + name);
    if room < COLUMNS[3].len() {
        cells.iter_mut().for_each(|(_, cells)| drop(cells.remove(3)));
        return WITHOUT;
    }
    for ((_, cells), row) in cells.iter_mut().zip(rows) {
        cells[3] = sparkline(row.deepest(), room.min(MAX_CELLS));
    }
    COLUMNS
}

/// The depth over time, from the first send to the last.
fn sparkline(stats: &ChannelStats, width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let samples = &stats.depth.samples;
    let (Some(&(first, _)), Some(&(last, _))) = (samples.first(), samples.last()) else {
        return String::new();
    };
    let span = last.since(first).get().max(1);
    let mut cells: Vec<Option<u64>> = vec![None; width];
    for &(time, depth) in samples {
        let cell = u128::from(time.since(first).get()) * (width as u128 - 1) / u128::from(span);
        let known = &mut cells[(cell as usize).min(width - 1)];
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
