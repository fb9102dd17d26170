//! Packet sequences. Repeated parts are written once in each sequence, and referred to by number.
//!
//! A trace starts with one sequence, which can hold events of every track. A track with many events
//! gets a sequence of its own, in which the properties that they share (the track, and the counter
//! that most of them set) are written once. Times are those of the trace: a clock of the sequence
//! itself, which differences would need, makes the viewer show another track.
//!
//! No packet is marked as needing earlier ones (`SEQ_NEEDS_INCREMENTAL_STATE`): that is for traces of
//! which parts get lost, and this is a file.

use rustc_hash::FxHashMap;

use super::fields::{
    debug_annotation, interned_data, packet, trace_packet_defaults, track_event,
    track_event_defaults,
};
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
    /// If it is that of one track.
    own: Option<OwnTrack>,
    /// By verb, target and note.
    names: Interned<(&'static str, Option<Target>, &'static str)>,
    labels: Interned<Label>,
    /// The attributes and the categories whose names are written: a bit for each.
    attributes: u64,
    categories: u64,
    /// The common fields of slices.
    templates: Templates<Template>,
    /// Names that the next packet introduces.
    introduced: Message,
}

/// The track of a sequence of its own.
#[derive(Clone, Copy, Debug)]
struct OwnTrack {
    track: u64,
    counter: Option<u64>,
}

/// The category of an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Category {
    Channel,
    Message,
    Primitive,
    Thread,
    Span,
    Log,
    Lock,
    Finding,
    State,
    Merged,
}

/// The names of the categories, in their order.
const CATEGORIES: [&str; 10] = [
    "channel",
    "message",
    "primitive",
    "thread",
    "span",
    "log",
    "lock",
    "finding",
    "state",
    "merged",
];

impl From<item::Category> for Category {
    fn from(category: item::Category) -> Self {
        match category {
            item::Category::Channel => Category::Channel,
            item::Category::Primitive => Category::Primitive,
            item::Category::Thread => Category::Thread,
            item::Category::Span => Category::Span,
            item::Category::Log => Category::Log,
        }
    }
}

const INCREMENTAL_STATE_CLEARED: u64 = 1;

/// A field of `Trace`.
const TRACE_PACKET: u32 = 1;

impl Sequence {
    /// A sequence for all tracks; writes its start.
    pub(super) fn shared(number: u64, out: &mut Message) -> Self {
        let sequence = Sequence::new(number, None);
        sequence.begin(out, |_| {});
        sequence
    }

    /// A sequence for one track, most of whose events set this counter; writes its start.
    pub(super) fn of_track(
        track: u64,
        counter: Option<u64>,
        number: u64,
        out: &mut Message,
    ) -> Self {
        let sequence = Sequence::new(number, Some(OwnTrack { track, counter }));
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

    fn new(number: u64, own: Option<OwnTrack>) -> Self {
        Sequence {
            number,
            own,
            names: Interned::default(),
            labels: Interned::default(),
            attributes: 0,
            categories: 0,
            templates: Templates::new(),
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

    /// Writes an event, and the names that it is the first to use.
    #[inline(always)]
    pub(super) fn event(
        &mut self,
        out: &mut Message,
        track: u64,
        time: Nanos,
        fill: impl FnOnce(&mut Message, &mut Sequence),
    ) {
        let whole = out.begin(TRACE_PACKET);
        let event = out.begin(packet::TRACK_EVENT);
        if self.own.is_none_or(|own| own.track != track) {
            out.number(track_event::TRACK_UUID, track);
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
    pub(super) fn count(&self, event: &mut Message, counter: u64, value: u64) {
        if self.own.is_none_or(|own| own.counter != Some(counter)) {
            event.number(track_event::EXTRA_COUNTER_TRACK_UUIDS, counter);
        }
        event.number(track_event::EXTRA_COUNTER_VALUES, value);
    }

    /// Adds the fields that the slice has in common with similar ones.
    #[inline(always)]
    pub(super) fn template(&mut self, event: &mut Message, slice: &Slice, catalog: &Catalog) {
        let key = TemplateKey::of(slice, catalog);
        let place = match self.templates.find(key) {
            Some(place) => place,
            None => {
                let fields = self.template_fields(slice, catalog);
                self.templates.insert(key, Template::from(&fields))
            }
        };
        event.template(self.templates.at(place));
    }

    #[cold]
    fn template_fields(&mut self, slice: &Slice, catalog: &Catalog) -> Message {
        let mut event = Message::default();
        let is_instant = slice.is_instant();
        let kind = if is_instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        event.number(track_event::TYPE, kind);
        self.category(&mut event, slice.category().into());
        if !slice.is_named_by_text() {
            let key = (slice.kind.verb(), slice.target, slice.kind.note().unwrap_or_default());
            self.name(&mut event, key, || slice.name(catalog));
        }
        for (attribute, label) in attributes::labels(slice, catalog) {
            self.label(&mut event, attribute, label, catalog);
        }
        event
    }

    fn name(
        &mut self,
        event: &mut Message,
        key: (&'static str, Option<Target>, &'static str),
        name: impl FnOnce() -> String,
    ) {
        let (number, is_new) = self.names.number(key);
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

    /// Adds the category.
    #[inline(always)]
    pub(super) fn category(&mut self, event: &mut Message, category: Category) {
        let number = category as u64 + 1;
        if self.categories & 1 << category as u64 == 0 {
            self.categories |= 1 << category as u64;
            let name = CATEGORIES[category as usize];
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
        let (number, is_new) = self.labels.number(label);
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
            self.introduce_attribute(attribute, number);
        }
        number
    }

    #[cold]
    fn introduce_attribute(&mut self, attribute: Attribute, number: u8) {
        self.attributes |= 1 << number;
        let kind = interned_data::DEBUG_ANNOTATION_NAMES;
        intern(&mut self.introduced, kind, number.into(), attribute.name());
    }
}

/// Gives `text` a number. All kinds of interned texts have the same two fields.
fn intern(introduced: &mut Message, kind: u32, number: u64, text: &str) {
    const IID: u32 = 1;
    const TEXT: u32 = 2;
    introduced.nested(kind, |entry| {
        entry.number(IID, number);
        entry.text(TEXT, text);
    });
}

/// The numbers of things that have been written.
///
/// Whoever makes a recording that is slow to look up harms only himself, so a fast hash is enough.
#[derive(Debug)]
struct Interned<K>(FxHashMap<K, u64>);

impl<K> Default for Interned<K> {
    fn default() -> Self {
        Interned(FxHashMap::default())
    }
}

impl<K: std::hash::Hash + Eq> Interned<K> {
    /// The number of `key`, from 1, and whether it is new.
    fn number(&mut self, key: K) -> (u64, bool) {
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_categories_fit_into_the_bits_for_them() {
        assert!(attributes::NAMES.len() < 63 && CATEGORIES.len() < 64);
        assert_eq!(CATEGORIES[Category::Merged as usize], "merged");
        assert_eq!(CATEGORIES.len(), Category::Merged as usize + 1);
    }
}
