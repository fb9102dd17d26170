//! Decodes the events of a thread, a batch at a time.

use format::packed::{Operation as Unpacked, Piece, Unpacker};
use format::{
    Call, DetailKind, Event as RawEvent, MessageId, OperationKind, Outcome, Phase, Record,
    SELECT_ARM_CODE, Subject,
};

use std::num::NonZeroU32;
use std::slice;

use super::Recording;
use super::blocks::Block;
use super::catalog::{EndpointIndex, Numbers, Place, PlaceIndex, Target, ThreadIndex};
use super::clock::{Clock, Conversion};
use super::error::Result;
use super::event::{Event, Operation};
use super::metadata::BlockPlaces;
use super::time::{Nanos, Ticks};

/// The number of records that are decoded at a time.
const BATCH: usize = 128;

/// The events of a thread, in program order.
///
/// In memory it holds a block as it is stored, and besides some 7 KiB and 48 bytes for each shape of
/// a packed block.
#[derive(Debug)]
pub struct ThreadEvents<'a> {
    /// The next of the decoded events.
    next: usize,
    /// Whether all events of an earlier batch have been read.
    has_begun: bool,
    decoder: Decoder<'a>,
    /// The blocks after the current one.
    blocks: slice::Iter<'a, Block>,
    /// The content of the current block.
    content: Vec<u8>,
    rest: Rest,
    unpacker: Unpacker,
    position: Position,
}

/// How far the events of a thread have been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The sequence number of the current block, if there is one.
    block: Option<u64>,
    /// How many events of that block lie before the decoded batch.
    events: usize,
}

impl Position {
    /// After all events.
    pub(crate) const END: Position = Position { block: Some(u64::MAX), events: 0 };

    /// Whether all events of the thread's block with this sequence number lie before it.
    pub(super) fn is_after(self, sequence: u64) -> bool {
        self.block.is_some_and(|block| sequence < block)
    }
}

/// The records of the current block that are not decoded yet.
#[derive(Clone, Copy, Debug)]
enum Rest {
    /// From this byte of the content on.
    Raw(usize),
    /// The unpacker's.
    Packed,
    /// None.
    Nothing,
}

/// Decodes a thread's records.
#[derive(Debug)]
struct Decoder<'a> {
    /// The decoded batch, with times in nanoseconds since the trace's start. The shape is an index
    /// into `templates`, or [`NOT_AN_OPERATION`].
    batch: Vec<Unpacked>,
    /// How many events the batch has.
    count: usize,
    /// What operations have in common; by shape, once the shape has been met.
    templates: Vec<Option<Template>>,
    /// The arms of selects, by shape. They are kept apart, so that operations need no check for them.
    arms: Vec<Option<SelectArm>>,
    /// An event that is not an operation, which is decoded alone, and its text.
    event: Event,
    text: String,
    references: References<'a>,
    /// Whether the spawn of the thread is recorded.
    is_spawned: bool,
    clock: &'a Clock,
    conversion: Conversion,
}

/// What the numbers in the records of the current block refer to.
#[derive(Debug)]
struct References<'a> {
    recording: &'a Recording,
    numbers: &'a Numbers,
    places: BlockPlaces,
}

/// The shape of an event that is not an operation: no block has this many shapes.
const NOT_AN_OPERATION: u16 = u16::MAX;

/// What operations can have in common.
#[derive(Clone, Copy, Debug)]
struct Template {
    kind: OperationKind,
    call: Call,
    phase: Phase,
    outcome: Outcome,
    detail: DetailKind,
    target: Option<Target>,
    endpoint: Option<EndpointIndex>,
    place: Option<PlaceIndex>,
}

/// The endpoint of an arm of a select, and the code of its [`Arm`](format::Arm).
#[derive(Clone, Copy, Debug)]
struct SelectArm {
    endpoint: Option<EndpointIndex>,
    code: u32,
}

impl SelectArm {
    fn event(self, message: u64) -> Event {
        let arm = format::Arm::from_code(self.code);
        Event::SelectArm { endpoint: self.endpoint, arm, message: MessageId(message) }
    }
}

