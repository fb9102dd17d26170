//! Reads a recording: who is in it, and each thread's events when they are asked for.
//!
//! A first pass over the file checks every record, verifies the checksums of the blocks and
//! collects the [`Entities`]. After it a thread's events are read block by block, so that memory
//! does not grow with their number. Damage does not end the reading: what can be read is read,
//! and [`Recording::damage`] says what could not. The records of a block whose checksum does not
//! match are read as well, as far as they can be decoded; each of them may be wrong.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use format::packed::unpack;
use format::{ALIGNMENT, Arm, BlockHeader, FILE_HEADER_BYTES, MessageId, OperationKind};
use tracing::{info, info_span, warn};

use crate::reading::catalog::{Entities, Index, Site, Thread};
use crate::terminal::cancel::{Stage, Watch};

mod alignment;
pub mod catalog;
pub mod clock;
mod decode;
pub(crate) mod id_map;
mod source;

pub use alignment::{Alignment, GivenTwice};
use catalog::builder::Census;
pub use decode::ThreadEvents;
pub use source::Input;
use source::Source;
pub(crate) use source::read_at;

/// A recording, open for reading.
#[derive(Debug)]
pub struct Recording {
    inputs: Vec<Input>,
    blocks: Vec<Block>,
    /// Who and what is in it.
    pub entities: Entities,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// How many events were not recorded, as far as the threads could count them.
    pub dropped: u64,
    /// Where it was read from several: how their clocks were put on one.
    pub alignment: Option<Alignment>,
    /// The monotonic clock at the trace's start, in nanoseconds.
    origin: u64,
    site_numbers: HashMap<Site, Index>,
    watch: Watch,
}

/// Something in a recording that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file ends, or contradicts the format, there.
    Unreadable(format::Error),
    /// A thread's blocks, or those that tell of a process, have a gap.
    MissingBlocks {
        /// Whose they are: `thread "main"`.
        of: String,
        /// How many are missing.
        count: u64,
    },
    /// This is wrong with one of several recordings.
    In {
        /// Which: its path.
        file: String,
        /// What is wrong.
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

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Where a block's records are.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// The index of what it is read from.
    input: usize,
    /// Unique over all inputs.
    process: u32,
    /// The header in the file, whose process is unique in its input only.
    header: BlockHeader,
    /// Of the first record.
    offset: u64,
    /// How many bytes of records can be read, if it is not packed. What is packed ends where it
    /// cannot be unpacked.
    readable: usize,
}

impl Block {
    /// Its process and thread.
    fn owner(&self) -> (u32, u32) {
        (self.process, self.header.thread)
    }

    /// Verifies its checksum, with an error that has its place in the file. Content that is cut
    /// is not verified: it is reported as such.
    fn verify(&self, content: &[u8]) -> Result<(), format::Error> {
        if content.len() < self.header.committed as usize {
            return Ok(());
        }
        let start = self.offset - BlockHeader::BYTES as u64;
        self.header.verify(content).map_err(|error| error.at(start))
    }
}

