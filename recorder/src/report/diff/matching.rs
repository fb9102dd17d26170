//! Finds the channels and findings of one run in another, even if the source was edited in between.
//!
//! Lines move when something is inserted above them. So a channel is recognised by its process, its
//! file, its type and the name that the program gave it, and by its order among the channels that
//! have these in common; a finding, by its code, its file and what it is about.

use std::collections::{BTreeMap, HashMap};

use crate::report::groups::{without_count, without_numbers};
use crate::report::json::{ChannelRecord, FindingRecord};

/// The channels of two runs, as indices: those that are in both, then those that only one has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Matching {
    pub(super) both: Vec<(usize, usize)>,
    pub(super) gone: Vec<usize>,
    pub(super) come: Vec<usize>,
}

/// The properties of a channel that an edit elsewhere in its file does not change.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ChannelKey<'a> {
    process: &'a str,
    file: &'a str,
    message_type: &'a str,
    /// The name that the program gave it, or nothing.
    name: &'a str,
}

impl<'a> ChannelKey<'a> {
    fn new(channel: &'a ChannelRecord) -> Self {
        let place = channel.site.as_deref().map(file_and_line);
        let name = without_count(&channel.name);
        let default = format::default_label(&channel.message_type, place);
        ChannelKey {
            process: &channel.process,
            file: place.map_or("", |(file, _)| file),
            message_type: &channel.message_type,
            name: if name == default { "" } else { name },
        }
    }
}

/// File and line of `src/main.rs:14`; line 0 if it has none.
fn file_and_line(site: &str) -> (&str, u32) {
    let parts = site.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    parts.unwrap_or((site, 0))
}

/// Matches the channels of two runs.
pub(super) fn channels(before: &[ChannelRecord], after: &[ChannelRecord]) -> Matching {
    // By key and line, in the order in which they were made.
    type ByLine = BTreeMap<u32, Vec<usize>>;
    let mut keys: BTreeMap<ChannelKey<'_>, [ByLine; 2]> = BTreeMap::new();
    for (run, channels) in [before, after].into_iter().enumerate() {
        for (index, channel) in channels.iter().enumerate() {
            let line = channel.site.as_deref().map_or(0, |site| file_and_line(site).1);
            let lines = &mut keys.entry(ChannelKey::new(channel)).or_default()[run];
            lines.entry(line).or_default().push(index);
        }
    }
    let mut matching = Matching::default();
    for [before, after] in keys.into_values() {
        let lines = [&before, &after].map(|lines| lines.keys().copied().collect::<Vec<_>>());
        let mut unmatched = (before, after);
        for (line_before, line_after) in lines_in_both(&lines[0], &lines[1]) {
            let before = unmatched.0.remove(&line_before).unwrap_or_default();
            let after = unmatched.1.remove(&line_after).unwrap_or_default();
            let both = before.len().min(after.len());
            matching.both.extend(before.iter().copied().zip(after.iter().copied()));
            matching.gone.extend(&before[both..]);
            matching.come.extend(&after[both..]);
        }
        matching.gone.extend(unmatched.0.into_values().flatten());
        matching.come.extend(unmatched.1.into_values().flatten());
    }
    matching.both.sort_unstable();
    matching.gone.sort_unstable();
    matching.come.sort_unstable();
    matching
}

/// Pairs of lines that are likely to be the same line of an edited file. Both lists are sorted, and
/// so are the pairs; all lines of the shorter list are in one.
fn lines_in_both(before: &[u32], after: &[u32]) -> Vec<(u32, u32)> {
    /// Maximum number of pairs that are tried. Longer lists are paired in order.
    const MAX_PAIRS: usize = 10_000;
    if before.len() > after.len() {
        let swapped = lines_in_both(after, before).into_iter();
        return swapped.map(|(after, before)| (before, after)).collect();
    }
    if before.len() == after.len() || before.len() * after.len() > MAX_PAIRS {
        return before.iter().copied().zip(after.iter().copied()).collect();
    }
    // Lines are inserted in a few places, so that most lines move by the same number.
    let shift = |from: u32, to: u32| i64::from(to) - i64::from(from);
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for &from in before {
        after.iter().for_each(|&to| *counts.entry(shift(from, to)).or_default() += 1);
    }
    let common = counts.into_iter().max_by_key(|&(shift, count)| (count, -shift.abs(), shift));
    let common = common.map_or(0, |(shift, _)| shift);
    // `costs[i][j]` is the least sum of deviations of the first i lines before from the common
    // shift, if they are among the first j lines after.
    let mut costs = vec![vec![0_u64; after.len() + 1]; before.len() + 1];
    for i in 1..=before.len() {
        costs[i][i - 1] = u64::MAX;
        for j in i..=after.len() {
            let deviation = shift(before[i - 1], after[j - 1]).abs_diff(common);
            let paired = costs[i - 1][j - 1].saturating_add(deviation);
            costs[i][j] = paired.min(costs[i][j - 1]);
        }
    }
    let (mut i, mut j) = (before.len(), after.len());
    let mut pairs = Vec::new();
    while i > 0 {
        if costs[i][j] < costs[i][j - 1] || j == i {
            pairs.push((before[i - 1], after[j - 1]));
            i -= 1;
        }
        j -= 1;
    }
    pairs.reverse();
    pairs
}

