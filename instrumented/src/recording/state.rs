//! Whether this process is recorded.

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
use crate::{panics, platform, writer};

/// Where `recorder` says into what directory the processes that it runs record.
const SESSION: &str = "INSTRUMENTED_SESSION";

static STATE: AtomicU8 = AtomicU8::new(State::Unknown as u8);
static RECORDING: OnceLock<Recording> = OnceLock::new();
/// Held while the process finds out, or decides, whether it is recorded.
static DECIDING: Mutex<()> = Mutex::new(());
/// The process that has, or had, a reason to hold it.
static DECIDER: AtomicU32 = AtomicU32::new(0);
/// How many bytes of a message's value are recorded, at most.
static VALUES: AtomicUsize = AtomicUsize::new(0);
/// Set while the program itself wants no recording.
static HELD: AtomicBool = AtomicBool::new(false);

#[repr(u8)]
enum State {
    /// Nobody has looked.
    Unknown,
    /// This process is not recorded.
    Off,
    /// This process is recorded.
    On,
    /// This process is recorded, but for its operations.
    Paused,
}

/// Whether operations are recorded now; false until [`prepare`] has found out.
#[inline(always)]
pub(crate) fn on() -> bool {
    STATE.load(Ordering::Relaxed) == State::On as u8 || resumed()
}

/// [`on`], for what may be used before anybody has found out: then it finds out, unless
/// somebody is at that. It never waits, since who finds out, or holds what they wait for,
/// may use a lock.
#[inline(always)]
pub(crate) fn wanted() -> bool {
    let state = STATE.load(Ordering::Relaxed);
    state != State::Off as u8 && (state == State::On as u8 || wanted_after_all())
}

#[cold]
#[inline(never)]
fn wanted_after_all() -> bool {
    if is(State::Unknown) {
        if may_decide() {
            match DECIDING.try_lock() {
                Ok(deciding) => find_out(deciding),
                Err(TryLockError::Poisoned(deciding)) => find_out(deciding.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        } else {
            set(State::Off);
        }
    }
    resumed()
}

/// How many bytes of a message's value are to be recorded, at most; 0 is none.
#[inline(always)]
pub(crate) fn values_limit() -> usize {
    VALUES.load(Ordering::Relaxed)
}

/// Finds out whether this process is recorded, the first time that it is called.
pub(crate) fn prepare() -> bool {
    if is(State::Unknown) {
        match decide() {
            Some(deciding) => find_out(deciding),
            None => set(State::Off),
        }
    }
    current().is_some()
}

/// The recording of this process, if there is one.
pub(crate) fn current() -> Option<&'static Recording> {
    if is(State::On) || is(State::Paused) { RECORDING.get() } else { None }
}

/// Takes the right to decide, if this process has it.
fn decide() -> Option<MutexGuard<'static, ()>> {
    may_decide().then(|| lock(&DECIDING))
}

/// False in a child that was forked while its parent may have been at it: there the lock may
/// be held by a thread that the child has not got.
fn may_decide() -> bool {
    let this = process::id();
    let decider = DECIDER.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed);
    decider.map_or_else(|other| other == this, |_| true)
}

#[cold]
fn find_out(deciding: MutexGuard<'_, ()>) {
    join_session(&deciding);
    // A panic's hook may wait for who decides, and to set another waits for it.
    drop(deciding);
    if current().is_some() {
        panics::watch();
    }
}

/// Records this process if `recorder` has started it.
fn join_session(_deciding: &MutexGuard<'_, ()>) {
    if !is(State::Unknown) {
        return;
    }
    let Some(session) = env::var_os(SESSION) else {
        set(State::Off);
        return;
    };
    let session = Path::new(&session);
    let begun =
        map_control(session).and_then(|control| begin(|| create_part(session), Some(control)));
    if let Err(error) = begun {
        set(State::Off);
        complain(&error);
    }
}

