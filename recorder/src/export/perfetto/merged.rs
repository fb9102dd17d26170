//! Slices that stand for several.

use std::io::Write;

use anyhow::Result;

use super::Perfetto;
use super::fields::track_event;
use super::names::{Argument, Text, Topic};
use super::sequence::Numbers;
use crate::timeline::item::{Merged, On, Row};

impl<W: Write> Perfetto<'_, W> {
    pub(super) fn merged(&mut self, merged: &Merged) -> Result<()> {
        let entities = self.entities;
        let Merged { row, begin, end, .. } = *merged;
        let (line, topic, primitive) = match row {
            Row::Thread(thread) => {
                (self.tracks.thread(thread, &mut self.packets)?, Topic::Merged, None)
            }
            Row::Lock(primitive, lane) => (
                self.tracks.holds(primitive, lane, &mut self.packets)?,
                Topic::Lock,
                Some(On::Primitive(primitive)),
            ),
        };
        let (name, what) = (merged.name(entities), merged.what(entities));
        let instant = begin == end;
        let kind = if instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.packets.event(line, begin, None, |event, sequence| {
            event.number(track_event::TYPE, kind);
            sequence.topic(event, topic);
            event.text(track_event::NAME, &name);
            if let Some(on) = primitive {
                let label = Text::Label(on);
                sequence.annotate_text(event, Argument::Primitive, label, entities);
            }
            if !what.is_empty() {
                sequence.annotate_once(event, Argument::What, &what);
            }
            for &(total, value) in &merged.totals {
                sequence.annotate(event, Argument::of(total), value);
            }
        })?;
        if instant { Ok(()) } else { self.packets.end(line, end) }
    }
}
