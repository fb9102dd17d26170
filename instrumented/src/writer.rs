//! Writes records into the current thread's block, without locks or shared state.
//!
//! The fast path of an operation is three stores and a commit. Everything else is the slow path:
//! a thread's first event, a full block, a call site that is new to the block, a calibration of
//! the clock.
//!
//! The thread's state has no destructor, so it can be used until the thread's very last
//! instruction. [`ThreadExit`] has one, which seals the thread's block. Events after that, in
//! thread-local destructors that run later, go into blocks of one event each.

use std::cell::Cell;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};
use std::thread;
use std::time::Duration;

use format::{
    BlockHeader, Event, HEADER_WORDS, MAX_RECORD, MAX_TEXT, MessageId, OperationKind,
    operation_words, word,
};

#[cfg(recorded_as_it_is)]
mod callers;

use crate::platform;
use crate::recording::{self, Block, words_of};
use crate::schedule;

/// A place in the source, from `#[track_caller]`.
pub(crate) type Site = &'static Location<'static>;

/// Number of slots in a thread's cache of call site numbers.
const SITE_SLOTS: usize = 64;
/// Maximum bytes of the records that may have to precede a record: a caught panic, a clock, the
/// callers of a site, and the site.
const MAX_PRELUDE: usize =
    8 + 16 + MAX_CALLERS_RECORD + (8 + 12 + 4 + MAX_TEXT).next_multiple_of(8);
const MAX_CALLERS_RECORD: usize =
    if cfg!(recorded_as_it_is) { 8 + size_of::<[u32; format::MAX_CALLERS]>() } else { 0 };

/// Maximum bytes of two operations with their preludes: a lock's acquisition and its release. Of
/// these, only one can have callers.
const MAX_LOCK_RECORDS: usize = 2 * (MAX_PRELUDE + size_of::<[u64; 3]>()) - MAX_CALLERS_RECORD;

/// Stands in for a word of the block while there is no block. Never written to.
static NO_BLOCK: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static WRITER: Writer = const { Writer::new() };
    static THREAD_EXIT: ThreadExit = const { ThreadExit };
}

/// Returns the id of the next message that this thread sends.
#[inline(always)]
pub(crate) fn next_message() -> MessageId {
    WRITER.with(|writer| writer.next_message())
}

/// Allocates the number of a new thread. Returns `None` if no number is left.
///
/// Threads have numbers even in a process that is not recorded: message ids, which a subscriber
/// may receive, contain them.
pub(crate) fn allocate_thread_number() -> Option<u32> {
    static THREADS: AtomicU32 = AtomicU32::new(1);
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    (1..=MessageId::MAX_THREAD).contains(&number).then_some(number)
}

/// Records an operation.
#[inline(always)]
pub(crate) fn operation(kind: OperationKind, endpoint: u32, site: Site, time: u64, detail: u64) {
    WRITER.with(move |writer| writer.operation(kind, endpoint, site, time, detail));
}

/// Records an operation that waits or spawns a thread. If its place is in a dependency of a program
/// that is recorded as it is, the calls that led there are recorded, too.
#[inline]
pub(crate) fn operation_with_callers(
    kind: OperationKind,
    endpoint: u32,
    site: Site,
    time: u64,
    detail: u64,
) {
    #[cfg(recorded_as_it_is)]
    if callers::is_in_dependency(site.file()) {
        WRITER.with(|writer| writer.operation_from_dependency(kind, endpoint, site, time, detail));
        after_slow_operation(kind, endpoint, detail);
        return;
    }
    operation(kind, endpoint, site, time, detail);
}

/// Called after an operation that took the slow path, as all do while the schedule is controlled.
fn after_slow_operation(kind: OperationKind, endpoint: u32, detail: u64) {
    if recording::is_controlled() {
        schedule::recorded(kind, endpoint, detail);
    } else {
        recording::pause_if_requested();
    }
}

