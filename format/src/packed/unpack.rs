//! Unpacks blocks.

use std::ops::Range;

use super::{
    EXPECTED, EXPECTED_OF, Expected, MASKS, MAX_UNPACKED_BYTES, NUMBERS_BYTES, OPERATION_BYTES,
    SHAPE_BYTES, Shape, VERBATIM, ZERO, has_shape,
};
use crate::{Error, MAX_RECORD, Record, decode};

/// Appends the records of a packed block to `out`. `packed` is its content.
///
/// # Errors
/// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`. The
/// records before the error are in `out`.
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

/// Some of the records of a packed block.
#[derive(Debug)]
pub enum Piece<'a> {
    /// This many operations and arms of selects were written to the buffer; at least one.
    Operations(usize),
    /// A record that was copied in full, and its bytes. It can be an operation, too.
    Record(Record<'a>, &'a [u8]),
}

/// An unpacked operation, or an unpacked arm of a select.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operation {
    /// The time in ticks. Only the low 56 bits are meaningful.
    pub time: u64,
    /// The detail, as in [`Event::Operation`](crate::Event::Operation), or the message of an arm.
    pub detail: u64,
    /// The number of its shape, see [`Unpacker::shape`].
    pub shape: u16,
}

/// Unpacks a block, some records at a time.
///
/// Keeps its memory from one block to the next: 4 KiB, and 24 bytes for each shape of a block.
#[derive(Debug, Default)]
pub struct Unpacker {
    shapes: Vec<Shape>,
    /// [`Expected::ENTRIES`] of them after the first [`begin`](Self::begin).
    expected: Vec<u64>,
    /// The range of the remaining tags.
    tags: Range<usize>,
    /// The position of the data of the next record.
    at: usize,
    /// The time of the last record.
    time: u64,
    /// Remaining length of the unpacked records in bytes.
    left: usize,
    /// The error that follows the records that were returned last.
    failed: Option<Error>,
}

impl Unpacker {
    /// Starts with the content of a packed block.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`.
    /// No records follow an error.
    pub fn begin(&mut self, packed: &[u8]) -> Result<(), Error> {
        (self.tags, self.left, self.failed) = (0..0, 0, None);
        let truncated = Error::Truncated { offset: packed.len() as u64 };
        let (numbers, rest) =
            packed.split_first_chunk::<NUMBERS_BYTES>().ok_or(truncated.clone())?;
        let [length, records, shapes, _] =
            std::array::from_fn(|index| u32::from_le_bytes(numbers.as_chunks().0[index]) as usize);
        let possible = 8 * records..=MAX_RECORD * records;
        if length > MAX_UNPACKED_BYTES
            || !possible.contains(&length)
            || shapes > usize::from(VERBATIM)
        {
            let what = "a packed block states impossible lengths";
            return Err(Error::Malformed { offset: 0, what });
        }
        let shapes = rest.get(..SHAPE_BYTES * shapes).ok_or(truncated.clone())?;
        let tags = NUMBERS_BYTES + shapes.len();
        let data = tags + 2 * records;
        if packed.len() < data {
            return Err(truncated);
        }
        read_shapes(shapes, &mut self.shapes)?;
        self.expected.clear();
        self.expected.resize(Expected::ENTRIES, 0);
        (self.tags, self.at, self.time, self.left) = (tags..data, data, 0, length);
        Ok(())
    }

    /// The number of shapes of the block.
    pub fn shapes(&self) -> usize {
        self.shapes.len()
    }

    /// A shape: the code of the [`OperationKind`](crate::OperationKind), the endpoint and the
    /// site; or [`SELECT_ARM_CODE`](crate::SELECT_ARM_CODE), the endpoint and the arm.
    ///
    /// # Panics
    /// If the block has no operation of this shape.
    #[inline]
    pub fn shape(&self, shape: u16) -> (u8, u32, u32) {
        let Shape { code, operands, .. } = self.shapes[usize::from(shape)];
        (code, operands as u32, (operands >> 32) as u32)
    }

    /// The next records of the block, or `None` after the last. `packed` is the content that was
    /// passed to [`begin`](Self::begin). Operations are written to the start of `room`.
    ///
    /// # Errors
    /// Those of [`unpack`]. No records follow an error.
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
            let what = "a packed block holds fewer records than it states";
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

    /// Unpacks operations up to the next record that was copied. Returns their number.
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

    /// Reads a record that was copied.
    fn record<'p>(&mut self, tag: u16, packed: &'p [u8]) -> Result<Piece<'p>, Error> {
        let offset = self.at as u64;
        let malformed = |what| Err(Error::Malformed { offset, what });
        if tag >> 4 != VERBATIM {
            return malformed("a record in a packed block has an unknown shape");
        }
        let length = (load(packed, self.at)? & 0xffff) as usize * 8;
        let bytes = packed.get(self.at + 2..).and_then(|rest| rest.get(..length));
        let bytes = bytes.ok_or(Error::Truncated { offset })?;
        let record = decode(bytes).map_err(|error| error.at(offset + 2))?;
        if record.length != length {
            return malformed("a record in a packed block has a wrong length");
        }
        let Some(left) = self.left.checked_sub(length) else { return malformed(TOO_MUCH) };
        self.left = left;
        self.at += 2 + length;
        self.time = record.time;
        Ok(Piece::Record(record, bytes))
    }
}

