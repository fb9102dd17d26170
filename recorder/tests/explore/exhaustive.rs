use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::command::{Place, run};
use crate::programs::program;
use crate::{explore, explore_json, kinds};

#[test]
fn all_orders_of_a_small_program_are_tried() {
    let place = Place::new();
    let explore = |threads: &[&str]| {
        let options = ["explore", "--strategy", "exhaustive", "--for", "60s", "--"];
        let command = [&options, &[program("interprets")][..], threads].concat();
        run(place.recorder(&command)).expect_status(0)
    };

    // Two pairs of locks in opposite orders: one after the other, the other way round, or neither.
    let ran = explore(&["l0 l1 u1 u0", "l1 l0 u0 u1"]);
    assert!(ran.stdout.starts_with("3 schedules of interprets"), "{ran:#?}");
    assert!(ran.stdout.contains("hang  1×  deadlock: "), "{ran:#?}");
    assert!(ran.stdout.contains("ok    2×  ended with status 0"), "{ran:#?}");
    assert!(ran.stdout.contains("All orders of the operations"), "{ran:#?}");

    // Three messages of two threads keep their order in each of them.
    let ran = explore(&["r0 r0 r0", "s0 s0", "s0"]);
    assert!(ran.stdout.starts_with("3 schedules of interprets"), "{ran:#?}");

    // Locks that nobody else takes.
    let ran = explore(&["l0 u0 l0 u0", "l1 u1 l1 u1"]);
    assert!(ran.stdout.contains("All orders of the operations"), "{ran:#?}");
    assert!(!ran.stdout.contains("hang"), "{ran:#?}");
}

#[test]
fn a_process_can_end_before_its_threads() {
    let place = Place::new();
    let found = explore_json(&place, &["--strategy", "exhaustive"], "leaves");
    assert_eq!((kinds(&found), &found["exhaustive"]), (vec!["loss", "ok"], &true.into()));
}

#[test]
fn what_is_left_out_is_said() {
    let place = Place::new();
    let ran = explore(&place, &["--strategy", "exhaustive", "--schedules", "3"], "locks");
    let ran = ran.expect_status(0);
    let note = "Not all orders were tried: --schedules and --for allow more.";
    assert!(ran.stdout.contains(note), "{ran:#?}");
    let ran = explore(&place, &["--strategy", "exhaustive"], "tries_to_meet_in_time");
    let note = "Not all orders were tried: at a rendezvous channel, `try_send` finds no thread";
    assert!(ran.expect_status(0).stdout.contains(note));
    let found = explore_json(&place, &["--strategy", "exhaustive"], "tries_to_meet");
    assert_eq!(found["exhaustive"], true);
    let options = ["--strategy", "exhaustive", "--max-steps", "2k"];
    let found = explore_json(&place, &options, "endless");
    assert_eq!((kinds(&found), &found["exhaustive"]), (vec!["endless"], &false.into()));
}

/// An operation of a thread, and its channel or lock.
pub(crate) type Op = (char, usize);

/// A state of a small program; `interprets` runs it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    /// The next operation of each thread.
    pub(crate) at: Vec<usize>,
    queues: [VecDeque<u64>; 2],
    pub(crate) held: BTreeMap<usize, usize>,
    /// Messages that wait at the rendezvous channel, each with its thread.
    offers: VecDeque<(usize, u64)>,
    /// The thread that waits there for a message.
    taker: Option<usize>,
    /// Who reads and who writes the third lock, and who waits to write.
    readers: Vec<usize>,
    writer: Option<usize>,
    writers: VecDeque<usize>,
    seen: Vec<Vec<u64>>,
    sent: Vec<u64>,
}

impl State {
    /// Before the first operation of this number of threads.
    pub(crate) fn start(threads: usize) -> State {
        State {
            at: vec![0; threads],
            queues: Default::default(),
            held: BTreeMap::new(),
            offers: VecDeque::new(),
            taker: None,
            readers: Vec::new(),
            writer: None,
            writers: VecDeque::new(),
            seen: vec![Vec::new(); threads],
            sent: vec![0; threads],
        }
    }

