//! The Perfetto protobuf format.
//!
//! Written field by field. Names and places are written once and referred to by number
//! ("interned"). One track for each thread, and below each process a group `channels` with
//! a group for each channel: queue depth, live senders, and messages in flight in as many
//! lanes as are needed; and a group `locks` in which each lock has as many lanes as it is held
//! at a time; and a group `findings`.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use anyhow::Result;

use crate::entities::Entities;
use crate::findings::Finding;
use crate::items::{
    Arrow, Category, Count, Counter, Fate, Flight, Hold, Item, Merged, On, Row, Slice,
};
use crate::load::Recording;

mod fields;
mod names;
mod wire;

use fields::{
    counter_descriptor, debug_annotation, interned_data, packet, process_descriptor,
    thread_descriptor, track_descriptor, track_event,
};
use names::{
    ARGUMENTS, Argument, CATEGORIES, Interned, MERGED, Name, Text, annotate, annotate_total,
    annotate_what, annotate_with, category, intern, intern_totals,
};
use wire::Message;

/// Writes a Perfetto trace.
#[derive(Debug)]
pub struct Perfetto<'a, W> {
    entities: &'a Entities,
    out: W,
    /// The track of each process, and of the group of its locks if there is one.
    processes: Vec<(u64, Option<u64>)>,
    /// The track of each thread and of each channel.
    threads: Vec<u64>,
    channels: Vec<ChannelTracks>,
    /// The group of each process's findings, if there is one.
    findings: Vec<Option<u64>>,
    /// Arrows from what shows a finding to the slice that it is about, by thread and begin.
    links: HashMap<(usize, u64), Vec<u64>>,
    /// The lanes of each lock.
    locks: Vec<Vec<u64>>,
    /// Tracks so far: their numbers are counted.
    tracks: u64,
    /// Whether there are merged slices.
    merges: bool,
    names: Interned<(&'static str, Option<On>, &'static str)>,
    texts: Interned<Text>,
    places: Interned<usize>,
    /// What the next packet introduces.
    interned: Message,
    /// The packet that is being written: its room is used again.
    packet: Message,
}

#[derive(Debug)]
struct ChannelTracks {
    group: u64,
    depth: u64,
    senders: u64,
    lanes: Vec<u64>,
}

/// All packets are of one sequence: what is interned holds for all of them.
const SEQUENCE: u64 = 1;
const INCREMENTAL_STATE_CLEARED: u64 = 1;
const NEEDS_INCREMENTAL_STATE: u64 = 2;

/// A field of `Trace`.
const TRACE_PACKET: u32 = 1;

