//! The tracks of a trace. Each is described before its first event, so that a trace of a part of a
//! run names only what is in it.

use std::io;

use typed_index_collections::TiVec;

use super::fields::{process_descriptor, thread_descriptor, track_descriptor};
use super::packets::{PacketWriter, SliceTrack};
use crate::export::ByteSink;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, PrimitiveIndex, ProcessIndex, ThreadIndex};

/// The tracks that have been described. Processes, threads and channels are shown in the order of the
/// catalog.
#[derive(Debug)]
pub(super) struct Tracks<'a> {
    catalog: &'a Catalog,
    processes: ProcessTracks<'a>,
    threads: TiVec<ThreadIndex, Option<SliceTrack>>,
    /// The states of threads.
    states: TiVec<ThreadIndex, Option<SliceTrack>>,
    channels: TiVec<ChannelIndex, Option<ChannelTracks>>,
    /// The lanes of each lock.
    locks: TiVec<PrimitiveIndex, Vec<SliceTrack>>,
}

#[derive(Debug)]
struct ProcessTracks<'a> {
    catalog: &'a Catalog,
    all: TiVec<ProcessIndex, Option<ProcessTrack>>,
}

#[derive(Debug)]
struct ProcessTrack {
    uuid: u64,
    /// By [`Group`].
    groups: [Option<u64>; GROUPS.len()],
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
#[derive(Debug)]
pub(super) struct ChannelTracks {
    group: u64,
    /// The counter of its queue depth.
    pub(super) depth: u64,
    /// The counter of its live senders.
    pub(super) senders: u64,
    /// The latest queue depth that was written, and its time.
    pub(super) latest: Option<(Nanos, u64)>,
    lanes: Vec<SliceTrack>,
}

impl<'a> Tracks<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        let processes = catalog.processes.iter().map(|_| None).collect();
        Tracks {
            catalog,
            processes: ProcessTracks { catalog, all: processes },
            threads: catalog.threads.iter().map(|_| None).collect(),
            states: catalog.threads.iter().map(|_| None).collect(),
            channels: catalog.channels.iter().map(|_| None).collect(),
            locks: catalog.primitives.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// The track of a thread's slices.
    #[inline]
    pub(super) fn thread<S: ByteSink>(
        &mut self,
        thread: ThreadIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut SliceTrack> {
        Ok(match &mut self.threads[thread] {
            Some(track) => track,
            none => none.insert(self.processes.thread(thread, packets)?),
        })
    }

    /// The track of a thread's states.
    pub(super) fn states<S: ByteSink>(
        &mut self,
        thread: ThreadIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut SliceTrack> {
        let parent = self.thread(thread, packets)?.uuid();
        Ok(match &mut self.states[thread] {
            Some(track) => track,
            none => {
                let name = format!("state of {}", self.catalog.threads[thread].name);
                let uuid = packets.track(Some(parent), |track| {
                    track.text(track_descriptor::NAME, &name);
                })?;
                none.insert(SliceTrack::new(uuid))
            }
        })
    }

    /// The tracks of a channel.
    #[inline]
    pub(super) fn channel<S: ByteSink>(
        &mut self,
        channel: ChannelIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut ChannelTracks> {
        Ok(match &mut self.channels[channel] {
            Some(channel) => channel,
            none => none.insert(self.processes.channel(channel, packets)?),
        })
    }

    /// A lane of a channel's messages in flight.
    #[inline]
    pub(super) fn flights<S: ByteSink>(
        &mut self,
        channel: ChannelIndex,
        lane: u8,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut SliceTrack> {
        let ChannelTracks { group, lanes, .. } = self.channel(channel, packets)?;
        while lanes.len() <= usize::from(lane) {
            // The viewer shows siblings of one name as one track with several lanes.
            lanes.push(packets.slice_track(*group, "in flight", 2)?);
        }
        Ok(&mut lanes[usize::from(lane)])
    }

    /// A lane of a lock's holds.
    pub(super) fn holds<S: ByteSink>(
        &mut self,
        primitive: PrimitiveIndex,
        lane: u8,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut SliceTrack> {
        let facts = &self.catalog.primitives[primitive];
        let lanes = &mut self.locks[primitive];
        while lanes.len() <= usize::from(lane) {
            let group = self.processes.group(facts.process, Group::Locks, packets)?;
            let rank = usize::from(primitive) as u64;
            lanes.push(packets.slice_track(group, &facts.label, rank)?);
        }
        Ok(&mut lanes[usize::from(lane)])
    }

    /// A new track in the group of a process's findings.
    pub(super) fn finding<S: ByteSink>(
        &mut self,
        process: ProcessIndex,
        name: &str,
        rank: u64,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<SliceTrack> {
        let group = self.processes.group(process, Group::Findings, packets)?;
        packets.slice_track(group, name, rank)
    }

    /// Describes the processes, if nothing has been described.
    pub(super) fn finish<S: ByteSink>(&mut self, packets: &mut PacketWriter<S>) -> io::Result<()> {
        if self.processes.all.iter().all(Option::is_none) {
            for process in self.catalog.processes.keys() {
                self.processes.process(process, packets)?;
            }
        }
        Ok(())
    }
}

impl ProcessTracks<'_> {
    fn process<S: ByteSink>(
        &mut self,
        process: ProcessIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<&mut ProcessTrack> {
        Ok(match &mut self.all[process] {
            Some(process) => process,
            none => {
                let facts = &self.catalog.processes[process];
                let rank = usize::from(process) as u64;
                let uuid = packets.track(None, |track| {
                    track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
                    track.nested(track_descriptor::PROCESS, |descriptor| {
                        descriptor.number(process_descriptor::PID, facts.track);
                        descriptor.text(process_descriptor::CMDLINE, &facts.command);
                        descriptor.text(process_descriptor::PROCESS_NAME, &facts.name);
                        for label in facts.labels() {
                            descriptor.text(process_descriptor::PROCESS_LABELS, &label);
                        }
                    });
                })?;
                none.insert(ProcessTrack { uuid, groups: [None; GROUPS.len()] })
            }
        })
    }

    fn group<S: ByteSink>(
        &mut self,
        process: ProcessIndex,
        group: Group,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<u64> {
        let ProcessTrack { uuid, groups } = self.process(process, packets)?;
        let place = group as usize;
        Ok(match groups[place] {
            Some(group) => group,
            None => *groups[place].insert(packets.group(*uuid, GROUPS[place], place as u64)?),
        })
    }

    #[cold]
    fn thread<S: ByteSink>(
        &mut self,
        thread: ThreadIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<SliceTrack> {
        let facts = &self.catalog.threads[thread];
        self.process(facts.process, packets)?;
        let pid = self.catalog.processes[facts.process].track;
        let uuid = packets.track(None, |track| {
            track.number(track_descriptor::SIBLING_ORDER_RANK, usize::from(thread) as u64);
            track.nested(track_descriptor::THREAD, |descriptor| {
                descriptor.number(thread_descriptor::PID, pid);
                descriptor.number(thread_descriptor::TID, facts.track);
                descriptor.text(thread_descriptor::THREAD_NAME, &facts.name);
            });
        })?;
        Ok(SliceTrack::new(uuid))
    }

    #[cold]
    fn channel<S: ByteSink>(
        &mut self,
        channel: ChannelIndex,
        packets: &mut PacketWriter<S>,
    ) -> io::Result<ChannelTracks> {
        let facts = &self.catalog.channels[channel];
        let all = self.group(facts.process, Group::Channels, packets)?;
        let group = packets.group(all, &facts.label, usize::from(channel) as u64)?;
        let depth = packets.counter_track(group, "queue depth", 0, "messages")?;
        let senders = packets.counter_track(group, "live senders", 1, "senders")?;
        Ok(ChannelTracks { group, depth, senders, latest: None, lanes: Vec::new() })
    }
}
