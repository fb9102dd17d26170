//! Traits and signatures of threads and primitives, checked by the compiler.

use std::cell::{Cell, UnsafeCell};
use std::fmt::{Debug, Display};
use std::io;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::{BarrierWaitResult, LockResult, OnceState, TryLockResult, WaitTimeoutResult};
use std::time::Duration;

use super::channel_traits::{check, implements};
use crate::library::sync::{
    Barrier, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};
use crate::library::{setup, thread};

/// `Send` but not `Sync`; not `RefUnwindSafe`.
type NotSync = Cell<u8>;
/// `Sync` but not `Send`.
type NotSend = std::sync::MutexGuard<'static, u8>;
/// Neither `Send` nor `Sync`.
type ThreadBound = Rc<u8>;
/// Not `UnwindSafe`.
type NotUnwindSafe = &'static mut u8;

#[test]
fn locks_implement_the_same_traits() {
    setup();
    check! {
        Mutex<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Default, From<u8>],
            is not [Clone, Copy, PartialEq];
        Mutex<NotSync> => is [Send, Sync, UnwindSafe, RefUnwindSafe], is not [];
        Mutex<NotSend> => is [], is not [Send, Sync];
        Mutex<ThreadBound> => is [UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        Mutex<[u8]> => is [Send, Sync, UnwindSafe, RefUnwindSafe, Debug], is not [Default];
        RwLock<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Default, From<u8>],
            is not [Clone, Copy, PartialEq];
        RwLock<NotSync> => is [Send, UnwindSafe, RefUnwindSafe], is not [Sync];
        RwLock<NotSend> => is [], is not [Send, Sync];
        RwLock<ThreadBound> => is [UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        RwLock<dyn Debug> => is [UnwindSafe, RefUnwindSafe, Debug], is not [Send, Sync];
    }
}

#[test]
fn guards_implement_the_same_traits() {
    setup();
    check! {
        MutexGuard<'static, u8> =>
            is [Sync, Unpin, UnwindSafe, Debug, Display, Deref<Target = u8>, DerefMut],
            is not [Send, Clone];
        MutexGuard<'static, NotSync> => is [UnwindSafe, RefUnwindSafe], is not [Send, Sync];
        MutexGuard<'static, NotSend> => is [Sync], is not [Send];
        MutexGuard<'static, [u8]> => is [Sync, Debug], is not [Send, Display];
        RwLockReadGuard<'static, u8> => is [Sync, Unpin, Debug, Display, Deref<Target = u8>],
            is not [Send, Clone, DerefMut];
        RwLockReadGuard<'static, NotSync> => is [], is not [Send, Sync, UnwindSafe];
        RwLockWriteGuard<'static, u8> =>
            is [Sync, Unpin, UnwindSafe, Debug, Display, Deref<Target = u8>, DerefMut],
            is not [Send, Clone];
        RwLockWriteGuard<'static, NotSync> => is [UnwindSafe], is not [Send, Sync];
    }
}

#[test]
fn other_primitives_implement_the_same_traits() {
    setup();
    check! {
        Condvar => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Default], is not [Clone];
        Barrier => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug], is not [Default];
        Once => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug], is not [Default, Clone];
        OnceLock<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Default, Clone,
            PartialEq, Eq, From<u8>], is not [Copy];
        OnceLock<NotSync> => is [Send, UnwindSafe], is not [Sync, RefUnwindSafe];
        OnceLock<NotSend> => is [], is not [Send, Sync];
        OnceLock<ThreadBound> => is [], is not [Send, Sync];
        OnceLock<NotUnwindSafe> => is [Send, Sync], is not [UnwindSafe, RefUnwindSafe, Clone];
        OnceLock<f32> => is [PartialEq], is not [Eq];
        LazyLock<u8> => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Default,
            Deref<Target = u8>, DerefMut], is not [Clone];
        LazyLock<NotSync> => is [Send], is not [Sync, RefUnwindSafe];
        LazyLock<u8, ThreadBound> => is [Debug], is not [Send, Sync];
        LazyLock<u8, NotSync> => is [Send, Sync], is not [];
        LazyLock<u8, NotUnwindSafe> => is [Send, Sync], is not [UnwindSafe, RefUnwindSafe];
        LazyLock<ThreadBound> => is [], is not [Send, Sync];
    }
}

