//! The steps of a run, from its recording.

use std::collections::BTreeMap;

use format::{BlockHeader, Call, Event, Phase};

use super::access::{Access, Kind, Object, StepAccesses};
use super::meetings::{Meeting, add_meetings};
use super::search::Step;
pub use super::search::Trace;
use crate::explore::order::{Endpoints, Returns, events};

/// The channels of a process, as far as accesses depend on them.
#[derive(Default)]
struct Channels {
    endpoints: Endpoints,
    /// The channels that hold no messages.
    rendezvous: Vec<u32>,
}

impl Channels {
    fn new(blocks: &[(u32, &[u8])]) -> Self {
        let mut channels = Channels::default();
        for event in blocks.iter().flat_map(|(_, records)| events(records)) {
            channels.endpoints.add(&event);
            if let Event::ChannelCreated { channel, bound: 0, .. } = event {
                channels.rendezvous.push(channel);
            }
        }
        channels.endpoints.resolve();
        channels
    }

    fn of(&self, endpoint: u32) -> Option<(u32, bool)> {
        let channel = self.endpoints.channel_of(endpoint)?;
        Some((channel, self.rendezvous.contains(&channel)))
    }

    /// What a thread waits for that begins a wait, if it does so in std's operation.
    fn meeting(&self, call: Call, number: u32) -> Option<Meeting> {
        match call {
            Call::Send | Call::Recv => {
                self.of(number).filter(|(_, is_rendezvous)| *is_rendezvous)?;
                Some(Meeting::Partner)
            }
            Call::Write => Some(Meeting::Lock(number)),
            _ => None,
        }
    }
}

/// The number of the main thread.
const MAIN: u32 = 1;

/// Adds whether a thread comes to a step before the process ends. That can matter if nobody joins it.
pub(in crate::explore) fn add_process_end(thread: u32, accesses: &mut Vec<Access>) {
    let of_process = |kind| Access { object: Object::Process, kind };
    if thread == MAIN {
        if accesses.contains(&Access { object: Object::Life(MAIN), kind: Kind::End }) {
            accesses.push(of_process(Kind::End));
        }
    } else if accesses.iter().any(|access| access.kind != Kind::End) {
        accesses.push(of_process(Kind::Probe));
    }
}

impl Trace {
    /// Reads the blocks of a run in which all choices were recorded, sorted by process, thread and
    /// sequence: those of the only process. Returns `None` if a choice is missing, or if there are
    /// more threads than a set of candidates can have.
    pub fn new(blocks: &[(BlockHeader, Vec<u8>)]) -> Option<Trace> {
        let process = blocks.first()?.0.process;
        let blocks: Vec<_> = blocks
            .iter()
            .filter(|(header, _)| header.process == process && header.thread != 0)
            .map(|(header, records)| (header.thread, &records[..]))
            .collect();
        let channels = Channels::new(&blocks);
        let accesses = StepAccesses { channel_of: &|endpoint| channels.of(endpoint) };
        let mut steps: BTreeMap<u64, Step> = BTreeMap::new();
        let mut meetings = Vec::new();
        let mut current = None;
        let mut returns = Returns::default();
        let mut last_thread = 0;
        for (thread, records) in blocks {
            if thread != last_thread {
                (last_thread, current, returns) = (thread, None, Returns::default());
            }
            for event in events(records) {
                if let Event::Chosen { step, candidates } = event {
                    current = Some(step);
                    returns.choose();
                    steps.insert(step, Step { thread, candidates, ..Step::default() });
                    continue;
                }
                if let Event::Operation { kind, .. } = event
                    && returns.is_early(kind)
                {
                    // It is part of the partner's step: see `add_meetings`.
                    continue;
                }
                let Some(number) = current else { continue };
                let Some(step) = steps.get_mut(&number) else { continue };
                accesses.add(thread, &event, &mut step.accesses);
                match event {
                    Event::PrimitiveSeen { primitive, .. } => {
                        step.first_seen.push(Object::Primitive(primitive));
                    }
                    Event::Operation { kind, endpoint, .. } if kind.phase() == Phase::Begin => {
                        let meeting = channels.meeting(kind.call(), endpoint);
                        meetings.extend(meeting.map(|it| (number, it)));
                        if meeting != Some(Meeting::Partner) {
                            step.waits_for = accesses.of_wait(thread, kind, endpoint);
                        }
                    }
                    _ => {}
                }
            }
        }
        let is_complete = steps.keys().zip(0..).all(|(&step, number)| step == number);
        let is_known = steps.values().all(|step| step.candidates >> step.thread & 1 != 0);
        if !is_complete || !is_known {
            return None;
        }
        let mut steps: Vec<_> = steps.into_values().collect();
        meetings.sort_unstable_by_key(|(step, _)| *step);
        add_meetings(&mut steps, &meetings);
        for step in &mut steps {
            add_process_end(step.thread, &mut step.accesses);
        }
        let mut last = BTreeMap::new();
        for step in &steps {
            last.insert(step.thread, &step.waits_for);
        }
        let waiting = last.into_iter().filter(|(_, waits_for)| !waits_for.is_empty());
        let waiting = waiting.map(|(thread, waits_for)| (thread, waits_for.clone())).collect();
        Some(Trace { steps, waiting })
    }
}
