//! A run as steps that have an effect, with the steps that have to come before each of them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use format::OperationKind;

use super::parts::{Part, parts};
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
    /// The threads that have waited to write until this step, each with the lock.
    pub lets_write: Vec<(u32, Object)>,
}

impl TreeRun {
    /// The steps of a trace, and the order of the same run.
    pub fn new(trace: &Trace, order: Order) -> Self {
        let steps = steps(&parts(trace, &order), &order);
        TreeRun { order, steps }
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

/// The steps that have an effect.
fn steps(parts: &[Part], order: &Order) -> Vec<TreeStep> {
    let mut steps: Vec<TreeStep> = Vec::new();
    // For each step, its part.
    let mut kept: Vec<usize> = Vec::new();
    // By thread: choices of parts without an effect.
    let mut choices: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let Part { thread, operations, before, .. } = part;
        let mut new_choices = choices.remove(thread).unwrap_or_default();
        new_choices.extend(part.choice);
        let last = steps.iter().rposition(|step| step.thread == *thread);
        match last {
            // It ends directly after what it did last.
            Some(last)
                if part.ends() && operations.is_empty() && !waits_after(order, &steps[last]) =>
            {
                steps[last].ends = true;
                steps[last].choices.extend(new_choices);
                continue;
            }
            _ if part.only_waits() || (operations.is_empty() && !part.ends()) => {
                choices.insert(*thread, new_choices);
                continue;
            }
            _ => {}
        }
        let comes_before = |step: usize| before[kept[step]];
        let is_last = |step: usize| {
            let others = step + 1..kept.len();
            !others.into_iter().any(|it| comes_before(it) && parts[kept[it]].before[kept[step]])
        };
        let last_before = (0..steps.len()).filter(|&it| comes_before(it) && is_last(it)).collect();
        let lets_write = part.lets_write().filter_map(|writer| {
            let last = steps.iter().rfind(|step| step.thread == writer)?;
            let queues = last.operations.last().filter(|it| begins_to_write(it))?;
            Some((writer, queues.object))
        });
        let step = TreeStep {
            thread: *thread,
            operations: operations.clone(),
            choices: new_choices,
            ends: part.ends(),
            before: last_before,
            lets_write: lets_write.collect(),
        };
        steps.push(step);
        kept.push(index);
    }
    steps
}

/// Whether a thread may be blocked after a step, until another one comes.
fn waits_after(order: &Order, step: &TreeStep) -> bool {
    step.operations.last().is_some_and(|last| {
        let comes = matches!(last.action, Action::Call(OperationKind::Send | OperationKind::Recv));
        begins_to_write(last) || comes && order.is_rendezvous(last.object)
    })
}

fn begins_to_write(operation: &Operation) -> bool {
    operation.action == Action::Call(OperationKind::WriteBegin)
}
