// Compiles: constants, coercions, shorter lifetimes, names and type arguments.
#![allow(dead_code, deprecated, unused)]

mod constants {
    use std::sync::mpsc::{Receiver, Sender};
    use std::sync::{Barrier, Condvar, LazyLock, Mutex, ONCE_INIT, Once, OnceLock, RwLock};

    static MUTEX: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static LOCKS: [RwLock<u8>; 3] = [const { RwLock::new(1) }; 3];
    static CONDVAR: Condvar = Condvar::new();
    static BARRIER: Barrier = Barrier::new(2);
    static ONCE: [Once; 2] = [Once::new(), ONCE_INIT];
    static CELL: OnceLock<Mutex<Option<Sender<u8>>>> = OnceLock::new();
    static LAZY: LazyLock<Vec<u8>> = LazyLock::new(Vec::new);
    static WITH_CLOSURE: LazyLock<String, fn() -> String> = LazyLock::new(|| 1.to_string());
    static ENDS: Mutex<(Option<Sender<u8>>, Option<Receiver<u8>>)> = Mutex::new((None, None));
    const EMPTY: OnceLock<String> = OnceLock::new();
    static MANY: [OnceLock<String>; 4] = [EMPTY; 4];
    const NESTED: Mutex<RwLock<OnceLock<u8>>> = Mutex::new(RwLock::new(OnceLock::new()));

    const fn make<T>(value: T) -> Mutex<RwLock<T>> {
        Mutex::new(RwLock::new(value))
    }

    thread_local! {
        static LOCAL: Mutex<u8> = const { Mutex::new(1) };
        static LATER: Condvar = Condvar::new();
    }

    fn promoted() -> &'static Option<Sender<u8>> {
        &None
    }
}

mod coercions {
    use std::any::Any;
    use std::fmt::Debug;
    use std::rc::Rc;
    use std::sync::{Arc, Mutex, RwLock, Weak};

    fn shared() -> Arc<Mutex<dyn Debug + Send>> {
        Arc::new(Mutex::new(1))
    }

    fn boxed() -> Box<RwLock<[u8]>> {
        Box::new(RwLock::new([1, 2]))
    }

    fn borrowed(lock: &RwLock<Mutex<[u8; 2]>>) -> &RwLock<Mutex<[u8]>> {
        lock
    }

    fn counted(lock: Rc<Mutex<u8>>) -> Rc<Mutex<dyn Any>> {
        lock
    }

    fn weak(lock: &Arc<Mutex<u8>>) -> Weak<Mutex<dyn Any + Send>> {
        let lock: Arc<Mutex<dyn Any + Send>> = lock.clone();
        Arc::downgrade(&lock)
    }

    fn unsized_in_use(lock: &Mutex<dyn Fn(u8) -> u8>) -> u8 {
        (lock.lock().unwrap())(lock.is_poisoned().into())
    }
}

mod lifetimes {
    use std::sync::mpsc::{self, Iter, TryIter};
    use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
    use std::thread::{self, Scope, ScopedJoinHandle};

    fn guard<'a>(guard: MutexGuard<'static, u8>) -> MutexGuard<'a, u8> {
        guard
    }

    fn read<'a>(guard: RwLockReadGuard<'static, &'static u8>) -> RwLockReadGuard<'a, &'a u8> {
        guard
    }

    fn write<'a>(guard: RwLockWriteGuard<'static, u8>) -> RwLockWriteGuard<'a, u8> {
        guard
    }

    fn iter<'a>(iter: Iter<'static, u8>) -> Iter<'a, u8> {
        iter
    }

    fn try_iter<'a>(iter: TryIter<'static, u8>) -> TryIter<'a, u8> {
        iter
    }

    fn handle<'a>(handle: ScopedJoinHandle<'static, u8>) -> ScopedJoinHandle<'a, u8> {
        handle
    }

    /// Nothing of the value is used when these are dropped, so it may be gone by then.
    fn value_dropped_first() {
        let (mutex, lock, cell, shared);
        let text = String::new();
        mutex = Mutex::new(&text);
        lock = RwLock::new(&text);
        cell = OnceLock::from(&text);
        shared = Arc::new(Mutex::new(Some(&text)));
    }

    fn receiver_dropped_first() {
        let (iter, try_iter);
        let (_tx, rx) = mpsc::channel::<u8>();
        iter = rx.iter();
        try_iter = rx.try_iter();
    }

    /// Private fields of a guard do not hide those of the value.
    fn fields_of_the_value(mutex: &Mutex<Fields>, lock: &RwLock<Fields>) -> [u8; 4] {
        let mut guard = mutex.lock().unwrap();
        guard.inner = lock.read().unwrap().held;
        let read = lock.read().unwrap();
        [guard.held, read.inner, read.lock, read.data]
    }

    struct Fields {
        data: u8,
        held: u8,
        inner: u8,
        lock: u8,
    }

    fn guard_in_tail(lock: Mutex<Vec<u8>>) -> usize {
        lock.lock().unwrap().len()
    }

    fn scopes_nest() -> usize {
        let text = String::from("ab");
        thread::scope(|outer| {
            let outer = outer.spawn(|| {
                let inner = String::from("c");
                thread::scope(|scope| scope.spawn(|| text.len() + inner.len()).join().unwrap())
            });
            outer.join().unwrap() + text.len()
        })
    }

    fn scope_is_passed_on<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        text: &'env str,
    ) -> ScopedJoinHandle<'scope, usize> {
        scope.spawn(move || scope.spawn(move || text.len()).join().unwrap())
    }
}

