//! Templates: what similar slices have in common is encoded once, and then copied.

use rustc_hash::FxHashMap;

use super::attributes::named_endpoint;
use crate::reading::catalog::{Catalog, Target};
use crate::timeline::item::Slice;

/// The common properties of slices that differ only in thread, time and numbers, and in texts that
/// are not part of their names: kind, target, place, named endpoint, and whether they have length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TemplateKey(u128);

impl TemplateKey {
    #[inline(always)]
    pub(super) fn of(slice: &Slice, catalog: &Catalog) -> Self {
        // An index and whether there is one take 32 bits.
        let word = |index: Option<usize>| index.map_or(0, |index| index as u128 + 1);
        let (kind, target) = match slice.target {
            None => (0, None),
            Some(Target::Channel(channel)) => (1, Some(channel.into())),
            Some(Target::Primitive(primitive)) => (2, Some(primitive.into())),
            Some(Target::Thread(thread)) => (3, Some(thread.into())),
            Some(Target::Callsite(callsite)) => (4, Some(callsite.into())),
        };
        let endpoint = named_endpoint(slice, catalog).map(usize::from);
        let flags = u128::from(slice.kind.code()) << 8 | kind << 1 | u128::from(slice.is_instant());
        TemplateKey(
            word(target)
                | word(slice.place.map(usize::from)) << 32
                | word(endpoint) << 64
                | flags << 96,
        )
    }
}

/// The templates that have been made.
///
/// A fast hash is enough: a forged recording that is slow to look up harms only its author.
#[derive(Debug)]
pub(super) struct Templates<T> {
    all: Vec<T>,
    places: FxHashMap<TemplateKey, usize>,
    /// The latest that were used, and where they are in `all`: the same few are used again and again.
    recent: [(TemplateKey, usize); RECENT],
    /// The oldest of those.
    oldest: usize,
}

/// Maximum number of templates. Where there are more, most of them are hardly used.
const MAX_TEMPLATES: usize = 1 << 13;
const RECENT: usize = 4;

impl<T> Templates<T> {
    pub(super) fn new() -> Self {
        // No slice has all bits set.
        let recent = [(TemplateKey(u128::MAX), 0); RECENT];
        Templates { all: Vec::new(), places: FxHashMap::default(), recent, oldest: 0 }
    }

    /// The template with this key, if it has been made.
    #[inline]
    pub(super) fn get(&mut self, key: TemplateKey) -> Option<&T> {
        let place = match self.recent.iter().find(|(known, _)| *known == key) {
            Some(&(_, place)) => place,
            None => self.find_older(key)?,
        };
        Some(&self.all[place])
    }

    #[cold]
    fn find_older(&mut self, key: TemplateKey) -> Option<usize> {
        let place = *self.places.get(&key)?;
        self.remember(key, place);
        Some(place)
    }

    pub(super) fn insert(&mut self, key: TemplateKey, template: T) {
        if self.all.len() == MAX_TEMPLATES {
            *self = Templates::new();
        }
        let place = self.all.len();
        self.all.push(template);
        self.places.insert(key, place);
        self.remember(key, place);
    }

    fn remember(&mut self, key: TemplateKey, place: usize) {
        self.recent[self.oldest] = (key, place);
        self.oldest = (self.oldest + 1) % RECENT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Nanos;
    use crate::reading::catalog::{PlaceIndex, ThreadIndex};
    use crate::timeline::item::SliceKind;

    #[test]
    fn templates_are_found_until_there_are_too_many() {
        let catalog = Catalog::default();
        let key = |place: usize| {
            let thread = ThreadIndex::from(0);
            let slice = Slice::instant(thread, Nanos::ZERO, SliceKind::Panicked);
            TemplateKey::of(&Slice { place: Some(PlaceIndex::from(place)), ..slice }, &catalog)
        };
        let mut templates = Templates::new();
        for place in 0..MAX_TEMPLATES {
            assert_eq!(templates.get(key(place)), None);
            templates.insert(key(place), place);
            assert_eq!(templates.get(key(place)), Some(&place));
        }
        for place in [0, MAX_TEMPLATES - 1, 5, 0, 1, 2, 3, 0] {
            assert_eq!(templates.get(key(place)), Some(&place));
        }
        templates.insert(key(MAX_TEMPLATES), MAX_TEMPLATES);
        assert_eq!(templates.get(key(0)), None);
        assert_eq!(templates.get(key(MAX_TEMPLATES)), Some(&MAX_TEMPLATES));
    }

    #[test]
    fn slices_that_differ_have_other_keys() {
        let catalog = Catalog::default();
        let at = Nanos::new;
        let instant = Slice::instant(ThreadIndex::from(0), at(5), SliceKind::ThreadStarted);
        let slices = [
            Slice { kind: SliceKind::Paused, ..instant.clone() },
            Slice { kind: SliceKind::ThreadEnded { panicked: true }, ..instant.clone() },
            Slice { kind: SliceKind::ThreadEnded { panicked: false }, ..instant.clone() },
            Slice { target: Some(Target::Thread(ThreadIndex::from(0))), ..instant.clone() },
            Slice { target: Some(Target::Channel(0.into())), ..instant.clone() },
            Slice { place: Some(PlaceIndex::from(0)), ..instant.clone() },
            Slice { end: Some(at(6)), ..instant.clone() },
            instant.clone(),
        ];
        let keys: std::collections::HashSet<_> =
            slices.iter().map(|slice| TemplateKey::of(slice, &catalog)).collect();
        assert_eq!(keys.len(), slices.len());
        let other = Slice::instant(ThreadIndex::from(3), at(9), SliceKind::ThreadStarted);
        assert_eq!(TemplateKey::of(&other, &catalog), TemplateKey::of(&instant, &catalog));
    }
}
