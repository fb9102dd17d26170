//! The same numbers and names for the same objects of several runs.
//!
//! Threads, channels and locks are numbered in the order in which a run makes or first uses them, so
//! the same lock can have other numbers in other runs. A thread is identified by the thread that
//! spawned it, a channel by the thread that made it, and a lock by the operations of threads that
//! use it first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use format::{Call, Phase};

use super::run::TreeRun;
use super::sources::Lines;
use crate::explore::order::{Action, Object, Order, hash_of};

/// The objects of all runs.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By identity.
    threads: HashMap<u64, usize>,
    channels: HashMap<(u64, usize), usize>,
    /// The locks that have a use as their first one by a thread.
    uses: HashMap<u64, Vec<usize>>,
    pub(super) thread_names: Vec<String>,
    pub(super) channel_facts: Vec<ChannelFacts>,
    pub(super) primitive_facts: Vec<PrimitiveFacts>,
}

#[derive(Debug)]
pub(super) struct ChannelFacts {
    pub(super) label: String,
    pub(super) bound: Option<u64>,
}

#[derive(Debug)]
pub(super) struct PrimitiveFacts {
    pub(super) label: String,
    pub(super) kind: String,
}

/// The numbers of a run's objects among those of all runs.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) threads: BTreeMap<u32, usize>,
    pub(super) channels: BTreeMap<u32, usize>,
    pub(super) primitives: BTreeMap<u32, usize>,
}

impl Names {
    /// Adds the objects of a run. Returns their numbers.
    pub(super) fn add(&mut self, run: &TreeRun) -> Numbers {
        let order = &run.order;
        let mut numbers = Numbers::default();
        for (&thread, facts) in &order.threads {
            let number = *self.threads.entry(facts.identity).or_insert_with(|| {
                self.thread_names.push(facts.name.clone());
                self.thread_names.len() - 1
            });
            numbers.threads.insert(thread, number);
        }
        let mut made: BTreeMap<u64, usize> = BTreeMap::new();
        for (&channel, facts) in &order.channels {
            let by = order.threads.get(&facts.made_by).map_or(0, |thread| thread.identity);
            let count = made.entry(by).or_default();
            *count += 1;
            let number = *self.channels.entry((by, *count)).or_insert_with(|| {
                let (label, bound) = (facts.plain_label.clone(), facts.bound);
                self.channel_facts.push(ChannelFacts { label, bound });
                self.channel_facts.len() - 1
            });
            numbers.channels.insert(channel, number);
        }
        self.add_primitives(order, &mut numbers);
        numbers
    }

    fn add_primitives(&mut self, order: &Order, numbers: &mut Numbers) {
        let uses = first_uses(order);
        let mut taken = BTreeSet::new();
        for (&primitive, facts) in &order.primitives {
            let uses = uses.get(&primitive).map_or(&[][..], Vec::as_slice);
            let known = uses.iter().filter_map(|it| self.uses.get(it)).flatten().copied();
            let mut known = known.filter(|&it| {
                self.primitive_facts[it].label == facts.plain_label && !taken.contains(&it)
            });
            let number = known.next().unwrap_or_else(|| {
                let kind = facts.kind.map_or_else(|| "lock".to_owned(), |kind| format!("{kind:?}"));
                let label = facts.plain_label.clone();
                self.primitive_facts.push(PrimitiveFacts { label, kind });
                self.primitive_facts.len() - 1
            });
            taken.insert(number);
            for it in uses {
                let known = self.uses.entry(*it).or_default();
                if !known.contains(&number) {
                    known.push(number);
                }
            }
            numbers.primitives.insert(primitive, number);
        }
    }

    /// Replaces labels such as `Mutex<i32> @ main.rs:3` by the name of the variable in that line, or by
    /// `Mutex`, and tells equal ones apart. Names that the program has given stay.
    pub(super) fn finish(&mut self, mut lines: Option<&mut Lines>) {
        let mut shorten = |label: &mut String, kind: &str| {
            let variable = lines.as_mut().and_then(|lines| lines.variable_of(label));
            match variable {
                Some(variable) => *label = variable,
                None if label.contains(" @ ") => kind.clone_into(label),
                None => {}
            }
        };
        for facts in &mut self.channel_facts {
            shorten(&mut facts.label, "channel");
        }
        for PrimitiveFacts { label, kind } in &mut self.primitive_facts {
            shorten(label, kind);
        }
        let channels = self.channel_facts.iter_mut().map(|facts| &mut facts.label);
        let primitives = self.primitive_facts.iter_mut().map(|facts| &mut facts.label);
        tell_apart(channels.chain(primitives).collect());
        tell_apart(self.thread_names.iter_mut().collect());
    }

    /// Gives the objects of a run their names.
    pub(super) fn rename(&self, order: &mut Order, numbers: &Numbers) {
        for (thread, number) in &numbers.threads {
            if let Some(thread) = order.threads.get_mut(thread) {
                thread.name.clone_from(&self.thread_names[*number]);
            }
        }
        for (channel, number) in &numbers.channels {
            if let Some(channel) = order.channels.get_mut(channel) {
                channel.label.clone_from(&self.channel_facts[*number].label);
            }
        }
        for (primitive, number) in &numbers.primitives {
            if let Some(primitive) = order.primitives.get_mut(primitive) {
                primitive.label.clone_from(&self.primitive_facts[*number].label);
            }
        }
    }
}

/// Adds `A`, `B` to equal names: numbers would look like indices.
fn tell_apart(names: Vec<&mut String>) {
    let mut alike: BTreeMap<String, Vec<&mut String>> = BTreeMap::new();
    for name in names {
        alike.entry(name.clone()).or_default().push(name);
    }
    for names in alike.into_values().filter(|names| names.len() > 1) {
        for (name, index) in names.into_iter().zip(0u32..) {
            let letter = char::from_u32(u32::from('A') + index).filter(char::is_ascii_uppercase);
            let suffix = letter.map_or_else(|| (index + 1).to_string(), String::from);
            // Not an ordinary space, so that it is one word.
            *name += &format!("\u{a0}{suffix}");
        }
    }
}

/// For each lock, a hash of the first use by each thread: of the thread, and of the number of operations
/// before it.
fn first_uses(order: &Order) -> BTreeMap<u32, Vec<u64>> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut uses: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for operation in &order.operations {
        let Action::Call(kind) = operation.action else { continue };
        let count = counts.entry(operation.thread).or_default();
        if let Object::Primitive(primitive) = operation.object
            && seen.insert((operation.thread, primitive))
        {
            let identity = order.threads.get(&operation.thread).map_or(0, |it| it.identity);
            let call = kind.call() as u8;
            let hash = hash_of(&(identity, *count, call, order.place_of(operation)));
            uses.entry(primitive).or_default().push(hash);
        }
        // A wait is not in every order.
        let only_waits = kind.phase() == Phase::Begin && !matches!(kind.call(), Call::Sleep);
        *count += u64::from(!only_waits);
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_told_apart() {
        let mut names = ["fork", "knife", "fork"].map(str::to_owned);
        tell_apart(names.iter_mut().collect());
        assert_eq!(names, ["fork\u{a0}A", "knife", "fork\u{a0}B"]);
    }
}
