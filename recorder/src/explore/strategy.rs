//! Which plans an exploration tries.

use clap::ValueEnum;
use format::Strategy;

use super::profile::Profile;
use crate::capture::plan::Plan;

/// How `recorder explore` chooses the next thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Chooser {
    /// Any thread that can, with equal probability
    Random,
    /// The one with the highest of random priorities, which change at a few random choices
    Priorities,
    /// Any order of the operations on a channel or lock, with about equal probability
    Uniform,
    /// All orders of a small program, one after the other: then none is left
    Exhaustive,
}

/// The plans of an exploration: the first lets each thread go on for as long as it can.
#[derive(Clone, Copy, Debug)]
pub struct Plans {
    /// `None` alternates.
    pub chooser: Option<Chooser>,
    /// The seed of all seeds.
    pub seed: u64,
    /// The depth of [`Chooser::Priorities`]; `None` alternates between 2 and 3.
    pub depth: Option<u64>,
    /// Maximum number of choices of a run.
    pub max_steps: u64,
    /// Timeouts up to this number of nanoseconds may expire although other threads can go on.
    pub early_ns: u64,
}

impl Plans {
    /// The plan of the first run.
    pub fn first(&self) -> Plan {
        Plan::following(Vec::new(), self.max_steps, self.early_ns)
    }

    /// The plan of the run with this number, from 1, of a program whose first run is known.
    pub fn plan(&self, number: u64, first_run: &FirstRun) -> Plan {
        let first = self.first();
        // How many runs with the same strategy came before.
        let (chooser, round) = match (self.chooser, number % 3) {
            (Some(chooser), _) => (chooser, number),
            (None, 0) => (Chooser::Uniform, number / 3),
            (None, 1) => (Chooser::Random, number / 3),
            (None, _) => (Chooser::Priorities, number / 3),
        };
        // Two explorations with different seeds have no schedule in common.
        let seed = mix((self.seed << 32).wrapping_add(number));
        let length = first_run.length;
        match (chooser, &first_run.profile) {
            // What came before determines the next one.
            (Chooser::Exhaustive, _) => first,
            (Chooser::Priorities, _) => {
                let depth = self.depth.unwrap_or(2 + round % 2);
                Plan { strategy: Strategy::Priorities, depth, seed, length, ..first }
            }
            (Chooser::Uniform, Some(profile)) => {
                let earlier = Some(profile.select(round));
                Plan { strategy: Strategy::Uniform, seed, earlier, ..first }
            }
            (Chooser::Random | Chooser::Uniform, _) => {
                Plan { strategy: Strategy::Random, seed, ..first }
            }
        }
    }
}

/// The first run of a program, as far as later ones depend on it.
#[derive(Clone, Debug, Default)]
pub struct FirstRun {
    /// The number of its choices.
    pub length: u64,
    /// Its operations; `None` if they cannot be a pattern for others.
    pub profile: Option<Profile>,
}

/// A seed whose bits all depend on all bits of a number: SplitMix64 (Steele et al., *Fast Splittable
/// Pseudorandom Number Generators*, OOPSLA 2014). Its upper half is 0, so that people can copy it.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 32
}

/// The probability with which a run with random priorities finds a bug that needs `depth` orders to
/// be right, at least: 1/(n·kᵈ⁻¹), for `threads` threads and `steps` choices (Burckhardt et al., *A
/// Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010).
pub fn bound(threads: u64, steps: u64, depth: u64) -> f64 {
    let places = (steps.max(1) as f64).powi(depth.saturating_sub(1) as i32);
    1.0 / (threads.max(1) as f64 * places)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANS: Plans = Plans { chooser: None, seed: 1, depth: None, max_steps: 9, early_ns: 0 };

    /// A first run of 100 choices with one step.
    fn first_run() -> FirstRun {
        use crate::explore::order::tests::{HEAD, order};
        let order = order(&format!(
            "{HEAD}block process=0 thread=1 sequence=0 dropped=0\n\
             1 Lock endpoint=5 site=0 detail=0\n"
        ));
        FirstRun { length: 100, profile: Profile::of_first_run(&order) }
    }

    #[test]
    fn strategies_and_depths_alternate_after_the_first_run() {
        let plans: Vec<_> = (1..=6).map(|number| PLANS.plan(number, &first_run())).collect();
        let chosen: Vec<_> = plans.iter().map(|plan| (plan.strategy, plan.depth)).collect();
        assert_eq!(
            chosen,
            [
                (Strategy::Random, 0),
                (Strategy::Priorities, 2),
                (Strategy::Uniform, 0),
                (Strategy::Random, 0),
                (Strategy::Priorities, 3),
                (Strategy::Uniform, 0),
            ]
        );
        let plans = Plans { chooser: Some(Chooser::Priorities), depth: Some(5), ..PLANS };
        assert_eq!(plans.plan(1, &first_run()).depth, 5);
        let uniform = Plans { chooser: Some(Chooser::Uniform), ..PLANS };
        assert_eq!(uniform.plan(1, &first_run()).strategy, Strategy::Uniform);
        assert_eq!(uniform.plan(1, &FirstRun::default()).strategy, Strategy::Random);
    }

    #[test]
    fn the_same_seed_gives_the_same_plans() {
        let seed = |plans: Plans, number| plans.plan(number, &first_run()).seed;
        assert_eq!(PLANS.plan(5, &first_run()), PLANS.plan(5, &first_run()));
        assert_ne!(seed(PLANS, 5), seed(PLANS, 7));
        assert_ne!(seed(Plans { seed: 2, ..PLANS }, 5), seed(PLANS, 5));
    }

    #[test]
    fn the_bound_is_that_of_the_paper() {
        assert_eq!(bound(2, 100, 1), 0.5);
        assert_eq!(bound(4, 100, 2), 1.0 / 400.0);
    }
}