/// The properties of a finding that an edit elsewhere in its file does not change.
#[derive(Clone, PartialEq, Eq, Hash)]
struct FindingKey<'a> {
    code: &'a str,
    process: &'a str,
    file: &'a str,
    /// The pairs of its channels, or the names of those that are in one run only.
    channels: Vec<Result<usize, &'a str>>,
    primitives: Vec<String>,
}

/// A run and what is known about its channels: the pair that each is in, by name.
struct Run<'a> {
    findings: &'a [FindingRecord],
    pairs: HashMap<&'a str, usize>,
}

impl<'a> Run<'a> {
    fn key(&self, finding: &'a FindingRecord) -> FindingKey<'a> {
        let channels = finding.channels.iter().map(|name| self.pairs.get(&**name).ok_or(&**name));
        FindingKey {
            code: &finding.code,
            process: finding.process.as_deref().unwrap_or_default(),
            file: finding.site.as_deref().map_or("", |site| file_and_line(site).0),
            channels: channels.map(|pair| pair.copied()).collect(),
            primitives: finding.primitives.iter().map(|name| without_numbers(name)).collect(),
        }
    }
}

/// Returns the findings that only the earlier run has, and those that only the later run has.
pub(super) fn missing_findings(
    [before, after]: [(&[FindingRecord], &[ChannelRecord]); 2],
    matching: &Matching,
) -> [Vec<FindingRecord>; 2] {
    let both = || matching.both.iter().enumerate();
    let earlier = both().map(|(pair, &(index, _))| (&*before.1[index].name, pair));
    let later = both().map(|(pair, &(_, index))| (&*after.1[index].name, pair));
    let runs = [
        Run { findings: before.0, pairs: earlier.collect() },
        Run { findings: after.0, pairs: later.collect() },
    ];
    let mut left = runs.each_ref().map(|run| run.findings.iter().collect::<Vec<_>>());
    // The most similar first: those in one place, then those in one file.
    remove_pairs(&mut left, |run, it| (runs[run].key(it), it.site.as_deref()));
    remove_pairs(&mut left, |run, it| (runs[run].key(it), without_numbers(&it.what)));
    // Without a channel or lock, two findings in one file need not have anything in common.
    remove_pairs(&mut left, |run, it| {
        let is_alone = it.channels.is_empty() && it.primitives.is_empty();
        (runs[run].key(it), is_alone.then(|| (run, it.what.clone())))
    });
    left.map(|findings| findings.into_iter().cloned().collect())
}

/// Removes as many findings of each run as the other one has with the same key, in their order.
fn remove_pairs<'a, K: Eq + std::hash::Hash>(
    findings: &mut [Vec<&'a FindingRecord>; 2],
    key: impl Fn(usize, &'a FindingRecord) -> K,
) {
    let mut counts: [HashMap<K, usize>; 2] = [HashMap::new(), HashMap::new()];
    for (run, counts) in counts.iter_mut().enumerate() {
        findings[run].iter().for_each(|it| *counts.entry(key(run, it)).or_default() += 1);
    }
    for run in 0..2 {
        findings[run].retain(|it| match counts[1 - run].get_mut(&key(run, it)) {
            Some(count @ 1..) => {
                *count -= 1;
                false
            }
            _ => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_moved_are_recognised() {
        assert_eq!(lines_in_both(&[10, 20], &[13, 23]), [(10, 13), (20, 23)]);
        // One was inserted before, between and after.
        assert_eq!(lines_in_both(&[10, 20], &[5, 40, 50]), [(10, 40), (20, 50)]);
        assert_eq!(lines_in_both(&[10, 20], &[40, 45, 50]), [(10, 40), (20, 50)]);
        assert_eq!(lines_in_both(&[10, 20], &[10, 20, 30]), [(10, 10), (20, 20)]);
        assert_eq!(lines_in_both(&[10, 20], &[10, 15, 21]), [(10, 10), (20, 21)]);
        // One was removed.
        assert_eq!(lines_in_both(&[10, 15, 20], &[13, 23]), [(10, 13), (20, 23)]);
        assert_eq!(lines_in_both(&[], &[1]), []);
    }
}
