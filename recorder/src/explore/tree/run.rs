//! A run as steps that have an effect, with the steps that have to come before each of them.
//!
//! At a rendezvous channel, who comes first makes no difference. The steps are those of a run in which the
//! sender does: it offers its message, the receiver takes it, and after that the sender goes on.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use format::{Call, OperationKind, Outcome, Phase};

use crate::explore::exhaustive::access::{Access, Kind, Object as Accessed};
use crate::explore::exhaustive::search::{Relation, sends_to};
use crate::explore::exhaustive::trace::Trace;
use crate::explore::order::{Action, Object, Operation, Order};

/// A run, as it stands for all orders that differ only in steps that do not affect each other.
#[derive(Debug)]
pub struct TreeRun {
    /// The order of the run.
    pub order: Order,
    /// Its steps, in order, without those in which a thread only begins to wait.
    pub steps: Vec<TreeStep>,
}

/// What a thread does when it is its turn.
#[derive(Debug)]
pub struct TreeStep {
    /// The number of the thread.
    pub thread: u32,
    /// What it does.
    pub operations: Vec<Operation>,
    /// The numbers of the choices that belong to it.
    pub choices: Vec<u64>,
    /// Whether the thread ends with it.
    pub ends: bool,
    /// The last steps that have to come before, by their indices: other such steps come before these.
    pub before: Vec<usize>,
    /// The threads that were blocked in std's operation until this step, each with the object.
    pub lets_go: Vec<(u32, Object)>,
}

impl TreeRun {
    /// The steps of a trace, and the order of the same run.
    pub fn new(trace: &Trace, order: Order) -> Self {
        let steps = trace.steps.len();
        let mut operations = vec![Vec::new(); steps];
        for operation in &order.operations {
            let choice = operation.choice.and_then(|choice| usize::try_from(choice).ok());
            if let Some(operations) = choice.and_then(|choice| operations.get_mut(choice)) {
                operations.push(*operation);
            }
        }
        let steps = Dependences { trace, order: &order, operations: &operations }.steps();
        TreeRun { order, steps }
    }

    /// Whether a thread tries to send at a rendezvous channel. Then it does make a difference who comes
    /// first.
    pub fn tries_to_send_at_rendezvous(&self) -> bool {
        let tries = |operation: &Operation| match operation.action {
            Action::Call(kind) => kind.call() == Call::TrySend,
            _ => false,
        };
        let is_there = |operation: &Operation| self.order.is_rendezvous(operation.object);
        self.order.operations.iter().any(|it| tries(it) && is_there(it))
    }

    /// The same for all runs that differ only in steps that do not affect each other.
    pub fn hash(&self) -> u64 {
        let mut counts = BTreeMap::new();
        let mut names: Vec<(u64, u64)> = Vec::new();
        let mut sum = 0u64;
        for step in &self.steps {
            let count: &mut u64 = counts.entry(step.thread).or_default();
            *count += 1;
            let identity = self.order.threads.get(&step.thread).map_or(0, |it| it.identity);
            names.push((identity, *count));
            // The sum of simpler hashes would be the same if two steps changed places.
            let mut hasher = DefaultHasher::new();
            (identity, *count, step.ends).hash(&mut hasher);
            for operation in &step.operations {
                self.order.place_of(operation).hash(&mut hasher);
                match operation.action {
                    // Whether it had waited before does not matter.
                    Action::Call(kind) => (kind.call(), kind.outcome()).hash(&mut hasher),
                    action => action.hash(&mut hasher),
                }
            }
            let mut before: Vec<_> = step.before.iter().map(|&step| names[step]).collect();
            before.sort_unstable();
            before.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
        sum
    }
}

/// Which steps of a run have to come before others, also in an order that was not run.
struct Dependences<'a> {
    trace: &'a Trace,
    order: &'a Order,
    /// By step.
    operations: &'a [Vec<Operation>],
}

