//! The layout: where the parts of a chart are, in pixels.

use super::Steps;
use super::markup::Point;
use super::text::{self, NORMAL, SMALL};
use crate::export::sequence_chart::chart::{Anchor, Belt, Chart, MAX_SLOTS};
use crate::reading::Nanos;

/// The distance between rows, where they are close.
const ROW: f64 = 26.0;
/// The minimum distance from the left edge to the first lifeline.
const LEFT_MARGIN: f64 = 150.0;
/// The minimum and maximum distance from the last lifeline to the right edge, or to the queues.
const RIGHT_MARGINS: (f64, f64) = (100.0, 240.0);
/// The minimum width of the picture, which the legend needs.
const MIN_WIDTH: f64 = 560.0;
/// The distance between lifelines.
const PITCH: f64 = 190.0;
/// The same if there are more lifelines than [`MAX_WIDE_LIFELINES`].
const NARROW_PITCH: f64 = 140.0;
/// The same on a slide, whose texts must be large.
const SLIDE_PITCH: f64 = 112.0;
/// Maximum number of lifelines with the full pitch.
const MAX_WIDE_LIFELINES: usize = 6;
/// The maximum distance between lifelines that the texts at arrows need.
const MAX_PITCH: f64 = 240.0;
/// The maximum room for texts at the left of the first lifeline.
const MAX_LEFT_TEXTS: f64 = 190.0;
/// What the box with the name of a thread needs beside it.
const HEAD_ROOM: f64 = 36.0;
/// What an arrow needs beside its text.
const ARROW_ROOM: f64 = 40.0;
/// What a text beside a lifeline needs besides.
const TEXT_ROOM: f64 = 34.0;
/// The distance from the top edge to the lifelines.
const TOP: f64 = 112.0;
/// The same if the name of a process is above the name of each thread.
const TOP_WITH_PROCESSES: f64 = 128.0;
/// The part of that for the title, which a slide has elsewhere.
const TITLE: f64 = 70.0;
/// The width of the times at the left.
const SCALE_WIDTH: f64 = 76.0;
/// The height of what shows that a wait never ends.
pub(super) const ENDLESS: f64 = 52.0;
/// Half the width of the bar of a wait.
pub(super) const HALF_BAR: f64 = 6.0;
/// The length of an arrow with only one end in the chart.
pub(super) const STUB: f64 = 44.0;
/// Half the height of the note about events that are left out.
pub(super) const HALF_GAP: f64 = 9.0;
/// Half the height of the interruption of lifelines where nothing happens for long.
pub(super) const HALF_JUMP: f64 = 3.0;
/// The distance between queues.
const BELT_PITCH: f64 = 112.0;
/// Maximum number of channels whose queues are drawn: the longest.
const MAX_BELTS: usize = 3;
/// The width of a queue that is not drawn message by message.
const BELT_WIDTH: f64 = 72.0;
/// The width of the place of a message.
const SLOT_WIDTH: f64 = 12.0;

/// What the chart is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A picture of its own, with a title.
    Page,
    /// A part of a slide.
    Slide,
}

/// How far the parts of a chart are apart, in relation to where they are closest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spacing {
    pub(super) rows: f64,
    pub(super) columns: f64,
}

/// Where the parts of a chart are.
pub(super) struct Layout<'a> {
    chart: &'a Chart<'a>,
    pub(super) frame: Frame,
    pub(super) steps: Steps,
    /// The distance between lifelines.
    pub(super) pitch: f64,
    /// The distance from the left edge to the first lifeline.
    left_margin: f64,
    /// The distance from the last lifeline to the right edge, or to the queues.
    right_margin: f64,
    /// The width of the picture.
    pub(super) width: f64,
    /// The upper end of the lifelines.
    pub(super) top: f64,
    /// The vertical position of each row.
    rows: Vec<f64>,
    /// The vertical positions of the jumps.
    pub(super) jumps: Vec<(f64, Nanos)>,
    /// The vertical position of the note about events that are left out.
    pub(super) gap: Option<f64>,
    /// The lower end of the events.
    pub(super) events_bottom: f64,
    /// The vertical positions of the arrows between threads that wait for each other.
    pub(super) waits_for: Vec<f64>,
    /// The lower end of the lifelines.
    pub(super) bottom: f64,
    /// The queues that are drawn.
    pub(super) belts: Vec<&'a Belt>,
    /// The first and the last time on the vertical axis.
    span: (Nanos, Nanos),
    /// The row that follows the events that are left out.
    gap_row: Option<usize>,
    /// The distance between rows.
    pub(super) row: f64,
}

