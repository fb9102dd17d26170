//! Merged slices and merged states.

use std::io;

use super::Perfetto;
use super::fields::track_event;
use super::sequence::Category;
use crate::export::ByteSink;
use crate::export::attributes::{Attribute, Label};
use crate::reading::catalog::Target;
use crate::timeline::item::{Merged, MergedStates, Row};

impl<S: ByteSink> Perfetto<'_, S> {
    pub(super) fn merged(&mut self, merged: &Merged) -> io::Result<()> {
        let catalog = self.catalog;
        let Merged { row, begin, end, .. } = *merged;
        let (track, category, lock) = match row {
            Row::Thread(thread) => {
                (self.tracks.thread(thread, &mut self.packets)?, Category::Merged, None)
            }
            Row::Lock(primitive, lane) => {
                let track = self.tracks.holds(primitive, lane, &mut self.packets)?;
                (track, Category::Lock, Some(Label::Target(Target::Primitive(primitive))))
            }
        };
        let (name, contents) = (merged.name(catalog), merged.contents(catalog));
        let is_instant = begin == end;
        let kind = if is_instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.packets.event(track, begin, None, |event, sequence| {
            event.number(track_event::TYPE, kind);
            sequence.category(event, category);
            event.text(track_event::NAME, &name);
            if let Some(lock) = lock {
                sequence.label(event, Attribute::Primitive, lock, catalog);
            }
            if !contents.is_empty() {
                sequence.text(event, Attribute::Contents, &contents);
            }
            for &(total, value) in &merged.totals {
                sequence.number(event, Attribute::of_total(total), value);
            }
        })?;
        if is_instant { Ok(()) } else { self.packets.end(track, end) }
    }

    pub(super) fn merged_states(&mut self, states: &MergedStates) -> io::Result<()> {
        let track = self.tracks.states(states.thread, &mut self.packets)?;
        self.packets.event(track, states.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.category(event, Category::State);
            sequence.constant_name(event, states.mostly().name(), " (mostly)");
            sequence.number(event, Attribute::TotalMerged, states.count);
            for (activity, time) in states.times() {
                sequence.number(event, Attribute::of_time(activity), time);
            }
        })?;
        self.packets.end(track, states.end)
    }
}
