//! The packets of a trace, in the order in which they are written.

use super::fields::{counter_descriptor, legacy_event, track_descriptor, track_event};
use super::sequence::Sequence;
use super::wire::Message;
use crate::reading::Nanos;

/// Writes packets.
#[derive(Debug)]
pub(super) struct PacketWriter {
    sequences: Vec<Sequence>,
    /// The packets that have been written.
    pub(super) packets: Message,
    tracks: Vec<TrackEvents>,
}

/// The number of a track, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track(pub(super) u64);

/// The properties of a counter's track.
#[derive(Clone, Copy, Debug)]
pub(super) struct CounterTrack {
    /// Its place among its siblings.
    pub(super) rank: u64,
    /// Follows each value in the viewer.
    pub(super) unit: &'static str,
}

impl CounterTrack {
    fn describe(self, track: &mut Message) {
        track.number(track_descriptor::SIBLING_ORDER_RANK, self.rank);
        track.nested(track_descriptor::COUNTER, |counter| {
            counter.text(counter_descriptor::UNIT_NAME, self.unit);
        });
    }
}

/// Where the events of a track are written.
#[derive(Debug)]
struct TrackEvents {
    /// How many events it has had in the shared sequence.
    shared: u32,
    /// The index of its sequence.
    sequence: usize,
}

/// A track with more events gets a sequence of its own: by then they have cost more bytes than the
/// start of a sequence.
const MAX_SHARED_EVENTS: u32 = 64;

/// The sequence of tracks without one of their own.
const SHARED: usize = 0;

impl PacketWriter {
    pub(super) fn new() -> Self {
        let mut packets = Message::default();
        let shared = Sequence::new(1, None, None, &mut packets);
        // The root of all tracks.
        shared.describe(&mut packets, |track| {
            track.number(track_descriptor::UUID, 0);
            track.number(track_descriptor::PROCESS_ORDERING, track_descriptor::ORDERED_BY_RANK);
            track.number(track_descriptor::THREAD_ORDERING, track_descriptor::ORDERED_BY_RANK);
        });
        PacketWriter { sequences: vec![shared], packets, tracks: Vec::new() }
    }

    /// Describes a track.
    pub(super) fn track(
        &mut self,
        parent: Option<Track>,
        fill: impl FnOnce(&mut Message),
    ) -> Track {
        self.tracks.push(TrackEvents { shared: 0, sequence: SHARED });
        let track = Track(self.tracks.len() as u64);
        self.describe(track, parent, fill);
        track
    }

    fn describe(&mut self, track: Track, parent: Option<Track>, fill: impl FnOnce(&mut Message)) {
        self.sequences[SHARED].describe(&mut self.packets, |description| {
            description.number(track_descriptor::UUID, track.0);
            if let Some(Track(parent)) = parent {
                description.number(track_descriptor::PARENT_UUID, parent);
            }
            fill(description);
        });
    }

    /// Describes a track whose children are shown in the order of their ranks.
    pub(super) fn group(&mut self, parent: Option<Track>, name: &str, rank: u64) -> Track {
        self.track(parent, |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.number(track_descriptor::CHILD_ORDERING, track_descriptor::EXPLICIT);
        })
    }

    /// Describes a track of slices in a group.
    pub(super) fn slice_track(&mut self, parent: Track, name: &str, rank: u64) -> Track {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
        })
    }

    /// Describes a track of a counter. It has no name until [`name_counter`](Self::name_counter)
    /// gives it one.
    pub(super) fn counter_track(&mut self, parent: Track, properties: CounterTrack) -> Track {
        self.track(Some(parent), |track| properties.describe(track))
    }

    /// Names a track of a counter, of which events may have been written. The viewer reads all
    /// descriptions before the first event, and takes the first name that it finds.
    pub(super) fn name_counter(
        &mut self,
        track: Track,
        parent: Track,
        properties: CounterTrack,
        name: &str,
    ) {
        self.describe(track, Some(parent), |track| {
            properties.describe(track);
            track.text(track_descriptor::NAME, name);
        });
    }

    /// Writes an event. `counter` is the one that most events of the track set, if any.
    #[inline]
    pub(super) fn event(
        &mut self,
        track: Track,
        time: Nanos,
        counter: Option<Track>,
        fill: impl FnOnce(&mut Message, &mut Sequence),
    ) {
        let sequence = match self.tracks[track.0 as usize - 1].sequence {
            SHARED => self.count_shared(track, counter),
            own => own,
        };
        self.sequences[sequence].event(&mut self.packets, track, time, fill);
    }

    /// Counts an event of a track without a sequence of its own; returns the one for this event.
    #[cold]
    fn count_shared(&mut self, track: Track, counter: Option<Track>) -> usize {
        let events = &mut self.tracks[track.0 as usize - 1];
        events.shared += 1;
        if events.shared > MAX_SHARED_EVENTS {
            events.sequence = self.sequences.len();
            let number = events.sequence as u64 + 1;
            self.sequences.push(Sequence::new(number, Some(track), counter, &mut self.packets));
        }
        events.sequence
    }

    /// Writes the end of a slice.
    #[inline]
    pub(super) fn end(&mut self, track: Track, time: Nanos) {
        self.event(track, time, None, |event, _| {
            event.number(track_event::TYPE, track_event::SLICE_END);
        });
    }

    /// Writes the value of a counter.
    pub(super) fn count(&mut self, counter: Track, time: Nanos, value: u64) {
        self.sequences[SHARED].event(&mut self.packets, counter, time, |event, _| {
            event.number(track_event::TYPE, track_event::COUNTER);
            event.number(track_event::COUNTER_VALUE, value);
        });
    }

    /// Writes a flow between two slices of a track that have been written before. Only legacy events
    /// can do that: they bind to the latest slice that has begun at their time.
    pub(super) fn late_flow(&mut self, track: Track, number: u64, from: Nanos, to: Nanos) {
        for (time, phase) in [(from, legacy_event::FLOW_BEGIN), (to, legacy_event::FLOW_END)] {
            self.event(track, time, None, |event, _| {
                event.nested(track_event::LEGACY_EVENT, |legacy| {
                    legacy.number(legacy_event::PHASE, phase);
                    legacy.number(legacy_event::UNSCOPED_ID, number);
                    legacy.number(legacy_event::BIND_TO_ENCLOSING, 1);
                });
            });
        }
    }
}
