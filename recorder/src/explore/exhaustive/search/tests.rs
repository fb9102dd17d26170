use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::explore::exhaustive::meetings::{Meeting, add_meetings};

/// An operation of a small program.
#[derive(Clone, Copy, Debug)]
enum Op {
    Send(u32),
    /// Only at the rendezvous channel.
    TrySend,
    Recv(u32),
    TryRecv(u32),
    /// These are for locks that several threads can read.
    Read(u32),
    TryRead(u32),
    Write(u32),
    TryWrite(u32),
    Leave(u32),
    Lock(u32),
    Unlock(u32),
    TryLock(u32),
    Wait(u32),
    NotifyOne(u32),
}

/// The state of a small program: threads that each run a list of operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Program {
    /// The next operation of each thread, and whether it waits in it.
    at: Vec<(usize, bool)>,
    queues: BTreeMap<u32, VecDeque<u64>>,
    held: BTreeMap<u32, u32>,
    /// Threads that wait at each condition variable.
    waiting: BTreeMap<u32, BTreeSet<u32>>,
    /// Those of which one is notified, for each notification.
    notified: BTreeMap<u32, Vec<BTreeSet<u32>>>,
    /// What each thread has seen.
    seen: Vec<Vec<u64>>,
    sent: Vec<u64>,
    /// The threads that wait at the rendezvous channel: with their messages, or for one.
    offers: VecDeque<(u32, u64)>,
    awaits: VecDeque<u32>,
    shared_locks: BTreeMap<u32, SharedLock>,
    /// Threads whose wait at one of these is over, and that have not been chosen since.
    met: BTreeSet<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SharedLock {
    readers: Vec<u32>,
    writer: Option<u32>,
    /// Writers that wait.
    writers: VecDeque<u32>,
}

/// Maximum number of messages in channel 1.
const BOUND: usize = 1;
/// A channel that holds no messages.
const RENDEZVOUS: u32 = 2;

impl Program {
    fn new(threads: &[Vec<Op>]) -> Self {
        Program {
            at: vec![(0, false); threads.len()],
            seen: vec![Vec::new(); threads.len()],
            sent: vec![0; threads.len()],
            ..Program::default()
        }
    }

    fn is_possible(&self, thread: u32, op: Op) -> bool {
        match op {
            _ if self.met.contains(&thread) => true,
            Op::Send(RENDEZVOUS) => !self.awaits.is_empty(),
            Op::Recv(RENDEZVOUS) => !self.offers.is_empty(),
            Op::Read(lock) => self.shared_locks.get(&lock).is_none_or(SharedLock::is_readable),
            Op::Write(lock) => self.shared_locks.get(&lock).is_none_or(SharedLock::is_free),
            Op::Send(1) => self.queues.get(&1).is_none_or(|queue| queue.len() < BOUND),
            Op::Recv(channel) => self.queues.get(&channel).is_some_and(|it| !it.is_empty()),
            Op::Lock(lock) => !self.held.contains_key(&lock),
            Op::Wait(condvar) => {
                let notified = self.notified.get(&condvar);
                notified.is_some_and(|all| all.iter().any(|any| any.contains(&thread)))
            }
            _ => true,
        }
    }

    fn candidates(&self, threads: &[Vec<Op>]) -> u64 {
        let can_go_on = |&thread: &u32| {
            let (at, waits) = self.at[thread as usize];
            let op = threads[thread as usize].get(at);
            // Who waits at a meeting cannot go to it.
            op.is_some_and(|op| match self.meeting(thread) {
                Some(_) => false,
                None => !waits || self.is_possible(thread, *op),
            })
        };
        (0..threads.len() as u32).filter(can_go_on).fold(0, |bits, thread| bits | bit(thread))
    }

    /// What a thread waits for that waits for a partner.
    fn meeting(&self, thread: u32) -> Option<Meeting> {
        let mut locks = self.shared_locks.iter();
        let waits = |(_, lock): &(&u32, &SharedLock)| lock.writers.contains(&thread);
        if let Some((&lock, _)) = locks.find(waits) {
            return Some(Meeting::Lock(lock));
        }
        let offers = self.offers.iter().any(|(it, _)| *it == thread);
        (offers || self.awaits.contains(&thread)).then_some(Meeting::Partner)
    }

