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

use crate::analysis::findings::Finding;
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::timeline::flows::{Chains, Link};
use crate::timeline::item::{Arrow, Category, Count, Counter, Fate, Flight, Hold, Item, On, Slice};

mod arrows;
mod fields;
mod merged;
mod names;
mod packets;
mod sequence;
mod states;
mod tracks;
mod wire;

use fields::track_event;
use names::{Argument, Text, Topic};
use packets::Packets;
use sequence::Numbers;
use tracks::Tracks;

/// Writes a Perfetto trace.
#[derive(Debug)]
pub struct Perfetto<'a, W> {
    entities: &'a Entities,
    packets: Packets<W>,
    tracks: Tracks<'a>,
    /// How many findings each process has.
    findings: Vec<u64>,
    /// Arrows from what shows a finding to the slice that it is about, by thread and begin.
    links: HashMap<(usize, u64), Vec<u64>>,
    chains: Chains,
}

/// What is added to an arrow's number where it is a flow's: the viewer itself numbers those of
/// [`Packets::chain`], from 0.
const FLOWS: u64 = 1 << 32;

impl<'a, W: Write> Perfetto<'a, W> {
    /// A trace of this recording, of which nothing has been told yet.
    pub fn new(out: W, recording: &'a Recording) -> Self {
        let entities = &recording.entities;
        Perfetto {
            entities,
            packets: Packets::new(out),
            tracks: Tracks::new(entities),
            findings: vec![0; entities.processes.len()],
            links: HashMap::new(),
            chains: Chains::new(entities.threads.len()),
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
        let entities = self.entities;
        let process = finding.process(entities);
        let rank = self.findings[process];
        self.findings[process] += 1;
        let name = finding.code.name();
        let mut line = self.tracks.finding(process, name, rank, &mut self.packets)?;
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
                    sequence.annotate_text(event, Argument::Site, site, entities);
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
            Item::MergedStates(states) => self.merged_states(states),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.tracks.finish(&mut self.packets)?;
        self.packets.finish()
    }

    fn slice(&mut self, slice: &Slice) -> Result<()> {
        let entities = self.entities;
        let links = match self.links.is_empty() {
            true => None,
            false => self.links.remove(&(slice.thread, slice.begin)),
        };
        let chain = self.chains.link(slice);
        let mut channel = match slice.channel() {
            Some(channel) => Some(self.tracks.channel(channel, &mut self.packets)?),
            None => None,
        };
        let depth = match (&mut channel, slice.depth) {
            (Some(channel), Some(depth)) => {
                channel.counted = Some((slice.begin, depth));
                Some((channel.depth, depth))
            }
            _ => None,
        };
        let counter = channel.map(|channel| channel.depth);
        let line = self.tracks.thread(slice.thread, &mut self.packets)?;
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
            if let Some(links) = links {
                links.iter().for_each(|link| event.fixed(track_event::TERMINATING_FLOW_IDS, *link));
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
            let mut say = |argument, number: Option<u64>| {
                if let Some(number) = number {
                    sequence.annotate(event, argument, number);
                }
            };
            say(Argument::Message, slice.message);
            say(Argument::Latency, slice.latency);
            say(Argument::Waited, slice.waited);
            say(Argument::Timeout, slice.timeout);
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
        let lane = self.tracks.flights(flight.channel, lane, &mut self.packets)?;
        let mut name = flight.name();
        name.push_str(match flight.fate {
            Fate::Received => "",
            Fate::Lost => " (never received)",
            Fate::Unseen => " (receive not recorded)",
        });
        self.packets.event(lane, flight.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::Message);
            event.text(track_event::NAME, &name);
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
        let lane = self.tracks.holds(hold.primitive, lane, &mut self.packets)?;
        self.packets.event(lane, hold.begin, None, |event, sequence| {
            event.number(track_event::TYPE, track_event::SLICE_BEGIN);
            sequence.topic(event, Topic::Lock);
            event.text(track_event::NAME, &hold.name(entities));
            // Each thread has one colour, and none that is a message's: no arrow has this number.
            event.number(track_event::CORRELATION_ID, u64::MAX / 2 - hold.thread as u64);
            if let Some(site) = hold.site {
                let site = Text::Site(site);
                sequence.annotate_text(event, Argument::Site, site, entities);
            }
            let primitive = Text::Label(On::Primitive(hold.primitive));
            let thread = Text::Label(On::Thread(hold.thread));
            sequence.annotate_text(event, Argument::Primitive, primitive, entities);
            sequence.annotate_text(event, Argument::Thread, thread, entities);
            sequence.annotate(event, Argument::Turn, hold.turn);
            sequence.annotate(event, Argument::OthersWaited, hold.others_waited);
        })?;
        match hold.end {
            Some(end) => self.packets.end(lane, end),
            None => Ok(()),
        }
    }

    fn counter(&mut self, counter: &Counter) -> Result<()> {
        let channel = self.tracks.channel(counter.channel, &mut self.packets)?;
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
