//! What the first pass has met becomes the entities.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use format::{PrimitiveKind, UNBOUNDED};
use tracing::info;

use super::{Census, Met, Seen, Side, Spawn};
use crate::reading::Recording;
use crate::reading::alignment::{Member, align, refuse_equals};
use crate::reading::catalog::{
    Channel, Ended, Entities, Index, Primitive, Spawned, Thread, distinguish, primitive_type,
    unique,
};
use crate::reading::clock::LATEST;
use crate::reading::id_map::Indices;

impl Census {
    /// Puts what was met into the recording, in order and with what it is called.
    pub(super) fn finish(mut self, recording: &mut Recording) -> Result<()> {
        for process in &mut self.processes {
            process.clock.settle();
        }
        if recording.inputs.len() > 1 {
            self.align(recording)?;
        }
        let clocks: Vec<_> = self.processes.iter().map(|process| process.clock.clone()).collect();
        let seen = || {
            self.extent
                .iter()
                .enumerate()
                .filter_map(|(process, extent)| Some((process, (*extent)?)))
        };
        let origin = seen()
            .map(|(process, extent)| clocks[process].nanoseconds(extent.0))
            .min()
            .unwrap_or(0);
        let time =
            |process: usize, ticks| clocks[process].nanoseconds(ticks).saturating_sub(origin);
        let mut ends = vec![0; recording.inputs.len()];
        for (process, extent) in seen() {
            let end = &mut ends[self.processes[process].recording];
            *end = time(process, extent.1).max(*end);
        }
        for &(process, monotonic_ns, code, signal) in &self.ended {
            let at = monotonic_ns.min(LATEST).saturating_sub(origin);
            let process = &mut self.processes[process];
            let end = &mut ends[process.recording];
            *end = at.max(*end);
            process.ended = Some(Ended { time: at, code, signal });
        }
        for process in &mut self.processes {
            process.recorded_until = ends[process.recording];
        }
        let mut pids = HashSet::new();
        for process in &mut self.processes {
            process.track = unique(track(process.pid.into(), process.number), &mut pids);
        }
        let (threads, numbers) = self.threads(time);
        let (channels, endpoints) = self.channels(time);
        let (primitives, primitive_numbers) = self.primitives(time);
        let mut callsite_numbers = vec![Indices::default(); self.processes.len()];
        for (index, (number, callsite)) in self.callsites.iter().enumerate() {
            callsite_numbers[callsite.process].insert(*number, index);
        }
        let damage = self.damage.into_iter().map(|(input, damage)| recording.of(input, damage));
        let damage: Vec<_> = damage.collect();
        recording.damage.extend(damage);
        recording.origin = origin;
        recording.site_numbers = self.site_numbers;
        recording.entities = Entities {
            processes: self.processes,
            threads,
            channels,
            primitives,
            callsites: self.callsites.into_iter().map(|(_, callsite)| callsite).collect(),
            sites: self.sites,
            endpoints,
            endpoint_names: self.endpoint_names,
            task_names: self.task_names,
            primitive_numbers,
            callsite_numbers,
            numbers,
            end: ends.into_iter().max().unwrap_or(0),
        };
        Ok(())
    }

    /// Puts the clocks of several recordings on one.
    fn align(&mut self, recording: &mut Recording) -> Result<()> {
        let inputs = recording.inputs.iter().enumerate();
        let members = inputs.map(|(index, input)| {
            let of_it = |&process: &usize| self.processes[process].recording == index;
            let processes: Vec<_> = (0..self.processes.len()).filter(of_it).collect();
            let begin = |&process: &usize| {
                Some(self.processes[process].clock.nanoseconds(self.extent[process]?.0))
            };
            let begin = processes.iter().filter_map(begin).min();
            Member { name: input.name(), processes, begin }
        });
        let members: Vec<_> = members.collect();
        refuse_equals(&members, &self.processes)?;
        let (shifts, alignment) = align(&members, &self.processes);
        for process in &mut self.processes {
            process.clock.go_on(shifts[process.recording]);
        }
        for (process, monotonic_ns, ..) in &mut self.ended {
            let shift = shifts[self.processes[*process].recording];
            *monotonic_ns = monotonic_ns.saturating_add(shift);
        }
        info!(%alignment, "aligned");
        recording.alignment = Some(alignment);
        Ok(())
    }

