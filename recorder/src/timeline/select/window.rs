//! A window of time.

use super::{Criteria, Error};
use crate::reading::Nanos;

/// A window of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

impl Window {
    /// The window of the criteria, in a recording that ends at `end`.
    ///
    /// # Errors
    /// The window ends before its start, or starts after the recording's end.
    pub(super) fn new(criteria: &Criteria, end: Nanos) -> Result<Self, Error> {
        let from = criteria.from.map_or(Nanos::ZERO, Nanos::from);
        let to = criteria.to.map_or(Nanos::MAX, Nanos::from);
        let problem = match from {
            _ if from > end => {
                format!("the recording is {end} long: there is nothing after {from}")
            }
            _ if from > to => format!("the time window ends at {to}, before its start at {from}"),
            _ => return Ok(Window { from, to }),
        };
        Err(Error::NotInRecording(problem))
    }

    /// Narrows the window to a time span with a margin on both sides.
    pub(super) fn narrow_to(&mut self, (begin, end): (Nanos, Nanos)) {
        /// The margin is this part of the span.
        const MARGIN: u64 = 10;
        let margin = Nanos::new(end.since(begin).get() / MARGIN);
        self.from = self.from.max(begin.since(margin));
        self.to = self.to.min(end + margin).max(self.from);
    }

    pub(super) fn contains(self, time: Nanos) -> bool {
        self.from <= time && time <= self.to
    }

    pub(super) fn overlaps(self, (begin, end): (Nanos, Nanos)) -> bool {
        begin <= self.to && end >= self.from
    }

    /// Whether a counter's change at `time` is shown as a change. A change at the start of the
    /// window is not: the counter starts with the new value. At the start of the trace there is no
    /// old one.
    pub(super) fn has_change_at(self, time: Nanos) -> bool {
        self.contains(time) && (time > self.from || self.from == Nanos::ZERO)
    }

    /// Returns the part of a time span that is in the window, if there is one. A span without an
    /// end gets one if the window ends before `end_of_trace`.
    pub(super) fn cut(
        self,
        begin: Nanos,
        end: Option<Nanos>,
        end_of_trace: Nanos,
    ) -> Option<(Nanos, Option<Nanos>)> {
        if begin > self.to || end.is_some_and(|end| end < self.from) {
            return None;
        }
        let cut_begin = begin.max(self.from);
        let cut_end = match end {
            None if self.to >= end_of_trace => None,
            end => Some(end.unwrap_or(self.to).min(self.to)),
        };
        // A span that only touches the window would seem to have no length.
        let only_touches = Some(cut_begin) == cut_end && Some(begin) != end;
        (!only_touches).then_some((cut_begin, cut_end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: u64, to: u64) -> Window {
        Window { from: Nanos::new(from), to: Nanos::new(to) }
    }

    #[test]
    fn a_window_cuts_spans_that_reach_beyond_it() {
        let cut = |begin, end: Option<u64>| {
            let cut = window(10, 20).cut(Nanos::new(begin), end.map(Nanos::new), Nanos::new(30));
            cut.map(|(begin, end)| (begin.get(), end.map(Nanos::get)))
        };
        assert_eq!(cut(12, Some(15)), Some((12, Some(15))));
        assert_eq!(cut(5, Some(25)), Some((10, Some(20))));
        assert_eq!(cut(10, Some(10)), Some((10, Some(10))));
        assert_eq!(cut(20, Some(20)), Some((20, Some(20))));
        assert_eq!(cut(12, None), Some((12, Some(20))));
        for (begin, end) in [(5, Some(10)), (20, Some(25)), (20, None), (21, None), (0, Some(9))] {
            assert_eq!(cut(begin, end), None, "{begin}..{end:?}");
        }
        let open = window(10, 30).cut(Nanos::new(12), None, Nanos::new(30));
        assert_eq!(open, Some((Nanos::new(12), None)));
    }

    #[test]
    fn a_narrow_window_has_a_margin_and_stays_in_the_wider_one() {
        let narrow = |mut window: Window, begin, end| {
            window.narrow_to((Nanos::new(begin), Nanos::new(end)));
            (window.from.get(), window.to.get())
        };
        assert_eq!(narrow(window(0, 1_000), 100, 200), (90, 210));
        assert_eq!(narrow(window(0, 1_000), 5, 105), (0, 115));
        assert_eq!(narrow(window(95, 205), 100, 200), (95, 205));
        // The span is not in the window.
        assert_eq!(narrow(window(500, 600), 100, 200), (500, 500));
    }

    #[test]
    fn a_change_at_the_start_of_a_window_is_not_shown_as_a_change() {
        assert!(!window(10, 20).has_change_at(Nanos::new(10)));
        assert!(window(10, 20).has_change_at(Nanos::new(20)));
        assert!(!window(10, 20).has_change_at(Nanos::new(21)));
        assert!(window(0, 20).has_change_at(Nanos::new(0)));
    }
}
