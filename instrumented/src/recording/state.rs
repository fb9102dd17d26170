//! Whether this process is recorded, and whether its recording is paused.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::{env, process};

use format::Event;
use format::control;

use super::file::{Recording, lock};
use crate::{panics, platform, schedule, writer};

/// The environment variable with the directory into which `recorder` makes its processes record.
const SESSION: &str = "INSTRUMENTED_SESSION";

static STATE: AtomicU8 = AtomicU8::new(State::Unknown as u8);
static RECORDING: OnceLock<Recording> = OnceLock::new();
/// Held during initialisation: while the process checks, or decides, whether it is recorded.
static INIT: Mutex<()> = Mutex::new(());
/// The id of the process whose threads may hold [`INIT`], or 0 before the first attempt.
static INIT_PROCESS: AtomicU32 = AtomicU32::new(0);
/// Maximum number of bytes recorded of a message's value.
static VALUE_LIMIT: AtomicUsize = AtomicUsize::new(0);
/// Set between the program's calls of `pause` and `resume`.
static PAUSED_BY_PROGRAM: AtomicBool = AtomicBool::new(false);

#[repr(u8)]
enum State {
    /// Not initialised yet.
    Unknown,
    /// This process is not recorded.
    Off,
    /// This process is recorded.
    On,
    /// This process is recorded, except for its operations.
    Paused,
    /// This process is recorded, and controls its schedule.
    Controlled,
}

/// Whether operations are recorded now. Returns false before initialisation; see
/// [`is_recorded`].
///
/// Called at the start of an operation: if the schedule is controlled, returns when it is the turn
/// of this thread.
#[inline(always)]
pub(crate) fn on() -> bool {
    STATE.load(Ordering::Relaxed) == State::On as u8 || begin_controlled_or_resume()
}

/// Like [`on`], within an operation.
#[inline(always)]
pub(crate) fn still_on() -> bool {
    STATE.load(Ordering::Relaxed) == State::On as u8 || resume_if_requested()
}

/// Like [`on`], for items that can be used before initialisation: initialises first, unless
/// another thread is doing so.
///
/// Never waits for that thread: it may itself use the lock whose operation calls this.
#[inline(always)]
pub(crate) fn on_or_try_init() -> bool {
    let state = STATE.load(Ordering::Relaxed);
    state != State::Off as u8 && (state == State::On as u8 || try_init_or_begin_controlled())
}

/// Initialises as [`on_or_try_init`] does, where no operation starts.
pub(crate) fn try_init() {
    if is(State::Unknown) {
        try_init_or_resume();
    }
}

/// Whether this process controls its schedule.
#[inline]
pub(crate) fn is_controlled() -> bool {
    STATE.load(Ordering::Relaxed) == State::Controlled as u8
}

/// Starts an operation that is recorded in any case: if the schedule is controlled, returns when it is
/// the turn of this thread.
#[inline]
pub(crate) fn begin_operation() {
    if is_controlled() {
        schedule::begin_operation();
    }
}

/// Records from now on without control of the schedule.
pub(crate) fn end_control() {
    transition(State::Controlled, State::On);
}

#[cold]
#[inline(never)]
fn begin_controlled_or_resume() -> bool {
    if is_controlled() {
        schedule::begin_operation();
        return true;
    }
    resume_if_requested()
}

#[cold]
#[inline(never)]
fn try_init_or_begin_controlled() -> bool {
    let is_on = try_init_or_resume();
    if is_controlled() {
        schedule::begin_operation();
    }
    is_on
}

fn try_init_or_resume() -> bool {
    if is(State::Unknown) {
        if may_init() {
            match INIT.try_lock() {
                Ok(guard) => init(guard),
                Err(TryLockError::Poisoned(guard)) => init(guard.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        } else {
            set(State::Off);
        }
    }
    resume_if_requested()
}

/// Maximum number of bytes to record of a message's value; 0 if no values are recorded.
#[inline(always)]
pub(crate) fn value_limit() -> usize {
    VALUE_LIMIT.load(Ordering::Relaxed)
}

/// Whether this process is recorded, paused or not. Initialises on the first call.
pub(crate) fn is_recorded() -> bool {
    if is(State::Unknown) {
        match lock_init() {
            Some(guard) => init(guard),
            None => set(State::Off),
        }
    }
    current().is_some()
}

/// Returns the recording of this process, if there is one.
pub(crate) fn current() -> Option<&'static Recording> {
    let is_recorded = STATE.load(Ordering::Acquire) >= State::On as u8;
    is_recorded.then(|| RECORDING.get()).flatten()
}

/// Locks [`INIT`], if this process may.
fn lock_init() -> Option<MutexGuard<'static, ()>> {
    may_init().then(|| lock(&INIT))
}

/// Whether this process may lock [`INIT`].
///
/// False in a child that was forked after its parent's first attempt: a thread of the parent,
/// which does not exist in the child, may have held the lock at that moment.
fn may_init() -> bool {
    let this = process::id();
    let process = INIT_PROCESS.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed);
    process.map_or_else(|other| other == this, |_| true)
}

#[cold]
fn init(guard: MutexGuard<'_, ()>) {
    join_session(&guard);
    // Unlocked before the hook is set: setting it waits for hooks that run, and those may wait
    // for the lock.
    drop(guard);
    if current().is_some() {
        panics::install_hook();
    }
}

