//! What a report is held against, for continuous integration: findings that must not be, and
//! limits that channels must keep.

use std::str::FromStr;
use std::time::Duration;

use super::Report;
use crate::analysis::findings::Code;
use crate::report::summary::{counted, duration};

/// Findings at which the command fails: `deadlock,lost-messages`, or `any`.
///
/// ```
/// use recorder::report::limits::FailOn;
/// assert!("deadlock,panic".parse::<FailOn>().is_ok());
/// assert!("dead-lock".parse::<FailOn>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Any finding.
    Any,
    /// One of these.
    Codes(Vec<Code>),
}

impl FailOn {
    /// Whether a finding with this code is one of them.
    pub fn includes(&self, code: Code) -> bool {
        match self {
            FailOn::Any => true,
            FailOn::Codes(codes) => codes.contains(&code),
        }
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(FailOn::Any);
        }
        let codes = text.split(',').map(|name| {
            Code::from_name(name.trim()).ok_or_else(|| {
                let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
                format!("no finding is called {name:?}; there are any, {}", known.join(", "))
            })
        });
        codes.collect::<Result<_, _>>().map(FailOn::Codes)
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
    /// As it was written.
    what: String,
    percentile: f64,
    limit: Duration,
}

impl FromStr for MaxLatency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not like jobs:p99=5ms or jobs:max=1s");
        let (left, limit) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (channel, what) = left.rsplit_once(':').ok_or_else(wrong)?;
        let percentile = match (what, what.strip_prefix('p')) {
            ("max", _) => 100.0,
            (_, Some(number)) => number.parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if !(0.0..=100.0).contains(&percentile) || channel.is_empty() {
            return Err(wrong());
        }
        let limit = humantime::parse_duration(limit).map_err(|_| wrong())?;
        Ok(MaxLatency { channel: channel.to_owned(), what: what.to_owned(), percentile, limit })
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

/// What a report is held against.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Findings that must not be.
    pub fail_on: Option<FailOn>,
    /// Latencies.
    pub max_latency: Vec<MaxLatency>,
    /// Depths.
    pub max_depth: Vec<MaxDepth>,
}

impl Limits {
    /// What does not keep to the limits, one line each. A limit for a channel that is not there
    /// is not kept: its name may be misspelt.
    pub fn exceeded(&self, report: &Report<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fail_on) = &self.fail_on {
            for &code in Code::ALL {
                let findings = report.findings.iter().filter(|finding| finding.code == code);
                match findings.count() as u64 {
                    0 => {}
                    count if fail_on.includes(code) => {
                        lines.push(format!("{} of the kind {code}", counted(count, "finding")));
                    }
                    _ => {}
                }
            }
        }
        let named = |name: &str| {
            let channels = report.analysis.entities.channels.iter().enumerate();
            let named: Vec<_> =
                channels.filter(|(_, channel)| channel.label == name).map(|(at, _)| at).collect();
            if named.is_empty() { Err(format!("there is no channel {name:?}")) } else { Ok(named) }
        };
        for MaxLatency { channel, what, percentile, limit } in &self.max_latency {
            let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
            match named(channel) {
                Err(missing) => lines.push(missing),
                Ok(channels) => lines.extend(channels.into_iter().filter_map(|index| {
                    let found = report.analysis.channels[index].latency.percentile(*percentile);
                    (found > limit).then(|| {
                        format!(
                            "{channel:?}: {what} of the latency is {}, more than {}",
                            duration(found),
                            duration(limit)
                        )
                    })
                })),
            }
        }
        for MaxDepth { channel, limit } in &self.max_depth {
            match named(channel) {
                Err(missing) => lines.push(missing),
                Ok(channels) => lines.extend(channels.into_iter().filter_map(|index| {
                    let found = report.analysis.channels[index].depth.max;
                    (found > *limit)
                        .then(|| format!("{channel:?}: the depth was {found}, more than {limit}"))
                })),
            }
        }
        lines
    }
}
