//! How the order of a program's threads is chosen in a run: see [`format::control`].

use format::{EarlierRun, Strategy, control};

/// From a choice on, another thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Switch {
    /// The number of the choice.
    pub step: u64,
    /// The number of the thread.
    pub thread: u32,
}

/// How the order of the threads is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Chooses wherever `switches` do not.
    pub strategy: Strategy,
    /// The seed of the choices.
    pub seed: u64,
    /// The depth of [`Strategy::Priorities`]: the number of places where an order matters.
    pub depth: u64,
    /// The expected number of choices.
    pub length: u64,
    /// Maximum number of choices.
    pub max_steps: u64,
    /// Timeouts up to this number of nanoseconds may expire although other threads can go on.
    pub early_ns: u64,
    /// The switches to follow, in the order of their steps.
    pub switches: Vec<Switch>,
    /// Whether all choices are recorded with their candidates, and not only switches.
    pub records_choices: bool,
    /// The earlier run of [`Strategy::Uniform`] and [`Strategy::Follow`].
    pub earlier: Option<EarlierRun>,
}

impl Plan {
    /// Follows these switches; between and after them a thread goes on for as long as it can.
    pub fn following(switches: Vec<Switch>, max_steps: u64, early_ns: u64) -> Self {
        let strategy = Strategy::Stay;
        Plan {
            strategy,
            seed: 0,
            depth: 0,
            length: 0,
            max_steps,
            early_ns,
            switches,
            records_choices: false,
            earlier: None,
        }
    }

    /// The words of the control file.
    pub(super) fn words(&self) -> [(usize, u64); 7] {
        [
            (control::STRATEGY, self.strategy as u64),
            (control::SEED, self.seed),
            (control::DEPTH, self.depth),
            (control::LENGTH, self.length),
            (control::MAX_STEPS, self.max_steps),
            (control::EARLY, self.early_ns),
            (control::CHOICES, self.records_choices.into()),
        ]
    }

    /// The content of the schedule file; `None` if there are no switches to follow.
    pub(super) fn schedule_file(&self) -> Option<Vec<u8>> {
        let pairs = self.switches.iter().map(|switch| [switch.step, switch.thread.into()]);
        let bytes: Vec<u8> = pairs.flatten().flat_map(u64::to_le_bytes).collect();
        (!bytes.is_empty()).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_file_has_two_words_for_each_switch() {
        let switches = vec![Switch { step: 3, thread: 2 }, Switch { step: 258, thread: 1 }];
        let bytes = Plan::following(switches, 0, 0).schedule_file().unwrap();
        let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
        assert_eq!(words.collect::<Vec<_>>(), [3, 2, 258, 1]);
        assert_eq!(Plan::following(Vec::new(), 0, 0).schedule_file(), None);
    }
}
