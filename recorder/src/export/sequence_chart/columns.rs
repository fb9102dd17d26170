//! A chart as text for the terminal: a column for each thread, a line for each row.
//!
//! ```text
//!             main                            sender
//!   0.026 ms  • new channel belt              │
//!   0.111 ms  ░ recv waits 2.3 ms             │
//!   2.338 ms  ░                         ◁ #1 ─●
//!   2.404 ms  │◀─ #1 ─                        │
//! ```
//!
//! A message that was queued has two short arrows, one that leaves its sender and one that arrives
//! at its receiver, both with its label.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

use super::chart::{ArrowEnd, Chart, MessageArrow, WaitKind};
use crate::layout::{shorten_all, wrap};

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
}

impl<'a> Columns<'a> {
    /// The chart for a terminal of this width, in characters.
    pub fn new(chart: &'a Chart<'a>, width: usize) -> Self {
        let other_columns = chart.lifelines.len().saturating_sub(1).max(1);
        let room = width.saturating_sub(TIME_WIDTH + LAST_COLUMN_WIDTH) / other_columns;
        let column_width = room.clamp(MIN_COLUMN_WIDTH, MAX_COLUMN_WIDTH);
        // Wider than the terminal only if the caller asks for more threads than fit.
        let line_width = width.max(TIME_WIDTH + chart.lifelines.len() * column_width);
        let names = (0..chart.lifelines.len()).map(|lifeline| chart.lifeline_name(lifeline));
        let lifelines = shorten_all(&names.collect::<Vec<_>>(), column_width - 1);
        let channels = channel_names(chart, column_width - ARROW_WIDTH);
        Columns { chart, line_width, column_width, lifelines, channels }
    }

    /// The position of a lifeline.
    fn x(&self, lifeline: usize) -> usize {
        TIME_WIDTH + lifeline * self.column_width
    }

    fn heading(&self) -> TextLine {
        let mut line = TextLine::blank(self.line_width);
        for (lifeline, name) in self.lifelines.iter().enumerate() {
            line.put(self.x(lifeline), name, Style::new().bold());
        }
        line
    }