pub(super) fn start(path: &Path) -> io::Result<()> {
    let forked = || io::Error::other("a forked child cannot record itself");
    let deciding = decide().ok_or_else(forked)?;
    join_session(&deciding);
    if let Some(recording) = current() {
        if recording.control().is_some() {
            drop(deciding);
            panics::watch();
            return Ok(());
        }
        let message = "this process records itself already";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    // Another process may have the file that is there mapped, so that one is replaced
    // and not shortened; and a file that has not got its head yet has another name.
    let mut unfinished = OsString::from(path);
    unfinished.push(format!(".{}.new", process::id()));
    let created =
        || Ok((File::options().read(true).write(true).create_new(true).open(&unfinished)?, 0));
    begin(created, None).and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
        set(State::Off);
        let _ = fs::remove_file(&unfinished);
    })?;
    drop(deciding);
    panics::watch();
    Ok(())
}

/// Opens a file, writes its head and turns the recording on.
fn begin(
    open: impl FnOnce() -> io::Result<(File, u32)>,
    control: Option<&'static [AtomicU64]>,
) -> io::Result<()> {
    let (file, process) = open()?;
    platform::choose();
    let recording = Recording::new(file, process, control)?;
    let paused = HELD.load(Ordering::Relaxed) || recording.is_to_pause();
    if RECORDING.set(recording).is_err() {
        return Err(io::Error::other("this process cannot start a second recording"));
    }
    platform::in_forked_child(forget_in_forked_child);
    if let Some(control) = control {
        VALUES.store(control[control::VALUES].load(Ordering::Relaxed) as usize, Ordering::Relaxed);
    }
    set(if paused { State::Paused } else { State::On });
    if paused {
        writer::event(None, |_| Event::Paused {});
    }
    Ok(())
}

/// What the recorder says to all processes of the session.
fn map_control(session: &Path) -> io::Result<&'static [AtomicU64]> {
    let file = File::options().read(true).write(true).open(session.join(control::FILE))?;
    platform::allocate(&file, 0, control::BYTES)?;
    platform::map(&file, 0, control::BYTES)
}

/// Makes the file of the first process number that is free.
fn create_part(session: &Path) -> io::Result<(File, u32)> {
    for process in 0..u32::MAX {
        let path = session.join(format!("{process}.part"));
        match File::options().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((file?, process)),
        }
    }
    Err(io::Error::other("the session has no process number left"))
}

/// A forked child shares the parent's mapped memory. It does not write there: it is not
/// recorded, unless it executes another program, which begins anew.
extern "C" fn forget_in_forked_child() {
    set(State::Off);
}

pub(super) fn pause() {
    HELD.store(true, Ordering::Relaxed);
    follow();
}

pub(super) fn resume() {
    HELD.store(false, Ordering::Relaxed);
    resumed();
}

pub(super) fn set_values(limit: usize) {
    if current().and_then(Recording::control).is_none() {
        VALUES.store(limit, Ordering::Relaxed);
    }
}

pub(super) fn keep() {
    if let Some(control) = current().and_then(Recording::control) {
        control[control::KEEP].fetch_add(1, Ordering::Relaxed);
    }
}

/// Pauses the recording if it is to pause.
pub(crate) fn follow() {
    if current().is_some_and(|recording| HELD.load(Ordering::Relaxed) || recording.is_to_pause())
        && turn(State::On, State::Paused)
    {
        writer::event(None, |_| Event::Paused {});
    }
}

/// Ends a pause if it is over; whether operations are recorded now.
#[cold]
#[inline(never)]
fn resumed() -> bool {
    let resumes = is(State::Paused)
        && !HELD.load(Ordering::Relaxed)
        && current().is_some_and(|recording| !recording.is_to_pause())
        && turn(State::Paused, State::On);
    if resumes {
        writer::event(None, |_| Event::Resumed {});
    }
    is(State::On)
}

fn is(state: State) -> bool {
    STATE.load(Ordering::Acquire) == state as u8
}

fn set(state: State) {
    STATE.store(state as u8, Ordering::Release);
}

/// Whether it was this thread that has turned one state into the other.
fn turn(from: State, to: State) -> bool {
    STATE.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// Says once why there is no recording, or no more of it.
pub(super) fn complain(error: &io::Error) {
    platform::complain(&format!("instrumented: not recording (any more): {error}\n"));
}
