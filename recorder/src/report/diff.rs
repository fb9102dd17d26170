//! What changed from one run to another.

use std::fmt;

use super::json::{ChannelRecord, Document, FindingRecord, SideRecord};
use super::table::{Align, Table, cut};
use crate::summary::duration;

/// Times that differ by less than this part of the larger are taken for the same: runs of one
/// program on one machine differ by as much.
const NOISE: f64 = 0.2;
/// Times that differ by less, in nanoseconds, are the same: the scheduler's doing.
const NOISE_TIME: u64 = 50_000;

/// What changed from one run to another: findings that came or went, channels that came or
/// went, counts, and times that differ by more than a fifth.
#[derive(Clone, Copy, Debug)]
pub struct Difference<'a> {
    before: &'a Document,
    after: &'a Document,
}

impl<'a> Difference<'a> {
    /// Between these.
    pub fn new(before: &'a Document, after: &'a Document) -> Self {
        Difference { before, after }
    }
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { before, after } = self;
        let mut same = true;
        let gone = missing(&before.findings, &after.findings);
        let come = missing(&after.findings, &before.findings);
        for finding in &come {
            writeln!(out, "+ {}: {}", finding.code, finding.what)?;
        }
        for finding in &gone {
            writeln!(out, "- {}: {}", finding.code, finding.what)?;
        }
        same &= gone.is_empty() && come.is_empty();
        let mut table = Table::new(&[
            ("", Align::Left),
            ("", Align::Left),
            ("before", Align::Right),
            ("after", Align::Right),
            ("change", Align::Right),
        ]);
        let mut changes = 0;
        let mut change = |who: &str, what: &str, values: [String; 2], ratio: String| {
            let [before, after] = values;
            table.row(vec![cut(who, 24), what.to_owned(), before, after, ratio]);
            changes += 1;
        };
        let times = [before.duration_ns, after.duration_ns];
        if differ(times) {
            change("run", "duration", times.map(duration), ratio(times));
        }
        for channel in &before.channels {
            let Some(other) = find(&after.channels, channel) else {
                change(&channel.name, "channel", ["there".into(), "gone".into()], String::new());
                continue;
            };
            let counts = [
                ("sent", [channel.sent, other.sent]),
                ("received", [channel.received, other.received]),
                ("lost", [channel.lost, other.lost]),
                ("returned", [channel.returned, other.returned]),
            ];
            for (what, counts) in counts {
                if counts[0] != counts[1] {
                    change(&channel.name, what, counts.map(|n| n.to_string()), ratio(counts));
                }
            }
            let depths = [channel.depth.max, other.depth.max];
            if depths[0].abs_diff(depths[1]) > 1 && relative(depths) > NOISE {
                change(&channel.name, "max depth", depths.map(|n| n.to_string()), ratio(depths));
            }
            let times = [
                ("p50 latency", [channel, other].map(|channel| channel.latency.p50_ns)),
                ("p99 latency", [channel, other].map(|channel| channel.latency.p99_ns)),
                ("senders waited", [channel, other].map(|channel| waited(&channel.senders))),
                ("receivers waited", [channel, other].map(|channel| waited(&channel.receivers))),
            ];
            for (what, times) in times {
                if differ(times) {
                    change(&channel.name, what, times.map(duration), ratio(times));
                }
            }
        }
        for channel in &after.channels {
            if find(&before.channels, channel).is_none() {
                change(&channel.name, "channel", ["-".into(), "new".into()], String::new());
            }
        }
        same &= changes == 0;
        if changes > 0 {
            write!(out, "{table}")?;
        }
        if same {
            writeln!(out, "nothing has changed but by less than {:.0} %", 100.0 * NOISE)?;
        }
        Ok(())
    }
}

/// The findings of `these` that have no counterpart among `those`: same code, same channels,
/// same threads.
fn missing<'a>(these: &'a [FindingRecord], those: &[FindingRecord]) -> Vec<&'a FindingRecord> {
    let key = |finding: &FindingRecord| {
        (
            finding.code.clone(),
            finding.channels.clone(),
            finding.primitives.clone(),
            finding.site.clone(),
        )
    };
    these.iter().filter(|this| !those.iter().any(|that| key(that) == key(this))).collect()
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
