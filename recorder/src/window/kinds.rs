//! The kinds of events that a run has: each has a number, in the order in which they come.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::timeline::item::{Ending, Slice, SliceKind};

/// The kinds that have come so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    numbers: FxHashMap<u32, u32>,
    list: Vec<KindDocument>,
}

/// The kinds of the events of a run.
#[derive(Clone, Debug, Default)]
pub struct KindList(Vec<KindDocument>);

impl KindList {
    pub(super) fn list(&self) -> &[KindDocument] {
        &self.0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl From<&Kinds> for KindList {
    fn from(kinds: &Kinds) -> Self {
        KindList(kinds.list.clone())
    }
}

/// A kind of event, described for a viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct KindDocument {
    group: &'static str,
    verb: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<&'static str>,
    send: bool,
    receive: bool,
}

impl Kinds {
    /// The number of a slice's kind.
    #[inline]
    pub(super) fn number(&mut self, slice: &Slice) -> u32 {
        let has_begun = matches!(slice.kind, SliceKind::Wait { .. }) && slice.end.is_none();
        let code = u32::from(slice.kind.code()) << 1 | u32::from(has_begun);
        if let Some(number) = self.numbers.get(&code) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.numbers.insert(code, number);
        self.list.push(KindDocument::new(slice, has_begun));
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl KindDocument {
    fn new(slice: &Slice, has_begun: bool) -> Self {
        let kind = slice.kind;
        KindDocument {
            group: if has_begun { "waitBegan" } else { group(kind) },
            verb: kind.verb(),
            note: kind.note(),
            method: kind.method(),
            category: kind.category().name(),
            call: kind.call().map(crate::timeline::item::method),
            ending: match kind {
                SliceKind::Operation { ending, .. } => Some(ending_name(ending)),
                _ => None,
            },
            send: slice.is_sent(),
            receive: slice.is_received(),
        }
    }
}

fn group(kind: SliceKind) -> &'static str {
    match kind {
        SliceKind::Operation { .. } => "operation",
        SliceKind::Wait { .. } => "wait",
        SliceKind::Returning { .. } => "returning",
        SliceKind::ChannelCreated => "channelCreated",
        SliceKind::SenderCloned => "senderCloned",
        SliceKind::ReceiverCloned => "receiverCloned",
        SliceKind::SenderDropped => "senderDropped",
        SliceKind::ReceiverDropped => "receiverDropped",
        SliceKind::ThreadStarted => "threadStarted",
        SliceKind::ThreadEnded { .. } => "threadEnded",
        SliceKind::Panicked => "panicked",
        SliceKind::Initializer => "initializer",
        SliceKind::Span => "span",
        SliceKind::Log => "log",
        SliceKind::Paused => "paused",
        SliceKind::Resumed => "resumed",
        SliceKind::LeftOut => "leftOut",
    }
}

fn ending_name(ending: Ending) -> &'static str {
    match ending {
        Ending::Transferred => "transferred",
        Ending::SendNotRecorded => "sendNotRecorded",
        Ending::Full => "full",
        Ending::Empty => "empty",
        Ending::Disconnected => "disconnected",
        Ending::TimedOut => "timedOut",
        Ending::Held => "held",
        Ending::LockNotRecorded => "lockNotRecorded",
        Ending::LastToArrive => "lastToArrive",
        Ending::Done => "done",
    }
}