impl Dependences<'_> {
    fn steps(&self) -> Vec<TreeStep> {
        let before = self.before();
        let mut building = Building { before: &before, ..Building::default() };
        for (index, step) in self.trace.steps.iter().enumerate() {
            let thread = step.thread;
            building.choices.entry(thread).or_default().push(index as u64);
            if let Some(receives) = building.received.remove(&index) {
                // The receiver goes on after it has received in the step of the sender.
                building.choices.remove(&thread);
                building.kept.push(Some(receives));
                continue;
            }
            let ends = step.accesses.contains(&ends(thread));
            let operations = self.effective(index);
            if self.only_waits(index) || (operations.is_empty() && !ends) {
                building.kept.push(None);
                continue;
            }
            let last = building.last_of(thread);
            if let (true, Some(last)) = (operations.is_empty(), last)
                && self.waits_after(&building.steps[last]).is_none()
            {
                // It ends directly after what it did last.
                let choices = building.choices.remove(&thread).unwrap_or_default();
                building.steps[last].ends = true;
                building.steps[last].choices.extend(choices);
                building.kept.push(Some(last));
                continue;
            }
            building.kept.push(Some(building.steps.len()));
            let before = self.kept_before(index, &building);
            match self.receiver(index) {
                Some(receiver) => {
                    let sends = operations[..1].to_vec();
                    let sends = building.add(thread, sends, false, before);
                    let receives = self.add_receive(index, receiver, &mut building);
                    if operations.len() > 1 || ends {
                        let rest = operations[1..].to_vec();
                        let rest = building.add(thread, rest, ends, vec![sends, receives]);
                        building.split_ends.extend(ends.then_some((thread, rest)));
                    } else {
                        building.after.insert(thread, receives);
                    }
                }
                None => {
                    let lets_go = self.lets_go(index, &building);
                    let added = building.add(thread, operations, ends, before);
                    building.steps[added].lets_go = lets_go;
                }
            }
        }
        building.steps
    }

    /// The operations of a step, as if every sender came to a rendezvous channel before the receiver.
    fn effective(&self, index: usize) -> Vec<Operation> {
        let effective = |operation: &Operation| {
            let Action::Call(kind) = operation.action else { return Some(*operation) };
            let is_rendezvous = self.order.is_rendezvous(operation.object);
            let is_transfer = kind.outcome() == Outcome::Transferred;
            match (kind.call(), kind.phase()) {
                (Call::Send, Phase::Begin) if is_rendezvous => {
                    Some(Operation { action: Action::Call(OperationKind::Send), ..*operation })
                }
                (Call::Recv, Phase::Begin) if is_rendezvous => None,
                (Call::Send | Call::Recv, Phase::End) if is_rendezvous && is_transfer => None,
                (Call::Write, Phase::End) => None,
                _ => Some(*operation),
            }
        };
        self.operations[index].iter().filter_map(effective).collect()
    }

    /// The object, if a thread is blocked in std's operation after this step.
    fn waits_after(&self, step: &TreeStep) -> Option<Object> {
        let last = step.operations.last().filter(|_| !step.ends)?;
        let Action::Call(kind) = last.action else { return None };
        let waits = kind == OperationKind::WriteBegin
            || kind == OperationKind::Send && self.order.is_rendezvous(last.object);
        waits.then_some(last.object)
    }

    /// The threads that can come back from std's operation after a step.
    fn lets_go(&self, index: usize, building: &Building<'_>) -> Vec<(u32, Object)> {
        let waiting = self.met(index).filter_map(|thread| {
            let last = building.last_of(thread)?;
            Some((thread, self.waits_after(&building.steps[last])?))
        });
        waiting.collect()
    }

    /// The other threads whose waits in std's operations end with a step.
    fn met(&self, index: usize) -> impl Iterator<Item = u32> {
        let step = &self.trace.steps[index];
        step.accesses.iter().filter_map(|access| match access {
            Access { object: Accessed::Meeting(thread), kind: Kind::End } => {
                (*thread != step.thread).then_some(*thread)
            }
            _ => None,
        })
    }

    /// The thread that waits at a rendezvous channel for the message that a step sends.
    fn receiver(&self, index: usize) -> Option<u32> {
        let first = self.operations[index].first()?;
        let Action::Call(OperationKind::Send) = first.action else { return None };
        self.met(index).next().filter(|_| self.order.is_rendezvous(first.object))
    }

    /// Adds the receive of a thread that waits for the message that is sent in a step, which is the last
    /// one so far.
    fn add_receive(&self, index: usize, receiver: u32, building: &mut Building<'_>) -> usize {
        let steps = &self.trace.steps;
        let sends = building.steps.len() - 1;
        let sent = building.steps[sends].operations[0];
        let waits = (0..index).rev().find(|&it| steps[it].thread == receiver);
        let waits = waits.and_then(|it| self.operations[it].last()).unwrap_or(&sent);
        let action = Action::Call(OperationKind::Recv);
        let mut operations = vec![Operation { action, message: sent.message, ..*waits }];
        let mut before = vec![sends];
        before.extend(building.last_of(receiver));
        let returns = (index + 1..steps.len()).find(|&it| steps[it].thread == receiver);
        let mut is_end = false;
        if let Some(returns) = returns {
            building.received.insert(returns, building.steps.len());
            building.choices.entry(receiver).or_default().push(returns as u64);
            operations.extend(self.effective(returns));
            is_end = steps[returns].accesses.contains(&ends(receiver));
        }
        let receives = building.add(receiver, operations, is_end, before);
        building.steps[receives].lets_go = vec![(steps[index].thread, sent.object)];
        receives
    }

    /// The steps that have to come before one of the trace.
    fn kept_before(&self, index: usize, building: &Building<'_>) -> Vec<usize> {
        let thread = self.trace.steps[index].thread;
        let earlier = (0..index).filter(|&earlier| building.before[index][earlier]);
        let mut before: Vec<_> = earlier.filter_map(|earlier| building.kept[earlier]).collect();
        before.extend(building.last_of(thread));
        before.extend(building.after.get(&thread));
        let ended = building.split_ends.iter().filter(|(child, _)| {
            let is_scope = |operation: &Operation| match operation.action {
                Action::Call(kind) => kind.call() == Call::Scope,
                _ => false,
            };
            self.trace.steps[index].accesses.contains(&ends(**child))
                || self.operations[index].iter().any(is_scope)
                    && self.spawns(thread, **child, index)
        });
        before.extend(ended.map(|(_, step)| *step));
        before
    }

    /// Whether a step has no effect but that the thread waits. In another order it need not wait.
    fn only_waits(&self, index: usize) -> bool {
        let begins = |operation: &Operation| match operation.action {
            Action::Call(kind) => kind.phase() == Phase::Begin,
            _ => false,
        };
        let operations = &self.operations[index];
        self.trace.steps[index].accesses.is_empty()
            && !operations.is_empty()
            && operations.iter().all(begins)
    }

    /// For each step of the trace, the earlier ones that have to come before.
    fn before(&self) -> Vec<Vec<bool>> {
        let steps = &self.trace.steps;
        let accesses: Vec<Vec<Access>> =
            steps.iter().map(|step| self.exact(&step.accesses)).collect();
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(steps.len());
        for index in 0..steps.len() {
            let mut all = vec![false; index];
            let mut direct = self.enabling(index);
            direct.extend((0..index).rev().filter(|&earlier| {
                steps[earlier].thread == steps[index].thread
                    || depends(&accesses[earlier], &accesses[index])
                    || sends_to(&accesses[earlier], &accesses[index])
                    || starts(&accesses[earlier], steps[index].thread)
            }));
            for earlier in direct {
                if all[earlier] {
                    continue;
                }
                all[earlier] = true;
                for (one, is_before) in all.iter_mut().zip(&before[earlier]) {
                    *one |= is_before;
                }
            }
            before.push(all);
        }
        before
    }

    /// A send into a channel with a limit depends on the receive that made room for it, whether it
    /// waited for that or not: see [`enabling`](Self::enabling). That a receiver waits at a rendezvous
    /// channel has no effect.
    fn exact(&self, accesses: &[Access]) -> Vec<Access> {
        if accesses.iter().any(|access| access.kind == Kind::Await) {
            return Vec::new();
        }
        let exact = |access: &Access| match access.kind {
            Kind::SendIntoRoom(message) => Access { kind: Kind::Send(message), ..*access },
            _ => *access,
        };
        accesses.iter().map(exact).collect()
    }

    /// Earlier steps that made this one possible, as far as its accesses do not show it.
    fn enabling(&self, index: usize) -> Vec<usize> {
        let steps = &self.trace.steps;
        let step = &steps[index];
        let mut enabling = Vec::new();
        for operation in &self.operations[index] {
            let Action::Call(kind) = operation.action else { continue };
            if kind.phase() == Phase::Begin {
                continue;
            }
            match (kind.call(), operation.object) {
                (Call::Send | Call::TrySend, Object::Channel(channel)) => {
                    enabling.extend(self.room_for(index, channel));
                }
                (Call::Scope, _) => {
                    let ended = (0..index).filter(|&it| self.ends_child(it, step.thread));
                    enabling.extend(ended);
                }
                _ => {}
            }
        }
        // After a wait: the step after which the thread could go on.
        let earlier = || (0..index).rev();
        let last = earlier().find(|&it| steps[it].thread == step.thread);
        let last = last.or_else(|| earlier().find(|&it| starts(&steps[it].accesses, step.thread)));
        let Some(last) = last else { return enabling };
        let waited = |it: &usize| steps[*it].candidates >> step.thread & 1 == 0;
        if let Some(enabled) = (last + 1..index).rfind(waited) {
            match self.operations[index].first().map(|it| it.action) {
                // Time goes by when no thread can go on.
                Some(Action::Call(kind))
                    if kind.outcome() == Outcome::TimedOut || kind.call() == Call::Sleep =>
                {
                    enabling.extend(0..index);
                }
                _ => enabling.push(enabled),
            }
        }
        enabling
    }

    /// The receive without which there would be no room for the message that a step sends.
    fn room_for(&self, index: usize, channel: u32) -> Option<usize> {
        let bound = self.order.channels.get(&channel)?.bound?;
        let bound = usize::try_from(bound).ok().filter(|&bound| bound > 0)?;
        let transfers = |index: usize, sends: bool| {
            let transfers = move |operation: &&Operation| match operation.action {
                Action::Call(kind) => {
                    operation.object == Object::Channel(channel)
                        && kind.outcome() == Outcome::Transferred
                        && kind.call().is_send() == sends
                }
                _ => false,
            };
            self.operations[index].iter().filter(transfers).count()
        };
        let sent: usize = (0..=index).map(|index| transfers(index, true)).sum();
        let nth = sent.checked_sub(bound).filter(|&nth| nth > 0)?;
        let receives = (0..index).flat_map(|index| vec![index; transfers(index, false)]);
        receives.into_iter().nth(nth - 1)
    }

    /// Whether a thread that this one has spawned ends in a step.
    fn ends_child(&self, index: usize, parent: u32) -> bool {
        let step = &self.trace.steps[index];
        step.accesses.contains(&ends(step.thread)) && self.spawns(parent, step.thread, index)
    }

    /// Whether a thread spawns another one in a step before this one.
    fn spawns(&self, parent: u32, child: u32, index: usize) -> bool {
        self.trace.steps[..index]
            .iter()
            .any(|step| step.thread == parent && starts(&step.accesses, child))
    }
}