#[test]
fn threads_implement_the_same_traits() {
    setup();
    check! {
        thread::Thread => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Clone],
            is not [Copy, PartialEq];
        thread::Builder => is [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug],
            is not [Clone, Default];
        thread::JoinHandle<u8> => is [Send, Sync, Unpin, Debug], is not [Clone, RefUnwindSafe];
        thread::JoinHandle<ThreadBound> => is [Send, Sync], is not [UnwindSafe];
        thread::ScopedJoinHandle<'static, u8> => is [Send, Sync, Unpin, Debug], is not [Clone];
        thread::ScopedJoinHandle<'static, NotSync> => is [Send, Sync], is not [];
        thread::ScopedJoinHandle<'static, ThreadBound> => is [], is not [Send, Sync];
        thread::Scope<'static, 'static> => is [Send, Sync, Unpin, Debug],
            is not [Clone, UnwindSafe];
    }
    // `implements!` can return false.
    const { assert!(!implements!(UnsafeCell<u8>: Sync)) }
}

/// Checks signatures, and that constructors are `const`.
#[allow(dead_code, deprecated, reason = "compiling is the test")]
#[allow(clippy::declare_interior_mutable_const, reason = "the test is that these are possible")]
#[allow(clippy::type_complexity, reason = "the test is about types")]
mod signatures {
    use super::*;

    const MUTEX: Mutex<u8> = Mutex::new(1);
    const RW_LOCK: RwLock<u8> = RwLock::new(1);
    const CONDVAR: Condvar = Condvar::new();
    const BARRIER: Barrier = Barrier::new(1);
    const ONCE: Once = Once::new();
    const ONCE_LOCK: OnceLock<u8> = OnceLock::new();
    const LAZY_LOCK: LazyLock<u8> = LazyLock::new(|| 1);

    type Guard<'a> = MutexGuard<'a, u8>;
    type Condition = fn(&mut u8) -> bool;

