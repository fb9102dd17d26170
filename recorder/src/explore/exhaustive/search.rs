//! Which schedules have to be tried so that all orders have been.
//!
//! Dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005) with sleep sets (Godefroid,
//! *Partial-Order Methods*, 1996): after each run, two steps that conflict and could have come in
//! the other order are a reason for another run, in which they do. Orders that differ only in steps
//! that do not affect each other are one.

use std::fmt;

pub(in crate::explore) use super::access::Relation;
use super::access::{Access, Kind, Object};

/// A choice of a run, and what its thread did up to its next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The thread that was chosen.
    pub thread: u32,
    /// The threads of which it was chosen, a bit for each.
    pub candidates: u64,
    /// What it accessed.
    pub accesses: Vec<Access>,
    /// If it ended with the start of a wait: what the thread would access if that were over. In another
    /// order it may not have to wait.
    pub waits_for: Vec<Access>,
    /// Objects that had not been used before. In another order they can have other numbers.
    pub first_seen: Vec<Object>,
}

impl Step {
    /// Whether it has no effect but that the thread waits. In another order it would do more.
    fn only_waits(&self) -> bool {
        self.accesses.is_empty() && !self.waits_for.is_empty()
    }

    /// What the step may access in any order.
    fn all_accesses(&self) -> Vec<Access> {
        let identify = |access: &Access| match self.first_seen.contains(&access.object) {
            true => Access { object: Object::AnyPrimitive, ..*access },
            false => *access,
        };
        self.accesses.iter().chain(&self.waits_for).map(identify).collect()
    }
}

/// The steps of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// All steps, in order.
    pub steps: Vec<Step>,
    /// The threads that waited when no thread could go on, with what they would have accessed next.
    pub waiting: Vec<(u32, Vec<Access>)>,
}

impl Trace {
    /// Leaves out the steps from `index` on. The threads wait in them.
    fn end_before(&mut self, index: usize) {
        let waiting = std::mem::take(&mut self.waiting);
        let steps = self.steps.split_off(index).into_iter();
        let next = steps.map(|step| (step.thread, step.all_accesses())).chain(waiting);
        for (thread, accesses) in next {
            if self.waiting.iter().all(|(other, _)| *other != thread) {
                self.waiting.push((thread, accesses));
            }
        }
    }
}

/// Whether a run was a new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// No run before had this order.
    New,
    /// From some step on, another run has had or will have this order.
    Redundant,
}

/// The program did something else in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The step that was different.
    pub step: usize,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program did something else at step {}, in the same order", self.step)
    }
}

/// A step of the present run, with the choices that were and have to be tried there.
struct Node {
    step: Step,
    /// Whether nothing is known of the step but its thread: it has not been run.
    is_new: bool,
    /// Threads to try here.
    wanted: u64,
    /// Threads that were tried here, with what they accessed.
    tried: Vec<(u32, Vec<Access>)>,
    /// Threads that need not be tried here: another run begins with them.
    asleep: Vec<(u32, Vec<Access>)>,
}

impl Node {
    /// The next thread to try.
    fn next(&self) -> Option<u32> {
        let known = self.tried.iter().chain(&self.asleep);
        let left = known.fold(self.wanted, |left, (thread, _)| left & !bit(*thread));
        (left != 0).then(|| left.trailing_zeros())
    }
}

/// A search through all orders.
#[derive(Default)]
pub struct Search {
    nodes: Vec<Node>,
}

