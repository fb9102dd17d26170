//! Chooses the thread that goes on: as the schedule file says, or by a strategy.

use format::{EarlierRun, Strategy};

use super::earlier::Earlier;
use super::model::Candidates;

/// A switch of the schedule file: from the choice `step` on, `thread` goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) step: u64,
    pub(super) thread: u32,
}

/// One in this many choices of the strategy `Random` lets a timeout expire although other threads
/// can go on.
const EXPIRY_RATE: u64 = 8;
/// One in this many timeouts expires, under the strategy `Priorities`, as soon as its thread has the
/// highest priority.
const EARLY_TIMEOUT_RATE: u64 = 4;

/// See the [module](self).
pub(super) struct Chooser {
    strategy: Strategy,
    random: Random,
    /// The switches that are left, the next one last.
    switches: Vec<Switch>,
    /// Whether the switches are all of the run, or only those of its start.
    follows_all: bool,
    /// The priority of each thread, by its number. A higher number goes first.
    priorities: Vec<Priority>,
    /// Steps at which the thread with the highest priority gets a low one, the next one last.
    changes: Vec<u64>,
    /// The next priority below all others.
    lowest: i64,
    /// An earlier run, and how far this one is in it.
    earlier: Earlier,
    /// The thread that does the next selected step of the strategy `Uniform`.
    intended: Option<u32>,
}

/// A thread's priority.
#[derive(Clone, Copy)]
struct Priority {
    value: i64,
    /// Whether the timeout of its present wait expires early.
    expires_early: bool,
}

/// A choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) thread: u32,
    /// Whether the schedule file determines another thread, which cannot go on.
    pub(super) diverges: bool,
}

impl Chooser {
    /// A chooser for a run of about `length` choices. `switches` are those of the schedule file, in
    /// order; if it `is_prefix`, there may be others after them.
    pub(super) fn new(
        strategy: Strategy,
        seed: u64,
        depth: u64,
        length: u64,
        mut switches: Vec<Switch>,
        is_prefix: bool,
        earlier: EarlierRun,
    ) -> Self {
        let mut random = Random(seed);
        let changes = match strategy {
            Strategy::Priorities => depth.saturating_sub(1),
            _ => 0,
        };
        let mut changes: Vec<_> = (0..changes).map(|_| random.below(length.max(1))).collect();
        changes.sort_unstable_by(|a, b| b.cmp(a));
        switches.reverse();
        let follows_all = strategy == Strategy::Stay && !switches.is_empty() && !is_prefix;
        Chooser {
            strategy,
            random,
            switches,
            follows_all,
            priorities: Vec::new(),
            changes,
            lowest: 0,
            earlier: Earlier::new(&earlier),
            intended: None,
        }
    }

    /// There is a new thread, spawned by `parent` if that is known.
    pub(super) fn add_thread(&mut self, thread: u32, parent: Option<u32>) {
        self.earlier.add_thread(thread, parent);
    }

    /// Whether the thread was added.
    pub(super) fn knows(&self, thread: u32) -> bool {
        self.earlier.knows(thread)
    }

    /// The thread has done a step: see [`EarlierRun`].
    pub(super) fn complete_step(&mut self, thread: u32) {
        self.earlier.complete_step(thread);
    }

    /// Chooses one of `candidates` for this step; `None` if there are none. The thread `current` has
    /// gone on until now; `polls` if it may repeat an operation until another thread goes on.
    pub(super) fn choose(
        &mut self,
        step: u64,
        current: u32,
        polls: bool,
        candidates: &Candidates,
    ) -> Option<Choice> {
        let mut diverges = false;
        if let Some(Switch { thread, .. }) = self.switches.pop_if(|switch| switch.step <= step) {
            if candidates.contain(thread) {
                return Some(Choice { thread, diverges });
            }
            diverges = true;
        }
        let thread = if !self.switches.is_empty() || self.follows_all {
            // Where there was no switch, the same thread went on.
            if candidates.contain(current) { current } else { first(candidates)? }
        } else {
            match self.strategy {
                Strategy::Stay => self.stay(current, polls, candidates)?,
                Strategy::Random => self.any(candidates)?,
                Strategy::Priorities => self.highest(step, current, polls, candidates)?,
                Strategy::Uniform => self.uniform(current, polls, candidates)?,
                Strategy::Follow => self.follow(current, polls, candidates)?,
            }
        };
        Some(Choice { thread, diverges })
    }

