//! From packed blocks to records.

use std::ops::Range;

use super::{
    AS_IT_IS, Expected, MASKS, MOST, NEXT, NEXT_OF, NUMBERS, OPERATION, SHAPE, Shape, ZERO,
};
use crate::{Error, MAX_RECORD, OperationKind, Record, decode};

/// Appends the records of a packed block's content to `out`.
///
/// # Errors
/// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`;
/// the records before that are in `out`.
pub fn unpack(packed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let mut unpacker = Unpacker::default();
    unpacker.begin(packed)?;
    out.reserve(unpacker.left);
    let mut room = [Operation::default(); 64];
    while let Some(piece) = unpacker.next(packed, &mut room)? {
        match piece {
            Piece::Operations(count) => {
                for &Operation { time, detail, shape } in &room[..count] {
                    let Shape { code, operands, .. } = unpacker.shapes[usize::from(shape)];
                    let words = [time << 8 | u64::from(code), operands, detail];
                    out.extend_from_slice(words.map(u64::to_le_bytes).as_flattened());
                }
            }
            Piece::Record(_, bytes) => out.extend_from_slice(bytes),
        }
    }
    Ok(())
}

/// What is unpacked at a time.
#[derive(Debug)]
pub enum Piece<'a> {
    /// So many operations were put in the room for them, one at least.
    Operations(usize),
    /// A record that is none of an operation as a rule, also as it stands in memory.
    Record(Record<'a>, &'a [u8]),
}

/// An operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operation {
    /// In ticks, of which the low 56 bits count.
    pub time: u64,
    /// As in [`Event::Operation`](crate::Event::Operation).
    pub detail: u64,
    /// What it has in common with others: see [`Unpacker::shape`].
    pub shape: u16,
}

/// Unpacks a block, some records at a time. It is kept for its room: 4 KiB, and 24 bytes for
/// each shape of a block.
#[derive(Debug, Default)]
pub struct Unpacker {
    shapes: Vec<Shape>,
    /// [`Expected::PLACES`] of them, once a block was begun.
    expected: Vec<u64>,
    /// Where the tags are that are still to come.
    tags: Range<usize>,
    /// Where the next record's data are.
    at: usize,
    /// Of the last record.
    time: u64,
    /// How many bytes of records are still to come.
    left: usize,
    /// Why there are no more records after those that were told.
    failed: Option<Error>,
}

impl Unpacker {
    /// Begins with a packed block's content.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`;
    /// then there are no records.
    pub fn begin(&mut self, packed: &[u8]) -> Result<(), Error> {
        (self.tags, self.left, self.failed) = (0..0, 0, None);
        let truncated = Error::Truncated { offset: packed.len() as u64 };
        let (numbers, rest) = packed.split_first_chunk::<NUMBERS>().ok_or(truncated.clone())?;
        let [length, records, shapes, _] =
            std::array::from_fn(|index| u32::from_le_bytes(numbers.as_chunks().0[index]) as usize);
        let possible = 8 * records..=MAX_RECORD * records;
        if length > MOST || !possible.contains(&length) || shapes > usize::from(AS_IT_IS) {
            let what = "a packed block says it holds what it cannot hold";
            return Err(Error::Malformed { offset: 0, what });
        }
        let shapes = rest.get(..SHAPE * shapes).ok_or(truncated.clone())?;
        let tags = NUMBERS + shapes.len();
        let data = tags + 2 * records;
        if packed.len() < data {
            return Err(truncated);
        }
        read_shapes(shapes, &mut self.shapes)?;
        self.expected.clear();
        self.expected.resize(Expected::PLACES, 0);
        (self.tags, self.at, self.time, self.left) = (tags..data, data, 0, length);
        Ok(())
    }

    /// How many shapes the block has.
    pub fn shapes(&self) -> usize {
        self.shapes.len()
    }

    /// What the operations of a shape have in common: the code of their
    /// [`OperationKind`](crate::OperationKind), their endpoint and their site.
    ///
    /// # Panics
    /// The block has no operation of this shape.
    #[inline]
    pub fn shape(&self, shape: u16) -> (u8, u32, u32) {
        let Shape { code, operands, .. } = self.shapes[usize::from(shape)];
        (code, operands as u32, (operands >> 32) as u32)
    }