impl Search {
    /// The threads to choose in the next run, from the start. After them, any may be chosen.
    pub fn prefix(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.step.thread).collect()
    }

    /// Adds the run that was made with the [prefix](Self::prefix).
    ///
    /// # Errors
    /// The run does not begin with the prefix, or differs from an earlier one that did.
    pub fn add(&mut self, mut trace: Trace) -> Result<Novelty, Changed> {
        let known = self.nodes.len();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let Some(step) = trace.steps.get(index) else { return Err(Changed { step: index }) };
            let is_last = index + 1 == known;
            // What the last step of the prefix accesses is only known now.
            if is_last && node.is_new && node.step.thread == step.thread {
                (node.step, node.is_new) = (step.clone(), false);
            }
            if node.step != *step {
                return Err(Changed { step: index });
            }
        }
        let mut novelty = Novelty::New;
        for index in known..trace.steps.len() {
            let asleep = self.nodes.last().map_or_else(Vec::new, still_asleep);
            let step = trace.steps[index].clone();
            let is_asleep = asleep.iter().any(|(thread, _)| *thread == step.thread);
            let mut node =
                Node { wanted: bit(step.thread), step, is_new: false, tried: Vec::new(), asleep };
            if is_asleep {
                // Another thread instead, if there is one.
                node.wanted = node.step.candidates;
                node.wanted = node.next().map_or(0, bit);
                self.nodes.push(node);
                trace.end_before(index);
                novelty = Novelty::Redundant;
                break;
            }
            self.nodes.push(node);
        }
        self.add_conflicts(&trace, known.saturating_sub(1));
        Ok(novelty)
    }

    /// Goes on to the next prefix. Returns false if all orders have been tried.
    pub fn advance(&mut self) -> bool {
        while let Some(node) = self.nodes.last_mut() {
            node.tried.push((node.step.thread, node.step.all_accesses()));
            if let Some(next) = node.next() {
                (node.step.thread, node.is_new) = (next, true);
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    /// Adds the reasons for other runs: conflicts of steps from `first` on with steps before them.
    fn add_conflicts(&mut self, trace: &Trace, first: usize) {
        let order = HappensBefore::new(trace);
        let steps = &trace.steps;
        for (index, step) in steps.iter().enumerate().skip(first) {
            let before = order.before_thread(steps, index, step.thread);
            self.add_conflict(steps, &order, index, step.thread, &step.accesses, &before);
            if step
                .accesses
                .iter()
                .any(|access| access.object == Object::Process && access.kind == Kind::End)
            {
                // What the others have left to do is not in the trace.
                self.nodes[index].wanted |= step.candidates;
            }
        }
        for (thread, accesses) in &trace.waiting {
            let end = steps.len();
            let before = order.before_thread(steps, end, *thread);
            self.add_conflict(steps, &order, end, *thread, accesses, &before);
        }
    }

    /// Ensures that the step of `thread` at `index` is tried before each earlier step that conflicts with
    /// it, unless that one has to come first.
    ///
    /// Such an order begins, in the place of the earlier step, with a step that does not depend on it:
    /// one of those that came between the two, or the later one itself. It is enough to try one of the
    /// threads that can be the first of these (a *source set*: Abdulla et al., *Optimal Dynamic Partial
    /// Order Reduction*, POPL 2014).
    fn add_conflict(
        &mut self,
        steps: &[Step],
        order: &HappensBefore,
        index: usize,
        thread: u32,
        accesses: &[Access],
        before: &Bits,
    ) {
        for earlier in 0..index {
            if steps[earlier].thread == thread
                || relation(&steps[earlier].accesses, accesses) != Relation::Conflicts
                || before.contains(earlier)
            {
                continue;
            }
            let first = first_threads(steps, order, earlier, index, thread, accesses, before);
            let node = &mut self.nodes[earlier];
            let asleep = node.asleep.iter().fold(0, |bits, (thread, _)| bits | bit(*thread));
            if (node.wanted | asleep) & first == 0 {
                let candidates = node.step.candidates;
                let possible = candidates & first;
                node.wanted |=
                    if possible == 0 { candidates } else { bit(possible.trailing_zeros()) };
            }
        }
    }
}

/// The threads that can be the first to go on in the place of the step `earlier`, if the step of
/// `thread` at `index` is to come before it: of the steps that do not depend on the earlier one, those
/// that depend on none of the others. A bit for each.
fn first_threads(
    steps: &[Step],
    order: &HappensBefore,
    earlier: usize,
    index: usize,
    thread: u32,
    accesses: &[Access],
    before: &Bits,
) -> u64 {
    let (mut first, mut seen) = (0, 0);
    let mut others: Vec<usize> = Vec::new();
    for (other, step) in steps.iter().enumerate().take(index).skip(earlier + 1) {
        if order.0[other].contains(earlier) || step.only_waits() {
            continue;
        }
        if seen & bit(step.thread) == 0 && !others.iter().any(|&it| order.0[other].contains(it)) {
            first |= bit(step.thread);
        }
        seen |= bit(step.thread);
        others.push(other);
    }
    let depends = |&it: &usize| {
        before.contains(it)
            || relation(&steps[it].accesses, accesses) != Relation::Independent
            || sends_to(&steps[it].accesses, accesses)
    };
    if seen & bit(thread) == 0 && !others.iter().any(depends) {
        first |= bit(thread);
    }
    first
}

fn bit(thread: u32) -> u64 {
    1u64.checked_shl(thread).unwrap_or(0)
}

/// The threads that need not be tried after a step: those that were tried before it, or needed not to
/// be, unless the step affects them.
fn still_asleep(node: &Node) -> Vec<(u32, Vec<Access>)> {
    let step = &node.step;
    let sleeps = |(thread, accesses): &&(u32, Vec<Access>)| {
        *thread != step.thread
            && relation(accesses, &step.accesses) == Relation::Independent
            && relation(&step.accesses, accesses) == Relation::Independent
    };
    node.asleep.iter().chain(&node.tried).filter(sleeps).cloned().collect()
}

/// The strongest relation between accesses of a step and those of a later one.
pub(in crate::explore) fn relation(earlier: &[Access], later: &[Access]) -> Relation {
    let pairs = earlier.iter().flat_map(|one| later.iter().map(move |other| one.relation(*other)));
    pairs.max().unwrap_or(Relation::Independent)
}

/// For each step, itself and those that have to come before it.
struct HappensBefore(Vec<Bits>);

impl HappensBefore {
    fn new(trace: &Trace) -> Self {
        let steps = &trace.steps;
        let mut order = HappensBefore(Vec::with_capacity(steps.len()));
        for (index, step) in steps.iter().enumerate() {
            let mut before = order.before_thread(steps, index, step.thread);
            for earlier in (0..index).rev() {
                if !before.contains(earlier)
                    && (relation(&steps[earlier].accesses, &step.accesses) != Relation::Independent
                        || sends_to(&steps[earlier].accesses, &step.accesses))
                {
                    before.add_all(&order.0[earlier]);
                }
            }
            before.add(index);
            order.0.push(before);
        }
        order
    }

    /// The steps that have to come before the step of a thread at `index`, because of what the thread
    /// did before.
    fn before_thread(&self, steps: &[Step], index: usize, thread: u32) -> Bits {
        let last = (0..index).rev().find(|&earlier| steps[earlier].thread == thread);
        if let Some(last) = last {
            return self.0[last].clone();
        }
        let starts = |step: &Step| {
            let spawns = |access: &Access| {
                *access == Access { object: Object::Life(thread), kind: Kind::Start }
            };
            step.accesses.iter().any(spawns)
        };
        match steps[..index].iter().position(starts) {
            Some(spawn) => self.0[spawn].clone(),
            None => Bits::default(),
        }
    }
}

/// Whether the later step receives a message that the earlier one sends.
pub(in crate::explore) fn sends_to(earlier: &[Access], later: &[Access]) -> bool {
    let sends = |access: &Access, message: u64| match access.kind {
        Kind::Send(sent) | Kind::SendIntoRoom(sent) => sent == message,
        _ => false,
    };
    later.iter().any(|receive| match receive.kind {
        Kind::Receive(message) => {
            earlier.iter().any(|send| send.object == receive.object && sends(send, message))
        }
        _ => false,
    })
}

/// A set of steps.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }

    fn add(&mut self, index: usize) {
        if self.0.len() <= index / 64 {
            self.0.resize(index / 64 + 1, 0);
        }
        self.0[index / 64] |= 1 << (index % 64);
    }

    fn add_all(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    /// An operation of a small program.
    #[derive(Clone, Copy, Debug)]
    enum Op {
        Send(u32),
        Recv(u32),
        TryRecv(u32),
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
    }

    /// Maximum number of messages in a channel with an odd number.
    const BOUND: usize = 1;

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
                Op::Send(channel) if channel % 2 == 1 => {
                    self.queues.get(&channel).is_none_or(|queue| queue.len() < BOUND)
                }
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
                threads[thread as usize]
                    .get(at)
                    .is_some_and(|op| !waits || self.is_possible(thread, *op))
            };
            (0..threads.len() as u32).filter(can_go_on).fold(0, |bits, thread| bits | bit(thread))
        }

        /// The thread does its next operation, or starts to wait in it. Returns what it accesses.
        fn step(&mut self, threads: &[Vec<Op>], thread: u32) -> Vec<Access> {
            let index = thread as usize;
            let (at, waits) = self.at[index];
            let op = threads[index][at];
            let on = |object, kind| vec![Access { object, kind }];
            let (channel, primitive) = (Object::Channel, Object::Primitive);
            if !self.is_possible(thread, op) {
                self.at[index].1 = true;
                if let Op::Wait(condvar) = op {
                    self.waiting.entry(condvar).or_default().insert(thread);
                    return on(primitive(condvar), Kind::Wait);
                }
                return Vec::new();
            }
            self.at[index] = (at + 1, false);
            match op {
                Op::Send(number) => {
                    self.sent[index] += 1;
                    let message = u64::from(thread) << 32 | self.sent[index];
                    self.queues.entry(number).or_default().push_back(message);
                    match waits {
                        true => on(channel(number), Kind::SendIntoRoom(message)),
                        false => on(channel(number), Kind::Send(message)),
                    }
                }
                Op::Recv(number) | Op::TryRecv(number) => {
                    let message = self.queues.entry(number).or_default().pop_front();
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

        /// What the thread would access if its wait were over.
        fn of_wait(&self, threads: &[Vec<Op>], thread: u32) -> Option<(u32, Vec<Access>)> {
            let (at, waits) = self.at[thread as usize];
            let op = threads[thread as usize].get(at).filter(|_| waits)?;
            let (object, kind) = match *op {
                Op::Send(number) => (Object::Channel(number), Kind::SendIntoRoom(0)),
                Op::Recv(number) => (Object::Channel(number), Kind::Receive(0)),
                Op::Lock(number) => (Object::Primitive(number), Kind::Acquire),
                Op::Wait(number) => (Object::Primitive(number), Kind::Wake),
                _ => return None,
            };
            Some((thread, vec![Access { object, kind }]))
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
        loop {
            let candidates = program.candidates(threads);
            if candidates == 0 {
                let all = 0..threads.len() as u32;
                trace.waiting = all.filter_map(|it| program.of_wait(threads, it)).collect();
                return (trace, program);
            }
            let last = trace.steps.last().map(|step: &Step| step.thread);
            let stays = last.filter(|&it| candidates & bit(it) != 0);
            let next = prefix.get(trace.steps.len()).copied().or(stays);
            let thread = next.unwrap_or(candidates.trailing_zeros());
            let accesses = program.step(threads, thread);
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
            3 => (0u32..2).prop_map(Op::Send),
            2 => (0u32..2).prop_map(Op::Recv),
            1 => (0u32..2).prop_map(Op::TryRecv),
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
    fn a_program_that_changes_is_noticed() {
        let threads = [vec![Op::Lock(0)], vec![Op::Lock(0)]];
        let mut search = Search::default();
        search.add(run(&threads, &[]).0).unwrap();
        assert!(search.advance());
        assert_eq!(search.prefix(), [1]);
        assert_eq!(search.add(run(&threads, &[0]).0), Err(Changed { step: 0 }));
    }
}
