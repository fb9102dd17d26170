//! Packet sequences. Repeated parts are written once in each sequence, and referred to by number.
//!
//! A trace starts with one sequence, which can hold events of every track. A track with many events
//! gets a sequence of its own, in which the properties that they share (the track, and the counter
//! that most of them set) are written once. Times are those of the trace: a clock of the sequence
//! itself, which differences would need, makes the viewer show another track.
//!
//! No packet is marked as needing earlier ones (`SEQ_NEEDS_INCREMENTAL_STATE`): that is for traces of
//! which parts get lost, and this is a file.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::fields::{
    debug_annotation, interned_data, packet, trace_packet_defaults, track_event,
    track_event_defaults,
};
use super::packets::Track;
use super::wire::{Message, Template};
use crate::export::attributes::{self, Attribute, Label};
use crate::export::templates::{TemplateKey, Templates};
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, Target};
use crate::timeline::item::{self, Slice};

/// A packet sequence.
#[derive(Debug)]
pub(super) struct Sequence {
    number: u64,
    /// The only track of the sequence; `None` if it is shared.
    track: Option<Track>,
    /// The counter that most events of that track set.
    counter: Option<Track>,
    /// By verb, target and note.
    names: Interned<NameKey>,
    labels: Interned<Label>,
    colours: Interned<&'static str>,
    /// The attributes and the categories whose names are written: a bit for each.
    attributes: u64,
    categories: u64,
    /// The common fields of slices.
    templates: Templates<Template>,
    /// Names that the next packet introduces.
    introduced: Message,
}

/// The numbers of texts that have been written, from 1.
///
/// A fast hash is enough: a forged recording that is slow to look up harms only its author.
type Interned<K> = FxHashMap<K, u64>;

type NameKey = (&'static str, Option<Target>, &'static str);

/// The category of an event: its number, which is below 64, and its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Category(u64, &'static str);

impl Category {
    const CHANNEL: Self = Category(1, "channel");
    pub(super) const MESSAGE: Self = Category(2, "message");
    const PRIMITIVE: Self = Category(3, "primitive");
    const THREAD: Self = Category(4, "thread");
    const SPAN: Self = Category(5, "span");
    const LOG: Self = Category(6, "log");
    pub(super) const LOCK: Self = Category(7, "lock");
    pub(super) const FINDING: Self = Category(8, "finding");
    pub(super) const STATE: Self = Category(9, "state");
    pub(super) const MERGED: Self = Category(10, "merged");

    fn of(slice: &Slice) -> Self {
        match slice.category() {
            item::Category::Channel => Category::CHANNEL,
            item::Category::Primitive => Category::PRIMITIVE,
            item::Category::Thread => Category::THREAD,
            item::Category::Span => Category::SPAN,
            item::Category::Log => Category::LOG,
        }
    }
}

const INCREMENTAL_STATE_CLEARED: u64 = 1;

/// A field of `Trace`.
const TRACE_PACKET: u32 = 1;

