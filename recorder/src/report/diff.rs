//! What changed from one run to another.

use std::fmt;

use serde::Serialize;

use super::json::{ChannelRecord, Document, FindingRecord, SideRecord, VERSION};
use super::table::{Align, Table, cut};
use crate::report::summary::duration;

/// Times that differ by less than this part of the larger are taken for the same: runs of one
/// program on one machine differ by as much.
const NOISE: f64 = 0.2;
/// Times that differ by less, in nanoseconds, are the same: the scheduler's doing.
const NOISE_TIME: u64 = 50_000;

/// What changed from one run to another: findings that came or went, channels that came or
/// went, counts, and times that differ by more than a fifth. It is shown to people as text, and
/// is JSON as docs/report-schema.md says.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// [`VERSION`].
    pub version: u32,
    /// Findings that only the later run has.
    pub come: Vec<FindingRecord>,
    /// Findings that only the earlier run has.
    pub gone: Vec<FindingRecord>,
    /// What else is different.
    pub changes: Vec<Change>,
}

/// A number that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The channel's name; of the run as a whole there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The channel's process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// What it is.
    pub what: What,
    /// What it was, in nanoseconds or messages; `None` if there was no such channel.
    pub before: Option<u64>,
    /// What it is now.
    pub after: Option<u64>,
}

/// What can be different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// How long the run is.
    DurationNs,
    /// Whether there is the channel: 1.
    Channel,
    /// Messages sent.
    Sent,
    /// Messages received.
    Received,
    /// Messages that were still queued when their receiver went.
    Lost,
    /// Messages that came back to their sender.
    Returned,
    /// The most messages that were queued at a time.
    MaxDepth,
    /// Half of the messages took no longer.
    P50LatencyNs,
    /// 99 of 100 messages took no longer.
    P99LatencyNs,
    /// How long senders waited, all together.
    SendersWaitedNs,
    /// How long receivers waited, all together.
    ReceiversWaitedNs,
}

impl What {
    /// What people are told.
    fn words(self) -> &'static str {
        match self {
            What::DurationNs => "duration",
            What::Channel => "channel",
            What::Sent => "sent",
            What::Received => "received",
            What::Lost => "lost",
            What::Returned => "returned",
            What::MaxDepth => "max depth",
            What::P50LatencyNs => "p50 latency",
            What::P99LatencyNs => "p99 latency",
            What::SendersWaitedNs => "senders waited",
            What::ReceiversWaitedNs => "receivers waited",
        }
    }

    fn is_time(self) -> bool {
        use What::{DurationNs, P50LatencyNs, P99LatencyNs, ReceiversWaitedNs, SendersWaitedNs};
        matches!(
            self,
            DurationNs | P50LatencyNs | P99LatencyNs | SendersWaitedNs | ReceiversWaitedNs
        )
    }
}

impl Difference {
    /// Between these.
    pub fn new(before: &Document, after: &Document) -> Self {
        let mut changes = Vec::new();
        let times = [before.duration_ns, after.duration_ns];
        if differ(times) {
            let [before, after] = times.map(Some);
            changes.push(Change {
                channel: None,
                process: None,
                what: What::DurationNs,
                before,
                after,
            });
        }
        for channel in &before.channels {
            match find(&after.channels, channel) {
                Some(other) => changes_of([channel, other], &mut changes),
                None => changes.push(change(channel, What::Channel, [Some(1), None])),
            }
        }
        for channel in &after.channels {
            if find(&before.channels, channel).is_none() {
                changes.push(change(channel, What::Channel, [None, Some(1)]));
            }
        }
        Difference {
            version: VERSION,
            come: missing(&after.findings, &before.findings),
            gone: missing(&before.findings, &after.findings),
            changes,
        }
    }
}

fn change(channel: &ChannelRecord, what: What, [before, after]: [Option<u64>; 2]) -> Change {
    let (name, process) = (channel.name.clone(), channel.process.clone());
    Change { channel: Some(name), process: Some(process), what, before, after }
}