    /// Whether a thread is blocked in its last operation until another one comes.
    pub(crate) fn is_blocked(&self, thread: usize) -> bool {
        self.offers.iter().any(|(sender, _)| *sender == thread)
            || self.taker == Some(thread)
            || self.writers.contains(&thread)
    }

    /// Whether a thread has the third lock.
    pub(crate) fn shares(&self, thread: usize) -> bool {
        self.readers.contains(&thread) || self.writer == Some(thread)
    }

    /// A thread sends, or tries to.
    fn next_message(&mut self, thread: usize) -> u64 {
        self.sent[thread] += 1;
        100 * thread as u64 + self.sent[thread]
    }

    /// The thread that waits for a message gets one, if there is such a thread.
    fn pass_on(&mut self, message: u64) {
        if let Some(taker) = self.taker.take() {
            self.seen[taker].push(message);
        }
    }

    /// The state after the next operation of a thread, if that is possible now.
    pub(crate) fn step(&self, threads: &[Vec<Op>], thread: usize) -> Option<State> {
        let &(name, index) = threads[thread].get(self.at[thread])?;
        if self.is_blocked(thread) {
            return None;
        }
        let is_readable = self.writer.is_none() && self.writers.is_empty();
        let is_writable = self.writer.is_none() && self.readers.is_empty();
        let mut next = self.clone();
        next.at[thread] += 1;
        match name {
            's' if index == 1 && self.queues[1].len() == 1 => return None,
            's' => {
                let message = next.next_message(thread);
                match (index, next.taker) {
                    (2, Some(_)) => next.pass_on(message),
                    (2, None) => next.offers.push_back((thread, message)),
                    _ => next.queues[index].push_back(message),
                }
            }
            'T' => {
                let message = next.next_message(thread);
                next.seen[thread].push(next.taker.is_none().into());
                next.pass_on(message);
            }
            'r' if index == 2 && self.offers.is_empty() => next.taker = Some(thread),
            'r' | 't' => {
                let message = match index {
                    2 => next.offers.pop_front().map(|(_, message)| message),
                    _ => next.queues[index].pop_front(),
                };
                let message = if name == 'r' { message? } else { message.unwrap_or_default() };
                next.seen[thread].push(message);
            }
            'R' if !is_readable => return None,
            'R' => next.readers.push(thread),
            'V' => {
                next.seen[thread].push((!is_readable).into());
                next.readers.extend(is_readable.then_some(thread));
            }
            'W' if !is_writable => next.writers.push_back(thread),
            'W' => next.writer = Some(thread),
            'X' => {
                next.seen[thread].push((!is_writable).into());
                next.writer = next.writer.or(is_writable.then_some(thread));
            }
            'U' => {
                match next.readers.iter().position(|it| *it == thread) {
                    Some(held) => drop(next.readers.remove(held)),
                    None if next.writer == Some(thread) => next.writer = None,
                    None => {}
                }
                if next.readers.is_empty() && next.writer.is_none() {
                    next.writer = next.writers.pop_front();
                }
            }
            'l' if self.held.contains_key(&index) => return None,
            'l' => drop(next.held.insert(index, thread)),
            'u' if self.held.get(&index) == Some(&thread) => drop(next.held.remove(&index)),
            'u' => {}
            'y' => {
                next.seen[thread].push(self.held.contains_key(&index).into());
                next.held.entry(index).or_insert(thread);
            }
            _ => unreachable!("no operation is called {name}"),
        }
        Some(next)
    }
}

