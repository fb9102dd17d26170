//! What a primitive has besides std's own: where it was made, and its number.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

use format::{Event, OperationKind as Kind, PrimitiveKind};

use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

static PRIMITIVES: AtomicU32 = AtomicU32::new(1);

/// A primitive's identity in the recording.
pub(crate) struct Tag {
    /// Where it was made.
    site: Site,
    kind: PrimitiveKind,
    /// 0 until it is used for the first time in a process that is recorded.
    number: AtomicU32,
}

impl Tag {
    #[track_caller]
    pub(super) const fn new(kind: PrimitiveKind) -> Self {
        Tag { site: Location::caller(), kind, number: AtomicU32::new(0) }
    }

    /// Sees to it that the recording knows of the primitive. To be called before anything that
    /// it does is recorded, and not while it is locked.
    #[inline]
    pub(crate) fn introduce(&self, size: usize, value_type: &str) {
        if self.number.load(Ordering::Relaxed) == 0 {
            self.number_anew(size, value_type);
        }
    }

    #[cold]
    #[inline(never)]
    fn number_anew(&self, size: usize, value_type: &str) {
        // What this thread says now would be lost, and so is what it is about to do.
        if writer::is_busy() {
            return;
        }
        let primitive = PRIMITIVES.fetch_add(1, Ordering::Relaxed);
        let free = self.number.compare_exchange(0, primitive, Ordering::Relaxed, Ordering::Relaxed);
        if free.is_ok() {
            let (kind, size) = (self.kind as u32, size as u64);
            writer::event(Some(self.site), |site| Event::PrimitiveSeen {
                primitive,
                kind,
                site,
                size,
                value_type,
            });
        }
    }

    /// Its number, or 0 if it was not introduced.
    #[inline]
    pub(super) fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn record(&self, kind: Kind, site: Site, time: u64, detail: u64) {
        writer::operation(kind, self.number(), site, time, detail);
    }

    /// Names it in the recording, if there is one.
    pub(crate) fn set_name(&self, size: usize, value_type: &str, name: &str) {
        if recording::prepare() {
            self.introduce(size, value_type);
            let primitive = self.number();
            writer::event(None, |_| Event::PrimitiveNamed { primitive, name });
        }
    }

    /// Begins an initialisation, or the wait for one.
    #[inline]
    pub(super) fn initialize(&self, site: Site, value_type: &str) -> Initialization<'_> {
        let recorded = recording::wanted() && writer::reserve();
        if recorded {
            self.introduce(0, value_type);
            self.record(Kind::InitializeBegin, site, now(), 0);
        }
        Initialization { tag: self, site: recorded.then_some(site) }
    }
}

/// An initialisation that somebody runs or waits for. It is over when this is dropped.
pub(super) struct Initialization<'a> {
    tag: &'a Tag,
    /// Where it began, if that was recorded.
    site: Option<Site>,
}

impl Initialization<'_> {
    /// It is for this thread to run the initialiser.
    pub(super) fn runs_here(&self) {
        self.record(Kind::Initializer);
    }

    fn record(&self, kind: Kind) {
        // A child that was forked by the initialiser is not recorded.
        if let Some(site) = self.site
            && recording::on()
        {
            self.tag.record(kind, site, now(), 0);
        }
    }
}

impl Drop for Initialization<'_> {
    fn drop(&mut self) {
        self.record(Kind::InitializeEnd);
    }
}