impl<'a> Layout<'a> {
    pub(super) fn new(chart: &'a Chart<'a>, steps: Steps, spacing: Spacing, frame: Frame) -> Self {
        let row = ROW * spacing.rows;
        let pitch = pitch(chart, frame) * f64::midpoint(1.0, spacing.columns);
        let left_margin = match frame {
            Frame::Page => LEFT_MARGIN * spacing.columns,
            Frame::Slide => SCALE_WIDTH + pitch / 2.0,
        };
        let room = if spacing.columns > 1.0 { left_texts(chart) } else { 0.0 };
        let left_margin = left_margin.max(SCALE_WIDTH + room);
        let last_lifeline = chart.lifelines.len().saturating_sub(1) as f64;
        let has_endless_wait = chart.waits.iter().any(|wait| wait.end.is_none());
        let gap_row = (chart.left_out.events > 0).then_some(chart.left_out.row);
        let top = if chart.process_name(0).is_some() { TOP_WITH_PROCESSES } else { TOP };
        let top = if frame == Frame::Slide { top - TITLE } else { top };
        let first_time = chart.rows.first().copied().unwrap_or(Nanos::ZERO);
        let waits_end = chart.waits.iter().filter_map(|wait| wait.end).map(|end| end.time);
        let last_time = waits_end.chain(chart.rows.last().copied()).max().unwrap_or(Nanos::ZERO);
        let end = if has_endless_wait { chart.catalog.end.max(last_time) } else { last_time };
        let belts = belts(chart);
        let right_margin = right_margin(chart).max(pitch / 2.0 + 14.0);
        let lifelines_right = left_margin + last_lifeline * pitch + right_margin;
        let mut layout = Layout {
            chart,
            frame,
            steps,
            pitch,
            left_margin,
            right_margin,
            width: (lifelines_right + belts.len() as f64 * BELT_PITCH).max(MIN_WIDTH),
            top,
            rows: Vec::new(),
            jumps: Vec::new(),
            gap: None,
            events_bottom: 0.0,
            waits_for: Vec::new(),
            bottom: 0.0,
            belts,
            span: (first_time, end),
            gap_row,
            row,
        };
        let y = match steps {
            Steps::Even => layout.put_rows(),
            Steps::Real => layout.put_times(),
        };
        layout.events_bottom = y + if has_endless_wait { ENDLESS } else { row / 2.0 };
        let waits_for = (1..=chart.waits_for.len()).map(|index| index as f64 * ROW);
        layout.waits_for = waits_for.map(|y| layout.events_bottom + y).collect();
        layout.bottom =
            layout.waits_for.last().map_or(layout.events_bottom, |last| last + ROW / 2.0);
        layout
    }

    /// Puts the rows below each other and returns the position of the last.
    fn put_rows(&mut self) -> f64 {
        let mut jumps = self.chart.jumps.iter().peekable();
        let mut y = self.top;
        for row in 0..self.chart.rows.len() {
            y += self.row;
            if self.gap_row == Some(row) {
                self.gap = Some(y);
                y += self.row;
            }
            if let Some(jump) = jumps.next_if(|jump| jump.row == row) {
                self.jumps.push((y, jump.length));
                y += self.row;
            }
            self.rows.push(y);
        }
        if self.gap_row == Some(self.chart.rows.len()) {
            y += self.row;
            self.gap = Some(y);
        }
        y
    }

    /// Puts the rows at their times and returns the position of the last time.
    fn put_times(&mut self) -> f64 {
        let (begin, end) = self.span;
        let height =
            self.row * (self.chart.rows.len() + usize::from(self.gap_row.is_some())) as f64;
        let first = self.top + self.row;
        let y = |&time: &Nanos| first + time.since(begin).share_of(end.since(begin)) * height;
        self.rows = self.chart.rows.iter().map(y).collect();
        if let Some(row) = self.gap_row {
            let before = self.rows.get(row.saturating_sub(1)).copied().unwrap_or(self.top);
            self.gap =
                Some(f64::midpoint(before, self.rows.get(row).copied().unwrap_or(first + height)));
        }
        first + height
    }

    pub(super) fn x(&self, lifeline: usize) -> f64 {
        self.left_margin + lifeline as f64 * self.pitch
    }

