//! `locks_in_allocator THREADS`: the global allocator takes a recorded mutex at every call.
//!
//! Each of the threads allocates ten thousand times, then drops what its thread-locals have.
//! Prints `allocated N`, of the threads' own.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::hint::black_box;

use instrumented::sync::{Mutex, mpsc};
use recorder_test_programs::{argument, spawn};

struct Counted {
    calls: Mutex<u64>,
}

impl Counted {
    fn count(&self) {
        *self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
    }
}

// SAFETY: all is the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count();
        // SAFETY: the caller's promise is ours.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.count();
        // SAFETY: the caller's promise is ours.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted { calls: Mutex::new(0) };

thread_local! {
    static KEPT: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

const EACH: u64 = 10_000;

fn main() {
    let threads: u64 = argument(1, "THREADS");
    let (tx, rx) = mpsc::channel();
    let threads: Vec<_> = (0..threads)
        .map(|number| {
            let tx = tx.clone();
            spawn(format!("allocates {number}"), move || {
                let count = (0..EACH).map(|number| *black_box(Box::new(number / number.max(1))));
                tx.send(count.sum::<u64>() + 1).expect("main lives");
                KEPT.with_borrow_mut(|kept| kept.extend((0..100).map(|number| vec![number])));
            })
        })
        .collect();
    drop(tx);
    println!("allocated {}", rx.into_iter().sum::<u64>());
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}
