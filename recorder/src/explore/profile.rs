//! The operations of a program's first run, to choose among the orders of them.

use std::collections::{BTreeMap, BTreeSet};

use format::{EarlierRun, OperationKind, Spawned, Step};

use super::order::{Action, Object, Order};

/// Longer runs are no pattern for others: the program would read them for longer than it runs.
const MAX_STEPS: usize = 1 << 16;

/// The steps of a run: see [`EarlierRun`].
#[derive(Clone, Debug, Default)]
pub struct Profile {
    threads: Vec<Option<Spawned>>,
    /// For each step its thread and its object.
    steps: Vec<(u32, Object)>,
    /// The channels, locks and other primitives that several threads use.
    shared: Vec<Object>,
}

impl Profile {
    /// The profile of a run.
    pub fn new(order: &Order) -> Self {
        let mut numbers: Vec<_> = order.threads.keys().copied().collect();
        let used = order.operations.iter().map(|operation| operation.thread);
        numbers.extend(used);
        numbers.sort_unstable();
        numbers.dedup();
        let indexes: BTreeMap<_, _> = numbers.iter().copied().zip(0..).collect();
        let mut threads = vec![None; numbers.len()];
        let mut spawned: BTreeMap<u32, u32> = BTreeMap::new();
        let mut steps = Vec::new();
        let mut users: BTreeMap<Object, BTreeSet<u32>> = BTreeMap::new();
        for operation in &order.operations {
            let parent = indexes[&operation.thread];
            if let (Action::Call(OperationKind::Spawn), Object::Thread(child)) =
                (operation.action, operation.object)
            {
                let count = spawned.entry(parent).or_default();
                if let Some(&child) = indexes.get(&child) {
                    threads[child as usize] = Some(Spawned { parent, index: *count });
                }
                *count += 1;
            }
            if !is_step(operation.action) {
                continue;
            }
            steps.push((parent, operation.object));
            if matches!(operation.object, Object::Channel(_) | Object::Primitive(_)) {
                users.entry(operation.object).or_default().insert(parent);
            }
        }
        let shared = users.into_iter().filter(|(_, users)| users.len() > 1);
        let shared = shared.map(|(object, _)| object).collect();
        Profile { threads, steps, shared }
    }

    /// The profile of a run, if it can be a pattern for thousands of others: `None` if it lacks events
    /// or is too long.
    pub fn of_first_run(order: &Order) -> Option<Self> {
        let profile = Profile::new(order);
        (!order.is_incomplete && profile.steps.len() <= MAX_STEPS).then_some(profile)
    }

    /// The run, to be followed.
    pub fn into_run(self) -> EarlierRun {
        let step = |(thread, _)| Step { thread, is_selected: false };
        let steps = self.steps.into_iter().map(step).collect();
        EarlierRun { threads: self.threads, steps }
    }

    /// The run with the operations on one object selected that several threads use, or all. `number`
    /// decides which.
    pub fn select(&self, number: u64) -> EarlierRun {
        let index = number % (self.shared.len() as u64 + 1);
        let selected = self.shared.get(index as usize);
        let step = |&(thread, object): &(u32, Object)| Step {
            thread,
            is_selected: selected.is_none_or(|selected| *selected == object),
        };
        let steps = self.steps.iter().map(step).collect();
        EarlierRun { threads: self.threads.clone(), steps }
    }
}

/// Whether an action is a step: see [`EarlierRun::is_step`].
pub(super) fn is_step(action: Action) -> bool {
    match action {
        Action::Call(kind) => EarlierRun::is_step(kind),
        Action::DropSender | Action::DropReceiver => true,
        Action::Panic { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::{HEAD, order};
    use super::*;

    fn profile() -> Profile {
        let lock = |primitive: u32| format!("2 Lock endpoint={primitive} site=0 detail=0\n");
        let order = order(&[
            HEAD,
            "block process=0 thread=1 sequence=0 dropped=0\n1 ThreadStarted os_id=1 name=\"main\"\n\
             1 Spawn endpoint=3 site=0 detail=0\n1 Spawn endpoint=2 site=0 detail=0\n",
            &lock(5),
            &lock(6),
            "block process=0 thread=2 sequence=0 dropped=0\n1 ThreadStarted os_id=2 name=\"\"\n\
             2 Scheduled step=7\n2 LockBegin endpoint=5 site=0 detail=0\n",
            &lock(5),
            &lock(7),
        ]
        .concat());
        Profile::of_first_run(&order).unwrap()
    }

    #[test]
    fn threads_and_steps_are_those_of_the_run() {
        let EarlierRun { threads, steps } = profile().select(1);
        let spawned = |index| Some(Spawned { parent: 0, index });
        assert_eq!(threads, [None, spawned(1), spawned(0)]);
        let threads: Vec<_> = steps.iter().map(|step| step.thread).collect();
        assert_eq!(threads, [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn only_what_several_threads_use_is_selected() {
        let selected = |number| {
            let steps = profile().select(number).steps;
            steps.iter().map(|step| u8::from(step.is_selected)).collect::<Vec<_>>()
        };
        assert_eq!(selected(0), [0, 0, 1, 0, 1, 0]);
        assert_eq!(selected(1), [1; 6]);
        assert_eq!(selected(2), selected(0));
    }
}
