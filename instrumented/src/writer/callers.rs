//! Sites in dependencies, with the calls that led there.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};

use format::{Event, OperationKind};

use super::{Site, Writer};
use crate::platform;

/// Number of slots in the cache.
const SLOTS: usize = 32;

/// The numbers of sites that are defined in a block together with their callers. A hash of both
/// determines the slot.
pub(super) struct SitesWithCallers([Cell<(u64, u32)>; SLOTS]);

impl SitesWithCallers {
    pub(super) const fn new() -> Self {
        SitesWithCallers([const { Cell::new((0, 0)) }; SLOTS])
    }

    pub(super) fn clear(&self) {
        self.0.iter().for_each(|slot| slot.set((0, 0)));
    }
}

/// Whether a source file belongs to a dependency, or to the standard library.
pub(super) fn is_in_dependency(file: &str) -> bool {
    file.starts_with('/') && (format::fetched_package(file).is_some() || format::is_in_std(file))
}

impl Writer {
    /// Records an operation whose place is in a dependency.
    #[inline(never)]
    pub(super) fn operation_from_dependency(
        &self,
        kind: OperationKind,
        endpoint: u32,
        site: Site,
        time: u64,
        detail: u64,
    ) {
        let callers = platform::callers();
        let number = |writer: &Writer| writer.number_with_callers(site, &callers, time);
        let event = |site| Event::Operation { kind, endpoint, site, detail };
        self.exclusively(|| self.record_at(time, number, event));
    }

    /// Returns the number of `site` in this block if it was reached by these callers. Defines it if
    /// it is new.
    fn number_with_callers(
        &self,
        site: Site,
        callers: &[u32; format::MAX_CALLERS],
        time: u64,
    ) -> u32 {
        let mut hasher = DefaultHasher::new();
        std::ptr::from_ref(site).addr().hash(&mut hasher);
        callers.hash(&mut hasher);
        let hash = hasher.finish();
        let slot = &self.sites_with_callers.0[hash as usize % SLOTS];
        let (held, number) = slot.get();
        if number != 0 && held == hash {
            return number;
        }
        if callers[0] != 0 {
            self.write(time, Event::Callers { callers: *callers });
        }
        let number = self.define_site(site.file(), site.line(), site.column(), time);
        slot.set((hash, number));
        number
    }
}
