//! What the two kinds of lock have in common: how they are acquired and let go.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use format::{OperationKind as Kind, PrimitiveKind, Turn};

use super::tag::Tag;
use crate::platform::now;
use crate::recording;
use crate::writer::{self, Site};

/// A lock's identity, and how often it was held for writing.
pub(crate) struct LockTag {
    pub(crate) tag: Tag,
    /// Only who holds the lock for writing changes it.
    turns: AtomicU64,
}

/// A way to acquire a lock, and what each step of it is called.
pub(super) struct Access {
    /// Whether there is one holder at a time, who begins a turn.
    pub(super) exclusive: bool,
    pub(super) acquired: Kind,
    pub(super) begin: Kind,
    pub(super) end: Kind,
    pub(super) tried: Kind,
    pub(super) tried_in_vain: Kind,
    pub(super) release: Kind,
}

impl LockTag {
    #[track_caller]
    pub(super) const fn new(kind: PrimitiveKind) -> Self {
        LockTag { tag: Tag::new(kind), turns: AtomicU64::new(0) }
    }

    /// Acquires the lock: by `attempt`, or else by `wait`.
    #[inline]
    #[track_caller]
    pub(super) fn acquire<G>(
        &self,
        access: &'static Access,
        value_type: &str,
        attempt: impl FnOnce() -> TryLockResult<G>,
        wait: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Held<'_>) {
        if !recording::wanted() {
            return (wait(), self.unrecorded(access));
        }
        self.acquire_recorded(access, value_type, Location::caller(), attempt, wait)
    }

    #[inline(never)]
    fn acquire_recorded<G>(
        &self,
        access: &'static Access,
        value_type: &str,
        site: Site,
        attempt: impl FnOnce() -> TryLockResult<G>,
        wait: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Held<'_>) {
        if !writer::reserve() {
            return (wait(), self.unrecorded(access));
        }
        self.tag.introduce(0, value_type);
        let at_once = match attempt() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                self.tag.record(access.begin, site, now(), 0);
                let waited = wait();
                return (waited, self.acquired(access, access.end, site, now()));
            }
        };
        (at_once, self.acquired(access, access.acquired, site, now()))
    }

    /// Acquires the lock by `attempt` or not at all.
    #[inline]
    #[track_caller]
    pub(super) fn try_acquire<G>(
        &self,
        access: &'static Access,
        value_type: &str,
        attempt: impl FnOnce() -> TryLockResult<G>,
    ) -> (TryLockResult<G>, Held<'_>) {
        if !recording::wanted() {
            return (attempt(), self.unrecorded(access));
        }
        self.try_acquire_recorded(access, value_type, Location::caller(), attempt)
    }

    #[inline(never)]
    fn try_acquire_recorded<G>(
        &self,
        access: &'static Access,
        value_type: &str,
        site: Site,
        attempt: impl FnOnce() -> TryLockResult<G>,
    ) -> (TryLockResult<G>, Held<'_>) {
        if !writer::reserve() {
            return (attempt(), self.unrecorded(access));
        }
        self.tag.introduce(0, value_type);
        let tried = attempt();
        let held = if matches!(tried, Err(TryLockError::WouldBlock)) {
            self.tag.record(access.tried_in_vain, site, now(), 0);
            self.unrecorded(access)
        } else {
            self.acquired(access, access.tried, site, now())
        };
        (tried, held)
    }

    /// Records that the lock is now held: in a new turn, unless it is held with others.
    #[inline]
    pub(super) fn acquired(
        &self,
        access: &'static Access,
        kind: Kind,
        site: Site,
        time: u64,
    ) -> Held<'_> {
        if access.exclusive {
            // Nobody else does so meanwhile.
            let turns = self.turns.load(Ordering::Relaxed);
            self.turns.store(turns + 1, Ordering::Relaxed);
        }
        self.tag.record(kind, site, time, self.turn());
        Held { lock: self, access, site: Some(site) }
    }

    /// The turn of whoever holds the lock, as a record has it.
    #[inline]
    pub(super) fn turn(&self) -> u64 {
        Turn::new(self.tag.number(), self.turns.load(Ordering::Relaxed)).0
    }

    /// What a holder of the lock has of whom the recording knows nothing.
    #[inline]
    pub(super) fn unrecorded(&self, access: &'static Access) -> Held<'_> {
        Held { lock: self, access, site: None }
    }
}

/// The part of a guard that tells the recording when the lock is let go. It is dropped before
/// std's guard: what comes after it in the next turn is recorded after it.
pub(super) struct Held<'a> {
    pub(super) lock: &'a LockTag,
    access: &'static Access,
    /// Where the lock was acquired, if that was recorded.
    site: Option<Site>,
}

impl Held<'_> {
    /// Records that what was held for writing is from here on held as `access` says.
    pub(super) fn downgrade(&mut self, access: &'static Access, site: Site) {
        if self.site.is_some() && recording::on() {
            self.lock.tag.record(Kind::Downgrade, site, now(), self.lock.turn());
        }
        self.access = access;
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(site) = self.site {
            let_go(self.lock, self.access.release, site);
        }
    }
}

#[inline(never)]
fn let_go(lock: &LockTag, release: Kind, site: Site) {
    // A child that was forked meanwhile is not recorded.
    if recording::on() {
        lock.tag.record(release, site, now(), lock.turn());
    }
}

/// `result` with `wrap` around what it holds, poisoned or not.
#[inline]
pub(super) fn map<G, R>(result: LockResult<G>, wrap: impl FnOnce(G) -> R) -> LockResult<R> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(error) => Err(PoisonError::new(wrap(error.into_inner()))),
    }
}

/// The same for what may have failed.
#[inline]
pub(super) fn try_map<G, R>(
    result: TryLockResult<G>,
    wrap: impl FnOnce(G) -> R,
) -> TryLockResult<R> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(TryLockError::Poisoned(error)) => {
            Err(TryLockError::Poisoned(PoisonError::new(wrap(error.into_inner()))))
        }
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}
