//! When the recording of a process paused.

use super::Nanos;

/// A time in which the recording of a process paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// Its start; `None` if that is not recorded, because a flight recorder has discarded the event.
    pub from: Option<Nanos>,
    /// Its end; `None` if the recording did not go on.
    pub to: Option<Nanos>,
}

/// The times in which the recording of a process paused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    list: Vec<Pause>,
    /// The same as spans of time, as far as they are known.
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    begin: Nanos,
    end: Nanos,
    /// The length of all earlier spans.
    before: Nanos,
}

impl Pauses {
    /// The pauses between these events, which are in the order of their times: at each the recording
    /// paused, or it went on. If a flight recorder has discarded the start of the first, that was
    /// before `complete_from`, and the pause counts from then on; one that has no end lasts until
    /// `end`.
    pub(super) fn new(
        events: impl IntoIterator<Item = (Nanos, bool)>,
        complete_from: Option<Nanos>,
        end: Nanos,
    ) -> Self {
        let mut pauses = Pauses::default();
        for (time, pauses_now) in events {
            let open = pauses.list.last_mut().filter(|pause| pause.to.is_none());
            match (open, pauses_now) {
                (Some(_), true) => {}
                (None, true) => pauses.list.push(Pause { from: Some(time), to: None }),
                (Some(open), false) => open.to = Some(time),
                (None, false) => pauses.list.push(Pause { from: None, to: Some(time) }),
            }
        }
        let mut complete_from = complete_from;
        for &Pause { from, to } in &pauses.list {
            let to = to.unwrap_or(end);
            let discarded = complete_from.take();
            let begin = from.or(discarded).unwrap_or(to);
            let last = pauses.spans.last().copied();
            let before = last.map_or(Nanos::ZERO, |last| last.before + last.end.since(last.begin));
            let begin = begin.max(last.map_or(Nanos::ZERO, |last| last.end));
            if begin < to {
                pauses.spans.push(Span { begin, end: to, before });
            }
        }
        pauses
    }

    /// The pauses, in order.
    pub fn list(&self) -> &[Pause] {
        &self.list
    }

    /// How much of the time between these the recording paused, as far as that is known.
    pub fn between(&self, begin: Nanos, end: Nanos) -> Nanos {
        self.until(end).since(self.until(begin))
    }

    /// How long the recording paused until this time.
    fn until(&self, time: Nanos) -> Nanos {
        let begun = self.spans.partition_point(|span| span.begin < time);
        let Some(last) = begun.checked_sub(1).map(|index| self.spans[index]) else {
            return Nanos::ZERO;
        };
        last.before + last.end.min(time).since(last.begin)
    }

    /// The first of the pauses that are not over at this time: its start and its end.
    pub(crate) fn next(&self, time: Nanos) -> Option<(Nanos, Nanos)> {
        let over = self.spans.partition_point(|span| span.end <= time);
        self.spans.get(over).map(|span| (span.begin, span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(events: &[(u64, bool)], complete_from: Option<u64>) -> Pauses {
        let events = events.iter().map(|&(time, pauses)| (Nanos::new(time), pauses));
        Pauses::new(events, complete_from.map(Nanos::new), Nanos::new(100))
    }

    #[test]
    fn the_time_of_pauses_is_that_between_their_events() {
        let pauses = pauses(&[(10, true), (12, true), (20, false), (30, false), (60, true)], None);
        assert_eq!(pauses.list().len(), 3);
        let between = |begin, end| pauses.between(Nanos::new(begin), Nanos::new(end)).get();
        assert_eq!((between(0, 100), between(0, 15), between(12, 18)), (50, 5, 6));
        assert_eq!((between(15, 70), between(20, 60), between(80, 70)), (15, 0, 0));
        let next =
            |time| pauses.next(Nanos::new(time)).map(|(begin, end)| (begin.get(), end.get()));
        assert_eq!(
            [0, 10, 20, 99].map(next),
            [Some((10, 20)), Some((10, 20)), Some((60, 100)), Some((60, 100))]
        );
        assert_eq!(next(100), None);
    }

    #[test]
    fn a_pause_that_began_in_discarded_blocks_lasts_from_where_the_recording_is_complete() {
        let length = |pauses: &Pauses| pauses.between(Nanos::ZERO, Nanos::new(100)).get();
        assert_eq!(length(&pauses(&[(50, false)], Some(20))), 30);
        assert_eq!(length(&pauses(&[(50, false)], None)), 0);
        assert_eq!(length(&pauses(&[(10, false)], Some(20))), 0);
    }
}