    const LOCK: for<'a> fn(&'a Mutex<u8>) -> LockResult<Guard<'a>> = Mutex::lock;
    const TRY_LOCK: for<'a> fn(&'a Mutex<u8>) -> TryLockResult<Guard<'a>> = Mutex::try_lock;
    const LOCK_GET_MUT: for<'a> fn(&'a mut Mutex<u8>) -> LockResult<&'a mut u8> = Mutex::get_mut;
    const LOCK_INTO_INNER: fn(Mutex<u8>) -> LockResult<u8> = Mutex::into_inner;
    const LOCK_IS_POISONED: fn(&Mutex<[u8]>) -> bool = Mutex::is_poisoned;
    const LOCK_CLEAR_POISON: fn(&Mutex<[u8]>) = Mutex::clear_poison;
    const READ: for<'a> fn(&'a RwLock<u8>) -> LockResult<RwLockReadGuard<'a, u8>> = RwLock::read;
    const TRY_READ: for<'a> fn(&'a RwLock<u8>) -> TryLockResult<RwLockReadGuard<'a, u8>> =
        RwLock::try_read;
    const WRITE: for<'a> fn(&'a RwLock<u8>) -> LockResult<RwLockWriteGuard<'a, u8>> = RwLock::write;
    const TRY_WRITE: for<'a> fn(&'a RwLock<u8>) -> TryLockResult<RwLockWriteGuard<'a, u8>> =
        RwLock::try_write;
    const WAIT: for<'a> fn(&Condvar, Guard<'a>) -> LockResult<Guard<'a>> = Condvar::wait;
    const WAIT_WHILE: for<'a> fn(&Condvar, Guard<'a>, Condition) -> LockResult<Guard<'a>> =
        Condvar::wait_while;
    const WAIT_TIMEOUT: for<'a> fn(
        &Condvar,
        Guard<'a>,
        Duration,
    ) -> LockResult<(Guard<'a>, WaitTimeoutResult)> = Condvar::wait_timeout;
    const WAIT_TIMEOUT_MS: for<'a> fn(&Condvar, Guard<'a>, u32) -> LockResult<(Guard<'a>, bool)> =
        Condvar::wait_timeout_ms;
    const WAIT_TIMEOUT_WHILE: for<'a> fn(
        &Condvar,
        Guard<'a>,
        Duration,
        Condition,
    ) -> LockResult<(Guard<'a>, WaitTimeoutResult)> = Condvar::wait_timeout_while;
    const NOTIFY: [fn(&Condvar); 2] = [Condvar::notify_one, Condvar::notify_all];
    const BARRIER_WAIT: fn(&Barrier) -> BarrierWaitResult = Barrier::wait;
    const CALL_ONCE: fn(&Once, fn()) = Once::call_once;
    const CALL_ONCE_FORCE: fn(&Once, fn(&OnceState)) = Once::call_once_force;
    const ONCE_WAIT: [fn(&Once); 2] = [Once::wait, Once::wait_force];
    const GET_OR_INIT: for<'a> fn(&'a OnceLock<u8>, fn() -> u8) -> &'a u8 = OnceLock::get_or_init;
    const SET: fn(&OnceLock<u8>, u8) -> Result<(), u8> = OnceLock::set;
    const ONCE_LOCK_WAIT: for<'a> fn(&'a OnceLock<u8>) -> &'a u8 = OnceLock::wait;
    const TAKE: fn(&mut OnceLock<u8>) -> Option<u8> = OnceLock::take;
    const FORCE: for<'a> fn(&'a LazyLock<u8>) -> &'a u8 = LazyLock::force;
    const FORCE_MUT: for<'a> fn(&'a mut LazyLock<u8>) -> &'a mut u8 = LazyLock::force_mut;
    const LAZY_GET: for<'a> fn(&'a LazyLock<u8>) -> Option<&'a u8> = LazyLock::get;
    const LAZY_GET_MUT: for<'a> fn(&'a mut LazyLock<u8>) -> Option<&'a mut u8> = LazyLock::get_mut;

    const SPAWN: fn(fn() -> u8) -> thread::JoinHandle<u8> = thread::spawn;
    const BUILDER_SPAWN: fn(thread::Builder, fn() -> u8) -> io::Result<thread::JoinHandle<u8>> =
        thread::Builder::spawn;
    const JOIN: fn(thread::JoinHandle<u8>) -> thread::Result<u8> = thread::JoinHandle::join;
    const THREAD: for<'a> fn(&'a thread::JoinHandle<u8>) -> &'a thread::Thread =
        thread::JoinHandle::thread;
    const IS_FINISHED: fn(&thread::JoinHandle<u8>) -> bool = thread::JoinHandle::is_finished;
    const CURRENT: fn() -> thread::Thread = thread::current;
    const UNPARK: fn(&thread::Thread) = thread::Thread::unpark;
    const ID: fn(&thread::Thread) -> thread::ThreadId = thread::Thread::id;
    const NAME: for<'a> fn(&'a thread::Thread) -> Option<&'a str> = thread::Thread::name;
    const WITHOUT_ARGUMENTS: [fn(); 2] = [thread::park, thread::yield_now];
    const WITH_DURATION: [fn(Duration); 2] = [thread::park_timeout, thread::sleep];
    const WITH_MILLISECONDS: [fn(u32); 2] = [thread::park_timeout_ms, thread::sleep_ms];

    fn scoped<'scope, 'env: 'scope, T: Send + 'scope>(
        scope: &'scope thread::Scope<'scope, 'env>,
        f: impl FnOnce() -> T + Send + 'scope,
    ) -> thread::ScopedJoinHandle<'scope, T> {
        scope.spawn(f)
    }

    fn shorter<'a>(guard: MutexGuard<'static, u8>) -> MutexGuard<'a, u8> {
        guard
    }

    fn shorter_still<'a>(
        value: RwLockReadGuard<'static, &'static u8>,
    ) -> RwLockReadGuard<'a, &'a u8> {
        value
    }

    fn downgrade(guard: RwLockWriteGuard<'_, u8>) -> RwLockReadGuard<'_, u8> {
        RwLockWriteGuard::downgrade(guard)
    }

    fn join(handle: thread::ScopedJoinHandle<'_, u8>) -> thread::Result<u8> {
        thread::ScopedJoinHandle::join(handle)
    }
}
