//! The text form: one line for each block and each record, for reading and for tests.
//!
//! ```text
//! channel-recording version=4
//! block process=0 thread=1 sequence=0 dropped=0
//! 1000 ThreadStarted os_id=4711 name="main"
//! 1010 Send endpoint=1 site=1 detail=1099511627777
//! ```
//!
//! Texts are quoted, with the escapes `\"`, `\\` and `\u{hex}`. Empty lines and lines that
//! start with `#` are ignored. Times are taken modulo 2⁵⁶.
//!
//! The text form holds all records. It omits the positions of the blocks, whether they were
//! sealed, drained or packed, and their checksums. The blocks of a recording that is converted
//! from text therefore have no checksum: their bytes were never stored anywhere.

use std::fmt;

use crate::event::MAX_RECORD;
use crate::field::Field;
use crate::{ALIGNMENT, BlockHeader, Error, Event, VERSION, file_header};

const HEADING: &str = "channel-recording version=";

/// The first line of the text form.
pub fn heading() -> String {
    format!("{HEADING}{VERSION}")
}

/// The line of a block.
pub fn block(header: &BlockHeader) -> String {
    let BlockHeader { process, thread, sequence, dropped, .. } = header;
    format!("block process={process} thread={thread} sequence={sequence} dropped={dropped}")
}

/// The line of a record.
pub fn event(time: u64, event: &Event<'_>) -> String {
    let mut line = format!("{time} ");
    event.print(&mut line);
    line
}

/// Why a text is not the text form of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

/// Converts the text form to a recording.
///
/// # Errors
/// [`ParseError`] for the first line that cannot be read.
///
/// ```
/// let text = "channel-recording version=4\nblock process=0 thread=1 sequence=0 dropped=0\n5 ThreadEnded\n";
/// let bytes = format::text::parse(text).unwrap();
/// assert!(format::check_file_header(&bytes).is_ok());
/// assert_eq!(format::text::parse("hello").unwrap_err().to_string(),
///     "line 1: the first line must be `channel-recording version=4`");
/// ```
pub fn parse(text: &str) -> Result<Vec<u8>, ParseError> {
    let mut bytes = file_header().to_vec();
    let mut open: Option<(BlockHeader, Vec<u8>)> = None;
    let mut headed = false;
    for (index, line) in text.lines().enumerate() {
        let fail = |what: String| ParseError { line: index + 1, what };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !headed {
            match line.strip_prefix(HEADING).and_then(|found| found.parse().ok()) {
                Some(1..=VERSION) => headed = true,
                Some(found) => return Err(fail(Error::UnsupportedVersion { found }.to_string())),
                None => return Err(fail(format!("the first line must be `{}`", heading()))),
            }
            continue;
        }
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        if first == "block" {
            close(&mut bytes, open.take());
            let fields = Fields::parse(rest).map_err(fail)?;
            let header = BlockHeader {
                process: fields.get("process").map_err(fail)?,
                thread: fields.get("thread").map_err(fail)?,
                sequence: fields.get("sequence").map_err(fail)?,
                dropped: fields.get("dropped").map_err(fail)?,
                ..BlockHeader::default()
            };
            open = Some((header, Vec::new()));
        } else {
            let time: u64 = first
                .parse()
                .map_err(|_| fail(format!("{first:?} is neither a time nor `block`")))?;
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let fields = Fields::parse(rest).map_err(fail)?;
            let event = Event::parse(name, &fields).map_err(fail)?;
            let (_, records) = open
                .as_mut()
                .ok_or_else(|| fail("an event comes before the first block".into()))?;
            let mut record = [0; MAX_RECORD];
            let length = event.encode(time, &mut record);
            records.extend_from_slice(&record[..length]);
        }
    }
    if !headed {
        return Err(ParseError { line: 1, what: "the text is empty".into() });
    }
    close(&mut bytes, open);
    Ok(bytes)
}

