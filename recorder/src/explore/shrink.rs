//! Finds the fewest switches that still lead to an outcome.

use crate::capture::plan::Switch;

/// Removes switches for as long as `leads_there` holds of the rest, in at most `max_runs` calls.
///
/// Removes halves first, then quarters, down to single ones: delta debugging (Zeller and Hildebrandt,
/// *Simplifying and Isolating Failure-Inducing Input*, 2002). Without a switch, either the thread
/// before it goes on until the next switch, or that comes earlier, and with it all later ones.
///
/// # Errors
/// Those of `leads_there`.
pub fn shrink<E>(
    switches: Vec<Switch>,
    max_runs: usize,
    mut leads_there: impl FnMut(&[Switch]) -> Result<bool, E>,
) -> Result<Vec<Switch>, E> {
    let mut best = switches;
    let mut runs = 0;
    let mut size = best.len().next_power_of_two();
    while size > 0 && !best.is_empty() {
        let mut was_shortened = false;
        let mut at = 0;
        while at < best.len() {
            let mut candidates = without(&best, at, size);
            candidates.dedup();
            let mut shorter = None;
            for candidate in candidates {
                if runs == max_runs {
                    return Ok(best);
                }
                runs += 1;
                if leads_there(&candidate)? {
                    shorter = Some(candidate);
                    break;
                }
            }
            match shorter {
                Some(shorter) => (best, was_shortened) = (shorter, true),
                None => at += size,
            }
        }
        // One that was needed may not be without the others.
        size = if was_shortened && size == 1 { 1 } else { size / 2 };
    }
    Ok(best)
}

/// The switches without some of them: the later ones in their places, or earlier.
fn without(switches: &[Switch], at: usize, count: usize) -> Vec<Vec<Switch>> {
    let (before, rest) = switches.split_at(at);
    let (removed, after) = rest.split_at(count.min(rest.len()));
    let stays = [before, after].concat();
    let (Some(first), Some(next)) = (removed.first(), after.first()) else { return vec![stays] };
    let earlier = next.step - first.step;
    let moved = after.iter().map(|it| Switch { step: it.step - earlier, ..*it });
    let moved = before.iter().copied().chain(moved).collect();
    vec![moved, stays]
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn switch(step: u64, thread: u32) -> Switch {
        Switch { step, thread }
    }

    /// Shrinks 40 switches; returns the rest and the number of runs.
    fn shrunk(leads_there: impl Fn(&[Switch]) -> bool) -> (Vec<Switch>, usize) {
        let switches = (0..40).map(|number| switch(10 * number, number as u32 % 3)).collect();
        let mut runs = 0;
        let Ok(best) = shrink(switches, 1000, |candidate| {
            runs += 1;
            Ok::<_, Infallible>(leads_there(candidate))
        });
        (best, runs)
    }

    #[test]
    fn only_the_needed_switches_are_left() {
        let needed = [switch(50, 2), switch(250, 1), switch(370, 1)];
        let (best, runs) = shrunk(|it| needed.iter().all(|needed| it.contains(needed)));
        assert_eq!(best, needed);
        assert!(runs < 150, "{runs}");
    }

    #[test]
    fn later_switches_come_earlier_if_that_is_enough() {
        let (best, _) = shrunk(|it| it.iter().filter(|switch| switch.thread == 2).count() >= 2);
        assert_eq!(best.iter().map(|switch| switch.thread).collect::<Vec<_>>(), [2, 2]);
        assert!(best.is_sorted());
    }

    #[test]
    fn an_outcome_that_always_comes_needs_no_switch() {
        let (best, runs) = shrunk(|_| true);
        assert_eq!((best.len(), runs), (0, 1));
    }

    #[test]
    fn the_number_of_runs_has_a_limit() {
        let switches: Vec<_> = (0..100).map(|step| switch(step, 1)).collect();
        let mut runs = 0;
        let best = shrink(switches.clone(), 20, |_| {
            runs += 1;
            Ok::<_, Infallible>(false)
        });
        assert_eq!((best, runs), (Ok(switches), 20));
    }
}
