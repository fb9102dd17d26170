//! A thread's events, read one block at a time.

use anyhow::Result;
use format::{Event, MessageId, OperationKind, Subject};

use super::{Block, Deed, Recording, Records};
use crate::clock::{Clock, Stretch};
use crate::entities::{Entities, Index, Site};
use crate::indices::Indices;

/// A thread's events, read one block at a time.
#[derive(Debug)]
pub struct ThreadEvents<'a> {
    recording: &'a Recording,
    clock: &'a Clock,
    known: Known<'a>,
    blocks: &'a [Block],
    records: Records,
    /// Of the next record.
    at: usize,
    /// The block's numbers of its sites.
    sites: Indices,
    stretch: Stretch,
    next_time: u64,
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

/// A record of an operation, which nearly all are.
#[derive(Clone, Copy)]
struct Operation<'a> {
    kind: OperationKind,
    words: &'a [[u8; 8]; 3],
}

impl Operation<'_> {
    const BYTES: usize = 24;

    #[inline]
    fn word(&self, index: usize) -> u64 {
        u64::from_le_bytes(self.words[index])
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
        ThreadEvents {
            recording,
            clock,
            known,
            blocks,
            records: Records::default(),
            at: 0,
            sites: Indices::default(),
            stretch: clock.stretch(0),
            next_time: 0,
        }
    }

    /// The next deed and its time, in nanoseconds since the trace's start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_deed(&mut self) -> Result<Option<(u64, Deed)>> {
        if !self.go_on()? {
            return Ok(None);
        }
        let mut deed = Deed::Paused;
        self.take(&mut deed, &mut String::new());
        Ok(Some((self.next_time, deed)))
    }

    /// Tells `tell` all that are left, without the copies that [`next_deed`](Self::next_deed)
    /// makes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn for_each(mut self, mut tell: impl FnMut(u64, &Deed)) -> Result<()> {
        let mut deed = Deed::Paused;
        let mut words = String::new();
        while self.go_on()? {
            self.take(&mut deed, &mut words);
            tell(self.next_time, &deed);
        }
        Ok(())
    }

    /// Goes on to the next deed; tells whether there is one.
    #[inline]
    pub(crate) fn go_on(&mut self) -> Result<bool> {
        match self.operation() {
            Some(operation) => {
                let ticks = operation.word(0) >> 8;
                self.next_time = self.time(ticks);
                Ok(true)
            }
            None => self.find_deed(),
        }
    }

    /// The time of the deed to which [`go_on`](Self::go_on) has gone on.
    #[inline]
    pub(crate) fn next_time(&self) -> u64 {
        self.next_time
    }

    /// The next deed, if it is an operation: its kind, what it is on, and its detail.
    #[inline]
    pub(crate) fn next_operation(&self) -> Option<(OperationKind, u32, u64)> {
        let operation = self.operation()?;
        Some((operation.kind, operation.word(1) as u32, operation.word(2)))
    }

    /// Puts the deed to which [`go_on`](Self::go_on) has gone on in `deed`: a copy of it on the
    /// way would take longer than all the rest. What it says in words is put in `words`, which
    /// an operation leaves alone.
    ///
    /// # Panics
    /// If it has not gone on.
    #[inline]
    pub(crate) fn take(&mut self, deed: &mut Deed, words: &mut String) {
        let Some(operation) = self.operation() else { return self.take_other(deed, words) };
        let operands = operation.word(1);
        let endpoint = operands as u32;
        *deed = Deed::Operation {
            kind: operation.kind,
            subject: self.known.subject(operation.kind, endpoint),
            endpoint,
            site: self.sites.get((operands >> 32) as u32),
            detail: operation.word(2),
        };
        self.at += Operation::BYTES;
    }

    /// The next record, if it is an operation.
    #[inline]
    fn operation(&self) -> Option<Operation<'_>> {
        let record = self.records.bytes.get(self.at..self.at + Operation::BYTES)?;
        let words = record.as_chunks().0.first_chunk()?;
        Some(Operation { kind: OperationKind::from_code(words[0][0])?, words })
    }

    /// Time since the trace's start.
    #[inline]
    fn time(&mut self, ticks: u64) -> u64 {
        let time = self.stretch.nanoseconds(ticks).unwrap_or_else(|| self.leave_stretch(ticks));
        time.saturating_sub(self.recording.origin)
    }

    #[cold]
    fn leave_stretch(&mut self, ticks: u64) -> u64 {
        self.stretch = self.clock.stretch(ticks);
        self.stretch.nanoseconds(ticks).unwrap_or_else(|| self.clock.nanoseconds(ticks))
    }

    /// What [`go_on`](Self::go_on) does where no operation comes next.
    #[cold]
    fn find_deed(&mut self) -> Result<bool> {
        loop {
            while self.at >= self.records.bytes.len() {
                let Some((block, rest)) = self.blocks.split_first() else { return Ok(false) };
                self.blocks = rest;
                self.recording.read(block, &mut self.records)?;
                self.at = 0;
                self.sites.clear();
            }
            // The first pass has read this before.
            let record = format::decode(&self.records.bytes[self.at..])?;
            if self.deed(&record.event).is_some() {
                let ticks = record.time;
                self.next_time = self.time(ticks);
                return Ok(true);
            }
            self.at += record.length;
            if let Event::Site { site, line, column, file } = record.event {
                let place = Site { file: file.to_owned(), line, column };
                if let Some(number) = self.recording.site_numbers.get(&place) {
                    self.sites.insert(site, number.get());
                }
            }
        }
    }

    #[cold]
    fn take_other(&mut self, to: &mut Deed, words: &mut String) {
        words.clear();
        let record = format::decode(&self.records.bytes[self.at..]).ok();
        let taken = record.and_then(|record| {
            words.push_str(said(&record.event));
            Some((self.deed(&record.event)?, record.length))
        });
        let (deed, length) = taken.expect("the next time is known, and so is the deed");
        self.at += length;
        *to = deed;
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

/// What a record says in words, beside its deed.
fn said<'a>(event: &Event<'a>) -> &'a str {
    match *event {
        Event::Panicked { message, .. } | Event::Logged { message, .. } => message,
        Event::Value { value, .. } => value,
        Event::SpanEntered { fields, .. } => fields,
        _ => "",
    }
}
