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
        let probed = probed(steps);
        for (index, step) in steps.iter().enumerate().skip(first) {
            let before = &order.before_thread(steps, index, step.thread);
            let later = Later { index, thread: step.thread, accesses: &step.accesses, before };
            self.add_conflict(steps, &order, &probed, &later);
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
            let index = steps.len();
            let before = &order.before_thread(steps, index, *thread);
            self.add_conflict(
                steps,
                &order,
                &probed,
                &Later { index, thread: *thread, accesses, before },
            );
        }
    }

    /// Ensures that a later step is tried before each earlier one that conflicts with it, unless that one
    /// has to come first.
    ///
    /// Such an order begins, in the place of the earlier step, with a step that does not depend on it:
    /// one of those that came between the two, or the later one itself. It is enough to try one of the
    /// threads that can be the first of these (a *source set*: Abdulla et al., *Optimal Dynamic Partial
    /// Order Reduction*, POPL 2014).
    fn add_conflict(
        &mut self,
        steps: &[Step],
        order: &HappensBefore,
        probed: &[Object],
        later: &Later<'_>,
    ) {
        let &Later { index, thread, accesses, before } = later;
        for earlier in 0..index {
            let is_conflict = relation(&steps[earlier].accesses, accesses) == Relation::Conflicts
                || meets(&steps[earlier].accesses, accesses, probed);
            if steps[earlier].thread == thread || !is_conflict || before.contains(earlier) {
                continue;
            }
            let first = first_threads(steps, order, earlier, later);
            let node = &mut self.nodes[earlier];
            let asleep = node.asleep.iter().fold(0, |bits, (thread, _)| bits | bit(*thread));
            // Another thread that slept here went on later. So it does not sleep for sure: see
            // `Step::first_seen`.
            let is_covered = node.wanted & first != 0 || asleep & first & bit(thread) != 0;
            if !is_covered {
                let candidates = node.step.candidates;
                let possible = candidates & first & !asleep;
                node.wanted |=
                    if possible == 0 { candidates } else { bit(possible.trailing_zeros()) };
            }
        }
    }
}

/// A step that is to be tried before earlier ones, or what a thread would do if its wait were over.
struct Later<'a> {
    index: usize,
    thread: u32,
    accesses: &'a [Access],
    /// The steps that have to come before because of what the thread did before.
    before: &'a Bits,
}

/// The threads that can be the first to go on in the place of the step `earlier`, if the later one is to
/// come before it: of the steps that do not depend on the earlier one, those that depend on none of the
/// others. A bit for each.
fn first_threads(steps: &[Step], order: &HappensBefore, earlier: usize, later: &Later<'_>) -> u64 {
    let &Later { index, thread, accesses, before } = later;
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
fn relation(earlier: &[Access], later: &[Access]) -> Relation {
    let pairs = earlier.iter().flat_map(|one| later.iter().map(move |other| one.relation(*other)));
    pairs.max().unwrap_or(Relation::Independent)
}

/// The objects of which a thread learns the present state in any step.
fn probed(steps: &[Step]) -> Vec<Object> {
    let accesses = steps.iter().flat_map(|step| &step.accesses);
    let probes = accesses.filter(|it| matches!(it.kind, Kind::Probe | Kind::ProbeRoom));
    probes.map(|access| access.object).collect()
}

/// Whether the later step meets the earlier one at a rendezvous channel, and a thread could have seen who
/// of them came first.
fn meets(earlier: &[Access], later: &[Access], probed: &[Object]) -> bool {
    let comes = |access: &&Access| {
        matches!(access.object, Object::Meeting(_)) && access.kind == Kind::Start
    };
    earlier.iter().filter(comes).any(|access| later.contains(access))
        && earlier.iter().any(|access| probed.contains(&access.object))
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
mod tests;