impl<'a, W: Write> Perfetto<'a, W> {
    /// Writes who and what there is.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W, recording: &'a Recording) -> Result<Self> {
        let mut perfetto = Perfetto {
            entities: &recording.entities,
            out,
            processes: Vec::new(),
            threads: Vec::new(),
            channels: Vec::new(),
            findings: vec![None; recording.entities.processes.len()],
            links: HashMap::new(),
            locks: vec![Vec::new(); recording.entities.primitives.len()],
            tracks: 0,
            merges: false,
            names: Interned::new(),
            texts: Interned::new(),
            places: Interned::new(),
            interned: Message::default(),
            packet: Message::default(),
        };
        perfetto.begin()?;
        perfetto.describe()?;
        Ok(perfetto)
    }

    /// Writes an item.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn item(&mut self, item: &Item) -> Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
        }
    }

    /// Writes a finding: a slice as long as it lasts, on a track of its own in the process's
    /// group `findings`, and in it an instant for each event that shows it, from which an arrow
    /// leads to that event's slice. They come in the order in which they are to stand, and before
    /// the items.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finding(&mut self, finding: &Finding) -> Result<()> {
        let process = finding.process(self.entities);
        let (process_track, _) = self.processes[process];
        let group = match self.findings[process] {
            Some(group) => group,
            None => self.group(process_track, "findings", 2)?,
        };
        self.findings[process] = Some(group);
        let rank = self.tracks;
        let track = self.track(Some(group), |track| {
            track.text(track_descriptor::NAME, finding.code.name());
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
        })?;
        let (begin, end) = finding.shown();
        let what = finding.what.as_str();
        self.event(begin, track_event::SLICE_BEGIN, track, |event| {
            event.number(track_event::CATEGORY_IIDS, category("finding"));
            event.text(track_event::NAME, finding.code.name());
            annotate_with(event, Argument::Text, what);
            annotate_with(event, Argument::Advice, &finding.advice);
            annotate_with(event, Argument::Sure, &finding.certainty.to_string());
        })?;
        for evidence in &finding.evidence {
            let name = format!("{} {}", self.entities.threads[evidence.thread].name, evidence.what);
            let place = evidence.site.map(|site| self.place(site.get()));
            let link = self.link();
            self.links.entry((evidence.thread, evidence.time)).or_default().push(link);
            self.event(evidence.time, track_event::INSTANT, track, |event| {
                event.number(track_event::CATEGORY_IIDS, category("finding"));
                event.text(track_event::NAME, &name);
                event.fixed(track_event::FLOW_IDS, link);
                if let Some(place) = place {
                    event.number(track_event::SOURCE_LOCATION_IID, place);
                }
            })?;
        }
        self.event(end, track_event::SLICE_END, track, |_| {})
    }

    /// A number for an arrow that is none of the recording's.
    fn link(&self) -> u64 {
        const BEYOND: u64 = 1 << 63;
        // All findings come before the first item that takes one away.
        BEYOND + self.links.values().map(Vec::len).sum::<usize>() as u64
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }

    /// Introduces the sequence and the names that every trace needs.
    fn begin(&mut self) -> Result<()> {
        for (index, name) in ARGUMENTS.iter().enumerate() {
            intern(
                &mut self.interned,
                interned_data::DEBUG_ANNOTATION_NAMES,
                index as u64 + 1,
                name,
            );
        }
        for (index, name) in CATEGORIES.iter().enumerate() {
            intern(&mut self.interned, interned_data::EVENT_CATEGORIES, index as u64 + 1, name);
        }
        self.packet(|packet, interned| {
            packet.number(packet::SEQUENCE_ID, SEQUENCE);
            packet.number(packet::SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
            packet.message(packet::INTERNED_DATA, interned);
            interned.clear();
        })
    }

    /// Writes a packet. `fill` is given it, and what the next event is to introduce.
    #[inline]
    fn packet(&mut self, fill: impl FnOnce(&mut Message, &mut Message)) -> Result<()> {
        self.packet.clear();
        self.packet.nested(TRACE_PACKET, |packet| fill(packet, &mut self.interned));
        Ok(self.out.write_all(self.packet.bytes())?)
    }

    /// Describes the tracks of processes, threads and channels.
    fn describe(&mut self) -> Result<()> {
        for (index, process) in self.entities.processes.iter().enumerate() {
            let track = self.track(None, |track| {
                track.number(track_descriptor::SIBLING_ORDER_RANK, index as u64);
                track.nested(track_descriptor::PROCESS, |descriptor| {
                    descriptor.number(process_descriptor::PID, process.track);
                    descriptor.text(process_descriptor::CMDLINE, &process.command);
                    descriptor.text(process_descriptor::PROCESS_NAME, &process.name);
                    for label in process.labels() {
                        descriptor.text(process_descriptor::PROCESS_LABELS, &label);
                    }
                });
            })?;
            self.processes.push((track, None));
        }
        for (index, thread) in self.entities.threads.iter().enumerate() {
            let process = &self.entities.processes[thread.process];
            let track = self.track(None, |track| {
                track.number(track_descriptor::SIBLING_ORDER_RANK, index as u64);
                track.nested(track_descriptor::THREAD, |descriptor| {
                    descriptor.number(thread_descriptor::PID, process.track);
                    descriptor.number(thread_descriptor::TID, thread.track);
                    descriptor.text(thread_descriptor::THREAD_NAME, &thread.name);
                });
            })?;
            self.threads.push(track);
        }
        let mut groups = vec![None; self.processes.len()];
        for (index, channel) in self.entities.channels.iter().enumerate() {
            let (process, _) = self.processes[channel.process];
            let all = match groups[channel.process] {
                Some(all) => all,
                None => self.group(process, "channels", 0)?,
            };
            groups[channel.process] = Some(all);
            let group = self.group(all, &channel.label, index as u64)?;
            let depth = self.counter_track(group, "queue depth", 0, "messages")?;
            let senders = self.counter_track(group, "live senders", 1, "senders")?;
            self.channels.push(ChannelTracks { group, depth, senders, lanes: Vec::new() });
        }
        Ok(())
    }

    /// Describes a track; gives its number.
    fn track(&mut self, parent: Option<u64>, fill: impl FnOnce(&mut Message)) -> Result<u64> {
        self.tracks += 1;
        let uuid = self.tracks;
        self.packet(|packet, _| {
            packet.number(packet::SEQUENCE_ID, SEQUENCE);
            packet.nested(packet::TRACK_DESCRIPTOR, |track| {
                track.number(track_descriptor::UUID, uuid);
                if let Some(parent) = parent {
                    track.number(track_descriptor::PARENT_UUID, parent);
                }
                fill(track);
            });
        })?;
        Ok(uuid)
    }

    /// A track whose children stand in the order of their ranks.
    fn group(&mut self, parent: u64, name: &str, rank: u64) -> Result<u64> {
        self.track(Some(parent), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.number(track_descriptor::CHILD_ORDERING, track_descriptor::EXPLICIT);
        })
    }

    fn counter_track(&mut self, group: u64, name: &str, rank: u64, unit: &str) -> Result<u64> {
        self.track(Some(group), |track| {
            track.text(track_descriptor::NAME, name);
            track.number(track_descriptor::SIBLING_ORDER_RANK, rank);
            track.nested(track_descriptor::COUNTER, |counter| {
                counter.text(counter_descriptor::UNIT_NAME, unit);
            });
        })
    }

    /// Writes an event, and before it what it is the first to name.
    fn event(
        &mut self,
        time: u64,
        kind: u64,
        track: u64,
        fill: impl FnOnce(&mut Message),
    ) -> Result<()> {
        self.packet(|packet, interned| {
            packet.number(packet::TIMESTAMP, time);
            packet.number(packet::SEQUENCE_ID, SEQUENCE);
            packet.number(packet::SEQUENCE_FLAGS, NEEDS_INCREMENTAL_STATE);
            if !interned.is_empty() {
                packet.message(packet::INTERNED_DATA, interned);
                interned.clear();
            }
            packet.nested(packet::TRACK_EVENT, |event| {
                event.number(track_event::TYPE, kind);
                event.number(track_event::TRACK_UUID, track);
                fill(event);
            });
        })
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        let name = self.name(slice);
        let place = slice.site.map(|site| self.place(site));
        let texts = self.texts(slice);
        let numbers = [
            (Argument::Message, slice.message),
            (Argument::Depth, slice.depth),
            (Argument::Latency, slice.latency),
            (Argument::Waited, slice.waited),
            (Argument::Timeout, slice.timeout),
        ];
        let words = match slice.category {
            Category::Channel => Argument::Value,
            Category::Span => Argument::Fields,
            Category::Primitive | Category::Thread | Category::Log => Argument::Text,
        };
        let track = self.threads[slice.thread];
        let links = match self.links.is_empty() {
            true => None,
            false => self.links.remove(&(slice.thread, slice.begin)),
        };
        let instant = slice.end == Some(slice.begin);
        let kind = if instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.event(slice.begin, kind, track, |event| {
            event.number(track_event::CATEGORY_IIDS, category(slice.category.name()));
            match &name {
                Name::Interned(number) => event.number(track_event::NAME_IID, *number),
                Name::Once(name) => event.text(track_event::NAME, name),
            }
            if let Some(place) = place {
                event.number(track_event::SOURCE_LOCATION_IID, place);
            }
            match &slice.arrow {
                Some(Arrow::From(ids)) => {
                    ids.clone().for_each(|id| event.fixed(track_event::FLOW_IDS, id));
                }
                Some(Arrow::To(id)) => event.fixed(track_event::TERMINATING_FLOW_IDS, *id),
                None => {}
            }
            for link in links.into_iter().flatten() {
                event.fixed(track_event::TERMINATING_FLOW_IDS, link);
            }
            // A message has one colour wherever it is.
            if let (Category::Channel, Some(Arrow::From(Range { start: id, .. }) | Arrow::To(id))) =
                (slice.category, &slice.arrow)
            {
                event.number(track_event::CORRELATION_ID, *id);
            }
            for (argument, text) in texts {
                if let Some(text) = text {
                    annotate(event, argument, debug_annotation::STRING_VALUE_IID, text);
                }
            }
            if let Some(said) = &slice.words {
                annotate_with(event, words, said);
            }
            for (argument, number) in numbers {
                if let Some(number) = number {
                    annotate(event, argument, debug_annotation::UINT_VALUE, number);
                }
            }
        })?;
        match slice.end {
            Some(end) if !instant => self.event(end, track_event::SLICE_END, track, |_| {}),
            _ => Ok(()),
        }
    }

    fn flight(&mut self, flight: &Flight) -> Result<()> {
        let Some(lane) = flight.lane else { return Ok(()) };
        let lane = self.lane(flight.channel, lane)?;
        let channel = self.text(Text::Label(On::Channel(flight.channel)));
        let fate = match flight.fate {
            Fate::Received => "",
            Fate::Lost => " (never received)",
            Fate::Unseen => " (receive not recorded)",
        };
        let name = format!("{}{fate}", flight.name());
        self.event(flight.begin, track_event::SLICE_BEGIN, lane, |event| {
            event.number(track_event::CATEGORY_IIDS, category("message"));
            event.text(track_event::NAME, &name);
            event.number(track_event::CORRELATION_ID, flight.arrow);
            annotate(event, Argument::Channel, debug_annotation::STRING_VALUE_IID, channel);
            annotate(event, Argument::Message, debug_annotation::UINT_VALUE, flight.message);
            if let Some(value) = &flight.value {
                annotate_with(event, Argument::Value, value);
            }
        })?;
        self.event(flight.end, track_event::SLICE_END, lane, |_| {})
    }

    fn hold(&mut self, hold: &Hold) -> Result<()> {
        let Some(lane) = hold.lane else { return Ok(()) };
        let lane = self.lock_lane(hold.primitive, lane)?;
        let name = hold.name(self.entities);
        let place = hold.site.map(|site| self.place(site));
        let texts = [
            (Argument::Primitive, Some(Text::Label(On::Primitive(hold.primitive)))),
            (Argument::Thread, Some(Text::Label(On::Thread(hold.thread)))),
            (Argument::Site, hold.site.map(Text::Site)),
        ]
        .map(|(argument, text)| (argument, text.map(|text| self.text(text))));
        self.event(hold.begin, track_event::SLICE_BEGIN, lane, |event| {
            event.number(track_event::CATEGORY_IIDS, category("lock"));
            event.text(track_event::NAME, &name);
            // Each thread has one colour, and none that is a message's: no arrow has this number.
            event.number(track_event::CORRELATION_ID, u64::MAX / 2 - hold.thread as u64);
            if let Some(place) = place {
                event.number(track_event::SOURCE_LOCATION_IID, place);
            }
            for (argument, text) in texts {
                if let Some(text) = text {
                    annotate(event, argument, debug_annotation::STRING_VALUE_IID, text);
                }
            }
            let waited = hold.others_waited;
            annotate(event, Argument::Turn, debug_annotation::UINT_VALUE, hold.turn);
            annotate(event, Argument::OthersWaited, debug_annotation::UINT_VALUE, waited);
        })?;
        match hold.end {
            Some(end) => self.event(end, track_event::SLICE_END, lane, |_| {}),
            None => Ok(()),
        }
    }

    fn merged(&mut self, merged: &Merged) -> Result<()> {
        let Merged { row, begin, end, .. } = *merged;
        if !self.merges {
            self.merges = true;
            intern_totals(&mut self.interned);
        }
        let (track, category) = match row {
            Row::Thread(thread) => (self.threads[thread], MERGED),
            Row::Lock(primitive, lane) => (self.lock_lane(primitive, lane)?, category("lock")),
        };
        let primitive = match row {
            Row::Thread(_) => None,
            Row::Lock(primitive, _) => Some(self.text(Text::Label(On::Primitive(primitive)))),
        };
        let (name, what) = (merged.name(self.entities), merged.what(self.entities));
        let instant = begin == end;
        let kind = if instant { track_event::INSTANT } else { track_event::SLICE_BEGIN };
        self.event(begin, kind, track, |event| {
            event.number(track_event::CATEGORY_IIDS, category);
            event.text(track_event::NAME, &name);
            if let Some(text) = primitive {
                annotate(event, Argument::Primitive, debug_annotation::STRING_VALUE_IID, text);
            }
            if !what.is_empty() {
                annotate_what(event, &what);
            }
            for &(total, value) in &merged.totals {
                annotate_total(event, total, value);
            }
        })?;
        if instant { Ok(()) } else { self.event(end, track_event::SLICE_END, track, |_| {}) }
    }

    fn counter(&mut self, counter: &Counter) -> Result<()> {
        let tracks = &self.channels[counter.channel];
        let track = match counter.what {
            Count::QueueDepth => tracks.depth,
            Count::LiveSenders => tracks.senders,
        };
        self.event(counter.time, track_event::COUNTER, track, |event| {
            event.number(track_event::COUNTER_VALUE, counter.value);
        })
    }

    /// The track of a lane, which is described when it is first needed.
    fn lane(&mut self, channel: usize, lane: usize) -> Result<u64> {
        while self.channels[channel].lanes.len() <= lane {
            let group = self.channels[channel].group;
            // The viewer shows siblings of one name as one track with several lanes.
            let track = self.track(Some(group), |track| {
                track.text(track_descriptor::NAME, "in flight");
                track.number(track_descriptor::SIBLING_ORDER_RANK, 2);
            })?;
            self.channels[channel].lanes.push(track);
        }
        Ok(self.channels[channel].lanes[lane])
    }

    /// The track of a lock's lane, which is described when it is first needed.
    fn lock_lane(&mut self, primitive: usize, lane: usize) -> Result<u64> {
        let entities = self.entities;
        let facts = &entities.primitives[primitive];
        while self.locks[primitive].len() <= lane {
            let (process, locks) = self.processes[facts.process];
            let locks = match locks {
                Some(locks) => locks,
                None => self.group(process, "locks", 1)?,
            };
            self.processes[facts.process].1 = Some(locks);
            let track = self.track(Some(locks), |track| {
                track.text(track_descriptor::NAME, &facts.label);
                track.number(track_descriptor::SIBLING_ORDER_RANK, primitive as u64);
            })?;
            self.locks[primitive].push(track);
        }
        Ok(self.locks[primitive][lane])
    }
}
