//! A thread's events, decoded some at a time.

use anyhow::Result;
use format::packed::{Operation, Piece, Unpacker};
use format::{Event, MessageId, OperationKind, Record, SELECT_ARM_CODE, Subject};

use super::{Block, Deed, Recording};
use crate::reading::catalog::{Entities, Index, Site};
use crate::reading::clock::{Clock, Stretch};
use crate::reading::id_map::Indices;

/// So many records are decoded at a time.
const AT_A_TIME: usize = 128;

/// A thread's events, decoded some at a time. In memory it has a block as it stands in the file,
/// and besides some 7 KiB and 40 bytes for each shape of a packed block.
#[derive(Debug)]
pub struct ThreadEvents<'a> {
    /// Of the decoded deeds, the next.
    at: usize,
    decoder: Decoder<'a>,
    /// Those that come after the one that is being read.
    blocks: &'a [Block],
    /// The content of the block that is being read.
    content: Vec<u8>,
    rest: Rest,
    unpacker: Unpacker,
}

/// Where in a block the records are that are not decoded yet.
#[derive(Clone, Copy, Debug)]
enum Rest {
    /// From this byte of the content on.
    From(usize),
    /// The unpacker knows.
    Packed,
    /// There are none.
    Nothing,
}

/// Decodes a thread's records.
#[derive(Debug)]
struct Decoder<'a> {
    /// What is decoded, with times in nanoseconds since the trace's start. The shape is a place
    /// in `shapes`, or [`OTHER`].
    room: Vec<Operation>,
    /// How many there are in the room.
    count: usize,
    /// What is alike in operations: by the number of a packed block's shape, if that was met.
    shapes: Vec<Option<Shape>>,
    /// The shapes of arms of selects, by the same numbers. They are apart, so that operations
    /// need not be told from them each time.
    arms: Vec<Option<Arm>>,
    /// The deed that is no operation, which is decoded alone, and what it says in words.
    other: Deed,
    words: String,
    recording: &'a Recording,
    known: Known<'a>,
    clock: &'a Clock,
    stretch: Stretch,
    /// The block's numbers of its sites.
    sites: Indices,
}

/// The shape of the other deed: no block has so many.
const OTHER: u16 = u16::MAX;

/// What operations can have in common.
#[derive(Clone, Copy, Debug)]
struct Shape {
    kind: OperationKind,
    subject: Option<Index>,
    endpoint: u32,
    site: Option<Index>,
}

impl Shape {
    #[inline]
    fn deed(self, detail: u64) -> Deed {
        let Shape { kind, subject, endpoint, site } = self;
        Deed::Operation { kind, subject, endpoint, site, detail }
    }
}

/// The endpoint of an arm of a select, and the code of what it does there.
#[derive(Clone, Copy, Debug)]
struct Arm {
    endpoint: u32,
    code: u32,
}

/// What the numbers in a process's records stand for.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    /// Channels by their endpoints.
    endpoints: &'a Indices,
    primitives: &'a Indices,
    threads: &'a Indices,
    callsites: &'a Indices,
    /// Whether the spawn of the thread whose records they are was recorded.
    spawned: bool,
}

impl Known<'_> {
    /// What an operation is on.
    #[inline]
    fn subject(&self, kind: OperationKind, number: u32) -> Option<Index> {
        match kind.call().subject() {
            Subject::Endpoint => self.endpoints.get(number),
            Subject::Primitive => self.primitives.get(number),
            Subject::Thread => self.threads.get(number),
            Subject::Nothing => None,
        }
    }
}

impl<'a> ThreadEvents<'a> {
    pub(super) fn new(recording: &'a Recording, thread: usize, blocks: &'a [Block]) -> Self {
        let Entities { processes, threads, .. } = &recording.entities;
        let process = threads[thread].process;
        let clock = &processes[process].clock;
        let known = Known {
            endpoints: &recording.entities.endpoints[process],
            primitives: &recording.entities.primitive_numbers[process],
            threads: &recording.entities.numbers[process],
            callsites: &recording.entities.callsite_numbers[process],
            spawned: threads[thread].spawned.is_some(),
        };
        let decoder = Decoder {
            room: Vec::new(),
            count: 0,
            shapes: Vec::new(),
            arms: Vec::new(),
            other: Deed::Paused,
            words: String::new(),
            recording,
            known,
            clock,
            stretch: clock.stretch(0),
            sites: Indices::default(),
        };
        let (content, rest, unpacker) = (Vec::new(), Rest::Nothing, Unpacker::default());
        ThreadEvents { at: 0, decoder, blocks, content, rest, unpacker }
    }

