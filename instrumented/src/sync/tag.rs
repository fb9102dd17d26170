//! The identity of a primitive in the recording: its number, and the place that created it.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

use format::{Event, OperationKind as Kind, PrimitiveKind};

use crate::platform::now;
use crate::recording;
use crate::schedule;
use crate::writer::{self, Site};

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

/// A primitive's identity in the recording.
pub(crate) struct Tag {
    /// The place that created the primitive.
    site: Site,
    kind: PrimitiveKind,
    /// 0 until the primitive is registered.
    number: AtomicU32,
}

impl Tag {
    #[track_caller]
    pub(super) const fn new(kind: PrimitiveKind) -> Self {
        Tag { site: Location::caller(), kind, number: AtomicU32::new(0) }
    }

    /// Gives the primitive a number and records it, the first time.
    ///
    /// Must be called before an operation on the primitive is recorded, and not while it is locked.
    #[inline]
    pub(crate) fn register(&self, size: usize, value_type: &str) {
        if self.number.load(Ordering::Relaxed) == 0 {
            self.register_now(size, value_type);
        }
    }

    #[cold]
    #[inline(never)]
    fn register_now(&self, size: usize, value_type: &str) {
        // The event would be dropped, and so will be the operation that follows.
        if writer::is_busy() {
            return;
        }
        let primitive = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
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

    /// The primitive's number, or 0 if it is not registered.
    #[inline]
    pub(super) fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn record(&self, kind: Kind, site: Site, time: u64, detail: u64) {
        writer::operation(kind, self.number(), site, time, detail);
    }

    /// Records that an operation begins to wait.
    #[inline]
    pub(super) fn record_wait(&self, kind: Kind, site: Site, time: u64, detail: u64) {
        writer::operation_with_callers(kind, self.number(), site, time, detail);
    }

    /// Sets the primitive's name in the recording, if there is one.
    pub(crate) fn set_name(&self, size: usize, value_type: &str, name: &str) {
        if recording::is_recorded() {
            self.register(size, value_type);
            let primitive = self.number();
            writer::event(None, |_| Event::PrimitiveNamed { primitive, name });
        }
    }

    /// Records the start of an initialisation, or of a wait for one.
    #[inline]
    pub(super) fn begin_initialization(&self, site: Site, value_type: &str) -> Initialization<'_> {
        let recorded = recording::on_or_try_init() && writer::reserve();
        if recorded {
            self.register(0, value_type);
            self.record_wait(Kind::InitializeBegin, site, now(), 0);
        }
        Initialization { tag: self, site: recorded.then_some(site) }
    }
}

/// An initialisation that this thread runs or waits for. Dropping it records the end.
pub(super) struct Initialization<'a> {
    tag: &'a Tag,
    /// The call site, if the start was recorded.
    site: Option<Site>,
}

impl Initialization<'_> {
    /// Records that this thread runs the initialiser.
    pub(super) fn record_initializer(&self) {
        self.record(Kind::Initializer);
    }

    /// Waits for the initialiser of another thread, if the schedule is controlled.
    pub(super) fn await_initializer(&self) {
        if self.site.is_some() && recording::is_controlled() {
            schedule::wait_for_initializer(self.tag.number());
        }
    }

    fn record(&self, kind: Kind) {
        // Checked again: in a child that the initialiser forked, recording is off.
        if let Some(site) = self.site
            && recording::still_on()
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
