//! Controls the schedule of this process: its threads go on one at a time, and at each operation the
//! process chooses the thread that goes on next.
//!
//! The operations are still std's. Before an operation, its thread lets the next one be chosen
//! ([`begin_operation`]). An operation that has to wait is not begun before it can return: the
//! thread has recorded the start of the wait, and stops there ([`begin_wait`]) until the [`model`]
//! says that the operation would return, and the thread is chosen. Where the model is wrong or does
//! not see something, std's operation still blocks; the other threads notice that and go on, and the
//! run is marked as not wholly controlled.
//!
//! Sleeps and timeouts pass on a clock of the schedule. A timeout expires when its thread is chosen
//! before its operation can return.
//!
//! If no thread can go on, all threads are released into their operations, where they block for real:
//! the recorder sees that, and a wrong model does no harm.
//!
//! Nothing of this is used unless `recorder` controls the schedule. Then locks are taken and memory is
//! allocated in operations.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use format::{EarlierRun, Event, OperationKind, Outcome, Phase, Stop, Strategy, control};

use self::choice::{Choice, Chooser, Switch};
use self::model::{Blocking, Model};
use self::outside::{Checked, MAX_BUSY, MAX_RETURN, wait_until_asleep};
use crate::{platform, recording, writer};

mod choice;
mod earlier;
mod model;
mod outside;

/// How often a thread that waits for its turn checks the one that has it.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);
/// From this number of threads on, each checks less often: together they would leave that one no time.
const MAX_CHECKING: u32 = 8;
/// The factor of the times that a thread may take while a schedule is followed: no other order is wanted
/// then, and a thread may be slow, for example because it prints a backtrace.
const PATIENCE_FOLLOWING: u32 = 5;
/// Time on the schedule's clock that passes when the program reads it, in nanoseconds. A program that
/// waits for a time in a loop thus reaches it.
const CLOCK_READ: u64 = 5_000;

/// Number of choices after which a thread that goes on all the time counts as one that polls: it may
/// repeat an operation until another thread has ended it.
const MAX_TURN: u64 = 2_000;
/// Time on the schedule's clock that passes when a thread polls and no other can go on, in nanoseconds.
/// It grows by this with each poll: a minute passes in 350 polls.
const POLLING: u64 = 1_000_000;
/// How long a thread pauses after a poll while no other can go on but where the schedule has no influence.
const POLLING_PAUSE: Duration = Duration::from_millis(1);

static SCHEDULER: OnceLock<Scheduler> = OnceLock::new();

thread_local! {
    static THREAD: Cell<Option<&'static Thread>> = const { Cell::new(None) };
    /// Set while this thread is in this module.
    static IS_BUSY: Cell<bool> = const { Cell::new(false) };
}

/// A thread, as this module sees it.
struct Thread {
    number: u32,
    /// Notified when the turn passes to the thread.
    turn: Condvar,
    /// Set while the thread is in this module, where it may be asleep.
    is_inside: AtomicBool,
    /// The system's id of the thread; 0 until it has begun.
    os_id: AtomicU64,
}

struct Scheduler {
    /// The instant at which the schedule's clock started.
    start: Instant,
    control: &'static [AtomicU64],
    max_steps: u64,
    /// The factor of the times that a thread may take.
    patience: u32,
    records_choices: bool,
    state: Mutex<State>,
}

struct State {
    model: Model,
    chooser: Chooser,
    /// All threads, by their numbers.
    threads: Vec<Option<&'static Thread>>,
    /// The thread that goes on; 0 if none can.
    turn: u32,
    /// Whether that thread has noticed it.
    is_taken: bool,
    /// Number of choices made.
    steps: u64,
    /// The choice at which the turn last passed to another thread.
    turn_began: u64,
    /// That choice, until it is recorded.
    switch: Option<u64>,
    /// The last choice with its candidates, until it is recorded; only if all are to be.
    choice: Option<(u64, u64)>,
    /// Time of the last choice.
    since: Instant,
    /// How the thread was that got the turn last, when others checked it.
    checked: Checked,
    /// How much processor time a thread that has the turn may use without an operation. It becomes less,
    /// because a program that waits in loops does so again and again.
    max_busy: Duration,
    /// Up to when the clock of the schedule has followed the real one, while a thread is blocked where
    /// the schedule has no influence.
    outside_since: Option<Instant>,
    /// Whether the thread with the turn may repeat its operation until another thread goes on.
    polls: bool,
    /// Time on the schedule's clock that the last of several polls took, in nanoseconds.
    polling: u64,
    /// Whether the thread with the turn pauses before it goes on: it polls for what takes real time.
    pauses: bool,
    /// The thread that is about to block in std's operation.
    leaving: Option<&'static Thread>,
    /// Set when no thread is controlled any more.
    is_over: bool,
}

