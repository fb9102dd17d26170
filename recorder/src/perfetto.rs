//! The Perfetto protobuf format.
//!
//! Written field by field. One track for each thread and one for its states, and below each
//! process a group `channels` with a group for each channel: queue depth, live senders, and
//! messages in flight in as many lanes as are needed; and a group `locks` in which each lock has
//! as many lanes as it is held at a time; and a group `findings`.
//!
//! Source: <https://perfetto.dev/docs/reference/trace-packet-proto>.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use anyhow::Result;

use crate::chains::{Chains, Link};
use crate::entities::Entities;
use crate::findings::Finding;
use crate::items::{Arrow, Category, Count, Counter, Fate, Flight, Hold, Item, On, Slice};
use crate::load::Recording;

mod arrows;
mod fields;
mod merged;
mod names;
mod packets;
mod sequence;
mod states;
mod wire;

use fields::{process_descriptor, thread_descriptor, track_descriptor, track_event};
use names::{Argument, Text, Topic};
use packets::{Line, Packets};
use sequence::Numbers;

/// Writes a Perfetto trace.
#[derive(Debug)]
pub struct Perfetto<'a, W> {
    entities: &'a Entities,
    packets: Packets<W>,
    /// The track of each process, and of the group of its locks if there is one.
    processes: Vec<(u64, Option<u64>)>,
    threads: Vec<Line>,
    /// The track of each thread's states, if there are any.
    states: Vec<Option<Line>>,
    channels: Vec<Channel>,
    /// The group of each process's findings, if there is one, and how many it has.
    findings: Vec<Option<(u64, u64)>>,
    /// Arrows from what shows a finding to the slice that it is about, by thread and begin.
    links: HashMap<(usize, u64), Vec<u64>>,
    chains: Chains,
    /// The lanes of each lock.
    locks: Vec<Vec<Line>>,
}

/// What is added to an arrow's number where it is a flow's: the viewer itself numbers those of
/// [`Perfetto::chain`], from 0.
const FLOWS: u64 = 1 << 32;

/// What a channel has.
#[derive(Debug)]
struct Channel {
    group: u64,
    /// The counters' tracks.
    depth: u64,
    senders: u64,
    /// When its depth was last written, and what it was.
    counted: Option<(u64, u64)>,
    lanes: Vec<Line>,
}

