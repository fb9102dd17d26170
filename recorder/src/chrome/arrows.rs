//! The ends of arrows: flow events.

use std::io::Write;

use anyhow::Result;

use super::{Chrome, Event, Microseconds};
use crate::chains::Link;
use crate::items::{Arrow, Slice};

impl<W: Write> Chrome<'_, W> {
    /// Writes the ends of arrows that a slice has.
    pub(super) fn arrows(&mut self, slice: &Slice, pid: u64, tid: u64) -> Result<()> {
        let time = slice.begin;
        if let Some(Link { flow, begins, from }) = self.chains.link(slice) {
            let phase = if begins { "s" } else { "t" };
            self.flow(phase, pid, tid, time, "message", flow)?;
            if let Some(from) = from {
                self.flow("s", pid, tid, from, "chain", flow)?;
                self.flow("f", pid, tid, time, "chain", flow)?;
            }
            return Ok(());
        }
        // Both ends of an arrow are of one category.
        let name = slice.category.name();
        match &slice.arrow {
            None => Ok(()),
            Some(Arrow::From(ids)) => {
                ids.clone().try_for_each(|id| self.flow("s", pid, tid, time, name, id))
            }
            Some(Arrow::To(id)) => self.flow("f", pid, tid, time, name, *id),
        }
    }

    fn flow(
        &mut self,
        ph: &'static str,
        pid: u64,
        tid: u64,
        time: u64,
        name: &'static str,
        id: u64,
    ) -> Result<()> {
        self.write(&Event::<()> {
            ph,
            pid,
            tid,
            ts: Microseconds(time),
            dur: None,
            cat: name,
            name,
            id: Some(id),
            id2: None,
            bp: (ph == "f").then_some("e"),
            args: None,
        })
    }
}
