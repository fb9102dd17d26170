//! The tracks of a trace. Each is described before the first event on it, so that the picture of
//! a part of a run names nobody and nothing that is not in it.

use std::io::Write;

use anyhow::Result;

use super::fields::{process_descriptor, thread_descriptor, track_descriptor};
use super::packets::{Line, Packets};
use crate::reading::catalog::Entities;

/// Those that have been described. Processes, threads and channels stand in the order of the
/// recording, whatever is told first.
#[derive(Debug)]
pub(super) struct Tracks<'a> {
    entities: &'a Entities,
    processes: Processes<'a>,
    threads: Vec<Option<Line>>,
    /// Of the threads' states.
    states: Vec<Option<Line>>,
    channels: Vec<Option<Channel>>,
    /// The lanes of each lock.
    locks: Vec<Vec<Line>>,
}

/// Those of processes.
#[derive(Debug)]
struct Processes<'a> {
    entities: &'a Entities,
    all: Vec<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    track: u64,
    /// By [`Group`].
    groups: [Option<u64>; GROUPS.len()],
}

/// What stands together below a process.
#[derive(Clone, Copy, Debug)]
enum Group {
    Channels,
    Locks,
    Findings,
}

/// In the order in which they stand.
const GROUPS: [&str; 3] = ["channels", "locks", "findings"];

/// What a channel has.
#[derive(Debug)]
pub(super) struct Channel {
    group: u64,
    /// The counters' tracks.
    pub(super) depth: u64,
    pub(super) senders: u64,
    /// When its depth was last written, and what it was.
    pub(super) counted: Option<(u64, u64)>,
    lanes: Vec<Line>,
}

impl<'a> Tracks<'a> {
    pub(super) fn new(entities: &'a Entities) -> Self {
        let processes = entities.processes.iter().map(|_| None).collect();
        Tracks {
            entities,
            processes: Processes { entities, all: processes },
            threads: vec![None; entities.threads.len()],
            states: vec![None; entities.threads.len()],
            channels: entities.channels.iter().map(|_| None).collect(),
            locks: vec![Vec::new(); entities.primitives.len()],
        }
    }

    /// A thread's slices.
    #[inline]
    pub(super) fn thread<W: Write>(
        &mut self,
        thread: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Line> {
        Ok(match &mut self.threads[thread] {
            Some(line) => line,
            none => none.insert(self.processes.thread(thread, packets)?),
        })
    }

    /// A thread's states.
    pub(super) fn states<W: Write>(
        &mut self,
        thread: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Line> {
        let of = self.thread(thread, packets)?.track();
        Ok(match &mut self.states[thread] {
            Some(line) => line,
            none => {
                let name = format!("state of {}", self.entities.threads[thread].name);
                let track = packets.track(Some(of), |track| {
                    track.text(track_descriptor::NAME, &name);
                })?;
                none.insert(Line::new(track))
            }
        })
    }

    #[inline]
    pub(super) fn channel<W: Write>(
        &mut self,
        channel: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Channel> {
        Ok(match &mut self.channels[channel] {
            Some(channel) => channel,
            none => none.insert(self.processes.channel(channel, packets)?),
        })
    }

    /// One of those of a channel's messages in flight.
    pub(super) fn flights<W: Write>(
        &mut self,
        channel: usize,
        lane: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Line> {
        let Channel { group, lanes, .. } = self.channel(channel, packets)?;
        while lanes.len() <= lane {
            // The viewer shows siblings of one name as one track with several lanes.
            lanes.push(packets.line(*group, "in flight", 2)?);
        }
        Ok(&mut lanes[lane])
    }

    /// One of those of who holds a lock.
    pub(super) fn holds<W: Write>(
        &mut self,
        primitive: usize,
        lane: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Line> {
        let facts = &self.entities.primitives[primitive];
        let lanes = &mut self.locks[primitive];
        while lanes.len() <= lane {
            let group = self.processes.group(facts.process, Group::Locks, packets)?;
            lanes.push(packets.line(group, &facts.label, primitive as u64)?);
        }
        Ok(&mut lanes[lane])
    }

    /// A new one in the group of a process's findings.
    pub(super) fn finding<W: Write>(
        &mut self,
        process: usize,
        name: &str,
        rank: u64,
        packets: &mut Packets<W>,
    ) -> Result<Line> {
        let group = self.processes.group(process, Group::Findings, packets)?;
        packets.line(group, name, rank)
    }

    /// Says whose picture it is if there is nothing in it.
    pub(super) fn finish<W: Write>(&mut self, packets: &mut Packets<W>) -> Result<()> {
        if self.processes.all.iter().all(Option::is_none) {
            for process in 0..self.processes.all.len() {
                self.processes.process(process, packets)?;
            }
        }
        Ok(())
    }
}

impl Processes<'_> {
    fn process<W: Write>(
        &mut self,
        process: usize,
        packets: &mut Packets<W>,
    ) -> Result<&mut Process> {
        Ok(match &mut self.all[process] {
            Some(process) => process,
            none => {
                let facts = &self.entities.processes[process];
                let track = packets.track(None, |track| {
                    track.number(track_descriptor::SIBLING_ORDER_RANK, process as u64);
                    track.nested(track_descriptor::PROCESS, |descriptor| {
                        descriptor.number(process_descriptor::PID, facts.track);
                        descriptor.text(process_descriptor::CMDLINE, &facts.command);
                        descriptor.text(process_descriptor::PROCESS_NAME, &facts.name);
                        for label in facts.labels() {
                            descriptor.text(process_descriptor::PROCESS_LABELS, &label);
                        }
                    });
                })?;
                none.insert(Process { track, groups: [None; GROUPS.len()] })
            }
        })
    }

    fn group<W: Write>(
        &mut self,
        process: usize,
        group: Group,
        packets: &mut Packets<W>,
    ) -> Result<u64> {
        let Process { track, groups } = self.process(process, packets)?;
        let place = group as usize;
        Ok(match groups[place] {
            Some(group) => group,
            None => *groups[place].insert(packets.group(*track, GROUPS[place], place as u64)?),
        })
    }

    #[cold]
    fn thread<W: Write>(&mut self, thread: usize, packets: &mut Packets<W>) -> Result<Line> {
        let facts = &self.entities.threads[thread];
        self.process(facts.process, packets)?;
        let pid = self.entities.processes[facts.process].track;
        let track = packets.track(None, |track| {
            track.number(track_descriptor::SIBLING_ORDER_RANK, thread as u64);
            track.nested(track_descriptor::THREAD, |descriptor| {
                descriptor.number(thread_descriptor::PID, pid);
                descriptor.number(thread_descriptor::TID, facts.track);
                descriptor.text(thread_descriptor::THREAD_NAME, &facts.name);
            });
        })?;
        Ok(Line::new(track))
    }

    #[cold]
    fn channel<W: Write>(&mut self, channel: usize, packets: &mut Packets<W>) -> Result<Channel> {
        let facts = &self.entities.channels[channel];
        let all = self.group(facts.process, Group::Channels, packets)?;
        let group = packets.group(all, &facts.label, channel as u64)?;
        let depth = packets.counter(group, "queue depth", 0, "messages")?;
        let senders = packets.counter(group, "live senders", 1, "senders")?;
        Ok(Channel { group, depth, senders, counted: None, lanes: Vec::new() })
    }
}