impl Sequence {
    /// A sequence for all tracks, or for one, most of whose events set this counter. Writes its
    /// start.
    pub(super) fn new(
        number: u64,
        track: Option<Track>,
        counter: Option<Track>,
        out: &mut Message,
    ) -> Self {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, number);
            packet.number(packet::SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
            let Some(Track(track)) = track else { return };
            packet.nested(packet::TRACE_PACKET_DEFAULTS, |defaults| {
                defaults.nested(trace_packet_defaults::TRACK_EVENT_DEFAULTS, |defaults| {
                    defaults.number(track_event_defaults::TRACK_UUID, track);
                    if let Some(Track(counter)) = counter {
                        defaults.number(track_event_defaults::EXTRA_COUNTER_TRACK_UUIDS, counter);
                    }
                });
            });
        });
        Sequence {
            number,
            track,
            counter,
            names: Interned::default(),
            labels: Interned::default(),
            colours: Interned::default(),
            attributes: 0,
            categories: 0,
            templates: Templates::new(),
            introduced: Message::default(),
        }
    }

    /// Writes the description of a track.
    pub(super) fn describe(&self, out: &mut Message, fill: impl FnOnce(&mut Message)) {
        out.nested(TRACE_PACKET, |packet| {
            packet.number(packet::SEQUENCE_ID, self.number);
            packet.nested(packet::TRACK_DESCRIPTOR, fill);
        });
    }

    /// Writes an event, and the names that it is the first to use.
    #[inline(always)]
    pub(super) fn event(
        &mut self,
        out: &mut Message,
        track: Track,
        time: Nanos,
        fill: impl FnOnce(&mut Message, &mut Sequence),
    ) {
        let whole = out.begin(TRACE_PACKET);
        let event = out.begin(packet::TRACK_EVENT);
        if self.track != Some(track) {
            out.number(track_event::TRACK_UUID, track.0);
        }
        fill(out, self);
        out.set_length(event);
        out.number(packet::TIMESTAMP, time.get());
        out.number(packet::SEQUENCE_ID, self.number);
        if !self.introduced.is_empty() {
            out.message(packet::INTERNED_DATA, self.introduced.bytes());
            self.introduced.clear();
        }
        out.set_length(whole);
    }

    /// Adds the value of a counter at the time of the event.
    #[inline(always)]
    pub(super) fn count(&self, event: &mut Message, counter: Track, value: u64) {
        if self.counter != Some(counter) {
            event.number(track_event::EXTRA_COUNTER_TRACK_UUIDS, counter.0);
        }
        event.number(track_event::EXTRA_COUNTER_VALUES, value);
    }

    /// Adds the fields that the slice has in common with similar ones.
    #[inline(always)]
    pub(super) fn template(&mut self, event: &mut Message, slice: &Slice, catalog: &Catalog) {
        let key = TemplateKey::of(slice, catalog);
        if let Some(template) = self.templates.get(key) {
            return event.template(template);
        }
        let start = event.len();
        self.new_template(event, slice, catalog);
        self.templates.insert(key, Template::from(&event.bytes()[start..]));
    }

    #[cold]
    fn new_template(&mut self, event: &mut Message, slice: &Slice, catalog: &Catalog) {
        let is_instant = slice.is_instant();
        let kind = if is_instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.kind(event, kind, Category::of(slice));
        if !slice.is_named_by_text() {
            let key = (slice.kind.verb(), slice.target, slice.kind.note().unwrap_or_default());
            self.name(event, key, || slice.name(catalog));
        }
        for (attribute, label) in attributes::labels(slice, catalog) {
            self.label(event, attribute, label, catalog);
        }
    }

    fn name(&mut self, event: &mut Message, key: NameKey, name: impl FnOnce() -> String) {
        let (number, is_new) = number(&mut self.names, key);
        if is_new {
            intern(&mut self.introduced, interned_data::EVENT_NAMES, number, &name());
        }
        event.number(track_event::NAME_IID, number);
    }

    /// Adds a name that consists of two constants.
    pub(super) fn constant_name(
        &mut self,
        event: &mut Message,
        first: &'static str,
        second: &'static str,
    ) {
        self.name(event, (first, None, second), || [first, second].concat());
    }

    /// Gives the event the colour that the viewer derives from this text.
    pub(super) fn colour(&mut self, event: &mut Message, text: &'static str) {
        let (number, is_new) = number(&mut self.colours, text);
        if is_new {
            intern(&mut self.introduced, interned_data::CORRELATION_ID_STR, number, text);
        }
        event.number(track_event::CORRELATION_ID_STR_IID, number);
    }

    /// Adds the type and the category.
    #[inline(always)]
    pub(super) fn kind(&mut self, event: &mut Message, kind: u64, category: Category) {
        let Category(number, name) = category;
        event.number(track_event::TYPE, kind);
        if self.categories & 1 << number == 0 {
            self.categories |= 1 << number;
            intern(&mut self.introduced, interned_data::EVENT_CATEGORIES, number, name);
        }
        event.number(track_event::CATEGORY_IIDS, number);
    }

    /// Adds an attribute that is a number.
    #[inline(always)]
    pub(super) fn number(&mut self, event: &mut Message, attribute: Attribute, value: u64) {
        let name = (debug_annotation::NAME_IID, self.attribute(attribute));
        event.pair(track_event::DEBUG_ANNOTATIONS, name, (debug_annotation::UINT_VALUE, value));
    }

    /// Adds an attribute whose value occurs many times.
    pub(super) fn label(
        &mut self,
        event: &mut Message,
        attribute: Attribute,
        label: Label,
        catalog: &Catalog,
    ) {
        let name = (debug_annotation::NAME_IID, self.attribute(attribute));
        let (number, is_new) = number(&mut self.labels, label);
        if is_new {
            let kind = interned_data::DEBUG_ANNOTATION_STRING_VALUES;
            intern(&mut self.introduced, kind, number, &label.text(catalog));
        }
        let value = (debug_annotation::STRING_VALUE_IID, number);
        event.pair(track_event::DEBUG_ANNOTATIONS, name, value);
    }

    /// Adds an attribute whose value occurs once.
    pub(super) fn text(&mut self, event: &mut Message, attribute: Attribute, text: &str) {
        let name = self.attribute(attribute);
        event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
            annotation.number(debug_annotation::NAME_IID, name.into());
            annotation.text(debug_annotation::STRING_VALUE, text);
        });
    }

    /// The number of the name of an attribute.
    #[inline(always)]
    fn attribute(&mut self, attribute: Attribute) -> u8 {
        let number = attribute as u8 + 1;
        if self.attributes & 1 << number == 0 {
            self.attributes |= 1 << number;
            let kind = interned_data::DEBUG_ANNOTATION_NAMES;
            intern(&mut self.introduced, kind, number.into(), attribute.name());
        }
        number
    }
}

/// Gives `text` a number. All kinds of interned texts have the same two fields.
#[cold]
fn intern(introduced: &mut Message, kind: u32, number: u64, text: &str) {
    const IID: u32 = 1;
    const TEXT: u32 = 2;
    introduced.nested(kind, |entry| {
        entry.number(IID, number);
        entry.text(TEXT, text);
    });
}

/// The number of `key`, and whether it is new.
fn number<K: Eq + Hash>(numbers: &mut Interned<K>, key: K) -> (u64, bool) {
    let next = numbers.len() as u64 + 1;
    let number = *numbers.entry(key).or_insert(next);
    (number, number == next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_fit_into_the_bits_for_them() {
        assert!(Attribute::ALL.len() < 63);
    }
}
