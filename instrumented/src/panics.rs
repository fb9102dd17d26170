//! Panics of the program are recorded, by a hook before its own; our own are nobody's.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, thread};

use format::Event;

use crate::writer;

thread_local! {
    /// Set while a panic of this thread is of no interest to anybody.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Has panics recorded from now on, the first time that it is called.
///
/// The hook that was there is called after ours, so what the program prints stays the same.
pub(crate) fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    // A thread that panics may set no hook.
    if WATCHED.load(Ordering::Relaxed)
        || thread::panicking()
        || WATCHED.swap(true, Ordering::Relaxed)
    {
        return;
    }
    let programs_own = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !QUIET.get() {
            record(panic);
            programs_own(panic);
        }
    }));
}

fn record(panic: &PanicHookInfo<'_>) {
    let (line, column, file) =
        panic.location().map_or((0, 0, ""), |place| (place.line(), place.column(), place.file()));
    let message = panic.payload_as_str().unwrap_or_default();
    writer::event(None, |_| Event::Panicked { line, column, file, message });
}

/// Runs `task`, code of the program that it has not called itself; `None` if that panics, which
/// is neither recorded nor printed.
pub(crate) fn quietly<R>(task: impl FnOnce() -> R) -> Option<R> {
    // A program that is not recorded has no hook of ours yet.
    watch();
    let before = QUIET.replace(true);
    // What the task leaves half done is the program's, which panics of its own accord.
    let result = panic::catch_unwind(AssertUnwindSafe(task));
    QUIET.set(before);
    // What the panic carries may panic when it is dropped.
    result.map_err(mem::forget).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_quiet_panic_reaches_no_hook_but_ours() {
        let heard = Arc::new(AtomicUsize::new(0));
        let (hook, this) = (Arc::clone(&heard), thread::current().id());
        panic::set_hook(Box::new(move |_| {
            hook.fetch_add(usize::from(thread::current().id() == this), Ordering::Relaxed);
        }));
        watch();
        let loud = || _ = panic::catch_unwind(|| panic!("loud"));
        loud();
        assert_eq!(heard.load(Ordering::Relaxed), 1);

        assert_eq!(quietly(|| 1), Some(1));
        let outer = quietly(|| {
            assert_eq!(quietly(|| panic!("inner")), None::<()>);
            panic!("outer")
        });
        assert_eq!(outer, None::<()>);
        assert_eq!(heard.load(Ordering::Relaxed), 1);
        loud();
        assert_eq!(heard.load(Ordering::Relaxed), 2);
        drop(panic::take_hook());
    }
}
