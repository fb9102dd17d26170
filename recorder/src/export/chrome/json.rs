//! JSON, appended to a buffer: numbers and plain texts directly, and all else by `serde_json`.

use serde::Serialize;

/// JSON that is being written.
#[derive(Debug, Default)]
pub(super) struct Json {
    bytes: Vec<u8>,
    /// The time that was written last, and as what: it often comes again.
    last: (u64, Vec<u8>),
}

impl Json {
    /// Appends what is JSON already, or part of it.
    #[inline]
    pub(super) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Appends what stands between the quotes of a string.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        // No way out of the loop: so all bytes are looked at together.
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

    /// Appends nanoseconds as microseconds, with no more decimals than it takes.
    #[inline]
    pub(super) fn microseconds(&mut self, nanoseconds: u64) {
        self.number(nanoseconds / 1_000);
        let rest = nanoseconds % 1_000;
        if rest == 0 {
            return;
        }
        let digit = |unit| b'0' + (rest / unit % 10) as u8;
        self.bytes.extend([b'.', digit(100), digit(10), digit(1)]);
        while self.bytes.pop_if(|digit| *digit == b'0').is_some() {}
    }

    /// Appends a time, in nanoseconds, as microseconds.
    #[inline]
    pub(super) fn time(&mut self, time: u64) {
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

    /// Appends what is JSON already, with this byte at `place` in it.
    #[inline]
    pub(super) fn raw_with(&mut self, json: &str, place: usize, byte: u8) {
        let begin = self.bytes.len();
        self.raw(json);
        self.bytes[begin + place] = byte;
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

    /// Appends any value.
    ///
    /// # Errors
    /// Those of `serde_json`.
    pub(super) fn value(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.bytes, value)
    }

    /// Appends a field's name, behind others of the object or as its first.
    #[inline]
    pub(super) fn field(&mut self, name: &str) {
        self.raw(if self.bytes.last() == Some(&b'{') { "\"" } else { ",\"" });
        self.raw(name);
        self.raw("\":");
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// What stands between the quotes of a string.
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
    fn microseconds_have_as_many_decimals_as_it_takes() {
        for (nanoseconds, text) in [
            (0, "0"),
            (7, "0.007"),
            (50, "0.05"),
            (300, "0.3"),
            (1_000, "1"),
            (12_340, "12.34"),
            (100_000, "100"),
            (1_000_001, "1000.001"),
            (u64::MAX, "18446744073709551.615"),
        ] {
            assert_eq!(written(|json| json.microseconds(nanoseconds)), text);
        }
    }

    #[test]
    fn hexadecimal_is_as_rust_writes_it() {
        for number in [0, 1, 9, 0xf, 0x10, 0xabc_def0, u64::MAX] {
            assert_eq!(written(|json| json.hexadecimal(number)), format!("{number:#x}"));
        }
    }

    #[test]
    fn a_text_is_what_serde_makes_of_it() {
        let odd = (0..=0x7f).map(char::from).chain(['ä', '漢', '🦀']);
        let alone: Vec<String> = odd.clone().map(String::from).collect();
        for text in alone.into_iter().chain([String::new(), odd.collect(), "C:\\".into()]) {
            let quoted = format!("\"{}\"", written(|json| json.text(&text)));
            assert_eq!(quoted, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn fields_have_commas_between_them() {
        for (begin, expected) in
            [("{", "{\"a\":1,\"b\":2"), ("{\"x\":{}", "{\"x\":{},\"a\":1,\"b\":2")]
        {
            let json = written(|json| {
                json.raw(begin);
                for (name, number) in [("a", 1), ("b", 2)] {
                    json.field(name);
                    json.number(number);
                }
            });
            assert_eq!(json, expected);
        }
    }
}
