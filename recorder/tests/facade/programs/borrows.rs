// Does not compile: the borrow checker rejects the lines that end in an error's code, or in
// `lifetime` if the error has none.
#![allow(dead_code, unused)]

mod invariant {
    use std::sync::mpsc::{IntoIter, Iter, Receiver, Sender, SyncSender, TryIter};
    use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, RwLock, RwLockWriteGuard};
    use std::thread::{JoinHandle, Scope, ScopedJoinHandle};

    fn mutex<'a>(value: Mutex<&'static str>) -> Mutex<&'a str> {
        value // lifetime
    }

    fn rw_lock<'a>(value: RwLock<&'static str>) -> RwLock<&'a str> {
        value // lifetime
    }

    fn once_lock<'a>(value: OnceLock<&'static str>) -> OnceLock<&'a str> {
        value // lifetime
    }

    fn lazy_lock<'a>(value: LazyLock<&'static str, u8>) -> LazyLock<&'a str, u8> {
        value // lifetime
    }

    fn lazy_lock_function<'a>(value: LazyLock<u8, &'static str>) -> LazyLock<u8, &'a str> {
        value // lifetime
    }

    fn sender<'a>(value: Sender<&'static str>) -> Sender<&'a str> {
        value // lifetime
    }

    fn sync_sender<'a>(value: SyncSender<&'static str>) -> SyncSender<&'a str> {
        value // lifetime
    }

    fn receiver<'a>(value: Receiver<&'static str>) -> Receiver<&'a str> {
        value // lifetime
    }

    fn into_iter<'a>(value: IntoIter<&'static str>) -> IntoIter<&'a str> {
        value // lifetime
    }

    fn iter<'a>(value: Iter<'a, &'static str>) -> Iter<'a, &'a str> {
        value // lifetime
    }

    fn try_iter<'a>(value: TryIter<'a, &'static str>) -> TryIter<'a, &'a str> {
        value // lifetime
    }

    fn mutex_guard<'a>(value: MutexGuard<'a, &'static str>) -> MutexGuard<'a, &'a str> {
        value // lifetime
    }

    fn write_guard<'a>(value: RwLockWriteGuard<'a, &'static str>) -> RwLockWriteGuard<'a, &'a str> {
        value // lifetime
    }

    fn handle<'a>(value: JoinHandle<&'static str>) -> JoinHandle<&'a str> {
        value // lifetime
    }

    fn scoped<'a>(value: ScopedJoinHandle<'a, &'static str>) -> ScopedJoinHandle<'a, &'a str> {
        value // lifetime
    }

    fn scope<'a, 'b>(value: &'b Scope<'static, 'static>) -> &'b Scope<'a, 'static> {
        value // lifetime
    }

    fn environment<'a, 'b: 'a>(value: &'a Scope<'a, 'static>) -> &'a Scope<'a, 'b> {
        value // lifetime
    }
}

/// Dropping these may use what they borrow.
mod drops {
    use std::sync::{LazyLock, Mutex, OnceLock, RwLock, mpsc};
    use std::thread;

    /// A value whose drop uses what it borrows.
    struct Loud<'a>(&'a str);

    impl Drop for Loud<'_> {
        fn drop(&mut self) {}
    }

    fn sender() {
        let (tx, rx);
        let text = String::new();
        (tx, rx) = mpsc::channel();
        tx.send(&text).unwrap(); // E0597
        rx.recv().unwrap();
    }

    fn sync_sender() {
        let tx;
        let text = String::new();
        tx = mpsc::sync_channel(1).0;
        tx.send(&text).unwrap(); // E0597
    }

    fn receiver() {
        let rx;
        let text = String::new();
        let (tx, new) = mpsc::channel();
        rx = new;
        tx.send(&text).unwrap(); // E0597
        drop(tx);
    }

    fn into_iter() {
        let iter;
        let text = String::new();
        let (tx, rx) = mpsc::channel();
        iter = rx.into_iter();
        tx.send(&text).unwrap(); // E0597
        drop(tx);
    }

    fn value_in_mutex() {
        let mutex;
        let text = String::new();
        mutex = Mutex::new(Loud(&text)); // E0597
    }

    fn value_in_cell() {
        let cell;
        let text = String::new();
        cell = OnceLock::from(Loud(&text)); // E0597
    }

    fn value_in_rw_lock() {
        let lock;
        let text = String::new();
        lock = RwLock::new(Loud(&text)); // E0597
    }

    fn lazy_value() {
        let lazy;
        let text = String::new();
        lazy = LazyLock::new(|| &text); // E0597
        let _: &&String = LazyLock::force(&lazy);
    }

    fn mutex_guard() {
        let guard;
        let mutex = Mutex::new(1);
        guard = mutex.lock().unwrap(); // E0597
    }

    fn read_guard() {
        let guard;
        let lock = RwLock::new(1);
        guard = lock.read(); // E0597
    }

    fn write_guard() {
        let guard;
        let lock = RwLock::new(1);
        guard = lock.try_write(); // E0597
    }

    fn value_of_guard(outer: &Mutex<Option<&'static str>>) {
        let text = String::new();
        *outer.lock().unwrap() = Some(&text); // E0597
    }

    fn moved_mutex(mutex: Mutex<u8>) {
        let guard = mutex.lock().unwrap();
        drop(mutex); // E0505
        drop(guard);
    }

    fn two_ways(mut mutex: Mutex<u8>) {
        let guard = mutex.lock().unwrap();
        mutex.get_mut().unwrap(); // E0502
        drop(guard);
    }

    fn spawned() {
        let text = String::new();
        thread::spawn(|| text.len()); // E0373
    }

    fn not_static(text: &str) {
        thread::spawn(move || text.len()); // E0521
    }

    fn local_of_a_scope() {
        thread::scope(|scope| {
            let text = String::new();
            scope.spawn(|| text.len()); // E0373
        });
    }

    fn moved_out_of_a_guard(mutex: &Mutex<String>) -> String {
        *mutex.lock().unwrap() // E0507
    }

    fn used_after_send(text: String) {
        let (tx, _rx) = mpsc::channel();
        tx.send(text).unwrap();
        drop(text); // E0382
    }

    fn joined_twice() {
        let handle = thread::spawn(|| ());
        handle.join().unwrap();
        handle.join().unwrap(); // E0382
    }
}

mod constants {
    use std::sync::{Mutex, OnceLock};

    static SHARED: &Mutex<u8> = &Mutex::new(1); // E0492
    const ONE: &Mutex<u8> = &Mutex::new(1); // E0492
    const CELL: Option<&OnceLock<u8>> = Some(&OnceLock::new()); // E0492
}