/// Prepares to control the schedule, if the control words of the session in this directory say so.
pub(crate) fn start(control: &'static [AtomicU64], session: &Path) -> io::Result<()> {
    let word = |index: usize| control[index].load(Ordering::Relaxed);
    let Some(strategy) = Strategy::from_code(word(control::STRATEGY) as u32) else { return Ok(()) };
    let pid = u64::from(std::process::id());
    let controlled = &control[control::CONTROLLED];
    // The same process, if it has executed another program.
    let is_free = |other| other == 0 || other == pid;
    let claim = controlled
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |other| is_free(other).then_some(pid));
    if claim.is_err() {
        control[control::UNCONTROLLED].fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    let read = |file| match fs::read(session.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        bytes => bytes,
    };
    let switches = switches(&read(control::SCHEDULE_FILE)?);
    let earlier = EarlierRun::decode(&read(control::EARLIER_RUN_FILE)?).unwrap_or_default();
    let records_choices = word(control::CHOICES) != 0;
    let is_following = match strategy {
        Strategy::Stay => !switches.is_empty() && !records_choices,
        strategy => strategy == Strategy::Follow,
    };
    let chooser = Chooser::new(
        strategy,
        word(control::SEED),
        word(control::DEPTH),
        word(control::LENGTH),
        switches,
        records_choices,
        earlier,
    );
    let max_steps = match word(control::MAX_STEPS) {
        0 => u64::MAX,
        steps => steps,
    };
    let state = State {
        model: Model::new(word(control::EARLY)),
        chooser,
        threads: Vec::new(),
        turn: 0,
        is_taken: false,
        steps: 0,
        turn_began: 0,
        switch: None,
        choice: None,
        since: Instant::now(),
        checked: Checked::default(),
        max_busy: MAX_BUSY,
        outside_since: None,
        polls: false,
        polling: 0,
        pauses: false,
        leaving: None,
        is_over: false,
    };
    let start = Instant::now();
    let scheduler = Scheduler {
        start,
        control,
        max_steps,
        patience: if is_following { PATIENCE_FOLLOWING } else { 1 },
        records_choices,
        state: Mutex::new(state),
    };
    SCHEDULER.set(scheduler).map_err(|_| io::Error::other("the schedule is already controlled"))
}

/// Whether the process is to control its schedule.
pub(crate) fn is_started() -> bool {
    SCHEDULER.get().is_some()
}

/// The content of a schedule file.
fn switches(bytes: &[u8]) -> Vec<Switch> {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let number = |bytes| u64::from_le_bytes(bytes);
    let switch =
        |&[step, thread]: &[_; 2]| Switch { step: number(step), thread: number(thread) as u32 };
    pairs.iter().map(switch).collect()
}

/// Runs `task` with the scheduler and this thread, unless the thread is in this module already.
fn enter<R>(task: impl FnOnce(&'static Scheduler, &'static Thread) -> R) -> Option<R> {
    let scheduler = SCHEDULER.get()?;
    if IS_BUSY.replace(true) {
        scheduler.give_up();
        return None;
    }
    let result = this_thread(scheduler).map(|thread| {
        thread.is_inside.store(true, Ordering::Relaxed);
        let result = task(scheduler, thread);
        let (switch, choice) = scheduler.take_choice(thread);
        if let Some(step) = switch {
            writer::event(None, |_| Event::Scheduled { step });
        }
        if let Some((step, candidates)) = choice {
            writer::event(None, |_| Event::Chosen { step, candidates });
        }
        thread.is_inside.store(false, Ordering::Relaxed);
        result
    });
    IS_BUSY.set(false);
    result
}

