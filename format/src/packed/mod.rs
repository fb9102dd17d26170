//! Packed blocks: the same records in a seventh of the room.
//!
//! ```text
//! packed := numbers (16 bytes), shapes, tags, data, padding (8 to 15 bytes)
//! ```
//!
//! | what | how |
//! |---|---|
//! | numbers | four of 4 bytes: bytes of the records, records, shapes, zero |
//! | a shape | three numbers of 4 bytes: code, endpoint, site |
//! | a tag | 2 bytes for each record: bits 0–1 length of its time, 2–3 its detail, 4–15 its shape |
//!
//! A record's data are, in this order:
//! - its time, less that of the record before, modulo 2⁵⁶, in 1, 2, 4 or 8 bytes;
//! - its detail: nothing if it is zero (0) or the one after the last of the same sender
//!   (1), else a byte with the low bits of the sender (2), or all of it in 8 bytes (3).
//!
//! The sender is that in the message's id. A table of 256 places, one for sends and one for
//! receives, has the id that is expected next of the senders with these low bits; each
//! shape remembers its last sender. A record of shape 4095 is none of an operation, or one
//! of a shape that found no number any more: its data are its length in words (2 bytes) and
//! the record as it is. Before the first record the time is zero, and so are the tables.

use std::borrow::Cow;

use crate::operation::is_send_code;
use crate::{BlockHeader, Error, MessageId, TIME_BITS};

mod pack;
mod unpack;

pub use pack::Packer;
pub use unpack::{Operation, Piece, Unpacker, unpack};

/// The most bytes of records that a packed block may have.
pub const MOST: usize = 16 << 20;

const NUMBERS: usize = 16;
const SHAPE: usize = 12;
const OPERATION: usize = 24;
const PADDING: usize = 8;
/// The shape of a record that stands as it is.
const AS_IT_IS: u16 = 4095;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// The lengths of a time.
const LENGTHS: [usize; 4] = [1, 2, 4, 8];
/// Masks of the lengths.
const MASKS: [u64; 4] = [0xff, 0xffff, 0xffff_ffff, u64::MAX];

/// How a detail is told.
const ZERO: u16 = 0;
const NEXT: u16 = 1;
const NEXT_OF: u16 = 2;
const WHOLE: u16 = 3;

/// The table of what the messages of each sender are expected to be: for receives, then
/// for sends.
struct Expected;

impl Expected {
    const PLACES: usize = 512;

    /// Where the expectation of this message's sender stands.
    #[inline]
    fn place(detail: u64, side: usize) -> usize {
        side | (MessageId(detail).thread() & 0xff) as usize
    }

    /// The side of the table that the operations with this code use.
    #[inline]
    fn side(code: u8) -> usize {
        if is_send_code(code) { 256 } else { 0 }
    }
}

/// Code, endpoint and site of an operation; the last place of its senders.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    code: u8,
    operands: u64,
    place: usize,
}

