use std::collections::{HashMap, VecDeque};

use format::Turn;
use proptest::prelude::*;
use recorder::ordering::Steps;
use recorder::reading::{Deed, Recording};
use recorder::timeline::item::{Arrow, Category, Hold, Item};

use crate::facts::{exports, of_chrome, of_perfetto};
use crate::hand::items;
use crate::invariants::{arrows, by_thread, slices};
use crate::simulation::{BEGIN, Simulated, block};

/// Recordings of a process whose threads use locks and condition variables.
fn programs() -> impl Strategy<Value = Simulated> {
    (prop::collection::vec(any::<u64>(), 0..150), any::<bool>()).prop_map(|(tape, agree)| {
        let mut world = World::new(tape, agree);
        while !world.tape.is_empty() {
            world.step();
        }
        Simulated { blocks: world.blocks(), clocks_agree: agree }
    })
}

/// The same, but some of the blocks are missing.
pub(crate) fn programs_with_gaps() -> impl Strategy<Value = Simulated> {
    (programs(), prop::collection::vec(any::<prop::sample::Index>(), 1..4)).prop_map(
        |(mut simulated, gaps)| {
            for gap in gaps {
                if !simulated.blocks.is_empty() {
                    let gap = gap.index(simulated.blocks.len());
                    simulated.blocks.remove(gap);
                }
            }
            simulated
        },
    )
}

const LOCKS: usize = 3;
/// The last lock is a `RwLock`, the others are mutexes; the condition variable comes after them.
const CONDVAR: usize = LOCKS + 1;

struct World {
    tape: VecDeque<u8>,
    now: u64,
    threads: Vec<Thread>,
    locks: [Lock; LOCKS],
    notified: u64,
    spans: u64,
}

#[derive(Clone, Default)]
struct Lock {
    turn: u64,
    writer: Option<usize>,
    readers: Vec<usize>,
}

struct Thread {
    skew: u64,
    last: u64,
    events: Vec<(u64, String)>,
    state: State,
    /// Lock, whether for reading, and turn.
    held: Vec<(usize, bool, u64)>,
    spans: Vec<u64>,
    joined: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    NotSpawned,
    Idle,
    /// The lock was held by others.
    Wants(usize, bool),
    /// It has the lock, which is not recorded yet.
    Has(usize, bool, u64, bool),
    /// It is recorded that it lets the lock go, which it has not done yet. Then, perhaps, it waits
    /// for the condition variable.
    LetsGo(usize, bool, bool),
    /// It waits for a notification after so many.
    Waits(usize, u64),
    /// It was woken, after so many.
    Woken(usize, u64),
    Spawns(usize),
    Joins(usize),
    Returns,
    Over,
}