/// Records this process if it was started by `recorder`.
fn join_session(_init: &MutexGuard<'_, ()>) {
    if !is(State::Unknown) {
        return;
    }
    let Some(session) = env::var_os(SESSION) else {
        set(State::Off);
        return;
    };
    let session = Path::new(&session);
    let started = map_control(session).and_then(|control| {
        schedule::start(control, session)?;
        begin(|| create_part(session), Some(control))
    });
    if let Err(error) = started {
        set(State::Off);
        report_failure(&error);
    }
}

pub(super) fn start(path: &Path) -> io::Result<()> {
    let forked = || io::Error::other("a forked child cannot record itself");
    let guard = lock_init().ok_or_else(forked)?;
    join_session(&guard);
    if let Some(recording) = current() {
        if recording.control().is_some() {
            drop(guard);
            panics::install_hook();
            return Ok(());
        }
        let message = "this process is already recording itself";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    // The file is created under another name and renamed once its head is complete. An existing
    // file is thereby replaced, not truncated: another process may have it mapped.
    let mut unfinished = OsString::from(path);
    unfinished.push(format!(".{}.new", process::id()));
    let created =
        || Ok((File::options().read(true).write(true).create_new(true).open(&unfinished)?, 0));
    begin(created, None).and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
        set(State::Off);
        let _ = fs::remove_file(&unfinished);
    })?;
    drop(guard);
    panics::install_hook();
    Ok(())
}

/// Opens a file, writes its head and turns the recording on.
fn begin(
    open: impl FnOnce() -> io::Result<(File, u32)>,
    control: Option<&'static [AtomicU64]>,
) -> io::Result<()> {
    let (file, process) = open()?;
    platform::choose_clock();
    let recording = Recording::new(file, process, control)?;
    let paused = PAUSED_BY_PROGRAM.load(Ordering::Relaxed) || recording.pause_requested();
    if RECORDING.set(recording).is_err() {
        return Err(io::Error::other("this process cannot start a second recording"));
    }
    platform::call_in_forked_child(stop_in_forked_child);
    if let Some(control) = control {
        let limit = control[control::VALUES].load(Ordering::Relaxed) as usize;
        VALUE_LIMIT.store(limit, Ordering::Relaxed);
    }
    set(match (schedule::is_started(), paused) {
        (true, _) => State::Controlled,
        (false, true) => State::Paused,
        (false, false) => State::On,
    });
    if is(State::Paused) {
        writer::event(None, |_| Event::Paused {});
    }
    Ok(())
}

/// Maps the words through which the recorder controls all processes of the session.
fn map_control(session: &Path) -> io::Result<&'static [AtomicU64]> {
    let file = File::options().read(true).write(true).open(session.join(control::FILE))?;
    platform::allocate(&file, 0, control::BYTES)?;
    platform::map(&file, 0, control::BYTES)
}

/// Creates the file of the first free process number.
fn create_part(session: &Path) -> io::Result<(File, u32)> {
    for process in 0..u32::MAX {
        let path = session.join(format!("{process}.part"));
        match platform::create_private(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((file?, process)),
        }
    }
    Err(io::Error::other("the session has no process number left"))
}

/// Turns the recording off in a forked child, which shares the parent's mapped memory and must
/// not write to it. If the child executes another program, that program is recorded afresh.
extern "C" fn stop_in_forked_child() {
    set(State::Off);
}

pub(super) fn pause() {
    PAUSED_BY_PROGRAM.store(true, Ordering::Relaxed);
    pause_if_requested();
}

pub(super) fn resume() {
    PAUSED_BY_PROGRAM.store(false, Ordering::Relaxed);
    resume_if_requested();
}

pub(super) fn set_value_limit(limit: usize) {
    if current().and_then(Recording::control).is_none() {
        VALUE_LIMIT.store(limit, Ordering::Relaxed);
    }
}

pub(super) fn keep() {
    if let Some(control) = current().and_then(Recording::control) {
        control[control::KEEP].fetch_add(1, Ordering::Relaxed);
    }
}

/// Pauses the recording if the program or the recorder has requested it.
pub(crate) fn pause_if_requested() {
    if current().is_some_and(|recording| {
        PAUSED_BY_PROGRAM.load(Ordering::Relaxed) || recording.pause_requested()
    }) && transition(State::On, State::Paused)
    {
        writer::event(None, |_| Event::Paused {});
    }
}

/// Ends a pause that neither the program nor the recorder requests any more. Returns whether
/// operations are recorded now.
#[cold]
#[inline(never)]
fn resume_if_requested() -> bool {
    let resumes = is(State::Paused)
        && !PAUSED_BY_PROGRAM.load(Ordering::Relaxed)
        && current().is_some_and(|recording| !recording.pause_requested())
        && transition(State::Paused, State::On);
    if resumes {
        writer::event(None, |_| Event::Resumed {});
    }
    is(State::On) || is_controlled()
}

fn is(state: State) -> bool {
    STATE.load(Ordering::Acquire) == state as u8
}

fn set(state: State) {
    STATE.store(state as u8, Ordering::Release);
}

/// Changes the state from `from` to `to`. Returns whether this call changed it.
fn transition(from: State, to: State) -> bool {
    STATE.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// Writes to stderr why there is no recording, or why it has stopped.
pub(super) fn report_failure(error: &io::Error) {
    platform::write_to_stderr(&format!("instrumented: not recording (any more): {error}\n"));
}
