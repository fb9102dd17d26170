//! Packs blocks.

use std::collections::TryReserveError;

use super::{
    EXPECTED, EXPECTED_OF, Expected, FULL, LENGTHS, MAX_UNPACKED_BYTES, MIN_PADDING, NUMBERS_BYTES,
    OPERATION_BYTES, SHAPE_BYTES, Shape, TIME_MASK, VERBATIM, ZERO, has_shape,
};
use crate::{ALIGNMENT, BlockHeader, decode};

/// Minimum length of records in bytes for which packing is tried.
const MIN_BYTES: usize = 1024;

/// The shapes of a block.
#[derive(Debug)]
struct Shapes {
    all: Vec<Shape>,
    /// A hash table of the numbers of shapes, with linear probing. [`VERBATIM`] is a free slot.
    slots: Vec<u16>,
}

impl Shapes {
    /// Number of slots: twice the number of shapes.
    const SLOTS: usize = 8192;

    fn clear(&mut self) {
        self.all.clear();
        self.slots.clear();
        self.slots.resize(Self::SLOTS, VERBATIM);
    }

    /// The number of a shape, or `None` if it has none.
    #[inline]
    fn number(&mut self, code: u8, operands: u64) -> Option<u16> {
        let hash = (operands ^ u64::from(code) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (hash >> (64 - Self::SLOTS.ilog2())) as usize;
        loop {
            let number = self.slots[slot];
            match self.all.get(usize::from(number)) {
                Some(shape) if (shape.code, shape.operands) == (code, operands) => {
                    return Some(number);
                }
                Some(_) => slot = (slot + 1) % Self::SLOTS,
                None => return self.add(slot, code, operands),
            }
        }
    }

    /// Adds a shape, if records with this code have one and a number is left.
    fn add(&mut self, slot: usize, code: u8, operands: u64) -> Option<u16> {
        if !has_shape(code) {
            return None;
        }
        let number = u16::try_from(self.all.len()).ok().filter(|number| *number < VERBATIM)?;
        self.all.push(Shape { code, operands, place: Expected::side(code) });
        self.slots[slot] = number;
        Some(number)
    }
}

/// Packs blocks. Keeps its memory from one block to the next.
#[derive(Debug)]
pub struct Packer {
    shapes: Shapes,
    expected: Vec<u64>,
    tags: Bytes,
    data: Bytes,
}

impl Default for Packer {
    fn default() -> Self {
        Packer::new()
    }
}

/// A buffer whose memory is allocated before it is filled, and kept.
#[derive(Debug)]
struct Bytes {
    room: Vec<u8>,
    length: usize,
}

impl Bytes {
    const EMPTY: Self = Bytes { room: Vec::new(), length: 0 };

    /// Removes all bytes and allocates `room` bytes.
    fn clear(&mut self, room: usize) {
        self.room.resize(self.room.len().max(room), 0);
        self.length = 0;
    }

    fn get(&self) -> &[u8] {
        &self.room[..self.length]
    }
}

/// A position in a buffer.
struct Cursor<'a> {
    room: &'a mut [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a mut Bytes) -> Self {
        Cursor { room: &mut bytes.room, at: bytes.length }
    }

    /// Appends the low `bytes` bytes of a number. The buffer must have room for 8.
    #[inline]
    fn push(&mut self, number: u64, bytes: usize) {
        self.room[self.at..][..8].copy_from_slice(&number.to_le_bytes());
        self.at += bytes;
    }
}

impl Packer {
    /// A packer without memory.
    pub const fn new() -> Self {
        let shapes = Shapes { all: Vec::new(), slots: Vec::new() };
        Packer { shapes, expected: Vec::new(), tags: Bytes::EMPTY, data: Bytes::EMPTY }
    }

    /// Allocates the memory for blocks with `records` bytes of records.
    ///
    /// Without this call [`block`](Self::block) allocates the memory, and ends the process if
    /// that fails.
    ///
    /// # Errors
    /// If the memory cannot be allocated.
    pub fn reserve(&mut self, records: usize) -> Result<(), TryReserveError> {
        self.shapes.all.try_reserve((records / OPERATION_BYTES).min(VERBATIM.into()))?;
        self.shapes.slots.try_reserve(Shapes::SLOTS)?;
        self.expected.try_reserve(Expected::ENTRIES)?;
        self.tags.room.try_reserve(room_for_tags(records).saturating_sub(self.tags.room.len()))?;
        self.data.room.try_reserve(room_for_data(records).saturating_sub(self.data.room.len()))
    }

