//! Packet sequences: what comes again is written once in each, and referred to by number.
//!
//! A trace begins with one sequence, on which everything can be told. A track of which there is
//! much to tell gets one of its own: what all its events have in common (the track itself, the
//! counter that most of them set) is then said once, and their times are differences.
//!
//! No packet says that it needs what was written before (`SEQ_NEEDS_INCREMENTAL_STATE`): that is
//! for traces of which parts get lost, and this is a file.

use rustc_hash::FxHashMap;

use super::fields::{
    clock, clock_snapshot, debug_annotation, interned_data, packet, source_location,
    trace_packet_defaults, track_event, track_event_defaults,
};
use super::names::{ARGUMENTS, Argument, CATEGORIES, Text, Word};
use super::wire::Message;
use crate::entities::Entities;
use crate::items::{Category, On, PANIC, Slice};

/// A packet sequence.
#[derive(Debug)]
pub(super) struct Sequence {
    number: u64,
    /// If it is one track's.
    own: Option<Own>,
    names: Interned<(Word, Option<On>, Word)>,
    texts: Interned<Text>,
    places: Interned<usize>,
    /// Which arguments and categories have their names: a bit for each.
    arguments: u64,
    categories: u64,
    shapes: Shapes,
    /// What the next packet introduces.
    introduced: Message,
}

/// What a sequence has that is one track's.
#[derive(Clone, Copy, Debug)]
struct Own {
    track: u64,
    counter: Option<u64>,
    /// The latest time of its clock.
    time: u64,
}

/// A clock of a sequence, whose times are differences.
const DIFFERENCES: u64 = 64;
const BOOTTIME: u64 = 6;

const INCREMENTAL_STATE_CLEARED: u64 = 1;

/// A field of `Trace`.
const TRACE_PACKET: u32 = 1;

impl Sequence {
    /// A sequence for all tracks; writes its begin.
    pub(super) fn shared(number: u64, out: &mut Message) -> Self {
        let sequence = Sequence::new(number, None);
        sequence.begin(out, |_| {});
        sequence
    }

    /// A sequence for one track, which may count on one counter; writes its begin.
    pub(super) fn of(track: u64, counter: Option<u64>, number: u64, out: &mut Message) -> Self {
        let sequence = Sequence::new(number, Some(Own { track, counter, time: 0 }));
        sequence.begin(out, |packet| {
            packet.number(packet::TIMESTAMP, 0);
            packet.number(packet::TIMESTAMP_CLOCK_ID, BOOTTIME);
            packet.nested(packet::TRACE_PACKET_DEFAULTS, |defaults| {
                defaults.number(trace_packet_defaults::TIMESTAMP_CLOCK_ID, DIFFERENCES);
                defaults.nested(trace_packet_defaults::TRACK_EVENT_DEFAULTS, |defaults| {
                    defaults.number(track_event_defaults::TRACK_UUID, track);
                    if let Some(counter) = counter {
                        defaults.number(track_event_defaults::EXTRA_COUNTER_TRACK_UUIDS, counter);
                    }
                });
            });
            packet.nested(packet::CLOCK_SNAPSHOT, |snapshot| {
                snapshot.nested(clock_snapshot::CLOCKS, |clock| {
                    clock.number(clock::ID, BOOTTIME);
                    clock.number(clock::TIMESTAMP, 0);
                });
                snapshot.nested(clock_snapshot::CLOCKS, |clock| {
                    clock.number(clock::ID, DIFFERENCES);
                    clock.number(clock::TIMESTAMP, 0);
                    clock.number(clock::IS_INCREMENTAL, 1);
                });
            });
        });
        sequence
    }

    fn new(number: u64, own: Option<Own>) -> Self {
        Sequence {
            number,
            own,
            names: Interned::default(),
            texts: Interned::default(),
            places: Interned::default(),
            arguments: 0,
            categories: 0,
            shapes: Shapes::default(),
            introduced: Message::default(),
        }
    }

