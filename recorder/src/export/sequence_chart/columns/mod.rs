//! A chart as text for the terminal: a column for each thread, a line for each row.
//!
//! ```text
//!             main                            sender                          belt
//!   0.026 ms  • new channel belt              │                               ▯▯
//!   0.081 ms  │                         ◁ #1 ─●                               ▮▯
//!   0.111 ms  │◀─ #1 ─                        │                               ▯▯
//!   0.123 ms  ░ recv waits 2.3 ms             │                               ▯▯
//!   2.338 ms  │◀───────────────────────── #2 ─●                               ▯▯
//! ```
//!
//! A message that was queued has two short arrows, one that leaves its sender and one that arrives
//! at its receiver, both with its label. At the right are the messages in the queue, as far as there
//! is room.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

use super::chart::{
    ArrowEnd, ArrowStart, Belt, Cause, Chart, LossPlace, MessageArrow, Toward, WaitKind,
};
use crate::layout::{shorten_all, wrap};

mod belts;
mod line;

use belts::{BELT_GAP, LAST_COLUMN_WIDTH_BESIDE_BELTS, belt_text, belt_width, belts, belts_width};
use line::TextLine;

/// The width of the times. All widths are in characters.
const TIME_WIDTH: usize = 12;
/// The minimum width of a column.
const MIN_COLUMN_WIDTH: usize = 12;
/// The maximum width of a column. Wider ones are not easier to read.
const MAX_COLUMN_WIDTH: usize = 32;
/// The width of the last column, whose texts cannot run over another column.
const LAST_COLUMN_WIDTH: usize = 22;
/// The width of an arrow without its text.
const ARROW_WIDTH: usize = 7;
/// The style of messages that are lost, and of deadlocks.
const LOST: Style = AnsiColor::Red.on_default();
/// The style of threads that run and do nothing else.
const LIFE: Style = AnsiColor::Green.on_default();
/// The style of arrows.
const ARROW: Style = AnsiColor::Cyan.on_default();

/// Maximum number of threads that fit into a terminal of this width, in characters.
pub fn most_threads(width: usize) -> usize {
    1 + width.saturating_sub(TIME_WIDTH + LAST_COLUMN_WIDTH) / MIN_COLUMN_WIDTH
}

/// A chart for a terminal. Its [`Display`] contains escape sequences for colors, which must be
/// stripped where the output does not support them.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    chart: &'a Chart<'a>,
    line_width: usize,
    column_width: usize,
    /// The names of the lifelines.
    lifelines: Vec<String>,
    /// The names of the channels at arrows, by label. Empty if they do not fit.
    channels: HashMap<&'a str, String>,
    /// The queues that fit.
    belts: Vec<&'a Belt>,
    /// The messages that are lost in each row, and on which lifelines.
    losses: BTreeMap<usize, Vec<(usize, Vec<&'a MessageArrow>)>>,
}

impl<'a> Columns<'a> {
    /// The chart for a terminal of this width, in characters.
    pub fn new(chart: &'a Chart<'a>, width: usize) -> Self {
        let belts = belts(chart, width);
        let width = width.saturating_sub(belts_width(chart, &belts));
        let last_column =
            if belts.is_empty() { LAST_COLUMN_WIDTH } else { LAST_COLUMN_WIDTH_BESIDE_BELTS };
        let other_columns = chart.lifelines.len().saturating_sub(1).max(1);
        let room = width.saturating_sub(TIME_WIDTH + last_column) / other_columns;
        let column_width = room.clamp(MIN_COLUMN_WIDTH, MAX_COLUMN_WIDTH);
        // Wider than the terminal only if the caller asks for more threads than fit.
        let line_width = width.max(TIME_WIDTH + chart.lifelines.len() * column_width);
        let names = (0..chart.lifelines.len()).map(|lifeline| chart.lifeline_name(lifeline));
        let lifelines = shorten_all(&names.collect::<Vec<_>>(), column_width - 1);
        let channels = channel_names(chart, column_width - ARROW_WIDTH);
        let losses = losses(chart);
        Columns { chart, line_width, column_width, lifelines, channels, belts, losses }
    }

    /// The width of everything.
    fn total_width(&self) -> usize {
        self.line_width + belts_width(self.chart, &self.belts)
    }

