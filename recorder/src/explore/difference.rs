//! The first difference between two runs.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use super::order::{Action, Object, Operation, Order};
use super::profile::is_step;

/// An operation that differs from the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the operation, from 1.
    pub operation: usize,
    /// The run that was to happen again: `worker-1 receives #7 from jobs at src/main.rs:40`, or that
    /// it was over.
    pub expected: String,
    /// The actual operation, or that the run ended.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { operation, expected, found } = self;
        write!(f, "at operation {operation}, {expected}; {found}")
    }
}

impl Difference {
    /// The first difference of `found` from `expected`.
    ///
    /// Places are compared only if both runs are of the same executable: lines move when a program is
    /// changed.
    pub fn first(expected: &Order, found: &Order) -> Option<Self> {
        let compares_places =
            expected.executable.is_some() && expected.executable == found.executable;
        let mut names = Names::default();
        let (mut left, mut right) = (expected.operations.iter(), found.operations.iter());
        for number in 1.. {
            let (was, is) = match (left.next(), right.next()) {
                (None, None) => return None,
                (Some(next), None) if is_cut_off(&found.operations, next, left.as_slice()) => {
                    return None;
                }
                (None, Some(next)) if is_cut_off(&expected.operations, next, right.as_slice()) => {
                    return None;
                }
                (Some(was), Some(is)) => {
                    let is_same_place =
                        !compares_places || expected.place_of(was) == found.place_of(is);
                    if is_same_place && names.are_alike((expected, was), (found, is)) {
                        continue;
                    }
                    (Some(was), Some(is))
                }
                other => other,
            };
            return Some(Difference {
                operation: number,
                expected: was.map_or("the run was to end".to_owned(), |was| {
                    let thread = expected.thread_name(was.thread);
                    format!("{thread} was to {}{}", expected.infinitive(was), expected.at(was))
                }),
                found: is.map_or("it ended".to_owned(), |is| {
                    let same = was.is_some_and(|was| {
                        expected.thread_name(was.thread) == found.thread_name(is.thread)
                    });
                    let thread = if same { "it".to_owned() } else { found.thread_name(is.thread) };
                    format!("{thread} {}{}", found.present(is), found.at(is))
                }),
            });
        }
        None
    }
}

impl Difference {
    /// The first difference of `found` from a run that was not controlled.
    ///
    /// Such a run determines what each thread did, which message it received and in which turn it
    /// acquired a lock, but not the order of operations that do not affect each other. Whether an
    /// operation had to wait is no difference.
    pub fn first_of_threads(expected: &Order, found: &Order) -> Option<Self> {
        let compares_places =
            expected.executable.is_some() && expected.executable == found.executable;
        let mut names = Names::default();
        let mut left: HashMap<u64, VecDeque<&Operation>> = HashMap::new();
        for operation in found.operations.iter().filter(|it| is_step(it.action)) {
            left.entry(found.identity(operation.thread)).or_default().push_back(operation);
        }
        let steps = || (1..).zip(&expected.operations).filter(|(_, it)| is_step(it.action));
        for (number, was) in steps() {
            let thread = expected.identity(was.thread);
            let is = left.get_mut(&thread).and_then(VecDeque::pop_front);
            let is_alike = is.is_some_and(|is| {
                (!compares_places || expected.place_of(was) == found.place_of(is))
                    && was.turn == is.turn
                    && names.are_alike((expected, was), (found, is))
            });
            let has_main_ended = left.get(&0).is_some_and(VecDeque::is_empty);
            if is_alike || is.is_none() && thread != 0 && has_main_ended {
                continue;
            }
            let name = expected.thread_name(was.thread);
            // The same but for the turn.
            let turn = |operation: &Operation| match is {
                Some(is) if was.turn != is.turn && was.action == is.action => {
                    format!(" in turn {}", operation.turn)
                }
                _ => String::new(),
            };
            return Some(Difference {
                operation: number,
                expected: format!(
                    "{name} was to {}{}{}",
                    expected.infinitive(was),
                    expected.at(was),
                    turn(was)
                ),
                found: match is {
                    Some(is) => format!("it {}{}{}", found.present(is), found.at(is), turn(is)),
                    None => found.last_wait(thread).unwrap_or_else(|| "it ended".to_owned()),
                },
            });
        }
        // The end of the main thread ends the others, at some point.
        let is = left.get(&0).and_then(VecDeque::front)?;
        Some(Difference {
            operation: expected.operations.len() + 1,
            expected: "the run was to end".to_owned(),
            found: format!(
                "{} {}{}",
                found.thread_name(is.thread),
                found.present(is),
                found.at(is)
            ),
        })
    }
}