fn close(bytes: &mut Vec<u8>, block: Option<(BlockHeader, Vec<u8>)>) {
    let Some((mut header, records)) = block else { return };
    header.stride = (BlockHeader::BYTES + records.len()).next_multiple_of(ALIGNMENT) as u32;
    header.committed = records.len() as u32;
    header.generation = 1;
    header.sealed = 1;
    bytes.extend_from_slice(&header.encode());
    bytes.extend_from_slice(&records);
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

/// The `key=value` pairs of a line, with unquoted values.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(mut rest: &str) -> Result<Self, String> {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let (key, value) =
                rest.split_once('=').ok_or_else(|| format!("`key=value` expected at {rest:?}"))?;
            let value_and_rest = if let Some(quoted) = value.strip_prefix('"') {
                unquote(quoted)?
            } else {
                let end = value.find(' ').unwrap_or(value.len());
                (value[..end].to_owned(), &value[end..])
            };
            fields.push((key.to_owned(), value_and_rest.0));
            rest = value_and_rest.1;
            rest = rest.strip_prefix(' ').unwrap_or(rest);
        }
        Ok(Fields(fields))
    }

    pub(crate) fn get<'a, T: Field<'a>>(&'a self, key: &str) -> Result<T, String> {
        let (_, value) = self
            .0
            .iter()
            .find(|(name, _)| name == key)
            .ok_or_else(|| format!("`{key}=` is missing"))?;
        T::parse(value).ok_or_else(|| format!("{key}={value:?} is out of range"))
    }
}

/// Appends ` key=`.
pub(crate) fn key(name: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push('=');
}