/// What a thread did. What it says in words (a value, a message, a span's fields) is told
/// beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It did something with a channel, a primitive or a thread, or began to, or tried to.
    Operation {
        /// Which call, how far, with what outcome.
        kind: OperationKind,
        /// What it was on, if the recording tells: the channel, primitive or thread with this
        /// index, as [`Call::subject`](format::Call::subject) says.
        subject: Option<Index>,
        /// The number of what it was on: of a channel it is the endpoint's.
        endpoint: u32,
        /// Where it was called, if the recording tells.
        site: Option<Index>,
        /// The message, the turn, the timeout, …; see
        /// [`Operation`](format::Event::Operation).
        detail: u64,
    },
    /// It made a channel.
    ChannelCreated {
        /// The channel.
        channel: Index,
        /// Where, if the recording tells.
        site: Option<Index>,
    },
    /// It cloned a sender.
    SenderCloned {
        /// The channel, if the recording tells.
        channel: Option<Index>,
        /// The new endpoint's number.
        sender: u32,
        /// The number of the endpoint that was cloned.
        from: u32,
        /// Where, if the recording tells.
        site: Option<Index>,
    },
    /// It cloned a receiver.
    ReceiverCloned {
        /// The channel, if the recording tells.
        channel: Option<Index>,
        /// The number of the new endpoint.
        receiver: u32,
        /// The number of the endpoint that was cloned.
        from: u32,
        /// The place of the call, if the recording tells.
        site: Option<Index>,
    },
    /// It dropped a sender.
    SenderDropped {
        /// The channel, if the recording tells.
        channel: Option<Index>,
        /// The endpoint's number.
        endpoint: u32,
    },
    /// It dropped one of the receivers of a channel.
    ReceiverDropped {
        /// The channel, if the recording tells.
        channel: Option<Index>,
        /// The endpoint's number.
        endpoint: u32,
    },
    /// It has started: told of threads whose spawn was recorded. Others are met in the midst
    /// of what they do.
    ThreadStarted,
    /// The function that it was spawned with is over.
    Returned {
        /// Whether that has panicked.
        panicked: bool,
    },
    /// It has run its thread-local destructors.
    ThreadEnded,
    /// It panics, in so many words. The panic may still be caught.
    Panicked {
        /// Where.
        site: Option<Index>,
    },
    /// It says in words what the message is that it is about to send.
    Value {
        /// The message.
        message: MessageId,
    },
    /// It enters a span of the crate `tracing`, whose fields are told in words.
    SpanEntered {
        /// Where the span was made, if the recording tells.
        callsite: Option<Index>,
        /// The span's number.
        span: u64,
    },
    /// It leaves a span.
    SpanExited {
        /// The span's number.
        span: u64,
    },
    /// It logs these words with the crate `tracing`.
    Logged {
        /// Where, if the recording tells.
        callsite: Option<Index>,
    },
    /// The select that it starts next has this arm.
    SelectArm {
        /// The channel, if the recording tells.
        channel: Option<Index>,
        /// The number of the endpoint.
        endpoint: u32,
        /// Whether the arm receives or sends, if this version of the recorder knows it.
        arm: Option<Arm>,
        /// The message that the arm would send.
        message: MessageId,
    },
    /// It spawned a task.
    TaskSpawned {
        /// The number of the task.
        task: u32,
        /// The number of the task that spawned it, or 0.
        by: u32,
        /// The place of the call, if the recording tells.
        site: Option<Index>,
    },
    /// It starts to run a task.
    TaskResumed {
        /// The number of the task.
        task: u32,
    },
    /// It stops running a task that is not finished.
    TaskSuspended {
        /// The number of the task.
        task: u32,
    },
    /// A task is finished or was dropped.
    TaskEnded {
        /// The number of the task.
        task: u32,
    },
    /// From here on its process's operations are not recorded.
    Paused,
    /// From here on they are.
    Resumed,
}

impl Recording {
    /// Opens a recording, or its text form.
    ///
    /// # Errors
    /// The file cannot be read, is no recording, or is one of another version.
    pub fn open(path: &Path) -> Result<Self> {
        Recording::open_watched(path, &Watch::default())
    }

    /// Opens a recording, or its text form; `watch` sees how this and every later pass goes.
    ///
    /// # Errors
    /// The file cannot be read, is no recording, or is one of another version; or `watch`
    /// stops it.
    pub fn open_watched(path: &Path, watch: &Watch) -> Result<Self> {
        Recording::together(vec![Input::open(path)?], watch)
    }

    /// Reads recordings as one, on one clock; [`alignment`](Recording::alignment) says how sure
    /// that clock is. Processes with equal numbers stay apart, and with them all that is theirs.
    ///
    /// # Errors
    /// As for [`open_watched`](Recording::open_watched); or [`GivenTwice`].
    pub fn together(inputs: Vec<Input>, watch: &Watch) -> Result<Self> {
        let names: Vec<_> = inputs.iter().map(Input::name).collect();
        let names = names.join(", ");
        let _span = info_span!("load", file = names).entered();
        Recording::load(inputs, watch)
    }