fn this_thread(scheduler: &Scheduler) -> Option<&'static Thread> {
    if let Some(thread) = THREAD.get() {
        return Some(thread);
    }
    let number = writer::current_thread_number();
    if number == 0 {
        return None;
    }
    let mut state = scheduler.lock();
    if !state.chooser.knows(number) && state.threads.iter().any(Option::is_some) {
        // Somebody else has spawned it: it can come at any time.
        scheduler.control[control::UNCONTROLLED].fetch_add(1, Ordering::Relaxed);
    }
    let thread = state.add_thread(number);
    drop(state);
    thread.os_id.store(platform::thread_id(), Ordering::Relaxed);
    THREAD.set(Some(thread));
    Some(thread)
}

/// The current thread is about to begin an operation. Returns when it is its turn.
#[cold]
pub(crate) fn begin_operation() {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if state.is_over || state.model.has_ended(thread.number) {
            return;
        }
        state.model.set_ready(thread.number);
        state.pass_real_time();
        scheduler.wait_for_turn(state, thread);
    });
}

/// Like [`begin_operation`], for one that the program may repeat until another thread goes on.
#[cold]
pub(crate) fn begin_poll() {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        state.polls |= state.turn == thread.number;
    });
    begin_operation();
}

/// The current thread is about to spawn the thread with this number, which may begin before it is
/// [`spawned`].
#[cold]
pub(crate) fn spawning(number: u32) {
    enter(|scheduler, thread| scheduler.lock().chooser.add_thread(number, Some(thread.number)));
}

/// The current thread has spawned a thread with this number, in a scope at the address `scope` or, if
/// that is 0, in none.
#[cold]
pub(crate) fn spawned(number: u32, scope: usize) {
    enter(|scheduler, _| {
        let mut state = scheduler.lock();
        state.add_thread(number);
        if scope != 0 {
            state.model.add_scoped_thread(number, scope);
        }
    });
}

/// The current thread has recorded an operation. If it is the start of a wait, returns when the
/// operation would return.
#[cold]
pub(crate) fn recorded(kind: OperationKind, number: u32, detail: u64) {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if state.is_over {
            return;
        }
        if EarlierRun::is_step(kind) {
            state.chooser.complete_step(thread.number);
        }
        if kind.phase() == Phase::Begin {
            let blocking = state.model.begin_wait(thread.number, kind, number, detail);
            scheduler.block(state, thread, blocking);
            return;
        }
        state.model.complete(thread.number, kind, number, detail);
        if state.turn == thread.number && state.is_taken {
            state.polls = is_poll(kind);
        } else if !is_release(kind) {
            // Back from std's operation, or from where it was blocked unseen.
            state.model.set_ready(thread.number);
            state.pass_real_time();
            scheduler.wait_for_turn(state, thread);
        }
    });
}

/// Whether the lock of this operation is released only after it was recorded.
fn is_release(kind: OperationKind) -> bool {
    use OperationKind::{ReadUnlock, Unlock, WriteUnlock};
    matches!(kind, Unlock | ReadUnlock | WriteUnlock)
}

/// Whether a program may repeat this operation until another thread goes on.
fn is_poll(kind: OperationKind) -> bool {
    kind == OperationKind::YieldNow
        || matches!(
            kind.outcome(),
            Outcome::Full | Outcome::Empty | Outcome::Held | Outcome::TimedOut
        )
        || matches!(kind, OperationKind::SleepEnd | OperationKind::ParkTimeoutEnd)
}

/// The current thread has recorded an event that is not an operation.
#[cold]
pub(crate) fn observed(event: &Event<'_>) {
    if matches!(event, Event::Scheduled { .. } | Event::Chosen { .. }) {
        return;
    }
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if matches!(event, Event::SenderDropped { .. } | Event::ReceiverDropped { .. }) {
            state.chooser.complete_step(thread.number);
        }
        state.model.observe(event);
    });
}

/// The current thread has ended: another one goes on.
#[cold]
pub(crate) fn thread_ended() {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        // The process ends with its main thread.
        if state.is_over || thread.os_id.load(Ordering::Relaxed) == u64::from(std::process::id()) {
            return;
        }
        state.model.end_thread(thread.number);
        state.pass_real_time();
        if state.turn == thread.number || state.turn == 0 {
            scheduler.choose(&mut state);
        }
    });
}

