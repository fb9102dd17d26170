//! Channels, threads and findings that are alike and that people read about once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use format::{Call, PrimitiveKind};

use crate::analysis::Analysis;
use crate::analysis::findings::words::{counted, list};
use crate::analysis::findings::{Certainty, Finding};
use crate::reading::catalog::{
    Catalog, Channel, ChannelIndex, PlaceIndex, ProcessIndex, Target, ThreadIndex,
};

/// Maximum number of channels made at one place, without different names, that have a line each.
const MAX_SEPARATE_UNNAMED: usize = 3;
/// Maximum number of channels made at one place, with different names, that have a line each, and
/// of threads spawned at one place.
const MAX_SEPARATE_NAMED: usize = 8;

/// Findings that differ only in the number of a channel, lock or thread.
#[derive(Debug)]
pub(super) struct FindingGroup<'a> {
    /// The first of them, which is the worst.
    pub(super) first: &'a Finding,
    /// Its number in the report, from 1: `--around` takes it.
    pub(super) number: usize,
    others: Vec<&'a Finding>,
}

/// The groups of findings, in the order of their first ones.
pub(super) fn findings<'a>(analysis: &Analysis<'_>, all: &'a [Finding]) -> Vec<FindingGroup<'a>> {
    let catalog = analysis.catalog;
    let numbered: Vec<(usize, &Finding)> = (1..).zip(all).collect();
    let groups = grouped(&numbered, |(_, finding)| Some(FindingKey::new(catalog, finding)));
    let groups = groups.into_iter().filter_map(|group| {
        let (&&(number, first), others) = group.split_first()?;
        let others = others.iter().map(|(_, finding)| *finding).collect();
        Some(FindingGroup { first, number, others })
    });
    groups.collect()
}

impl FindingGroup<'_> {
    /// `and 13 more like it, on "jobs [2]", "jobs [3]" and 11 more`, or nothing.
    pub(super) fn others_in_words(&self, analysis: &Analysis<'_>) -> Option<String> {
        let count = self.others.len();
        let mut named: HashSet<String> = subjects(analysis, self.first).into_iter().collect();
        let names = self.others.iter().flat_map(|finding| subjects(analysis, finding));
        let names: Vec<_> = names.filter(|name| named.insert(name.clone())).collect();
        let preposition = match self.first.channels.is_empty() && self.first.primitives.is_empty() {
            true => "in",
            false => "on",
        };
        let names = match names.is_empty() {
            true => String::new(),
            false => format!(", {preposition} {}", list(&names)),
        };
        (count > 0).then(|| format!("and {count} more like it{names}"))
    }
}

/// The names of the channels, locks or threads that a finding is about.
fn subjects(analysis: &Analysis<'_>, finding: &Finding) -> Vec<String> {
    let Finding { channels, primitives, threads, .. } = finding;
    let targets: Vec<_> = match (&channels[..], &primitives[..]) {
        ([], []) => threads.iter().map(|&thread| Target::Thread(thread)).collect(),
        ([], primitives) => primitives.iter().map(|&lock| Target::Primitive(lock)).collect(),
        (channels, _) => channels.iter().map(|&channel| Target::Channel(channel)).collect(),
    };
    targets.into_iter().map(|target| analysis.name_of(target)).collect()
}

/// The properties that the findings of a group share.
#[derive(PartialEq, Eq, Hash)]
struct FindingKey<'a> {
    code: &'static str,
    is_certain: bool,
    process: ProcessIndex,
    place: Option<PlaceIndex>,
    channels: Vec<ChannelKey<'a>>,
    primitives: Vec<(Option<&'static str>, Option<PlaceIndex>, String)>,
    threads: BTreeSet<String>,
}

impl<'a> FindingKey<'a> {
    fn new(catalog: &'a Catalog, finding: &Finding) -> Self {
        let channels = finding.channels.iter().map(|&it| ChannelKey::new(&catalog.channels[it]));
        let primitives = finding.primitives.iter().map(|&it| {
            let lock = &catalog.primitives[it];
            (lock.kind.map(PrimitiveKind::name), lock.place, without_numbers(&lock.label))
        });
        let threads = finding.threads.iter();
        FindingKey {
            code: finding.code.name(),
            is_certain: finding.certainty == Certainty::Certain,
            process: finding.process(catalog),
            place: finding.place,
            channels: channels.collect(),
            primitives: primitives.collect(),
            threads: threads.map(|&it| without_numbers(&catalog.threads[it].name)).collect(),
        }
    }
}

