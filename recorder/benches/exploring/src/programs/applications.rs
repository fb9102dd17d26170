//! The bugs of larger programs, as small as they get: after the suites CB, inspect, radbench, PARSEC
//! and SPLASH-2 of SCTBench.

use std::collections::VecDeque;

use super::Program;
use crate::facade::sync::mpsc::channel;
use crate::facade::sync::{Arc, Condvar, Mutex};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("stringbuffer-jdk", stringbuffer).with_healed_form(),
    Program::sctbench("aget", aget).with_healed_form(),
    Program::sctbench("pbzip2", pbzip2).with_healed_form(),
    Program::sctbench("boundedBuffer", bounded_buffer).with_healed_form(),
    Program::sctbench("ctrace", ctrace).with_healed_form(),
    Program::sctbench("qsort_mt", qsort_mt).with_healed_form(),
    Program::sctbench("memcached_incr", memcached_incr).with_healed_form(),
    Program::sctbench("js_title_lock", js_title_lock).with_healed_form(),
    Program::sctbench("ferret", ferret).with_healed_form(),
    Program::sctbench("streamcluster", streamcluster).with_healed_form(),
    Program::sctbench("splash_start", splash_start).with_healed_form(),
];

/// `append` reads the length of the other buffer, and its text later.
fn stringbuffer(healed: bool) {
    let text = Arc::new(Mutex::new(String::from("abcdef")));
    let other = thread::spawn({
        let text = text.clone();
        move || text.lock().unwrap().truncate(2)
    });
    let mut mine = String::new();
    if healed {
        mine.push_str(&text.lock().unwrap());
    } else {
        let length = text.lock().unwrap().len();
        mine.push_str(&text.lock().unwrap()[..length]);
    }
    other.join().unwrap();
    assert!(mine.len() == 2 || mine.len() == 6);
}

/// The interrupted download saves how much has been written while its threads still write.
fn aget(healed: bool) {
    let written = Arc::new((Mutex::new(0), Mutex::new(Vec::new())));
    let saved = Arc::new(Word::new(None));
    let (interrupt, interrupted) = channel();
    let handler = thread::spawn({
        let (written, saved) = (written.clone(), saved.clone());
        move || {
            if interrupted.recv().is_err() {
                return;
            }
            let blocks = healed.then(|| written.1.lock().unwrap());
            let bytes = *written.0.lock().unwrap();
            let blocks = blocks.unwrap_or_else(|| written.1.lock().unwrap()).len();
            saved.set(Some((bytes, blocks)));
        }
    });
    let loaders = [1, 2].map(|block| {
        let written = written.clone();
        thread::spawn(move || {
            let mut blocks = written.1.lock().unwrap();
            blocks.push(block);
            let blocks = healed.then_some(blocks);
            *written.0.lock().unwrap() += 10;
            drop(blocks);
        })
    });
    interrupt.send(()).unwrap();
    handler.join().unwrap();
    for loader in loaders {
        loader.join().unwrap();
    }
    let (bytes, blocks) = saved.get().unwrap();
    assert_eq!(bytes, 10 * blocks, "{bytes} bytes in {blocks} blocks were saved");
}

/// The main thread frees the queue when all is read, not when all threads are done with it.
fn pbzip2(healed: bool) {
    let queue = Arc::new(Mutex::new(Some(VecDeque::from([1, 2]))));
    let done = Arc::new((Mutex::new(0), Condvar::new()));
    let consumer = thread::spawn({
        let (queue, done) = (queue.clone(), done.clone());
        move || {
            loop {
                let block = queue.lock().unwrap().as_mut().expect("the queue is freed").pop_front();
                if block.is_none() {
                    return;
                }
                *done.0.lock().unwrap() += 1;
                done.1.notify_one();
            }
        }
    });
    let mut compressed = done.0.lock().unwrap();
    while *compressed < 2 {
        compressed = done.1.wait(compressed).unwrap();
    }
    drop(compressed);
    if healed {
        consumer.join().unwrap();
        *queue.lock().unwrap() = None;
    } else {
        *queue.lock().unwrap() = None;
        consumer.join().unwrap();
    }
}