    /// The thread starts to wait. Returns what it accesses.
    fn wait(&mut self, thread: u32, op: Op) -> Vec<Access> {
        let on = |object, kind| vec![Access { object, kind }];
        let index = thread as usize;
        self.at[index].1 = true;
        match op {
            Op::Wait(condvar) => {
                self.waiting.entry(condvar).or_default().insert(thread);
                on(Object::Primitive(condvar), Kind::Wait)
            }
            Op::Send(RENDEZVOUS) => {
                let message = self.next_message(index);
                self.offers.push_back((thread, message));
                on(Object::Channel(RENDEZVOUS), Kind::Offer)
            }
            Op::Recv(RENDEZVOUS) => {
                self.awaits.push_back(thread);
                on(Object::Channel(RENDEZVOUS), Kind::Await)
            }
            Op::Write(lock) => {
                self.shared_locks.entry(lock).or_default().writers.push_back(thread);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn next_message(&mut self, index: usize) -> u64 {
        self.sent[index] += 1;
        (index as u64) << 32 | self.sent[index]
    }

    /// Sends at the rendezvous channel, to a thread that waits there.
    fn meet(&mut self, index: usize) -> Vec<Access> {
        let message = self.next_message(index);
        let receiver = self.awaits.pop_front().unwrap();
        self.seen[receiver as usize].push(message);
        self.met.insert(receiver);
        vec![Access { object: Object::Channel(RENDEZVOUS), kind: Kind::Send(message) }]
    }

    /// The thread does its next operation, or starts to wait in it. Returns what it accesses.
    fn step(&mut self, threads: &[Vec<Op>], thread: u32) -> Vec<Access> {
        let index = thread as usize;
        let (at, waits) = self.at[index];
        let op = threads[index][at];
        let on = |object, kind| vec![Access { object, kind }];
        let (channel, primitive) = (Object::Channel, Object::Primitive);
        if !self.is_possible(thread, op) {
            return self.wait(thread, op);
        }
        self.at[index] = (at + 1, false);
        if self.met.remove(&thread) {
            return Vec::new();
        }
        match op {
            Op::Send(RENDEZVOUS) => self.meet(index),
            Op::TrySend => {
                let is_awaited = !self.awaits.is_empty();
                self.seen[index].push(is_awaited.into());
                let mut accesses = on(channel(RENDEZVOUS), Kind::Probe);
                if is_awaited {
                    accesses.extend(self.meet(index));
                }
                accesses
            }
            Op::Read(number) | Op::TryRead(number) => {
                let lock = self.shared_locks.entry(number).or_default();
                let is_held = !lock.is_readable();
                if !is_held {
                    lock.readers.push(thread);
                    lock.readers.sort_unstable();
                }
                self.tried(index, op, is_held, primitive(number), Kind::Share)
            }
            Op::Write(number) | Op::TryWrite(number) => {
                let lock = self.shared_locks.entry(number).or_default();
                let is_held = !lock.is_free();
                if !is_held {
                    lock.writer = Some(thread);
                }
                self.tried(index, op, is_held, primitive(number), Kind::Acquire)
            }
            Op::Leave(number) => {
                let lock = self.shared_locks.entry(number).or_default();
                let mut accesses = on(primitive(number), Kind::Leave);
                match lock.readers.iter().position(|it| *it == thread) {
                    Some(held) => drop(lock.readers.remove(held)),
                    None if lock.writer == Some(thread) => {
                        lock.writer = None;
                        accesses.extend(on(primitive(number), Kind::Release));
                    }
                    None => return Vec::new(),
                }
                if lock.is_free()
                    && let Some(writer) = lock.writers.pop_front()
                {
                    lock.writer = Some(writer);
                    self.met.insert(writer);
                }
                accesses
            }
            Op::Send(number) => {
                let message = self.next_message(index);
                self.queues.entry(number).or_default().push_back(message);
                match waits {
                    true => on(channel(number), Kind::SendIntoRoom(message)),
                    false => on(channel(number), Kind::Send(message)),
                }
            }
            Op::Recv(number) | Op::TryRecv(number) => {
                let message = match number {
                    RENDEZVOUS => self.offers.pop_front().map(|(sender, message)| {
                        self.met.insert(sender);
                        message
                    }),
                    _ => self.queues.entry(number).or_default().pop_front(),
                };
                self.seen[index].push(message.unwrap_or_default());
                let mut accesses = Vec::new();
                if let Some(message) = message {
                    accesses = on(channel(number), Kind::Receive(message));
                }
                if matches!(op, Op::TryRecv(_)) {
                    accesses.extend(on(channel(number), Kind::Probe));
                }
                accesses
            }
            Op::Lock(number) => {
                self.held.insert(number, thread);
                on(primitive(number), Kind::Acquire)
            }
            Op::TryLock(number) => {
                let is_held = self.held.contains_key(&number);
                self.seen[index].push(is_held.into());
                self.held.entry(number).or_insert(thread);
                let mut accesses = on(primitive(number), Kind::Probe);
                if !is_held {
                    accesses.extend(on(primitive(number), Kind::Acquire));
                }
                accesses
            }
            Op::Unlock(number) => {
                if self.held.get(&number) == Some(&thread) {
                    self.held.remove(&number);
                    return on(primitive(number), Kind::Release);
                }
                Vec::new()
            }
            Op::NotifyOne(number) => {
                let waiting = self.waiting.get(&number).cloned().unwrap_or_default();
                if !waiting.is_empty() {
                    self.notified.entry(number).or_default().push(waiting);
                }
                on(primitive(number), Kind::Notify)
            }
            Op::Wait(number) => {
                let notified = self.notified.entry(number).or_default();
                let used = notified.iter().position(|any| any.contains(&thread)).unwrap();
                notified.remove(used);
                for any in notified.iter_mut() {
                    any.remove(&thread);
                }
                notified.retain(|any| !any.is_empty());
                self.waiting.entry(number).or_default().remove(&thread);
                on(primitive(number), Kind::Wake)
            }
        }
    }

    /// What an operation on a lock accesses that several threads can read.
    fn tried(
        &mut self,
        index: usize,
        op: Op,
        is_held: bool,
        object: Object,
        kind: Kind,
    ) -> Vec<Access> {
        let mut accesses = Vec::new();
        if matches!(op, Op::TryRead(_) | Op::TryWrite(_)) {
            self.seen[index].push(is_held.into());
            accesses.push(Access { object, kind: Kind::Probe });
        }
        if !is_held {
            accesses.push(Access { object, kind });
        }
        accesses
    }

    /// What the thread would access if its wait were over.
    fn of_wait(&self, threads: &[Vec<Op>], thread: u32) -> Option<(u32, Vec<Access>)> {
        let (at, waits) = self.at[thread as usize];
        let op = threads[thread as usize].get(at).filter(|_| waits)?;
        let (object, kind) = match *op {
            Op::Send(RENDEZVOUS) | Op::Recv(RENDEZVOUS) => return None,
            Op::Read(number) => (Object::Primitive(number), Kind::Share),
            Op::Write(number) => (Object::Primitive(number), Kind::Acquire),
            Op::Send(number) => (Object::Channel(number), Kind::SendIntoRoom(0)),
            Op::Recv(number) => (Object::Channel(number), Kind::Receive(0)),
            Op::Lock(number) => (Object::Primitive(number), Kind::Acquire),
            Op::Wait(number) => (Object::Primitive(number), Kind::Wake),
            _ => return None,
        };
        Some((thread, vec![Access { object, kind }]))
    }
}

impl SharedLock {
    fn is_free(&self) -> bool {
        self.readers.is_empty() && self.writer.is_none()
    }

    fn is_readable(&self) -> bool {
        self.writer.is_none() && self.writers.is_empty()
    }
}

/// All states in which no thread can go on, with every order tried.
fn all_ends(threads: &[Vec<Op>]) -> BTreeSet<Program> {
    let mut ends = BTreeSet::new();
    let mut known = BTreeSet::new();
    let mut left = vec![Program::new(threads)];
    while let Some(program) = left.pop() {
        if !known.insert(program.clone()) {
            continue;
        }
        let candidates = program.candidates(threads);
        if candidates == 0 {
            ends.insert(program.clone());
        }
        for thread in (0..threads.len() as u32).filter(|&it| candidates & bit(it) != 0) {
            let mut next = program.clone();
            next.step(threads, thread);
            left.push(next);
        }
    }
    ends
}

fn run(threads: &[Vec<Op>], prefix: &[u32]) -> (Trace, Program) {
    let mut program = Program::new(threads);
    let mut trace = Trace::default();
    let mut begun = Vec::new();
    loop {
        let candidates = program.candidates(threads);
        if candidates == 0 {
            add_meetings(&mut trace.steps, &begun);
            let all = 0..threads.len() as u32;
            trace.waiting = all.filter_map(|it| program.of_wait(threads, it)).collect();
            return (trace, program);
        }
        let last = trace.steps.last().map(|step: &Step| step.thread);
        let stays = last.filter(|&it| candidates & bit(it) != 0);
        let next = prefix.get(trace.steps.len()).copied().or(stays);
        let thread = next.unwrap_or(candidates.trailing_zeros());
        let accesses = program.step(threads, thread);
        begun.extend(program.meeting(thread).map(|it| (trace.steps.len() as u64, it)));
        let waits_for = program.of_wait(threads, thread).map_or_else(Vec::new, |it| it.1);
        trace.steps.push(Step { thread, candidates, accesses, waits_for, ..Step::default() });
    }
}

/// The ends that a search finds, and the numbers of its new and of all runs.
fn search(threads: &[Vec<Op>]) -> (BTreeSet<Program>, usize, usize) {
    let mut search = Search::default();
    let (mut ends, mut new, mut all) = (BTreeSet::new(), 0, 0);
    loop {
        let (trace, end) = run(threads, &search.prefix());
        all += 1;
        if search.add(trace).unwrap() == Novelty::New {
            new += 1;
            ends.insert(end);
        }
        if !search.advance() {
            return (ends, new, all);
        }
        assert!(all < 50_000, "{threads:?}");
    }
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0u32..3).prop_map(Op::Send),
        1 => Just(Op::TrySend),
        3 => (0u32..3).prop_map(Op::Recv),
        1 => (0u32..3).prop_map(Op::TryRecv),
        2 => (4u32..5).prop_map(Op::Read),
        1 => (4u32..5).prop_map(Op::TryRead),
        2 => (4u32..5).prop_map(Op::Write),
        1 => (4u32..5).prop_map(Op::TryWrite),
        3 => (4u32..5).prop_map(Op::Leave),
        2 => (0u32..2).prop_map(Op::Lock),
        2 => (0u32..2).prop_map(Op::Unlock),
        1 => (0u32..2).prop_map(Op::TryLock),
        1 => Just(Op::Wait(9)),
        1 => Just(Op::NotifyOne(9)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_search_finds_every_end(
        threads in prop::collection::vec(prop::collection::vec(any_op(), 0..5), 1..4)
    ) {
        let (ends, ..) = search(&threads);
        prop_assert_eq!(ends, all_ends(&threads));
    }
}

#[test]
fn steps_that_do_not_affect_each_other_have_one_order() {
    let threads: Vec<_> = (0..4).map(|it| vec![Op::Lock(it), Op::Unlock(it)]).collect();
    let (_, new, all) = search(&threads);
    assert_eq!((new, all), (1, 1));
}

#[test]
fn two_locks_have_two_orders_and_two_pairs_can_deadlock() {
    let lock = |a, b| vec![Op::Lock(a), Op::Lock(b), Op::Unlock(b), Op::Unlock(a)];
    let (ends, new, _) = search(&[lock(0, 1), lock(0, 1)]);
    assert_eq!((ends.len(), new), (1, 2));
    let (ends, new, _) = search(&[lock(0, 1), lock(1, 0)]);
    assert_eq!((ends.len(), new), (2, 3));
}

#[test]
fn a_writer_comes_before_a_reader_leaves_or_after_it() {
    let (_, new, all) =
        search(&[vec![Op::Read(4), Op::Leave(4)], vec![Op::Write(4), Op::Leave(4)]]);
    assert_eq!((new, all), (3, 3));
}

#[test]
fn who_comes_first_to_a_meeting_is_one_order() {
    let (send, recv) = (Op::Send(RENDEZVOUS), Op::Recv(RENDEZVOUS));
    let (_, new, all) = search(&[vec![send, send], vec![recv, recv]]);
    assert_eq!((new, all), (1, 1));
    let (_, new, all) = search(&[vec![recv, recv], vec![send], vec![send]]);
    assert_eq!((new, all), (2, 2));
}

#[test]
fn a_program_that_changes_is_noticed() {
    let threads = [vec![Op::Lock(0)], vec![Op::Lock(0)]];
    let mut search = Search::default();
    search.add(run(&threads, &[]).0).unwrap();
    assert!(search.advance());
    assert_eq!(search.prefix(), [1]);
    assert_eq!(search.add(run(&threads, &[0]).0), Err(Changed { step: 0 }));
}