    fn begin(&self, out: &mut Message, fill: impl FnOnce(&mut Message)) {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.number(packet::SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
            fill(packet);
        });
    }

    /// Writes the description of a track.
    pub(super) fn describe(&self, out: &mut Message, fill: impl FnOnce(&mut Message)) {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.nested(packet::TRACK_DESCRIPTOR, fill);
        });
    }

    /// Writes an event, and with it what it is the first to name.
    #[inline]
    pub(super) fn event(
        &mut self,
        out: &mut Message,
        track: u64,
        time: u64,
        fill: impl FnOnce(&mut Message, &mut Sequence),
    ) {
        out.nested(TRACE_PACKET, |packet| {
            self.stamp(packet, time);
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.nested(packet::TRACK_EVENT, |event| {
                if self.own.is_none_or(|own| own.track != track) {
                    event.number(track_event::TRACK_UUID, track);
                }
                fill(event, self);
            });
            if !self.introduced.is_empty() {
                packet.message(packet::INTERNED_DATA, &self.introduced);
                self.introduced.clear();
            }
        });
    }

    /// Adds a packet's time.
    #[inline]
    fn stamp(&mut self, packet: &mut Message, time: u64) {
        match &mut self.own {
            Some(own) if own.time <= time => {
                packet.number(packet::TIMESTAMP, time - own.time);
                own.time = time;
            }
            own => {
                packet.number(packet::TIMESTAMP, time);
                if own.is_some() {
                    packet.number(packet::TIMESTAMP_CLOCK_ID, BOOTTIME);
                }
            }
        }
    }

    /// Adds a counter's value at the event's time.
    #[inline]
    pub(super) fn count(&self, event: &mut Message, counter: u64, value: u64) {
        if self.own.is_none_or(|own| own.counter != Some(counter)) {
            event.number(track_event::EXTRA_COUNTER_TRACK_UUIDS, counter);
        }
        event.number(track_event::EXTRA_COUNTER_VALUES, value);
    }

    /// Adds what the slice has in common with others like it.
    #[inline]
    pub(super) fn shape(&mut self, event: &mut Message, slice: &Slice, entities: &Entities) {
        let shape = Shape::of(slice);
        if let Some(fields) = self.shapes.recent(&shape) {
            return event.encoded(fields);
        }
        if !self.shapes.recall(&shape) {
            let fields = self.fields(slice, entities);
            self.shapes.insert(shape, fields);
        }
        event.encoded(self.shapes.latest());
    }

    /// The fields of a shape.
    #[cold]
    fn fields(&mut self, slice: &Slice, entities: &Entities) -> Message {
        let mut event = Message::default();
        let instant = slice.end == Some(slice.begin);
        let kind = if instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        event.number(track_event::TYPE, kind);
        self.category(&mut event, slice.category.name());
        if has_name(slice) {
            let key = (Word(slice.verb), slice.on, Word(slice.note));
            let (number, new) = self.names.number(key);
            if new {
                let name = slice.name(entities);
                intern(&mut self.introduced, interned_data::EVENT_NAMES, number, &name);
            }
            event.number(track_event::NAME_IID, number);
        }
        if let Some(site) = slice.site {
            self.place(&mut event, site, entities);
        }
        for (argument, text) in Text::of(slice, entities) {
            self.annotate_text(&mut event, argument, text, entities);
        }
        event
    }

    pub(super) fn category(&mut self, event: &mut Message, name: &str) {
        let index = CATEGORIES.iter().position(|known| *known == name).unwrap_or(0);
        let number = index as u64 + 1;
        if self.categories & 1 << index == 0 {
            self.categories |= 1 << index;
            intern(&mut self.introduced, interned_data::EVENT_CATEGORIES, number, name);
        }
        event.number(track_event::CATEGORY_IIDS, number);
    }

    /// Adds a place in the source.
    pub(super) fn place(&mut self, event: &mut Message, site: usize, entities: &Entities) {
        let (number, new) = self.places.number(site);
        if new {
            let site = &entities.sites[site];
            self.introduced.nested(interned_data::SOURCE_LOCATIONS, |place| {
                place.number(source_location::IID, number);
                place.text(source_location::FILE_NAME, &site.file);
                place.number(source_location::LINE_NUMBER, site.line.into());
            });
        }
        event.number(track_event::SOURCE_LOCATION_IID, number);
    }

    /// Adds an argument that is a number.
    #[inline]
    pub(super) fn annotate(&mut self, event: &mut Message, argument: Argument, value: u64) {
        let name = self.argument(argument);
        event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
            annotation.number(debug_annotation::NAME_IID, name);
            annotation.number(debug_annotation::UINT_VALUE, value);
        });
    }

    /// Adds an argument that is a text which comes again.
    pub(super) fn annotate_text(
        &mut self,
        event: &mut Message,
        argument: Argument,
        text: Text,
        entities: &Entities,
    ) {
        let name = self.argument(argument);
        let (number, new) = self.texts.number(text);
        if new {
            let kind = interned_data::DEBUG_ANNOTATION_STRING_VALUES;
            intern(&mut self.introduced, kind, number, text.words(entities));
        }
        event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
            annotation.number(debug_annotation::NAME_IID, name);
            annotation.number(debug_annotation::STRING_VALUE_IID, number);
        });
    }

    /// Adds an argument that does not come again.
    pub(super) fn annotate_once(&mut self, event: &mut Message, argument: Argument, text: &str) {
        let name = self.argument(argument);
        event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
            annotation.number(debug_annotation::NAME_IID, name);
            annotation.text(debug_annotation::STRING_VALUE, text);
        });
    }

    /// The number of an argument's name.
    #[inline]
    fn argument(&mut self, argument: Argument) -> u64 {
        let index = argument as u64;
        if self.arguments & 1 << index == 0 {
            self.arguments |= 1 << index;
            let name = ARGUMENTS[index as usize];
            let kind = interned_data::DEBUG_ANNOTATION_NAMES;
            intern(&mut self.introduced, kind, index + 1, name);
        }
        index + 1
    }
}

