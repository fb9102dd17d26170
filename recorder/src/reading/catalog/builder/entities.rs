//! Adds the threads, channels, endpoints, locks, callsites and tasks of the drafts to the catalog.

use std::collections::BTreeMap;

use format::{PrimitiveKind, UNBOUNDED, default_label};

use super::CatalogBuilder;
use super::records::{Draft, ThreadDraft};
use crate::reading::catalog::first_use::{FirstUse, Placed};
use crate::reading::catalog::labels::{distinguish, primitive_type, readable, track};
use crate::reading::catalog::observation::RecordedThreads;
use crate::reading::catalog::{
    Callsite, Catalog, Channel, ChannelIndex, Endpoint, Level, Numbers, PlaceIndex, Primitive,
    ProcessIndex, Spawned, Thread, ThreadOutcome,
};
use crate::reading::id_map::IdMap;
use crate::reading::metadata::{EndpointFacts, EndpointOrigin, Metadata, Side};
use crate::reading::time::{Nanos, Ticks};

impl CatalogBuilder {
    /// The facts of all processes whose numbers are not among `known` yet, sorted by `key`, then by
    /// process and number.
    fn new_facts<'d, F, I: Copy, K: Ord>(
        &'d self,
        catalog: &Catalog,
        facts: impl Fn(&'d Draft) -> &'d BTreeMap<u32, F>,
        known: impl Fn(&Numbers) -> &IdMap<I>,
        key: impl Fn(ProcessIndex, &F) -> K,
    ) -> Vec<(ProcessIndex, u32, &'d F)> {
        let all = self.drafts.iter_enumerated().flat_map(|(process, draft)| {
            facts(draft).iter().map(move |(&number, facts)| (process, number, facts))
        });
        let is_new = |&(process, number, _): &(ProcessIndex, u32, _)| {
            known(&catalog.numbers[process]).get(number).is_none()
        };
        let mut new: Vec<_> = all.filter(is_new).collect();
        new.sort_by_cached_key(|&(process, _, facts)| key(process, facts));
        new
    }

    pub(super) fn extend_threads(&self, catalog: &mut Catalog) {
        let time = |process, thread: &ThreadDraft| {
            thread.ticks.map_or(Nanos::LATEST, |ticks| catalog.time(process, ticks))
        };
        let mut new =
            self.new_facts(catalog, |draft| &draft.threads, |numbers| &numbers.threads, time);
        // Thread 0 describes the process.
        new.retain(|&(_, number, _)| number != 0);
        for (process, number, _) in new {
            let Metadata { threads, spawns, .. } = &self.drafts[process].metadata;
            let (os_id, name) =
                threads.get(&number).map_or((0, ""), |facts| (facts.os_id, &facts.name));
            let place = spawns.get(&number).and_then(|spawn| spawn.place);
            let default = format!("thread {number}");
            let thread = Placed::Thread(number);
            let name = readable(name);
            let (name, _) = self.label(catalog, process, thread, &name, &default, place);
            let index = catalog.threads.push_and_get_key(Thread {
                process,
                number,
                os_id,
                track: track(os_id, number, &mut catalog.labels[process].tracks),
                name,
                dropped: 0,
                spawned: None,
                outcome: None,
                samples: Vec::new(),
                blocked: Vec::new(),
                began_before: false,
            });
            catalog.numbers[process].threads.insert(number, index);
        }
        for (index, thread) in catalog.threads.iter_mut_enumerated() {
            let Draft { metadata, threads, .. } = &self.drafts[thread.process];
            let numbers = &catalog.numbers[thread.process].threads;
            if let Some(draft) = threads.get(&thread.number) {
                thread.dropped = draft.dropped.0.saturating_add(draft.dropped.1);
            }
            thread.spawned = metadata.spawns.get(&thread.number).map(|spawn| Spawned {
                // A thread does not spawn itself.
                by: numbers.get(spawn.by).filter(|&by| by != index),
                place: spawn.place,
            });
            let facts = metadata.threads.get(&thread.number);
            thread.began_before = facts.is_some_and(|facts| facts.first_sequence > 0);
            let returned = facts.and_then(|facts| facts.returned);
            thread.outcome = returned.map(|panicked| match panicked {
                true => ThreadOutcome::Panicked,
                false => ThreadOutcome::Returned,
            });
        }
    }

