//! Two updates that belong together, and a thread that looks in between.

use super::Program;
use crate::facade::sync::{Arc, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("reorder_3", |healed| reorder(2, 1, healed)).with_healed_form(),
    Program::sctbench("reorder_4", |healed| reorder(3, 1, healed)),
    Program::sctbench("reorder_5", |healed| reorder(4, 1, healed)),
    Program::sctbench("reorder_10", |healed| reorder(9, 1, healed)),
    Program::sctbench("reorder_20", |healed| reorder(19, 1, healed)).with_healed_form(),
    Program::sctbench("twostage", |healed| twostage(1, healed)).with_healed_form(),
    Program::sctbench("twostage_20", |healed| twostage(19, healed)).with_healed_form(),
    Program::sctbench("twostage_50", |healed| twostage(49, healed)),
];

/// Setters change two variables, one after the other; a checker must see both changed or none.
fn reorder(setters: usize, checkers: usize, healed: bool) {
    let pair = Arc::new((Word::new(0), Word::new(0)));
    let whole = Arc::new(Mutex::new(()));
    let setters = (0..setters).map(|_| {
        let (pair, whole) = (pair.clone(), whole.clone());
        thread::spawn(move || {
            let _guard = healed.then(|| whole.lock().unwrap());
            pair.0.set(1);
            pair.1.set(-1);
        })
    });
    let mut threads: Vec<_> = setters.collect();
    for _ in 0..checkers {
        let (pair, whole) = (pair.clone(), whole.clone());
        threads.push(thread::spawn(move || {
            let _guard = healed.then(|| whole.lock().unwrap());
            let seen = (pair.0.get(), pair.1.get());
            assert!(seen == (0, 0) || seen == (1, -1), "saw {seen:?}");
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The second stage follows the first in a section of its own; a reader comes in between.
fn twostage(writers: usize, healed: bool) {
    let stages = Arc::new((Mutex::new(0), Mutex::new(0)));
    let writers = (0..writers).map(|_| {
        let stages = stages.clone();
        thread::spawn(move || {
            let mut first = stages.0.lock().unwrap();
            *first = 1;
            let first = if healed {
                Some(first)
            } else {
                drop(first);
                None
            };
            *stages.1.lock().unwrap() = 2;
            drop(first);
        })
    });
    let mut threads: Vec<_> = writers.collect();
    threads.push(thread::spawn(move || {
        let first = *stages.0.lock().unwrap();
        if first == 0 {
            return;
        }
        let second = *stages.1.lock().unwrap();
        assert_eq!(second, first + 1);
    }));
    for thread in threads {
        thread.join().unwrap();
    }
}
