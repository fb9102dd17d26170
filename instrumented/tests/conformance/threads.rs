//! Threads: return values, panics, names, and the order of drops.

use std::cell::Cell;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use super::tally::Tally;
use crate::library::{setup, thread};

#[test]
fn join_returns_the_value_of_the_thread() {
    setup();
    let handles: Vec<thread::JoinHandle<usize>> =
        (0..8).map(|number| thread::spawn(move || number * 2)).collect();
    let sum: usize = handles.into_iter().map(|handle| handle.join().unwrap()).sum();
    assert_eq!(sum, 56);
    // A thread may be left unjoined.
    drop(thread::spawn(|| ()));
}

#[test]
fn join_returns_the_payload_of_a_panic() {
    setup();
    let panicked: thread::Result<()> = thread::spawn(|| resume_unwind(Box::new(5_u8))).join();
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&5_u8));
}

#[test]
fn builders_set_name_and_stack_size() {
    setup();
    let builder = thread::Builder::new().name("named".into()).stack_size(64 << 10);
    assert_eq!(
        format!("{builder:?}"),
        "Builder { name: Some(\"named\"), stack_size: Some(65536), no_hooks: false }"
    );
    let handle = builder.spawn(|| thread::current().name().map(str::to_owned)).unwrap();
    assert_eq!(handle.thread().name(), Some("named"));
    assert_eq!(format!("{handle:?}"), "JoinHandle { .. }");
    assert_eq!(handle.join().unwrap().as_deref(), Some("named"));
    let handle = thread::Builder::new().spawn(|| thread::current().name().is_none()).unwrap();
    assert!(handle.join().unwrap());
}

#[test]
#[should_panic = "thread name may not contain interior null bytes"]
fn a_name_must_not_contain_a_null_byte() {
    setup();
    drop(thread::Builder::new().name("a\0b".into()).spawn(|| ()));
}

#[test]
fn a_failed_spawn_drops_the_closure() {
    setup();
    let tally = Tally::default();
    let kept = tally.message();
    let failed: io::Result<thread::JoinHandle<()>> =
        thread::Builder::new().stack_size(1 << 60).spawn(move || drop(kept));
    assert!(failed.is_err());
    assert_eq!(tally.dropped(), 1);
}

#[test]
fn spawn_unchecked_accepts_borrows() {
    setup();
    let number = 5;
    // SAFETY: the thread is joined before `number`, which it borrows, goes out of scope.
    #[allow(unsafe_code)]
    let handle = unsafe { thread::Builder::new().spawn_unchecked(|| &number) }.unwrap();
    assert_eq!(handle.join().unwrap(), &5);
}

#[test]
fn is_finished_reports_the_end_of_the_thread() {
    setup();
    let handle = thread::spawn(thread::park);
    assert!(!handle.is_finished());
    handle.thread().unpark();
    while !handle.is_finished() {
        thread::yield_now();
    }
    handle.join().unwrap();
}

/// Logs its drop.
struct LogsDrop(&'static str, &'static Mutex<Vec<&'static str>>);

impl Drop for LogsDrop {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn values_of_a_thread_are_dropped_in_order() {
    setup();
    static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    thread_local! {
        static LOCAL: Cell<Option<LogsDrop>> = const { Cell::new(None) };
    }
    let captured = LogsDrop("captured", &LOG);
    let handle = thread::spawn(move || {
        let _captured = &captured;
        LOCAL.set(Some(LogsDrop("thread-local", &LOG)));
        let _variable = LogsDrop("variable", &LOG);
        LogsDrop("returned", &LOG)
    });
    let returned = handle.join().unwrap();
    LOG.lock().unwrap().push("joined");
    drop(returned);
    let expected = ["variable", "captured", "thread-local", "joined", "returned"];
    assert_eq!(*LOG.lock().unwrap(), expected);
}

#[test]
fn the_value_of_an_unjoined_thread_is_dropped_by_that_thread() {
    setup();
    struct SendsThread(mpsc::Sender<thread::ThreadId>);
    impl Drop for SendsThread {
        fn drop(&mut self) {
            self.0.send(std::thread::current().id()).unwrap();
        }
    }
    let (go, wait) = mpsc::channel::<()>();
    let (tx, rx) = mpsc::channel();
    let handle = thread::spawn(move || {
        wait.recv().unwrap();
        SendsThread(tx)
    });
    let id = handle.thread().id();
    drop(handle);
    go.send(()).unwrap();
    assert_eq!(rx.iter().collect::<Vec<_>>(), [id]);
}

#[test]
fn only_the_panicking_thread_is_panicking() {
    setup();
    struct ChecksPanicking;
    impl Drop for ChecksPanicking {
        fn drop(&mut self) {
            assert!(thread::panicking());
            // A thread spawned during the panic is not panicking.
            assert!(!thread::spawn(thread::panicking).join().unwrap());
        }
    }
    let panicked = thread::spawn(|| {
        let _checks = ChecksPanicking;
        resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.join().is_err());
}

#[cfg(unix)]
#[test]
fn handles_convert_to_pthread_handles() {
    setup();
    use std::os::unix::thread::JoinHandleExt;
    let handle = thread::spawn(|| ());
    let id = handle.as_pthread_t();
    assert_eq!(handle.into_pthread_t(), id);
}

#[test]
fn the_rest_of_std_thread_is_reexported() {
    setup();
    assert!(thread::available_parallelism().is_ok());
    let key: &thread::LocalKey<Cell<u8>> = {
        thread_local! { static KEY: Cell<u8> = const { Cell::new(3) }; }
        &KEY
    };
    assert_eq!(key.get(), 3);
    let _: Result<_, thread::AccessError> = key.try_with(Cell::get);
    let id: thread::ThreadId = thread::current().id();
    assert_eq!(id, std::thread::current().id());
}

#[test]
fn many_threads_can_be_spawned() {
    setup();
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..20 {
        let threads = [(); 16].map(|()| thread::spawn(|| COUNT.fetch_add(1, Ordering::Relaxed)));
        threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
    }
    assert_eq!(COUNT.load(Ordering::Relaxed), 320);
}