    /// The positions of the queues.
    fn belts(&self) -> impl Iterator<Item = (usize, &'a Belt)> {
        let mut x = self.line_width;
        self.belts.iter().map(move |&belt| {
            let at = x;
            x += belt_width(self.chart, belt) + BELT_GAP;
            (at, belt)
        })
    }

    /// The position of a lifeline.
    fn x(&self, lifeline: usize) -> usize {
        TIME_WIDTH + lifeline * self.column_width
    }

    fn heading(&self) -> TextLine {
        let mut line = TextLine::blank(self.total_width());
        for (lifeline, name) in self.lifelines.iter().enumerate() {
            line.put(self.x(lifeline), name, Style::new().bold());
        }
        for (x, belt) in self.belts() {
            let label = &self.chart.catalog.channels[belt.channel].label;
            let names = shorten_all(&[label], belt_width(self.chart, belt));
            names.iter().for_each(|name| line.put(x, name, Style::new().bold()));
        }
        line
    }

    /// A line with the lifelines, as they are after the event of a row.
    fn lifelines(&self, row: usize) -> TextLine {
        let mut line = TextLine::blank(self.total_width());
        for lifeline in 0..self.chart.lifelines.len() {
            line.put(self.x(lifeline), "│", Style::new().dimmed());
        }
        for life in &self.chart.lives {
            if life.begin.row <= row && life.end.is_none_or(|end| row < end.row) {
                line.put(self.x(life.begin.lifeline), "┃", LIFE);
            }
        }
        for wait in &self.chart.waits {
            if wait.begin.row <= row && wait.end.is_none_or(|end| row < end.row) {
                let (bar, style) = wait_bar(wait.kind);
                line.put(self.x(wait.begin.lifeline), bar, style);
            }
        }
        line
    }

    fn row(&self, row: usize) -> TextLine {
        let mut line = self.lifelines(row);
        let time = self.chart.time_text(self.chart.rows[row]);
        line.put(0, &format!("{time:>10}"), Style::new().dimmed());
        for message in &self.chart.messages {
            self.message(&mut line, row, message);
        }
        for mark in self.chart.marks.iter().filter(|mark| mark.at.row == row) {
            line.put(self.x(mark.at.lifeline), "•", Style::new());
        }
        let texts = self.texts(row);
        let last = self.line_width - usize::from(!self.belts.is_empty());
        for (index, (lifeline, text, style)) in texts.iter().enumerate() {
            let end = texts.get(index + 1).map_or(last, |next| self.x(next.0) - 1);
            self.text_beside(&mut line, *lifeline, end, text, *style);
        }
        for (x, belt) in self.belts() {
            let depth = belt.steps.iter().take_while(|(at, _)| at.row <= row).last();
            let depth = depth.map_or(0, |&(_, depth)| depth);
            line.put(x, &belt_text(self.chart, belt, depth), ARROW);
        }
        line
    }

    /// The texts beside the lifelines in a row, from left to right.
    fn texts(&self, row: usize) -> Vec<(usize, String, Style)> {
        let mut texts = Vec::new();
        for wait in self.chart.waits.iter().filter(|wait| wait.begin.row == row) {
            texts.push((wait.begin.lifeline, wait.text(), wait_bar(wait.kind).1));
        }
        for mark in self.chart.marks.iter().filter(|mark| mark.at.row == row) {
            let mut text = mark.name.clone();
            let disconnects = self.chart.causes.iter().filter(|it| it.cause == Cause::Disconnect);
            for disconnect in disconnects.filter(|it| it.from == mark.at) {
                text += &format!(" → {}", self.lifelines[disconnect.to.lifeline].trim_end());
            }
            texts.push((mark.at.lifeline, text, Style::new()));
        }
        for (lifeline, messages) in self.losses.get(&row).into_iter().flatten() {
            let labels: Vec<_> = messages.iter().map(|it| &*it.label).collect();
            let lost = format!("✗ {} lost", labels.join(", "));
            match texts.iter_mut().find(|(other, ..)| other == lifeline) {
                Some((_, text, style)) => {
                    *text += &format!(" {lost}");
                    *style = LOST;
                }
                None => texts.push((*lifeline, lost, LOST)),
            }
        }
        texts.sort_by_key(|&(lifeline, ..)| lifeline);
        texts
    }

