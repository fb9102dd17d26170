//! The wire encoding of protocol buffers.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written: its fields, without its length.
#[derive(Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

const VARINT: u32 = 0;
const FIXED_64: u32 = 1;
const LENGTH: u32 = 2;

impl Message {
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends fields that are encoded already.
    #[inline]
    pub(super) fn encoded(&mut self, fields: &[u8]) {
        self.bytes.extend_from_slice(fields);
    }

    #[inline]
    pub(super) fn number(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.begin(field, text.len());
        self.encoded(text.as_bytes());
    }

    pub(super) fn message(&mut self, field: u32, message: &Message) {
        self.begin(field, message.len());
        self.encoded(&message.bytes);
    }

    pub(super) fn nested(&mut self, field: u32, fill: impl FnOnce(&mut Message)) {
        let mut message = Message::default();
        fill(&mut message);
        self.message(field, &message);
    }

    /// Begins a field that is so many bytes long.
    #[inline]
    pub(super) fn begin(&mut self, field: u32, length: usize) {
        self.tag(field, LENGTH);
        self.varint(length as u64);
    }

    #[inline]
    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        let [a, b, c, d] = [value, value >> 7, value >> 14, value >> 21].map(|it| it as u8 | 0x80);
        // To write bytes one by one and then copy them at once is to wait for them.
        match length_of(value) {
            1 => self.encoded(&[value as u8]),
            2 => self.encoded(&[a, (value >> 7) as u8]),
            3 => self.encoded(&[a, b, (value >> 14) as u8]),
            4 => self.encoded(&[a, b, c, (value >> 21) as u8]),
            5 => self.encoded(&[a, b, c, d, (value >> 28) as u8]),
            _ => self.encoded(Short::<NUMBER>::of(value).bytes()),
        }
    }
}

/// How many bytes a number takes.
#[inline]
pub(super) fn length_of(value: u64) -> usize {
    // Seven bits a byte, and one for nothing.
    (value | 1).ilog2() as usize / 7 + 1
}

/// So much can one number take, with its field's and that of a message around it.
const NUMBER: usize = 20;

/// Fields for which there is room: less than [`Message`] for each of them.
#[derive(Debug)]
pub(super) struct Short<const ROOM: usize> {
    room: [u8; ROOM],
    length: usize,
}

impl<const ROOM: usize> Short<ROOM> {
    pub(super) fn new() -> Self {
        Short { room: [0; ROOM], length: 0 }
    }

    #[cold]
    fn of(value: u64) -> Self {
        let mut short = Short::new();
        short.varint(value);
        short
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.length]
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Whether another number may not have room.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.length > ROOM - NUMBER
    }

    #[inline]
    pub(super) fn number(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    #[inline]
    pub(super) fn fixed(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED_64);
        self.put(value.to_le_bytes());
    }

    /// A message of two numbers, both of fields below 16, of which the first is a small one.
    #[inline]
    pub(super) fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64)) {
        self.tag(field, LENGTH);
        let begin = self.length;
        self.put([0, (first.0 << 3) as u8, first.1, (second.0 << 3) as u8]);
        self.varint(second.1);
        self.room[begin] = (self.length - begin - 1) as u8;
    }

    /// Fields are constants, so most of this is done by the compiler.
    #[inline]
    fn tag(&mut self, field: u32, kind: u32) {
        let tag = field << 3 | kind;
        match tag {
            0..0x80 => self.put([tag as u8]),
            _ => self.put([tag as u8 | 0x80, (tag >> 7) as u8]),
        }
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        match value {
            0..0x80 => self.put([value as u8]),
            0x80..0x4000 => self.put([value as u8 | 0x80, (value >> 7) as u8]),
            0x4000..0x20_0000 => {
                self.put([value as u8 | 0x80, (value >> 7) as u8 | 0x80, (value >> 14) as u8]);
            }
            _ => self.long_varint(value),
        }
    }

    fn long_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put([value as u8 | 0x80]);
            value >>= 7;
        }
        self.put([value as u8]);
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.room[self.length..self.length + N].copy_from_slice(&bytes);
        self.length += N;
    }
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
        let expected = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
        ];
        assert_eq!(message.bytes(), expected.concat());
        let mut short = Short::<64>::new();
        short.number(1, 150);
        short.fixed(47, 0x0102);
        short.pair(4, (1, 7), (3, 150));
        let expected = [
            &[0x08, 0x96, 0x01][..],
            &[0xf9, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0],
            &[0x22, 0x05, 0x08, 0x07, 0x18, 0x96, 0x01],
        ];
        assert_eq!(short.bytes(), expected.concat());
    }

    #[test]
    fn numbers_of_any_size_have_seven_bits_a_byte() {
        let around = |bits: u32| [(1_u64 << bits) - 1, 1 << bits, (1 << bits) | 1];
        for value in (0..64).flat_map(around).chain([u64::MAX, 0x0123_4567_89ab_cdef]) {
            let mut short = Short::<NUMBER>::new();
            short.varint(value);
            let (last, rest) = short.bytes().split_last().unwrap();
            assert!(*last < 0x80 && rest.iter().all(|byte| *byte >= 0x80), "{value}");
            assert!(*last != 0 || value == 0, "{value}");
            let groups = short.bytes().iter().rev();
            let decoded = groups.fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            assert_eq!(decoded, value);
            let mut message = Message::default();
            message.varint(value);
            assert_eq!(message.bytes(), short.bytes());
            assert_eq!(length_of(value), short.bytes().len());
        }
    }

    #[test]
    fn a_message_of_any_length_is_written_in_its_place() {
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
}
