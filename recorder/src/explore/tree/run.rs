//! A run as steps that have an effect, with the steps that have to come before each of them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use format::{Call, Outcome, Phase};

use crate::explore::exhaustive::access::{Access, Kind, Object as Accessed};
use crate::explore::exhaustive::search::{Relation, relation, sends_to};
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

    /// Whether a wait ends without a choice: that for the partner of a rendezvous channel, or for the last
    /// reader of a lock. What the thread does then is part of the step in which it began to wait.
    pub fn has_unchosen_ends(&self) -> bool {
        let is_begin = |operation: &Operation| match operation.action {
            Action::Call(kind) => kind.phase() == Phase::Begin && kind.call() != Call::BarrierWait,
            _ => false,
        };
        let ends = |step: &TreeStep| {
            let mut after = step.operations.iter().skip_while(|it| !is_begin(it));
            after.next().is_some_and(|_| after.next().is_some())
        };
        self.steps.iter().any(ends)
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
        let mut steps: Vec<TreeStep> = Vec::new();
        // Of each step of the trace that is kept: the one that it became, or became a part of.
        let mut kept: Vec<Option<usize>> = Vec::new();
        let mut closures: Vec<Vec<bool>> = Vec::new();
        // By thread: choices without an effect of their own.
        let mut choices: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (index, step) in self.trace.steps.iter().enumerate() {
            let thread = step.thread;
            let ends = step.accesses.contains(&ends(thread));
            let operations = &self.operations[index];
            choices.entry(thread).or_default().push(index as u64);
            if self.only_waits(index) || (operations.is_empty() && !ends) {
                kept.push(None);
                continue;
            }
            let last = steps.iter().rposition(|step| step.thread == thread);
            if let (true, Some(last)) = (operations.is_empty(), last) {
                // It ends directly after what it did last.
                steps[last].ends = true;
                steps[last].choices.extend(choices.remove(&thread).unwrap_or_default());
                kept.push(Some(last));
                continue;
            }
            let mut closure = vec![false; steps.len() + 1];
            for earlier in (0..index).filter(|&earlier| before[index][earlier]) {
                let Some(earlier) = kept[earlier] else { continue };
                closure[earlier] = true;
                for (one, is_before) in closure.iter_mut().zip(&closures[earlier]) {
                    *one |= is_before;
                }
            }
            let is_direct = |&one: &usize| {
                closure[one]
                    && !(one + 1..steps.len()).any(|other| closure[other] && closures[other][one])
            };
            let before = (0..steps.len()).filter(is_direct).collect();
            kept.push(Some(steps.len()));
            closures.push(closure);
            let choices = choices.remove(&thread).unwrap_or_default();
            steps.push(TreeStep { thread, operations: operations.clone(), choices, ends, before });
        }
        steps
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
            steps.iter().map(|step| self.with_exact_room(&step.accesses)).collect();
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(steps.len());
        for index in 0..steps.len() {
            let mut all = vec![false; index];
            let mut direct = self.enabling(index);
            direct.extend((0..index).rev().filter(|&earlier| {
                steps[earlier].thread == steps[index].thread
                    || relation(&accesses[earlier], &accesses[index]) != Relation::Independent
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
    /// waited for that or not: see [`enabling`](Self::enabling).
    fn with_exact_room(&self, accesses: &[Access]) -> Vec<Access> {
        let exact = |access: &Access| match (access.kind, access.object) {
            (Kind::SendIntoRoom(message), Accessed::Channel(channel))
                if !self.is_rendezvous(channel) =>
            {
                Access { kind: Kind::Send(message), ..*access }
            }
            _ => *access,
        };
        accesses.iter().map(exact).collect()
    }

    fn is_rendezvous(&self, channel: u32) -> bool {
        self.order.channels.get(&channel).is_some_and(|channel| channel.bound == Some(0))
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
        step.accesses.contains(&ends(step.thread))
            && (0..index).any(|it| {
                self.trace.steps[it].thread == parent
                    && starts(&self.trace.steps[it].accesses, step.thread)
            })
    }
}

/// Whether a step with these accesses spawns a thread.
fn starts(accesses: &[Access], thread: u32) -> bool {
    accesses.contains(&Access { object: Accessed::Life(thread), kind: Kind::Start })
}

fn ends(thread: u32) -> Access {
    Access { object: Accessed::Life(thread), kind: Kind::End }
}