    /// Puts a text at the right of a lifeline, and before `end`. It may cover other lifelines.
    fn text_beside(
        &self,
        line: &mut TextLine,
        lifeline: usize,
        end: usize,
        text: &str,
        style: Style,
    ) {
        let start = self.x(lifeline) + 2;
        let room = end.saturating_sub(start);
        shorten_all(&[text], room).iter().for_each(|text| line.put(start, text, style));
    }

    /// Puts the part of a message's arrow that is in a row, if any is.
    fn message(&self, line: &mut TextLine, row: usize, message: &MessageArrow) {
        let channel = message.channel.as_deref().and_then(|channel| self.channels.get(channel));
        let max_chars = self.column_width - ARROW_WIDTH;
        let label = &message.text_with(channel.map(String::as_str), max_chars);
        match (message.from, message.to) {
            (ArrowStart::Sent(from), ArrowEnd::Received(to))
                if from.row == row && to.row == row =>
            {
                self.level_arrow(line, from.lifeline, to.lifeline, label);
            }
            (ArrowStart::Sent(from), to) if from.row == row => {
                self.leaving_arrow(line, from.lifeline, to, label);
            }
            (from, ArrowEnd::Received(to)) if to.row == row => {
                let from_left = match from {
                    ArrowStart::Sent(from) => from.lifeline < to.lifeline,
                    ArrowStart::NotShown(toward) => toward == Toward::Left,
                };
                self.arriving_arrow(line, to.lifeline, from_left, label);
            }
            _ => {}
        }
    }

    /// The arrow of a message that is sent and received in one row, with its label beside the
    /// sender.
    fn level_arrow(&self, line: &mut TextLine, from: usize, to: usize, label: &str) {
        let (sender, receiver) = (self.x(from), self.x(to));
        for x in sender.min(receiver) + 1..sender.max(receiver) {
            let is_lifeline = (x - TIME_WIDTH).is_multiple_of(self.column_width);
            line.put(x, if is_lifeline { "┼" } else { "─" }, ARROW);
        }
        line.put(sender, "●", ARROW);
        let label = format!(" {label} ");
        if receiver > sender {
            line.put(receiver - 1, "▶", ARROW);
            line.put(sender + 2, &label, ARROW);
        } else {
            line.put(receiver + 1, "◀", ARROW);
            // Without this room, `from` is `to`: the recording is damaged.
            if let Some(start) = sender.checked_sub(2 + label.chars().count()) {
                line.put(start, &label, ARROW);
            }
        }
    }

    /// The part of an arrow that leaves its sender.
    fn leaving_arrow(&self, line: &mut TextLine, lifeline: usize, to: ArrowEnd, label: &str) {
        let (toward, tip, style) = match to {
            ArrowEnd::Received(to) => (side(lifeline, to.lifeline), ["◁", "▷"], ARROW),
            ArrowEnd::NotShown(toward) => (toward, ["…", "…"], ARROW),
            ArrowEnd::Lost(Some(LossPlace::Dropped(to))) => {
                (side(lifeline, to.lifeline), ["◁", "▷"], LOST)
            }
            ArrowEnd::Lost(Some(LossPlace::RunEnded { lifeline: Some(to), .. })) => {
                (side(lifeline, to), ["◁", "▷"], LOST)
            }
            ArrowEnd::Lost(Some(LossPlace::RunEnded { .. })) => (Toward::Right, ["▷", "▷"], LOST),
            ArrowEnd::Lost(None) => (Toward::Right, ["✗", "✗"], LOST),
        };
        let x = self.x(lifeline);
        match toward {
            Toward::Left => {
                line.put(x, "●", style);
                line.put_before(x, &format!("{} {label} ─", tip[0]), style);
            }
            Toward::Right => line.put(x, &format!("●─ {label} {}", tip[1]), style),
        }
    }

    fn write_note(&self, f: &mut fmt::Formatter<'_>, note: &str) -> fmt::Result {
        let note = wrap(note, TIME_WIDTH, TIME_WIDTH, self.total_width());
        writeln!(f, "{:>10}  {note}", "⋮")
    }

    /// The part of an arrow that arrives at its receiver.
    fn arriving_arrow(&self, line: &mut TextLine, lifeline: usize, from_left: bool, label: &str) {
        let x = self.x(lifeline);
        if from_left {
            line.put_before(x, &format!("─ {label} ─▶"), ARROW);
        } else {
            line.put(x + 1, &format!("◀─ {label} ─"), ARROW);
        }
    }
}

