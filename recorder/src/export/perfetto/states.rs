//! The states of threads. A track of its own below that of the thread has them, which the viewer
//! shows just above it: spans, which last through several states, are on the thread's.

use std::io::Write;

use anyhow::Result;

use super::Perfetto;
use super::fields::track_event;
use super::names::{Argument, Topic};
use super::sequence::Numbers;
use crate::timeline::item::{MergedStates, State};

impl<W: Write> Perfetto<'_, W> {
    pub(super) fn state(&mut self, state: &State) -> Result<()> {
        let line = self.tracks.states(state.thread, &mut self.packets)?;
        self.packets.event(line, state.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::State);
            sequence.words(event, state.activity.name(), "");
        })?;
        match state.end {
            Some(end) => self.packets.end(line, end),
            None => Ok(()),
        }
    }

    pub(super) fn merged_states(&mut self, states: &MergedStates) -> Result<()> {
        let line = self.tracks.states(states.thread, &mut self.packets)?;
        self.packets.event(line, states.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::State);
            sequence.words(event, states.mostly().name(), " (mostly)");
            sequence.annotate(event, Argument::TotalMerged, states.count);
            for (activity, time) in states.times() {
                sequence.annotate(event, Argument::time(activity), time);
            }
        })?;
        self.packets.end(line, states.end)
    }
}
