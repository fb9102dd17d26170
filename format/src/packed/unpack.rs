//! From packed blocks to records.

use super::{
    AS_IT_IS, Expected, LENGTHS, MASKS, MOST, NEXT, NEXT_OF, NUMBERS, OPERATION, SHAPE, Shape,
    TIME_MASK, ZERO,
};
use crate::{Error, MAX_RECORD, OperationKind};

/// Appends the records of a packed block's content to `out`.
///
/// # Errors
/// [`Error::Truncated`] or [`Error::Malformed`], with an offset from the start of `packed`;
/// the records before that are in `out`.
pub fn unpack(packed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let truncated = Error::Truncated { offset: packed.len() as u64 };
    let malformed = |offset: usize, what| Error::Malformed { offset: offset as u64, what };
    let (numbers, rest) = packed.split_first_chunk::<NUMBERS>().ok_or(truncated.clone())?;
    let [length, records, shapes, _] =
        std::array::from_fn(|index| u32::from_le_bytes(numbers.as_chunks().0[index]) as usize);
    let possible = 8 * records..=MAX_RECORD * records;
    if length > MOST || !possible.contains(&length) || shapes > usize::from(AS_IT_IS) {
        return Err(malformed(0, "a packed block says it holds what it cannot hold"));
    }
    let (shapes, rest) = rest.split_at_checked(SHAPE * shapes).ok_or(truncated.clone())?;
    let mut shapes = read_shapes(shapes)?;
    let (tags, data) = rest.split_at_checked(2 * records).ok_or(truncated.clone())?;
    let data_at = packed.len() - data.len();

    let start = out.len();
    out.resize(start + length, 0);
    let mut unpacker = Unpacker {
        shapes: &mut shapes,
        expected: &mut [0; Expected::PLACES],
        data,
        at: 0,
        time: 0,
        room: &mut out[start..],
    };
    let failed = unpacker.records(tags).map_err(|error| error.at(data_at as u64)).err();
    let unused = unpacker.room.len();
    out.truncate(out.len() - unused);
    match failed {
        Some(error) => Err(error),
        None if unused > 0 => Err(malformed(0, "a packed block holds less than it says")),
        None => Ok(()),
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
    fn records(&mut self, tags: &[u8]) -> Result<(), Error> {
        let mut tags = tags.as_chunks().0.iter().map(|tag| u16::from_le_bytes(*tag)).peekable();
        while let Some(&tag) = tags.peek() {
            let Some(&shape) = self.shapes.get(usize::from(tag >> 4)) else {
                self.copy_record(tag)?;
                tags.next();
                continue;
            };
            let first = u64::from(shape.code);
            if tag >> 2 & 3 != NEXT {
                tags.next();
                let detail = self.begin(tag, shape.place)?;
                if tag >> 2 & 3 != ZERO {
                    let place = Expected::place(detail, shape.place & 256);
                    self.shapes[usize::from(tag >> 4)].place = place;
                    self.expected[place] = detail.wrapping_add(1);
                }
                self.push([self.time << 8 | first, shape.operands, detail])?;
                continue;
            }
            // Most records are like the one before, and the table can wait.
            let mut next = self.expected[shape.place];
            while let Some(tag) = tags.next_if(|next| (next ^ tag) & !3 == 0) {
                self.pass_time(tag)?;
                self.push([self.time << 8 | first, shape.operands, next])?;
                next = next.wrapping_add(1);
            }
            self.expected[shape.place] = next;
        }
        Ok(())
    }

    #[inline]
    fn pass_time(&mut self, tag: u16) -> Result<(), Error> {
        let length = usize::from(tag & 3);
        let passed = self.load()? & MASKS[length];
        self.time = self.time.wrapping_add(passed) & TIME_MASK;
        self.at += LENGTHS[length];
        Ok(())
    }

    /// Reads time and detail of a record whose detail is not the next of its shape's sender.
    fn begin(&mut self, tag: u16, place: usize) -> Result<u64, Error> {
        self.pass_time(tag)?;
        let kind = tag >> 2 & 3;
        if kind == ZERO {
            return Ok(0);
        }
        let detail = self.load()?;
        if kind == NEXT_OF {
            self.at += 1;
            return Ok(self.expected[place & 256 | detail as usize & 0xff]);
        }
        self.at += 8;
        Ok(detail)
    }

    #[inline]
    fn push(&mut self, words: [u64; 3]) -> Result<(), Error> {
        let room = std::mem::take(&mut self.room);
        let Some((record, after)) = room.split_first_chunk_mut::<OPERATION>() else {
            let what = "a packed block holds more than it says";
            return Err(Error::Malformed { offset: self.at as u64, what });
        };
        for (to, word) in record.as_chunks_mut().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        self.room = after;
        Ok(())
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