    /// The next records of the block; `None` after the last. `packed` is what the block was
    /// [begun](Self::begin) with.
    ///
    /// # Errors
    /// Those of [`unpack`]; then there are no more records.
    pub fn next<'p>(
        &mut self,
        packed: &'p [u8],
        room: &mut [Operation],
    ) -> Result<Option<Piece<'p>>, Error> {
        if let Some(error) = self.failed.take() {
            self.tags.start = self.tags.end;
            self.left = 0;
            return Err(error);
        }
        let tags = packed.get(self.tags.clone()).unwrap_or_default();
        let Some(first) = tags.first_chunk() else {
            if std::mem::take(&mut self.left) == 0 {
                return Ok(None);
            }
            let what = "a packed block holds less than it says";
            return Err(Error::Malformed { offset: 0, what });
        };
        let first = u16::from_le_bytes(*first);
        if usize::from(first >> 4) >= self.shapes.len() {
            self.tags.start += 2;
            let piece = self.record(first, packed);
            self.tags.start = if piece.is_ok() { self.tags.start } else { self.tags.end };
            return piece.map(Some);
        }
        let count = self.operations(packed, &tags[..tags.len().min(2 * room.len())], room);
        self.tags.start += 2 * count;
        match self.failed {
            Some(_) if count == 0 => self.next(packed, room),
            _ => Ok(Some(Piece::Operations(count))),
        }
    }

    /// Unpacks operations, up to a record that is none; gives how many there are.
    fn operations(&mut self, packed: &[u8], tags: &[u8], room: &mut [Operation]) -> usize {
        let Some(expected) = self.expected.first_chunk_mut() else { return 0 };
        let mut records = Records {
            shapes: &mut self.shapes,
            expected,
            packed,
            at: self.at,
            time: self.time,
            left: self.left,
            count: 0,
        };
        self.failed = records.fill(tags, room).err();
        (self.at, self.time, self.left) = (records.at, records.time, records.left);
        records.count
    }

    /// A record that stands as it is.
    fn record<'p>(&mut self, tag: u16, packed: &'p [u8]) -> Result<Piece<'p>, Error> {
        let offset = self.at as u64;
        let malformed = |what| Err(Error::Malformed { offset, what });
        if tag >> 4 != AS_IT_IS {
            return malformed("a packed record has a shape that is not there");
        }
        let length = (load(packed, self.at)? & 0xffff) as usize * 8;
        let bytes = packed.get(self.at + 2..).and_then(|rest| rest.get(..length));
        let bytes = bytes.ok_or(Error::Truncated { offset })?;
        let record = decode(bytes).map_err(|error| error.at(offset + 2))?;
        if record.length != length {
            return malformed("a packed record is not as long as it says");
        }
        let Some(left) = self.left.checked_sub(length) else { return malformed(TOO_MUCH) };
        self.left = left;
        self.at += 2 + length;
        self.time = record.time;
        Ok(Piece::Record(record, bytes))
    }
}

const TOO_MUCH: &str = "a packed block holds more than it says";

/// Operations that follow on each other.
struct Records<'a> {
    shapes: &'a mut [Shape],
    expected: &'a mut [u64; Expected::PLACES],
    packed: &'a [u8],
    at: usize,
    time: u64,
    left: usize,
    /// How many there are so far.
    count: usize,
}