/// The current thread waits for the threads of the scope at this address. Returns when they have ended.
#[cold]
pub(crate) fn wait_for_scope(scope: usize) {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if !state.is_over {
            let blocking = state.model.begin_scope_wait(thread.number, scope);
            scheduler.block(state, thread, blocking);
        }
    });
}

/// The current thread waits until this primitive is initialized. Returns when it is.
#[cold]
pub(crate) fn wait_for_initializer(primitive: u32) {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if !state.is_over {
            let blocking = state.model.begin_initializer_wait(thread.number, primitive);
            scheduler.block(state, thread, blocking);
        }
    });
}

/// The current thread has released the mutex, and waits at the condition variable. Returns whether
/// the time is over, or `None` if it must wait for real.
#[cold]
pub(crate) fn wait_for_notification(
    condvar: u32,
    mutex: u32,
    timeout: Option<Duration>,
) -> Option<bool> {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if state.is_over {
            return None;
        }
        let timeout = timeout.map(writer::timeout_detail);
        let blocking = state.model.begin_condvar_wait(thread.number, condvar, mutex, timeout);
        scheduler.block(state, thread, blocking)
    })
    .flatten()
}

/// The current thread arrives at the barrier. Returns, when all have arrived, whether it was the last;
/// or `None` if it must wait for real.
#[cold]
pub(crate) fn wait_at_barrier(barrier: u32) -> Option<bool> {
    enter(|scheduler, thread| {
        let mut state = scheduler.lock();
        if state.is_over {
            return None;
        }
        let blocking = state.model.arrive(thread.number, barrier);
        scheduler.block(state, thread, blocking).map(|_| blocking == Blocking::No)
    })
    .flatten()
}

/// The time that an operation still has to wait for real, of a `timeout` that began with a recorded
/// wait: none if the schedule has decided how the wait ends.
pub(crate) fn real_timeout(timeout: Duration) -> Duration {
    if recording::is_controlled() { Duration::ZERO } else { timeout }
}

impl Scheduler {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the choice at which the turn has passed to this thread, and the last one with its
    /// candidates, unless they are recorded.
    fn take_choice(&self, thread: &Thread) -> (Option<u64>, Option<(u64, u64)>) {
        let mut state = self.lock();
        if state.turn != thread.number {
            return (None, None);
        }
        (state.switch.take(), state.choice.take())
    }

    fn set(&self, index: usize, value: u64) {
        self.control[index].store(value, Ordering::Relaxed);
    }