    pub(super) fn y(&self, anchor: Anchor) -> f64 {
        let Anchor { row, time, .. } = anchor;
        let is_left_out =
            self.gap_row == Some(row) && self.chart.rows.get(row).is_none_or(|&after| time < after);
        match (self.steps, self.gap) {
            // A wait that ends among the events that are left out ends before the row after them.
            (Steps::Even, Some(gap)) if is_left_out => gap,
            (Steps::Even, _) => self.rows.get(row).copied().unwrap_or(self.events_bottom),
            (Steps::Real, _) => self.y_of_time(time),
        }
    }

    pub(super) fn point(&self, anchor: Anchor) -> Point {
        (self.x(anchor.lifeline), self.y(anchor))
    }

    fn y_of_time(&self, time: Nanos) -> f64 {
        let (begin, end) = self.span;
        let first = self.top + self.row;
        let height =
            self.row * (self.chart.rows.len() + usize::from(self.gap_row.is_some())) as f64;
        first + time.since(begin).share_of(end.since(begin)) * height
    }

    /// The parts of a vertical line that are not interrupted.
    pub(super) fn pieces(&self, begin: f64, end: f64) -> Vec<(f64, f64)> {
        let jumps = self.jumps.iter().map(|&(y, _)| (y - HALF_JUMP, y + HALF_JUMP));
        let gap = self.gap.map(|y| (y - HALF_GAP, y + HALF_GAP));
        let mut interruptions: Vec<_> = jumps.chain(gap).collect();
        interruptions.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut pieces = Vec::new();
        let mut start = begin;
        for (from, to) in interruptions {
            if from > start && from < end {
                pieces.push((start, from));
            }
            if to > start && from < end {
                start = to;
            }
        }
        if start < end {
            pieces.push((start, end));
        }
        pieces
    }

    /// The bands behind the rows, each with its upper and lower end: every second row, or every
    /// second step of the time scale.
    pub(super) fn bands(&self) -> Vec<(f64, f64)> {
        let scale = self.scale();
        match self.steps {
            Steps::Even => {
                let half = self.row / 2.0;
                scale.into_iter().step_by(2).map(|(y, _)| (y - half, y + half)).collect()
            }
            Steps::Real => scale
                .chunks(2)
                .map(|pair| (pair[0].0, pair.get(1).map_or(self.events_bottom, |next| next.0)))
                .collect(),
        }
    }

    /// The times of the scale at the left, with their vertical positions.
    pub(super) fn scale(&self) -> Vec<(f64, Nanos)> {
        /// The minimum distance between ticks in real time.
        const MIN_TICK_DISTANCE: f64 = 60.0;
        match self.steps {
            Steps::Even => self.rows.iter().copied().zip(self.chart.rows.iter().copied()).collect(),
            Steps::Real => {
                let height = self.events_bottom - self.top;
                let count = (height / MIN_TICK_DISTANCE).max(2.0) as u64;
                let ticks = ticks(self.span, count).into_iter();
                ticks.map(|time| (self.y_of_time(time), time)).collect()
            }
        }
    }

    /// The left end of a queue with this index.
    pub(super) fn belt_x(&self, index: usize) -> f64 {
        let last_lifeline = self.chart.lifelines.len().saturating_sub(1);
        self.x(last_lifeline) + self.right_margin + index as f64 * BELT_PITCH
    }

    /// The width of a message in a queue.
    pub(super) fn slot_width(&self, belt: &Belt) -> f64 {
        match belt.slots(self.chart.catalog) {
            slots @ 0..=MAX_SLOTS => (BELT_WIDTH / slots.max(1) as f64).min(SLOT_WIDTH),
            slots => BELT_WIDTH / slots as f64,
        }
    }
}

