//! Packet sequences: what comes again is written once in each, and referred to by number.
//!
//! A trace begins with one sequence, on which everything can be told. A track of which there is
//! much to tell gets one of its own: what all its events have in common (the track itself, the
//! counter that most of them set) is then said once. Times are those of the trace all the same: for
//! a clock of a sequence's own, as differences would need one, the viewer shows a track.
//!
//! No packet says that it needs what was written before (`SEQ_NEEDS_INCREMENTAL_STATE`): that is
//! for traces of which parts get lost, and this is a file.

use rustc_hash::FxHashMap;

use super::fields::{
    debug_annotation, interned_data, packet, trace_packet_defaults, track_event,
    track_event_defaults,
};
use super::names::{ARGUMENTS, Argument, TOPICS, Text, Topic};
use super::wire::{Message, Stream};
use crate::export::templates::{Shape, Shapes, Word};
use crate::reading::catalog::Entities;
use crate::timeline::item::{On, Slice};

/// A packet sequence.
#[derive(Debug)]
pub(super) struct Sequence {
    number: u64,
    /// If it is one track's.
    own: Option<Own>,
    names: Interned<(Word, Option<On>, Word)>,
    texts: Interned<Text>,
    /// Which arguments and topics have their names: a bit for each.
    arguments: u64,
    topics: u64,
    /// The fields of slices that are alike, as they are written.
    shapes: Shapes<Message>,
    /// What the next packet introduces.
    introduced: Message,
}

/// What a sequence has that is one track's.
#[derive(Clone, Copy, Debug)]
struct Own {
    track: u64,
    counter: Option<u64>,
}

const INCREMENTAL_STATE_CLEARED: u64 = 1;

/// A field of `Trace`.
const TRACE_PACKET: u32 = 1;

impl Sequence {
    /// A sequence for all tracks; writes its begin.
    pub(super) fn shared(number: u64, out: &mut Stream) -> Self {
        let sequence = Sequence::new(number, None);
        sequence.begin(out, |_| {});
        sequence
    }

    /// A sequence for one track, which may count on one counter; writes its begin.
    pub(super) fn of(track: u64, counter: Option<u64>, number: u64, out: &mut Stream) -> Self {
        let sequence = Sequence::new(number, Some(Own { track, counter }));
        sequence.begin(out, |packet| {
            packet.nested(packet::TRACE_PACKET_DEFAULTS, |defaults| {
                defaults.nested(trace_packet_defaults::TRACK_EVENT_DEFAULTS, |defaults| {
                    defaults.number(track_event_defaults::TRACK_UUID, track);
                    if let Some(counter) = counter {
                        defaults.number(track_event_defaults::EXTRA_COUNTER_TRACK_UUIDS, counter);
                    }
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
            arguments: 0,
            topics: 0,
            shapes: Shapes::new(),
            introduced: Message::default(),
        }
    }

    fn begin(&self, out: &mut Stream, fill: impl FnOnce(&mut Message)) {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.number(packet::SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
            fill(packet);
        });
    }

    /// Writes the description of a track.
    pub(super) fn describe(&self, out: &mut Stream, fill: impl FnOnce(&mut Message)) {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.nested(packet::TRACK_DESCRIPTOR, fill);
        });
    }

    /// Writes an event, and with it what it is the first to name.
    #[inline]
    pub(super) fn event(
        &mut self,
        event: &mut Event,
        track: u64,
        time: u64,
        fill: impl FnOnce(&mut Event, &mut Sequence),
    ) {
        event.begin();
        if self.own.is_none_or(|own| own.track != track) {
            event.number(track_event::TRACK_UUID, track);
        }
        fill(event, self);
        let Event { stream, rest } = event;
        if rest.is_empty() && self.introduced.is_empty() {
            let length = stream.length();
            stream.number(packet::TIMESTAMP, time);
            stream.number(packet::SEQUENCE_ID, self.number);
            return stream.end(TRACE_PACKET, packet::TRACK_EVENT, length);
        }
        stream.move_to(rest);
        stream.give_up();
        stream.nested(TRACE_PACKET, |packet| {
            packet.message(packet::TRACK_EVENT, rest);
            packet.number(packet::TIMESTAMP, time);
            packet.number(packet::SEQUENCE_ID, self.number);
            if !self.introduced.is_empty() {
                packet.message(packet::INTERNED_DATA, &self.introduced);
                self.introduced.clear();
            }
        });
    }

    /// Adds a counter's value at the event's time.
    #[inline]
    pub(super) fn count(&self, event: &mut Event, counter: u64, value: u64) {
        if self.own.is_none_or(|own| own.counter != Some(counter)) {
            event.number(track_event::EXTRA_COUNTER_TRACK_UUIDS, counter);
        }
        event.number(track_event::EXTRA_COUNTER_VALUES, value);
    }

    /// Adds what the slice has in common with others like it.
    #[inline]
    pub(super) fn shape(&mut self, event: &mut Event, slice: &Slice, entities: &Entities) {
        let shape = Shape::of(slice, entities);
        let place = match self.shapes.find(&shape) {
            Some(place) => place,
            None => {
                let fields = self.fields(slice, entities);
                self.shapes.insert(shape, fields)
            }
        };
        event.encoded(self.shapes.at(place).bytes());
    }

    /// The fields of a shape.
    #[cold]
    fn fields(&mut self, slice: &Slice, entities: &Entities) -> Message {
        let mut event = Message::default();
        let instant = slice.end == Some(slice.begin);
        let kind = if instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        event.number(track_event::TYPE, kind);
        self.topic(&mut event, Topic::of(slice.category));
        if !slice.is_named_by_words() {
            let key = (Word(slice.verb), slice.on, Word(slice.note));
            self.name(&mut event, key, || slice.name(entities));
        }
        for (argument, text) in Text::of(slice, entities) {
            self.annotate_text(&mut event, argument, text, entities);
        }
        event
    }

    fn name(
        &mut self,
        event: &mut impl Numbers,
        key: (Word, Option<On>, Word),
        name: impl FnOnce() -> String,
    ) {
        let (number, new) = self.names.number(key);
        if new {
            intern(&mut self.introduced, interned_data::EVENT_NAMES, number, &name());
        }
        event.number(track_event::NAME_IID, number);
    }

    /// Adds a name that is of the program's own words.
    pub(super) fn words(&mut self, event: &mut Event, first: &'static str, last: &'static str) {
        self.name(event, (Word(first), None, Word(last)), || [first, last].concat());
    }

    /// Adds what the event is about.
    #[inline]
    pub(super) fn topic(&mut self, event: &mut impl Numbers, topic: Topic) {
        let number = topic as u64 + 1;
        if self.topics & 1 << topic as u64 == 0 {
            self.topics |= 1 << topic as u64;
            let name = TOPICS[topic as usize];
            intern(&mut self.introduced, interned_data::EVENT_CATEGORIES, number, name);
        }
        event.number(track_event::CATEGORY_IIDS, number);
    }

    /// Adds an argument that is a number.
    #[inline]
    pub(super) fn annotate(&mut self, event: &mut Event, argument: Argument, value: u64) {
        let name = (debug_annotation::NAME_IID, self.argument(argument));
        event.pair(track_event::DEBUG_ANNOTATIONS, name, (debug_annotation::UINT_VALUE, value));
    }

    /// Adds an argument that is a text which comes again.
    pub(super) fn annotate_text(
        &mut self,
        event: &mut impl Numbers,
        argument: Argument,
        text: Text,
        entities: &Entities,
    ) {
        let name = (debug_annotation::NAME_IID, self.argument(argument));
        let (number, new) = self.texts.number(text);
        if new {
            let kind = interned_data::DEBUG_ANNOTATION_STRING_VALUES;
            intern(&mut self.introduced, kind, number, &text.words(entities));
        }
        let value = (debug_annotation::STRING_VALUE_IID, number);
        event.pair(track_event::DEBUG_ANNOTATIONS, name, value);
    }

    /// Adds an argument that does not come again.
    pub(super) fn annotate_once(&mut self, event: &mut Event, argument: Argument, text: &str) {
        let name = (debug_annotation::NAME_IID, self.argument(argument));
        let value = (debug_annotation::STRING_VALUE, text);
        if event.stream.has_room(text.len()) {
            event.stream.labelled(track_event::DEBUG_ANNOTATIONS, name, value);
            return;
        }
        event.rest.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
            annotation.number(name.0, name.1.into());
            annotation.text(value.0, value.1);
        });
    }

