//! Arrows that are written after the slices that they connect.

use std::io::Write;

use anyhow::Result;

use super::fields::{legacy_event, packet, track_event};
use super::{NEEDS_INCREMENTAL_STATE, Perfetto, SEQUENCE};

impl<W: Write> Perfetto<'_, W> {
    /// Writes an arrow between two slices of a track that are written already. Only events of the
    /// older kind can do that: they go to whatever slice was the last to begin until then.
    pub(super) fn chain(&mut self, track: u64, number: u64, from: u64, to: u64) -> Result<()> {
        for (time, phase) in [(from, legacy_event::FLOW_BEGIN), (to, legacy_event::FLOW_END)] {
            self.packet(|packet, _| {
                packet.number(packet::TIMESTAMP, time);
                packet.number(packet::SEQUENCE_ID, SEQUENCE);
                packet.number(packet::SEQUENCE_FLAGS, NEEDS_INCREMENTAL_STATE);
                packet.nested(packet::TRACK_EVENT, |event| {
                    event.number(track_event::TRACK_UUID, track);
                    event.nested(track_event::LEGACY_EVENT, |legacy| {
                        legacy.number(legacy_event::PHASE, phase);
                        legacy.number(legacy_event::UNSCOPED_ID, number);
                        legacy.number(legacy_event::BIND_TO_ENCLOSING, 1);
                    });
                });
            })?;
        }
        Ok(())
    }
}
