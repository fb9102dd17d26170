//! From packed blocks to records.

use super::{
    AS_IT_IS, Expected, MASKS, MOST, NEXT, NEXT_OF, NUMBERS, OPERATION, SHAPE, Shape, ZERO,
};
use crate::{Error, MAX_RECORD, OperationKind};

/// Appends the records of a packed block's content to `out`.
///
/// # Errors
/// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`;
/// the records before that are in `out`.
pub fn unpack(packed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    unpack_from(packed, out, start)
}

/// Puts the records of a packed block's content in `out`, in place of what is there. Unlike
/// [`unpack`] into a vector that was cleared, this does not write the room twice.
///
/// # Errors
/// Those of [`unpack`].
pub fn unpack_over(packed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    unpack_from(packed, out, 0)
}

/// Puts the records in `out` from `start` on, in place of what is there.
fn unpack_from(packed: &[u8], out: &mut Vec<u8>, start: usize) -> Result<(), Error> {
    let Content { length, mut shapes, tags, data } = match Content::of(packed) {
        Ok(content) => content,
        Err(error) => {
            out.truncate(start);
            return Err(error);
        }
    };
    out.resize(start + length, 0);
    let mut unpacker = Unpacker {
        shapes: &mut shapes,
        expected: &mut [0; Expected::PLACES],
        data,
        at: 0,
        time: 0,
        room: &mut out[start..],
    };
    let data_at = (packed.len() - data.len()) as u64;
    let failed = unpacker.records(tags).map_err(|error| error.at(data_at)).err();
    let unused = unpacker.room.len();
    out.truncate(out.len() - unused);
    match failed {
        Some(error) => Err(error),
        None if unused > 0 => {
            Err(Error::Malformed { offset: 0, what: "a packed block holds less than it says" })
        }
        None => Ok(()),
    }
}

/// The parts of a packed block.
struct Content<'a> {
    /// Bytes of records.
    length: usize,
    shapes: Vec<Shape>,
    tags: &'a [u8],
    data: &'a [u8],
}

impl<'a> Content<'a> {
    fn of(packed: &'a [u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated { offset: packed.len() as u64 };
        let (numbers, rest) = packed.split_first_chunk::<NUMBERS>().ok_or(truncated.clone())?;
        let [length, records, shapes, _] =
            std::array::from_fn(|index| u32::from_le_bytes(numbers.as_chunks().0[index]) as usize);
        let possible = 8 * records..=MAX_RECORD * records;
        if length > MOST || !possible.contains(&length) || shapes > usize::from(AS_IT_IS) {
            let what = "a packed block says it holds what it cannot hold";
            return Err(Error::Malformed { offset: 0, what });
        }
        let (shapes, rest) = rest.split_at_checked(SHAPE * shapes).ok_or(truncated.clone())?;
        let shapes = read_shapes(shapes)?;
        let (tags, data) = rest.split_at_checked(2 * records).ok_or(truncated.clone())?;
        Ok(Content { length, shapes, tags, data })
    }
}

struct Unpacker<'a> {
    shapes: &'a mut [Shape],
    expected: &'a mut [u64; Expected::PLACES],
    data: &'a [u8],
    /// How much of the data was used.
    at: usize,
    /// Of the last record.
    time: u64,
    /// For records that are to come.
    room: &'a mut [u8],
}

