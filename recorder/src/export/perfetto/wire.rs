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
    fn begin(&mut self, field: u32, length: usize) {
        self.tag(field, LENGTH);
        self.varint(length as u64);
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

/// How many bytes a number takes.
#[inline]
fn length_of(value: u64) -> usize {
    // Seven bits a byte, and one for nothing: bits / 7, rounded up, as it is for all up to 64.
    ((value | 1).ilog2() as usize * 9 + 73) / 64
}

/// Messages one after the other, as they go to the file.
///
/// One that is short is written field by field where it stays, which takes less than a
/// [`Message`] for each of them: to write it elsewhere and copy it would be to wait until the
/// processor has stored what was written.
#[derive(Debug)]
pub(super) struct Stream {
    room: Vec<u8>,
    /// Where the short message that is being written begins, behind room for what says so.
    begin: usize,
    end: usize,
}

/// A stream is to be written to the file when it has so many bytes.
const FULL: usize = 1 << 16;
/// So much stands before a short message, most of the time: two fields' tags and lengths.
const BEFORE: usize = 4;
/// So long can a short message be before its last fields.
const SHORT: usize = 160;
/// So much can its last fields take, and what goes before it.
const REST: usize = 96;

impl Stream {
    pub(super) fn new() -> Self {
        Stream { room: vec![0; FULL + SHORT + REST], begin: 0, end: 0 }
    }

    /// All messages.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.end]
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.end >= FULL
    }

    pub(super) fn clear(&mut self) {
        self.end = 0;
    }

    /// Appends a message of any length as a field.
    pub(super) fn nested(&mut self, field: u32, fill: impl FnOnce(&mut Message)) {
        let mut message = Message::default();
        message.nested(field, fill);
        let end = self.end + message.len();
        if self.room.len() < end + SHORT + REST {
            self.room.resize(end + SHORT + REST, 0);
        }
        self.room[self.end..end].copy_from_slice(message.bytes());
        self.end = end;
    }

    /// Begins a short message.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.begin = self.end + BEFORE;
        self.end = self.begin;
    }

    /// How long it is so far.
    #[inline]
    pub(super) fn length(&self) -> usize {
        self.end - self.begin
    }

    /// Whether so many bytes more may be in it.
    #[inline]
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.length() + bytes <= SHORT
    }

    /// Moves what is in it to the end of another.
    pub(super) fn move_to(&mut self, message: &mut Message) {
        message.encoded(&self.room[self.begin..self.end]);
        self.end = self.begin;
    }

    /// Ends it as the field `outer` of the stream, and its first `length` bytes as the field
    /// `inner` of that. Both fields are below 16.
    #[inline]
    pub(super) fn end(&mut self, outer: u32, inner: u32, length: usize) {
        let whole = self.length() + 2;
        if whole >= 0x80 {
            return self.end_long(outer, inner, length);
        }
        let head = [tag(outer), whole as u8, tag(inner), length as u8];
        self.room[self.begin - BEFORE..self.begin].copy_from_slice(&head);
    }

    fn end_long(&mut self, outer: u32, inner: u32, length: usize) {
        let content = self.room[self.begin..self.end].to_vec();
        self.give_up();
        let (inner_content, rest) = content.split_at(length);
        self.nested(outer, |message| {
            message.nested(inner, |message| message.encoded(inner_content));
            message.encoded(rest);
        });
    }

    /// Goes back to before it began.
    pub(super) fn give_up(&mut self) {
        self.end = self.begin - BEFORE;
    }

    /// Appends fields that are encoded already, for which there is room.
    #[inline]
    pub(super) fn encoded(&mut self, fields: &[u8]) {
        self.room[self.end..self.end + fields.len()].copy_from_slice(fields);
        self.end += fields.len();
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

    /// A text for which there is room.
    #[inline]
    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.tag(field, LENGTH);
        self.varint(text.len() as u64);
        self.encoded(text.as_bytes());
    }

    /// A message of two numbers, of which the first is a small one of a field below 16.
    #[inline]
    pub(super) fn pair(&mut self, field: u32, first: (u32, u8), second: (u32, u64)) {
        self.tag(field, LENGTH);
        let begin = self.end;
        self.put([0, (first.0 << 3) as u8, first.1]);
        self.number(second.0, second.1);
        self.room[begin] = (self.end - begin - 1) as u8;
    }

    /// A message of a number and a text for which there is room, both of fields below 16, of which
    /// the number is a small one.
    #[inline]
    pub(super) fn labelled(&mut self, field: u32, first: (u32, u8), second: (u32, &str)) {
        let length = 3 + length_of(second.1.len() as u64) + second.1.len();
        self.tag(field, LENGTH);
        self.varint(length as u64);
        self.put([(first.0 << 3) as u8, first.1]);
        self.text(second.0, second.1);
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
            0x80..0x100_0000_0000_0000 => self.medium_varint(value),
            _ => self.long_varint(value),
        }
    }

    /// A number of 56 bits at most.
    fn medium_varint(&mut self, value: u64) {
        // Groups of seven bits move apart: those of 28, then those of 14 in each, then of seven.
        let word = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
        let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x0fff_c000_0fff_c000) << 2;
        let word = (word & 0x007f_007f_007f_007f) | (word & 0x3f80_3f80_3f80_3f80) << 1;
        let length = length_of(value);
        // All but the last say that more follow.
        let more = 0x0080_8080_8080_8080 & !(u64::MAX << (8 * (length - 1)));
        // Eight bytes, whatever the length: that is one store.
        self.put((word | more).to_le_bytes());
        self.end -= 8 - length;
    }

    #[cold]
    fn long_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put([value as u8 | 0x80]);
            value >>= 7;
        }
        self.put([value as u8]);
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.room[self.end..self.end + N].copy_from_slice(&bytes);
        self.end += N;
    }
}

