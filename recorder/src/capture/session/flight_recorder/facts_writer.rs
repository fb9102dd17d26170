//! Writes facts as records of a process's thread 0, from which [`Metadata::apply`] reads them.

use std::collections::HashMap;

use format::{Event, MAX_CALLERS, OperationKind};

use crate::capture::session::recording_writer::{RecordingWriter, append_record};
use crate::reading::Ticks;
use crate::reading::catalog::PlaceIndex;
use crate::reading::metadata::{EndpointOrigin, Metadata, Places, Side};

/// Writes the facts about a process, of which everything until this time was evicted, or a part.
pub(super) fn write(
    process: u32,
    until: Option<Ticks>,
    metadata: &Metadata,
    places: &Places,
    writer: &mut RecordingWriter,
) {
    let (records, sites) = (Vec::new(), HashMap::new());
    let mut facts = FactsWriter { process, places, writer, records, sites };
    facts.threads(until.unwrap_or_default(), metadata);
    facts.tasks(metadata);
    facts.channels(metadata);
    facts.primitives(metadata);
    facts.callsites(metadata);
    facts.finish_block();
}

struct FactsWriter<'a> {
    process: u32,
    places: &'a Places,
    writer: &'a mut RecordingWriter,
    /// The records of the current block.
    records: Vec<u8>,
    /// The numbers of the places in the current block.
    sites: HashMap<PlaceIndex, u32>,
}

impl FactsWriter<'_> {
    fn threads(&mut self, until: Ticks, metadata: &Metadata) {
        if metadata.threads.is_empty() {
            // All of them have ended. The time must be there nevertheless.
            self.push(until.0, &Event::Forgotten { thread: 0, os_id: 0, sequence: 0, name: "" });
        }
        for (&thread, facts) in &metadata.threads {
            let (os_id, sequence, name) = (facts.os_id, facts.first_sequence, &*facts.name);
            self.push(until.0, &Event::Forgotten { thread, os_id, sequence, name });
            if let Some(panicked) = facts.returned {
                self.push(0, &Event::Returned { panicked: panicked.into() });
            }
            for &task in &facts.running_tasks {
                self.push(0, &Event::TaskResumed { task });
            }
        }
        for (&endpoint, spawn) in &metadata.spawns {
            let site = self.site(spawn.place);
            let kind = OperationKind::Spawn;
            self.push(0, &Event::Operation { kind, endpoint, site, detail: 0 });
        }
    }

    fn tasks(&mut self, metadata: &Metadata) {
        for (&task, facts) in &metadata.tasks {
            let (by, name) = (facts.by, &*facts.name);
            let site = self.site(facts.place);
            self.push(0, &Event::TaskSpawned { task, by, site, name });
            if facts.has_ended {
                self.push(0, &Event::TaskEnded { task });
            }
        }
    }

    fn channels(&mut self, metadata: &Metadata) {
        for (&channel, facts) in &metadata.channels {
            let event = Event::ChannelCreated {
                channel,
                sender: facts.sender,
                receiver: facts.receiver,
                site: self.site(facts.place),
                bound: facts.bound,
                message_type: &facts.message_type,
                name: &facts.name,
            };
            self.push(facts.time.0, &event);
        }
        for (&endpoint, facts) in &metadata.endpoints {
            let time = facts.time.0;
            if let EndpointOrigin::Clone(from) = facts.origin {
                // The place of a clone is not in the catalog.
                let event = match facts.side {
                    Side::Sender => Event::SenderCloned { sender: endpoint, from, site: 0 },
                    Side::Receiver => Event::ReceiverCloned { receiver: endpoint, from, site: 0 },
                };
                self.push(time, &event);
            }
            if facts.dropped {
                let event = match facts.side {
                    Side::Sender => Event::SenderDropped { endpoint },
                    Side::Receiver => Event::ReceiverDropped { endpoint },
                };
                self.push(time, &event);
            }
            if let Some(name) = &facts.name {
                self.push(time, &Event::EndpointNamed { endpoint, name });
            }
        }
    }

    fn primitives(&mut self, metadata: &Metadata) {
        for (&primitive, facts) in &metadata.primitives {
            let time = facts.time.0;
            if facts.is_seen {
                let event = Event::PrimitiveSeen {
                    primitive,
                    kind: facts.kind,
                    site: self.site(facts.place),
                    size: facts.size,
                    value_type: &facts.value_type,
                };
                self.push(time, &event);
            }
            if let Some(name) = &facts.name {
                self.push(time, &Event::PrimitiveNamed { primitive, name });
            }
        }
    }

    fn callsites(&mut self, metadata: &Metadata) {
        for (&callsite, facts) in &metadata.callsites {
            let event = Event::Callsite {
                callsite,
                level: facts.level,
                site: self.site(facts.place),
                target: &facts.target,
                name: &facts.name,
            };
            self.push(0, &event);
        }
    }

    /// Adds a record, and finishes the current block once it is long enough.
    fn push(&mut self, time: u64, event: &Event<'_>) {
        const FULL_BYTES: usize = 64 << 10;
        append_record(&mut self.records, time, event);
        if self.records.len() >= FULL_BYTES {
            self.finish_block();
        }
    }

    /// The number of a place in the current block, or 0 if the place is not known.
    fn site(&mut self, place: Option<PlaceIndex>) -> u32 {
        let Some(index) = place else { return 0 };
        if let Some(&site) = self.sites.get(&index) {
            return site;
        }
        let site = self.sites.len() as u32 + 1;
        self.sites.insert(index, site);
        let place = &self.places.list[index];
        if let Some(callers) = &place.callers {
            let mut list = [0; MAX_CALLERS];
            list.iter_mut().zip(&callers.addresses).for_each(|(to, address)| *to = *address);
            append_record(&mut self.records, 0, &Event::Callers { callers: list });
        }
        let (line, column) = (place.line, place.column);
        let event = Event::Site { site, line, column, file: &place.file };
        append_record(&mut self.records, 0, &event);
        site
    }

    fn finish_block(&mut self) {
        if !self.records.is_empty() {
            self.writer.add_process_block(self.process, &self.records);
        }
        self.records.clear();
        self.sites.clear();
    }
}