    /// A line with the lifelines, as they are after the event of a row.
    fn lifelines(&self, row: usize) -> TextLine {
        let mut line = TextLine::blank(self.line_width);
        for lifeline in 0..self.chart.lifelines.len() {
            line.put(self.x(lifeline), "│", Style::new().dimmed());
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
        for wait in self.chart.waits.iter().filter(|wait| wait.begin.row == row) {
            let (_, style) = wait_bar(wait.kind);
            self.text_beside(&mut line, wait.begin.lifeline, &wait.text(), style);
        }
        for mark in self.chart.marks.iter().filter(|mark| mark.at.row == row) {
            line.put(self.x(mark.at.lifeline), "•", Style::new());
            self.text_beside(&mut line, mark.at.lifeline, &mark.name, Style::new());
        }
        for message in &self.chart.messages {
            self.message(&mut line, row, message);
        }
        line
    }

    /// Puts a text at the right of a lifeline. It may cover the other lifelines: its row has no
    /// other event.
    fn text_beside(&self, line: &mut TextLine, lifeline: usize, text: &str, style: Style) {
        let start = self.x(lifeline) + 2;
        let room = self.line_width.saturating_sub(start);
        shorten_all(&[text], room).iter().for_each(|text| line.put(start, text, style));
    }

    /// Puts the part of a message's arrow that is in a row, if any is.
    fn message(&self, line: &mut TextLine, row: usize, message: &MessageArrow) {
        let channel = message.channel.as_deref().and_then(|channel| self.channels.get(channel));
        let max_chars = self.column_width - ARROW_WIDTH;
        let label = &message.text_with(channel.map(String::as_str), max_chars);
        match (message.from, message.to) {
            (Some(from), ArrowEnd::Received(to)) if from.row == row && to.row == row => {
                self.level_arrow(line, from.lifeline, to.lifeline, label);
            }
            (Some(from), to) if from.row == row => {
                self.leaving_arrow(line, from.lifeline, to, label);
            }
            (from, ArrowEnd::Received(to)) if to.row == row => {
                let from_left = from.map_or(to.lifeline > 0, |from| from.lifeline < to.lifeline);
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
        let x = self.x(lifeline);
        match to {
            ArrowEnd::Received(to) if to.lifeline < lifeline => {
                line.put(x, "●", ARROW);
                line.put_before(x, &format!("◁ {label} ─"), ARROW);
            }
            ArrowEnd::Received(_) => line.put(x, &format!("●─ {label} ▷"), ARROW),
            ArrowEnd::Lost => {
                let red = AnsiColor::Red.on_default();
                line.put(x, "●─", red);
                self.text_beside(line, lifeline, &format!(" {label} ✗ never received"), red);
            }
            ArrowEnd::NotShown => {
                line.put(x, "●─", ARROW);
                self.text_beside(line, lifeline, &format!(" {label} …"), ARROW);
            }
        }
    }

    fn write_note(&self, f: &mut fmt::Formatter<'_>, note: &str) -> fmt::Result {
        let note = wrap(note, TIME_WIDTH, TIME_WIDTH, self.line_width);
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
    let numbers = chart.messages.iter().map(|message| message.label.chars().count());
    let room = width.saturating_sub(1 + numbers.max().unwrap_or(0));
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
        for row in 0..self.chart.rows.len() {
            if let Some((_, note)) = notes.next_if(|(before, _)| *before == Some(row)) {
                self.write_note(f, &note)?;
            }
            self.row(row).fmt(f)?;
        }
        // A wait that never ends continues below the last row.
        if self.chart.waits.iter().any(|wait| wait.end.is_none()) {
            self.lifelines(self.chart.rows.len()).fmt(f)?;
        }
        notes.try_for_each(|(_, note)| self.write_note(f, &note))
    }
}

/// The bar of a wait and its style.
fn wait_bar(kind: WaitKind) -> (&'static str, Style) {
    match kind {
        WaitKind::Message => ("░", AnsiColor::Blue.on_default()),
        WaitKind::Room => ("█", AnsiColor::Yellow.on_default()),
        WaitKind::Other => ("┊", AnsiColor::Magenta.on_default()),
    }
}

/// A line of characters, each with its style.
struct TextLine(Vec<(char, Style)>);

impl TextLine {
    fn blank(width: usize) -> Self {
        TextLine(vec![(' ', Style::new()); width])
    }

    /// Puts a text at a position. The part that does not fit is cut off.
    fn put(&mut self, position: usize, text: &str, style: Style) {
        for (place, c) in self.0.iter_mut().skip(position).zip(text.chars()) {
            // A control character in the name of a thread must not reach the terminal.
            *place = (if c.is_control() { '\u{fffd}' } else { c }, style);
        }
    }

    /// Puts a text so that it ends before a position.
    fn put_before(&mut self, position: usize, text: &str, style: Style) {
        self.put(position.saturating_sub(text.chars().count()), text, style);
    }
}

impl Display for TextLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().rposition(|&(c, _)| c != ' ').map_or(0, |last| last + 1);
        for run in self.0[..used].chunk_by(|(_, a), (_, b)| a == b) {
            let style = run[0].1;
            let text: String = run.iter().map(|&(c, _)| c).collect();
            write!(f, "{style}{text}{style:#}")?;
        }
        writeln!(f)
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

    #[test]
    fn a_text_is_cut_off_at_the_end_of_its_line() {
        let mut line = TextLine::blank(6);
        line.put(4, "jobs", Style::new());
        line.put_before(3, "a\u{1b}b", Style::new());
        assert_eq!(line.to_string(), "a\u{fffd}b jo\n");
    }
}
