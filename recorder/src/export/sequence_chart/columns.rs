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
//! A message that lay in the queue has an arrow that leaves and one that arrives, both with
//! its label.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

use crate::export::sequence_chart::{Awaited, Chart, End, Message, Point, shortened};
use crate::report::summary::duration;

/// What the times take.
const TIMES: usize = 12;
/// The least that a column takes; more is better, up to [`MOST_WIDTH`].
const LEAST_WIDTH: usize = 12;
const MOST_WIDTH: usize = 32;
/// What the last column takes, which has no other to run over.
const LAST_WIDTH: usize = 22;

/// How many threads fit into a terminal of this width.
pub fn most_threads(width: usize) -> usize {
    1 + width.saturating_sub(TIMES + LAST_WIDTH) / LEAST_WIDTH
}

/// A chart in a terminal of this width. Its [`Display`] has colours, which whoever
/// prints it takes out where they are not wanted.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    chart: &'a Chart<'a>,
    /// Of the terminal.
    line: usize,
    /// Of a column.
    width: usize,
}

impl<'a> Columns<'a> {
    /// The chart in so many letters a line.
    pub fn new(chart: &'a Chart<'a>, width: usize) -> Self {
        let others = chart.lifelines.len().saturating_sub(1).max(1);
        let room = width.saturating_sub(TIMES + LAST_WIDTH) / others;
        let column = room.clamp(LEAST_WIDTH, MOST_WIDTH);
        // Wider than the terminal only where more threads were asked for than it has room for.
        let line = width.max(TIMES + chart.lifelines.len() * column);
        Columns { chart, line, width: column }
    }

    /// Where a lifeline is.
    fn x(&self, lifeline: usize) -> usize {
        TIMES + lifeline * self.width
    }

    fn heading(&self) -> Line {
        let mut line = Line::new(self.line);
        for lifeline in 0..self.chart.lifelines.len() {
            let process = self.chart.process_name(lifeline).map(|process| format!("{process}: "));
            let name = process.unwrap_or_default() + self.chart.thread_name(lifeline);
            line.put(self.x(lifeline), &shortened(&name, self.width - 1), Style::new().bold());
        }
        line
    }

    /// A line with the lifelines, as they are after the event of a row.
    fn lifelines(&self, row: usize) -> Line {
        let mut line = Line::new(self.line);
        for lifeline in 0..self.chart.lifelines.len() {
            line.put(self.x(lifeline), "│", Style::new().dimmed());
        }
        let lasts = |end: Option<Point>| end.is_none_or(|end| row < end.row);
        for wait in &self.chart.waits {
            if wait.begin.row <= row && lasts(wait.end) {
                let bar = match wait.awaited {
                    Awaited::Message => "░",
                    Awaited::Room => "█",
                    Awaited::Other => "┊",
                };
                line.put(self.x(wait.begin.lifeline), bar, wait_style(wait.awaited));
            }
        }
        line
    }

    fn row(&self, row: usize) -> Line {
        let mut line = self.lifelines(row);
        line.put(
            0,
            &format!("{:>10}", self.chart.time(self.chart.rows[row])),
            Style::new().dimmed(),
        );
        let here = |point: &Point| point.row == row;
        for wait in self.chart.waits.iter().filter(|wait| here(&wait.begin)) {
            let length = match wait.end {
                Some(_) => format!("waits {}", duration(wait.length)),
                None => "never ends".to_owned(),
            };
            let text = format!("{} {length}", wait.name);
            self.beside(&mut line, wait.begin.lifeline, &text, wait_style(wait.awaited));
        }
        for mark in self.chart.marks.iter().filter(|mark| here(&mark.at)) {
            line.put(self.x(mark.at.lifeline), "•", Style::new());
            self.beside(&mut line, mark.at.lifeline, &mark.name, Style::new());
        }
        for message in &self.chart.messages {
            self.message(&mut line, row, message);
        }
        line
    }

    /// A text at the right of a lifeline. Nothing else happens in its row, so it may run over
    /// the other lifelines.
    fn beside(&self, line: &mut Line, lifeline: usize, text: &str, style: Style) {
        let from = self.x(lifeline) + 2;
        line.put(from, &shortened(text, self.line.saturating_sub(from)), style);
    }