    fn stay(&self, current: u32, polls: bool, candidates: &Candidates) -> Option<u32> {
        if candidates.ready.contains(&current) && !polls {
            return Some(current);
        }
        // The next one in a circle: of several threads that poll, each goes on.
        let next = candidates.ready.iter().find(|&&thread| thread > current);
        next.copied().or_else(|| first(candidates))
    }

    fn any(&mut self, candidates: &Candidates) -> Option<u32> {
        self.expiring(candidates).or_else(|| self.random.one_of(&candidates.ready))
    }

    /// The thread whose timeout expires now, if one does.
    fn expiring(&mut self, candidates: &Candidates) -> Option<u32> {
        let Candidates { ready, expiring, early } = candidates;
        let early = &expiring[..*early];
        if ready.is_empty() && early.is_empty() {
            return expiring.first().copied();
        }
        let expires = ready.is_empty() || !early.is_empty() && self.random.below(EXPIRY_RATE) == 0;
        match expires {
            // Usually in the order of their times.
            true if self.random.below(4) != 0 => early.first().copied(),
            true => self.random.one_of(early),
            false => None,
        }
    }

    /// Any thread whose next step is not selected; of those whose is, only the one that is intended.
    fn uniform(&mut self, current: u32, polls: bool, candidates: &Candidates) -> Option<u32> {
        if let Some(thread) = self.expiring(candidates) {
            return Some(thread);
        }
        let ready = &candidates.ready;
        if polls && self.intended == Some(current) {
            // Its next selected step may have to wait for that of another thread.
            let others: Vec<_> = ready.iter().copied().filter(|&it| it != current).collect();
            self.intended = self.by_weight(&others);
        }
        for chosen_anew in [false, true] {
            let intended = match self.intended.filter(|_| !chosen_anew) {
                Some(thread) => Some(thread),
                None => self.by_weight(ready),
            };
            self.intended = intended;
            let is_allowed =
                |thread: &u32| Some(*thread) == intended || !self.earlier.is_next_selected(*thread);
            let allowed: Vec<_> = ready.iter().copied().filter(is_allowed).collect();
            if let Some(thread) = self.random.one_of(&allowed) {
                if Some(thread) == intended && self.earlier.is_next_selected(thread) {
                    self.intended = None;
                }
                return Some(thread);
            }
        }
        None
    }

    /// A thread, with a probability in proportion to the selected steps that are left to it and to those
    /// that it has still to spawn: then all orders of these steps have the same probability.
    fn by_weight(&mut self, threads: &[u32]) -> Option<u32> {
        let total: u64 = threads.iter().map(|&thread| self.earlier.weight(thread)).sum();
        if total == 0 {
            return self.random.one_of(threads);
        }
        let mut left = self.random.below(total);
        threads.iter().copied().find(|&thread| {
            let weight = self.earlier.weight(thread);
            let is_chosen = left < weight;
            left = left.saturating_sub(weight);
            is_chosen
        })
    }

    /// The thread whose next step came first in the earlier run.
    fn follow(&self, current: u32, polls: bool, candidates: &Candidates) -> Option<u32> {
        let all = candidates.ready.iter().chain(&candidates.expiring).copied();
        let next = all.filter_map(|thread| Some((self.earlier.next_position(thread)?, thread)));
        match next.min() {
            Some((_, thread)) => Some(thread),
            None => self.stay(current, polls, candidates),
        }
    }

    fn highest(
        &mut self,
        step: u64,
        current: u32,
        polls: bool,
        candidates: &Candidates,
    ) -> Option<u32> {
        let all = || candidates.ready.iter().chain(&candidates.expiring).copied();
        for thread in all() {
            self.add(thread);
        }
        if polls {
            self.lower(current);
        }
        while self.changes.pop_if(|change| *change <= step).is_some() {
            self.lower(current);
        }
        let priority = |thread: u32| self.priorities[thread as usize];
        let early = |thread: &u32| priority(*thread).expires_early;
        let ready = candidates.ready.iter().copied();
        let expiring = candidates.expiring[..candidates.early].iter().copied();
        let chosen = ready
            .chain(expiring.filter(early))
            .max_by_key(|&thread| priority(thread).value)
            .or_else(|| first(candidates))?;
        // Decided anew for its next wait.
        self.priorities[chosen as usize].expires_early = self.random.below(EARLY_TIMEOUT_RATE) == 0;
        Some(chosen)
    }