impl Template {
    #[inline(always)]
    fn operation(&self, detail: u64) -> Operation {
        let Template { call, phase, outcome, target, endpoint, place, .. } = *self;
        let detail = self.detail.read(detail);
        Operation { call, phase, outcome, target, endpoint, place, detail }
    }
}

impl<'a> ThreadEvents<'a> {
    pub(super) fn new(recording: &'a Recording, thread: ThreadIndex, blocks: &'a [Block]) -> Self {
        let catalog = &recording.catalog;
        let facts = &catalog.threads[thread];
        let clock = &catalog.processes[facts.process].clock;
        let decoder = Decoder {
            batch: Vec::new(),
            count: 0,
            templates: Vec::new(),
            arms: Vec::new(),
            event: Event::Paused,
            text: String::new(),
            references: References {
                recording,
                numbers: &catalog.numbers[facts.process],
                places: BlockPlaces::new(catalog.processes[facts.process].number),
            },
            is_spawned: facts.spawned.is_some(),
            clock,
            conversion: clock.conversion(Ticks(0)),
        };
        ThreadEvents {
            next: 0,
            has_begun: false,
            decoder,
            blocks: blocks.iter(),
            content: Vec::new(),
            rest: Rest::Nothing,
            unpacker: Unpacker::default(),
            position: Position::default(),
        }
    }

    /// How far the events have been read: the next one is there.
    pub fn position(&self) -> Position {
        if !self.has_begun && self.next == 0 {
            // In a later state of the recording, the thread's start can be an event.
            return Position::default();
        }
        Position { events: self.position.events + self.next, ..self.position }
    }

    /// Moves to a position that [`position`](Self::position) has returned, perhaps of an earlier
    /// state of a recording that grows.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn seek(&mut self, position: Position) -> Result<()> {
        let Some(sequence) = position.block else { return Ok(()) };
        self.has_begun = true;
        let blocks = self.blocks.as_slice();
        let place = blocks.partition_point(|block| block.header.sequence < sequence);
        self.blocks = blocks[place..].iter();
        let mut left = position.events;
        while self.decode()? && self.position.block == position.block {
            self.next = left.min(self.decoder.count);
            left -= self.next;
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The time of the next event; `None` after the last.
    ///
    /// # Errors
    /// The file cannot be read.
    #[inline]
    pub fn next_time(&mut self) -> Result<Option<Nanos>> {
        if self.next >= self.decoder.count && !self.decode()? {
            return Ok(None);
        }
        Ok(Some(Nanos::new(self.decoder.batch[self.next].time)))
    }

    /// The event whose [time](Self::next_time) was returned.
    ///
    /// # Panics
    /// There is none.
    #[inline]
    pub fn event(&self) -> Event {
        let next = &self.decoder.batch[self.next];
        match self.decoder.template(next) {
            Some(template) => Event::Operation(template.operation(next.detail)),
            None => self.decoder.other_event(next),
        }
    }

    /// The event whose [time](Self::next_time) was returned, if it is an operation.
    #[inline(always)]
    pub fn operation(&self) -> Option<Operation> {
        let next = &self.decoder.batch[self.next];
        let template = self.decoder.template(next)?;
        Some(template.operation(next.detail))
    }

    /// The kind and the detail of the event whose [time](Self::next_time) was returned, if it is an
    /// operation.
    #[inline(always)]
    pub(crate) fn kind_and_detail(&self) -> (Option<OperationKind>, u64) {
        let next = &self.decoder.batch[self.next];
        (self.decoder.template(next).map(|template| template.kind), next.detail)
    }

    /// The text of the event whose [time](Self::next_time) was returned.
    pub fn text(&self) -> &str {
        match self.decoder.batch[self.next].shape {
            NOT_AN_OPERATION => &self.decoder.text,
            // Others leave the latest text in place.
            _ => "",
        }
    }

    /// Moves to the event after the one whose [time](Self::next_time) was returned.
    #[inline]
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// Skips the events that are left.
    pub(crate) fn skip_rest(&mut self) {
        self.blocks = [].iter();
        self.rest = Rest::Nothing;
        (self.next, self.decoder.count) = (0, 0);
    }

    /// Calls `visit` with the remaining events and their times.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn for_each(mut self, mut visit: impl FnMut(Nanos, &Event)) -> Result<()> {
        while let Some(time) = self.next_time()? {
            visit(time, &self.event());
            self.advance();
        }
        Ok(())
    }