/// The properties that channels made at one place share.
#[derive(PartialEq, Eq, Hash)]
struct ChannelKey<'a> {
    process: ProcessIndex,
    place: Option<PlaceIndex>,
    message_type: &'a str,
    bound: Option<u64>,
    name: String,
}

impl<'a> ChannelKey<'a> {
    fn new(channel: &'a Channel) -> Self {
        ChannelKey {
            process: channel.process,
            place: channel.place,
            message_type: &channel.message_type,
            bound: channel.bound,
            name: without_numbers(&channel.label),
        }
    }
}

/// The channels of the report, those made at one place together if there are many.
pub(super) fn channels(catalog: &Catalog) -> Vec<Vec<ChannelIndex>> {
    let groups = grouped(&catalog.flow_order.channels, |&index| {
        let channel = &catalog.channels[index];
        channel.place.map(|_| ChannelKey::new(channel))
    });
    let name = |channel: &ChannelIndex| without_count(&catalog.channels[*channel].label);
    separated(groups, |group| match group.iter().all(|it| name(it) == name(group[0])) {
        true => MAX_SEPARATE_UNNAMED,
        false => MAX_SEPARATE_NAMED,
    })
}

/// The name of a group of channels: `u64 @ main.rs:15 (14 channels)`.
pub(super) fn channel_name(catalog: &Catalog, channels: &[ChannelIndex]) -> String {
    let names: Vec<_> = channels.iter().map(|&it| &*catalog.channels[it].label).collect();
    group_name(&names, "channel")
}

/// The threads of the report, those spawned at one place that behave alike together if there are
/// many.
pub(super) fn threads(analysis: &Analysis<'_>) -> Vec<Vec<ThreadIndex>> {
    let catalog = analysis.catalog;
    let mut indices = catalog.flow_order.threads.clone();
    indices.retain(|&thread| analysis.is_counted(thread));
    let groups = grouped(&indices, |&index| {
        let thread = &catalog.threads[index];
        let place = thread.spawned?.place?;
        let waits = analysis.stats.threads[index].waits.iter();
        let call = waits.map(|waits| waits.call).find(|&call| call != Call::Sleep);
        let panicked = analysis.state.threads[index].panic.is_some();
        Some((thread.process, place, without_numbers(&thread.name), call, panicked))
    });
    let groups = groups.into_iter().flat_map(|group| by_load(analysis, group)).collect();
    separated(groups, |_| MAX_SEPARATE_NAMED)
}

/// Takes the threads out of a group that ran for a much larger or smaller part of their lives than
/// most.
fn by_load<'a>(analysis: &Analysis<'_>, group: Vec<&'a ThreadIndex>) -> Vec<Vec<&'a ThreadIndex>> {
    /// Percentage points.
    const MAX_DEVIATION: u64 = 25;
    let load = |&&thread: &&ThreadIndex| {
        let life = analysis.life(thread);
        let runs = analysis.times(thread).runs;
        (100 * u128::from(runs.get()) / u128::from(life.get().max(1))) as u64
    };
    let mut loads: Vec<_> = group.iter().map(load).collect();
    loads.sort_unstable();
    let median = loads[loads.len() / 2];
    let (alike, others) = group
        .into_iter()
        .partition::<Vec<_>, _>(|thread| load(thread).abs_diff(median) <= MAX_DEVIATION);
    let others = others.into_iter().map(|thread| vec![thread]);
    [alike].into_iter().chain(others).filter(|group| !group.is_empty()).collect()
}

/// The name of a group of threads: `worker 1 … 40 (40 threads)`.
pub(super) fn thread_name(catalog: &Catalog, threads: &[ThreadIndex]) -> String {
    let names: Vec<_> = threads.iter().map(|&it| &*catalog.threads[it].name).collect();
    group_name(&names, "thread")
}

