//! The changes from one run to another.

use std::fmt;

use serde::Serialize;

use super::json::{ChannelRecord, Document, FindingRecord, SideRecord, VERSION};
use super::table::{Align, Table, cut};
use crate::reading::Nanos;

/// Times that differ by less than this share of the larger count as equal: two runs of one program
/// on one machine differ as much.
const NOISE: f64 = 0.2;
/// Times that differ by fewer nanoseconds count as equal: the scheduler causes that.
const NOISE_TIME: u64 = 50_000;

/// The changes from one run to another: findings and channels that came or went, counts, and times
/// that differ by more than a fifth. Its [`Display`](fmt::Display) is for people; its JSON is
/// specified in docs/report-schema.md.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// [`VERSION`].
    pub version: u32,
    /// Findings that only the later run has.
    pub come: Vec<FindingRecord>,
    /// Findings that only the earlier run has.
    pub gone: Vec<FindingRecord>,
    /// Other changes.
    pub changes: Vec<Change>,
}

/// A number that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The channel's name; none for the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The channel's process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// What the number measures.
    #[serde(rename = "what")]
    pub quantity: Quantity,
    /// The number before, in nanoseconds or messages; `None` if the channel did not exist.
    pub before: Option<u64>,
    /// The number after.
    pub after: Option<u64>,
}

/// A number of a run or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
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

impl Quantity {
    /// Its name for people.
    fn name(self) -> &'static str {
        match self {
            Quantity::DurationNs => "duration",
            Quantity::Channel => "channel",
            Quantity::Sent => "sent",
            Quantity::Received => "received",
            Quantity::Lost => "lost",
            Quantity::Returned => "returned",
            Quantity::MaxDepth => "max depth",
            Quantity::P50LatencyNs => "p50 latency",
            Quantity::P99LatencyNs => "p99 latency",
            Quantity::SendersWaitedNs => "senders waited",
            Quantity::ReceiversWaitedNs => "receivers waited",
        }
    }

    fn is_time(self) -> bool {
        use Quantity::{
            DurationNs, P50LatencyNs, P99LatencyNs, ReceiversWaitedNs, SendersWaitedNs,
        };
        matches!(
            self,
            DurationNs | P50LatencyNs | P99LatencyNs | SendersWaitedNs | ReceiversWaitedNs
        )
    }
}

impl Difference {
    /// The difference between two runs.
    pub fn new(before: &Document, after: &Document) -> Self {
        let mut changes = Vec::new();
        let times = [before.duration_ns, after.duration_ns];
        if differ(times) {
            let [before, after] = times.map(Some);
            changes.push(Change {
                channel: None,
                process: None,
                quantity: Quantity::DurationNs,
                before,
                after,
            });
        }
        for channel in &before.channels {
            match find(&after.channels, channel) {
                Some(other) => changes_of([channel, other], &mut changes),
                None => changes.push(change(channel, Quantity::Channel, [Some(1), None])),
            }
        }
        for channel in &after.channels {
            if find(&before.channels, channel).is_none() {
                changes.push(change(channel, Quantity::Channel, [None, Some(1)]));
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

fn change(
    channel: &ChannelRecord,
    quantity: Quantity,
    [before, after]: [Option<u64>; 2],
) -> Change {
    let (name, process) = (channel.name.clone(), channel.process.clone());
    Change { channel: Some(name), process: Some(process), quantity, before, after }
}

/// The changes of a channel.
fn changes_of(both: [&ChannelRecord; 2], changes: &mut Vec<Change>) {
    let mut add = |quantity, is_different: fn([u64; 2]) -> bool, of: fn(&ChannelRecord) -> u64| {
        let values = both.map(of);
        if is_different(values) {
            changes.push(change(both[0], quantity, values.map(Some)));
        }
    };
    let exactly = |[before, after]: [u64; 2]| before != after;
    add(Quantity::Sent, exactly, |channel| channel.sent);
    add(Quantity::Received, exactly, |channel| channel.received);
    add(Quantity::Lost, exactly, |channel| channel.lost);
    add(Quantity::Returned, exactly, |channel| channel.returned);
    let deeper = |depths: [u64; 2]| depths[0].abs_diff(depths[1]) > 1 && relative(depths) > NOISE;
    add(Quantity::MaxDepth, deeper, |channel| channel.depth.max);
    add(Quantity::P50LatencyNs, differ, |channel| channel.latency.p50_ns);
    add(Quantity::P99LatencyNs, differ, |channel| channel.latency.p99_ns);
    add(Quantity::SendersWaitedNs, differ, |channel| waited(&channel.senders));
    add(Quantity::ReceiversWaitedNs, differ, |channel| waited(&channel.receivers));
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
        for Change { channel, quantity, before, after, .. } in changes {
            let (values, ratio) = match (before, after) {
                (&Some(before), &Some(after)) if quantity.is_time() => (
                    [before, after].map(|time| Nanos::new(time).to_string()),
                    ratio([before, after]),
                ),
                (&Some(before), &Some(after)) => {
                    ([before, after].map(|n| n.to_string()), ratio([before, after]))
                }
                (Some(_), None) => (["there".into(), "gone".into()], String::new()),
                (None, _) => (["-".into(), "new".into()], String::new()),
            };
            let [before, after] = values;
            let who = cut(channel.as_deref().unwrap_or("run"), 24);
            table.row(vec![who, quantity.name().to_owned(), before, after, ratio]);
        }
        if !changes.is_empty() {
            write!(out, "{table}")?;
        }
        if come.is_empty() && gone.is_empty() && changes.is_empty() {
            writeln!(out, "nothing has changed by more than {:.0}%", 100.0 * NOISE)?;
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
    fn noise_is_not_a_difference() {
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