    /// Decodes the next batch; returns whether there are events in it.
    #[cold]
    fn decode(&mut self) -> Result<bool> {
        self.has_begun |= self.decoder.count > 0;
        self.position.events += self.decoder.count;
        (self.next, self.decoder.count) = (0, 0);
        while self.decoder.count == 0 {
            match self.rest {
                Rest::Raw(at) if at < self.content.len() => {
                    match self.decoder.raw(&self.content[at..]) {
                        Some(length) => self.rest = Rest::Raw(at + length),
                        None => self.rest = Rest::Nothing,
                    }
                }
                Rest::Packed => {
                    if !self.decoder.packed(&self.content, &mut self.unpacker) {
                        self.rest = Rest::Nothing;
                    }
                }
                Rest::Raw(_) | Rest::Nothing => {
                    let Some(block) = self.blocks.next() else { return Ok(false) };
                    self.begin(block)?;
                }
            }
        }
        Ok(true)
    }

    fn begin(&mut self, block: &Block) -> Result<()> {
        self.decoder.references.recording.read_content(block, &mut self.content)?;
        self.decoder.references.places.clear();
        self.decoder.templates.clear();
        self.decoder.arms.clear();
        self.position = Position { block: Some(block.header.sequence), events: 0 };
        self.rest = if !block.header.packed {
            self.content.truncate(block.readable);
            Rest::Raw(0)
        } else if self.unpacker.begin(&self.content).is_ok() {
            Rest::Packed
        } else {
            // The first pass has reported the damage.
            Rest::Nothing
        };
        Ok(())
    }
}