impl Unpacker<'_> {
    /// Unpacks the records with these tags. Offsets in errors are from the start of the data.
    fn records(&mut self, mut tags: &[u8]) -> Result<(), Error> {
        while let Some((tag, after)) = tags.split_first_chunk() {
            let tag = u16::from_le_bytes(*tag);
            let Some(&shape) = self.shapes.get(usize::from(tag >> 4)) else {
                self.copy_record(tag)?;
                tags = after;
                continue;
            };
            let like_it = |next: &[u8; 2]| (u16::from_le_bytes(*next) ^ tag) & !3 == 0;
            if tag >> 2 & 3 == NEXT && after.first_chunk().is_some_and(like_it) {
                tags = self.run(tags, tag, &shape)?;
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
            let record = [self.time << 8 | u64::from(shape.code), shape.operands, detail];
            put(record, self.take_room()?);
        }
        Ok(())
    }

    /// Unpacks records that are like `tag`, of which there are two at least; gives the tags
    /// after theirs. Most records are like the one before, and the table can wait.
    fn run<'t>(&mut self, tags: &'t [u8], tag: u16, shape: &Shape) -> Result<&'t [u8], Error> {
        /// A tag four times.
        const FOUR: u64 = 0x0001_0001_0001_0001;
        let Shape { code, operands, place } = *shape;
        let mut next = self.expected[place];
        let mut rest = tags;
        // Four at a time, as long as there is no end in sight.
        while let Some((four, after)) = rest.split_first_chunk::<8>()
            && let four = u64::from_le_bytes(*four)
            && (four ^ (u64::from(tag) * FOUR)) & !(3 * FOUR) == 0
            && self.data.len() >= self.at + 4 * 8
            && self.room.len() >= 4 * OPERATION
        {
            let (room, unused) = std::mem::take(&mut self.room).split_at_mut(4 * OPERATION);
            self.room = unused;
            for (index, record) in room.as_chunks_mut().0.iter_mut().enumerate() {
                self.pass_time((four >> (16 * index)) as u16)?;
                put([self.time << 8 | u64::from(code), operands, next], record);
                next = next.wrapping_add(1);
            }
            rest = after;
        }
        while let Some((one, after)) = rest.split_first_chunk()
            && let one = u16::from_le_bytes(*one)
            && (one ^ tag) & !3 == 0
        {
            self.pass_time(one)?;
            put([self.time << 8 | u64::from(code), operands, next], self.take_room()?);
            next = next.wrapping_add(1);
            rest = after;
        }
        self.expected[place] = next;
        Ok(rest)
    }

    #[inline]
    fn pass_time(&mut self, tag: u16) -> Result<(), Error> {
        let length = tag & 3;
        let passed = self.load()? & MASKS[usize::from(length)];
        // What is beyond the bits of a time falls off when it is written.
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
        let detail = self.load()?;
        if kind == NEXT_OF {
            self.at += 1;
            return Ok(self.expected[place & 256 | detail as usize & 0xff]);
        }
        self.at += 8;
        Ok(detail)
    }

    /// Room for an operation.
    #[inline]
    fn take_room(&mut self) -> Result<&mut [u8; OPERATION], Error> {
        let room = std::mem::take(&mut self.room);
        let Some((record, after)) = room.split_first_chunk_mut() else {
            let what = "a packed block holds more than it says";
            return Err(Error::Malformed { offset: self.at as u64, what });
        };
        self.room = after;
        Ok(record)
    }

    /// The next 8 bytes of the data.
    #[inline]
    fn load(&self) -> Result<u64, Error> {
        let bytes = self.data.get(self.at..self.at + 8).and_then(|bytes| bytes.first_chunk());
        let bytes = bytes.ok_or(Error::Truncated { offset: self.at as u64 })?;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Copies a record that stands as it is.
    fn copy_record(&mut self, tag: u16) -> Result<(), Error> {
        let offset = self.at as u64;
        let malformed = |what| Error::Malformed { offset, what };
        if tag >> 4 != AS_IT_IS {
            return Err(malformed("a packed record has a shape that is not there"));
        }
        let length = (self.load()? & 0xffff) as usize * 8;
        let truncated = Error::Truncated { offset };
        let record = self.data.get(self.at + 2..).and_then(|rest| rest.get(..length));
        let record = record.ok_or(truncated)?;
        let first = record.first_chunk().ok_or(malformed("a packed record is empty"))?;
        if self.room.len() < length {
            return Err(malformed("a packed block holds more than it says"));
        }
        let (to, after) = std::mem::take(&mut self.room).split_at_mut(length);
        to.copy_from_slice(record);
        self.room = after;
        self.at += 2 + length;
        self.time = u64::from_le_bytes(*first) >> 8;
        Ok(())
    }
}

#[inline]
fn put(words: [u64; 3], record: &mut [u8; OPERATION]) {
    for (to, word) in record.as_chunks_mut().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
}

fn read_shapes(bytes: &[u8]) -> Result<Vec<Shape>, Error> {
    let numbers = bytes.as_chunks::<SHAPE>().0.iter().enumerate();
    numbers
        .map(|(index, bytes)| {
            let (code, operands) = bytes.split_first_chunk::<4>().expect("a shape has a code");
            let code = u32::from_le_bytes(*code);
            let code =
                u8::try_from(code).ok().filter(|code| OperationKind::from_code(*code).is_some());
            let code = code.ok_or(Error::Malformed {
                offset: (NUMBERS + SHAPE * index) as u64,
                what: "no operation has this code",
            })?;
            let operands = operands.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            Ok(Shape { code, operands, place: Expected::side(code) })
        })
        .collect()
}