/// The records of a block, of which this is the header and the content.
///
/// # Errors
/// Those of [`unpack`].
pub fn records<'a>(header: &BlockHeader, content: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    if !header.packed {
        return Ok(Cow::Borrowed(content));
    }
    let mut records = Vec::new();
    unpack(content, &mut records)?;
    Ok(Cow::Owned(records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, MAX_RECORD, OperationKind, decode, operation_words};

    fn operation(time: u64, kind: OperationKind, endpoint: u32, detail: u64) -> Vec<u8> {
        operation_words(time, kind, endpoint, 7, detail).map(u64::to_le_bytes).concat()
    }

    fn event(time: u64, event: &Event<'_>) -> Vec<u8> {
        let mut bytes = [0; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        bytes[..length].to_vec()
    }

    /// Unpacks the records, so many operations at a time.
    fn unpacked(content: &[u8], most: usize) -> Vec<u8> {
        let mut unpacker = Unpacker::default();
        assert_eq!(unpacker.begin(content), Ok(()));
        let mut room = vec![Operation::default(); most];
        let mut records = Vec::new();
        while let Some(piece) = unpacker.next(content, &mut room).unwrap() {
            match piece {
                Piece::Operations(count) => {
                    for operation in &room[..count] {
                        let (code, endpoint, site) = unpacker.shape(operation.shape);
                        let kind = OperationKind::from_code(code).unwrap();
                        let Operation { time, detail, .. } = *operation;
                        let words = operation_words(time, kind, endpoint, site, detail);
                        records.extend(words.map(u64::to_le_bytes).concat());
                    }
                }
                Piece::Record(record, bytes) => {
                    assert_eq!(decode(bytes), Ok(record));
                    records.extend(bytes);
                }
            }
        }
        assert!(matches!(unpacker.next(content, &mut room), Ok(None)));
        records
    }

    /// Packs the records, sees that they come back, and gives how long the content is.
    fn packed(records: &[u8]) -> usize {
        let mut block = Vec::new();
        let mut packer = Packer::new();
        packer.block(&BlockHeader::default(), &[0xff; 24], &mut block);
        block.clear();
        packer.block(&BlockHeader::default(), records, &mut block);
        let (header, content) = block.split_first_chunk().unwrap();
        let header = BlockHeader::decode(header).unwrap().unwrap();
        assert!(header.packed);
        let content = &content[..header.committed as usize];
        let mut back = vec![1, 2, 3];
        assert_eq!(unpack(content, &mut back), Ok(()));
        assert!(back[3..] == *records);
        assert!([1, 3, 64].iter().all(|&most| unpacked(content, most) == records));
        for length in 0..content.len() - PADDING - 8 {
            let mut part = Vec::new();
            assert!(unpack(&content[..length], &mut part).is_err(), "{length}");
            assert!(records.starts_with(&part), "{length}");
        }
        content.len()
    }

    #[test]
    fn messages_in_turn_take_three_bytes_each() {
        let records: Vec<_> = (0..1_000)
            .flat_map(|number| {
                let message = MessageId::new(3, number + 1).0;
                operation((1 << 40) + number * 90, OperationKind::Send, 1, message)
            })
            .collect();
        assert!(packed(&records) < 3_100);
    }

    #[test]
    fn messages_of_several_senders_take_four() {
        let records: Vec<_> = (0..1_000)
            .flat_map(|number| {
                let message = MessageId::new(number as u32 % 4 + 1, number / 4 + 1).0;
                operation(number * 200, OperationKind::Recv, 1, message)
            })
            .collect();
        assert!(packed(&records) < 4_200);
    }

    #[test]
    fn messages_that_nobody_knows_stay_unknown() {
        let records: Vec<_> = (0..200)
            .flat_map(|number| {
                let message = if number % 7 < 3 { MessageId::new(3, number + 1).0 } else { 0 };
                operation(number * 200, OperationKind::Recv, 1, message)
            })
            .collect();
        packed(&records);
    }

    #[test]
    fn everything_comes_back() {
        let mut records = Vec::new();
        let name = "x".repeat(300);
        for number in 0..6_000_u64 {
            let message = MessageId::new((number % 700) as u32, number * number).0;
            let kind = OperationKind::ALL[number as usize % OperationKind::ALL.len()];
            // More shapes than there are numbers, and times that go to and fro.
            records.extend(operation(number << (number % 50), kind, number as u32, message));
            records.extend(operation(number, OperationKind::RecvBegin, 1, 0));
            if number % 100 == 0 {
                records.extend(event(number, &Event::ThreadStarted { os_id: number, name: &name }));
            }
        }
        packed_without_cuts(&records);
    }

    /// The same without trying every length.
    fn packed_without_cuts(records: &[u8]) {
        let mut block = Vec::new();
        Packer::new().block(&BlockHeader::default(), records, &mut block);
        let (header, content) = block.split_first_chunk().unwrap();
        let header = BlockHeader::decode(header).unwrap().unwrap();
        assert!(header.packed);
        let mut back = Vec::new();
        assert_eq!(unpack(&content[..header.committed as usize], &mut back), Ok(()));
        assert!(back == records);
    }

    #[test]
    fn a_record_that_is_not_as_long_as_it_says_is_refused() {
        let sends = |from: u64| {
            (from..from + 100).flat_map(|number| {
                operation(number, OperationKind::Send, 1, MessageId::new(3, number).0)
            })
        };
        let other = event(100, &Event::ThreadStarted { os_id: 7, name: "other" });
        let records: Vec<_> = sends(1).chain(other.clone()).chain(sends(101)).collect();
        let mut block = Vec::new();
        Packer::new().block(&BlockHeader::default(), &records, &mut block);
        let (header, content) = block.split_first_chunk().unwrap();
        let header = BlockHeader::decode(header).unwrap().unwrap();
        assert!(header.packed);
        let mut content = content[..header.committed as usize].to_vec();
        let at = content.windows(other.len()).position(|bytes| bytes == other).unwrap() - 2;
        assert_eq!(usize::from(content[at]) * 8, other.len());
        content[at] += 1;
        let mut out = Vec::new();
        let what = "a packed record is not as long as it says";
        let refused = Err(Error::Malformed { offset: at as u64, what });
        assert_eq!(unpack(&content, &mut out), refused);
        assert!(out == records[..100 * OPERATION]);
    }

    #[test]
    fn what_gains_nothing_or_is_no_record_stays_as_it_is() {
        let one = operation(5, OperationKind::Send, 1, 1);
        for records in [&[][..], &one, &[0xff; 4_800], &one.repeat(100)[..2_392]] {
            let mut block = Vec::new();
            Packer::new().block(&BlockHeader::default(), records, &mut block);
            assert_eq!(block[..4], *b"BLCK");
            assert!(block[BlockHeader::BYTES..].starts_with(records));
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_before_there_is_room_for_it() {
        for numbers in [[MOST + 8, 1, 0], [MAX_RECORD + 8, 1, 0], [0, 1, 0], [24, 1, 4_096]] {
            let numbers: [u32; 3] = numbers.map(|number| number as u32);
            let mut content = numbers.map(u32::to_le_bytes).concat();
            content.resize(200, 0);
            let mut out = Vec::new();
            assert!(matches!(unpack(&content, &mut out), Err(Error::Malformed { offset: 0, .. })));
            assert_eq!(out.capacity(), 0);
        }
    }
}