    /// What there is to see of a message in a row.
    fn message(&self, line: &mut Line, row: usize, message: &Message) {
        let label = &message.label(self.width - 7);
        match (message.from, message.to) {
            (Some(from), End::Received(to)) if from.row == row && to.row == row => {
                self.arrow(line, from.lifeline, to.lifeline, label);
            }
            (Some(from), End::Received(to)) if from.row == row => {
                self.leaving(line, from.lifeline, to.lifeline < from.lifeline, label);
            }
            (Some(from), End::Received(to)) if to.row == row => {
                self.arriving(line, to.lifeline, from.lifeline < to.lifeline, label);
            }
            (Some(from), end) if from.row == row => {
                let (said, style) = match end {
                    End::Lost => (format!("{label} ✗ never received"), color(AnsiColor::Red)),
                    _ => (format!("{label} …"), arrow_style()),
                };
                line.put(self.x(from.lifeline), "●─", style);
                self.beside(line, from.lifeline, &format!(" {said}"), style);
            }
            (None, End::Received(to)) if to.row == row => {
                self.arriving(line, to.lifeline, to.lifeline > 0, label);
            }
            _ => {}
        }
    }

    /// A whole arrow, with the label in the gap beside its sender.
    fn arrow(&self, line: &mut Line, from: usize, to: usize, label: &str) {
        let (x1, x2) = (self.x(from), self.x(to));
        for x in x1.min(x2) + 1..x1.max(x2) {
            let crosses = (x - TIMES).is_multiple_of(self.width);
            line.put(x, if crosses { "┼" } else { "─" }, arrow_style());
        }
        line.put(x1, "●", arrow_style());
        line.put(
            if x2 > x1 { x2 - 1 } else { x2 + 1 },
            if x2 > x1 { "▶" } else { "◀" },
            arrow_style(),
        );
        let label = format!(" {label} ");
        let before = if to > from { x1 + 2 } else { x1 - 2 - label.chars().count() };
        line.put(before, &label, arrow_style());
    }

    /// The part of an arrow that leaves its sender.
    fn leaving(&self, line: &mut Line, lifeline: usize, to_left: bool, label: &str) {
        let x = self.x(lifeline);
        line.put(x, "●", arrow_style());
        if to_left {
            line.put_before(x, &format!("◁ {label} ─"), arrow_style());
        } else {
            line.put(x + 1, &format!("─ {label} ▷"), arrow_style());
        }
    }

    /// The part of an arrow that arrives at its receiver.
    fn arriving(&self, line: &mut Line, lifeline: usize, from_left: bool, label: &str) {
        let x = self.x(lifeline);
        if from_left {
            line.put_before(x, &format!("─ {label} ─▶"), arrow_style());
        } else {
            line.put(x + 1, &format!("◀─ {label} ─"), arrow_style());
        }
    }
}

impl Display for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading().fmt(f)?;
        let mut sentences = self.chart.left_out();
        for row in 0..self.chart.rows.len() {
            if self.chart.left_out.events > 0 && row == self.chart.left_out.row {
                writeln!(f, "{:>10}  {}", "⋮", sentences.remove(0))?;
            }
            self.row(row).fmt(f)?;
        }
        // What never ends goes on below.
        if self.chart.waits.iter().any(|wait| wait.end.is_none()) {
            self.lifelines(self.chart.rows.len()).fmt(f)?;
        }
        for sentence in sentences {
            writeln!(f, "{:>10}  {sentence}", "⋮")?;
        }
        Ok(())
    }
}

fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}

fn arrow_style() -> Style {
    color(AnsiColor::Cyan)
}

fn wait_style(awaited: Awaited) -> Style {
    color(match awaited {
        Awaited::Message => AnsiColor::Blue,
        Awaited::Room => AnsiColor::Yellow,
        Awaited::Other => AnsiColor::Magenta,
    })
}

/// A line of letters, each with its style.
struct Line(Vec<(char, Style)>);

impl Line {
    fn new(width: usize) -> Self {
        Line(vec![(' ', Style::new()); width])
    }

    /// Puts a text there; what does not fit is cut.
    fn put(&mut self, at: usize, text: &str, style: Style) {
        for (place, c) in self.0.iter_mut().skip(at).zip(text.chars()) {
            // Nothing that a program calls its threads is to command the terminal.
            *place = (if c.is_control() { '\u{fffd}' } else { c }, style);
        }
    }

    /// Puts a text so that it ends before this place.
    fn put_before(&mut self, at: usize, text: &str, style: Style) {
        self.put(at.saturating_sub(text.chars().count()), text, style);
    }
}

impl Display for Line {
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
