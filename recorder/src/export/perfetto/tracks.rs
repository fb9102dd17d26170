//! The tracks of a trace. Each is described before its first event, so that a trace of a part of a
//! run names only what is in it.
//!
//! The viewer has its own rules for the order of tracks, which decide their structure (v52):
//!
//! - Threads are above all other tracks of their process. So findings are not a part of it: a group
//!   that belongs to no process is above all processes, if its name comes before those of at most 50
//!   tracks. It starts with a space, which is not shown.
//! - Threads are sorted by their numbers, after the one that has the number of its process. So they
//!   are numbered in the order in which they are shown. Since v57 the ranks of threads decide.
//! - The track that has the name of a thread has its states. Operations are a child of it, which
//!   stays below and can be collapsed.

use std::collections::HashSet;

use typed_index_collections::TiVec;

use super::Perfetto;
use super::fields::{process_descriptor, thread_descriptor, track_descriptor};
use super::packets::{CounterTrack, Track};
use crate::analysis::findings::Finding;
use crate::export::{bound_note, threads_in_order};
use crate::reading::catalog::{Catalog, ChannelIndex, PrimitiveIndex, ProcessIndex, ThreadIndex};

/// The tracks that have been described.
#[derive(Debug)]
pub(super) struct Tracks {
    findings: Option<Track>,
    processes: TiVec<ProcessIndex, Option<Track>>,
    /// By [`Group`].
    groups: TiVec<ProcessIndex, [Option<Track>; GROUPS.len()]>,
    /// The numbers of threads, in the order in which they are shown.
    numbers: TiVec<ThreadIndex, u64>,
    threads: TiVec<ThreadIndex, Option<ThreadTracks>>,
    channels: TiVec<ChannelIndex, Option<ChannelTracks>>,
    /// The lanes of each channel's messages in flight.
    flights: TiVec<ChannelIndex, Vec<Track>>,
    /// The lanes of each lock.
    locks: TiVec<PrimitiveIndex, Vec<Track>>,
}

/// Tracks that are shown together below the threads of a process.
#[derive(Clone, Copy, Debug)]
enum Group {
    Channels,
    Locks,
}

/// The names of the groups. The viewer sorts them.
const GROUPS: [&str; 2] = ["channels", "locks"];

/// The tracks of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadTracks {
    pub(super) states: Track,
    pub(super) operations: Track,
}

/// The tracks of a channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelTracks {
    group: Track,
    /// The counter of its queue depth.
    pub(super) depth: Track,
    /// The counter of its live senders.
    pub(super) senders: Track,
}

/// "1 in queue", "15 in queue", "1 alive": right for any number.
const DEPTH: CounterTrack = CounterTrack { rank: 0, unit: "in queue" };
const SENDERS: CounterTrack = CounterTrack { rank: 1, unit: "alive" };
const FLIGHTS_RANK: u64 = 2;

impl Tracks {
    pub(super) fn new(catalog: &Catalog, findings: &[Finding]) -> Self {
        Tracks {
            findings: None,
            processes: vec![None; catalog.processes.len()].into(),
            groups: vec![[None; GROUPS.len()]; catalog.processes.len()].into(),
            numbers: thread_numbers(catalog, findings),
            threads: vec![None; catalog.threads.len()].into(),
            channels: vec![None; catalog.channels.len()].into(),
            flights: vec![Vec::new(); catalog.channels.len()].into(),
            locks: vec![Vec::new(); catalog.primitives.len()].into(),
        }
    }

    /// Whether no process has been described.
    pub(super) fn is_empty(&self) -> bool {
        self.processes.iter().all(Option::is_none)
    }
}

/// Numbers threads in the order in which they are shown. A thread with the number of a process would
/// be the main thread of that.
fn thread_numbers(catalog: &Catalog, findings: &[Finding]) -> TiVec<ThreadIndex, u64> {
    let processes: HashSet<_> = catalog.processes.iter().map(|process| process.track).collect();
    let free = (1..).filter(|number| !processes.contains(number));
    let mut numbers: TiVec<_, _> = vec![0; catalog.threads.len()].into();
    for (thread, number) in threads_in_order(catalog, findings).into_iter().zip(free) {
        numbers[thread] = number;
    }
    numbers
}