/// What begins a message's field that is below 16.
#[inline]
fn tag(field: u32) -> u8 {
    (field << 3 | LENGTH) as u8
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
        let mut stream = Stream::new();
        stream.number(1, 150);
        stream.fixed(47, 0x0102);
        stream.pair(4, (1, 7), (3, 150));
        stream.labelled(4, (1, 7), (6, "hi"));
        let expected = [
            &[0x08, 0x96, 0x01][..],
            &[0xf9, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0],
            &[0x22, 0x05, 0x08, 0x07, 0x18, 0x96, 0x01],
            &[0x22, 0x06, 0x08, 0x07, 0x32, 0x02, 0x68, 0x69],
        ];
        assert_eq!(stream.bytes(), expected.concat());
    }

    #[test]
    fn numbers_of_any_size_have_seven_bits_a_byte() {
        let around = |bits: u32| [(1_u64 << bits) - 1, 1 << bits, (1 << bits) | 1];
        for value in (0..64).flat_map(around).chain([u64::MAX, 0x0123_4567_89ab_cdef]) {
            let mut stream = Stream::new();
            stream.varint(value);
            let (last, rest) = stream.bytes().split_last().unwrap();
            assert!(*last < 0x80 && rest.iter().all(|byte| *byte >= 0x80), "{value}");
            assert!(*last != 0 || value == 0, "{value}");
            let groups = stream.bytes().iter().rev();
            let decoded = groups.fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            assert_eq!(decoded, value);
            let mut message = Message::default();
            message.varint(value);
            assert_eq!(message.bytes(), stream.bytes());
            assert_eq!(length_of(value), stream.bytes().len());
        }
    }

    #[test]
    fn a_short_message_is_what_a_message_would_be() {
        let mut stream = Stream::new();
        let mut expected = Message::default();
        // From those whose lengths take a byte to those that have no room.
        for length in (0..=SHORT).chain([SHORT, 0]) {
            let content = vec![b'x'; length];
            stream.begin();
            assert!(stream.has_room(length) && !stream.has_room(SHORT + 1));
            stream.encoded(&content);
            stream.number(8, u64::MAX);
            stream.number(10, u64::MAX);
            stream.end(1, 11, length);
            expected.nested(1, |packet| {
                packet.nested(11, |event| event.encoded(&content));
                packet.number(8, u64::MAX);
                packet.number(10, u64::MAX);
            });
            // Whatever stands before it.
            stream.nested(1, |packet| packet.encoded(&vec![0; 20 * length]));
            expected.nested(1, |packet| packet.encoded(&vec![0; 20 * length]));
            assert!(stream.bytes() == expected.bytes(), "{length}");
        }
        assert!(stream.is_full());
        stream.begin();
        stream.number(1, 7);
        stream.give_up();
        assert!(stream.bytes() == expected.bytes());
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
