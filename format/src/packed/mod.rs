//! Packed blocks: the same records in about a seventh of the bytes.
//!
//! The operations of a block resemble each other. A thread repeats a few calls at a few places
//! on a few endpoints, and the messages of a sender are numbered one after the other. The packed
//! form writes each of these facts once:
//!
//! - A **shape** is what equal calls have in common: the code, the endpoint and the site of an
//!   operation. A block lists its shapes once, and each record refers to its shape by number.
//!   The arms of a select ([`Event::SelectArm`](crate::Event::SelectArm)) have the same three
//!   words as operations and are packed like them.
//! - A time is written as the difference to the time of the previous record.
//! - A detail that is the expected one, such as the next message of the same sender, takes no
//!   bytes at all.
//!
//! Most operations then take a tag of 2 bytes and a time of 1 byte.
//!
//! # Layout
//! ```text
//! packed := numbers (16 bytes), shapes, tags, data, padding (8 to 15 bytes)
//! ```
//!
//! | part | content |
//! |---|---|
//! | numbers | four numbers of 4 bytes: length of the unpacked records in bytes, number of records, number of shapes, zero |
//! | shapes | for each shape three numbers of 4 bytes: code, endpoint, site or arm |
//! | tags | for each record 2 bytes: length of the time (bits 0–1), form of the detail (bits 2–3), number of the shape (bits 4–15) |
//! | data | for each record its time and its detail |
//!
//! **Time.** The difference to the time of the previous record, modulo 2⁵⁶, in 1, 2, 4 or 8
//! bytes (length 0, 1, 2 or 3). The time before the first record is 0.
//!
//! **Detail.** One of four forms:
//!
//! | form | detail | bytes |
//! |---|---|---|
//! | 0 | zero | 0 |
//! | 1 | the expected detail of the shape's last sender | 0 |
//! | 2 | the expected detail of another sender, whose low 8 bits follow | 1 |
//! | 3 | any other, written in full | 8 |
//!
//! The sender is the owner in the packed id ([`MessageId::thread`]). Two tables of 256 entries,
//! one for the codes of senders and one for all others, hold the expected detail of the senders
//! with the same low 8 bits: the last detail that was not zero, plus 1. Each shape remembers the
//! sender of its last such detail. All entries are 0 at first, and so is the sender of each shape.
//!
//! **Other records.** The number 4095 is not that of a shape. It marks a record that is copied
//! in full: one of another event, or one whose shape got no number because all 4095 were taken.
//! Its data are its length in words (2 bytes) and the record.

use std::borrow::Cow;

use crate::operation::is_send_code;
use crate::{BlockHeader, Error, MessageId, OperationKind, SELECT_ARM_CODE, TIME_BITS};

mod pack;
mod unpack;

pub use pack::Packer;
pub use unpack::{Operation, Piece, Unpacker, unpack};

/// Maximum length of the unpacked records of a packed block, in bytes.
pub const MAX_UNPACKED_BYTES: usize = 16 << 20;

const NUMBERS_BYTES: usize = 16;
const SHAPE_BYTES: usize = 12;
const OPERATION_BYTES: usize = 24;
const MIN_PADDING: usize = 8;
/// Stands for a shape in the tag of a record that is copied in full.
const VERBATIM: u16 = 4095;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// The lengths of a time in bytes, by the bits in the tag.
const LENGTHS: [usize; 4] = [1, 2, 4, 8];
/// The masks of these lengths.
const MASKS: [u64; 4] = [0xff, 0xffff, 0xffff_ffff, u64::MAX];

/// The forms of a detail.
const ZERO: u16 = 0;
const EXPECTED: u16 = 1;
const EXPECTED_OF: u16 = 2;
const FULL: u16 = 3;

/// The tables of expected details in one array: that of other operations, then that of sends.
struct Expected;

impl Expected {
    const ENTRIES: usize = 512;

    /// The index of the expected detail of the sender of `detail`.
    #[inline]
    fn place(detail: u64, side: usize) -> usize {
        side | (MessageId(detail).thread() & 0xff) as usize
    }

    /// The start of the table for operations with this code.
    #[inline]
    fn side(code: u8) -> usize {
        if is_send_code(code) { 256 } else { 0 }
    }
}

/// Whether records with this code have a shape: code, endpoint and site, and then a detail.
fn has_shape(code: u8) -> bool {
    code == SELECT_ARM_CODE || OperationKind::from_code(code).is_some()
}

/// Code, endpoint and site of an operation, and the index of its last sender.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    code: u8,
    operands: u64,
    place: usize,
}