mod functions {
    use std::sync::mpsc::{self, Receiver, RecvError, Sender};
    use std::sync::{
        Condvar, LazyLock, LockResult, Mutex, MutexGuard, Once, OnceLock, PoisonError,
    };
    use std::thread::{self, Builder, JoinHandle};

    type Guard<'a> = MutexGuard<'a, u8>;

    fn as_values(locks: &[Mutex<u8>], receivers: &[Receiver<u8>]) -> Vec<Result<u8, RecvError>> {
        let _: Vec<LockResult<Guard<'_>>> = locks.iter().map(Mutex::lock).collect();
        let _: Vec<Guard<'_>> =
            locks.iter().map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let _: Vec<Mutex<u8>> = (0..3).map(Mutex::new).chain((0..3).map(From::from)).collect();
        let _: Vec<(Sender<u8>, Receiver<u8>)> = [(); 2].map(|()| mpsc::channel()).into();
        let _ = (0..2).map(|_| thread::spawn(|| 1)).map(JoinHandle::join).all(|end| end.is_ok());
        receivers.iter().map(Receiver::recv).collect()
    }

    fn type_arguments(condvar: &Condvar, guard: Guard<'_>) {
        drop(condvar.wait_while::<u8, fn(&mut u8) -> bool>(guard, |_| false));
        let _ = thread::spawn::<fn() -> u8, u8>(|| 1);
        let _ = Builder::new().spawn::<_, u8>(|| 1);
        let _ = thread::scope::<'_, _, u8>(|_| 1);
        let _ = mpsc::channel::<u8>();
        Once::new().call_once::<fn()>(|| {});
        let _ = OnceLock::<u8>::new().get_or_init::<fn() -> u8>(|| 1);
        let _ = LazyLock::<u8>::force(&LazyLock::new(|| 1));
    }

    const LOCK: for<'a> fn(&'a Mutex<u8>) -> LockResult<Guard<'a>> = Mutex::<u8>::lock;
}

/// Names of the program do not collide with those of a glob import.
mod globs {
    mod everything {
        use std::*;

        fn modules() -> thread::JoinHandle<collections::HashMap<u8, sync::Mutex<string::String>>> {
            thread::spawn(collections::HashMap::new)
        }
    }

    mod threads_and_channels {
        use std::sync::mpsc::*;
        use std::sync::*;
        use std::thread::*;

        fn named() -> (Builder, Sender<u8>, Iter<'static, u8>, Mutex<Name>) {
            loop {}
        }

        struct Name;
        struct Label;
        struct Labelled;
    }
}

/// Names that come with std's root.
mod root {
    extern crate std as another;

    use std::prelude::v1::*;
    use std::{self as library, sync, thread, u8};

    fn modules() -> (u8, f64, std::primitive::u32) {
        let _: another::sync::Mutex<u8> = sync::Mutex::new(library::u8::MAX);
        let _: std::thread::Thread = another::thread::current();
        std::assert_eq!(std::vec![1].len(), 1);
        std::println!("{}", std::format!("{:?}", std::thread::current().id()));
        (u8::MAX, std::f64::consts::PI, std::u32::MAX)
    }

    std::thread_local!(static LOCAL: std::cell::Cell<u8> = const { std::cell::Cell::new(1) });
}

/// Traits of the program for std's types.
mod implementations {
    use std::os::unix::thread::JoinHandleExt;
    use std::sync::mpsc::{Receiver, Sender, SyncSender};
    use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
    use std::thread::{Builder, JoinHandle, Thread};

    trait Name {
        fn set_name(&self, _: u8) {}
        fn plain(&self, _: u8) {}
        fn recv_at(&self) {}
    }

    impl Name for Barrier {}
    impl Name for Builder {}
    impl Name for Condvar {}
    impl Name for Once {}
    impl Name for Thread {}
    impl<T> Name for Arc<T> {}
    impl<T> Name for JoinHandle<T> {}
    impl<T, F> Name for LazyLock<T, F> {}
    impl<T: ?Sized> Name for Mutex<T> {}
    impl<T> Name for OnceLock<T> {}
    impl<T> Name for Receiver<T> {}
    impl<T: ?Sized> Name for RwLock<T> {}
    impl<T> Name for Sender<T> {}
    impl<T> Name for SyncSender<T> {}

    fn use_it(handle: JoinHandle<u8>, lock: Mutex<u8>, tx: Sender<u8>, rx: Receiver<u8>) {
        tx.plain(1);
        rx.recv_at();
        handle.set_name(1);
        handle.thread().set_name(2);
        lock.set_name(3);
        handle.as_pthread_t();
    }
}