/// Returns a timeout in nanoseconds, as the detail of an operation, saturated at `u64::MAX`.
pub(crate) fn timeout_detail(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)
}

/// Records any other event. `event` is called with the number of `site` in the block, or 0.
#[cold]
pub(crate) fn event<'a>(site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
    // A forked child shares its parent's blocks and must not write to them.
    if recording::current().is_some() {
        WRITER.with(|writer| writer.exclusively(|| writer.record(platform::now(), site, &event)));
        if recording::is_controlled() {
            schedule::observed(&event(0));
        }
    }
}

/// Records a panic. The thread's first event after it was caught says so.
#[cold]
pub(crate) fn panicked<'a>(panic: Event<'a>) {
    event(None, |_| panic);
    WRITER.with(|writer| {
        writer.panicked.set(true);
        // The next operation takes the slow path, where a caught panic is noticed.
        writer.calibration_due.set(0);
    });
}

/// Ensures that the block has room for the records of a lock's acquisition and release.
///
/// No block may be begun while the lock is held: that can allocate memory, and the lock may be
/// the allocator's. Returns false if the lock must not be recorded.
#[inline(always)]
pub(crate) fn reserve() -> bool {
    WRITER.with(|writer| writer.reserve())
}

/// Whether this thread is writing a record, so that another one would be dropped.
pub(crate) fn is_busy() -> bool {
    WRITER.with(|writer| writer.busy.get())
}

/// Begins the records of this thread, for which its parent has allocated `number`.
pub(crate) fn begin_thread(number: u32) {
    if recording::current().is_some() {
        WRITER.with(|writer| {
            writer.exclusively(|| {
                // The allocator may already have used a lock in this thread.
                if writer.thread.get() == 0 {
                    writer.set_number(number);
                    writer.begin_block();
                }
            });
        });
    }
}

/// Returns this thread's number, or 0 if it has none. In a process that is recorded, begins the
/// thread's records if necessary.
pub(crate) fn current_thread_number() -> u32 {
    WRITER.with(|writer| {
        if writer.thread.get() == 0 && recording::current().is_some() {
            writer.exclusively(|| _ = writer.begin_block());
        }
        writer.thread.get()
    })
}

/// Records an event whose place in the source is not a [`Site`]. `event` is called with the number
/// of the place in the block.
#[cfg(feature = "tracing")]
#[cold]
pub(crate) fn event_at<'a>(file: &str, line: u32, event: impl Fn(u32) -> Event<'a>) {
    if recording::current().is_some() {
        let time = platform::now();
        let number = |writer: &Writer| writer.define_site(file, line, 0, time);
        WRITER.with(|writer| writer.exclusively(|| writer.record_at(time, number, event)));
    }
}

/// The state of a thread.
struct Writer {
    /// Set while the other fields are in use. A signal handler that uses a channel may interrupt
    /// this thread in the middle of a record.
    busy: Cell<bool>,
    /// This thread's number, or 0 if it has none yet.
    thread: Cell<u32>,
    next_message: Cell<MessageId>,
    block: Cell<Option<Block>>,
    /// The block's memory; empty without a block.
    words: Cell<&'static [AtomicU64]>,
    /// The `committed` word of the block's header.
    committed: Cell<&'static AtomicU64>,
    /// Index in `words` of the next word to write.
    position: Cell<usize>,
    /// Number of blocks that this thread has begun.
    blocks: Cell<u64>,
    /// Time of the next calibration of the clock, in ticks; 0 if the next operation must take the slow
    /// path.
    calibration_due: Cell<u64>,
    /// Time of the last calibration, in ticks.
    calibrated: Cell<u64>,
    /// Sites defined in this block. The address of a site determines its slot.
    sites: [Cell<SiteSlot>; SITE_SLOTS],
    /// Number of the next site defined in this block.
    next_site: Cell<u32>,
    /// Sites with callers that are defined in this block.
    #[cfg(recorded_as_it_is)]
    sites_with_callers: callers::SitesWithCallers,
    /// Set from a panic until it is noticed that it was caught.
    panicked: Cell<bool>,
    /// Set when no destructor will run any more to seal a block.
    exited: Cell<bool>,
}

