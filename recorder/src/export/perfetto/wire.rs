//! The wire encoding of protocol buffers.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use std::{io, mem};

use crate::export::ByteSink;

/// The fields of a message, encoded.
///
/// Fields are written with stores of 8 and 16 bytes, which can be longer than the field: the next
/// field overwrites the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The fields, and room behind them.
    room: Vec<u8>,
    /// How many bytes the fields have.
    length: usize,
}

const VARINT: u32 = 0;
const FIXED_64: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;

/// Number of bytes that are stored at a time.
const STORE: usize = 16;

/// Up to eight bytes, and their number.
type Encoded = (u64, usize);

impl Message {
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.length]
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Writes its bytes, and leaves none.
    pub(super) fn write(&mut self, out: &mut dyn ByteSink) -> io::Result<()> {
        out.append(&mut self.room, mem::take(&mut self.length))
    }

    /// Appends encoded fields.
    #[inline]
    pub(super) fn encoded(&mut self, fields: &[u8]) {
        let end = self.length + fields.len();
        if end > self.room.len() {
            self.grow(fields.len());
        }
        self.room[self.length..end].copy_from_slice(fields);
        self.length = end;
    }

    /// Appends the fields of a template.
    #[inline]
    pub(super) fn template(&mut self, template: &Template) {
        let bytes = template.chunks.len() * STORE;
        if self.length + bytes > self.room.len() {
            self.grow(bytes);
        }
        let room = &mut self.room[self.length..self.length + bytes];
        for (room, chunk) in room.as_chunks_mut::<STORE>().0.iter_mut().zip(&template.chunks) {
            *room = *chunk;
        }
        self.length += template.length;
    }

    #[inline(always)]
    pub(super) fn number(&mut self, field: u32, value: u64) {
        let tag = tag(field, VARINT);
        match varint(value) {
            Some(value) => self.put(tag, value),
            None => self.long_number(tag, value),
        }
    }

    #[inline(always)]
    pub(super) fn fixed(&mut self, field: u32, value: u64) {
        self.put(tag(field, FIXED_64), (value, 8));
    }

    #[inline]
    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.message(field, text.as_bytes());
    }

    /// Appends a message whose fields are encoded.
    #[inline]
    pub(super) fn message(&mut self, field: u32, fields: &[u8]) {
        let length = varint(fields.len() as u64).unwrap_or_default();
        self.put(tag(field, LENGTH_DELIMITED), length);
        self.encoded(fields);
    }

    /// Appends a message.
    pub(super) fn nested(&mut self, field: u32, fill: impl FnOnce(&mut Message)) {
        let start = self.begin(field);
        fill(self);
        self.set_length(start);
    }

    /// Appends a message of two numbers. The first is below 128. Except for the field of the second,
    /// fields are below 16.
    #[inline(always)]
    pub(super) fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64)) {
        let Some(value) = varint(second.1) else {
            return self.nested(field, |pair| {
                pair.number(first.0, first.1.into());
                pair.number(second.0, second.1);
            });
        };
        let (second_tag, tag_length) = tag(second.0, VARINT);
        let inner = 2 + tag_length + value.1;
        let head = tag(field, LENGTH_DELIMITED).0
            | (inner as u64) << 8
            | tag(first.0, VARINT).0 << 16
            | u64::from(first.1) << 24
            | second_tag << 32;
        self.put((head, 4 + tag_length), value);
    }

    /// Appends the tag of a length-delimited field, and a byte for its length; returns the place of
    /// that: see [`set_length`](Self::set_length).
    #[inline(always)]
    pub(super) fn begin(&mut self, field: u32) -> usize {
        self.put(tag(field, LENGTH_DELIMITED), (0, 1));
        self.length - 1
    }

    /// Sets the length of what follows `start`, where there is one byte for it.
    #[inline(always)]
    pub(super) fn set_length(&mut self, start: usize) {
        let length = self.length - start - 1;
        match length {
            0..0x80 => self.room[start] = length as u8,
            _ => self.set_long_length(start, length),
        }
    }

    #[inline(never)]
    fn set_long_length(&mut self, start: usize, length: usize) {
        let (bytes, count) = varint(length as u64).unwrap_or_default();
        let more = count - 1;
        self.put((0, more), (0, 0));
        let end = self.length - more;
        self.room.copy_within(start + 1..end, start + 1 + more);
        self.room[start..=start + more].copy_from_slice(&bytes.to_le_bytes()[..count]);
    }

    #[cold]
    fn long_number(&mut self, tag: Encoded, mut value: u64) {
        self.put(tag, (0, 0));
        while value >= 0x80 {
            self.put((value & 0x7f | 0x80, 1), (0, 0));
            value >>= 7;
        }
        self.put((value, 1), (0, 0));
    }

    /// Appends the first bytes of the one, and then those of the other.
    #[inline(always)]
    fn put(&mut self, first: Encoded, second: Encoded) {
        let room = self.chunk();
        room[..8].copy_from_slice(&first.0.to_le_bytes());
        room[first.1..first.1 + 8].copy_from_slice(&second.0.to_le_bytes());
        self.length += first.1 + second.1;
    }

    /// The room behind the fields.
    #[inline(always)]
    fn chunk(&mut self) -> &mut [u8; STORE] {
        if self.length + STORE > self.room.len() {
            self.grow(STORE);
        }
        let room = self.room[self.length..].first_chunk_mut();
        room.expect("there is room for a chunk")
    }

    #[cold]
    fn grow(&mut self, bytes: usize) {
        self.room.resize(2 * (self.length + bytes + STORE), 0);
    }
}

