//! The states of threads. A track of its own below that of the thread has them, which the viewer
//! shows just above it: spans, which last through several states, are on the thread's.

use std::io::Write;

use anyhow::Result;

use super::Perfetto;
use super::fields::{interned_data, track_descriptor, track_event};
use super::names::{category, intern};
use crate::items::State;

impl<W: Write> Perfetto<'_, W> {
    pub(super) fn state(&mut self, state: &State) -> Result<()> {
        let track = self.state_track(state.thread)?;
        let (number, new) = self.names.number((state.name, None, ""));
        if new {
            intern(&mut self.interned, interned_data::EVENT_NAMES, number, state.name);
        }
        self.event(state.begin, track_event::SLICE_BEGIN, track, |event| {
            event.number(track_event::CATEGORY_IIDS, category("state"));
            event.number(track_event::NAME_IID, number);
        })?;
        match state.end {
            Some(end) => self.event(end, track_event::SLICE_END, track, |_| {}),
            None => Ok(()),
        }
    }

    /// The track of a thread's states, which is described when it is first needed.
    fn state_track(&mut self, thread: usize) -> Result<u64> {
        if let Some(track) = self.states[thread] {
            return Ok(track);
        }
        let name = format!("state of {}", self.entities.threads[thread].name);
        let track = self.track(Some(self.threads[thread]), |track| {
            track.text(track_descriptor::NAME, &name);
        })?;
        self.states[thread] = Some(track);
        Ok(track)
    }
}
