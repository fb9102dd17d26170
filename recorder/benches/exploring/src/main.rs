//! Measures how many schedules `recorder explore` takes to find the bugs of small programs, beside
//! shuttle and plain repetition.
//!
//! ```sh
//! cd recorder/benches/exploring
//! cargo run -- found [--seeds N] [NAME…]    # a table in Markdown: takes an hour for all programs
//! cargo run -- found --ours [NAME…]         # without shuttle and repetition
//! cargo run -- replays [--times N] [NAME…]  # whether what was found happens again each time
//! cargo run -- healed [NAME…]               # whether programs without their fault stay well
//! cargo run -- known                        # the sick programs of recorder/tests/corpus
//! cargo run -- check                        # whether ten bugs that are hard to find are found
//! ```
//!
//! `RECORDER` names the recorder to use instead of building one.

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use exploring::programs::{self, Program};

mod builds;
mod check;
mod explored;
mod found;
mod healed;
mod known;
mod repeated;
mod replays;
mod under_shuttle;

/// Maximum number of schedules, iterations or runs.
const LIMIT: u64 = 1000;

fn main() -> Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let (mut seeds, mut times, mut only_ours, mut names) = (3, 100, false, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut number =
            || arguments.next().context("a number is missing")?.parse().context(argument.clone());
        match &*argument {
            "--seeds" => seeds = number()?,
            "--times" => times = number()?,
            "--ours" => only_ours = true,
            option if option.starts_with('-') => {
                bail!("`{option}` is none of `--seeds N`, `--times N` and `--ours`")
            }
            name => names.push(name.to_owned()),
        }
    }
    let chosen = choose(&names)?;
    let is_well = match &*command {
        "found" => found::run(&chosen, seeds, only_ours)?,
        "replays" => replays::run(&chosen, times)?,
        "healed" => healed::run(&chosen)?,
        "known" => known::run()?,
        "check" => check::run()?,
        other => bail!("`{other}` is neither `found`, `replays`, `healed`, `known` nor `check`"),
    };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The programs with these names; all if there are none.
fn choose(names: &[String]) -> Result<Vec<&'static Program>> {
    for name in names {
        programs::all().find(|it| it.name == name).with_context(|| format!("no program {name}"))?;
    }
    Ok(programs::all()
        .filter(|it| names.is_empty() || names.iter().any(|name| name == it.name))
        .collect())
}

/// Prints a part of a line, so that one sees how far it is.
fn print(text: impl std::fmt::Display) {
    use std::io::Write;
    print!("{text}");
    let _ = std::io::stdout().flush();
}
