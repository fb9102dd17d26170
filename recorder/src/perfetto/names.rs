//! Names and texts: those that come again are written once, and then referred to by number.

use std::io::Write;

use rustc_hash::FxHashMap;

use super::Perfetto;
use super::fields::{debug_annotation, interned_data, source_location, track_event};
use super::wire::Message;
use crate::items::{Category, On, PANIC, Slice, Total};

/// A text that is an argument's value, of those that come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    Label(On),
    Word(&'static str),
    /// What a callsite says it is of.
    Target(usize),
    /// Of a process, an endpoint.
    Endpoint(usize, u32),
    Site(usize),
}

/// Numbers of what has been written once. Every slice looks up several of them, and whoever
/// makes a recording that is slow to look up harms nobody else: a fast hash is good enough.
#[derive(Debug)]
pub(super) struct Interned<K>(FxHashMap<K, u64>);

impl<K: std::hash::Hash + Eq> Interned<K> {
    pub(super) fn new() -> Self {
        Interned(FxHashMap::default())
    }

    /// The number, from 1, and whether it is new.
    pub(super) fn number(&mut self, key: K) -> (u64, bool) {
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}

/// The arguments, interned under these numbers.
#[derive(Clone, Copy)]
pub(super) enum Argument {
    Channel = 1,
    Endpoint,
    Message,
    Value,
    Primitive,
    Kind,
    Thread,
    Level,
    Target,
    Fields,
    Text,
    Operation,
    Depth,
    Latency,
    Waited,
    Timeout,
    Turn,
    OthersWaited,
    Site,
    Advice,
    Sure,
}

/// The arguments' names, in the order of their numbers.
pub(super) const ARGUMENTS: [&str; 21] = [
    "channel",
    "endpoint",
    "message",
    "value",
    "primitive",
    "kind",
    "thread",
    "level",
    "target",
    "fields",
    "text",
    "operation",
    "depth",
    "latency_ns",
    "waited_ns",
    "timeout_ns",
    "turn",
    "others_waited_ns",
    "site",
    "advice",
    "sure",
];

/// The categories' names, in the order of the numbers under which they are interned.
pub(super) const CATEGORIES: [&str; 8] =
    ["channel", "message", "primitive", "thread", "span", "log", "lock", "finding"];

/// The number of the category of merged slices, which few traces have.
pub(super) const MERGED: u64 = CATEGORIES.len() as u64 + 1;

/// The number of a category.
pub(super) fn category(name: &str) -> u64 {
    CATEGORIES.iter().position(|known| *known == name).map_or(0, |place| place as u64 + 1)
}

impl<W: Write> Perfetto<'_, W> {
    /// The arguments of a slice that are texts which come again.
    pub(super) fn texts(&mut self, slice: &Slice) -> [(Argument, Option<u64>); 4] {
        let process = self.entities.threads[slice.thread].process;
        let endpoint = slice
            .endpoint
            .filter(|&endpoint| self.entities.endpoint_name(process, endpoint).is_some());
        let label = slice.on.map(Text::Label);
        let (on, of) = match slice.on {
            Some(On::Channel(_)) => {
                let endpoint = endpoint.map(|endpoint| Text::Endpoint(process, endpoint));
                ((Argument::Channel, label), (Argument::Endpoint, endpoint))
            }
            Some(On::Primitive(primitive)) => {
                let kind = self.entities.primitives[primitive].kind;
                let kind = kind.map(|kind| Text::Word(kind.name()));
                ((Argument::Primitive, label), (Argument::Kind, kind))
            }
            Some(On::Callsite(callsite)) => {
                let level = Text::Word(self.entities.callsites[callsite].level);
                let target = Text::Target(callsite);
                ((Argument::Level, Some(level)), (Argument::Target, Some(target)))
            }
            Some(On::Thread(_)) => ((Argument::Thread, label), (Argument::Kind, None)),
            None => {
                let endpoint = endpoint.map(|endpoint| Text::Endpoint(process, endpoint));
                ((Argument::Channel, None), (Argument::Endpoint, endpoint))
            }
        };
        let operation = match slice.category {
            Category::Span | Category::Log => None,
            _ => Some(Text::Word(slice.operation)),
        };
        [on, of, (Argument::Operation, operation), (Argument::Site, slice.site.map(Text::Site))]
            .map(|(argument, text)| (argument, text.map(|text| self.text(text))))
    }

