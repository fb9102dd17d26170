//! Reads a recording: its catalog at once, the events of each thread on demand.
//!
//! A first pass over the file checks every record, verifies the checksums of the blocks and makes the
//! [`Catalog`]. After it, a thread's events are read block by block, so that memory does not grow
//! with their number. Damage does not end the reading: [`Recording::damage`] lists it. The records of
//! a block whose checksum does not match are read as far as they can be decoded; each of them may be
//! wrong.

use std::fmt;
use std::path::Path;

use format::packed::unpack;
use format::{ALIGNMENT, BlockHeader};
use tracing::{info, info_span, warn};

use crate::terminal::cancel::Watch;

mod alignment;
mod blocks;
pub mod catalog;
mod clock;
mod decode;
mod error;
mod event;
pub(crate) mod id_map;
pub(crate) mod metadata;
mod source;
mod time;

pub use alignment::Alignment;
use blocks::{Block, Found};
use catalog::builder::CatalogBuilder;
use catalog::{Catalog, Place, PlaceIndex, ThreadIndex};
pub use clock::Clock;
pub use decode::{Position, ThreadEvents};
pub use error::{Error, Result};
pub use event::{Event, Operation};
pub use source::Input;
pub(crate) use source::read_at;
pub(crate) use time::MAX_CLOCK_SKEW;
pub use time::{Nanos, Ticks};

/// A recording, open for reading.
#[derive(Debug)]
pub struct Recording {
    inputs: Vec<Input>,
    blocks: Vec<Block>,
    /// Who and what is in it.
    pub catalog: Catalog,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// How many events could not be recorded, as far as the threads could count them.
    pub dropped: u64,
    /// If it is read from several files: how their clocks were put on one.
    pub alignment: Option<Alignment>,
    builder: CatalogBuilder,
    /// The part of `damage` that is in blocks, with the index of its input. Each block is checked
    /// once.
    block_damage: Vec<(usize, Damage)>,
    /// If the recording grows: all events before this time are in it.
    complete_until: Option<Nanos>,
    /// If the recording grows: how far its file has been searched for blocks, and what could not be
    /// read in this part.
    searched: (u64, Vec<format::Error>),
    /// How many events could not be recorded according to blocks that are [forgotten](Self::forget).
    dropped_before: u64,
    watch: Watch,
}

/// Something in a recording that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file ends, or contradicts the format.
    Unreadable(format::Error),
    /// A thread's blocks, or those that describe a process, have a gap.
    MissingBlocks {
        /// Their owner: `thread "main"`.
        of: String,
        /// How many are missing.
        count: u64,
    },
    /// One of several recordings is damaged.
    In {
        /// Its path.
        file: String,
        /// What is wrong with it.
        damage: Box<Damage>,
    },
}

impl Damage {
    /// Whether the recording contradicts itself, and does not merely end early.
    pub fn is_malformed(&self) -> bool {
        match self {
            Damage::Unreadable(error) => !matches!(error, format::Error::Truncated { .. }),
            Damage::MissingBlocks { .. } => true,
            Damage::In { damage, .. } => damage.is_malformed(),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Unreadable(error) => error.fmt(f),
            Damage::MissingBlocks { of, count } => {
                let blocks = if *count == 1 { "block" } else { "blocks" };
                write!(f, "{count} {blocks} of {of} missing")
            }
            Damage::In { file, damage } => write!(f, "{file}: {damage}"),
        }
    }
}

/// Finds the functions that return addresses of a process are in. It gets the number of the process,
/// and returns records of [`CallerResolved`](format::Event::CallerResolved) events.
pub(crate) type ResolveCallers<'r> = dyn FnMut(u32, &[u32]) -> Vec<u8> + 'r;

impl Recording {
    /// Opens a recording, or its text form.
    ///
    /// # Errors
    /// The file cannot be read, is not a recording, or is one of another version.
    pub fn open(path: &Path) -> Result<Self> {
        Recording::together(vec![Input::open(path)?], &Watch::default())
    }

