//! The layout: where the parts of a chart are, in pixels.

use super::Steps;
use super::markup::Point;
use crate::export::sequence_chart::chart::{Anchor, Chart, WaitKind};
use crate::reading::Nanos;

/// The distance between rows.
pub(super) const ROW: f64 = 24.0;
/// The distance from the left edge to the first lifeline.
const LEFT_MARGIN: f64 = 150.0;
/// The distance from the last lifeline to the right edge.
const RIGHT_MARGIN: f64 = 215.0;
/// The minimum width of the picture, which the legend needs.
const MIN_WIDTH: f64 = 540.0;
/// The same if the legend includes waits that are not for a channel.
const MIN_WIDTH_WITH_OTHER_WAITS: f64 = 740.0;
/// The distance between lifelines.
const PITCH: f64 = 190.0;
/// The same if there are more lifelines than [`MAX_WIDE_LIFELINES`].
const NARROW_PITCH: f64 = 130.0;
/// Maximum number of lifelines with the full pitch.
const MAX_WIDE_LIFELINES: usize = 6;
/// The distance from the top edge to the lifelines.
const TOP: f64 = 112.0;
/// The same if the name of a process is above the name of each thread.
const TOP_WITH_PROCESSES: f64 = 128.0;
/// Half the width of the bar of a wait.
pub(super) const HALF_BAR: f64 = 6.0;
/// The average width of a character, rather too large than too small.
pub(super) const CHAR_WIDTH: f64 = 6.6;
/// The same for small text.
pub(super) const SMALL_CHAR_WIDTH: f64 = 5.9;
/// The free space between a label and the next lifeline.
const LABEL_GAP: f64 = 20.0;
/// The length of an arrow with only one end in the chart.
pub(super) const STUB: f64 = 44.0;

/// Where the parts of a chart are.
pub(super) struct Layout<'a> {
    chart: &'a Chart<'a>,
    pub(super) steps: Steps,
    /// The distance between lifelines.
    pub(super) pitch: f64,
    /// The width of the picture.
    pub(super) width: f64,
    /// The upper end of the lifelines.
    pub(super) top: f64,
    /// The lower end of the lifelines.
    pub(super) bottom: f64,
    /// The first and the last time on the vertical axis.
    span: (Nanos, Nanos),
    /// The row that follows the events that are left out.
    gap_row: Option<usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(chart: &'a Chart<'a>, steps: Steps) -> Self {
        let is_narrow = chart.lifelines.len() > MAX_WIDE_LIFELINES;
        let pitch = if is_narrow { NARROW_PITCH } else { PITCH };
        let last_lifeline = chart.lifelines.len().saturating_sub(1) as f64;
        let min_width = if has_other_waits(chart) { MIN_WIDTH_WITH_OTHER_WAITS } else { MIN_WIDTH };
        let has_endless_wait = chart.waits.iter().any(|wait| wait.end.is_none());
        let gap_row = (chart.left_out.events > 0).then_some(chart.left_out.row);
        let rows =
            chart.rows.len() + usize::from(gap_row.is_some()) + 2 * usize::from(has_endless_wait);
        let top = if chart.process_name(0).is_some() { TOP_WITH_PROCESSES } else { TOP };
        let first_time = chart.rows.first().copied().unwrap_or(Nanos::ZERO);
        let last_time = chart.rows.last().copied().unwrap_or(Nanos::ZERO);
        let end = if has_endless_wait { chart.catalog.end.max(last_time) } else { last_time };
        Layout {
            chart,
            steps,
            pitch,
            width: (LEFT_MARGIN + last_lifeline * pitch + RIGHT_MARGIN).max(min_width),
            top,
            bottom: top + (rows + 1) as f64 * ROW,
            span: (first_time, end),
            gap_row,
        }
    }

    /// The height of the picture, including the legend and the note about left-out threads.
    pub(super) fn height(&self) -> f64 {
        let note = if self.chart.left_out.threads > 0 { 32.0 } else { 0.0 };
        self.bottom + 52.0 + note
    }

    pub(super) fn x(&self, lifeline: usize) -> f64 {
        LEFT_MARGIN + lifeline as f64 * self.pitch
    }

    pub(super) fn y(&self, anchor: Anchor) -> f64 {
        let Anchor { row, time, .. } = anchor;
        match self.steps {
            // A wait that ends among the events that are left out ends before the row after them.
            Steps::Even
                if self.gap_row == Some(row)
                    && self.chart.rows.get(row).is_none_or(|&after| time < after) =>
            {
                self.y_of_row(row) - ROW
            }
            Steps::Even => self.y_of_row(row),
            Steps::Real => self.y_of_time(time),
        }
    }

    pub(super) fn point(&self, anchor: Anchor) -> Point {
        (self.x(anchor.lifeline), self.y(anchor))
    }

    fn y_of_row(&self, row: usize) -> f64 {
        let is_after_gap = self.gap_row.is_some_and(|gap| row >= gap);
        self.top + ROW * (row + 1 + usize::from(is_after_gap)) as f64
    }

    fn y_of_time(&self, time: Nanos) -> f64 {
        let (begin, end) = self.span;
        let share = time.since(begin).share_of(end.since(begin));
        self.top + ROW + share * (self.bottom - self.top - 2.0 * ROW)
    }

    /// The vertical position of the note about events that are left out before a row.
    pub(super) fn y_of_gap(&self, row: usize) -> f64 {
        match self.steps {
            Steps::Even => self.y_of_row(row) - ROW,
            Steps::Real => {
                let y = |row: usize| self.chart.rows.get(row).map(|&time| self.y_of_time(time));
                let before = y(row.saturating_sub(1)).unwrap_or(self.top);
                (before + y(row).unwrap_or(self.bottom)) / 2.0
            }
        }
    }

    /// The times of the scale at the left, with their vertical positions.
    pub(super) fn scale(&self) -> Vec<(f64, Nanos)> {
        /// The minimum distance between ticks in real time.
        const MIN_TICK_DISTANCE: f64 = 60.0;
        match self.steps {
            Steps::Even => {
                let rows = self.chart.rows.iter().enumerate();
                rows.map(|(row, &time)| (self.y_of_row(row), time)).collect()
            }
            Steps::Real => {
                let count = ((self.bottom - self.top) / MIN_TICK_DISTANCE).max(2.0) as u64;
                let ticks = ticks(self.span, count).into_iter();
                ticks.map(|time| (self.y_of_time(time), time)).collect()
            }
        }
    }

    /// The maximum width of a label between two lifelines.
    pub(super) fn label_width(&self) -> f64 {
        self.pitch - LABEL_GAP
    }

    /// Maximum number of characters of a label between two lifelines, where an arrow takes the
    /// width `taken`.
    pub(super) fn label_chars(&self, taken: f64) -> usize {
        ((self.label_width() - taken) / CHAR_WIDTH) as usize
    }
}

/// Whether a thread waits for something that is not a channel.
pub(super) fn has_other_waits(chart: &Chart<'_>) -> bool {
    chart.waits.iter().any(|wait| wait.kind == WaitKind::Other)
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