    /// The next deed and its time, in nanoseconds since the trace's start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_deed(&mut self) -> Result<Option<(u64, Deed)>> {
        let Some(time) = self.next_time()? else { return Ok(None) };
        let mut deed = Deed::Paused;
        self.look(&mut deed, &mut String::new());
        self.pass();
        Ok(Some((time, deed)))
    }

    /// Tells `tell` all that are left, without the copies that [`next_deed`](Self::next_deed)
    /// makes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn for_each(mut self, mut tell: impl FnMut(u64, &Deed)) -> Result<()> {
        while self.next_time()?.is_some() {
            for operation in &self.decoder.room[self.at..self.decoder.count] {
                match self.decoder.shape_of(operation) {
                    Some(shape) => tell(operation.time, &shape.deed(operation.detail)),
                    None => tell(operation.time, &self.decoder.rare(operation)),
                }
            }
            self.at = self.decoder.count;
        }
        Ok(())
    }

    /// When the next deed is; `None` after the last.
    #[inline]
    pub(crate) fn next_time(&mut self) -> Result<Option<u64>> {
        if self.at >= self.decoder.count && !self.decode()? {
            return Ok(None);
        }
        Ok(Some(self.decoder.room[self.at].time))
    }

    /// Puts the deed whose [time](Self::next_time) was asked for in `deed`, and what it says in
    /// words in `words`, which an operation leaves alone.
    #[inline]
    pub(crate) fn look(&self, deed: &mut Deed, words: &mut String) {
        let Some(next) = self.decoder.room.get(self.at) else { return };
        match self.decoder.shape_of(next) {
            Some(shape) => *deed = shape.deed(next.detail),
            None => {
                *deed = self.decoder.rare(next);
                words.clear();
                if next.shape == OTHER {
                    words.push_str(&self.decoder.words);
                }
            }
        }
    }

    /// Goes on to the deed after the one whose [time](Self::next_time) was asked for.
    #[inline]
    pub(crate) fn pass(&mut self) {
        self.at += 1;
    }

    /// Decodes the next deeds, in place of those that are there; tells whether there are some.
    #[cold]
    fn decode(&mut self) -> Result<bool> {
        (self.at, self.decoder.count) = (0, 0);
        while self.decoder.count == 0 {
            match self.rest {
                Rest::From(at) if at < self.content.len() => {
                    self.rest = Rest::From(at + self.decoder.records(&self.content[at..])?);
                }
                Rest::Packed => {
                    if !self.decoder.packed(&self.content, &mut self.unpacker) {
                        self.rest = Rest::Nothing;
                    }
                }
                Rest::From(_) | Rest::Nothing => {
                    let Some((block, rest)) = self.blocks.split_first() else { return Ok(false) };
                    self.blocks = rest;
                    self.begin(block)?;
                }
            }
        }
        Ok(true)
    }

    fn begin(&mut self, block: &Block) -> Result<()> {
        self.decoder.recording.read_content(block, &mut self.content)?;
        self.decoder.sites.clear();
        self.decoder.shapes.clear();
        self.decoder.arms.clear();
        self.rest = if !block.header.packed {
            self.content.truncate(block.readable);
            Rest::From(0)
        } else if self.unpacker.begin(&self.content).is_ok() {
            Rest::Packed
        } else {
            Rest::Nothing
        };
        Ok(())
    }
}