#[derive(Clone, Copy)]
struct SiteSlot {
    site: Option<Site>,
    number: u32,
}

impl SiteSlot {
    const EMPTY: Self = SiteSlot { site: None, number: 0 };

    #[inline]
    fn holds(self, site: Site) -> bool {
        self.site.is_some_and(|held| std::ptr::eq(held, site))
    }
}

impl Writer {
    const fn new() -> Self {
        Writer {
            busy: Cell::new(false),
            thread: Cell::new(0),
            next_message: Cell::new(MessageId::UNKNOWN),
            block: Cell::new(None),
            words: Cell::new(&[]),
            committed: Cell::new(&NO_BLOCK),
            position: Cell::new(0),
            blocks: Cell::new(0),
            calibration_due: Cell::new(0),
            calibrated: Cell::new(0),
            sites: [const { Cell::new(SiteSlot::EMPTY) }; SITE_SLOTS],
            next_site: Cell::new(1),
            #[cfg(recorded_as_it_is)]
            sites_with_callers: callers::SitesWithCallers::new(),
            panicked: Cell::new(false),
            exited: Cell::new(false),
        }
    }

    /// Runs `task`, unless it would interrupt another one on this thread; then an event is dropped.
    #[inline]
    fn exclusively(&self, task: impl FnOnce()) {
        if self.busy.replace(true) {
            self.count_dropped();
            return;
        }
        compiler_fence(Ordering::SeqCst);
        task();
        compiler_fence(Ordering::SeqCst);
        self.busy.set(false);
    }

    /// Counts an event that this thread could not record.
    #[cold]
    fn count_dropped(&self) {
        match (self.words.get().get(word::DROPPED), recording::current()) {
            (Some(dropped), _) => drop(dropped.fetch_add(1, Ordering::Relaxed)),
            (None, Some(recording)) => recording.count_dropped(),
            (None, None) => {}
        }
    }

    /// Makes the records up to the word at `position` part of the recording.
    #[inline]
    fn commit(&self, position: usize) {
        self.position.set(position);
        let bytes = (position - HEADER_WORDS) * size_of::<u64>();
        self.committed.get().store(bytes as u64, Ordering::Release);
    }