/// The steps so far.
#[derive(Default)]
struct Building<'a> {
    /// For each step of the trace, the earlier ones that have to come before.
    before: &'a [Vec<bool>],
    steps: Vec<TreeStep>,
    /// For each step, all that have to come before.
    closures: Vec<Vec<bool>>,
    /// Of each step of the trace that is kept: the one that it became, or became a part of.
    kept: Vec<Option<usize>>,
    /// By thread: choices without an effect of their own.
    choices: BTreeMap<u32, Vec<u64>>,
    /// By step of the trace: the one that it is a part of, in which its thread has received.
    received: BTreeMap<usize, usize>,
    /// By thread: a step of another one that comes before its next step.
    after: BTreeMap<u32, usize>,
    /// By thread: the step in which it ends, if that is not the one that the step of the trace became.
    split_ends: BTreeMap<u32, usize>,
}

impl Building<'_> {
    fn last_of(&self, thread: u32) -> Option<usize> {
        self.steps.iter().rposition(|step| step.thread == thread)
    }

    /// Adds a step that comes after those of `before`. Returns its index.
    fn add(
        &mut self,
        thread: u32,
        operations: Vec<Operation>,
        ends: bool,
        before: Vec<usize>,
    ) -> usize {
        let index = self.steps.len();
        let mut closure = vec![false; index + 1];
        for earlier in before {
            closure[earlier] = true;
            for (one, is_before) in closure.iter_mut().zip(&self.closures[earlier]) {
                *one |= is_before;
            }
        }
        let is_direct = |&one: &usize| {
            closure[one]
                && !(one + 1..index).any(|other| closure[other] && self.closures[other][one])
        };
        let before = (0..index).filter(is_direct).collect();
        self.closures.push(closure);
        self.after.remove(&thread);
        let choices = self.choices.remove(&thread).unwrap_or_default();
        let lets_go = Vec::new();
        self.steps.push(TreeStep { thread, operations, choices, ends, before, lets_go });
        index
    }
}

/// Whether a step depends on an earlier one.
fn depends(earlier: &[Access], later: &[Access]) -> bool {
    let depends = |one: &Access, other: &Access| match (one.kind, other.kind) {
        // Only the last reader lets a writer go on: see `Object::Meeting`.
        (Kind::Leave, Kind::Announce) | (Kind::Announce, Kind::Leave) => false,
        _ => one.relation(*other) != Relation::Independent,
    };
    earlier.iter().any(|one| later.iter().any(|other| depends(one, other)))
}

/// Whether a step with these accesses spawns a thread.
fn starts(accesses: &[Access], thread: u32) -> bool {
    accesses.contains(&Access { object: Accessed::Life(thread), kind: Kind::Start })
}

fn ends(thread: u32) -> Access {
    Access { object: Accessed::Life(thread), kind: Kind::End }
}