impl Decoder<'_> {
    #[inline]
    fn template(&self, operation: &Unpacked) -> Option<&Template> {
        self.templates.get(usize::from(operation.shape))?.as_ref()
    }

    /// Decodes a batch of unpacked records; returns how many bytes they take.
    fn raw(&mut self, bytes: &[u8]) -> Option<usize> {
        let records = &bytes.as_chunks::<24>().0;
        let records = &records[..records.len().min(BATCH)];
        self.batch.resize(self.batch.len().max(records.len()), Unpacked::default());
        self.templates.clear();
        let (clock, origin) = (self.clock, self.references.recording.catalog.origin().get());
        let mut conversion = self.conversion;
        // Most records are like one of the two latest.
        let (mut latest, mut before) = (None, None);
        for (words, room) in records.iter().zip(&mut self.batch) {
            let [first, operands, detail] =
                std::array::from_fn(|word| u64::from_le_bytes(words.as_chunks().0[word]));
            let code = first as u8;
            let is_alike = |&(c, o, _): &(u8, u64, u16)| (c, o) == (code, operands);
            if !latest.as_ref().is_some_and(is_alike) {
                (latest, before) = (before, latest);
            }
            let shape = match latest {
                Some((.., shape)) if latest.as_ref().is_some_and(is_alike) => shape,
                _ => {
                    let Some(kind) = OperationKind::from_code(code) else { break };
                    let shape = self.templates.len() as u16;
                    let (number, site) = (operands as u32, (operands >> 32) as u32);
                    let template = self.references.template(kind, number, site);
                    self.templates.push(Some(template));
                    latest = Some((code, operands, shape));
                    shape
                }
            };
            let time = conversion.convert(clock, first >> 8).saturating_sub(origin);
            *room = Unpacked { time, detail, shape };
            self.count += 1;
        }
        self.conversion = conversion;
        if self.count > 0 {
            return Some(24 * self.count);
        }
        // The first pass has decoded it before.
        let record = format::decode(bytes).ok()?;
        self.other(&record);
        Some(record.length)
    }

    /// Decodes a batch of a packed block; returns whether there were records.
    fn packed(&mut self, content: &[u8], unpacker: &mut Unpacker) -> bool {
        self.batch.resize(BATCH, Unpacked::default());
        match unpacker.next(content, &mut self.batch) {
            Ok(Some(Piece::Operations(count))) => {
                self.count = count;
                self.operations(unpacker);
            }
            Ok(Some(Piece::Record(record, _))) => self.other(&record),
            // The first pass has reported the damage.
            Ok(None) | Err(_) => return false,
        }
        true
    }

    /// Converts the times of unpacked operations, and makes templates for new shapes.
    fn operations(&mut self, unpacker: &Unpacker) {
        let (clock, origin) = (self.clock, self.references.recording.catalog.origin().get());
        let mut conversion = self.conversion;
        for operation in &mut self.batch[..self.count] {
            operation.time = conversion.convert(clock, operation.time).saturating_sub(origin);
        }
        self.conversion = conversion;
        let templates = &mut self.templates;
        templates.resize(unpacker.shapes(), None);
        for operation in &self.batch[..self.count] {
            let known = &mut templates[usize::from(operation.shape)];
            if known.is_none() {
                let (code, endpoint, site) = unpacker.shape(operation.shape);
                if code == SELECT_ARM_CODE {
                    let endpoint = self.references.numbers.endpoints.get(endpoint);
                    self.arms.resize(unpacker.shapes(), None);
                    self.arms[usize::from(operation.shape)] =
                        Some(SelectArm { endpoint, code: site });
                }
                *known = OperationKind::from_code(code)
                    .map(|kind| self.references.template(kind, endpoint, site));
            }
        }
    }

    /// Decodes a record that need not be an operation.
    #[cold]
    fn other(&mut self, record: &Record<'_>) {
        if let Some((site, place)) = self.references.places.place(&record.event)
            && let Some(place) = self.references.recording.find_place(&place)
        {
            self.references.places.insert(site, place);
            self.templates.clear();
        }
        let Some((event, text)) = self.event(&record.event) else { return };
        self.event = event;
        self.text.clear();
        self.text.push_str(text);
        let time = self.conversion.convert(self.clock, record.time);
        let time = time.saturating_sub(self.references.recording.catalog.origin().get());
        let next = Unpacked { time, detail: 0, shape: NOT_AN_OPERATION };
        match self.batch.first_mut() {
            Some(first) => *first = next,
            None => self.batch.push(next),
        }
        self.count = 1;
    }

    /// An event that is no operation.
    #[cold]
    fn other_event(&self, event: &Unpacked) -> Event {
        match self.arms.get(usize::from(event.shape)) {
            Some(&Some(arm)) => arm.event(event.detail),
            _ => self.event,
        }
    }

    /// The event of a record, and its text. Some records are no events of a thread.
    fn event<'r>(&self, event: &RawEvent<'r>) -> Option<(Event, &'r str)> {
        let References { recording, numbers, places } = &self.references;
        let endpoint = |endpoint: u32| numbers.endpoints.get(endpoint);
        let callsite = |callsite: u32| numbers.callsites.get(callsite);
        let place = |site: u32| places.get(site);
        let mut text = "";
        let event = match *event {
            RawEvent::Operation { kind, endpoint, site, detail } => {
                let template = self.references.template(kind, endpoint, site);
                Event::Operation(template.operation(detail))
            }
            RawEvent::ChannelCreated { channel, site, .. } => Event::ChannelCreated {
                channel: numbers.channels.get(channel)?,
                place: place(site),
            },
            RawEvent::SenderCloned { sender, from, site } => Event::SenderCloned {
                sender: endpoint(sender),
                from: endpoint(from),
                place: place(site),
            },
            RawEvent::ReceiverCloned { receiver, site, .. } => {
                Event::ReceiverCloned { receiver: endpoint(receiver), place: place(site) }
            }
            RawEvent::SelectArm { endpoint: number, arm, message } => {
                SelectArm { endpoint: endpoint(number), code: arm }.event(message)
            }
            RawEvent::TaskSpawned { task, by, site, .. } => {
                Event::TaskSpawned { task, by: NonZeroU32::new(by), place: place(site) }
            }
            RawEvent::TaskResumed { task } => Event::TaskResumed { task },
            RawEvent::TaskSuspended { task } => Event::TaskSuspended { task },
            RawEvent::TaskEnded { task } => Event::TaskEnded { task },
            RawEvent::PanicCaught {} => Event::PanicCaught,
            RawEvent::SenderDropped { endpoint: number } => {
                Event::SenderDropped { sender: endpoint(number) }
            }
            RawEvent::ReceiverDropped { endpoint: number } => {
                Event::ReceiverDropped { receiver: endpoint(number) }
            }
            RawEvent::ThreadStarted { .. } if self.is_spawned => Event::ThreadStarted,
            RawEvent::Returned { panicked } => Event::Returned { panicked: panicked != 0 },
            RawEvent::ThreadEnded {} => Event::ThreadEnded,
            RawEvent::Panicked { line, column, file, message } => {
                text = message;
                Event::Panicked { place: recording.find_place(&Place::new(file, line, column)) }
            }
            RawEvent::Value { message, value } => {
                text = value;
                Event::Value { message: MessageId(message) }
            }
            RawEvent::SpanEntered { callsite: number, span, fields } => {
                text = fields;
                Event::SpanEntered { callsite: callsite(number), span }
            }
            RawEvent::SpanExited { span } => Event::SpanExited { span },
            RawEvent::Logged { callsite: number, message } => {
                text = message;
                Event::Logged { callsite: callsite(number) }
            }
            RawEvent::Paused {} => Event::Paused,
            RawEvent::Resumed {} => Event::Resumed,
            _ => return None,
        };
        Some((event, text))
    }
}