    /// Appends a block with these records to `out`, packed if that makes it shorter.
    ///
    /// The new header has the process, the thread, the sequence number and `dropped` of
    /// `header`, and a checksum. If `header` is that of a packed block, `records` is its packed
    /// content and is copied. A block that already has a checksum is copied with it, so that
    /// damage from before the copy is noticed, too.
    ///
    /// ```
    /// use format::{BlockHeader, packed::{Packer, unpack}};
    ///
    /// let records: Vec<u8> = (0..100)
    ///     .flat_map(|number| format::operation_words(
    ///         1_000 + 60 * number, format::OperationKind::Send, 1, 2, number + 1))
    ///     .flat_map(u64::to_le_bytes)
    ///     .collect();
    /// let mut block = Vec::new();
    /// Packer::new().block(&BlockHeader::default(), &records, &mut block);
    /// assert!(block.len() < 512);
    ///
    /// let header = BlockHeader::decode(block.first_chunk().unwrap()).unwrap().unwrap();
    /// assert!(header.packed);
    /// let mut back = Vec::new();
    /// unpack(&block[BlockHeader::BYTES..][..header.committed as usize], &mut back).unwrap();
    /// assert_eq!(back, records);
    /// ```
    pub fn block(&mut self, header: &BlockHeader, records: &[u8], out: &mut Vec<u8>) {
        // Records are whole words. A truncated file can end inside of one.
        let records = &records[..records.len() / 8 * 8];
        let start = out.len();
        out.resize(start + BlockHeader::BYTES, 0);
        let is_moved = header.packed || header.checksum != 0;
        let worth_a_try = !is_moved && (MIN_BYTES..=MAX_UNPACKED_BYTES).contains(&records.len());
        let pays = worth_a_try && self.pack(records).is_some() && {
            let shapes = SHAPE_BYTES * self.shapes.all.len();
            NUMBERS_BYTES + shapes + self.tags.length + self.data.length + MIN_PADDING
                < records.len()
        };
        if pays {
            self.append(records.len(), out);
        } else {
            out.extend_from_slice(records);
        }
        let committed = out.len() - start - BlockHeader::BYTES;
        out.resize(start + (BlockHeader::BYTES + committed).next_multiple_of(ALIGNMENT), 0);
        let mut header = BlockHeader {
            packed: header.packed || pays,
            stride: (out.len() - start) as u32,
            committed: committed as u32,
            generation: 1,
            sealed: 1,
            drained: 0,
            ..*header
        };
        let content = start + BlockHeader::BYTES;
        if header.checksum == 0 {
            header.checksum = header.checksum_of(&out[content..content + committed]);
        }
        out[start..][..BlockHeader::BYTES].copy_from_slice(&header.encode());
    }

    /// Appends the output of [`pack`](Self::pack).
    fn append(&self, length: usize, out: &mut Vec<u8>) {
        let shapes = &self.shapes.all;
        let numbers = [length, self.tags.length / 2, shapes.len(), 0];
        out.extend(numbers.iter().flat_map(|number| (*number as u32).to_le_bytes()));
        for shape in shapes {
            out.extend(u32::from(shape.code).to_le_bytes());
            out.extend(shape.operands.to_le_bytes());
        }
        out.extend_from_slice(self.tags.get());
        out.extend_from_slice(self.data.get());
        // The content of a block is whole words.
        out.resize((out.len() + MIN_PADDING).next_multiple_of(8), 0);
    }

