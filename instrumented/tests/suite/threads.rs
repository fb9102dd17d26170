//! Threads: what they return, how they fall, names, and what is dropped when.

use std::cell::Cell;
use std::io;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::tally::Tally;
use crate::library::{begin, thread};

#[test]
fn they_return() {
    begin();
    let handles: Vec<thread::JoinHandle<usize>> =
        (0..8).map(|number| thread::spawn(move || number * 2)).collect();
    let sum: usize = handles.into_iter().map(|handle| handle.join().unwrap()).sum();
    assert_eq!(sum, 56);
    // One that nobody joins.
    drop(thread::spawn(|| ()));
}

#[test]
fn they_fall() {
    begin();
    let fallen: thread::Result<()> = thread::spawn(|| resume_unwind(Box::new(5_u8))).join();
    assert_eq!(fallen.unwrap_err().downcast_ref(), Some(&5_u8));
}

#[test]
fn builders() {
    begin();
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
fn a_name_with_a_null() {
    begin();
    drop(thread::Builder::new().name("a\0b".into()).spawn(|| ()));
}

#[test]
fn one_that_cannot_be_made() {
    begin();
    let tally = Tally::default();
    let kept = tally.message();
    let failed: io::Result<thread::JoinHandle<()>> =
        thread::Builder::new().stack_size(1 << 60).spawn(move || drop(kept));
    assert!(failed.is_err());
    assert_eq!(tally.dropped(), 1);
}

#[test]
fn unchecked() {
    begin();
    let number = 5;
    // SAFETY: it is joined before what it borrows goes.
    #[allow(unsafe_code)]
    let handle = unsafe { thread::Builder::new().spawn_unchecked(|| &number) }.unwrap();
    assert_eq!(handle.join().unwrap(), &5);
}

#[test]
fn is_finished() {
    begin();
    let handle = thread::spawn(thread::park);
    assert!(!handle.is_finished());
    handle.thread().unpark();
    while !handle.is_finished() {
        thread::yield_now();
    }
    handle.join().unwrap();
}

/// Says when it is dropped.
struct Says(&'static str, &'static Mutex<Vec<&'static str>>);

impl Drop for Says {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn what_is_dropped_when() {
    begin();
    static SAID: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    thread_local! {
        static LOCAL: Cell<Option<Says>> = const { Cell::new(None) };
    }
    let captured = Says("captured", &SAID);
    let handle = thread::spawn(move || {
        let _captured = &captured;
        LOCAL.set(Some(Says("thread-local", &SAID)));
        let _variable = Says("variable", &SAID);
        Says("returned", &SAID)
    });
    let returned = handle.join().unwrap();
    SAID.lock().unwrap().push("joined");
    drop(returned);
    let expected = ["variable", "captured", "thread-local", "joined", "returned"];
    assert_eq!(*SAID.lock().unwrap(), expected);
}

#[test]
fn what_nobody_takes_is_dropped_by_the_thread() {
    begin();
    static SAID: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    static GO: AtomicUsize = AtomicUsize::new(0);
    drop(thread::spawn(|| {
        while GO.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        Says("returned", &SAID)
    }));
    GO.store(1, Ordering::Release);
    while SAID.lock().unwrap().is_empty() {
        thread::yield_now();
    }
}

#[test]
fn panicking_in_a_thread_is_its_own() {
    begin();
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            assert!(thread::panicking());
            // One that is made meanwhile does not fall.
            assert!(!thread::spawn(thread::panicking).join().unwrap());
        }
    }
    let fallen = thread::spawn(|| {
        let _asks = Asks;
        resume_unwind(Box::new("on purpose"));
    });
    assert!(fallen.join().is_err());
}

#[cfg(unix)]
#[test]
fn the_systems_handle() {
    begin();
    use std::os::unix::thread::JoinHandleExt;
    let handle = thread::spawn(|| ());
    let id = handle.as_pthread_t();
    assert_eq!(handle.into_pthread_t(), id);
}

#[test]
fn the_rest_of_the_module() {
    begin();
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
fn many() {
    begin();
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..20 {
        let threads = [(); 16].map(|()| thread::spawn(|| COUNT.fetch_add(1, Ordering::Relaxed)));
        threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
    }
    assert_eq!(COUNT.load(Ordering::Relaxed), 320);
}
