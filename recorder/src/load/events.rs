//! A thread's events, read one block at a time.

use anyhow::Result;
use format::{Event, OperationKind};

use super::{Block, Deed, Recording, Records};
use crate::clock::{Clock, Stretch};
use crate::entities::Site;
use crate::indices::Indices;

/// A thread's events, read one block at a time.
#[derive(Debug)]
pub struct ThreadEvents<'a> {
    recording: &'a Recording,
    clock: &'a Clock,
    /// The process's channels by their endpoints.
    endpoints: &'a Indices,
    blocks: &'a [Block],
    records: Records,
    /// Of the next record.
    at: usize,
    /// The block's numbers of its sites.
    sites: Indices,
    stretch: Stretch,
    next_time: u64,
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
    pub(super) fn new(recording: &'a Recording, process: usize, blocks: &'a [Block]) -> Self {
        let clock = &recording.entities.processes[process].clock;
        ThreadEvents {
            recording,
            clock,
            endpoints: &recording.entities.endpoints[process],
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
        self.take(&mut deed);
        Ok(Some((self.next_time, deed)))
    }

    /// Tells `tell` all that are left, without the copies that [`next_deed`](Self::next_deed)
    /// makes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn for_each(mut self, mut tell: impl FnMut(u64, &Deed)) -> Result<()> {
        let mut deed = Deed::Paused;
        while self.go_on()? {
            self.take(&mut deed);
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

    /// The next deed, if it is an operation: its kind and its detail.
    #[inline]
    pub(crate) fn next_operation(&self) -> Option<(OperationKind, u64)> {
        let operation = self.operation()?;
        Some((operation.kind, operation.word(2)))
    }

    /// Puts the deed to which [`go_on`](Self::go_on) has gone on in `deed`: a copy of it on the
    /// way would take longer than all the rest.
    ///
    /// # Panics
    /// If it has not gone on.
    #[inline]
    pub(crate) fn take(&mut self, deed: &mut Deed) {
        let Some(operation) = self.operation() else { return self.take_other(deed) };
        let operands = operation.word(1);
        *deed = Deed::Operation {
            kind: operation.kind,
            channel: self.endpoints.get(operands as u32),
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
                if let Some(&number) = self.recording.site_numbers.get(&place) {
                    self.sites.insert(site, number);
                }
            }
        }
    }

    #[cold]
    fn take_other(&mut self, to: &mut Deed) {
        let record = format::decode(&self.records.bytes[self.at..]).ok();
        let deed = record.and_then(|record| Some((self.deed(&record.event)?, record.length)));
        let (deed, length) = deed.expect("the next time is known, and so is the deed");
        self.at += length;
        *to = deed;
    }

    fn deed(&self, event: &Event<'_>) -> Option<Deed> {
        let channel = |endpoint: u32| self.endpoints.get(endpoint);
        let place = |site: u32| self.sites.get(site);
        match *event {
            Event::Operation { kind, endpoint, site, detail } => Some(Deed::Operation {
                kind,
                channel: channel(endpoint),
                site: place(site),
                detail,
            }),
            Event::ChannelCreated { sender, site, .. } => {
                Some(Deed::ChannelCreated { channel: channel(sender)?, site: place(site) })
            }
            Event::SenderCloned { sender, site, .. } => {
                Some(Deed::SenderCloned { channel: channel(sender), site: place(site) })
            }
            Event::SenderDropped { endpoint } => Some(Deed::SenderDropped(channel(endpoint))),
            Event::ReceiverDropped { endpoint } => Some(Deed::ReceiverDropped(channel(endpoint))),
            Event::Paused {} => Some(Deed::Paused),
            Event::Resumed {} => Some(Deed::Resumed),
            _ => None,
        }
    }
}
