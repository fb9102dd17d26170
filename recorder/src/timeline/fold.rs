//! Leaves out what dependencies do among themselves, in a program that is recorded as it is.
//!
//! A channel or primitive belongs to a dependency if it was made in it and no code outside of it uses
//! it. Left out are operations on these, and other operations in dependencies. A wait in a dependency
//! is shown if it is known where the program called the dependency: as that call.

use typed_index_collections::TiVec;

use super::item::{Item, Slice, SliceKind};
use crate::analysis::findings::words::counted;
use crate::reading::catalog::{Catalog, ChannelIndex, Place, PlaceIndex, PrimitiveIndex, Target};

/// Decides which items are shown.
#[derive(Debug)]
pub struct Fold {
    places: TiVec<PlaceIndex, Origin>,
    channels: TiVec<ChannelIndex, bool>,
    primitives: TiVec<PrimitiveIndex, bool>,
    left_out: u64,
}

/// Where a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Program,
    Dependency,
    /// In a dependency, and it is known where the program called that.
    Called,
}

impl Origin {
    fn of(place: &Place) -> Self {
        match (place.dependency(), &place.called) {
            (None, _) => Origin::Program,
            (Some(_), None) => Origin::Dependency,
            (Some(_), Some(_)) => Origin::Called,
        }
    }
}

impl Fold {
    /// `None` if the recording has nothing of dependencies.
    pub fn new(catalog: &Catalog) -> Option<Self> {
        let places: TiVec<PlaceIndex, _> = catalog.places.iter().map(Origin::of).collect();
        if places.iter().all(|origin| *origin == Origin::Program) {
            return None;
        }
        let is_internal =
            |place: Option<PlaceIndex>| place.is_some_and(|it| places[it] != Origin::Program);
        Some(Fold {
            channels: catalog.channels.iter().map(|it| is_internal(it.place)).collect(),
            primitives: catalog.primitives.iter().map(|it| is_internal(it.place)).collect(),
            places,
            left_out: 0,
        })
    }

    /// Whether an item is shown. Counts those that are not.
    pub fn shows(&mut self, item: &Item) -> bool {
        let is_shown = match item {
            Item::Slice(slice) => self.shows_slice(slice),
            Item::Flight(flight) => !self.channels[flight.channel],
            Item::Hold(hold) => !self.primitives[hold.primitive],
            Item::Counter(counter) => !self.channels[counter.channel],
            Item::State(_) | Item::Merged(_) | Item::MergedStates(_) => true,
        };
        self.left_out += u64::from(!is_shown && matches!(item, Item::Slice(_)));
        is_shown
    }

    fn shows_slice(&self, slice: &Slice) -> bool {
        let is_wait = matches!(slice.kind, SliceKind::Wait { .. } | SliceKind::Returning { .. });
        let origin = slice.place.map_or(Origin::Program, |place| self.places[place]);
        match slice.target {
            _ if origin == Origin::Called && is_wait => true,
            Some(Target::Channel(channel)) => !self.channels[channel],
            Some(Target::Primitive(primitive)) => !self.primitives[primitive],
            Some(Target::Callsite(_)) => true,
            // A thread's life is shown, whoever spawned it.
            Some(Target::Thread(_)) | None => {
                origin == Origin::Program || slice.kind.call().is_none()
            }
        }
    }

    /// A sentence about what is left out.
    pub fn left_out(&self) -> Option<String> {
        let left_out = counted(self.left_out, "slice");
        (self.left_out > 0)
            .then(|| format!("left out: {left_out} of dependencies (--all shows them)"))
    }
}
