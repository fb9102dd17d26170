//! Appends JSON to a buffer: numbers and plain texts directly, other texts with `serde_json`.

use crate::export::attributes::Attribute;
use crate::reading::Nanos;

/// JSON that is being written.
#[derive(Debug, Default)]
pub(super) struct Json {
    pub(super) bytes: Vec<u8>,
    /// The time that was written last, and its digits: often the next is the same.
    last: (Nanos, Vec<u8>),
}

impl Json {
    /// Appends a part of JSON.
    #[inline]
    pub(super) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Appends the inside of a string.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        // The loop has no early exit, so that several bytes are checked at a time.
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
            self.raw(text);
        } else {
            self.raw(&escaped(text));
        }
    }

    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        self.raw(itoa::Buffer::new().format(number));
    }

    /// Appends a time in microseconds, without trailing zeros.
    #[inline]
    pub(super) fn microseconds(&mut self, time: Nanos) {
        let nanoseconds = time.get();
        self.number(nanoseconds / 1_000);
        let rest = nanoseconds % 1_000;
        if rest == 0 {
            return;
        }
        let digit = |unit| b'0' + (rest / unit % 10) as u8;
        self.bytes.extend([b'.', digit(100), digit(10), digit(1)]);
        while self.bytes.pop_if(|digit| *digit == b'0').is_some() {}
    }

    /// Appends the time of an event in microseconds.
    #[inline]
    pub(super) fn time(&mut self, time: Nanos) {
        if time != self.last.0 || self.last.1.is_empty() {
            let begin = self.bytes.len();
            self.microseconds(time);
            self.last.0 = time;
            self.last.1.clear();
            self.last.1.extend_from_slice(&self.bytes[begin..]);
        } else {
            self.bytes.extend_from_slice(&self.last.1);
        }
    }

    /// Appends a number as part of a string: `0x1f`.
    #[inline]
    pub(super) fn hexadecimal(&mut self, number: u64) {
        self.raw("0x");
        let digits = number.checked_ilog2().unwrap_or(0) / 4 + 1;
        for place in (0..digits).rev() {
            let digit = (number >> (4 * place)) & 0xf;
            self.bytes.push(b"0123456789abcdef"[digit as usize]);
        }
    }

    /// Appends the name of a field of an object.
    #[inline]
    fn field(&mut self, attribute: Attribute) {
        let field = attribute.json_field();
        let is_first = self.bytes.last() == Some(&b'{');
        self.raw(&field[usize::from(is_first)..]);
    }

    /// Appends a field that is a number.
    #[inline]
    pub(super) fn number_field(&mut self, attribute: Attribute, value: u64) {
        self.field(attribute);
        self.number(value);
    }

    /// Appends a field that is a string.
    #[inline]
    pub(super) fn text_field(&mut self, attribute: Attribute, text: &str) {
        self.field(attribute);
        self.raw("\"");
        self.text(text);
        self.raw("\"");
    }
}

/// The inside of a string.
pub(super) fn escaped(text: &str) -> String {
    let string = serde_json::Value::from(text).to_string();
    string[1..string.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Json)) -> String {
        let mut json = Json::default();
        write(&mut json);
        String::from_utf8(json.bytes).unwrap()
    }

    #[test]
    fn microseconds_have_no_trailing_zeros() {
        for (nanoseconds, text) in [
            (0, "0"),
            (7, "0.007"),
            (50, "0.05"),
            (300, "0.3"),
            (1_000, "1"),
            (12_340, "12.34"),
            (100_000, "100"),
            (1_000_001, "1000.001"),
            (u64::MAX - 1, "18446744073709551.614"),
        ] {
            assert_eq!(written(|json| json.microseconds(Nanos::new(nanoseconds))), text);
        }
    }

    #[test]
    fn hexadecimal_numbers_are_the_same_as_those_of_format() {
        for number in [0, 1, 9, 0xf, 0x10, 0xabc_def0, u64::MAX] {
            assert_eq!(written(|json| json.hexadecimal(number)), format!("{number:#x}"));
        }
    }

    #[test]
    fn texts_are_the_same_as_those_of_serde_json() {
        let odd = (0..=0x7f).map(char::from).chain(['ä', '漢', '🦀']);
        let alone: Vec<String> = odd.clone().map(String::from).collect();
        for text in alone.into_iter().chain([String::new(), odd.collect(), "C:\\".into()]) {
            let quoted = format!("\"{}\"", written(|json| json.text(&text)));
            assert_eq!(quoted, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn fields_are_separated_by_commas() {
        for (begin, expected) in [
            ("{", "{\"message\":1,\"turn\":2"),
            ("{\"x\":{}", "{\"x\":{},\"message\":1,\"turn\":2"),
        ] {
            let json = written(|json| {
                json.raw(begin);
                json.number_field(Attribute::Message, 1);
                json.number_field(Attribute::Turn, 2);
            });
            assert_eq!(json, expected);
        }
    }
}
