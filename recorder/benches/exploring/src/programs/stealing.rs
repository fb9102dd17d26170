//! Work-stealing queues after those of CHESS, and a lock-free stack.

use super::Program;
use crate::facade::sync::{Arc, Mutex, MutexGuard};
use crate::facade::{Word, thread};

pub(super) const PROGRAMS: &[Program] = &[
    Program::sctbench("wsq", |healed| steal(Fault::OwnerReadsEarly, healed)).with_healed_form(),
    Program::sctbench("swsq", |healed| steal(Fault::ThiefReadsEarly, healed)).with_healed_form(),
    Program::sctbench("iwsq", |healed| steal(Fault::OwnerCompares, healed)),
    Program::sctbench("wsq_of_two_thieves", steal_twice).with_healed_form(),
    Program::sctbench("safestack", safestack),
    Program::rust("aba_stack", aba_stack).with_healed_form(),
];

/// What is wrong with a queue.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// The owner reads the head before it has moved the tail.
    OwnerReadsEarly,
    /// The thief reads the tail before it has moved the head.
    ThiefReadsEarly,
    /// The owner moves the tail only if it is where it was, which says nothing about the head.
    OwnerCompares,
}

struct Queue {
    items: [Word<usize>; 8],
    head: Word<usize>,
    tail: Word<usize>,
    lock: Mutex<()>,
    taken: [Word<u32>; 8],
}

impl Queue {
    fn new() -> Self {
        Queue {
            items: [(); 8].map(|()| Word::new(0)),
            head: Word::new(0),
            tail: Word::new(0),
            lock: Mutex::new(()),
            taken: [(); 8].map(|()| Word::new(0)),
        }
    }

    fn guard(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap()
    }

    fn push(&self, item: usize) {
        let tail = self.tail.get();
        self.items[tail].set(item);
        self.tail.set(tail + 1);
    }

    fn take(&self, index: usize) {
        let item = self.items[index].get();
        let before = self.taken[item].update(|times| times + 1);
        assert_eq!(before, 0, "item {item} is taken twice");
    }

    /// The owner takes the youngest item. Returns whether there was one.
    fn pop(&self, fault: Fault, healed: bool) -> bool {
        if healed {
            let _guard = self.guard();
            let (head, tail) = (self.head.get(), self.tail.get());
            if head == tail {
                return false;
            }
            self.tail.set(tail - 1);
            self.take(tail - 1);
            return true;
        }
        match fault {
            Fault::OwnerReadsEarly => {
                let (head, tail) = (self.head.get(), self.tail.get());
                if head >= tail {
                    return false;
                }
                self.tail.set(tail - 1);
                self.take(tail - 1);
                true
            }
            Fault::ThiefReadsEarly => {
                let tail = self.tail.get();
                if tail == 0 {
                    return false;
                }
                self.tail.set(tail - 1);
                let head = self.head.get();
                if head < tail {
                    self.take(tail - 1);
                    return true;
                }
                self.tail.set(tail);
                false
            }
            Fault::OwnerCompares => {
                let tail = self.tail.get();
                if self.head.get() >= tail || !self.tail.replace(tail, tail - 1) {
                    return false;
                }
                self.take(tail - 1);
                true
            }
        }
    }

    /// A thief takes the oldest item.
    fn steal(&self, fault: Fault) {
        let _guard = self.guard();
        let head = self.head.get();
        let seen = (fault == Fault::ThiefReadsEarly).then(|| self.tail.get());
        self.head.set(head + 1);
        if head < seen.unwrap_or_else(|| self.tail.get()) {
            self.take(head);
        } else {
            self.head.set(head);
        }
    }
}

fn steal(fault: Fault, healed: bool) {
    let queue = Arc::new(Queue::new());
    let thief = thread::spawn({
        let queue = queue.clone();
        move || {
            queue.steal(fault);
            queue.steal(fault);
        }
    });
    for item in 0..3 {
        queue.push(item);
    }
    while queue.pop(fault, healed) {}
    thief.join().unwrap();
}