    /// The threads, and by process where each number's is.
    fn threads(&mut self, time: impl Fn(usize, u64) -> u64) -> (Vec<Thread>, Vec<Indices>) {
        let mut met = std::mem::take(&mut self.threads);
        met.sort_by_cached_key(|&Met { process, number, ticks, .. }| {
            (ticks.map_or(LATEST, |ticks| time(process, ticks)), process, number)
        });
        let mut ids = vec![HashSet::new(); self.processes.len()];
        let mut numbers = vec![Indices::default(); self.processes.len()];
        for (index, thread) in met.iter().enumerate() {
            numbers[thread.process].insert(thread.number, index);
        }
        let mut spawned: Vec<Option<Spawned>> = vec![None; met.len()];
        for &Spawn { process, by, thread, site } in &self.spawns {
            if let Some(thread) = numbers[process].get(thread) {
                // A thread does not spawn itself.
                let by = numbers[process].get(by).filter(|&by| by != thread);
                spawned[thread.get()] = Some(Spawned { by, site });
            }
        }
        let threads = met.into_iter().zip(spawned).map(|(met, spawned)| {
            let Met { process, number, os_id, name, dropped, outcome, .. } = met;
            let site = spawned.and_then(|spawned| spawned.site);
            let name = if name.is_empty() {
                self.default_label(&format!("thread {number}"), site)
            } else {
                name
            };
            let track = unique(track(os_id, number), &mut ids[process]);
            Thread { process, number, os_id, track, name, dropped, spawned, outcome }
        });
        (threads.collect(), numbers)
    }

    /// The channels, and by process the channel of each endpoint.
    fn channels(&mut self, time: impl Fn(usize, u64) -> u64) -> (Vec<Channel>, Vec<Indices>) {
        let mut made = std::mem::take(&mut self.channels);
        made.sort_by_cached_key(|made| (time(made.process, made.ticks), made.process, made.ends));
        let mut labels = vec![HashMap::new(); self.processes.len()];
        let mut endpoints = vec![Indices::default(); self.processes.len()];
        let channels = made.into_iter().enumerate().map(|(index, made)| {
            for endpoint in made.ends {
                endpoints[made.process].insert(endpoint, index);
            }
            let label = if made.name.is_empty() {
                self.default_label(&made.message_type, made.site)
            } else {
                made.name
            };
            Channel {
                process: made.process,
                label: distinguish(&label, &mut labels[made.process]),
                message_type: made.message_type,
                bound: (made.bound != UNBOUNDED).then_some(made.bound),
                site: made.site,
                senders_before: 0,
                receivers_before: 0,
            }
        });
        let mut channels: Vec<_> = channels.collect();
        // A clone's number is greater than that of what was cloned.
        self.clones.sort_unstable();
        for &(process, clone, original) in &self.clones {
            if let Some(channel) = endpoints[process].get(original) {
                endpoints[process].insert(clone, channel.get());
            }
        }
        for &(process, side, endpoint, change) in &self.before {
            if let Some(channel) = endpoints[process].get(endpoint) {
                let channel: &mut Channel = &mut channels[channel.get()];
                let count = match side {
                    Side::Sender => &mut channel.senders_before,
                    Side::Receiver => &mut channel.receivers_before,
                };
                *count = count.saturating_add_signed(change);
            }
        }
        (channels, endpoints)
    }

    /// The primitives, and by process where each number's is.
    fn primitives(&mut self, time: impl Fn(usize, u64) -> u64) -> (Vec<Primitive>, Vec<Indices>) {
        let mut seen = std::mem::take(&mut self.primitives);
        seen.sort_by_cached_key(|seen| (time(seen.process, seen.ticks), seen.process, seen.number));
        let mut labels = vec![HashMap::new(); self.processes.len()];
        let mut numbers = vec![Indices::default(); self.processes.len()];
        let primitives = seen.into_iter().enumerate().map(|(index, seen)| {
            let Seen { process, number, kind, site, size, value_type, .. } = seen;
            numbers[process].insert(number, index);
            let kind = PrimitiveKind::from_code(kind);
            let label = match self.primitive_names.get(&(process, number)) {
                Some(name) if !name.is_empty() => name.clone(),
                _ => self.default_label(&primitive_type(kind, &value_type), site),
            };
            let label = distinguish(&label, &mut labels[process]);
            Primitive { process, kind, label, value_type, site, size }
        });
        (primitives.collect(), numbers)
    }

    fn default_label(&self, what: &str, site: Option<Index>) -> String {
        let site = site.map(|site| &self.sites[site.get()]);
        format::default_label(what, site.map(|site| (&*site.file, site.line)))
    }
}

/// The operating system's number, or one that takes its place where it is not known.
fn track(os_id: u64, number: u32) -> u64 {
    /// Above every number that Linux gives to a thread.
    const STAND_IN: u64 = 1 << 22;
    if os_id == 0 { STAND_IN + u64::from(number) } else { os_id }
}