impl Perfetto<'_> {
    pub(super) fn process_track(&mut self, process: ProcessIndex) -> Track {
        *self.tracks.processes[process].get_or_insert_with(|| {
            let facts = &self.catalog.processes[process];
            self.packets.track(None, |track| {
                let rank = usize::from(process) as u64;
                track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
                track.nested(track_descriptor::PROCESS, |descriptor| {
                    descriptor.number(process_descriptor::PID, facts.track);
                    descriptor.text(process_descriptor::CMDLINE, &facts.command);
                    descriptor.text(process_descriptor::PROCESS_NAME, &facts.name);
                    for label in facts.labels() {
                        descriptor.text(process_descriptor::PROCESS_LABELS, &label);
                    }
                });
            })
        })
    }

    fn group(&mut self, process: ProcessIndex, group: Group) -> Track {
        let parent = self.process_track(process);
        let place = group as usize;
        *self.tracks.groups[process][place]
            .get_or_insert_with(|| self.packets.group(Some(parent), GROUPS[place], 0))
    }

    #[inline]
    pub(super) fn thread_tracks(&mut self, thread: ThreadIndex) -> ThreadTracks {
        match self.tracks.threads[thread] {
            Some(tracks) => tracks,
            None => self.new_thread_tracks(thread),
        }
    }

    #[cold]
    fn new_thread_tracks(&mut self, thread: ThreadIndex) -> ThreadTracks {
        let facts = &self.catalog.threads[thread];
        self.process_track(facts.process);
        let process = &self.catalog.processes[facts.process];
        let number = self.tracks.numbers[thread];
        let thread_itself = self.packets.track(None, |track| {
            track.number(track_descriptor::SIBLING_ORDER_RANK, number);
            track.nested(track_descriptor::THREAD, |descriptor| {
                descriptor.number(thread_descriptor::PID, process.track);
                descriptor.number(thread_descriptor::TID, number);
                descriptor.text(thread_descriptor::THREAD_NAME, &facts.name);
            });
        });
        let states = self.packets.track(Some(thread_itself), |track| {
            track.text(track_descriptor::NAME, &facts.name);
            track.number(track_descriptor::CHILD_ORDERING, track_descriptor::EXPLICIT);
            if facts.os_id != 0 {
                let ids = format!("Thread {} of process {}.", facts.os_id, process.pid);
                track.text(track_descriptor::DESCRIPTION, &ids);
            }
        });
        let operations = self.packets.slice_track(states, "operations", 0);
        *self.tracks.threads[thread].insert(ThreadTracks { states, operations })
    }

    #[inline]
    pub(super) fn channel_tracks(&mut self, channel: ChannelIndex) -> ChannelTracks {
        match self.tracks.channels[channel] {
            Some(tracks) => tracks,
            None => self.new_channel_tracks(channel),
        }
    }

    #[cold]
    fn new_channel_tracks(&mut self, channel: ChannelIndex) -> ChannelTracks {
        let facts = &self.catalog.channels[channel];
        let all = self.group(facts.process, Group::Channels);
        let rank = self.catalog.flow_order.channel_rank(channel) as u64;
        let group = self.packets.group(Some(all), &facts.label, rank);
        let depth = self.packets.counter_track(group, DEPTH);
        let senders = self.packets.counter_track(group, SENDERS);
        self.packets.name_counter(senders, group, SENDERS, "live senders");
        *self.tracks.channels[channel].insert(ChannelTracks { group, depth, senders })
    }

    /// Names the counters of queue depth: with the highest value, since the viewer rounds the axis,
    /// and the bound.
    pub(super) fn name_depths(&mut self) {
        for (channel, tracks) in self.tracks.channels.iter_enumerated() {
            let Some(tracks) = tracks else { continue };
            let max = self.max_depths[channel];
            let bound = bound_note(self.catalog.channels[channel].bound);
            let name = format!("queue depth: max {max}{bound}");
            self.packets.name_counter(tracks.depth, tracks.group, DEPTH, &name);
        }
    }

    /// A lane of a channel's messages in flight.
    #[inline]
    pub(super) fn flight_track(&mut self, channel: ChannelIndex, lane: u8) -> Track {
        let group = self.channel_tracks(channel).group;
        let lanes = &mut self.tracks.flights[channel];
        while lanes.len() <= usize::from(lane) {
            // The viewer shows siblings of one name as one track with several lanes.
            lanes.push(self.packets.slice_track(group, "in flight", FLIGHTS_RANK));
        }
        lanes[usize::from(lane)]
    }

    /// A lane of a lock's holds.
    pub(super) fn hold_track(&mut self, primitive: PrimitiveIndex, lane: u8) -> Track {
        let facts = &self.catalog.primitives[primitive];
        let group = self.group(facts.process, Group::Locks);
        let lanes = &mut self.tracks.locks[primitive];
        while lanes.len() <= usize::from(lane) {
            let rank = usize::from(primitive) as u64;
            lanes.push(self.packets.slice_track(group, &facts.label, rank));
        }
        lanes[usize::from(lane)]
    }

    /// A new track for a description of what the picture does not show. It is below the findings, and
    /// above all processes.
    pub(super) fn left_out_track(&mut self) -> Track {
        let group = self.packets.group(None, " left out", 1);
        self.packets.slice_track(group, "left out", 0)
    }

    /// A new track in the group of findings.
    pub(super) fn finding_track(&mut self, finding: &Finding, rank: u64) -> Track {
        let code = finding.code.name();
        let name = match &*self.catalog.processes.raw {
            [_] => code.to_owned(),
            _ => {
                let process = &self.catalog.processes[finding.process(self.catalog)];
                format!("{code} in {}", process.name)
            }
        };
        let findings = &mut self.tracks.findings;
        let group = *findings.get_or_insert_with(|| self.packets.group(None, " findings", 0));
        self.packets.slice_track(group, &name, rank)
    }
}