/// What is different of a channel.
fn changes_of(both: [&ChannelRecord; 2], changes: &mut Vec<Change>) {
    let mut add = |what, is_different: fn([u64; 2]) -> bool, of: fn(&ChannelRecord) -> u64| {
        let values = both.map(of);
        if is_different(values) {
            changes.push(change(both[0], what, values.map(Some)));
        }
    };
    let exactly = |[before, after]: [u64; 2]| before != after;
    add(What::Sent, exactly, |channel| channel.sent);
    add(What::Received, exactly, |channel| channel.received);
    add(What::Lost, exactly, |channel| channel.lost);
    add(What::Returned, exactly, |channel| channel.returned);
    let deeper = |depths: [u64; 2]| depths[0].abs_diff(depths[1]) > 1 && relative(depths) > NOISE;
    add(What::MaxDepth, deeper, |channel| channel.depth.max);
    add(What::P50LatencyNs, differ, |channel| channel.latency.p50_ns);
    add(What::P99LatencyNs, differ, |channel| channel.latency.p99_ns);
    add(What::SendersWaitedNs, differ, |channel| waited(&channel.senders));
    add(What::ReceiversWaitedNs, differ, |channel| waited(&channel.receivers));
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { come, gone, changes, .. } = self;
        for (sign, findings) in [('+', come), ('-', gone)] {
            for finding in findings {
                writeln!(out, "{sign} {}: {}", finding.code, finding.what)?;
            }
        }
        let mut table = Table::new(&[
            ("", Align::Left),
            ("", Align::Left),
            ("before", Align::Right),
            ("after", Align::Right),
            ("change", Align::Right),
        ]);
        for Change { channel, what, before, after, .. } in changes {
            let (values, ratio) = match (before, after) {
                (&Some(before), &Some(after)) if what.is_time() => {
                    ([before, after].map(duration), ratio([before, after]))
                }
                (&Some(before), &Some(after)) => {
                    ([before, after].map(|n| n.to_string()), ratio([before, after]))
                }
                (Some(_), None) => (["there".into(), "gone".into()], String::new()),
                (None, _) => (["-".into(), "new".into()], String::new()),
            };
            let [before, after] = values;
            let who = cut(channel.as_deref().unwrap_or("run"), 24);
            table.row(vec![who, what.words().to_owned(), before, after, ratio]);
        }
        if !changes.is_empty() {
            write!(out, "{table}")?;
        }
        if come.is_empty() && gone.is_empty() && changes.is_empty() {
            writeln!(out, "nothing has changed but by less than {:.0} %", 100.0 * NOISE)?;
        }
        Ok(())
    }
}

/// The findings of `these` that have no counterpart among `those`: same code, channels,
/// primitives and place.
fn missing(these: &[FindingRecord], those: &[FindingRecord]) -> Vec<FindingRecord> {
    let key = |finding: &FindingRecord| {
        (
            finding.code.clone(),
            finding.channels.clone(),
            finding.primitives.clone(),
            finding.site.clone(),
        )
    };
    let is_new = |this: &&FindingRecord| !those.iter().any(|that| key(that) == key(this));
    these.iter().filter(is_new).cloned().collect()
}

fn find<'a>(channels: &'a [ChannelRecord], like: &ChannelRecord) -> Option<&'a ChannelRecord> {
    let same =
        |channel: &&ChannelRecord| (&channel.process, &channel.name) == (&like.process, &like.name);
    channels.iter().find(same)
}

fn waited(sides: &[SideRecord]) -> u64 {
    sides.iter().fold(0, |sum, side| sum.saturating_add(side.waited_ns))
}

fn relative([before, after]: [u64; 2]) -> f64 {
    before.abs_diff(after) as f64 / before.max(after).max(1) as f64
}

fn differ(times: [u64; 2]) -> bool {
    times[0].abs_diff(times[1]) > NOISE_TIME && relative(times) > NOISE
}

/// `× 2.5`, `÷ 2.5`
fn ratio([before, after]: [u64; 2]) -> String {
    match (before, after) {
        (0, _) | (_, 0) => String::new(),
        (before, after) if after >= before => format!("× {:.1}", after as f64 / before as f64),
        (before, after) => format!("÷ {:.1}", before as f64 / after as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_no_difference() {
        assert!(!differ([1_000_000, 1_200_000]));
        assert!(differ([1_000_000, 1_300_000]));
        assert!(!differ([1_000, 40_000]));
        assert!(!differ([0, 0]));
    }

    #[test]
    fn ratios_are_readable() {
        assert_eq!(ratio([2, 5]), "× 2.5");
        assert_eq!(ratio([5, 2]), "÷ 2.5");
        assert_eq!(ratio([0, 2]), "");
    }
}