    /// Returns the slot for `site`.
    #[inline]
    fn slot(&self, site: Site) -> &Cell<SiteSlot> {
        let address = std::ptr::from_ref(site).addr();
        &self.sites[address / align_of::<Location<'_>>() % SITE_SLOTS]
    }

    #[inline(always)]
    fn next_message(&self) -> MessageId {
        if self.busy.replace(true) {
            self.count_dropped();
            return MessageId::UNKNOWN;
        }
        compiler_fence(Ordering::SeqCst);
        let mut message = self.next_message.get();
        // The first block is begun here, before the start of the send is timed.
        if message == MessageId::UNKNOWN {
            message = self.first_message();
        } else {
            self.next_message.set(MessageId(message.0 + 1));
        }
        compiler_fence(Ordering::SeqCst);
        self.busy.set(false);
        message
    }

    #[cold]
    #[inline(never)]
    fn first_message(&self) -> MessageId {
        // In a process that is not recorded, the id is for a subscriber.
        let is_recorded = recording::current().is_some();
        if !(if is_recorded { self.begin_block() } else { self.register() }) {
            return MessageId::UNKNOWN;
        }
        self.next_message.replace(MessageId(self.next_message.get().0 + 1))
    }

    #[inline(always)]
    fn reserve(&self) -> bool {
        let room = self.words.get().len() - self.position.get();
        !self.busy.get() && room >= MAX_LOCK_RECORDS / size_of::<u64>()
            || self.begin_block_in_advance()
    }

    #[cold]
    #[inline(never)]
    fn begin_block_in_advance(&self) -> bool {
        if self.busy.get() {
            self.count_dropped();
            return false;
        }
        // Each event would begin and end a block of its own while the lock is held.
        if self.exited.get() {
            return false;
        }
        self.exclusively(|| _ = self.begin_block());
        true
    }

    /// Not inlined, so that the program does not grow by this code at every operation.
    #[inline(never)]
    fn operation(&self, kind: OperationKind, endpoint: u32, site: Site, time: u64, detail: u64) {
        if self.busy.replace(true) {
            self.count_dropped();
            return;
        }
        compiler_fence(Ordering::SeqCst);
        let position = self.position.get();
        let slot = self.slot(site).get();
        let fast = if let Some(room) = self.words.get().get(position..position + 3)
            && slot.holds(site)
            && time < self.calibration_due.get()
        {
            let words = operation_words(time, kind, endpoint, slot.number, detail);
            for (to, word) in room.iter().zip(words) {
                to.store(word, Ordering::Relaxed);
            }
            self.commit(position + 3);
            true
        } else {
            self.slow_operation(kind, endpoint, site, time, detail);
            false
        };
        compiler_fence(Ordering::SeqCst);
        self.busy.set(false);
        if !fast {
            after_slow_operation(kind, endpoint, detail);
        }
    }

    #[cold]
    #[inline(never)]
    fn slow_operation(
        &self,
        kind: OperationKind,
        endpoint: u32,
        site: Site,
        time: u64,
        detail: u64,
    ) {
        self.record(time, Some(site), |site| Event::Operation { kind, endpoint, site, detail });
    }

    /// Gives this thread a number, unless it has one. Returns whether it has one now.
    #[cold]
    fn register(&self) -> bool {
        if self.thread.get() == 0
            && let Some(number) = allocate_thread_number()
        {
            self.set_number(number);
        }
        self.thread.get() != 0
    }

    fn set_number(&self, number: u32) {
        self.thread.set(number);
        self.next_message.set(MessageId::new(number, 1));
        // Registers the destructor, if destructors can still run.
        self.exited.set(THREAD_EXIT.try_with(|_| {}).is_err());
    }

    fn record<'a>(&self, time: u64, site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
        self.record_at(time, |writer| site.map_or(0, |site| writer.site_number(site, time)), event);
    }