/// The records of a block with this header and content, packed or not.
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
    use crate::{Event, MAX_RECORD, decode, operation_words};

    fn operation(time: u64, kind: OperationKind, endpoint: u32, detail: u64) -> Vec<u8> {
        operation_words(time, kind, endpoint, 7, detail).map(u64::to_le_bytes).concat()
    }

    fn event(time: u64, event: &Event<'_>) -> Vec<u8> {
        let mut bytes = [0; MAX_RECORD];
        let length = event.encode(time, &mut bytes);
        bytes[..length].to_vec()
    }

    /// Unpacks the records, at most `most` operations at a time.
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
                        let Operation { time, detail, .. } = *operation;
                        if code == SELECT_ARM_CODE {
                            let arm = Event::SelectArm { endpoint, arm: site, message: detail };
                            records.extend(event(time & TIME_MASK, &arm));
                            continue;
                        }
                        let kind = OperationKind::from_code(code).unwrap();
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

    /// Packs the records and checks that they unpack to the same. Returns the packed length.
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
        for length in 0..content.len() - MIN_PADDING - 8 {
            let mut part = Vec::new();
            assert!(unpack(&content[..length], &mut part).is_err(), "{length}");
            assert!(records.starts_with(&part), "{length}");
        }
        content.len()
    }

    #[test]
    fn consecutive_messages_take_three_bytes_each() {
        let records: Vec<_> = (0..1_000)
            .flat_map(|number| {
                let message = MessageId::new(3, number + 1).0;
                operation((1 << 40) + number * 90, OperationKind::Send, 1, message)
            })
            .collect();
        assert!(packed(&records) < 3_100);
    }

    #[test]
    fn messages_of_several_senders_take_four_bytes_each() {
        let records: Vec<_> = (0..1_000)
            .flat_map(|number| {
                let message = MessageId::new(number as u32 % 4 + 1, number / 4 + 1).0;
                operation(number * 200, OperationKind::Recv, 1, message)
            })
            .collect();
        assert!(packed(&records) < 4_200);
    }

    #[test]
    fn an_arm_of_a_select_that_receives_takes_three_bytes() {
        let selects = |arms: u32| {
            let records: Vec<_> = (0..500)
                .flat_map(|number| {
                    let time = number * 200;
                    let arms = (1..=arms).flat_map(move |endpoint| {
                        event(time, &Event::SelectArm { endpoint, arm: 0, message: 0 })
                    });
                    let end = operation(time + 100, OperationKind::SelectEnd, 1, 0);
                    arms.chain(operation(time, OperationKind::SelectBegin, 0, 3)).chain(end)
                })
                .collect();
            packed(&records)
        };
        // 12 bytes for the shape of each arm.
        assert_eq!(selects(5) - selects(1), 4 * (500 * 3 + 12));
    }

    #[test]
    fn unknown_messages_stay_unknown() {
        let records: Vec<_> = (0..200)
            .flat_map(|number| {
                let message = if number % 7 < 3 { MessageId::new(3, number + 1).0 } else { 0 };
                operation(number * 200, OperationKind::Recv, 1, message)
            })
            .collect();
        packed(&records);
    }

    #[test]
    fn all_kinds_of_records_survive_packing() {
        let mut records = Vec::new();
        let name = "x".repeat(300);
        for number in 0..6_000_u64 {
            let message = MessageId::new((number % 700) as u32, number * number).0;
            let kind = OperationKind::ALL[number as usize % OperationKind::ALL.len()];
            // More shapes than there are numbers, and times that go back and forth.
            records.extend(operation(number << (number % 50), kind, number as u32, message));
            records.extend(operation(number, OperationKind::RecvBegin, 1, 0));
            if number % 100 == 0 {
                records.extend(event(number, &Event::ThreadStarted { os_id: number, name: &name }));
            }
        }
        packed_without_cuts(&records);
    }

    /// The same as [`packed`], without unpacking each part of the content.
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
    fn a_copied_record_with_a_wrong_length_is_refused() {
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
        let what = "a record in a packed block has a wrong length";
        let refused = Err(Error::Malformed { offset: at as u64, what });
        assert_eq!(unpack(&content, &mut out), refused);
        assert!(out == records[..100 * OPERATION_BYTES]);
    }

    #[test]
    fn records_that_do_not_shrink_and_other_bytes_are_not_packed() {
        let one = operation(5, OperationKind::Send, 1, 1);
        for records in [&[][..], &one, &[0xff; 4_800], &one.repeat(100)[..2_392]] {
            let mut block = Vec::new();
            Packer::new().block(&BlockHeader::default(), records, &mut block);
            assert_eq!(block[..4], *b"BLCK");
            assert!(block[BlockHeader::BYTES..].starts_with(records));
        }
    }

    #[test]
    fn an_impossible_length_is_refused_before_memory_is_reserved() {
        for numbers in
            [[MAX_UNPACKED_BYTES + 8, 1, 0], [MAX_RECORD + 8, 1, 0], [0, 1, 0], [24, 1, 4_096]]
        {
            let numbers: [u32; 3] = numbers.map(|number| number as u32);
            let mut content = numbers.map(u32::to_le_bytes).concat();
            content.resize(200, 0);
            let mut out = Vec::new();
            assert!(matches!(unpack(&content, &mut out), Err(Error::Malformed { offset: 0, .. })));
            assert_eq!(out.capacity(), 0);
        }
    }
}