/// What a program can print, and whether it can hang: every order is tried.
fn all_outcomes(threads: &[Vec<Op>]) -> (BTreeSet<String>, bool) {
    let count = threads.len();
    let (mut known, mut left) = (BTreeSet::new(), vec![State::start(count)]);
    let (mut outputs, mut hangs) = (BTreeSet::new(), false);
    while let Some(state) = left.pop() {
        if !known.insert(state.clone()) {
            continue;
        }
        let next: Vec<_> = (0..count).filter_map(|thread| state.step(threads, thread)).collect();
        let is_over = (0..count)
            .all(|thread| state.at[thread] == threads[thread].len() && !state.is_blocked(thread));
        if is_over {
            outputs.insert(state.seen.iter().map(|seen| format!("{seen:?}\n")).collect());
        } else if next.is_empty() {
            hangs = true;
        }
        left.extend(next);
    }
    (outputs, hangs)
}

/// Threads with a few operations each; the same for the same seed.
pub(crate) fn any_threads(seed: u64) -> Vec<Vec<Op>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % bound
    };
    let count = 2 + below(2);
    // Most messages are for one of the channels. The first thread receives from those with an even number.
    let usual = below(3);
    let mut thread = |number: usize| {
        let op = |below: &mut dyn FnMut(usize) -> usize| match below(15) {
            0..=2 => ('s', [usual, usual, below(3)][below(3)]),
            3 | 4 if number == 0 => {
                (['r', 'r', 't'][below(3)], if usual == 1 { 2 * below(2) } else { usual })
            }
            3 if number == 1 => ('r', 1),
            4 if number == 1 => ('t', 1),
            5 | 6 => ('l', below(2)),
            7 => ('y', below(2)),
            8 => ('R', 0),
            9 => ('W', 0),
            10 => (['V', 'X'][below(2)], 0),
            11 => ('U', 0),
            12 if number != 0 => ('T', 2),
            _ => ('u', below(2)),
        };
        let mut ops: Vec<_> = (0..1 + below(4)).map(|_| op(&mut below)).collect();
        // Most are unlocked in the end.
        ops.extend((0..2 * below(2)).map(|lock| ('u', lock)));
        ops.extend((0..2 * below(2)).map(|_| ('U', 0)));
        ops
    };
    (0..count).map(&mut thread).collect()
}

#[test]
fn the_outcomes_are_those_of_an_exhaustive_search() {
    let place = Place::new();
    let mut hangs = 0;
    // Programs for which the order matters.
    let programs = (1..).map(any_threads).map(|threads| {
        let outcomes = all_outcomes(&threads);
        (threads, outcomes)
    });
    let programs = programs.filter(|(_, (outputs, hangs))| outputs.len() + usize::from(*hangs) > 1);
    for (threads, (outputs, can_hang)) in programs.take(25) {
        let arguments: Vec<String> = threads
            .iter()
            .map(|ops| ops.iter().map(|(name, index)| format!("{name}{index} ")).collect())
            .collect();
        let mut command = vec!["explore", "--strategy", "exhaustive", "--json", "--for", "60s"];
        command.extend(["--schedules", "5k", "--", program("interprets")]);
        command.extend(arguments.iter().map(String::as_str));
        let ran = run(place.recorder(&command)).expect_status(0);
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(found["exhaustive"], true, "{threads:?}: {found:#}");
        assert_eq!(found["uncontrolled"], 0, "{threads:?}: {found:#}");
        assert_eq!(kinds(&found).contains(&"hang"), can_hang, "{threads:?}: {found:#}");
        let ended = found["outcomes"].as_array().unwrap().iter().filter(|it| it["kind"] != "hang");
        let printed: BTreeSet<_> =
            ended.map(|it| it["stdout"].as_str().unwrap().to_owned()).collect();
        // Of many outputs, only one is listed.
        if outputs.len() <= recorder::explore::explorer::MAX_OUTPUTS {
            assert_eq!(printed, outputs, "{threads:?}: {found:#}");
        }
        assert!(printed.is_subset(&outputs), "{threads:?}: {found:#}");
        hangs += usize::from(can_hang);
    }
    assert!((5..=20).contains(&hangs), "{hangs} of 25 programs can hang");
}