/// The distance between lifelines: the text of each event has room between two.
fn pitch(chart: &Chart<'_>, frame: Frame) -> f64 {
    let pitch = match frame {
        Frame::Slide => SLIDE_PITCH,
        Frame::Page if chart.lifelines.len() > MAX_WIDE_LIFELINES => NARROW_PITCH,
        Frame::Page => PITCH,
    };
    let names = (0..chart.lifelines.len()).map(|lifeline| chart.thread_name(lifeline));
    let names =
        names.map(|name| (text::width(name, NORMAL * text::BOLD) + HEAD_ROOM).min(NARROW_PITCH));
    let messages = chart.messages.iter();
    let messages = messages.map(|it| text::width(&it.text(usize::MAX), NORMAL) + ARROW_ROOM);
    // The texts of the last lifeline have the right margin.
    let last = chart.lifelines.len().saturating_sub(1);
    let is_between = |at: Anchor| frame == Frame::Page || at.lifeline != last;
    let marks = chart.marks.iter().filter(|mark| is_between(mark.at));
    let marks = marks.map(|mark| text::width(&mark.name, SMALL) + TEXT_ROOM);
    let waits = chart.waits.iter().filter(|wait| is_between(wait.begin));
    let waits = waits.map(|wait| {
        let width = text::width(&wait.label(), SMALL) + TEXT_ROOM;
        // On a slide, large texts are worth more than long ones.
        match frame == Frame::Slide || width > MAX_PITCH {
            true => text::width(&wait.short_label(), SMALL) + TEXT_ROOM,
            false => width,
        }
    });
    let waits_for = chart.waits_for.iter().map(|it| chart.waits_for_text(it));
    let waits_for = waits_for.map(|text| text::width(&text, SMALL) + ARROW_ROOM);
    let widths = names.chain(messages).chain(marks).chain(waits).chain(waits_for);
    widths.map(|width| width.min(MAX_PITCH)).fold(pitch, f64::max)
}

/// The room that the texts of events need at the left of the first lifeline, if that is where they
/// find a place.
fn left_texts(chart: &Chart<'_>) -> f64 {
    let marks = chart.marks.iter().map(|mark| (mark.at, text::width(&mark.name, SMALL)));
    let messages = chart.messages.iter().filter_map(|message| Some((message.start()?, message)));
    let messages = messages.map(|(at, it)| (at, text::width(&it.text(usize::MAX), NORMAL)));
    let waits = chart.waits.iter().map(|wait| (wait.begin, text::width(&wait.label(), SMALL)));
    let texts = marks.chain(messages).chain(waits).filter(|(at, _)| at.lifeline == 0);
    let widest = texts.map(|(_, width)| width).fold(0.0, f64::max);
    (widest + TEXT_ROOM).min(MAX_LEFT_TEXTS)
}

/// The distance from the last lifeline to the right edge: the texts beside it have room there.
fn right_margin(chart: &Chart<'_>) -> f64 {
    let last = chart.lifelines.len().saturating_sub(1);
    let marks = chart.marks.iter().map(|mark| (mark.at, mark.name.clone()));
    let waits = chart.waits.iter().map(|wait| (wait.begin, wait.label()));
    let texts = marks.chain(waits).filter(|(at, _)| at.lifeline == last);
    let widest = texts.map(|(_, text)| text::width(&text, SMALL)).fold(0.0, f64::max);
    (widest + TEXT_ROOM).clamp(RIGHT_MARGINS.0, RIGHT_MARGINS.1)
}

/// The longest queues, in the order of their channels.
fn belts<'a>(chart: &'a Chart<'a>) -> Vec<&'a Belt> {
    let mut belts: Vec<_> = chart.belts.iter().enumerate().collect();
    belts.sort_by_key(|(_, belt)| std::cmp::Reverse(belt.max));
    belts.truncate(MAX_BELTS);
    belts.sort_by_key(|(index, _)| *index);
    belts.into_iter().map(|(_, belt)| belt).collect()
}

/// Round times in a span, about `count` of them.
fn ticks((begin, end): (Nanos, Nanos), count: u64) -> Vec<Nanos> {
    let min_step = (end.since(begin).get() / count).max(1);
    let decade = 10u64.pow(min_step.ilog10());
    let steps = [1, 2, 5, 10].map(|factor| decade.saturating_mul(factor));
    let step = steps.into_iter().find(|&step| step >= min_step).unwrap_or(min_step);
    let first = begin.get().checked_next_multiple_of(step);
    let ticks = std::iter::successors(first, |tick| tick.checked_add(step));
    ticks.take_while(|&tick| tick <= end.get()).map(Nanos::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_times_in_their_span() {
        let ticks = |begin, end, count| {
            let span = (Nanos::new(begin), Nanos::new(end));
            super::ticks(span, count).into_iter().map(Nanos::get).collect::<Vec<_>>()
        };
        assert_eq!(ticks(7, 100, 5), [20, 40, 60, 80, 100]);
        assert_eq!(ticks(0, 1_000, 3), [0, 500, 1_000]);
        assert_eq!(ticks(5, 5, 2), [5]);
        assert_eq!(ticks(0, u64::MAX - 1, 2).len(), 2);
    }
}
