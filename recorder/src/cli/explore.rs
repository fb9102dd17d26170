//! Options of `recorder explore` and `replay`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, value_parser};

use super::export::PageOptions;
use super::record::CratesOptions;
use super::values;
use crate::explore::outcome::Kind;
use crate::explore::strategy::Chooser;
use crate::workspace::BuildOptions;

#[derive(Args, Debug)]
pub(crate) struct ExploreArgs {
    /// The example or binary, as listed by `recorder list` [default: the only one, or the command
    /// after `--`]
    pub(crate) name: Option<String>,
    /// Arguments that are not after `--`.
    #[arg(hide = true)]
    pub(crate) misplaced: Vec<OsString>,
    /// The program's arguments; without NAME, a command. Example: recorder explore -- cargo test
    #[arg(last = true)]
    pub(crate) args: Vec<OsString>,
    #[command(flatten)]
    pub(crate) build: BuildOptions,
    #[command(flatten)]
    pub(crate) crates: CratesOptions,
    /// Tries only whether the possible deadlocks that `recorder report RUN` predicts can happen. NAME and
    /// its arguments are those of RUN, unless they are given. Example: --confirm pipeline
    #[arg(long, value_name = "RUN", conflicts_with = "output")]
    pub(crate) confirm: Option<PathBuf>,
    /// Ends after this time. Example: --for 5min
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = values::duration,
        default_value = "30s"
    )]
    pub(crate) time: Duration,
    /// Ends after this number of runs. Example: --schedules 10k
    #[arg(long, value_name = "N", value_parser = values::positive_count, default_value = "1000")]
    pub(crate) schedules: u64,
    /// How the next thread is chosen [default: random, priorities and uniform in turn]
    #[arg(long, value_enum)]
    pub(crate) strategy: Option<Chooser>,
    /// Tries other schedules: those that belong to this number. The same number gives the same
    /// schedules
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The depth of the strategy `priorities`: how many places must have the right order for the bug
    /// to show [default: 2 and 3 in turn]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=100))]
    pub(crate) depth: Option<u64>,
    /// Ends a run after this number of steps: it is endless then
    #[arg(long, value_name = "N", value_parser = values::positive_count, default_value = "100k")]
    pub(crate) max_steps: u64,
    #[command(flatten)]
    pub(crate) limit: TimeLimit,
    /// The longest that threads may be held up: timeouts and sleeps of up to this time may end although
    /// others could go on before. Longer ones end when no thread can go on
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = values::duration,
        default_value = "50ms"
    )]
    pub(crate) max_delay: Duration,
    /// Number of programs that run at the same time [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Writes a page with all orders as a tree, each of which can be played. Needs --strategy exhaustive.
    /// Example: -o orders.html
    #[arg(short, long, value_name = "FILE.html")]
    pub(crate) output: Option<PathBuf>,
    /// Opens this page in the browser
    #[arg(long, requires = "output")]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    /// Prints JSON instead of text; docs/exploring.md describes it
    #[arg(long)]
    pub(crate) json: bool,
    /// Fails if there are outcomes of these kinds: hang, panic, failure, endless, loss. Example:
    /// --fail-on hang,panic
    #[arg(long, value_name = "KIND,KIND|any")]
    pub(crate) fail_on: Option<FailOn>,
}

impl ExploreArgs {
    /// [`max_delay`](Self::max_delay) in nanoseconds.
    pub(crate) fn early_ns(&self) -> u64 {
        self.max_delay.as_nanos().try_into().unwrap_or(u64::MAX)
    }
}

/// Outcomes at which the command fails: `hang,panic`, or `any`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailOn(pub(crate) Vec<Kind>);

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Ok);
        if text == "any" {
            return Ok(FailOn(bad.collect()));
        }
        let kinds = text.split(',').map(|name| {
            bad.clone().find(|kind| kind.name() == name.trim()).ok_or_else(|| {
                let known: Vec<_> = bad.clone().map(Kind::name).collect();
                format!("no outcome is called {name:?}; there are any, {}", known.join(", "))
            })
        });
        kinds.collect::<Result<_, _>>().map(FailOn)
    }
}

#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The name of a run, or its recording. One that `recorder explore` has kept happens again exactly,
    /// another one as far as it determines the order
    pub(crate) run: PathBuf,
    /// A command that starts the program: a debugger, or if the run was not explored, the program
    /// itself
    #[arg(last = true)]
    pub(crate) command: Vec<OsString>,
    /// Finds the fewest switches that lead to the same outcome, shows them, and keeps that run as
    /// RUN-shrunk
    #[arg(long, conflicts_with = "command")]
    pub(crate) shrink: bool,
    #[command(flatten)]
    pub(crate) limit: TimeLimit,
}

/// How long a run may take.
#[derive(Args, Debug)]
pub(crate) struct TimeLimit {
    /// Ends a run after this time
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = values::duration,
        default_value = "10s"
    )]
    pub(crate) timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_outcomes_are_read_from_a_list() {
        assert_eq!("hang,panic".parse(), Ok(FailOn(vec![Kind::Hang, Kind::Panic])));
        assert_eq!("any".parse::<FailOn>().unwrap().0.len(), 5);
        assert!("ok".parse::<FailOn>().is_err());
    }
}