    pub(super) fn extend_observations(&self, catalog: &mut Catalog) {
        let origin = catalog.origin();
        for (process, draft) in self.drafts.iter_enumerated() {
            let numbers = &catalog.numbers[process].threads;
            let threads = draft.threads.iter().filter_map(|(&number, thread)| {
                let index = numbers.get(number)?;
                Some((catalog.threads[index].os_id, catalog.time(process, thread.ticks?), index))
            });
            let threads = RecordedThreads::new(threads);
            catalog.processes[process].last_observation = draft.observations.last(origin, &threads);
            draft.observations.extend_threads(origin, &threads, &mut catalog.threads);
        }
    }

    /// A name that the program gave, or else a type and where the thing was made: `Job @ main.rs:14`.
    /// If that is inside the standard library, it is the place of its first use outside it, or else
    /// the thread that made it: `Job of main`. Returns the place as well.
    fn label(
        &self,
        catalog: &Catalog,
        process: ProcessIndex,
        it: Placed,
        name: &str,
        type_name: &str,
        made_at: Option<PlaceIndex>,
    ) -> (String, Option<PlaceIndex>) {
        let Draft { metadata, first_uses, .. } = &self.drafts[process];
        let first_use = first_uses.get(it);
        // A dependency is better than nothing, and the call that led there better than a later use.
        let in_dependency = made_at.filter(|&made_at| {
            let place = &catalog.places[made_at];
            place.called.is_some()
                || first_use.is_some_and(|first| first.place.is_none())
                    && place.dependency().is_some()
        });
        let place = in_dependency.or(first_use.map_or(made_at, |first| first.place));
        if !name.is_empty() {
            return (name.to_owned(), place);
        }
        let known = place.map(|place| catalog.places[place].label_place());
        let known = known.as_ref().map(|(file, line)| (&**file, *line));
        let mut label = default_label(type_name, known);
        if let Some(FirstUse { made_by, place: None }) = first_use
            && place.is_none()
            && let Some(thread) = metadata.thread_in_words(made_by)
        {
            label += &format!(" of {}", readable(&thread));
        }
        (label, place)
    }

    pub(super) fn extend_channels(&self, catalog: &mut Catalog) {
        let new = self.new_facts(
            catalog,
            |draft| &draft.metadata.channels,
            |numbers| &numbers.channels,
            |process, facts| {
                (catalog.time(process, facts.time), process, facts.sender, facts.receiver)
            },
        );
        for (process, number, facts) in new {
            let (name, made) = (&facts.name, Placed::Channel(number));
            let (label, place) =
                self.label(catalog, process, made, name, &facts.message_type, facts.place);
            let channel = catalog.channels.next_key();
            let numbers = &mut catalog.numbers[process];
            numbers.channels.insert(number, channel);
            let [sender, _] = [(facts.sender, Side::Sender), (facts.receiver, Side::Receiver)].map(
                |(number, side)| {
                    let facts = &self.drafts[process].metadata.endpoints[&number];
                    let endpoint = endpoint(channel, side, false, facts);
                    let index = catalog.endpoints.push_and_get_key(endpoint);
                    numbers.endpoints.insert(number, index);
                    index
                },
            );
            catalog.channels.push(Channel {
                process,
                label: distinguish(&label, &mut catalog.labels[process].channels),
                message_type: facts.message_type.clone(),
                bound: (facts.bound != UNBOUNDED).then_some(facts.bound),
                place,
                sender,
                senders_before: 0,
                receivers_before: 0,
            });
        }
    }

