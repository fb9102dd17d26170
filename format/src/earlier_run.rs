//! The operations of an earlier run, for a process that controls its schedule.

use crate::{Call, OperationKind, Phase};

/// The order in which the threads of an earlier run of the same program did their operations.
///
/// Threads are known by the thread that spawned them: their numbers may differ in another run.
///
/// ```
/// use format::{EarlierRun, Spawned, Step};
/// let run = EarlierRun {
///     threads: vec![None, Some(Spawned { parent: 0, index: 0 })],
///     steps: vec![Step { thread: 0, is_selected: false }, Step { thread: 1, is_selected: true }],
/// };
/// assert_eq!(EarlierRun::decode(&run.encode()), Some(run));
/// assert_eq!(EarlierRun::decode(b"something else"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierRun {
    /// How each thread was spawned; `None` if that is unknown, as for the main thread. Those are in
    /// the order in which they first did something.
    pub threads: Vec<Option<Spawned>>,
    /// The steps of all threads, in order.
    pub steps: Vec<Step>,
}

/// How a thread was spawned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The index of the thread that spawned it.
    pub parent: u32,
    /// How many threads that one had spawned before.
    pub index: u32,
}

/// An operation, or the drop of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The index of its thread.
    pub thread: u32,
    /// Whether the strategy [`Uniform`](crate::Strategy::Uniform) is to count it.
    pub is_selected: bool,
}

impl EarlierRun {
    /// Whether the record of an operation is a step.
    ///
    /// Starts of waits are not, because the same operation need not wait in another run. A condition
    /// variable or a barrier always waits, and others depend on the start.
    pub fn is_step(kind: OperationKind) -> bool {
        kind.phase() != Phase::Begin
            || matches!(
                kind.call(),
                Call::CondvarWait | Call::CondvarWaitTimeout | Call::BarrierWait
            )
    }

    /// The bytes of the file: numbers of 8 bytes, little-endian. The first is the number of threads.
    /// Each has two: 1 + the parent, or 0, and the index. Each step has one: twice its thread, and 1
    /// more if it is selected.
    pub fn encode(&self) -> Vec<u8> {
        let threads = self.threads.iter().flat_map(|spawned| match spawned {
            Some(Spawned { parent, index }) => [u64::from(*parent) + 1, (*index).into()],
            None => [0, 0],
        });
        let steps =
            self.steps.iter().map(|step| 2 * u64::from(step.thread) + u64::from(step.is_selected));
        let numbers = [self.threads.len() as u64].into_iter().chain(threads).chain(steps);
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    /// The run that these bytes hold; `None` if they hold none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let count = numbers.next().filter(|_| rest.is_empty())?;
        let small = |number: u64| u32::try_from(number).ok();
        let known = |number| small(number).filter(|&thread| u64::from(thread) < count);
        let mut threads = Vec::new();
        for _ in 0..count {
            let (parent, index) = (numbers.next()?, small(numbers.next()?)?);
            threads.push(match parent {
                0 => None,
                parent => Some(Spawned { parent: known(parent - 1)?, index }),
            });
        }
        let step =
            |number: u64| Some(Step { thread: known(number / 2)?, is_selected: number % 2 == 1 });
        Some(EarlierRun { threads, steps: numbers.map(step).collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refers_to_nothing_is_not_a_run() {
        let bytes = |numbers: &[u64]| -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
        };
        assert!(EarlierRun::decode(&bytes(&[1, 0, 0, 1])).is_some());
        let bad: [&[u64]; 6] =
            [&[], &[2, 0, 0], &[1, 0, 0, 2], &[1, 2, 0], &[1, 0], &[1, 0, 0, u64::MAX]];
        for numbers in bad {
            assert_eq!(EarlierRun::decode(&bytes(numbers)), None, "{numbers:?}");
        }
        assert_eq!(EarlierRun::decode(&bytes(&[0])[..7]), None);
    }

    #[test]
    fn starts_of_waits_are_steps_only_if_they_always_wait() {
        use OperationKind::*;
        assert!(
            [Recv, RecvEnd, CondvarWaitBegin, BarrierWaitBegin]
                .map(EarlierRun::is_step)
                .iter()
                .all(|it| *it)
        );
        assert!(![RecvBegin, LockBegin, SleepBegin].map(EarlierRun::is_step).contains(&true));
    }
}
