//! The packets of a trace, as they are written.

use std::io::Write;

use anyhow::Result;

use super::fields::{counter_descriptor, track_descriptor, track_event};
use super::sequence::{Event, Numbers, Sequence};
use super::wire::Message;

/// Writes packets.
#[derive(Debug)]
pub(super) struct Packets<W> {
    out: W,
    sequences: Vec<Sequence>,
    /// The event that is being written, and what is not in the file yet.
    event: Event,
    /// Tracks so far: their numbers are counted.
    tracks: u64,
}

/// A track of slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    track: u64,
    /// How many events it has had.
    events: u32,
    /// The index of its sequence.
    sequence: usize,
}

/// A track that has so many events gets a sequence of its own: what they no longer say has then
/// outweighed what the sequence says anew.
const MANY: u32 = 64;

/// The sequence for what has no sequence of its own.
const SHARED: usize = 0;

impl Line {
    pub(super) fn new(track: u64) -> Self {
        Line { track, events: 0, sequence: SHARED }
    }

    pub(super) fn track(&self) -> u64 {
        self.track
    }
}

impl<W: Write> Packets<W> {
    pub(super) fn new(out: W) -> Self {
        let mut event = Event::new();
        let shared = Sequence::shared(1, &mut event.stream);
        Packets { out, sequences: vec![shared], event, tracks: 0 }
    }

    /// Writes what is still in memory.
    pub(super) fn finish(mut self) -> Result<()> {
        self.out.write_all(self.event.stream.bytes())?;
        Ok(self.out.flush()?)
    }

    /// Describes a track; gives its number.
    pub(super) fn track(
        &mut self,
        parent: Option<u64>,
        fill: impl FnOnce(&mut Message),
    ) -> Result<u64> {
        self.tracks += 1;
        let uuid = self.tracks;
        self.sequences[SHARED].describe(&mut self.event.stream, |track| {
            track.number(track_descriptor::UUID, uuid);
            if let Some(parent) = parent {
                track.number(track_descriptor::PARENT_UUID, parent);
            }
            fill(track);
        });
        self.write()?;
        Ok(uuid)
    }

    /// A track whose children stand in the order of their ranks.
    pub(super) fn group(&mut self, parent: u64, name: &str, rank: u64) -> Result<u64> {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.number(track_descriptor::CHILD_ORDERING, track_descriptor::EXPLICIT);
        })
    }

    /// A track of slices in a group.
    pub(super) fn line(&mut self, parent: u64, name: &str, rank: u64) -> Result<Line> {
        let track = self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
        })?;
        Ok(Line::new(track))
    }

    /// A track of a number that changes.
    pub(super) fn counter(
        &mut self,
        parent: u64,
        name: &str,
        rank: u64,
        unit: &str,
    ) -> Result<u64> {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.nested(track_descriptor::COUNTER, |counter| {
                counter.text(counter_descriptor::UNIT_NAME, unit);
            });
        })
    }

    /// Writes an event. Most of the events of the line set the same counter, if any.
    #[inline]
    pub(super) fn event(
        &mut self,
        line: &mut Line,
        time: u64,
        counter: Option<u64>,
        fill: impl FnOnce(&mut Event, &mut Sequence),
    ) -> Result<()> {
        if line.sequence == SHARED {
            self.met(line, counter);
        }
        self.sequences[line.sequence].event(&mut self.event, line.track, time, fill);
        self.write()
    }

    #[cold]
    fn met(&mut self, line: &mut Line, counter: Option<u64>) {
        line.events += 1;
        if line.events > MANY {
            line.sequence = self.sequences.len();
            let number = line.sequence as u64 + 1;
            self.sequences.push(Sequence::of(line.track, counter, number, &mut self.event.stream));
        }
    }

    /// Ends a slice.
    #[inline]
    pub(super) fn end(&mut self, line: &mut Line, time: u64) -> Result<()> {
        self.event(line, time, None, |event, _| {
            event.number(track_event::TYPE, track_event::SLICE_END);
        })
    }

    /// Writes a counter's value.
    pub(super) fn count(&mut self, counter: u64, time: u64, value: u64) -> Result<()> {
        self.sequences[SHARED].event(&mut self.event, counter, time, |event, _| {
            event.number(track_event::TYPE, track_event::COUNTER);
            event.number(track_event::COUNTER_VALUE, value);
        });
        self.write()
    }

    /// Writes what there is, if that is enough.
    #[inline]
    fn write(&mut self) -> Result<()> {
        let stream = &mut self.event.stream;
        if stream.is_full() {
            self.out.write_all(stream.bytes())?;
            stream.clear();
        }
        Ok(())
    }
}