impl World {
    fn new(tape: Vec<u64>, clocks_agree: bool) -> Self {
        let mut world = World {
            tape: tape.into_iter().flat_map(u64::to_le_bytes).collect(),
            now: BEGIN,
            threads: Vec::new(),
            locks: Default::default(),
            notified: 0,
            spans: 0,
        };
        for thread in 0..2 + world.pick(4) {
            let skew = 200 + if clocks_agree { 0 } else { world.pick(200) as u64 };
            let state = if thread == 0 { State::Idle } else { State::NotSpawned };
            world.threads.push(Thread {
                skew,
                last: 0,
                events: Vec::new(),
                state,
                held: Vec::new(),
                spans: Vec::new(),
                joined: false,
            });
        }
        for (index, kind) in [1, 1, 2, 3].into_iter().enumerate() {
            let number = index + 1;
            world.record(
                0,
                format!("PrimitiveSeen primitive={number} kind={kind} size=0 value_type=\"\""),
            );
        }
        world
    }

    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.tape.pop_front().unwrap_or(0)) % choices
    }

    fn record(&mut self, thread: usize, event: String) {
        let thread = &mut self.threads[thread];
        thread.last = thread.last.max(self.now + thread.skew);
        thread.events.push((thread.last, event));
    }

    fn operation(&mut self, thread: usize, kind: &str, number: usize, detail: u64) {
        self.record(thread, format!("{kind} endpoint={number} detail={detail}"));
    }

    /// Takes the lock if it is free; tells its turn.
    fn try_lock(&mut self, thread: usize, lock: usize, shared: bool) -> Option<u64> {
        let Lock { turn, writer, readers } = &mut self.locks[lock];
        if writer.is_some() || (!shared && !readers.is_empty()) {
            return None;
        }
        if shared {
            readers.push(thread);
        } else {
            *writer = Some(thread);
            *turn += 1;
        }
        Some(*turn)
    }

    /// Somebody goes on a little, if it is possible.
    fn step(&mut self) {
        self.now += 1 + self.pick(40) as u64;
        let thread = self.pick(self.threads.len());
        match self.threads[thread].state {
            State::NotSpawned | State::Over => {}
            State::Idle => self.begin(thread),
            State::Wants(lock, shared) => {
                if let Some(turn) = self.try_lock(thread, lock, shared) {
                    self.threads[thread].state = State::Has(lock, shared, turn, true);
                }
            }
            State::Has(lock, shared, turn, waited) => {
                let kind = format!("{}{}", verb(lock, shared), if waited { "End" } else { "" });
                self.operation(thread, &kind, lock + 1, Turn::new(lock as u32 + 1, turn).0);
                self.threads[thread].held.push((lock, shared, turn));
                self.threads[thread].state = State::Idle;
            }
            State::LetsGo(lock, shared, waits) => {
                if shared {
                    self.locks[lock].readers.retain(|reader| *reader != thread);
                } else {
                    self.locks[lock].writer = None;
                }
                self.threads[thread].state =
                    if waits { State::Waits(lock, self.notified) } else { State::Idle };
            }
            State::Waits(lock, before) => {
                if self.notified > before {
                    self.threads[thread].state = State::Woken(lock, self.notified);
                }
            }
            State::Woken(lock, notified) => {
                self.operation(thread, "CondvarWaitEnd", CONDVAR, notified);
                self.threads[thread].state = State::Idle;
                self.lock(thread, lock, false);
            }
            State::Spawns(other) => {
                self.threads[other].state = State::Idle;
                self.operation(other, "YieldNow", 0, 0);
                self.threads[thread].state = State::Idle;
            }
            State::Joins(other) => {
                if self.threads[other].state == State::Over {
                    self.operation(thread, "JoinEnd", other + 1, 0);
                    self.threads[thread].state = State::Idle;
                }
            }
            State::Returns => self.threads[thread].state = State::Over,
        }
    }

    fn lock(&mut self, thread: usize, lock: usize, shared: bool) {
        if let Some(turn) = self.try_lock(thread, lock, shared) {
            self.threads[thread].state = State::Has(lock, shared, turn, false);
        } else {
            self.operation(thread, &format!("{}Begin", verb(lock, shared)), lock + 1, 0);
            self.threads[thread].state = State::Wants(lock, shared);
        }
    }

    /// A thread without anything to do begins something.
    fn begin(&mut self, thread: usize) {
        let action = self.pick(16);
        let other = self.pick(self.threads.len());
        let of = &self.threads[thread];
        match action {
            0..5 => {
                let (lock, shared) = (self.pick(LOCKS), self.pick(2) == 0);
                if self.threads[thread].held.iter().all(|held| held.0 != lock) {
                    self.lock(thread, lock, shared && lock == LOCKS - 1);
                }
            }
            5..9 if !of.held.is_empty() => {
                let at = self.pick(self.threads[thread].held.len());
                let (lock, shared, turn) = self.threads[thread].held.swap_remove(at);
                let turn = Turn::new(lock as u32 + 1, turn).0;
                let kind = match (lock == LOCKS - 1, shared) {
                    (false, _) => "Unlock",
                    (true, true) => "ReadUnlock",
                    (true, false) => "WriteUnlock",
                };
                self.operation(thread, kind, lock + 1, turn);
                let waits = kind == "Unlock" && self.pick(3) == 0;
                if waits {
                    self.operation(thread, "CondvarWaitBegin", CONDVAR, turn);
                }
                self.threads[thread].state = State::LetsGo(lock, shared, waits);
            }
            9 => {
                self.notified += 1;
                let kind = ["NotifyOne", "NotifyAll"][self.pick(2)];
                self.operation(thread, kind, CONDVAR, self.notified);
            }
            10 => {
                self.spans += 1;
                let span = self.spans;
                self.threads[thread].spans.push(span);
                self.record(thread, format!("SpanEntered callsite=0 span={span} fields=\"\""));
            }
            11 if !of.spans.is_empty() => {
                let at = self.pick(self.threads[thread].spans.len());
                let span = self.threads[thread].spans.remove(at);
                self.record(thread, format!("SpanExited span={span}"));
            }
            12 | 13 if self.threads[other].state == State::NotSpawned => {
                self.operation(thread, "Spawn", other + 1, 0);
                self.threads[other].state = State::Over;
                self.threads[thread].state = State::Spawns(other);
            }
            14 if thread == 0
                && other != 0
                && !self.threads[other].joined
                && !self.threads[other].events.is_empty() =>
            {
                self.threads[other].joined = true;

                if self.threads[other].state == State::Over {
                    self.operation(thread, "Join", other + 1, 0);
                } else {
                    self.operation(thread, "JoinBegin", other + 1, 0);
                    self.threads[thread].state = State::Joins(other);
                }
            }
            15 if thread != 0 && of.held.is_empty() => {
                self.record(thread, "Returned panicked=0".into());
                self.threads[thread].state = State::Returns;
            }
            _ => {}
        }
    }

    fn blocks(&self) -> Vec<String> {
        let mut blocks = Vec::new();
        for (thread, Thread { events, .. }) in self.threads.iter().enumerate() {
            let size = 3 + (thread + events.len()) % 20;
            for (sequence, events) in events.chunks(size).enumerate() {
                blocks.push(block(0, thread, sequence, events, |time| time));
            }
        }
        blocks
    }
}

fn verb(lock: usize, shared: bool) -> &'static str {
    match (lock == LOCKS - 1, shared) {
        (false, _) => "Lock",
        (true, true) => "Read",
        (true, false) => "Write",
    }
}