    /// Gives a new thread a priority.
    fn add(&mut self, thread: u32) {
        while self.priorities.len() <= thread as usize {
            let value = (self.random.next() >> 2) as i64;
            let expires_early = self.random.below(EARLY_TIMEOUT_RATE) == 0;
            self.priorities.push(Priority { value, expires_early });
        }
    }

    fn lower(&mut self, thread: u32) {
        self.add(thread);
        self.lowest -= 1;
        self.priorities[thread as usize].value = self.lowest;
    }
}

/// The thread that goes on where nothing else is determined.
fn first(candidates: &Candidates) -> Option<u32> {
    candidates.ready.first().or(candidates.expiring.first()).copied()
}

/// SplitMix64 (Steele et al., *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`, which is small: the result is uniform for all purposes.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn one_of(&mut self, threads: &[u32]) -> Option<u32> {
        threads.get(self.below(threads.len() as u64) as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ready(threads: &[u32]) -> Candidates {
        Candidates { ready: threads.to_vec(), ..Candidates::default() }
    }

    fn chooser(strategy: Strategy, seed: u64, switches: &[(u64, u32)]) -> Chooser {
        let switches = switches.iter().map(|&(step, thread)| Switch { step, thread });
        let earlier = EarlierRun::default();
        Chooser::new(strategy, seed, 3, 50, switches.collect(), false, earlier)
    }

    /// An earlier run of threads without a spawn, whose steps are in this order.
    fn earlier(threads: usize, steps: &[(u32, bool)]) -> EarlierRun {
        let steps = steps.iter().map(|&(thread, is_selected)| format::Step { thread, is_selected });
        EarlierRun { threads: vec![None; threads], steps: steps.collect() }
    }

    /// The threads in the order of their steps, of which each does as many as in the earlier run.
    fn order(strategy: Strategy, seed: u64, earlier: &EarlierRun) -> Vec<u32> {
        let mut chooser = Chooser::new(strategy, seed, 0, 0, Vec::new(), false, earlier.clone());
        let threads = 1..=earlier.threads.len() as u32;
        let mut left: Vec<usize> = vec![0; threads.end().to_owned() as usize + 1];
        for thread in threads.clone() {
            chooser.add_thread(thread, None);
        }
        for step in &earlier.steps {
            left[step.thread as usize + 1] += 1;
        }
        let mut order = Vec::new();
        loop {
            let able: Vec<_> = threads.clone().filter(|&it| left[it as usize] > 0).collect();
            let Some(choice) = chooser.choose(0, 1, false, &ready(&able)) else { return order };
            left[choice.thread as usize] -= 1;
            chooser.complete_step(choice.thread);
            order.push(choice.thread);
        }
    }

    /// The threads that go on in `steps` steps, of which all could.
    fn run(mut chooser: Chooser, threads: &[u32], steps: u64) -> Vec<u32> {
        let mut current = threads[0];
        let choose = |step| {
            current = chooser.choose(step, current, false, &ready(threads)).unwrap().thread;
            current
        };
        (0..steps).map(choose).collect()
    }

    #[test]
    fn a_schedule_is_followed_and_then_stays() {
        let chooser = chooser(Strategy::Stay, 0, &[(0, 1), (2, 3), (5, 2)]);
        assert_eq!(run(chooser, &[1, 2, 3], 8), [1, 1, 3, 3, 3, 2, 2, 2]);
    }

    #[test]
    fn a_thread_of_the_schedule_that_cannot_go_on_is_noticed() {
        let mut chooser = chooser(Strategy::Stay, 0, &[(0, 1), (1, 3)]);
        let choice = chooser.choose(0, 0, false, &ready(&[1, 2]));
        assert_eq!(choice, Some(Choice { thread: 1, diverges: false }));
        let choice = chooser.choose(1, 1, false, &ready(&[1, 2]));
        assert_eq!(choice, Some(Choice { thread: 1, diverges: true }));
        assert_eq!(chooser.choose(2, 1, false, &ready(&[])), None);
    }

    #[test]
    fn a_seed_determines_all_choices() {
        for strategy in [Strategy::Random, Strategy::Priorities] {
            let choices = |seed| run(chooser(strategy, seed, &[]), &[1, 2, 3, 4], 50);
            assert_eq!(choices(7), choices(7));
            let others = (0..20).map(choices).collect::<BTreeSet<_>>();
            assert!(others.len() > 10, "{strategy:?}: {others:?}");
        }
    }

    #[test]
    fn priorities_change_as_often_as_the_depth_says() {
        for seed in 0..100 {
            let choices = run(chooser(Strategy::Priorities, seed, &[]), &[1, 2, 3, 4], 200);
            let switches = choices.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(switches <= 2, "{switches} switches with depth 3 and seed {seed}");
        }
    }

    #[test]
    fn a_thread_that_polls_lets_others_go_on() {
        for strategy in [Strategy::Stay, Strategy::Random, Strategy::Priorities] {
            let mut chooser = chooser(strategy, 1, &[]);
            let mut current = 1;
            let mut seen = BTreeSet::new();
            for step in 0..50 {
                let choice = chooser.choose(step, current, true, &ready(&[1, 2, 3])).unwrap();
                current = choice.thread;
                seen.insert(current);
            }
            assert_eq!(seen, BTreeSet::from([1, 2, 3]), "{strategy:?}");
        }
    }

    #[test]
    fn a_thread_that_polls_does_not_keep_others_from_their_selected_steps() {
        let earlier = earlier(2, &[(0, false), (1, true), (0, true)]);
        for seed in 0..20 {
            let mut chooser =
                Chooser::new(Strategy::Uniform, seed, 0, 0, Vec::new(), false, earlier.clone());
            chooser.add_thread(1, None);
            chooser.add_thread(2, None);
            // Thread 1 comes to its selected step only after that of thread 2.
            let mut current = 1;
            let goes_on = (0..200).any(|step| {
                current = chooser.choose(step, current, true, &ready(&[1, 2])).unwrap().thread;
                current == 2
            });
            assert!(goes_on, "with seed {seed}");
        }
    }

    #[test]
    fn an_earlier_order_is_followed() {
        let steps = [0, 1, 1, 0, 2, 0, 1].map(|thread| (thread, false));
        let order = order(Strategy::Follow, 0, &earlier(3, &steps));
        assert_eq!(order, [1, 2, 2, 1, 3, 1, 2]);
    }

    #[test]
    fn all_orders_of_the_selected_steps_have_about_the_same_probability() {
        // One thread with three selected steps and one with one: four orders. A random choice at
        // each step would take half of the runs to the first of them.
        let steps =
            [(0, true), (0, false), (0, true), (0, true), (1, false), (1, true), (1, false)];
        let earlier = earlier(2, &steps);
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..4000 {
            let order = order(Strategy::Uniform, seed, &earlier);
            let (mut selected, mut done) = (Vec::new(), [0; 3]);
            for thread in order {
                let own = steps.iter().filter(|step| step.0 + 1 == thread);
                let is_selected = own.map(|step| step.1).nth(done[thread as usize]).unwrap();
                done[thread as usize] += 1;
                if is_selected {
                    selected.push(thread);
                }
            }
            *counts.entry(selected).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 4, "{counts:?}");
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn timeouts_expire_in_order_unless_they_are_short() {
        let first = |strategy, seed, candidates: &Candidates| {
            chooser(strategy, seed, &[]).choose(0, 1, false, candidates).unwrap().thread
        };
        let candidates = Candidates { ready: Vec::new(), expiring: vec![5, 6], early: 0 };
        for strategy in [Strategy::Stay, Strategy::Random, Strategy::Priorities] {
            assert!((0..20).all(|seed| first(strategy, seed, &candidates) == 5));
        }
        let candidates = Candidates { ready: vec![1], expiring: vec![5, 6], early: 2 };
        for strategy in [Strategy::Random, Strategy::Priorities] {
            let chosen = (0..200).map(|seed| first(strategy, seed, &candidates));
            let chosen = chosen.collect::<BTreeSet<_>>();
            assert!(chosen.contains(&1) && chosen.contains(&5), "{strategy:?}: {chosen:?}");
        }
    }
}