impl<'a, W: Write> Perfetto<'a, W> {
    /// Writes who and what there is.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W, recording: &'a Recording) -> Result<Self> {
        let mut perfetto = Perfetto {
            entities: &recording.entities,
            packets: Packets::new(out),
            processes: Vec::new(),
            threads: Vec::new(),
            states: vec![None; recording.entities.threads.len()],
            channels: Vec::new(),
            findings: vec![None; recording.entities.processes.len()],
            links: HashMap::new(),
            chains: Chains::new(recording.entities.threads.len()),
            locks: vec![Vec::new(); recording.entities.primitives.len()],
        };
        perfetto.describe()?;
        Ok(perfetto)
    }

    /// Describes the tracks of processes, threads and channels.
    fn describe(&mut self) -> Result<()> {
        for (index, process) in self.entities.processes.iter().enumerate() {
            let track = self.packets.track(None, |track| {
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
            let track = self.packets.track(None, |track| {
                track.number(track_descriptor::SIBLING_ORDER_RANK, index as u64);
                track.nested(track_descriptor::THREAD, |descriptor| {
                    descriptor.number(thread_descriptor::PID, process.track);
                    descriptor.number(thread_descriptor::TID, thread.track);
                    descriptor.text(thread_descriptor::THREAD_NAME, &thread.name);
                });
            })?;
            self.threads.push(Line::new(track));
        }
        let mut groups = vec![None; self.processes.len()];
        for (index, channel) in self.entities.channels.iter().enumerate() {
            let (process, _) = self.processes[channel.process];
            let all = match groups[channel.process] {
                Some(all) => all,
                None => self.packets.group(process, "channels", 0)?,
            };
            groups[channel.process] = Some(all);
            let group = self.packets.group(all, &channel.label, index as u64)?;
            let depth = self.packets.counter(group, "queue depth", 0, "messages")?;
            let senders = self.packets.counter(group, "live senders", 1, "senders")?;
            let lanes = Vec::new();
            self.channels.push(Channel { group, depth, senders, counted: None, lanes });
        }
        Ok(())
    }

    /// Writes a finding: a slice as long as it lasts, on a track of its own in the process's
    /// group `findings`, and in it an instant for each event that shows it, from which an arrow
    /// leads to that event's slice. They come in the order in which they are to stand, and before
    /// the items.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finding(&mut self, finding: &Finding) -> Result<()> {
        let entities = self.entities;
        let process = finding.process(entities);
        let (group, rank) = match self.findings[process] {
            Some(group) => group,
            None => (self.packets.group(self.processes[process].0, "findings", 2)?, 0),
        };
        self.findings[process] = Some((group, rank + 1));
        let name = finding.code.name();
        let mut line = self.packets.line(group, name, rank)?;
        let (begin, end) = finding.shown();
        self.packets.event(&mut line, begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::Finding);
            event.text(track_event::NAME, name);
            sequence.annotate_once(event, Argument::Text, &finding.what);
            sequence.annotate_once(event, Argument::Advice, &finding.advice);
            sequence.annotate_once(event, Argument::Sure, &finding.certainty.to_string());
        })?;
        for evidence in &finding.evidence {
            let name = format!("{} {}", entities.threads[evidence.thread].name, evidence.what);
            let link = self.link();
            self.links.entry((evidence.thread, evidence.time)).or_default().push(link);
            self.packets.event(&mut line, evidence.time, None, |event, sequence| {
                event.number(track_event::TYPE, track_event::INSTANT);
                sequence.topic(event, Topic::Finding);
                event.text(track_event::NAME, &name);
                event.fixed(track_event::FLOW_IDS, link);
                if let Some(site) = evidence.site {
                    let site = Text::Site(site.get());
                    sequence.annotate_text(&mut event.rest, Argument::Site, site, entities);
                }
            })?;
        }
        self.packets.end(&mut line, end)
    }

    /// A number for an arrow that is none of the recording's.
    fn link(&self) -> u64 {
        const BEYOND: u64 = 1 << 63;
        // All findings come before the first item that takes one away.
        BEYOND + self.links.values().map(Vec::len).sum::<usize>() as u64
    }

    /// Writes an item.
    ///
    /// # Errors
    /// The file cannot be written.
    #[inline]
    pub fn item(&mut self, item: &Item) -> Result<()> {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::State(state) => self.state(state),
            Item::Flight(flight) => self.flight(flight),
            Item::Hold(hold) => self.hold(hold),
            Item::Counter(counter) => self.counter(counter),
            Item::Merged(merged) => self.merged(merged),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> Result<()> {
        self.packets.finish()
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        let entities = self.entities;
        let links = match self.links.is_empty() {
            true => None,
            false => self.links.remove(&(slice.thread, slice.begin)),
        };
        let chain = self.chains.link(slice);
        let mut channel = slice.channel().map(|channel| &mut self.channels[channel]);
        let depth = match (&mut channel, slice.depth) {
            (Some(channel), Some(depth)) => {
                channel.counted = Some((slice.begin, depth));
                Some((channel.depth, depth))
            }
            _ => None,
        };
        let counter = channel.map(|channel| channel.depth);
        let line = &mut self.threads[slice.thread];
        self.packets.event(line, slice.begin, counter, |event, sequence| {
            sequence.shape(event, slice, entities);
            if slice.is_named_by_words() {
                event.text(track_event::NAME, &slice.name(entities));
            }
            match (&chain, &slice.arrow) {
                (Some(link), _) => event.fixed(track_event::FLOW_IDS, FLOWS + link.flow),
                (None, Some(Arrow::From(ids))) => {
                    ids.clone().for_each(|id| event.fixed(track_event::FLOW_IDS, FLOWS + id));
                }
                (None, Some(Arrow::To(id))) => {
                    event.fixed(track_event::TERMINATING_FLOW_IDS, FLOWS + id);
                }
                (None, None) => {}
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
            if let Some((counter, depth)) = depth {
                sequence.count(event, counter, depth);
            }
            if let Some(said) = &slice.words {
                let argument = match slice.category {
                    Category::Channel => Argument::Value,
                    Category::Span => Argument::Fields,
                    Category::Primitive | Category::Thread | Category::Log => Argument::Text,
                };
                sequence.annotate_once(event, argument, said);
            }
            for (argument, number) in [
                (Argument::Message, slice.message),
                (Argument::Latency, slice.latency),
                (Argument::Waited, slice.waited),
                (Argument::Timeout, slice.timeout),
            ] {
                if let Some(number) = number {
                    sequence.annotate(event, argument, number);
                }
            }
        })?;
        if let Some(Link { flow, from: Some(from), .. }) = chain {
            self.packets.chain(line, flow, from, slice.begin)?;
        }
        match slice.end {
            Some(end) if end != slice.begin => self.packets.end(line, end),
            _ => Ok(()),
        }
    }

    fn flight(&mut self, flight: &Flight) -> Result<()> {
        let Some(lane) = flight.lane else { return Ok(()) };
        let Channel { group, lanes, .. } = &mut self.channels[flight.channel];
        while lanes.len() <= lane {
            // The viewer shows siblings of one name as one track with several lanes.
            lanes.push(self.packets.line(*group, "in flight", 2)?);
        }
        let lane = &mut lanes[lane];
        let fate = match flight.fate {
            Fate::Received => "",
            Fate::Lost => " (never received)",
            Fate::Unseen => " (receive not recorded)",
        };
        self.packets.event(lane, flight.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::Message);
            event.text(track_event::NAME, &format!("{}{fate}", flight.name()));
            event.number(track_event::CORRELATION_ID, flight.arrow);
            if let Some(value) = &flight.value {
                sequence.annotate_once(event, Argument::Value, value);
            }
        })?;
        self.packets.end(lane, flight.end)
    }

    fn hold(&mut self, hold: &Hold) -> Result<()> {
        let entities = self.entities;
        let Some(lane) = hold.lane else { return Ok(()) };
        self.need_lane(hold.primitive, lane)?;
        let lane = &mut self.locks[hold.primitive][lane];
        self.packets.event(lane, hold.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::Lock);
            event.text(track_event::NAME, &hold.name(entities));
            // Each thread has one colour, and none that is a message's: no arrow has this number.
            event.number(track_event::CORRELATION_ID, u64::MAX / 2 - hold.thread as u64);
            if let Some(site) = hold.site {
                let site = Text::Site(site);
                sequence.annotate_text(&mut event.rest, Argument::Site, site, entities);
            }
            let primitive = Text::Label(On::Primitive(hold.primitive));
            let thread = Text::Label(On::Thread(hold.thread));
            sequence.annotate_text(&mut event.rest, Argument::Primitive, primitive, entities);
            sequence.annotate_text(&mut event.rest, Argument::Thread, thread, entities);
            sequence.annotate(event, Argument::Turn, hold.turn);
            sequence.annotate(event, Argument::OthersWaited, hold.others_waited);
        })?;
        match hold.end {
            Some(end) => self.packets.end(lane, end),
            None => Ok(()),
        }
    }

    /// Describes the track of a lock's lane, if it is needed for the first time.
    fn need_lane(&mut self, primitive: usize, lane: usize) -> Result<()> {
        let facts = &self.entities.primitives[primitive];
        let (process, locks) = &mut self.processes[facts.process];
        while self.locks[primitive].len() <= lane {
            let group = match *locks {
                Some(group) => group,
                None => self.packets.group(*process, "locks", 1)?,
            };
            *locks = Some(group);
            let line = self.packets.line(group, &facts.label, primitive as u64)?;
            self.locks[primitive].push(line);
        }
        Ok(())
    }

    fn counter(&mut self, counter: &Counter) -> Result<()> {
        let channel = &mut self.channels[counter.channel];
        let track = match counter.what {
            Count::QueueDepth => {
                // Most often the slice has said so.
                let now = (counter.time, counter.value);
                if channel.counted.replace(now) == Some(now) {
                    return Ok(());
                }
                channel.depth
            }
            Count::LiveSenders => channel.senders,
        };
        self.packets.count(track, counter.time, counter.value)
    }
}
