//! The packets of a trace, in the order in which they are written.

use std::io;

use super::fields::{counter_descriptor, legacy_event, track_descriptor, track_event};
use super::sequence::Sequence;
use super::wire::Message;
use crate::export::ByteSink;
use crate::export::exporter::BUFFER_BYTES;
use crate::reading::Nanos;

/// Writes packets.
#[derive(Debug)]
pub(super) struct PacketWriter<S> {
    out: S,
    sequences: Vec<Sequence>,
    /// Packets that have not been written yet.
    packets: Message,
    /// The number of tracks. It is also the number of the latest.
    tracks: u64,
}

/// A track of slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct SliceTrack {
    uuid: u64,
    /// How many events it has had in the shared sequence.
    events: u32,
    /// The index of its sequence.
    sequence: usize,
}

/// A track with more events gets a sequence of its own: by then they have cost more bytes than the
/// start of a sequence.
const MAX_SHARED_EVENTS: u32 = 64;

/// The sequence of tracks without one of their own.
const SHARED: usize = 0;

impl SliceTrack {
    pub(super) fn new(uuid: u64) -> Self {
        SliceTrack { uuid, events: 0, sequence: SHARED }
    }

    pub(super) fn uuid(&self) -> u64 {
        self.uuid
    }
}

impl<S: ByteSink> PacketWriter<S> {
    pub(super) fn new(out: S) -> Self {
        let mut packets = Message::default();
        let shared = Sequence::shared(1, &mut packets);
        PacketWriter { out, sequences: vec![shared], packets, tracks: 0 }
    }

    /// Writes all that is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let length = self.packets.len();
        self.out.append(self.packets.buffer(), length)
    }

    /// Describes a track; returns its number.
    pub(super) fn track(
        &mut self,
        parent: Option<u64>,
        fill: impl FnOnce(&mut Message),
    ) -> io::Result<u64> {
        self.tracks += 1;
        let uuid = self.tracks;
        self.sequences[SHARED].describe(&mut self.packets, |track| {
            track.number(track_descriptor::UUID, uuid);
            if let Some(parent) = parent {
                track.number(track_descriptor::PARENT_UUID, parent);
            }
            fill(track);
        });
        self.write()?;
        Ok(uuid)
    }

    /// Describes a track whose children are shown in the order of their ranks.
    pub(super) fn group(&mut self, parent: u64, name: &str, rank: u64) -> io::Result<u64> {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.number(track_descriptor::CHILD_ORDERING, track_descriptor::EXPLICIT);
        })
    }

    /// Describes a track of slices in a group.
    pub(super) fn slice_track(
        &mut self,
        parent: u64,
        name: &str,
        rank: u64,
    ) -> io::Result<SliceTrack> {
        let uuid = self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
        })?;
        Ok(SliceTrack::new(uuid))
    }

    /// Describes a track of a counter.
    pub(super) fn counter_track(
        &mut self,
        parent: u64,
        name: &str,
        rank: u64,
        unit: &str,
    ) -> io::Result<u64> {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.nested(track_descriptor::COUNTER, |counter| {
                counter.text(counter_descriptor::UNIT_NAME, unit);
            });
        })
    }

    /// Writes an event. `counter` is the one that most events of the track set, if any.
    #[inline]
    pub(super) fn event(
        &mut self,
        track: &mut SliceTrack,
        time: Nanos,
        counter: Option<u64>,
        fill: impl FnOnce(&mut Message, &mut Sequence),
    ) -> io::Result<()> {
        if track.sequence == SHARED {
            self.count_shared(track, counter);
        }
        self.sequences[track.sequence].event(&mut self.packets, track.uuid, time, fill);
        self.write()
    }

    #[cold]
    fn count_shared(&mut self, track: &mut SliceTrack, counter: Option<u64>) {
        track.events += 1;
        if track.events > MAX_SHARED_EVENTS {
            track.sequence = self.sequences.len();
            let number = track.sequence as u64 + 1;
            let sequence = Sequence::of_track(track.uuid, counter, number, &mut self.packets);
            self.sequences.push(sequence);
        }
    }

    /// Writes the end of a slice.
    #[inline]
    pub(super) fn end(&mut self, track: &mut SliceTrack, time: Nanos) -> io::Result<()> {
        self.event(track, time, None, |event, _| {
            event.number(track_event::TYPE, track_event::SLICE_END);
        })
    }

    /// Writes the value of a counter.
    pub(super) fn count(&mut self, counter: u64, time: Nanos, value: u64) -> io::Result<()> {
        self.sequences[SHARED].event(&mut self.packets, counter, time, |event, _| {
            event.number(track_event::TYPE, track_event::COUNTER);
            event.number(track_event::COUNTER_VALUE, value);
        });
        self.write()
    }

    /// Writes a flow between two slices of a track that have been written before. Only legacy events
    /// can do that: they bind to the latest slice that has begun at their time.
    pub(super) fn late_flow(
        &mut self,
        track: &mut SliceTrack,
        number: u64,
        from: Nanos,
        to: Nanos,
    ) -> io::Result<()> {
        for (time, phase) in [(from, legacy_event::FLOW_BEGIN), (to, legacy_event::FLOW_END)] {
            self.event(track, time, None, |event, _| {
                event.nested(track_event::LEGACY_EVENT, |legacy| {
                    legacy.number(legacy_event::PHASE, phase);
                    legacy.number(legacy_event::UNSCOPED_ID, number);
                    legacy.number(legacy_event::BIND_TO_ENCLOSING, 1);
                });
            })?;
        }
        Ok(())
    }

    #[inline]
    fn write(&mut self) -> io::Result<()> {
        let length = self.packets.len();
        if length > BUFFER_BYTES {
            self.out.append(self.packets.buffer(), length)?;
            self.packets.clear();
        }
        Ok(())
    }
}