    /// Adds the endpoints that are clones, names all endpoints, and counts those that were made before
    /// the recording.
    pub(super) fn extend_endpoints(&self, catalog: &mut Catalog) {
        for channel in &mut catalog.channels {
            (channel.senders_before, channel.receivers_before) = (0, 0);
        }
        for (numbers, draft) in catalog.numbers.iter_mut().zip(&self.drafts) {
            let numbers = &mut numbers.endpoints;
            // A clone's number is larger than that of its original.
            for (&number, facts) in &draft.metadata.endpoints {
                let known = numbers.get(number).or_else(|| {
                    let EndpointOrigin::Clone(original) = facts.origin else { return None };
                    let channel = catalog.endpoints[numbers.get(original)?].channel;
                    let endpoint = endpoint(channel, facts.side, true, facts);
                    let index = catalog.endpoints.push_and_get_key(endpoint);
                    numbers.insert(number, index);
                    Some(index)
                });
                let Some(index) = known else { continue };
                let endpoint = &mut catalog.endpoints[index];
                endpoint.name = facts.name.as_deref().map(|name| readable(name).into_owned());
                if facts.made_before && !facts.dropped_before {
                    let channel = &mut catalog.channels[endpoint.channel];
                    match endpoint.side {
                        Side::Sender => channel.senders_before += 1,
                        Side::Receiver => channel.receivers_before += 1,
                    }
                }
            }
        }
    }

    pub(super) fn extend_uses(&self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_enumerated() {
            draft.uses.extend(process, catalog);
        }
    }

    pub(super) fn extend_primitives(&self, catalog: &mut Catalog) {
        let mut new = self.new_facts(
            catalog,
            |draft| &draft.metadata.primitives,
            |numbers| &numbers.primitives,
            |process, facts| catalog.time(process, facts.time),
        );
        new.retain(|(.., facts)| facts.is_seen);
        for (process, number, facts) in new {
            let kind = PrimitiveKind::from_code(facts.kind);
            let name = facts.name.as_deref().unwrap_or_default();
            let kind_and_value = primitive_type(kind, &facts.value_type);
            let made = Placed::Primitive(number);
            let (label, place) =
                self.label(catalog, process, made, name, &kind_and_value, facts.place);
            let index = catalog.primitives.push_and_get_key(Primitive {
                process,
                kind,
                label: distinguish(&label, &mut catalog.labels[process].primitives),
                value_type: facts.value_type.clone(),
                place,
                size: facts.size,
            });
            catalog.numbers[process].primitives.insert(number, index);
        }
    }

    pub(super) fn extend_callsites_and_tasks(&self, catalog: &mut Catalog) {
        for (process, draft) in self.drafts.iter_enumerated() {
            let numbers = &mut catalog.numbers[process];
            for (&number, facts) in &draft.metadata.callsites {
                if numbers.callsites.get(number).is_some() {
                    continue;
                }
                let index = catalog.callsites.push_and_get_key(Callsite {
                    process,
                    level: Level::from_code(facts.level),
                    place: facts.place,
                    target: readable(&facts.target).into_owned(),
                    name: readable(&facts.name).into_owned(),
                });
                numbers.callsites.insert(number, index);
            }
            let named = draft.metadata.tasks.iter().filter(|(_, task)| !task.name.is_empty());
            let names = named.map(|(&task, facts)| (task, readable(&facts.name).into_owned()));
            numbers.task_names.extend(names);
        }
    }
}
impl Catalog {
    /// When something happened, since the trace's start.
    fn time(&self, process: ProcessIndex, ticks: Ticks) -> Nanos {
        self.processes[process].clock.nanoseconds(ticks).since(self.origin())
    }
}

fn endpoint(channel: ChannelIndex, side: Side, is_clone: bool, facts: &EndpointFacts) -> Endpoint {
    let EndpointFacts { made_before, dropped_before, .. } = *facts;
    Endpoint { channel, side, is_clone, name: None, made_before, dropped_before }
}