/// Producers and consumers wait at one condition variable, and one of them is woken.
fn bounded_buffer(healed: bool) {
    let buffer = Arc::new((Mutex::new(VecDeque::new()), Condvar::new()));
    let notify = move |condvar: &Condvar| {
        if healed { condvar.notify_all() } else { condvar.notify_one() }
    };
    let producers = [1, 2].map(|number| {
        let buffer = buffer.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                let mut items = buffer.0.lock().unwrap();
                while items.len() == 1 {
                    items = buffer.1.wait(items).unwrap();
                }
                items.push_back(number);
                notify(&buffer.1);
            }
        })
    });
    let consumers = [(); 2].map(|()| {
        let buffer = buffer.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                let mut items = buffer.0.lock().unwrap();
                while items.is_empty() {
                    items = buffer.1.wait(items).unwrap();
                }
                items.pop_front();
                notify(&buffer.1);
            }
        })
    });
    for thread in producers.into_iter().chain(consumers) {
        thread.join().unwrap();
    }
}

/// A trace library that each thread begins if it is not begun.
fn ctrace(healed: bool) {
    let trace = Arc::new((Mutex::new(false), Mutex::new(Vec::new())));
    let threads = [1, 2].map(|id| {
        let trace = trace.clone();
        thread::spawn(move || {
            let mut is_begun = trace.0.lock().unwrap();
            if !*is_begun {
                if healed {
                    trace.1.lock().unwrap().clear();
                    *is_begun = true;
                } else {
                    drop(is_begun);
                    trace.1.lock().unwrap().clear();
                    *trace.0.lock().unwrap() = true;
                }
            } else {
                drop(is_begun);
            }
            trace.1.lock().unwrap().push(id);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(trace.1.lock().unwrap().len(), 2, "a line is lost");
}

/// A sorter gives half of its work to one that it has seen idle, and the state of that one is set in
/// a later section.
fn qsort_mt(healed: bool) {
    struct Worker {
        state: Mutex<Option<u32>>,
        wakes: Condvar,
        is_idle: Word<bool>,
    }
    let worker = Arc::new(Worker {
        state: Mutex::new(None),
        wakes: Condvar::new(),
        is_idle: Word::new(true),
    });
    let done = Arc::new(Word::new(0));
    let sorters = [1, 2].map(|part| {
        let (worker, done) = (worker.clone(), done.clone());
        thread::spawn(move || {
            let takes_it = if healed {
                worker.is_idle.replace(true, false)
            } else {
                let is_idle = worker.is_idle.get();
                if is_idle {
                    worker.is_idle.set(false);
                }
                is_idle
            };
            if takes_it {
                *worker.state.lock().unwrap() = Some(part);
                worker.wakes.notify_one();
            } else {
                done.update(|done| done + part);
            }
        })
    });
    let sorted = thread::spawn({
        let done = done.clone();
        move || {
            let mut state = worker.state.lock().unwrap();
            while state.is_none() {
                state = worker.wakes.wait(state).unwrap();
            }
            let part = state.take().unwrap();
            done.update(|done| done + part);
        }
    });
    for thread in sorters.into_iter().chain([sorted]) {
        thread.join().unwrap();
    }
    assert_eq!(done.get(), 3, "a part was not sorted");
}

/// `incr` reads an item and writes it in two sections.
fn memcached_incr(healed: bool) {
    let items = Arc::new([(); 4].map(|()| Mutex::new(0)));
    let clients = [[0, 1, 2], [2, 3, 0]].map(|keys| {
        let items = items.clone();
        thread::spawn(move || {
            for key in keys {
                if healed {
                    *items[key].lock().unwrap() += 1;
                } else {
                    let value = *items[key].lock().unwrap();
                    *items[key].lock().unwrap() = value + 1;
                }
            }
        })
    });
    for client in clients {
        client.join().unwrap();
    }
    let sum: i32 = items.iter().map(|it| *it.lock().unwrap()).sum();
    assert_eq!(sum, 6, "an increment is lost");
}

/// Two threads own an object each, and want that of the other. Each shares its own when it is asked,
/// but not while it waits itself.
fn js_title_lock(healed: bool) {
    #[derive(Clone, Copy, Default)]
    struct Title {
        is_wanted: bool,
        is_shared: bool,
    }
    let titles = Arc::new((Mutex::new([Title::default(); 2]), Condvar::new()));
    let threads = [0, 1].map(|me: usize| {
        let titles = titles.clone();
        let share = move |owned: &mut [Title; 2], condvar: &Condvar| {
            owned[me].is_shared = true;
            condvar.notify_all();
        };
        thread::spawn(move || {
            {
                let mut owned = titles.0.lock().unwrap();
                if owned[me].is_wanted {
                    share(&mut owned, &titles.1);
                }
            }
            let mut owned = titles.0.lock().unwrap();
            owned[1 - me].is_wanted = true;
            if healed {
                share(&mut owned, &titles.1);
            }
            while !owned[1 - me].is_shared {
                owned = titles.1.wait(owned).unwrap();
            }
            share(&mut owned, &titles.1);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The first worker that finds its input empty ends the output for all.
fn ferret(healed: bool) {
    let input = Arc::new(Mutex::new(VecDeque::from([1, 2, 3])));
    let output = Arc::new((Mutex::new((Vec::new(), false)), Condvar::new()));
    let working = Arc::new(Word::new(2));
    let workers = [(); 2].map(|()| {
        let (input, output, working) = (input.clone(), output.clone(), working.clone());
        thread::spawn(move || {
            loop {
                let Some(image) = input.lock().unwrap().pop_front() else { break };
                output.0.lock().unwrap().0.push(image);
                output.1.notify_one();
            }
            if !healed || working.update(|working| working - 1) == 1 {
                output.0.lock().unwrap().1 = true;
                output.1.notify_one();
            }
        })
    });
    let mut ranked = 0;
    let mut results = output.0.lock().unwrap();
    loop {
        ranked += results.0.drain(..).count();
        if results.1 {
            break;
        }
        results = output.1.wait(results).unwrap();
    }
    drop(results);
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(ranked, 3, "images are left");
}

/// A barrier of its own that is used again before all have left it.
fn streamcluster(healed: bool) {
    struct Barrier {
        /// How many have arrived, and how often all have.
        state: Mutex<(u32, u32)>,
        all: Condvar,
    }
    impl Barrier {
        fn wait(&self, healed: bool) {
            let mut state = self.state.lock().unwrap();
            state.0 += 1;
            if state.0 == 2 {
                state.0 = 0;
                state.1 += 1;
                self.all.notify_all();
                return;
            }
            if healed {
                let round = state.1;
                while state.1 == round {
                    state = self.all.wait(state).unwrap();
                }
            } else {
                // The next round may have begun when this thread comes to see it.
                while state.0 != 0 {
                    state = self.all.wait(state).unwrap();
                }
            }
        }
    }
    let barrier = Arc::new(Barrier { state: Mutex::new((0, 0)), all: Condvar::new() });
    let other = thread::spawn({
        let barrier = barrier.clone();
        move || {
            for _ in 0..3 {
                barrier.wait(healed);
            }
        }
    });
    for _ in 0..3 {
        barrier.wait(healed);
    }
    other.join().unwrap();
}

/// Threads that are started read what their parent sets afterwards.
fn splash_start(healed: bool) {
    let number = Arc::new(Word::new(0));
    if healed {
        number.set(3);
    }
    let threads = [(); 3].map(|()| {
        let number = number.clone();
        thread::spawn(move || {
            for _ in 0..3 {
                thread::yield_now();
            }
            assert_eq!(number.get(), 3, "the number of threads is not known yet");
        })
    });
    if !healed {
        number.set(3);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
