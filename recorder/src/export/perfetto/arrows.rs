//! Arrows that are written after the slices that they connect.

use std::io::Write;

use anyhow::Result;

use super::fields::{legacy_event, track_event};
use super::packets::{Line, Packets};

impl<W: Write> Packets<W> {
    /// Writes an arrow between two slices of a track that are written already. Only events of the
    /// older kind can do that: they go to whatever slice was the last to begin until then.
    pub(super) fn chain(&mut self, line: &mut Line, number: u64, from: u64, to: u64) -> Result<()> {
        for (time, phase) in [(from, legacy_event::FLOW_BEGIN), (to, legacy_event::FLOW_END)] {
            self.event(line, time, None, |event, _| {
                event.rest.nested(track_event::LEGACY_EVENT, |legacy| {
                    legacy.number(legacy_event::PHASE, phase);
                    legacy.number(legacy_event::UNSCOPED_ID, number);
                    legacy.number(legacy_event::BIND_TO_ENCLOSING, 1);
                });
            })?;
        }
        Ok(())
    }
}