/// Encoded fields that are copied often.
#[derive(Debug)]
pub(super) struct Template {
    /// The last chunk is filled up with zeros.
    chunks: Vec<[u8; STORE]>,
    length: usize,
}

impl From<&[u8]> for Template {
    fn from(fields: &[u8]) -> Self {
        let chunk = |bytes: &[u8]| {
            let mut chunk = [0; STORE];
            chunk[..bytes.len()].copy_from_slice(bytes);
            chunk
        };
        Template { chunks: fields.chunks(STORE).map(chunk).collect(), length: fields.len() }
    }
}

/// The tag of a field. Fields are constants, so the compiler does this.
#[inline(always)]
fn tag(field: u32, kind: u32) -> Encoded {
    let tag = u64::from(field << 3 | kind);
    match tag {
        0..0x80 => (tag, 1),
        _ => (tag & 0x7f | 0x80 | (tag >> 7) << 8, 2),
    }
}

/// A number of 56 bits or less.
#[inline(always)]
fn varint(value: u64) -> Option<Encoded> {
    if value < 0x80 {
        return Some((value, 1));
    }
    if value >= 1 << 56 {
        return None;
    }
    // Spread the groups of seven bits: first those of 28, then those of 14, then those of 7.
    let word = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
    let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x0fff_c000_0fff_c000) << 2;
    let word = (word & 0x007f_007f_007f_007f) | (word & 0x3f80_3f80_3f80_3f80) << 1;
    // Seven bits a byte: bits / 7, rounded up, which this is up to 64 bits.
    let length = (value.ilog2() as usize * 9 + 73) / 64;
    // The high bit of all bytes but the last says that more follow.
    let more = 0x0080_8080_8080_8080 & !(u64::MAX << (8 * (length - 1)));
    Some((word | more, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_the_guide_shows() {
        let mut message = Message::default();
        message.number(1, 150);
        message.text(2, "testing");
        message.nested(3, |inner| inner.number(1, 150));
        message.fixed(47, 0x0102);
        message.pair(4, (1, 7), (3, 150));
        message.pair(4, (1, 7), (17, 5));
        let expected = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
            &[0xf9, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0],
            &[0x22, 0x05, 0x08, 0x07, 0x18, 0x96, 0x01],
            &[0x22, 0x05, 0x08, 0x07, 0x88, 0x01, 0x05],
        ];
        assert_eq!(message.bytes(), expected.concat());
    }

    #[test]
    fn numbers_of_any_size_have_seven_bits_a_byte() {
        let around = |bits: u32| [(1_u64 << bits) - 1, 1 << bits, (1 << bits) | 1];
        for value in (0..64).flat_map(around).chain([u64::MAX, 0x0123_4567_89ab_cdef]) {
            let mut message = Message::default();
            message.number(1, value);
            let mut long = Message::default();
            long.long_number(tag(1, VARINT), value);
            assert_eq!(message.bytes(), long.bytes());
            let (last, rest) = message.bytes()[1..].split_last().unwrap();
            assert!(*last < 0x80 && rest.iter().all(|byte| *byte >= 0x80), "{value}");
            assert!(*last != 0 || value == 0, "{value}");
            let groups = message.bytes()[1..].iter().rev();
            let decoded = groups.fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            assert_eq!(decoded, value);
            let mut pair = Message::default();
            pair.pair(4, (1, 7), (3, value));
            let mut nested = Message::default();
            nested.nested(4, |pair| {
                pair.number(1, 7);
                pair.number(3, value);
            });
            assert_eq!(pair.bytes(), nested.bytes());
        }
    }

    #[test]
    fn a_message_of_any_length_is_written_in_place() {
        for (length, encoded) in
            [(0, &[0][..]), (0x7f, &[0x7f]), (0x80, &[0x80, 0x01]), (0x4000, &[0x80, 0x80, 0x01])]
        {
            let content = vec![b'x'; length];
            let mut message = Message::default();
            message.number(1, 1);
            message.nested(2, |inner| inner.encoded(&content));
            message.number(3, 1);
            let expected = [&[0x08, 0x01, 0x12][..], encoded, &content, &[0x18, 0x01]].concat();
            assert_eq!(message.bytes(), expected, "{length}");
        }
    }

    #[test]
    fn a_template_is_copied_whatever_its_length() {
        let mut fields = Message::default();
        for count in 0..40 {
            let mut message = Message::default();
            message.number(1, 1);
            message.template(&Template::from(fields.bytes()));
            message.number(3, count);
            let expected = [&[0x08, 0x01][..], fields.bytes(), &[0x18, count as u8]].concat();
            assert_eq!(message.bytes(), expected);
            fields.number(2, count);
        }
    }
}
