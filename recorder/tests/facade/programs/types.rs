// Does not compile: the type checker rejects the lines that end in an error's code.
#![allow(dead_code, unused)]

use std::cell::Cell;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::mpsc::{Iter, Receiver, Sender, SyncSender};
use std::sync::*;
use std::thread::{self, JoinHandle, Thread};

fn is_send<T: Send>(_: T) {}
fn is_sync<T: Sync>(_: T) {}
fn is_debug<T: Debug>(_: T) {}

fn auto_traits(mutex: &Mutex<Rc<u8>>, lock: &RwLock<Cell<u8>>, rx: &Receiver<u8>) {
    is_send(mutex); // E0277
    is_send(lock); // E0277
    is_send(rx); // E0277
    is_send(mutex.lock().unwrap()); // E0277
    is_sync(lock.read().unwrap()); // E0277
    thread::spawn(|| Rc::new(1)); // E0277
}

struct NoDebug;

fn no_debug(mutex: &Mutex<NoDebug>, tx: &Sender<NoDebug>, iter: Iter<'_, NoDebug>) {
    is_debug(tx);
    is_debug(mutex); // E0277
    is_debug(iter); // E0277
}

fn private_fields(mutex: Mutex<u8>, thread: &Thread) {
    let _ = mutex.inner; // E0616
    let _ = thread.inner; // E0616
    let Mutex { .. } = mutex;
}

fn no_such_method(tx: &Sender<u8>, sync_tx: &SyncSender<u8>, rx: &Receiver<u8>, mutex: &Mutex<u8>) {
    tx.try_send(1); // E0599
    tx.set_name(""); // E0599
    tx.endpoint(); // E0599
    sync_tx.plain(); // E0599
    mutex.unlock(); // E0599
    mutex.set_name(""); // E0599
    thread::current().number(); // E0599
    Once::default(); // E0599
    mpsc::named("jobs"); // E0425
    let _: mpsc::Label<u8>; // E0425
    mpsc::Builder::new(); // E0433
}

fn mismatched(handle: JoinHandle<u8>, thread: Thread, mutex: &Mutex<dyn Debug>) {
    let _: u16 = handle.join().unwrap(); // E0308
    let _: &str = thread.name(); // E0308
    mutex.into_inner(); // E0277
    let _: Mutex<u16> = Mutex::new(1_u8); // E0308
}