    /// Makes shapes, tags and data. Returns `None` if these are not records.
    fn pack(&mut self, records: &[u8]) -> Option<()> {
        self.shapes.clear();
        self.expected.clear();
        self.expected.resize(Expected::ENTRIES, 0);
        self.tags.clear(room_for_tags(records.len()));
        self.data.clear(room_for_data(records.len()));
        let mut tags = Cursor::new(&mut self.tags);
        let mut data = Cursor::new(&mut self.data);
        let mut run = Run::default();
        let mut last = 0;
        let mut rest = records;
        while let Some(first) = rest.first_chunk() {
            let first = u64::from_le_bytes(*first);
            let time = first >> 8;
            if let Some((operation, after)) = rest.split_first_chunk::<OPERATION_BYTES>()
                && let Some(shape) = run.shape(first as u8, word(operation, 1), &mut self.shapes)
            {
                let length = time_length(time.wrapping_sub(last) & TIME_MASK);
                data.push(time.wrapping_sub(last) & TIME_MASK, LENGTHS[length]);
                let detail = word(operation, 2);
                let kind = if detail != 0 && shape == run.number && detail == run.next {
                    run.next = detail.wrapping_add(1);
                    EXPECTED
                } else {
                    run.end(&mut self.shapes, &mut self.expected);
                    run.begin(shape, detail, &mut self.shapes, &mut self.expected, &mut data)
                };
                tags.push(u64::from(shape << 4 | kind << 2 | length as u16), 2);
                rest = after;
            } else {
                let length = decode(rest).ok()?.length;
                tags.push(u64::from(VERBATIM << 4), 2);
                data.push(u64::try_from(length / 8).ok()?, 2);
                data.room[data.at..][..length].copy_from_slice(&rest[..length]);
                data.at += length;
                rest = &rest[length..];
            }
            last = time;
        }
        let (tags, data) = (tags.at, data.at);
        (self.tags.length, self.data.length) = (tags, data);
        rest.is_empty().then_some(())
    }
}

/// A run of operations of one shape with consecutive details. Its entries in the tables are kept
/// here until the run ends.
#[derive(Default)]
struct Run {
    code: u8,
    operands: u64,
    /// The number of the shape.
    number: u16,
    place: usize,
    /// The expected detail; 0 outside of a run.
    next: u64,
}

impl Run {
    #[inline]
    fn shape(&self, code: u8, operands: u64, shapes: &mut Shapes) -> Option<u16> {
        if self.next != 0 && (self.code, self.operands) == (code, operands) {
            return Some(self.number);
        }
        shapes.number(code, operands)
    }

    /// Ends the run: writes its entries to the tables.
    #[inline]
    fn end(&mut self, shapes: &mut Shapes, expected: &mut [u64]) {
        if self.next != 0 {
            shapes.all[usize::from(self.number)].place = self.place;
            expected[self.place] = self.next;
            self.next = 0;
        }
    }

    /// Starts a run with this operation. Returns the form of its detail.
    fn begin(
        &mut self,
        number: u16,
        detail: u64,
        shapes: &mut Shapes,
        expected: &mut [u64],
        data: &mut Cursor<'_>,
    ) -> u16 {
        if detail == 0 {
            return ZERO;
        }
        let Shape { code, operands, place } = shapes.all[usize::from(number)];
        let new = Expected::place(detail, place & 256);
        let is_next = expected[new] == detail;
        *self = Run { code, operands, number, place: new, next: detail.wrapping_add(1) };
        if self.next == 0 {
            // The largest detail has no successor.
            shapes.all[usize::from(number)].place = new;
            expected[new] = 0;
        }
        match (is_next, new == place) {
            (true, true) => EXPECTED,
            (true, false) => {
                data.push(new as u64, 1);
                EXPECTED_OF
            }
            (false, _) => {
                data.push(detail, 8);
                FULL
            }
        }
    }
}

/// Maximum length of the tags, plus 8 bytes.
const fn room_for_tags(records: usize) -> usize {
    records / 4 + 8
}

/// Maximum length of the data, plus 8 bytes.
const fn room_for_data(records: usize) -> usize {
    records * 2 + 8
}

/// The index in [`LENGTHS`] of the shortest length that a time fits in.
#[inline]
fn time_length(passed: u64) -> usize {
    match passed {
        0..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    }
}

#[inline]
fn word(bytes: &[u8; OPERATION_BYTES], index: usize) -> u64 {
    u64::from_le_bytes(bytes.as_chunks().0[index])
}