/// Whether a character changes the direction in which the text around it is shown, and with it the
/// order of its characters. See [UAX #9](https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
pub fn is_direction_control(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Appends `text` in quotes.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_direction_control(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads up to the closing quote. Returns the text and the rest of the line.
fn unquote(quoted: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((text, &quoted[at + 1..])),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                Some((at, 'u')) => {
                    let hex = quoted[at + 1..]
                        .strip_prefix('{')
                        .and_then(|rest| rest.split_once('}'))
                        .map(|(hex, _)| hex)
                        .ok_or("a \\u{…} is not closed")?;
                    let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                    text.push(c.ok_or_else(|| format!("\\u{{{hex}}} is not a character"))?);
                    // Skips the braces and the digits.
                    chars.nth(hex.len() + 1);
                }
                _ => return Err("a backslash is not followed by `\"`, `\\` or `u`".into()),
            },
            c => text.push(c),
        }
    }
    Err("a quote is not closed".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FILE_HEADER_BYTES, MAX_TEXT};

    const BLOCK: &str = "block process=0 thread=1 sequence=0 dropped=0";

    /// A recording of one block with these lines.
    fn recording(lines: &str) -> Result<Vec<u8>, ParseError> {
        parse(&format!("{}\n{BLOCK}\n{lines}", heading()))
    }

    fn failure(lines: &str) -> String {
        recording(lines).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_field_is_named() {
        for line in [
            "1 Site site=1 line=2 column=3 file=\"a\"",
            "1 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=0 message_type=\"\" name=\"\"",
            "1 RecvTimeoutExpired endpoint=1 site=1 detail=0",
            BLOCK,
        ] {
            recording(line).unwrap();
            for field in line.split(' ').filter(|word| word.contains('=')) {
                let without = line.replace(&format!(" {field}"), "");
                let (key, _) = field.split_once('=').unwrap();
                assert_eq!(failure(&without), format!("line 3: `{key}=` is missing"));
            }
        }
    }

    #[test]
    fn a_number_out_of_range_is_named() {
        for (line, message) in [
            ("1 SenderDropped endpoint=4294967296", "endpoint=\"4294967296\" is out of range"),
            ("1 SenderDropped endpoint=", "endpoint=\"\" is out of range"),
            (
                "1 Clock monotonic_ns=18446744073709551616",
                "monotonic_ns=\"18446744073709551616\" is out of range",
            ),
            (
                "block process=0 thread=4294967296 sequence=0 dropped=0",
                "thread=\"4294967296\" is out of range",
            ),
            (
                "18446744073709551616 ThreadEnded",
                "\"18446744073709551616\" is neither a time nor `block`",
            ),
        ] {
            assert_eq!(failure(line), format!("line 3: {message}"));
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let line = |length| format!("1 ThreadStarted os_id=1 name=\"{}\"", "x".repeat(length));
        recording(&line(MAX_TEXT)).unwrap();
        let message = failure(&line(MAX_TEXT + 1));
        assert!(message.starts_with("line 3: name="), "{message}");
        assert!(message.ends_with(" is out of range"), "{message}");
    }

    #[test]
    fn ignored_lines_are_counted() {
        let text =
            format!("# one\n\n{}\n# four\n{BLOCK}\n\n7 ThreadEnded\n# eight\noops", heading());
        assert_eq!(
            parse(&text).unwrap_err().to_string(),
            "line 9: \"oops\" is neither a time nor `block`"
        );
        assert_eq!(parse("# one\n\n").unwrap_err().to_string(), "line 1: the text is empty");
    }

    #[test]
    fn a_quoted_text_and_the_rest_of_the_line_are_read() {
        for text in [
            "",
            "a b",
            "\"",
            "\\",
            "\\\"",
            "\\u{61}",
            "\n\r\t\0\u{7f}\u{85}",
            "é🦀\u{2028}",
            "a\u{202e}b",
        ] {
            let mut quoted = String::new();
            quote(text, &mut quoted);
            assert!(!quoted.contains(char::is_control), "{quoted}");
            assert!(!quoted.contains(is_direction_control), "{quoted}");
            let after = quoted.strip_prefix('"').unwrap().to_owned() + " next=\"1\"";
            assert_eq!(unquote(&after), Ok((text.to_owned(), " next=\"1\"")));
        }
        assert_eq!(unquote("\\u{1F980}\\u{e9}\" x"), Ok(("🦀é".to_owned(), " x")));
    }

    #[test]
    fn an_invalid_escape_is_refused() {
        let backslash = "a backslash is not followed by `\"`, `\\` or `u`";
        for (quoted, message) in [
            ("a", "a quote is not closed"),
            ("a\\\"", "a quote is not closed"),
            ("\\", backslash),
            ("\\n\"", backslash),
            ("\\é\"", backslash),
            ("\\u", "a \\u{…} is not closed"),
            ("\\u61\"", "a \\u{…} is not closed"),
            ("\\u{61\"", "a \\u{…} is not closed"),
            ("\\u{}\"", "\\u{} is not a character"),
            ("\\u{é}\"", "\\u{é} is not a character"),
            ("\\u{110000}\"", "\\u{110000} is not a character"),
            ("\\u{100000000}\"", "\\u{100000000} is not a character"),
        ] {
            assert_eq!(unquote(quoted), Err(message.to_owned()), "{quoted}");
        }
    }

    #[test]
    fn blocks_follow_each_other_at_their_alignment() {
        let text = format!(
            "{}\nblock process=1 thread=2 sequence=3 dropped=4\n{}{BLOCK}\n1 ThreadEnded\n",
            heading(),
            "1 ThreadEnded\n".repeat(9)
        );
        let bytes = parse(&text).unwrap();
        assert_eq!(bytes[..FILE_HEADER_BYTES], file_header());
        let header = |at: usize| BlockHeader::decode(bytes[at..].first_chunk().unwrap());
        // 9 records of 8 bytes take two steps of 64 bytes, and 56 bytes stay zero.
        let first = BlockHeader {
            packed: false,
            stride: 192,
            process: 1,
            thread: 2,
            sequence: 3,
            committed: 72,
            checksum: 0,
            generation: 1,
            sealed: 1,
            drained: 0,
            dropped: 4,
        };
        assert_eq!(header(64), Ok(Some(first)));
        assert_eq!(bytes[64 + 64 + 72..][..56], [0; 56]);
        let second = header(64 + 192).unwrap().unwrap();
        assert_eq!((second.stride, second.committed), (128, 8));
        assert_eq!(bytes.len(), 64 + 192 + 128);
    }

    #[test]
    fn a_recording_can_be_empty() {
        assert_eq!(parse(&heading()).unwrap(), file_header());
        let bytes = recording("").unwrap();
        let header = BlockHeader::decode(bytes[64..].first_chunk().unwrap()).unwrap().unwrap();
        assert_eq!((header.stride, header.committed, bytes.len()), (64, 0, 128));
    }
}