    /// Records an event. `site_number` is called once the block has room for the event, and returns
    /// the number of its site in that block, or 0.
    fn record_at<'a>(
        &self,
        time: u64,
        site_number: impl FnOnce(&Self) -> u32,
        event: impl Fn(u32) -> Event<'a>,
    ) {
        let mut bytes = [0; MAX_RECORD];
        let length = event(0).encode(time, &mut bytes);
        let room = (self.words.get().len() - self.position.get()) * size_of::<u64>();
        if room < MAX_PRELUDE + length && !self.begin_block() {
            self.count_dropped();
            return;
        }
        if self.panicked.get() && !thread::panicking() {
            self.panicked.set(false);
            self.write(time, Event::PanicCaught {});
        }
        if time >= self.calibration_due.get() && self.needs_calibration(time) {
            self.calibrate();
        }
        let site = site_number(self);
        let length = if site == 0 { length } else { event(site).encode(time, &mut bytes) };
        self.push(&bytes[..length]);
        if self.exited.get() {
            self.end_block();
        }
    }

    /// Returns the number of `site` in this block. Defines the site if it is new.
    fn site_number(&self, site: Site, time: u64) -> u32 {
        let slot = self.slot(site);
        if !slot.get().holds(site) {
            let number = self.define_site(site.file(), site.line(), site.column(), time);
            slot.set(SiteSlot { site: Some(site), number });
        }
        slot.get().number
    }

    /// Defines a site in this block and returns its number.
    fn define_site(&self, file: &str, line: u32, column: u32, time: u64) -> u32 {
        let site = self.next_site.replace(self.next_site.get() + 1);
        self.write(time, Event::Site { site, line, column, file });
        site
    }

    /// Writes the current time on both clocks.
    fn calibrate(&self) {
        let (ticks, monotonic_ns) = platform::calibration();
        self.write(ticks, Event::Clock { monotonic_ns });
        let due = ticks + platform::ticks_per_millisecond();
        self.calibrated.set(ticks);
        let needs_slow_path = self.panicked.get() || recording::is_controlled();
        self.calibration_due.set(if needs_slow_path { 0 } else { due });
    }

    /// Whether the last calibration is a while ago, or there is none.
    fn needs_calibration(&self, time: u64) -> bool {
        !recording::is_controlled()
            || time >= self.calibrated.get() + platform::ticks_per_millisecond()
    }

    /// Writes an event. The block must have room for it.
    fn write(&self, time: u64, event: Event<'_>) {
        let mut bytes = [0; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        self.push(&bytes[..length]);
    }

    /// Writes an encoded event. The block must have room for it.
    fn push(&self, record: &[u8]) {
        let words = words_of(record);
        let end = self.position.get() + words.len();
        for (to, word) in self.words.get()[self.position.get()..end].iter().zip(words) {
            to.store(word, Ordering::Relaxed);
        }
        self.commit(end);
    }

    /// Begins a new block. Returns false if that is impossible.
    fn begin_block(&self) -> bool {
        let Some(recording) = recording::current() else { return false };
        if !self.register() {
            return false;
        }
        let sequence = self.blocks.get();
        let last = self.block.get();
        let Some(block) = recording.begin_block(self.thread.get(), sequence, last) else {
            return false;
        };
        self.block.set(Some(block));
        self.words.set(block.words());
        self.committed.set(&block.words()[word::COMMITTED]);
        self.position.set(HEADER_WORDS);
        self.blocks.set(sequence + 1);
        self.sites.iter().for_each(|site| site.set(SiteSlot::EMPTY));
        self.next_site.set(1);
        #[cfg(recorded_as_it_is)]
        self.sites_with_callers.clear();
        if sequence == 0 {
            #[cfg(recorded_as_it_is)]
            platform::find_stack();
            // std may be unable to return the name once the thread-locals are destroyed.
            let current = (!self.exited.get()).then(thread::current);
            let name = current.as_ref().and_then(|thread| thread.name()).unwrap_or_default();
            self.write(
                platform::now(),
                Event::ThreadStarted { os_id: platform::thread_id(), name },
            );
        }
        self.calibrate();
        true
    }

    fn end_block(&self) {
        if let Some(block) = self.block.take()
            && let Some(recording) = recording::current()
        {
            self.words.set(&[]);
            self.committed.set(&NO_BLOCK);
            self.position.set(0);
            recording.end_block(block);
        }
    }
}

/// A thread-local whose destructor records the end of the thread and seals its block.
struct ThreadExit;

impl Drop for ThreadExit {
    fn drop(&mut self) {
        // A forked child shares its parent's blocks and must not write to them.
        if recording::current().is_none() {
            return;
        }
        WRITER.with(|writer| {
            writer.exclusively(|| {
                // A panic that ended the thread was caught by std.
                writer.panicked.set(false);
                writer.record(platform::now(), None, |_| Event::ThreadEnded {});
                writer.end_block();
                writer.exited.set(true);
            });
        });
        if recording::is_controlled() {
            schedule::thread_ended();
        }
    }
}

// The first block of a thread must have room for the thread's start, a clock, a site, the longest
// event and the records of a lock.
const _: () = assert!(
    BlockHeader::BYTES + MAX_RECORD + MAX_PRELUDE + MAX_RECORD + MAX_LOCK_RECORDS
        <= recording::SMALL_BLOCK_BYTES,
    "a small block is too small"
);
