//! Where the program first uses the channels and primitives that were made inside the standard
//! library or a dependency, and where threads that were spawned there first do something.
//!
//! `Arc::<Mutex<_>>::default()` and `repeat_with(mpsc::channel)` call the constructor from a file of
//! the standard library, which tells the reader nothing. So the names of such things contain the
//! first place of the program itself instead.

use std::collections::{BTreeMap, HashMap};

use format::packed::Unpacker;
use format::{Event, OperationKind, Subject};

use super::PlaceIndex;
use crate::reading::metadata::{BlockPlaces, Metadata, Places};

/// Something that is named after a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Placed {
    /// The channel with this number.
    Channel(u32),
    /// The primitive with this number.
    Primitive(u32),
    /// The thread with this number.
    Thread(u32),
}

/// Things of a process that were made inside the standard library or a dependency, and where the
/// program itself first used them.
#[derive(Debug, Default)]
pub(super) struct FirstUses {
    uses: BTreeMap<Placed, FirstUse>,
    /// The channels of endpoints, if they are in `uses`.
    endpoints: HashMap<u32, u32>,
    /// The number of those without a place.
    unplaced: usize,
}

/// Who made something, and where it was first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FirstUse {
    /// The number of the thread that made it; 0 if it is not known.
    pub(super) made_by: u32,
    /// Where the program itself first used it.
    pub(super) place: Option<PlaceIndex>,
}

impl FirstUses {
    /// Where something was first used; `None` if the program made it itself.
    pub(super) fn get(&self, it: Placed) -> Option<FirstUse> {
        self.uses.get(&it).copied()
    }

    /// Takes in a record of this thread.
    pub(super) fn record(
        &mut self,
        thread: u32,
        event: &Event<'_>,
        block: &BlockPlaces,
        places: &Places,
    ) {
        let is_foreign = |site| block.get(site).is_some_and(|place| !places.list[place].is_own());
        match *event {
            Event::ChannelCreated { channel, sender, receiver, site, .. } if is_foreign(site) => {
                self.add(Placed::Channel(channel), thread);
                self.endpoints.extend([(sender, channel), (receiver, channel)]);
            }
            Event::SenderCloned { sender: clone, from, .. }
            | Event::ReceiverCloned { receiver: clone, from, .. }
                if let Some(&channel) = self.endpoints.get(&from) =>
            {
                self.endpoints.insert(clone, channel);
            }
            Event::PrimitiveSeen { primitive, site, .. } if is_foreign(site) => {
                self.add(Placed::Primitive(primitive), thread);
            }
            Event::Operation { kind: OperationKind::Spawn, endpoint, site, .. }
                if is_foreign(site) =>
            {
                self.add(Placed::Thread(endpoint), thread);
            }
            _ => {}
        }
    }

    fn add(&mut self, it: Placed, made_by: u32) {
        // A block that has grown is read again.
        self.uses.entry(it).or_insert_with(|| {
            self.unplaced += 1;
            FirstUse { made_by, place: None }
        });
    }

    /// Whether the operations of a block matter.
    pub(super) fn is_looking(&self) -> bool {
        self.unplaced > 0
    }

    /// Takes in the operations of a block that is not packed.
    pub(super) fn raw(&mut self, thread: u32, bytes: &[u8], block: &BlockPlaces, places: &Places) {
        let mut at = 0;
        while self.is_looking()
            && let Ok(record) = format::decode(&bytes[at..])
        {
            if let Event::Operation { kind, endpoint, site, .. } = record.event {
                self.operation(thread, kind, endpoint, block.get(site), places);
            }
            at += record.length;
        }
    }

    /// Takes in the operations of the packed block that `unpacker` has read. Its shapes are in the
    /// order of their first records.
    pub(super) fn packed(
        &mut self,
        thread: u32,
        unpacker: &Unpacker,
        block: &BlockPlaces,
        places: &Places,
    ) {
        for shape in 0..unpacker.shapes() {
            if !self.is_looking() {
                return;
            }
            let (code, endpoint, site) = unpacker.shape(shape as u16);
            if let Some(kind) = OperationKind::from_code(code) {
                self.operation(thread, kind, endpoint, block.get(site), places);
            }
        }
    }

    fn operation(
        &mut self,
        thread: u32,
        kind: OperationKind,
        endpoint: u32,
        place: Option<PlaceIndex>,
        places: &Places,
    ) {
        let Some(place) = place else { return };
        let used = match kind.call().subject() {
            Subject::Endpoint => self.endpoints.get(&endpoint).copied().map(Placed::Channel),
            Subject::Primitive => Some(Placed::Primitive(endpoint)),
            Subject::Thread | Subject::Nothing => None,
        };
        for it in used.into_iter().chain([Placed::Thread(thread)]) {
            if let Some(FirstUse { place: first @ None, .. }) = self.uses.get_mut(&it)
                && places.list[place].is_own()
            {
                *first = Some(place);
                self.unplaced -= 1;
            }
        }
    }
}

impl Metadata {
    /// `main`, `thread 2`, or nothing for thread 0.
    pub(super) fn thread_in_words(&self, thread: u32) -> Option<String> {
        match self.threads.get(&thread).map(|facts| &*facts.name) {
            _ if thread == 0 => None,
            Some(name) if !name.is_empty() => Some(name.to_owned()),
            _ => Some(format!("thread {thread}")),
        }
    }
}