    /// Opens a recording that grows as it is now: its first `length` bytes, and behind them
    /// blocks that are not in it yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open_growing(file: File, length: u64, rest: Vec<u8>) -> Result<Self> {
        Recording::load(vec![Input::growing(file, length, rest)], &Watch::default())
    }

    /// Reads a recording that is in memory.
    ///
    /// # Errors
    /// The bytes are no recording, or one of another version.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Recording::load(vec![Input::in_memory(bytes)], &Watch::default())
    }

    fn load(inputs: Vec<Input>, watch: &Watch) -> Result<Self> {
        let mut recording = Recording {
            inputs,
            blocks: Vec::new(),
            entities: Entities::default(),
            damage: Vec::new(),
            dropped: 0,
            alignment: None,
            origin: 0,
            site_numbers: HashMap::new(),
            watch: watch.clone(),
        };
        for input in 0..recording.inputs.len() {
            let found = recording.find_blocks(input);
            let (blocks, damage) = found.map_err(|error| recording.inputs[input].blame(error))?;
            let damage = damage.into_iter().map(|damage| recording.of(input, damage));
            let damage: Vec<_> = damage.collect();
            recording.damage.extend(damage);
            recording.blocks.extend(blocks);
        }
        recording.begin("reading");
        recording.dropped =
            recording.blocks.iter().fold(0, |sum, block| sum.saturating_add(block.header.dropped));
        Census::take(&mut recording)?;
        let Entities { processes, threads, channels, .. } = &recording.entities;
        info!(
            blocks = recording.blocks.len(),
            processes = processes.len(),
            threads = threads.len(),
            channels = channels.len(),
            dropped = recording.dropped,
            "loaded"
        );
        for damage in &recording.damage {
            warn!(%damage, "damaged");
        }
        Ok(recording)
    }

    /// The blocks of an input, whose processes are numbered behind those of the inputs before.
    fn find_blocks(&self, input: usize) -> Result<(Vec<Block>, Vec<Damage>)> {
        let source = &self.inputs[input].source;
        let mut head = [0; FILE_HEADER_BYTES];
        let length = source.read_at(&mut head, 0)?;
        let mut damage = Vec::new();
        match format::check_file_header(&head[..length]) {
            Err(error @ format::Error::Truncated { .. }) => damage.push(Damage::Unreadable(error)),
            result => result?,
        }
        let mut blocks = scan(source, &mut damage)?;
        if let Some(last) = self.blocks.last() {
            for block in &mut blocks {
                block.input = input;
                let number = last.process.checked_add(1).and_then(|n| n.checked_add(block.process));
                block.process = number.context("its processes have numbers that are too large")?;
            }
        }
        Ok((blocks, damage))
    }

    /// What is wrong with an input, with its name where there are several.
    fn of(&self, input: usize, damage: Damage) -> Damage {
        match &*self.inputs {
            [_] => damage,
            inputs => Damage::In { file: inputs[input].name().to_owned(), damage: damage.into() },
        }
    }

    /// Whether events are missing: some could not be recorded, or could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.dropped > 0 || !self.damage.is_empty()
    }

    /// The blocks with their records, in the order of processes, threads and time: all
    /// that is in the recording.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn blocks(&self) -> impl Iterator<Item = Result<(BlockHeader, Vec<u8>)>> {
        self.blocks.iter().map(|block| {
            let mut content = Vec::new();
            self.read_content(block, &mut content)?;
            let mut bytes = Vec::new();
            if block.header.packed {
                // Of what is damaged the first pass has told.
                let _ = unpack(&content, &mut bytes);
            } else {
                content.truncate(block.readable);
                bytes = content;
            }
            let whole = (BlockHeader::BYTES + bytes.len()).next_multiple_of(ALIGNMENT);
            let header = BlockHeader {
                packed: false,
                stride: u32::try_from(whole)?,
                process: block.process,
                thread: block.header.thread,
                sequence: block.header.sequence,
                committed: u32::try_from(bytes.len())?,
                checksum: 0,
                generation: 1,
                sealed: 1,
                drained: 0,
                dropped: block.header.dropped,
            };
            Ok((header, bytes))
        })
    }

    /// A pass over all blocks begins.
    pub(crate) fn begin(&self, name: &'static str) {
        let bytes = self.blocks.iter().map(|block| u64::from(block.header.committed));
        self.watch.begin(Stage { name, bytes: bytes.fold(0, u64::saturating_add) });
    }

    /// The events of the thread with this index, in program order.
    pub fn events(&self, thread: usize) -> ThreadEvents<'_> {
        let Thread { process, number, .. } = self.entities.threads[thread];
        let key = (self.entities.processes[process].number, number);
        let from = self.blocks.partition_point(|block| block.owner() < key);
        let to = self.blocks.partition_point(|block| block.owner() <= key);
        ThreadEvents::new(self, thread, &self.blocks[from..to])
    }

    /// The content of a block as it stands in the file, or as much of it as is there.
    fn read_content(&self, block: &Block, content: &mut Vec<u8>) -> Result<()> {
        self.watch.advance(block.header.committed.into())?;
        read_content(&self.inputs[block.input].source, block, content)
    }
}