impl Decoder<'_> {
    /// What an operation that is decoded has in common with others; `None` of an arm or of the
    /// other deed.
    #[inline]
    fn shape_of(&self, operation: &Operation) -> Option<&Shape> {
        self.shapes.get(usize::from(operation.shape))?.as_ref()
    }

    /// Decodes records as they stand in memory; gives how many bytes those take.
    fn records(&mut self, bytes: &[u8]) -> Result<usize> {
        let records = &bytes.as_chunks::<24>().0;
        let records = &records[..records.len().min(AT_A_TIME)];
        self.room.resize(self.room.len().max(records.len()), Operation::default());
        self.shapes.clear();
        let (clock, origin, mut stretch) = (self.clock, self.recording.origin, self.stretch);
        // Most are like one of the two shapes that were met last.
        let (mut latest, mut before) = (None, None);
        for (words, room) in records.iter().zip(&mut self.room) {
            let [first, operands, detail] =
                std::array::from_fn(|word| u64::from_le_bytes(words.as_chunks().0[word]));
            let code = first as u8;
            let like_it = |&(c, o, _): &(u8, u64, u16)| (c, o) == (code, operands);
            if !latest.as_ref().is_some_and(like_it) {
                (latest, before) = (before, latest);
            }
            let shape = match latest {
                Some((.., number)) if latest.as_ref().is_some_and(like_it) => number,
                _ => {
                    let Some(kind) = OperationKind::from_code(code) else { break };
                    let (endpoint, site) = (operands as u32, (operands >> 32) as u32);
                    let number = self.shapes.len() as u16;
                    self.shapes.push(Some(shape(&self.known, &self.sites, kind, endpoint, site)));
                    latest = Some((code, operands, number));
                    number
                }
            };
            let time = stretch.go_on(clock, first >> 8).saturating_sub(origin);
            *room = Operation { time, detail, shape };
            self.count += 1;
        }
        self.stretch = stretch;
        if self.count > 0 {
            return Ok(24 * self.count);
        }
        // The first pass has read this before.
        let record = format::decode(bytes)?;
        self.other(&record);
        Ok(record.length)
    }

    /// Decodes the next records of a packed block; tells whether there were some.
    fn packed(&mut self, content: &[u8], unpacker: &mut Unpacker) -> bool {
        self.room.resize(AT_A_TIME, Operation::default());
        // Of what is damaged the first pass has told.
        match unpacker.next(content, &mut self.room) {
            Ok(Some(Piece::Operations(count))) => {
                self.count = count;
                self.operations(unpacker);
            }
            Ok(Some(Piece::Record(record, _))) => self.other(&record),
            Ok(None) | Err(_) => return false,
        }
        true
    }

    /// Sees to the times and the shapes of operations that were unpacked.
    fn operations(&mut self, unpacker: &Unpacker) {
        let (clock, origin, mut stretch) = (self.clock, self.recording.origin, self.stretch);
        for operation in &mut self.room[..self.count] {
            operation.time = stretch.go_on(clock, operation.time).saturating_sub(origin);
        }
        self.stretch = stretch;
        let shapes = &mut self.shapes;
        shapes.resize(unpacker.shapes(), None);
        for operation in &self.room[..self.count] {
            let met = &mut shapes[usize::from(operation.shape)];
            if met.is_none() {
                let (code, endpoint, site) = unpacker.shape(operation.shape);
                if code == SELECT_ARM_CODE {
                    self.arms.resize(unpacker.shapes(), None);
                    self.arms[usize::from(operation.shape)] = Some(Arm { endpoint, code: site });
                }
                *met = OperationKind::from_code(code)
                    .map(|kind| shape(&self.known, &self.sites, kind, endpoint, site));
            }
        }
    }

    /// Takes in a record that may be of any kind.
    #[cold]
    fn other(&mut self, record: &Record<'_>) {
        if let Event::Site { site, line, column, file } = record.event {
            let place = Site { file: file.to_owned(), line, column };
            if let Some(number) = self.recording.site_numbers.get(&place) {
                self.sites.insert(site, number.get());
                self.shapes.clear();
            }
        }
        if let Some(deed) = self.deed(&record.event) {
            self.other = deed;
            self.words.clear();
            self.words.push_str(said(&record.event));
            let time = self.stretch.go_on(self.clock, record.time);
            let time = time.saturating_sub(self.recording.origin);
            let next = Operation { time, detail: 0, shape: OTHER };
            match self.room.first_mut() {
                Some(first) => *first = next,
                None => self.room.push(next),
            }
            self.count = 1;
        }
    }

    /// A deed that is no operation: an arm, or the other deed.
    #[cold]
    fn rare(&self, operation: &Operation) -> Deed {
        match self.arms.get(usize::from(operation.shape)) {
            Some(&Some(arm)) => self.arm(arm, operation.detail),
            _ => self.other,
        }
    }

    fn arm(&self, Arm { endpoint, code }: Arm, message: u64) -> Deed {
        Deed::SelectArm {
            channel: self.known.endpoints.get(endpoint),
            endpoint,
            arm: format::Arm::from_code(code),
            message: MessageId(message),
        }
    }

    fn deed(&self, event: &Event<'_>) -> Option<Deed> {
        let channel = |endpoint: u32| self.known.endpoints.get(endpoint);
        let callsite = |callsite: u32| self.known.callsites.get(callsite);
        let place = |site: u32| self.sites.get(site);
        match *event {
            Event::Operation { kind, endpoint, site, detail } => Some(Deed::Operation {
                kind,
                subject: self.known.subject(kind, endpoint),
                endpoint,
                site: place(site),
                detail,
            }),
            Event::ChannelCreated { sender, site, .. } => {
                Some(Deed::ChannelCreated { channel: channel(sender)?, site: place(site) })
            }
            Event::SenderCloned { sender, from, site } => Some(Deed::SenderCloned {
                channel: channel(sender),
                sender,
                from,
                site: place(site),
            }),
            Event::ReceiverCloned { receiver, from, site } => Some(Deed::ReceiverCloned {
                channel: channel(receiver),
                receiver,
                from,
                site: place(site),
            }),
            Event::SelectArm { endpoint, arm, message } => {
                Some(self.arm(Arm { endpoint, code: arm }, message))
            }
            Event::TaskSpawned { task, by, site, .. } => {
                Some(Deed::TaskSpawned { task, by, site: place(site) })
            }
            Event::TaskResumed { task } => Some(Deed::TaskResumed { task }),
            Event::TaskSuspended { task } => Some(Deed::TaskSuspended { task }),
            Event::TaskEnded { task } => Some(Deed::TaskEnded { task }),
            Event::SenderDropped { endpoint } => {
                Some(Deed::SenderDropped { channel: channel(endpoint), endpoint })
            }
            Event::ReceiverDropped { endpoint } => {
                Some(Deed::ReceiverDropped { channel: channel(endpoint), endpoint })
            }
            Event::ThreadStarted { .. } => self.known.spawned.then_some(Deed::ThreadStarted),
            Event::Returned { panicked } => Some(Deed::Returned { panicked: panicked != 0 }),
            Event::ThreadEnded {} => Some(Deed::ThreadEnded),
            Event::Panicked { line, column, file, .. } => {
                let place = Site { file: file.to_owned(), line, column };
                Some(Deed::Panicked { site: self.recording.site_numbers.get(&place).copied() })
            }
            Event::Value { message, .. } => Some(Deed::Value { message: MessageId(message) }),
            Event::SpanEntered { callsite: number, span, .. } => {
                Some(Deed::SpanEntered { callsite: callsite(number), span })
            }
            Event::SpanExited { span } => Some(Deed::SpanExited { span }),
            Event::Logged { callsite: number, .. } => {
                Some(Deed::Logged { callsite: callsite(number) })
            }
            Event::Paused {} => Some(Deed::Paused),
            Event::Resumed {} => Some(Deed::Resumed),
            _ => None,
        }
    }
}

/// What is alike in operations of this kind, on this thing and at this site.
#[inline]
fn shape(
    known: &Known<'_>,
    sites: &Indices,
    kind: OperationKind,
    endpoint: u32,
    site: u32,
) -> Shape {
    Shape { kind, subject: known.subject(kind, endpoint), endpoint, site: sites.get(site) }
}

/// What a record says in words, beside its deed.
fn said<'a>(event: &Event<'a>) -> &'a str {
    match *event {
        Event::Panicked { message, .. } | Event::Logged { message, .. } => message,
        Event::Value { value, .. } => value,
        Event::SpanEntered { fields, .. } => fields,
        _ => "",
    }
}
