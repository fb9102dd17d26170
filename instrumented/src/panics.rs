//! A panic hook that records the program's panics, and a way to run the program's code without
//! its panics being recorded or printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, thread};

use format::Event;

use crate::writer;

thread_local! {
    /// Set while panics of this thread are neither recorded nor printed.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Installs the hook that records panics. Does nothing after the first call.
///
/// The hook calls the previous one, so the program's output stays the same.
pub(crate) fn install_hook() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    // A panicking thread must not set a hook.
    if INSTALLED.load(Ordering::Relaxed)
        || thread::panicking()
        || INSTALLED.swap(true, Ordering::Relaxed)
    {
        return;
    }
    panic::set_hook(recording_hook(panic::take_hook()));
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

fn recording_hook(previous: Hook) -> Hook {
    Box::new(move |panic| {
        if !SILENT.get() {
            record(panic);
            previous(panic);
        }
    })
}

fn record(panic: &PanicHookInfo<'_>) {
    let (line, column, file) =
        panic.location().map_or((0, 0, ""), |place| (place.line(), place.column(), place.file()));
    let message = panic.payload_as_str().unwrap_or_default();
    writer::panicked(Event::Panicked { line, column, file, message });
}

/// Runs `task`, code of the program that the program did not call itself. Returns `None` if it
/// panics. Such a panic is neither recorded nor printed.
pub(crate) fn catch_silently<R>(task: impl FnOnce() -> R) -> Option<R> {
    // A process that is not recorded has not installed the hook yet.
    install_hook();
    let before = SILENT.replace(true);
    // Unwind safe: only the program's own code can observe the state that `task` leaves behind.
    let result = panic::catch_unwind(AssertUnwindSafe(task));
    SILENT.set(before);
    // Dropping the payload might panic again.
    result.map_err(mem::forget).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_silent_panic_does_not_reach_the_programs_hook() {
        let calls = Arc::new(AtomicUsize::new(0));
        let (hook_calls, this) = (Arc::clone(&calls), thread::current().id());
        let programs_hook: Hook = Box::new(move |_| {
            hook_calls.fetch_add(usize::from(thread::current().id() == this), Ordering::Relaxed);
        });
        // Set directly: another test may already have called `install_hook`.
        panic::set_hook(recording_hook(programs_hook));
        let loud = || _ = panic::catch_unwind(|| panic!("loud"));
        loud();
        assert_eq!(calls.load(Ordering::Relaxed), 1);

        assert_eq!(catch_silently(|| 1), Some(1));
        let outer = catch_silently(|| {
            assert_eq!(catch_silently(|| panic!("inner")), None::<()>);
            panic!("outer")
        });
        assert_eq!(outer, None::<()>);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        loud();
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        drop(panic::take_hook());
    }
}