/// Whether the slice's name comes again.
pub(super) fn has_name(slice: &Slice) -> bool {
    slice.category != Category::Log && slice.verb != PANIC
}

/// Gives `text` a number. All kinds of interned text have the same two fields.
fn intern(introduced: &mut Message, kind: u32, number: u64, text: &str) {
    const IID: u32 = 1;
    const TEXT: u32 = 2;
    introduced.nested(kind, |entry| {
        entry.number(IID, number);
        entry.text(TEXT, text);
    });
}

/// Numbers of what has been written once.
///
/// Whoever makes a recording that is slow to look up harms nobody else: a fast hash is good
/// enough.
#[derive(Debug)]
struct Interned<K>(FxHashMap<K, u64>);

impl<K> Default for Interned<K> {
    fn default() -> Self {
        Interned(FxHashMap::default())
    }
}

impl<K: std::hash::Hash + Eq> Interned<K> {
    /// The number, from 1, and whether it is new.
    fn number(&mut self, key: K) -> (u64, bool) {
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}

/// What slices that are alike have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    instant: bool,
    category: Category,
    verb: Word,
    note: Word,
    operation: Word,
    on: Option<On>,
    endpoint: Option<u32>,
    site: Option<usize>,
}

impl Shape {
    #[inline]
    fn of(slice: &Slice) -> Self {
        Shape {
            instant: slice.end == Some(slice.begin),
            category: slice.category,
            verb: Word(slice.verb),
            note: Word(slice.note),
            operation: Word(slice.operation),
            on: slice.on,
            endpoint: slice.endpoint,
            site: slice.site,
        }
    }
}

/// The shapes of a sequence, with their fields as they are written.
#[derive(Debug, Default)]
struct Shapes {
    all: Vec<(Shape, Message)>,
    places: FxHashMap<Shape, usize>,
    /// Those that were met last: a thread does the same few things again and again.
    recent: [usize; RECENT],
    /// Which of those was met last.
    latest: usize,
}

const RECENT: usize = 4;

impl Shapes {
    /// The shape's fields, if it is one of those that were met last.
    #[inline]
    fn recent(&self, shape: &Shape) -> Option<&[u8]> {
        let recent = self.recent.iter().filter_map(|&place| self.all.get(place));
        recent.filter(|(known, _)| known == shape).map(|(_, fields)| fields.bytes()).next()
    }

    /// Makes the shape one that was met last; tells whether it is known.
    fn recall(&mut self, shape: &Shape) -> bool {
        let Some(&place) = self.places.get(shape) else { return false };
        self.latest = (self.latest + 1) % RECENT;
        self.recent[self.latest] = place;
        true
    }

    fn insert(&mut self, shape: Shape, fields: Message) {
        self.places.insert(shape, self.all.len());
        self.all.push((shape, fields));
        self.recall(&shape);
    }

    /// The fields of the shape that was recalled last.
    fn latest(&self) -> &[u8] {
        self.all[self.recent[self.latest]].1.bytes()
    }
}
