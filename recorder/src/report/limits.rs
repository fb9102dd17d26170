//! Limits for a report in continuous integration: findings that must not occur, and latencies and
//! depths that channels must not exceed.

use std::str::FromStr;

use clap::Args;

use super::Report;
use crate::analysis::findings::Code;
use crate::analysis::findings::words::counted;
use crate::analysis::stats::channels::ChannelStats;
use crate::reading::Nanos;

/// Findings at which the command fails: `deadlock,lost-messages`, or `any`.
///
/// ```
/// use recorder::report::limits::FailOn;
/// assert!("deadlock,panic".parse::<FailOn>().is_ok());
/// assert!("dead-lock".parse::<FailOn>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailOn(Vec<Code>);

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            // What did not happen counts only by its own name.
            let happened = |code: &Code| *code != Code::PossibleDeadlock;
            return Ok(FailOn(Code::ALL.iter().copied().filter(happened).collect()));
        }
        let codes = text.split(',').map(|name| {
            let code = Code::ALL.iter().copied().find(|code| code.name() == name.trim());
            code.ok_or_else(|| {
                let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
                format!("no finding is called {name:?}; there are any, {}", known.join(", "))
            })
        });
        codes.collect::<Result<_, _>>().map(FailOn)
    }
}

/// A limit for the latency of a channel's messages: `jobs:p99=5ms`.
///
/// ```
/// use recorder::report::limits::MaxLatency;
/// assert!("jobs:p99.9=5ms".parse::<MaxLatency>().is_ok());
/// assert!("a: b:max=1s".parse::<MaxLatency>().is_ok());
/// assert!("jobs=5ms".parse::<MaxLatency>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MaxLatency {
    channel: String,
    percentile: f64,
    /// As it was written: `p99` or `max`.
    percentile_name: String,
    limit: Nanos,
}

impl FromStr for MaxLatency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not like jobs:p99=5ms or jobs:max=1s");
        let (left, limit) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (channel, name) = left.rsplit_once(':').ok_or_else(wrong)?;
        let percentile = match (name, name.strip_prefix('p')) {
            ("max", _) => 100.0,
            (_, Some(number)) => number.parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if !(0.0..=100.0).contains(&percentile) || channel.is_empty() {
            return Err(wrong());
        }
        let limit = humantime::parse_duration(limit).map_err(|_| wrong())?.into();
        let (channel, percentile_name) = (channel.to_owned(), name.to_owned());
        Ok(MaxLatency { channel, percentile, percentile_name, limit })
    }
}

/// A limit for the depth of a channel: `jobs=100`.
///
/// ```
/// use recorder::report::limits::MaxDepth;
/// assert!("jobs=100".parse::<MaxDepth>().is_ok());
/// assert!("jobs".parse::<MaxDepth>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxDepth {
    channel: String,
    limit: u64,
}

impl FromStr for MaxDepth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not like jobs=100");
        let (channel, limit) = text.rsplit_once('=').ok_or_else(wrong)?;
        let limit = limit.parse().map_err(|_| wrong())?;
        if channel.is_empty() {
            return Err(wrong());
        }
        Ok(MaxDepth { channel: channel.to_owned(), limit })
    }
}

/// The limits for a report.
#[derive(Args, Clone, Debug, Default)]
pub struct Limits {
    /// Fails if there are findings of these kinds. Example: --fail-on deadlock,lost-messages
    #[arg(long, value_name = "CODE,CODE|any")]
    pub fail_on: Option<FailOn>,
    /// Fails if the latency of a channel's messages exceeds this: their median (p50), any
    /// percentile (p99.9), or their maximum (max). Can be given several times. Example:
    /// --max-latency jobs:p99=5ms
    #[arg(long, value_name = "CHANNEL:pN=DURATION")]
    pub max_latency: Vec<MaxLatency>,
    /// Fails if a channel held more messages than this. Can be given several times. Example:
    /// --max-depth jobs=100
    #[arg(long, value_name = "CHANNEL=N")]
    pub max_depth: Vec<MaxDepth>,
    /// Checks the limits even if events are missing from the recording, because they could not be
    /// recorded or cannot be read. Without this option, limits fail on such a recording
    #[arg(long)]
    pub allow_incomplete: bool,
}

impl Limits {
    /// A line for each limit that the report exceeds. A limit for a channel that does not exist
    /// counts as exceeded, since its name may be misspelt. So do all limits if events are missing,
    /// unless that is allowed.
    pub fn exceeded(&self, report: &Report<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        let Limits { fail_on, max_latency, max_depth, allow_incomplete } = self;
        let has_limits = fail_on.is_some() || !max_latency.is_empty() || !max_depth.is_empty();
        if has_limits && report.analysis.is_incomplete && !allow_incomplete {
            lines.push(
                "events are missing from the recording, so the limits cannot be checked; \
                 --allow-incomplete checks the rest"
                    .to_owned(),
            );
        }
        let must_not_occur = |code: &&Code| fail_on.iter().any(|it| it.0.contains(code));
        for &code in Code::ALL.iter().filter(must_not_occur) {
            let findings = report.findings.iter().filter(|finding| finding.code == code);
            match findings.count() as u64 {
                0 => {}
                count => lines.push(format!("{} of the kind {code}", counted(count, "finding"))),
            }
        }
        for MaxLatency { channel, percentile, percentile_name, limit } in max_latency {
            lines.extend(check(report, channel, |stats| {
                let found = stats.latency.percentile(*percentile);
                (found > *limit).then(|| {
                    format!("{percentile_name} of the latency is {found}, more than {limit}")
                })
            }));
        }
        for MaxDepth { channel, limit } in max_depth {
            lines.extend(check(report, channel, |stats| {
                let found = stats.depth.max;
                (found > *limit).then(|| format!("the depth was {found}, more than {limit}"))
            }));
        }
        lines
    }
}

/// A line for each channel of this name that exceeds a limit.
fn check(
    report: &Report<'_>,
    name: &str,
    exceeded: impl Fn(&ChannelStats) -> Option<String>,
) -> Vec<String> {
    let channels = report.analysis.catalog.channels.iter_enumerated();
    let named: Vec<_> = channels.filter(|(_, facts)| facts.label == name).collect();
    if named.is_empty() {
        return vec![format!("there is no channel {name:?}")];
    }
    let lines = named.into_iter().filter_map(|(channel, _)| {
        exceeded(&report.analysis.stats.channels[channel]).map(|line| format!("{name:?}: {line}"))
    });
    lines.collect()
}