/// Finds the blocks, in the order in which they are to be read.
fn scan(source: &Source, damage: &mut Vec<Damage>) -> Result<Vec<Block>> {
    const WINDOW: usize = 1 << 20;
    let mut memory = vec![0; WINDOW];
    let mut window = &memory[..0];
    let mut window_at = 0;
    let mut at = FILE_HEADER_BYTES as u64;
    let mut blocks = Vec::new();
    let mut lost = false;
    loop {
        if at < window_at || at + BlockHeader::BYTES as u64 > window_at + window.len() as u64 {
            let length = source.read_at(&mut memory, at)?;
            window = &memory[..length];
            window_at = at;
        }
        let rest = &window[(at - window_at) as usize..];
        let Some(header) = rest.first_chunk::<{ BlockHeader::BYTES }>() else {
            if rest.iter().any(|&byte| byte != 0) {
                damage.push(Damage::Unreadable(format::Error::Truncated { offset: at }));
            }
            break;
        };
        let step = match BlockHeader::decode(header) {
            Ok(Some(header)) => {
                lost = false;
                if header.generation != 0 {
                    blocks.push(Block {
                        input: 0,
                        process: header.process,
                        header,
                        offset: at + BlockHeader::BYTES as u64,
                        readable: usize::MAX,
                    });
                }
                header.stride as usize
            }
            // Said once for all that lies between two blocks.
            Ok(None) if header.iter().all(|&byte| byte == 0) || lost => ALIGNMENT,
            Ok(None) => {
                lost = true;
                let what = "these bytes belong to no block";
                damage.push(Damage::Unreadable(format::Error::Malformed { offset: at, what }));
                ALIGNMENT
            }
            Err(error) => {
                lost = true;
                damage.push(Damage::Unreadable(error.at(at)));
                ALIGNMENT
            }
        };
        at += step as u64;
    }
    // Of two copies one that was packed when it was whole, or the longer one, comes first.
    blocks.sort_by_key(|block| {
        let BlockHeader { sequence, packed, committed, .. } = block.header;
        (block.owner(), sequence, Reverse((packed, committed)))
    });
    remove_copies(source, &mut blocks, damage)?;
    Ok(blocks)
}

/// Keeps the first of the blocks with the same process, thread and sequence number, or the first
/// that is not damaged: they may be copies, or the header of one of them has changed.
fn remove_copies(source: &Source, blocks: &mut Vec<Block>, damage: &mut Vec<Damage>) -> Result<()> {
    let identity = |block: &Block| (block.owner(), block.header.sequence);
    let mut content = Vec::new();
    for copies in blocks.chunk_by_mut(|one, other| identity(one) == identity(other)) {
        if copies.len() == 1 {
            continue;
        }
        let mut errors = Vec::new();
        for block in &*copies {
            read_content(source, block, &mut content)?;
            errors.push(block.verify(&content).err());
        }
        let first = errors.iter().position(Option::is_none).unwrap_or(0);
        // The first pass verifies the one that is kept.
        errors.remove(first);
        copies.swap(0, first);
        damage.extend(errors.into_iter().flatten().map(Damage::Unreadable));
    }
    blocks.dedup_by_key(|block| identity(block));
    Ok(())
}

/// Reads the content of a block as it stands in the file, or as much of it as is there.
fn read_content(source: &Source, block: &Block, content: &mut Vec<u8>) -> Result<()> {
    // What a header says need not be there.
    let there = source.length()?.saturating_sub(block.offset);
    content.resize((block.header.committed as usize).min(usize::try_from(there)?), 0);
    let length = source.read_at(content, block.offset)?;
    content.truncate(length);
    Ok(())
}