impl Records<'_> {
    /// Unpacks the operations with these tags, for which there is room, up to another record.
    #[inline]
    fn fill(&mut self, mut tags: &[u8], room: &mut [Operation]) -> Result<(), Error> {
        while let Some((tag, after)) = tags.split_first_chunk() {
            let tag = u16::from_le_bytes(*tag);
            let Some(&shape) = self.shapes.get(usize::from(tag >> 4)) else { return Ok(()) };
            let like_it = |next: &[u8; 2]| (u16::from_le_bytes(*next) ^ tag) & !3 == 0;
            if tag >> 2 & 3 == NEXT && after.first_chunk().is_some_and(like_it) {
                tags = self.run(tags, tag, shape.place, room)?;
                continue;
            }
            tags = after;
            let detail = self.begin(tag, shape.place)?;
            if tag >> 2 & 3 == NEXT {
                self.expected[shape.place] = detail.wrapping_add(1);
            } else if tag >> 2 & 3 != ZERO {
                let place = Expected::place(detail, shape.place & 256);
                self.shapes[usize::from(tag >> 4)].place = place;
                self.expected[place] = detail.wrapping_add(1);
            }
            self.put(tag, detail, room)?;
        }
        Ok(())
    }

    /// Unpacks operations that are like `tag`, of which there are two at least; gives the tags
    /// after theirs. Most are like the one before, and the table can wait.
    #[inline]
    fn run<'t>(
        &mut self,
        tags: &'t [u8],
        tag: u16,
        place: usize,
        room: &mut [Operation],
    ) -> Result<&'t [u8], Error> {
        /// A tag four times.
        const FOUR: u64 = 0x0001_0001_0001_0001;
        let mut next = self.expected[place];
        let mut rest = tags;
        // Four at a time, as long as there is no end in sight.
        while let Some((four, after)) = rest.split_first_chunk::<8>()
            && let four = u64::from_le_bytes(*four)
            && (four ^ (u64::from(tag) * FOUR)) & !(3 * FOUR) == 0
            && let Some(data) = self.packed.get(self.at..).and_then(<[u8]>::first_chunk::<40>)
            && self.left >= 4 * OPERATION
            && let Some(room) = room.get_mut(self.count..self.count + 4)
        {
            let mut at = 0;
            for (index, operation) in room.iter_mut().enumerate() {
                let length = four >> (16 * index) & 3;
                // Less than 32, as it is: four times are no longer.
                let passed =
                    data[at & 31..].first_chunk().map_or(0, |from| u64::from_le_bytes(*from));
                self.time = self.time.wrapping_add(passed & MASKS[length as usize]);
                at += 1 << length;
                *operation = self.operation(tag, next);
                next = next.wrapping_add(1);
            }
            self.at += at;
            self.left -= 4 * OPERATION;
            self.count += 4;
            rest = after;
        }
        while let Some((one, after)) = rest.split_first_chunk()
            && let one = u16::from_le_bytes(*one)
            && (one ^ tag) & !3 == 0
        {
            self.pass_time(one)?;
            self.put(tag, next, room)?;
            next = next.wrapping_add(1);
            rest = after;
        }
        self.expected[place] = next;
        Ok(rest)
    }

    #[inline]
    fn operation(&self, tag: u16, detail: u64) -> Operation {
        Operation { time: self.time, detail, shape: tag >> 4 }
    }

    #[inline]
    fn put(&mut self, tag: u16, detail: u64, room: &mut [Operation]) -> Result<(), Error> {
        let malformed = || Error::Malformed { offset: self.at as u64, what: TOO_MUCH };
        self.left = self.left.checked_sub(OPERATION).ok_or_else(malformed)?;
        if let Some(room) = room.get_mut(self.count) {
            *room = self.operation(tag, detail);
            self.count += 1;
        }
        Ok(())
    }

    #[inline]
    fn pass_time(&mut self, tag: u16) -> Result<(), Error> {
        let length = tag & 3;
        let passed = load(self.packed, self.at)? & MASKS[usize::from(length)];
        self.time = self.time.wrapping_add(passed);
        // Not from the table of lengths: the next record waits for this.
        self.at += 1 << length;
        Ok(())
    }

    /// Reads time and detail of a record.
    #[inline]
    fn begin(&mut self, tag: u16, place: usize) -> Result<u64, Error> {
        self.pass_time(tag)?;
        let kind = tag >> 2 & 3;
        match kind {
            ZERO => return Ok(0),
            NEXT => return Ok(self.expected[place]),
            _ => {}
        }
        let detail = load(self.packed, self.at)?;
        if kind == NEXT_OF {
            self.at += 1;
            return Ok(self.expected[place & 256 | detail as usize & 0xff]);
        }
        self.at += 8;
        Ok(detail)
    }
}

/// The 8 bytes of the data that stand here.
#[inline]
fn load(packed: &[u8], at: usize) -> Result<u64, Error> {
    let bytes = packed.get(at..).and_then(|bytes| bytes.first_chunk());
    let bytes = bytes.ok_or(Error::Truncated { offset: at as u64 })?;
    Ok(u64::from_le_bytes(*bytes))
}

fn read_shapes(bytes: &[u8], shapes: &mut Vec<Shape>) -> Result<(), Error> {
    shapes.clear();
    for (index, bytes) in bytes.as_chunks::<SHAPE>().0.iter().enumerate() {
        let (code, operands) = bytes.split_first_chunk::<4>().expect("a shape has a code");
        let code = u32::from_le_bytes(*code);
        let code = u8::try_from(code).ok().filter(|code| OperationKind::from_code(*code).is_some());
        let code = code.ok_or(Error::Malformed {
            offset: (NUMBERS + SHAPE * index) as u64,
            what: "no operation has this code",
        })?;
        let operands = operands.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        shapes.push(Shape { code, operands, place: Expected::side(code) });
    }
    Ok(())
}
