//! The ends of arrows: flow events.

use std::io::Write;

use anyhow::Result;

use super::{Chrome, Track};
use crate::timeline::flows::Link;
use crate::timeline::item::{Arrow, Slice};

impl<W: Write> Chrome<'_, W> {
    /// Writes the ends of arrows that a slice has.
    #[inline]
    pub(super) fn arrows(&mut self, slice: &Slice) -> Result<()> {
        let (thread, time) = (slice.thread, slice.begin);
        if let Some(Link { flow, begins, from }) = self.chains.link(slice) {
            let phase = if begins { b's' } else { b't' };
            self.flow(phase, thread, time, "message", flow)?;
            if let Some(from) = from {
                self.flow(b's', thread, from, "chain", flow)?;
                self.flow(b'f', thread, time, "chain", flow)?;
            }
            return Ok(());
        }
        // Both ends of an arrow are of one category.
        let name = slice.category.name();
        match &slice.arrow {
            None => Ok(()),
            Some(Arrow::From(ids)) => {
                ids.clone().try_for_each(|id| self.flow(b's', thread, time, name, id))
            }
            Some(Arrow::To(id)) => self.flow(b'f', thread, time, name, *id),
        }
    }

    /// One end of an arrow.
    #[inline]
    fn flow(
        &mut self,
        phase: u8,
        thread: usize,
        time: u64,
        name: &'static str,
        id: u64,
    ) -> Result<()> {
        self.begin(phase, Track::Thread(thread), time)?;
        self.json.raw(",\"cat\":\"");
        self.json.raw(name);
        self.json.raw("\",\"name\":\"");
        self.json.raw(name);
        self.json.raw("\",\"id\":");
        self.json.number(id);
        // It ends in the slice that encloses its end.
        self.json.raw(if phase == b'f' { ",\"bp\":\"e\"}" } else { "}" });
        Ok(())
    }
}