/// The names of the channels of a chart, by label, so that the text at every arrow has at most
/// `width` characters. Empty if they do not fit: the numbers of the messages are more important.
fn channel_names<'a>(chart: &'a Chart<'a>, width: usize) -> HashMap<&'a str, String> {
    let in_chart = chart.messages.iter().filter_map(|message| message.channel.as_deref());
    let labels: Vec<_> = in_chart.collect::<BTreeSet<_>>().into_iter().collect();
    let labels_and_separators =
        chart.messages.iter().map(|it| it.separator().len() + it.label.chars().count());
    let room = width.saturating_sub(labels_and_separators.max().unwrap_or(1));
    let names = shorten_all(&labels, room);
    match names.iter().all(|name| name.chars().count() <= room) {
        true => labels.into_iter().zip(names).collect(),
        false => HashMap::new(),
    }
}

impl Display for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading().fmt(f)?;
        let remedy = match self.chart.lifelines.len() < most_threads(self.line_width) {
            true => "--threads N shows more",
            false => "no more fit; --thread and --channel select",
        };
        let mut notes = self.chart.left_out_notes_with(remedy).into_iter().peekable();
        let mut jumps = self.chart.jumps.iter().peekable();
        for row in 0..self.chart.rows.len() {
            if let Some(jump) = jumps.next_if(|jump| jump.row == row) {
                let mut line = self.lifelines(row - 1);
                line.put(
                    0,
                    &format!("{:>10}", format!("⋮ {}", jump.length)),
                    Style::new().dimmed(),
                );
                line.fmt(f)?;
            }
            if let Some((_, note)) = notes.next_if(|(before, _)| *before == Some(row)) {
                self.write_note(f, &note)?;
            }
            self.row(row).fmt(f)?;
        }
        // A wait that never ends continues below the last row.
        if self.chart.waits.iter().any(|wait| wait.end.is_none()) {
            self.lifelines(self.chart.rows.len()).fmt(f)?;
        }
        notes.try_for_each(|(_, note)| self.write_note(f, &note))?;
        match self.chart.deadlock_text() {
            Some(deadlock) => {
                let deadlock = wrap(&deadlock, TIME_WIDTH, TIME_WIDTH, self.total_width());
                writeln!(f, "{:TIME_WIDTH$}{LOST}{deadlock}{LOST:#}", "")
            }
            None => Ok(()),
        }
    }
}

/// The side of a lifeline on which another is. A message that a thread sends to itself leaves to
/// the right.
fn side(lifeline: usize, other: usize) -> Toward {
    if other < lifeline { Toward::Left } else { Toward::Right }
}

/// The messages that are lost in each row, and on which lifelines: those of their receivers or, if
/// these are not known, of their senders.
fn losses<'a>(chart: &'a Chart<'a>) -> BTreeMap<usize, Vec<(usize, Vec<&'a MessageArrow>)>> {
    let mut losses: BTreeMap<usize, Vec<(usize, Vec<_>)>> = BTreeMap::new();
    for message in &chart.messages {
        let (Some(from), ArrowEnd::Lost(Some(place))) = (message.start(), message.to) else {
            continue;
        };
        let (row, lifeline) = match place {
            LossPlace::Dropped(at) => (at.row, at.lifeline),
            LossPlace::RunEnded { lifeline, row, .. } => (row, lifeline.unwrap_or(from.lifeline)),
        };
        let in_row = losses.entry(row).or_default();
        match in_row.iter_mut().find(|(other, _)| *other == lifeline) {
            Some((_, messages)) => messages.push(message),
            None => in_row.push((lifeline, vec![message])),
        }
    }
    losses
}

/// The bar of a wait and its style.
fn wait_bar(kind: WaitKind) -> (&'static str, Style) {
    match kind {
        WaitKind::Message => ("░", AnsiColor::Blue.on_default()),
        WaitKind::Room => ("█", AnsiColor::Yellow.on_default()),
        WaitKind::Other => ("┊", AnsiColor::Magenta.on_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_terminal_has_room_for_a_thread() {
        assert_eq!(most_threads(0), 1);
        assert_eq!(most_threads(45), 1);
        assert_eq!(most_threads(46), 2);
        assert_eq!(most_threads(80), 4);
    }
}