    /// Reads recordings as one, on one clock; [`alignment`](Recording::alignment) says how exact
    /// that clock is. Processes with equal numbers stay apart. `watch` sees the progress of this
    /// and every later pass, and can stop it.
    ///
    /// # Errors
    /// A file is not a recording, or is one of another version; two are of the same run; or
    /// `watch` stops the reading.
    pub fn together(inputs: Vec<Input>, watch: &Watch) -> Result<Self> {
        let names: Vec<_> = inputs.iter().map(Input::name).collect();
        let _span = info_span!("load", file = names.join(", ")).entered();
        let mut recording = Recording {
            inputs,
            blocks: Vec::new(),
            catalog: Catalog::default(),
            damage: Vec::new(),
            dropped: 0,
            alignment: None,
            builder: CatalogBuilder::default(),
            block_damage: Vec::new(),
            complete_until: None,
            searched: (0, Vec::new()),
            dropped_before: 0,
            watch: watch.clone(),
        };
        recording.load(None)?;
        Ok(recording)
    }

    /// Reads a recording in memory.
    ///
    /// # Errors
    /// The bytes are not a recording, or one of another version.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Recording::together(vec![Input::in_memory(bytes)], &Watch::default())
    }

    /// Reads what has been added to a recording that grows, and that was read alone: `input` is its
    /// newer state. The part of it that is in a file has only become longer. All its events before `complete_until` are in it, a time since the trace's start,
    /// and the records that describe what they are about; `None` says that it grows no more.
    /// Everything in the catalog keeps its index.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn update(&mut self, input: Input, complete_until: Option<Nanos>) -> Result<()> {
        self.complete_until = complete_until;
        self.add(input, None)
    }

    /// The same with a time on the monotonic clock, and with a function that finds callers.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(crate) fn update_until(
        &mut self,
        input: Input,
        complete_until: Option<Nanos>,
        resolve: &mut ResolveCallers<'_>,
    ) -> Result<()> {
        self.complete_until = complete_until.and(Some(Nanos::ZERO));
        self.add(input, Some(resolve))?;
        self.complete_until = complete_until.map(|time| self.catalog.since_start(time));
        Ok(())
    }

    fn add(&mut self, input: Input, resolve: Option<&mut ResolveCallers<'_>>) -> Result<()> {
        self.inputs = vec![input];
        self.damage.clear();
        self.load(resolve)
    }

    /// The path of the recording, or of the first of several; of one in memory the word "recording".
    pub fn path(&self) -> &Path {
        Path::new(self.inputs.first().map_or("", Input::name))
    }

    /// All events before this time are in the recording; `None` if that is all there will be.
    pub fn complete_until(&self) -> Option<Nanos> {
        self.complete_until
    }

    /// Forgets the blocks that lie before these positions of its threads, so that they take no
    /// memory while the recording grows. Only events from there on can be read then.
    pub(crate) fn forget(&mut self, positions: impl Fn(ThreadIndex) -> Option<Position>) {
        let Recording { blocks, catalog, dropped_before, builder, searched, .. } = self;
        blocks.retain(|block| {
            // The others are found again.
            let is_in_file = block.offset < searched.0;
            let position = builder.thread(catalog, block).and_then(&positions);
            let is_over = match position {
                Some(position) => position.is_after(block.header.sequence),
                // The records of thread 0 have been read.
                None => block.header.thread == 0,
            };
            let forgets = is_in_file && is_over;
            if forgets {
                *dropped_before = dropped_before.saturating_add(block.header.dropped);
            }
            !forgets
        });
    }

    fn load(&mut self, resolve: Option<&mut ResolveCallers<'_>>) -> Result<()> {
        self.find_blocks()?;
        self.read_blocks(resolve)?;
        let Recording { blocks, catalog, damage, dropped, .. } = &*self;
        info!(
            blocks = blocks.len(),
            processes = catalog.processes.len(),
            threads = catalog.threads.len(),
            channels = catalog.channels.len(),
            dropped,
            "loaded"
        );
        for damage in damage {
            warn!(%damage, "damaged");
        }
        Ok(())
    }

    /// Finds the blocks of all inputs. The processes of an input are numbered after those of earlier
    /// inputs.
    fn find_blocks(&mut self) -> Result<()> {
        let (searched, unreadable) = std::mem::take(&mut self.searched);
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.retain(|block| block.offset < searched);
        let mut known = Some(Found { blocks, unreadable, ..Found::default() });
        for index in 0..self.inputs.len() {
            let input = &self.inputs[index];
            let found = blocks::find(index, input, known.take().unwrap_or_default(), searched)?;
            let Found { mut blocks, unreadable, unreadable_in_memory } = found;
            self.searched = (input.file_length(), unreadable.clone());
            if let Some(last) = self.blocks.last() {
                let first = last.process.checked_add(1);
                for block in &mut blocks {
                    let number = first.and_then(|first| first.checked_add(block.process));
                    block.process = number
                        .ok_or_else(|| Error::ProcessNumbers { name: input.name().to_owned() })?;
                }
            }
            self.blocks.extend(blocks);
            for error in unreadable.into_iter().chain(unreadable_in_memory) {
                self.add_damage(index, Damage::Unreadable(error));
            }
        }
        let dropped = self.blocks.iter().map(|block| block.header.dropped);
        self.dropped = dropped.fold(self.dropped_before, u64::saturating_add);
        Ok(())
    }

    /// Reads the blocks that have not been read yet, and adds what they contain to the catalog.
    fn read_blocks(&mut self, resolve: Option<&mut ResolveCallers<'_>>) -> Result<()> {
        self.begin("reading");
        let mut content = Vec::new();
        for index in 0..self.blocks.len() {
            let block = self.blocks[index];
            if !self.builder.is_new(&block) {
                continue;
            }
            self.read_content(&block, &mut content)?;
            let (readable, damage) = self.builder.read(&mut self.catalog, &block, &content);
            self.blocks[index].readable = readable;
            for damage in damage {
                // In a recording that grows, missing blocks may still come.
                if self.complete_until.is_none() || !matches!(damage, Damage::MissingBlocks { .. })
                {
                    self.block_damage.push((block.input, damage));
                }
            }
        }
        for (input, damage) in self.block_damage.clone() {
            self.add_damage(input, damage);
        }
        self.alignment = self.builder.extend(&mut self.catalog, &self.inputs, resolve)?;
        Ok(())
    }

    fn add_damage(&mut self, input: usize, damage: Damage) {
        self.damage.push(match &*self.inputs {
            [_] => damage,
            inputs => Damage::In { file: inputs[input].name().to_owned(), damage: damage.into() },
        });
    }

    /// Whether events are missing: some could not be recorded, or could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.dropped > 0 || !self.damage.is_empty()
    }

    /// All blocks with their records, unpacked, by process, thread and sequence.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn blocks(&self) -> impl Iterator<Item = Result<(BlockHeader, Vec<u8>)>> {
        self.blocks.iter().map(|block| {
            let mut content = Vec::new();
            self.read_content(block, &mut content)?;
            let mut bytes = Vec::new();
            if block.header.packed {
                // The first pass has reported the damage.
                let _ = unpack(&content, &mut bytes);
            } else {
                content.truncate(block.readable);
                bytes = content;
            }
            let whole = (BlockHeader::BYTES + bytes.len()).next_multiple_of(ALIGNMENT);
            let header = BlockHeader {
                stride: whole as u32,
                process: block.process,
                thread: block.header.thread,
                sequence: block.header.sequence,
                committed: bytes.len() as u32,
                generation: 1,
                sealed: 1,
                dropped: block.header.dropped,
                ..BlockHeader::default()
            };
            Ok((header, bytes))
        })
    }

    /// Tells the watch that a pass over all blocks begins.
    pub(crate) fn begin(&self, name: &'static str) {
        let bytes = self.blocks.iter().map(|block| block.stored() as u64);
        self.watch.begin(name, bytes.fold(0, u64::saturating_add));
    }

    /// The events of a thread, in program order.
    pub fn events(&self, thread: ThreadIndex) -> ThreadEvents<'_> {
        let facts = &self.catalog.threads[thread];
        let owner = (self.catalog.processes[facts.process].number, facts.number);
        let from = self.blocks.partition_point(|block| block.owner() < owner);
        let to = self.blocks.partition_point(|block| block.owner() <= owner);
        ThreadEvents::new(self, thread, &self.blocks[from..to])
    }

    fn find_place(&self, place: &Place) -> Option<PlaceIndex> {
        self.builder.places.find(place)
    }

    /// The content of a block as it is stored, or as much of it as there is.
    fn read_content(&self, block: &Block, content: &mut Vec<u8>) -> Result<()> {
        self.watch.advance(block.stored() as u64)?;
        block.read(&self.inputs[block.input], content)
    }
}
