//! What each thread writes: records into its block, without asking anybody.
//!
//! The fast path of an operation is three stores and a commit. Everything else (a
//! thread's first event, a full block, a call site that the block has not got, a
//! calibration of the clock) is the slow path.
//!
//! The thread's state has no destructor, so it can be used until the thread's very last
//! instruction. [`Ending`] has one: it seals the thread's block. What a thread does after
//! that, in thread-local destructors that run later, goes into blocks of one event.

use std::cell::Cell;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};
use std::thread;
use std::time::Duration;

use format::{
    BlockHeader, Event, HEADER_WORDS, MAX_RECORD, MAX_TEXT, MessageId, OperationKind,
    operation_words, word,
};

use crate::platform;
use crate::recording::{self, Block, words_of};

/// A place in the source, as `#[track_caller]` gives it.
pub(crate) type Site = &'static Location<'static>;

/// How many call sites a thread knows the numbers of, at most.
const KNOWN_SITES: usize = 64;
/// Room for what may have to stand before a record: a clock and a site.
const PRELUDE: usize = 16 + (8 + 12 + 4 + MAX_TEXT).next_multiple_of(8);

/// Room for two operations with their preludes: a lock's acquisition and its release.
const RESERVE: usize = 2 * (PRELUDE + size_of::<[u64; 3]>());

/// Stands in for a word of a block where there is none. Nobody writes to it.
static NOWHERE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static WRITER: Writer = const { Writer::new() };
    static ENDING: Ending = const { Ending };
}

/// The identity of a message that this thread is about to send.
#[inline(always)]
pub(crate) fn next_message() -> MessageId {
    WRITER.with(|writer| writer.next_message())
}

/// A number for a thread that was not seen before, or `None` if there are no more. Threads have
/// numbers also while nobody records: for their messages, of which a subscriber is told.
pub(crate) fn number_thread() -> Option<u32> {
    static THREADS: AtomicU32 = AtomicU32::new(1);
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    (1..=MessageId::MAX_THREAD).contains(&number).then_some(number)
}

/// Records an operation.
#[inline(always)]
pub(crate) fn operation(kind: OperationKind, endpoint: u32, site: Site, time: u64, detail: u64) {
    WRITER.with(move |writer| writer.operation(kind, endpoint, site, time, detail));
}

/// A timeout as an operation's detail.
pub(crate) fn nanoseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)
}

/// Records anything else. `event` is given the number of `site` in its block.
#[cold]
pub(crate) fn event<'a>(site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
    // A forked child has its parent's blocks and must not touch them.
    if recording::current().is_some() {
        WRITER.with(|writer| writer.alone(|| writer.record(platform::now(), site, event)));
    }
}

/// Sees to it that there is room for what is recorded while a lock is held: a new block may
/// have to be allocated, and the lock may be the allocator's. False if the lock is not to be
/// recorded.
#[inline(always)]
pub(crate) fn reserve() -> bool {
    WRITER.with(|writer| writer.reserve())
}

/// Whether this thread is in the midst of a record, so that another one would be lost.
pub(crate) fn is_busy() -> bool {
    WRITER.with(|writer| writer.busy.get())
}

/// Begins the part of this thread, which was given `number` by the one that has made it.
pub(crate) fn begin_thread(number: u32) {
    if recording::current().is_some() {
        WRITER.with(|writer| {
            writer.alone(|| {
                // The allocator may have used a lock in it already.
                if writer.thread.get() == 0 {
                    writer.take_number(number);
                    writer.begin_block();
                }
            });
        });
    }
}

/// This thread's number, or 0 if it has none.
pub(crate) fn this_thread() -> u32 {
    WRITER.with(|writer| {
        if writer.thread.get() == 0 && recording::current().is_some() {
            writer.alone(|| _ = writer.begin_block());
        }
        writer.thread.get()
    })
}

/// Records anything else that happens in a place that the compiler has not given.
#[cfg(feature = "tracing")]
#[cold]
pub(crate) fn event_at<'a>(file: &str, line: u32, event: impl Fn(u32) -> Event<'a>) {
    if recording::current().is_some() {
        let time = platform::now();
        let number = |writer: &Writer| writer.new_site(file, line, 0, time);
        WRITER.with(|writer| writer.alone(|| writer.record_at(time, number, event)));
    }
}

