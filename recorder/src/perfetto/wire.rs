//! The wire encoding of protocol buffers.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written: its fields, without its length.
#[derive(Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;

impl Message {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
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

    #[inline]
    pub(super) fn fixed(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED_64);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.field(field, text.as_bytes());
    }

    pub(super) fn message(&mut self, field: u32, message: &Message) {
        self.field(field, &message.bytes);
    }

    /// A message that `fill` writes, in its place: most are so short that their length is one
    /// byte, and room for that is left.
    #[inline]
    pub(super) fn nested(&mut self, field: u32, fill: impl FnOnce(&mut Message)) {
        self.tag(field, LENGTH);
        let begin = self.bytes.len() + 1;
        self.bytes.push(0);
        fill(self);
        let length = self.bytes.len() - begin;
        if length < 0x80 {
            self.bytes[begin - 1] = length as u8;
        } else {
            self.lengthen(begin, length);
        }
    }

    /// Gives the message that begins there a length of more than one byte.
    #[cold]
    fn lengthen(&mut self, begin: usize, length: usize) {
        let mut prefix = Message::default();
        prefix.varint(length as u64);
        self.bytes.splice(begin - 1..begin, prefix.bytes);
    }

    fn field(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, LENGTH);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    fn tag(&mut self, field: u32, kind: u64) {
        self.varint(u64::from(field) << 3 | kind);
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        // Most are this short, and a look at the room that there is costs more than a byte.
        match value {
            0..0x80 => self.bytes.push(value as u8),
            0x80..0x4000 => {
                self.bytes.extend_from_slice(&[value as u8 | 0x80, (value >> 7) as u8]);
            }
            _ => self.long_varint(value),
        }
    }

    #[inline]
    fn long_varint(&mut self, mut value: u64) {
        let mut encoded = [0; 10];
        let mut length = 0;
        while value >= 0x80 {
            encoded[length] = value as u8 | 0x80;
            length += 1;
            value >>= 7;
        }
        encoded[length] = value as u8;
        self.bytes.extend_from_slice(&encoded[..=length]);
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
        message.fixed(47, 0x0102);
        let expected = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
            &[0xf9, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(message.bytes(), expected.concat());
    }

    #[test]
    fn a_message_of_any_length_is_written_in_its_place() {
        for (length, encoded) in
            [(0, &[0][..]), (0x7f, &[0x7f]), (0x80, &[0x80, 0x01]), (0x4000, &[0x80, 0x80, 0x01])]
        {
            let content = vec![b'x'; length];
            let mut message = Message::default();
            message.number(1, 1);
            message.nested(2, |inner| inner.bytes.extend_from_slice(&content));
            message.number(3, 1);
            let expected = [&[0x08, 0x01, 0x12][..], encoded, &content, &[0x18, 0x01]].concat();
            assert_eq!(message.bytes(), expected, "{length}");
        }
    }
}