    /// Blocks this thread. Returns whether its time was over when it was chosen, or `None` if all
    /// threads were released.
    fn block<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        thread: &'static Thread,
        blocking: Blocking,
    ) -> Option<bool> {
        match blocking {
            Blocking::No => Some(false),
            Blocking::UntilChosen => self.wait_for_turn(state, thread),
            Blocking::InOperation => {
                if state.turn == thread.number {
                    self.choose(&mut state);
                    state.leaving = Some(thread);
                }
                Some(false)
            }
        }
    }

    /// Lets the next thread be chosen, if this one has the turn or nobody has, and waits for the turn.
    /// Returns as [`block`](Self::block).
    fn wait_for_turn<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        thread: &'static Thread,
    ) -> Option<bool> {
        if state.turn == thread.number && state.is_taken || state.turn == 0 {
            self.choose(&mut state);
        }
        while state.turn != thread.number {
            if state.is_over || !recording::is_controlled() {
                return None;
            }
            let interval = CHECK_INTERVAL * (1 + state.model.live_threads() / MAX_CHECKING);
            let (locked, result) =
                thread.turn.wait_timeout(state, interval).unwrap_or_else(PoisonError::into_inner);
            state = locked;
            if result.timed_out() {
                self.check(&mut state);
            }
        }
        if std::mem::take(&mut state.pauses) {
            drop(state);
            std::thread::sleep(POLLING_PAUSE);
            state = self.lock();
        }
        state.is_taken = true;
        state.since = Instant::now();
        if let Some(leaving) = state.leaving.take() {
            drop(state);
            wait_until_asleep(leaving);
            state = self.lock();
        }
        let begun = Instant::now();
        while state.model.is_lock_in_transit(thread.number) && begun.elapsed() < MAX_RETURN {
            drop(state);
            std::thread::yield_now();
            state = self.lock();
        }
        Some(state.model.go_on(thread.number))
    }

    /// Chooses the thread that goes on, and wakes it.
    fn choose(&self, state: &mut State) {
        let (step, current) = (state.steps, state.turn);
        state.pass_real_time();
        let mut candidates = state.model.candidates();
        let polls_alone = state.polls && candidates.ready == [current];
        state.pauses = false;
        if (polls_alone || !candidates.expiring.is_empty()) && state.time_is_real() {
            candidates.expiring.clear();
            candidates.early = 0;
            state.pauses = polls_alone;
        }
        if polls_alone && !candidates.expiring.is_empty() {
            // The polling takes time, until a timeout expires.
            state.polling += POLLING;
            state.model.advance_clock(state.polling);
            candidates = state.model.candidates();
        } else {
            state.polling = 0;
        }
        if step >= self.max_steps {
            self.stop(state, Stop::StepLimit);
            return;
        }
        let polls = state.polls || step - state.turn_began >= MAX_TURN;
        let choice = state.chooser.choose(step, current, polls, &candidates);
        let Some(Choice { thread, diverges }) = choice else {
            if std::mem::take(&mut state.turn) != 0 {
                state.since = Instant::now();
            }
            if state.model.has_waits() && state.model.outside().next().is_none() {
                self.stop(state, Stop::Deadlock);
            }
            return;
        };
        if diverges && self.control[control::DIVERGED].load(Ordering::Relaxed) == 0 {
            self.set(control::DIVERGED, step + 1);
        }
        state.choice = self.records_choices.then(|| (step, candidates.bits()));
        state.steps += 1;
        self.set(control::STEPS, state.steps);
        state.polls = false;
        state.since = Instant::now();
        if thread == current {
            return;
        }
        state.turn = thread;
        state.turn_began = step;
        state.switch = Some(step);
        state.is_taken = false;
        if let Some(Some(thread)) = state.threads.get(thread as usize) {
            thread.turn.notify_one();
        }
    }

    /// Ends the control, because the program's operations interrupt this module: its allocator takes a
    /// lock that is recorded. To control it would be to wait for ourselves.
    #[cold]
    fn give_up(&self) {
        self.control[control::UNCONTROLLED].fetch_add(1, Ordering::Relaxed);
        // Threads that wait for their turn notice it.
        recording::end_control();
    }

    /// No thread goes on any more under control.
    fn stop(&self, state: &mut State, reason: Stop) {
        state.turn = 0;
        if reason == Stop::Deadlock {
            state.is_over = true;
            recording::end_control();
            for thread in state.threads.iter().flatten() {
                thread.turn.notify_one();
            }
        }
        self.set(control::STOPPED, reason as u64);
    }
}

impl State {
    fn add_thread(&mut self, number: u32) -> &'static Thread {
        let index = number as usize;
        self.chooser.add_thread(number, None);
        if index >= self.threads.len() {
            self.threads.resize(index + 1, None);
        }
        self.model.add_thread(number);
        // Never freed: the thread may use it until its last instruction.
        self.threads[index].get_or_insert_with(|| {
            Box::leak(Box::new(Thread {
                number,
                turn: Condvar::new(),
                is_inside: AtomicBool::new(false),
                os_id: AtomicU64::new(0),
            }))
        })
    }

    fn thread(&self, number: u32) -> Option<&'static Thread> {
        self.threads.get(number as usize).copied().flatten()
    }
}

/// The present instant on the schedule's clock; `None` if the schedule is not controlled.
#[inline]
pub(crate) fn now() -> Option<Instant> {
    if recording::is_controlled() { controlled_now() } else { None }
}

#[cold]
fn controlled_now() -> Option<Instant> {
    enter(|scheduler, _| {
        let mut state = scheduler.lock();
        state.pass_real_time();
        let passed = state.model.advance_clock(CLOCK_READ);
        scheduler.start.checked_add(Duration::from_nanos(passed))
    })
    .flatten()
}