/// Thieves move the head without a lock; the owner keeps away from the last item.
fn steal_twice(healed: bool) {
    let queue = Arc::new(Queue::new());
    for item in 0..4 {
        queue.push(item);
    }
    let thieves = [(); 2].map(|()| {
        let queue = queue.clone();
        thread::spawn(move || {
            let head = queue.head.get();
            if head + 1 >= queue.tail.get() {
                return;
            }
            if healed {
                if queue.head.replace(head, head + 1) {
                    queue.take(head);
                }
            } else {
                queue.head.set(head + 1);
                queue.take(head);
            }
        })
    });
    for thief in thieves {
        thief.join().unwrap();
    }
}

/// A stack of three cells that pops and pushes with one comparison each. It breaks if a thread sleeps
/// between reading the head and comparing it, while two others take and give back the same cells.
fn safestack(_: bool) {
    struct Cell {
        value: Word<usize>,
        next: Word<Option<usize>>,
    }
    struct Stack {
        cells: [Cell; 3],
        head: Word<Option<usize>>,
        count: Word<i32>,
    }
    impl Stack {
        fn pop(&self) -> Option<usize> {
            while self.count.get() > 1 {
                let head = self.head.get()?;
                let next = self.cells[head].next.update(|_| None);
                if let Some(next) = next {
                    if self.head.replace(Some(head), Some(next)) {
                        self.count.update(|count| count - 1);
                        return Some(head);
                    }
                    self.cells[head].next.update(|_| Some(next));
                }
            }
            None
        }

        fn push(&self, index: usize) {
            loop {
                let head = self.head.get();
                self.cells[index].next.set(head);
                if self.head.replace(head, Some(index)) {
                    break;
                }
            }
            self.count.update(|count| count + 1);
        }
    }
    let cell = |next| Cell { value: Word::new(0), next: Word::new(next) };
    let stack = Arc::new(Stack {
        cells: [cell(Some(1)), cell(Some(2)), cell(None)],
        head: Word::new(Some(0)),
        count: Word::new(3),
    });
    let threads = (1..=3).map(|id| {
        let stack = stack.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                let Some(index) = stack.pop() else { continue };
                stack.cells[index].value.set(id);
                assert_eq!(stack.cells[index].value.get(), id, "a cell has two owners");
                stack.push(index);
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

/// The head is the same as before, and what lies below is not.
fn aba_stack(healed: bool) {
    struct Stack {
        next: [Word<Option<usize>>; 3],
        /// The top, and how often it has changed.
        head: Word<(Option<usize>, u32)>,
        in_use: [Word<bool>; 3],
    }
    impl Stack {
        fn pop(&self, healed: bool) -> Option<usize> {
            loop {
                let (head, changes) = self.head.get();
                let next = self.next[head?].get();
                let changes_then = if healed { changes + 1 } else { changes };
                if self.head.replace((head, changes), (next, changes_then)) {
                    let was_used = self.in_use[head?].update(|_| true);
                    assert!(!was_used, "a node was popped twice");
                    return head;
                }
            }
        }

        fn push(&self, node: usize, healed: bool) {
            self.in_use[node].set(false);
            loop {
                let (head, changes) = self.head.get();
                self.next[node].set(head);
                let changes_then = if healed { changes + 1 } else { changes };
                if self.head.replace((head, changes), (Some(node), changes_then)) {
                    return;
                }
            }
        }
    }
    let stack = Arc::new(Stack {
        next: [Word::new(Some(1)), Word::new(Some(2)), Word::new(None)],
        head: Word::new((Some(0), 0)),
        in_use: [(); 3].map(|()| Word::new(false)),
    });
    let other = thread::spawn({
        let stack = stack.clone();
        move || {
            stack.pop(healed);
            stack.pop(healed);
        }
    });
    let first = stack.pop(healed);
    let second = stack.pop(healed);
    if let Some(node) = first {
        stack.push(node, healed);
    }
    let _ = second;
    other.join().unwrap();
}