fn holds(items: &[Item]) -> HashMap<usize, Vec<&Hold>> {
    let mut holds: HashMap<_, Vec<_>> = HashMap::new();
    for item in items {
        if let Item::Hold(hold) = item {
            holds.entry(hold.primitive).or_default().push(hold);
        }
    }
    holds.values_mut().for_each(|holds| holds.sort_by_key(|hold| (hold.begin, hold.end)));
    holds
}

fn slices_nest(items: &[Item]) -> Result<(), TestCaseError> {
    for slices in by_thread(items).values() {
        let mut open: Vec<u64> = Vec::new();
        for slice in slices {
            open.retain(|end| *end > slice.begin);
            let end = slice.end.unwrap_or(u64::MAX);
            prop_assert!(open.iter().all(|enclosing| end <= *enclosing), "{slices:?}");
            open.push(end);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_others_allow_comes_after_it(simulated in programs()) {
        let recording = simulated.recording();
        let mut steps = Steps::new(&recording).unwrap();
        let (mut let_go, mut notified) = (HashMap::new(), 0);
        let (mut spawned, mut returned) = (vec![true], vec![false]);
        spawned.resize(recording.entities.threads.len(), false);
        returned.resize(recording.entities.threads.len(), false);
        let mut now = 0;
        while let Some(step) = steps.next_step().unwrap() {
            prop_assert!(now <= step.time);
            now = step.time;
            let starts = recording.entities.threads[step.thread].spawned.is_some();
            prop_assert!(!starts || spawned[step.thread], "{step:?}");
            match step.deed {
                Deed::Returned { .. } => returned[step.thread] = true,
                Deed::Operation { kind, subject: Some(subject), detail, .. } => {
                    let turn = Turn(detail).count();
                    let before = let_go.get(&subject).copied().unwrap_or(0);
                    match kind.name() {
                        "Lock" | "LockEnd" | "Write" | "WriteEnd" => prop_assert_eq!(before, turn - 1),
                        "Read" | "ReadEnd" => prop_assert_eq!(before, turn),
                        "Unlock" | "WriteUnlock" => drop(let_go.insert(subject, turn)),
                        "NotifyOne" | "NotifyAll" => notified = notified.max(detail),
                        "CondvarWaitEnd" => prop_assert!(notified >= detail),
                        "Spawn" => spawned[subject.get()] = true,
                        "Join" | "JoinEnd" => prop_assert!(returned[subject.get()]),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_contended_acquisition_has_its_arrow_and_no_arrow_points_back(simulated in programs()) {
        let recording = simulated.recording();
        let items = items(&recording);
        arrows(&items);
        for slice in slices(&items) {
            let acquired = slice.category == Category::Primitive
                && ["lock", "read", "write"].contains(&slice.verb)
                && slice.note.is_empty();
            if acquired {
                let arrow = matches!(slice.arrow, Some(Arrow::To(_)));
                // That others have read before, the order may learn too late.
                let is_known = simulated.clocks_agree || slice.verb == "lock";
                prop_assert!(arrow == slice.waited.is_some() || !is_known, "{slice:?}");
            }
            if ["start", "join"].contains(&slice.verb) && slice.note.is_empty() {
                prop_assert!(matches!(slice.arrow, Some(Arrow::To(_))), "{slice:?}");
            }
        }
        slices_nest(&items)?;
    }

    #[test]
    fn who_holds_a_lock_holds_it_alone_or_reads_it(simulated in programs()) {
        let recording = simulated.recording();
        for holds in holds(&items(&recording)).values() {
            for (index, hold) in holds.iter().enumerate() {
                prop_assert!(hold.seen || hold.end.is_none(), "{hold:?}");
                for later in &holds[index + 1..] {
                    let apart = hold.end.is_some_and(|end| end < later.begin);
                    let reads_late = !simulated.clocks_agree
                        && (hold.shared && hold.turn < later.turn
                            || later.shared && later.turn < hold.turn);
                    let reads = hold.shared && later.shared;
                    prop_assert!(apart || reads || reads_late, "{hold:?} {later:?}");
                }
            }
        }
    }

    #[test]
    fn with_gaps_slices_and_lanes_nest_no_arrow_points_back_and_both_formats_agree(
        simulated in prop_oneof![programs(), programs_with_gaps()],
        length in 64usize..40_000,
    ) {
        let mut bytes = simulated.bytes();
        bytes.truncate(length);
        let recording = Recording::from_bytes(bytes).unwrap();
        let items = items(&recording);
        arrows(&items);
        slices_nest(&items)?;
        for holds in holds(&items).values() {
            let mut lanes: HashMap<_, u64> = HashMap::new();
            for hold in holds {
                let end = hold.end.unwrap_or(u64::MAX);
                let before = lanes.insert(hold.lane, end);
                prop_assert!(before.is_none_or(|before| before <= hold.begin), "{holds:?}");
            }
        }
        let (json, pftrace) = exports(&recording);
        prop_assert_eq!(of_chrome(&json), of_perfetto(&pftrace));
    }
}