    pub(super) fn name(&mut self, slice: &Slice) -> Name {
        if slice.category == Category::Log || slice.verb == PANIC {
            return Name::Once(slice.name(self.entities));
        }
        let (number, new) = self.names.number((slice.verb, slice.on, slice.note));
        if new {
            let name = slice.name(self.entities);
            intern(&mut self.interned, interned_data::EVENT_NAMES, number, &name);
        }
        Name::Interned(number)
    }

    pub(super) fn text(&mut self, text: Text) -> u64 {
        let (number, new) = self.texts.number(text);
        if new {
            let entities = self.entities;
            let value = match text {
                Text::Label(on) => on.label(entities).to_owned(),
                Text::Word(word) => word.to_owned(),
                Text::Target(callsite) => entities.callsites[callsite].target.clone(),
                Text::Endpoint(process, endpoint) => {
                    entities.endpoint_name(process, endpoint).unwrap_or_default().to_owned()
                }
                Text::Site(site) => entities.sites[site].to_string(),
            };
            intern(
                &mut self.interned,
                interned_data::DEBUG_ANNOTATION_STRING_VALUES,
                number,
                &value,
            );
        }
        number
    }

    pub(super) fn place(&mut self, site: usize) -> u64 {
        let (number, new) = self.places.number(site);
        if new {
            let site = &self.entities.sites[site];
            self.interned.nested(interned_data::SOURCE_LOCATIONS, |place| {
                place.number(source_location::IID, number);
                place.text(source_location::FILE_NAME, &site.file);
                place.number(source_location::LINE_NUMBER, site.line.into());
            });
        }
        number
    }
}

/// An event's name.
pub(super) enum Name {
    Interned(u64),
    /// It does not come again.
    Once(String),
}

/// Gives `text` a number. All kinds of interned text have the same two fields.
pub(super) fn intern(interned: &mut Message, kind: u32, number: u64, text: &str) {
    const IID: u32 = 1;
    const TEXT: u32 = 2;
    interned.nested(kind, |entry| {
        entry.number(IID, number);
        entry.text(TEXT, text);
    });
}

pub(super) fn annotate(event: &mut Message, argument: Argument, kind: u32, value: u64) {
    event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
        annotation.number(debug_annotation::NAME_IID, argument as u64);
        annotation.number(kind, value);
    });
}

/// Gives numbers to what only merged slices need.
pub(super) fn intern_totals(interned: &mut Message) {
    intern(interned, interned_data::EVENT_CATEGORIES, MERGED, "merged");
    for total in Total::ALL {
        intern(interned, interned_data::DEBUG_ANNOTATION_NAMES, number_of(total), total.name());
    }
    intern(interned, interned_data::DEBUG_ANNOTATION_NAMES, WHAT, "what");
}

/// The totals come after the arguments.
fn number_of(total: Total) -> u64 {
    ARGUMENTS.len() as u64 + 1 + total as u64
}

/// Adds a total.
pub(super) fn annotate_total(event: &mut Message, total: Total, value: u64) {
    event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
        annotation.number(debug_annotation::NAME_IID, number_of(total));
        annotation.number(debug_annotation::UINT_VALUE, value);
    });
}

/// The number of the argument that says what is merged: it comes after the totals.
const WHAT: u64 = (ARGUMENTS.len() + Total::ALL.len()) as u64 + 1;

/// Says what is merged.
pub(super) fn annotate_what(event: &mut Message, what: &str) {
    event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
        annotation.number(debug_annotation::NAME_IID, WHAT);
        annotation.text(debug_annotation::STRING_VALUE, what);
    });
}

/// Adds an argument that does not come again.
pub(super) fn annotate_with(event: &mut Message, argument: Argument, text: &str) {
    event.nested(track_event::DEBUG_ANNOTATIONS, |annotation| {
        annotation.number(debug_annotation::NAME_IID, argument as u64);
        annotation.text(debug_annotation::STRING_VALUE, text);
    });
}
