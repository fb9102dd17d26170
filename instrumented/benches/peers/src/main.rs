//! Measures the cost of the same work when `instrumented` and other tools record it.
//!
//! ```sh
//! cargo run --release --manifest-path instrumented/benches/peers/Cargo.toml
//! ```
//!
//! Takes two to three minutes and prints tables in Markdown. `-- --save` also writes them to
//! `instrumented/benches/results/peers.md`, and `-- --rounds N` sets the number of rounds.
//!
//! Most of these tools are global to a process. Each is therefore measured in a process of its own,
//! which measures std's channel alone before and after. The processes take turns, so that other
//! load on the machine affects all tools equally.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::rounds::Bench;
use crate::work::Work;

mod arms;
mod peers;
mod rounds;
mod table;
mod work;

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../results");
const ROUNDS: usize = 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The bench starts itself with these arguments.
        ["measure", name, directory, work] => {
            let arm = arms::arm(name).context("unknown arm")?;
            let work = Work::ALL.into_iter().find(|known| known.name() == work);
            let work = work.context("unknown work")?;
            let measured = (arm.measure)(Path::new(directory), work, arm.batches)?;
            println!("{}", serde_json::to_string(&measured)?);
            Ok(())
        }
        ["until-killed", name, directory] => {
            let arm = arms::arm(name).context("unknown arm")?;
            (arm.work_until_killed)(Path::new(directory))
        }
        ref options => bench(options),
    }
}

fn bench(mut options: &[&str]) -> Result<()> {
    let (mut save, mut rounds) = (false, ROUNDS);
    loop {
        match options {
            [] => break,
            ["--save", rest @ ..] => (save, options) = (true, rest),
            ["--rounds", number, rest @ ..] => (rounds, options) = (number.parse()?, rest),
            [other, ..] => bail!("`{other}` is neither `--save` nor `--rounds N`"),
        }
    }
    if rounds == 0 {
        bail!("at least one round is required");
    }
    let text = table::markdown(&Bench::new()?.run(rounds)?, rounds)?;
    print!("{text}");
    if save {
        fs::create_dir_all(RESULTS)?;
        fs::write(Path::new(RESULTS).join("peers.md"), text)?;
    }
    Ok(())
}