    /// The number of an argument's name.
    #[inline]
    fn argument(&mut self, argument: Argument) -> u8 {
        let number = argument as u8 + 1;
        if self.arguments & 1 << number == 0 {
            self.arguments |= 1 << number;
            let name = ARGUMENTS[argument as usize];
            let kind = interned_data::DEBUG_ANNOTATION_NAMES;
            intern(&mut self.introduced, kind, number.into(), name);
        }
        number
    }
}

/// An event that is being written: its fields, which may stand in any order.
#[derive(Debug)]
pub(super) struct Event {
    /// Where it goes, with all before it that is not in the file yet.
    pub(super) stream: Stream,
    /// What is not short enough for that.
    pub(super) rest: Message,
}

/// What takes fields that are numbers.
pub(super) trait Numbers {
    fn number(&mut self, field: u32, value: u64);

    /// A message of two numbers, of which the first is a small one of a field below 16.
    fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64));
}

impl Numbers for Message {
    fn number(&mut self, field: u32, value: u64) {
        Message::number(self, field, value);
    }

    fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64)) {
        self.nested(field, |pair| {
            pair.number(first.0, first.1.into());
            pair.number(second.0, second.1);
        });
    }
}

impl Numbers for Event {
    #[inline]
    fn number(&mut self, field: u32, value: u64) {
        self.room().number(field, value);
    }

    #[inline]
    fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64)) {
        self.room().pair(field, first, second);
    }
}

impl Event {
    pub(super) fn new() -> Self {
        Event { stream: Stream::new(), rest: Message::default() }
    }

    #[inline]
    fn begin(&mut self) {
        self.stream.begin();
        if !self.rest.is_empty() {
            self.rest.clear();
        }
    }

    /// Room for another number.
    #[inline]
    fn room(&mut self) -> &mut Stream {
        if !self.stream.has_room(0) {
            self.stream.move_to(&mut self.rest);
        }
        &mut self.stream
    }

    #[inline]
    fn encoded(&mut self, fields: &[u8]) {
        match self.stream.has_room(fields.len()) {
            true => self.stream.encoded(fields),
            false => self.rest.encoded(fields),
        }
    }

    #[inline]
    pub(super) fn fixed(&mut self, field: u32, value: u64) {
        self.room().fixed(field, value);
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        match self.stream.has_room(text.len()) {
            true => self.stream.text(field, text),
            false => self.rest.text(field, text),
        }
    }
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