/// Whether a run may only have ended before the other did more: when one thread ends the process,
/// others may still come to an operation, or not. `rest` follows `next` in the longer run.
fn is_cut_off(shorter: &[Operation], next: &Operation, rest: &[Operation]) -> bool {
    let ending = shorter.last().map(|last| last.thread);
    [next].into_iter().chain(rest).all(|operation| Some(operation.thread) != ending)
}

/// Which objects of one run are which of the other: those that were used at the same point of both.
#[derive(Default)]
struct Names {
    objects: HashMap<Object, Object>,
    found: HashMap<Object, Object>,
}

impl Names {
    fn are_alike(&mut self, was: (&Order, &Operation), is: (&Order, &Operation)) -> bool {
        let ((expected, was), (found, is)) = (was, is);
        let alike_actions = match (was.action, is.action) {
            // The message may contain an address or a time.
            (Action::Panic { .. }, Action::Panic { .. }) => true,
            (Action::Call(was), Action::Call(is)) if !expected.is_controlled => {
                was.call() == is.call() && was.outcome() == is.outcome()
            }
            (was, is) => was == is,
        };
        if !alike_actions
            || expected.identity(was.thread) != found.identity(is.thread)
            || was.message != is.message
        {
            return false;
        }
        match (was.object, is.object) {
            (Object::Nothing, Object::Nothing) => true,
            (Object::Thread(a), Object::Thread(b)) => expected.identity(a) == found.identity(b),
            (a, b) => {
                std::mem::discriminant(&a) == std::mem::discriminant(&b)
                    && *self.objects.entry(a).or_insert(b) == b
                    && *self.found.entry(b).or_insert(a) == a
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::{HEAD, order};
    use super::*;

    fn run(executable: u64, operations: &str) -> Order {
        order(&format!(
            "{HEAD}0 Executable hash={executable} bytes=1 path=\"\"\n\
             block process=0 thread=1 sequence=0 dropped=0\n\
             1 ThreadStarted os_id=1 name=\"main\"\n\
             1 PrimitiveSeen primitive=1 kind=1 site=0 size=0 value_type=\"\"\n\
             1 PrimitiveSeen primitive=2 kind=1 site=0 size=0 value_type=\"\"\n\
             1 PrimitiveNamed primitive=1 name=\"stats\"\n\
             1 PrimitiveNamed primitive=2 name=\"cache\"\n{operations}"
        ))
    }

    fn lock(primitive: u32, line: u32) -> String {
        format!(
            "1 Site site={line} line={line} column=1 file=\"src/main.rs\"\n\
             1 Lock endpoint={primitive} site={line} detail=0\n"
        )
    }

    #[test]
    fn equal_runs_do_not_differ() {
        let text = lock(1, 4) + &lock(2, 5);
        assert_eq!(Difference::first(&run(7, &text), &run(7, &text)), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let expected = run(7, &(lock(1, 4) + &lock(2, 5) + &lock(1, 6)));
        let found = run(7, &(lock(1, 4) + &lock(1, 6) + &lock(2, 9)));
        let difference = Difference::first(&expected, &found).unwrap();
        assert_eq!(
            difference.to_string(),
            "at operation 2, main was to lock cache at src/main.rs:5; it locks stats at \
             src/main.rs:6"
        );
        let found = run(7, &lock(1, 4));
        let difference = Difference::first(&expected, &found).unwrap();
        assert_eq!(
            difference.to_string(),
            "at operation 2, main was to lock cache at src/main.rs:5; it ended"
        );
    }

    #[test]
    fn threads_may_do_more_or_less_while_another_ends_the_process() {
        let longer = lock(1, 4)
            + "block process=0 thread=2 sequence=0 dropped=0\n1 ThreadStarted os_id=2 \
               name=\"\"\n1 Scheduled step=1\n1 Lock endpoint=2 site=0 detail=0\n";
        let (longer, shorter) = (run(7, &longer), run(7, &lock(1, 4)));
        assert_eq!(Difference::first(&longer, &shorter), None);
        assert_eq!(Difference::first(&shorter, &longer), None);
    }

    #[test]
    fn lines_may_move_in_another_executable() {
        let (one, other) = (run(7, &lock(1, 4)), run(8, &lock(1, 40)));
        assert_eq!(Difference::first(&one, &other), None);
        assert!(Difference::first(&one, &run(7, &lock(1, 40))).is_some());
    }
}
