//! The tracks of a trace. Each is described before its first event, so that a trace of a part of a
//! run names only what is in it.

use typed_index_collections::TiVec;

use super::Perfetto;
use super::fields::{process_descriptor, thread_descriptor, track_descriptor};
use super::packets::Track;
use crate::reading::catalog::{Catalog, ChannelIndex, PrimitiveIndex, ProcessIndex, ThreadIndex};

/// The tracks that have been described. Threads and channels are shown in the order in which
/// messages flow.
#[derive(Debug)]
pub(super) struct Tracks {
    processes: TiVec<ProcessIndex, Option<Track>>,
    /// By [`Group`].
    groups: TiVec<ProcessIndex, [Option<Track>; GROUPS.len()]>,
    threads: TiVec<ThreadIndex, Option<Track>>,
    /// The states of threads.
    states: TiVec<ThreadIndex, Option<Track>>,
    channels: TiVec<ChannelIndex, Option<ChannelTracks>>,
    /// The lanes of each channel's messages in flight.
    flights: TiVec<ChannelIndex, Vec<Track>>,
    /// The lanes of each lock.
    locks: TiVec<PrimitiveIndex, Vec<Track>>,
}

/// Tracks that are shown together below a process.
#[derive(Clone, Copy, Debug)]
enum Group {
    Channels,
    Locks,
    Findings,
}

/// The names of the groups, in the order in which they are shown.
const GROUPS: [&str; 3] = ["channels", "locks", "findings"];

/// The tracks of a channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelTracks {
    group: Track,
    /// The counter of its queue depth.
    pub(super) depth: Track,
    /// The counter of its live senders.
    pub(super) senders: Track,
}

impl Tracks {
    pub(super) fn new(catalog: &Catalog) -> Self {
        Tracks {
            processes: vec![None; catalog.processes.len()].into(),
            groups: vec![[None; GROUPS.len()]; catalog.processes.len()].into(),
            threads: vec![None; catalog.threads.len()].into(),
            states: vec![None; catalog.threads.len()].into(),
            channels: vec![None; catalog.channels.len()].into(),
            flights: vec![Vec::new(); catalog.channels.len()].into(),
            locks: vec![Vec::new(); catalog.primitives.len()].into(),
        }
    }

    /// Whether no track has been described.
    pub(super) fn is_empty(&self) -> bool {
        self.processes.iter().all(Option::is_none)
    }
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
            .get_or_insert_with(|| self.packets.group(parent, GROUPS[place], place as u64))
    }

    /// The track of a thread's slices.
    #[inline]
    pub(super) fn thread_track(&mut self, thread: ThreadIndex) -> Track {
        match self.tracks.threads[thread] {
            Some(track) => track,
            None => self.new_thread_track(thread),
        }
    }

    #[cold]
    fn new_thread_track(&mut self, thread: ThreadIndex) -> Track {
        let facts = &self.catalog.threads[thread];
        self.process_track(facts.process);
        let pid = self.catalog.processes[facts.process].track;
        let track = self.packets.track(None, |track| {
            let rank = self.catalog.flow_order.thread_rank(thread);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank as u64);
            track.nested(track_descriptor::THREAD, |descriptor| {
                descriptor.number(thread_descriptor::PID, pid);
                descriptor.number(thread_descriptor::TID, facts.track);
                descriptor.text(thread_descriptor::THREAD_NAME, &facts.name);
            });
        });
        *self.tracks.threads[thread].insert(track)
    }

    /// The track of a thread's states.
    pub(super) fn state_track(&mut self, thread: ThreadIndex) -> Track {
        let parent = self.thread_track(thread);
        *self.tracks.states[thread].get_or_insert_with(|| {
            let name = format!("state of {}", self.catalog.threads[thread].name);
            self.packets.track(Some(parent), |track| track.text(track_descriptor::NAME, &name))
        })
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
        let rank = self.catalog.flow_order.channel_rank(channel);
        let group = self.packets.group(all, &facts.label, rank as u64);
        let depth = self.packets.counter_track(group, "queue depth", 0, "messages");
        let senders = self.packets.counter_track(group, "live senders", 1, "senders");
        *self.tracks.channels[channel].insert(ChannelTracks { group, depth, senders })
    }

    /// A lane of a channel's messages in flight.
    #[inline]
    pub(super) fn flight_track(&mut self, channel: ChannelIndex, lane: u8) -> Track {
        let group = self.channel_tracks(channel).group;
        let lanes = &mut self.tracks.flights[channel];
        while lanes.len() <= usize::from(lane) {
            // The viewer shows siblings of one name as one track with several lanes.
            lanes.push(self.packets.slice_track(group, "in flight", 2));
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

    /// A new track in the group of a process's findings.
    pub(super) fn finding_track(&mut self, process: ProcessIndex, name: &str, rank: u64) -> Track {
        let group = self.group(process, Group::Findings);
        self.packets.slice_track(group, name, rank)
    }
}
