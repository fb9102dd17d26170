//! Whether programs without their fault stay well.

use anyhow::Result;
use exploring::programs::Program;

use crate::LIMIT;
use crate::explored::{Recorder, SEEDED};

/// Explores the healed forms with each strategy. Prints a line for each bad outcome.
pub fn run(programs: &[&Program]) -> Result<bool> {
    let recorder = Recorder::new()?;
    let (mut tried, mut well, mut schedules, mut proofs) = (0, 0, 0, 0);
    for program in programs.iter().filter(|program| program.has_healed_form) {
        let mut is_well = true;
        for strategy in SEEDED.into_iter().chain([Some("exhaustive")]) {
            let explored = recorder.explore(&[program.name, "healed"], strategy, 0, LIMIT)?;
            schedules += explored.schedules;
            proofs += u64::from(explored.exhaustive == Some(true));
            for outcome in explored.bad() {
                is_well = false;
                let name = strategy.unwrap_or("default");
                println!(
                    "{} under {name}: {} {}×: {}",
                    program.name, outcome.kind, outcome.runs, outcome.title
                );
            }
        }
        tried += 1;
        well += u64::from(is_well);
    }
    println!(
        "{well} of {tried} programs stay well in {schedules} schedules; all orders were tried of {proofs}"
    );
    Ok(well == tried)
}