/// A thread's own state.
struct Writer {
    /// Set while the rest is in use: a signal handler may use a channel too, and finds
    /// this thread in the midst of a record.
    busy: Cell<bool>,
    /// This thread's number, or 0 as long as it has none.
    thread: Cell<u32>,
    next_message: Cell<MessageId>,
    block: Cell<Option<Block>>,
    /// The block's memory; empty without a block.
    words: Cell<&'static [AtomicU64]>,
    /// The block's word of this name.
    committed: Cell<&'static AtomicU64>,
    /// The next word to write.
    at: Cell<usize>,
    /// How many blocks this thread has had.
    blocks: Cell<u64>,
    /// When the clock is to be calibrated again.
    clock_due: Cell<u64>,
    /// Sites that stand in this block; which one is where depends on its address.
    sites: [Cell<KnownSite>; KNOWN_SITES],
    /// The number that the block's next site gets.
    next_site: Cell<u32>,
    /// No destructor will run any more that could seal a block.
    late: Cell<bool>,
}

#[derive(Clone, Copy)]
struct KnownSite {
    place: Option<Site>,
    number: u32,
}

impl KnownSite {
    const NONE: Self = KnownSite { place: None, number: 0 };

    #[inline]
    fn is(self, site: Site) -> bool {
        self.place.is_some_and(|place| std::ptr::eq(place, site))
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
            committed: Cell::new(&NOWHERE),
            at: Cell::new(0),
            blocks: Cell::new(0),
            clock_due: Cell::new(0),
            sites: [const { Cell::new(KnownSite::NONE) }; KNOWN_SITES],
            next_site: Cell::new(1),
            late: Cell::new(false),
        }
    }

    /// Runs `task` unless this thread is at one already; then an event is lost.
    #[inline]
    fn alone(&self, task: impl FnOnce()) {
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

    /// Makes everything up to the word `at` part of the recording.
    #[inline]
    fn commit(&self, at: usize) {
        self.at.set(at);
        let bytes = (at - HEADER_WORDS) * size_of::<u64>();
        self.committed.get().store(bytes as u64, Ordering::Release);
    }

    /// Where `site` is kept, if it is known.
    #[inline]
    fn known(&self, site: Site) -> &Cell<KnownSite> {
        let address = std::ptr::from_ref(site).addr();
        &self.sites[address / align_of::<Location<'_>>() % KNOWN_SITES]
    }

    #[inline(always)]
    fn next_message(&self) -> MessageId {
        if self.busy.replace(true) {
            self.count_dropped();
            return MessageId::UNKNOWN;
        }
        compiler_fence(Ordering::SeqCst);
        let mut message = self.next_message.get();
        // The first block is begun before the send is timed and not in its midst.
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
        // Where nobody records it is for a subscriber that a message has a number.
        let is_recorded = recording::current().is_some();
        if !(if is_recorded { self.begin_block() } else { self.register() }) {
            return MessageId::UNKNOWN;
        }
        self.next_message.replace(MessageId(self.next_message.get().0 + 1))
    }

    #[inline(always)]
    fn reserve(&self) -> bool {
        let room = self.words.get().len() - self.at.get();
        !self.busy.get() && room >= RESERVE / size_of::<u64>() || self.begin_block_in_advance()
    }

    #[cold]
    #[inline(never)]
    fn begin_block_in_advance(&self) -> bool {
        if self.busy.get() {
            self.count_dropped();
            return false;
        }
        // A block of one event would be begun, and ended, while the lock is held.
        if self.late.get() {
            return false;
        }
        self.alone(|| _ = self.begin_block());
        true
    }

    /// A call, so that the program does not grow by all this at every operation.
    #[inline(never)]
    fn operation(&self, kind: OperationKind, endpoint: u32, site: Site, time: u64, detail: u64) {
        if self.busy.replace(true) {
            self.count_dropped();
            return;
        }
        compiler_fence(Ordering::SeqCst);
        let at = self.at.get();
        let known = self.known(site).get();
        let fast = if let Some(room) = self.words.get().get(at..at + 3)
            && known.is(site)
            && time < self.clock_due.get()
        {
            let words = operation_words(time, kind, endpoint, known.number, detail);
            for (to, word) in room.iter().zip(words) {
                to.store(word, Ordering::Relaxed);
            }
            self.commit(at + 3);
            true
        } else {
            self.rare_operation(kind, endpoint, site, time, detail);
            false
        };
        compiler_fence(Ordering::SeqCst);
        self.busy.set(false);
        if !fast {
            recording::follow();
        }
    }

    #[cold]
    #[inline(never)]
    fn rare_operation(
        &self,
        kind: OperationKind,
        endpoint: u32,
        site: Site,
        time: u64,
        detail: u64,
    ) {
        self.record(time, Some(site), |site| Event::Operation { kind, endpoint, site, detail });
    }

    /// Gives this thread a number; false if it cannot have one.
    #[cold]
    fn register(&self) -> bool {
        if self.thread.get() == 0
            && let Some(number) = number_thread()
        {
            self.take_number(number);
        }
        self.thread.get() != 0
    }

    fn take_number(&self, number: u32) {
        self.thread.set(number);
        self.next_message.set(MessageId::new(number, 1));
        // Makes the destructor run, if it still can.
        self.late.set(ENDING.try_with(|_| {}).is_err());
    }

    fn record<'a>(&self, time: u64, site: Option<Site>, event: impl Fn(u32) -> Event<'a>) {
        self.record_at(time, |writer| site.map_or(0, |site| writer.number(site, time)), event);
    }

    /// Records an event; `number` gives its site in the block in which there is room for it.
    fn record_at<'a>(
        &self,
        time: u64,
        number: impl FnOnce(&Self) -> u32,
        event: impl Fn(u32) -> Event<'a>,
    ) {
        let mut bytes = [0; MAX_RECORD];
        let length = event(0).encode(time, &mut bytes);
        let room = (self.words.get().len() - self.at.get()) * size_of::<u64>();
        if room < PRELUDE + length && !self.begin_block() {
            self.count_dropped();
            return;
        }
        if time >= self.clock_due.get() {
            self.calibrate();
        }
        let site = number(self);
        let length = if site == 0 { length } else { event(site).encode(time, &mut bytes) };
        self.push(&bytes[..length]);
        if self.late.get() {
            self.end_block();
        }
    }

    /// The number of `site` in this block; tells the block of it if it is new.
    fn number(&self, site: Site, time: u64) -> u32 {
        let known = self.known(site);
        if !known.get().is(site) {
            let number = self.new_site(site.file(), site.line(), site.column(), time);
            known.set(KnownSite { place: Some(site), number });
        }
        known.get().number
    }

    /// Tells this block of a site; gives its number in it.
    fn new_site(&self, file: &str, line: u32, column: u32, time: u64) -> u32 {
        let site = self.next_site.replace(self.next_site.get() + 1);
        self.write(time, Event::Site { site, line, column, file });
        site
    }

    /// Writes what time it is on both clocks.
    fn calibrate(&self) {
        let (ticks, monotonic_ns) = platform::calibration();
        self.write(ticks, Event::Clock { monotonic_ns });
        self.clock_due.set(ticks + platform::ticks_per_millisecond());
    }

    /// Writes an event for which there is room.
    fn write(&self, time: u64, event: Event<'_>) {
        let mut bytes = [0; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        self.push(&bytes[..length]);
    }

    fn push(&self, record: &[u8]) {
        let words = words_of(record);
        let end = self.at.get() + words.len();
        for (to, word) in self.words.get()[self.at.get()..end].iter().zip(words) {
            to.store(word, Ordering::Relaxed);
        }
        self.commit(end);
    }

    /// Goes on in a new block; false if there is none.
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
        self.at.set(HEADER_WORDS);
        self.blocks.set(sequence + 1);
        self.sites.iter().for_each(|site| site.set(KnownSite::NONE));
        self.next_site.set(1);
        if sequence == 0 {
            // After the thread's local data is gone std may not know its name any more.
            let current = (!self.late.get()).then(thread::current);
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
            self.committed.set(&NOWHERE);
            self.at.set(0);
            recording.end_block(block);
        }
    }
}

/// Runs among the thread's local destructors, and ends what the thread has begun.
struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        // A forked child has its parent's state and must not touch it.
        if recording::current().is_none() {
            return;
        }
        WRITER.with(|writer| {
            writer.alone(|| {
                writer.record(platform::now(), None, |_| Event::ThreadEnded {});
                writer.end_block();
                writer.late.set(true);
            });
        });
    }
}

// The first block of a thread must hold its start, a clock, a site and the longest event, or
// what is reserved.
const _: () = assert!(
    BlockHeader::BYTES + MAX_RECORD + PRELUDE + MAX_RECORD + RESERVE <= recording::SMALL_BLOCK,
    "a small block is too small"
);
