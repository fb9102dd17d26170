//! Which plans an exploration tries.

use clap::ValueEnum;
use format::Strategy;

use crate::capture::plan::Plan;

/// How `recorder explore` chooses the next thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Chooser {
    /// Any thread that can, with equal probability
    Random,
    /// The one with the highest of random priorities, which change at a few random choices
    Priorities,
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
    /// The plan of the run with this number, from 0, of a program whose first run made `length`
    /// choices.
    pub fn plan(&self, number: u64, length: u64) -> Plan {
        let first = Plan::following(Vec::new(), self.max_steps, self.early_ns);
        if number == 0 {
            return first;
        }
        let chooser = match (self.chooser, number % 2) {
            (Some(chooser), _) => chooser,
            (None, 0) => Chooser::Priorities,
            (None, _) => Chooser::Random,
        };
        let (strategy, depth) = match chooser {
            Chooser::Random => (Strategy::Random, 0),
            // What came before determines the next one.
            Chooser::Exhaustive => return first,
            Chooser::Priorities => {
                // Every second run may be one with priorities.
                (Strategy::Priorities, self.depth.unwrap_or(2 + number / 2 % 2))
            }
        };
        Plan { strategy, depth, seed: mix(self.seed.wrapping_add(number)), length, ..first }
    }
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

    #[test]
    fn strategies_and_depths_alternate_after_the_first_run() {
        let plans: Vec<_> = (0..6).map(|number| PLANS.plan(number, 100)).collect();
        let chosen: Vec<_> = plans.iter().map(|plan| (plan.strategy, plan.depth)).collect();
        assert_eq!(
            chosen,
            [
                (Strategy::Stay, 0),
                (Strategy::Random, 0),
                (Strategy::Priorities, 3),
                (Strategy::Random, 0),
                (Strategy::Priorities, 2),
                (Strategy::Random, 0),
            ]
        );
        let plans = Plans { chooser: Some(Chooser::Priorities), depth: Some(5), ..PLANS };
        assert_eq!(plans.plan(1, 7).depth, 5);
    }

    #[test]
    fn the_same_seed_gives_the_same_plans() {
        assert_eq!(PLANS.plan(5, 100), PLANS.plan(5, 100));
        assert_ne!(PLANS.plan(5, 100).seed, PLANS.plan(7, 100).seed);
        assert_ne!(Plans { seed: 2, ..PLANS }.plan(5, 100).seed, PLANS.plan(5, 100).seed);
    }

    #[test]
    fn the_bound_is_that_of_the_paper() {
        assert_eq!(bound(2, 100, 1), 0.5);
        assert_eq!(bound(4, 100, 2), 1.0 / 400.0);
    }
}