impl References<'_> {
    /// What operations of this kind, on the thing with this number and at this site have in common.
    fn template(&self, kind: OperationKind, number: u32, site: u32) -> Template {
        let References { recording, numbers, places } = self;
        let (target, endpoint) = match kind.call().subject() {
            Subject::Endpoint => {
                let endpoint = numbers.endpoints.get(number);
                let channel =
                    endpoint.map(|endpoint| recording.catalog.endpoints[endpoint].channel);
                (channel.map(Target::Channel), endpoint)
            }
            Subject::Primitive => (numbers.primitives.get(number).map(Target::Primitive), None),
            Subject::Thread => (numbers.threads.get(number).map(Target::Thread), None),
            Subject::Nothing => (None, None),
        };
        Template {
            kind,
            call: kind.call(),
            phase: kind.phase(),
            outcome: kind.outcome(),
            detail: kind.detail_kind(),
            target,
            endpoint,
            place: places.get(site),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The remaining events, and all positions on the way.
    fn read(mut events: ThreadEvents<'_>) -> Vec<((Nanos, Event), Position)> {
        let mut read = Vec::new();
        while let Some(time) = events.next_time().unwrap() {
            read.push(((time, events.event()), events.position()));
            events.advance();
        }
        read
    }

    #[test]
    fn reading_goes_on_from_any_position() {
        let mut text = "channel-recording version=3\n".to_owned();
        for (sequence, count) in [(0, 2 * BATCH + 5), (1, 0), (2, BATCH), (3, 1)] {
            text += &format!("block process=0 thread=1 sequence={sequence} dropped=0\n");
            for event in 0..count {
                text +=
                    &format!("{} YieldNow endpoint=0 site=0 detail=0\n", 1_000 * sequence + event);
            }
        }
        let recording = Recording::from_bytes(format::text::parse(&text).unwrap()).unwrap();
        let thread = ThreadIndex::from(0);
        let all = read(recording.events(thread));
        assert_eq!(all.len(), 3 * BATCH + 6);
        for (index, (_, position)) in all.iter().enumerate() {
            let mut events = recording.events(thread);
            events.seek(*position).unwrap();
            assert_eq!(events.position(), *position);
            assert_eq!(read(events), all[index..]);
        }
    }
}