const TOO_MUCH: &str = "a packed block holds more records than it states";

/// The state of unpacking consecutive operations.
struct Records<'a> {
    shapes: &'a mut [Shape],
    expected: &'a mut [u64; Expected::ENTRIES],
    packed: &'a [u8],
    at: usize,
    time: u64,
    left: usize,
    /// The number of operations so far.
    count: usize,
}

impl Records<'_> {
    /// Unpacks the operations with these tags, up to a record that was copied. `room` must have
    /// room for all of them.
    #[inline]
    fn fill(&mut self, mut tags: &[u8], room: &mut [Operation]) -> Result<(), Error> {
        while let Some((tag, after)) = tags.split_first_chunk() {
            let tag = u16::from_le_bytes(*tag);
            let Some(&shape) = self.shapes.get(usize::from(tag >> 4)) else { return Ok(()) };
            let like_it = |next: &[u8; 2]| (u16::from_le_bytes(*next) ^ tag) & !3 == 0;
            if tag >> 2 & 3 == EXPECTED && after.first_chunk().is_some_and(like_it) {
                tags = self.run(tags, tag, shape.place, room)?;
                continue;
            }
            tags = after;
            let detail = self.time_and_detail(tag, shape.place)?;
            if tag >> 2 & 3 == EXPECTED {
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

    /// Unpacks the operations at the start of `tags` that equal `tag` except for the length of
    /// the time. Returns the tags after theirs.
    ///
    /// Most operations resemble the previous one. Here the table is only updated at the end.
    #[inline]
    fn run<'t>(
        &mut self,
        tags: &'t [u8],
        tag: u16,
        place: usize,
        room: &mut [Operation],
    ) -> Result<&'t [u8], Error> {
        /// Times a tag: four of this tag.
        const FOUR: u64 = 0x0001_0001_0001_0001;
        let mut next = self.expected[place];
        let mut rest = tags;
        // Four at a time while all buffers are long enough.
        while let Some((four, after)) = rest.split_first_chunk::<8>()
            && let four = u64::from_le_bytes(*four)
            && (four ^ (u64::from(tag) * FOUR)) & !(3 * FOUR) == 0
            && let Some(data) = self.packed.get(self.at..).and_then(<[u8]>::first_chunk::<40>)
            && self.left >= 4 * OPERATION_BYTES
            && let Some(room) = room.get_mut(self.count..self.count + 4)
        {
            let mut at = 0;
            for (index, operation) in room.iter_mut().enumerate() {
                let length = four >> (16 * index) & 3;
                // Four times take at most 32 bytes. The mask avoids a bounds check.
                let passed =
                    data[at & 31..].first_chunk().map_or(0, |from| u64::from_le_bytes(*from));
                self.time = self.time.wrapping_add(passed & MASKS[length as usize]);
                at += 1 << length;
                *operation = self.operation(tag, next);
                next = next.wrapping_add(1);
            }
            self.at += at;
            self.left -= 4 * OPERATION_BYTES;
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
        self.left = self.left.checked_sub(OPERATION_BYTES).ok_or_else(malformed)?;
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
        // Computed, because the next record depends on it and a table would be slower.
        self.at += 1 << length;
        Ok(())
    }

    /// Reads the time and the detail of an operation.
    #[inline]
    fn time_and_detail(&mut self, tag: u16, place: usize) -> Result<u64, Error> {
        self.pass_time(tag)?;
        let kind = tag >> 2 & 3;
        match kind {
            ZERO => return Ok(0),
            EXPECTED => return Ok(self.expected[place]),
            _ => {}
        }
        let detail = load(self.packed, self.at)?;
        if kind == EXPECTED_OF {
            self.at += 1;
            return Ok(self.expected[place & 256 | detail as usize & 0xff]);
        }
        self.at += 8;
        Ok(detail)
    }
}

/// Reads 8 bytes at a position.
#[inline]
fn load(packed: &[u8], at: usize) -> Result<u64, Error> {
    let bytes = packed.get(at..).and_then(|bytes| bytes.first_chunk());
    let bytes = bytes.ok_or(Error::Truncated { offset: at as u64 })?;
    Ok(u64::from_le_bytes(*bytes))
}

fn read_shapes(bytes: &[u8], shapes: &mut Vec<Shape>) -> Result<(), Error> {
    shapes.clear();
    for (index, bytes) in bytes.as_chunks::<SHAPE_BYTES>().0.iter().enumerate() {
        let (code, operands) = bytes.split_first_chunk::<4>().expect("a shape has a code");
        let code = u32::from_le_bytes(*code);
        let code = u8::try_from(code).ok().filter(|code| has_shape(*code));
        let code = code.ok_or(Error::Malformed {
            offset: (NUMBERS_BYTES + SHAPE_BYTES * index) as u64,
            what: "no operation has this code",
        })?;
        let operands = operands.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        shapes.push(Shape { code, operands, place: Expected::side(code) });
    }
    Ok(())
}