/// The name of the only one, or of the first and last and how many there are.
fn group_name(names: &[&str], noun: &str) -> String {
    let (first, last) = match names {
        [] => return String::new(),
        [one] => return (*one).to_owned(),
        [first, .., last] => (without_count(first), without_count(last)),
    };
    let count = counted(names.len() as u64, noun);
    match (first.split_once(" @ "), last.split_once(" @ ")) {
        _ if first == last => format!("{first} ({count})"),
        (Some((first, place)), Some((last, same))) if place == same => {
            format!("{first} … {} @ {place} ({count})", without_common_start(last, first))
        }
        _ => format!("{first} … {} ({count})", without_common_start(last, first)),
    }
}

/// The part of a name from its first number or other part that differs from another name.
fn without_common_start<'a>(name: &'a str, other: &str) -> &'a str {
    let differing = name.char_indices().zip(other.chars()).find(|&((_, a), b)| a != b);
    let common = &name[..differing.map_or(name.len(), |((at, _), _)| at)];
    &name[common.trim_end_matches(|c: char| c.is_ascii_digit()).len()..]
}

/// Puts together those with equal keys, in the order of the first ones. What has no key is alone.
fn grouped<T, K: Eq + Hash>(all: &[T], key: impl Fn(&T) -> Option<K>) -> Vec<Vec<&T>> {
    let mut groups: Vec<Vec<&T>> = Vec::new();
    let mut by_key = HashMap::new();
    for it in all {
        let next = groups.len();
        let group = key(it).map_or(next, |key| *by_key.entry(key).or_insert(next));
        match groups.get_mut(group) {
            Some(group) => group.push(it),
            None => groups.push(vec![it]),
        }
    }
    groups
}

/// Splits the groups that have at most as many members as `max` returns.
fn separated<I: Copy>(groups: Vec<Vec<&I>>, max: impl Fn(&[&I]) -> usize) -> Vec<Vec<I>> {
    let separated = groups.into_iter().flat_map(|group| {
        let max = max(&group);
        let group: Vec<I> = group.into_iter().copied().collect();
        let size = if group.len() > max { group.len() } else { 1 };
        group.chunks(size).map(<[I]>::to_vec).collect::<Vec<_>>()
    });
    separated.collect()
}

/// A name without the `[2]` that distinguishes it from equal ones.
pub(super) fn without_count(name: &str) -> &str {
    let count = name.strip_suffix(']').and_then(|name| name.rsplit_once(" ["));
    match count {
        Some((rest, count)) if count.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    }
}

/// A name with `#` for each of its numbers.
pub(super) fn without_numbers(name: &str) -> String {
    let name = without_count(name);
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_ascii_digit() {
            true if pattern.ends_with('#') => {}
            true => pattern.push('#'),
            false => pattern.push(c),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_contain_their_first_and_last() {
        let name = |names: &[&str]| group_name(names, "thread");
        assert_eq!(name(&["main"]), "main");
        assert_eq!(name(&["u64 @ a.rs:1", "u64 @ a.rs:1 [2]"]), "u64 @ a.rs:1 (2 threads)");
        assert_eq!(name(&["worker 1", "worker 12"]), "worker 1 … 12 (2 threads)");
        assert_eq!(name(&["a 1", "b 1"]), "a 1 … b 1 (2 threads)");
        let names = ["thread 2 @ a.rs:1", "thread 3 @ a.rs:1"];
        assert_eq!(name(&names), "thread 2 … 3 @ a.rs:1 (2 threads)");
    }

    #[test]
    fn names_are_alike_up_to_numbers() {
        assert_eq!(without_numbers("worker-12"), without_numbers("worker-7"));
        assert_eq!(without_numbers("jobs [12]"), "jobs");
        assert_ne!(without_numbers("jobs [a]"), "jobs");
        assert_ne!(without_numbers("reader 1"), without_numbers("writer 1"));
    }

    #[test]
    fn small_groups_are_separated() {
        let (few, many) = ([1, 2], [3, 4, 5]);
        let groups = vec![few.iter().collect(), many.iter().collect()];
        assert_eq!(separated(groups, |_| 2), [vec![1], vec![2], vec![3, 4, 5]]);
    }
}
