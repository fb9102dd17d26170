//! The changes from one run to another.

use std::fmt;

use serde::Serialize;

use super::json::{ChannelRecord, Document, FindingRecord, SideRecord, VERSION};
use super::table::{MIN_NAME, Table};
use crate::layout::{DEFAULT_WIDTH, wrap};
use crate::reading::Nanos;

mod matching;

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
    /// What the number measures: a name from docs/report-schema.md. That of a time ends in `_ns`.
    pub what: &'static str,
    /// The number before, in nanoseconds or messages; `None` if the channel did not exist.
    pub before: Option<u64>,
    /// The number after.
    pub after: Option<u64>,
}

impl Difference {
    /// The difference between two runs.
    pub fn new(before: &Document, after: &Document) -> Self {
        let mut changes = Vec::new();
        let times = [before.duration_ns, after.duration_ns];
        if differ(times) {
            changes.push(Change::new(None, "duration_ns", times.map(Some)));
        }
        let matching = matching::channels(&before.channels, &after.channels);
        for &(earlier, later) in &matching.both {
            changes_of([&before.channels[earlier], &after.channels[later]], &mut changes);
        }
        for &index in &matching.gone {
            changes.push(Change::new(Some(&before.channels[index]), "channel", [Some(1), None]));
        }
        for &index in &matching.come {
            changes.push(Change::new(Some(&after.channels[index]), "channel", [None, Some(1)]));
        }
        let runs = [before, after].map(|run| (&run.findings[..], &run.channels[..]));
        let [gone, come] = matching::missing_findings(runs, &matching);
        Difference { version: VERSION, come, gone, changes }
    }
}

impl Change {
    fn new(
        channel: Option<&ChannelRecord>,
        what: &'static str,
        [before, after]: [Option<u64>; 2],
    ) -> Self {
        let process = channel.map(|channel| channel.process.clone());
        let channel = channel.map(|channel| channel.name.clone());
        Change { channel, process, what, before, after }
    }
}

/// The changes of a channel.
fn changes_of(both: [&ChannelRecord; 2], changes: &mut Vec<Change>) {
    let mut add = |what, is_different: fn([u64; 2]) -> bool, of: fn(&ChannelRecord) -> u64| {
        let values = both.map(of);
        if is_different(values) {
            changes.push(Change::new(Some(both[1]), what, values.map(Some)));
        }
    };
    let exactly = |[before, after]: [u64; 2]| before != after;
    add("sent", exactly, |channel| channel.sent);
    add("received", exactly, |channel| channel.received);
    add("lost", exactly, |channel| channel.lost);
    add("returned", exactly, |channel| channel.returned);
    let deeper = |depths: [u64; 2]| depths[0].abs_diff(depths[1]) > 1 && relative(depths) > NOISE;
    add("max_depth", deeper, |channel| channel.depth.max);
    add("p50_latency_ns", differ, |channel| channel.latency.p50_ns);
    add("p99_latency_ns", differ, |channel| channel.latency.p99_ns);
    add("senders_waited_ns", differ, |channel| waited(&channel.senders));
    add("receivers_waited_ns", differ, |channel| waited(&channel.receivers));
}

/// A difference for people, in lines of a certain width.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    difference: &'a Difference,
    width: usize,
}

impl Difference {
    /// The difference in lines of at most `width` characters, as far as that is possible.
    pub fn text(&self, width: usize) -> Text<'_> {
        Text { difference: self, width }
    }
}

/// The difference in lines of the [default width](DEFAULT_WIDTH).
impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(DEFAULT_WIDTH).fmt(out)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { come, gone, changes, .. } = self.difference;
        for (sign, findings) in [('+', come), ('-', gone)] {
            for finding in findings {
                let line = format!("{sign} {}: {}", finding.code, finding.what);
                writeln!(out, "{}", wrap(&line, 0, 2, self.width))?;
            }
        }
        let mut table = Table::new(&["", "", ">before", ">after", ">change"]);
        for &Change { ref channel, what, before, after, .. } in changes {
            let name = what.trim_end_matches("_ns").replace('_', " ");
            let value = |number| match what.ends_with("_ns") {
                true => Nanos::new(number).to_string(),
                false => number.to_string(),
            };
            let (values, ratio) = match (before, after) {
                (Some(before), Some(after)) => ([before, after].map(value), ratio([before, after])),
                (Some(_), None) => (["there".into(), "gone".into()], String::new()),
                (None, _) => (["-".into(), "new".into()], String::new()),
            };
            let [before, after] = values;
            let channel = channel.as_deref().unwrap_or("run").to_owned();
            table.row(vec![channel, name, before, after, ratio]);
        }
        let room = self.width.saturating_sub(table.width_beside(&[0]));
        table.shorten(0, room.max(MIN_NAME));
        if !changes.is_empty() {
            write!(out, "{table}")?;
        }
        if come.is_empty() && gone.is_empty() && changes.is_empty() {
            writeln!(out, "nothing has changed by more than {:.0}%", 100.0 * NOISE)?;
        }
        Ok(())
    }
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
