//! The types of fields that events have, as bytes and as text.

use crate::event::MAX_TEXT;
use crate::{Error, text};

/// A type of field: how it is written and read in both forms.
pub(crate) trait Field<'a>: Sized {
    /// Writes the field at `at`. Returns the position after it.
    fn put(self, out: &mut [u8], at: usize) -> usize;
    /// Reads the field at `at`. Returns it and the position after it.
    fn take(bytes: &'a [u8], at: usize) -> Result<(Self, usize), Error>;
    /// Appends the text form of the field.
    fn print(self, out: &mut String);
    /// Reads the text form, which was unquoted before. `None` if it is out of range.
    fn parse(token: &'a str) -> Option<Self>;
}

macro_rules! number {
    ($type:ty) => {
        impl Field<'_> for $type {
            #[inline]
            fn put(self, out: &mut [u8], at: usize) -> usize {
                let end = at + size_of::<$type>();
                out[at..end].copy_from_slice(&self.to_le_bytes());
                end
            }

            fn take(bytes: &[u8], at: usize) -> Result<(Self, usize), Error> {
                let (value, _) = bytes
                    .get(at..)
                    .and_then(|rest| rest.split_first_chunk())
                    .ok_or(Error::Truncated { offset: 0 })?;
                Ok((<$type>::from_le_bytes(*value), at + size_of::<$type>()))
            }

            fn print(self, out: &mut String) {
                out.push_str(&self.to_string());
            }

            fn parse(token: &str) -> Option<Self> {
                token.parse().ok()
            }
        }
    };
}

number!(u32);
number!(u64);

impl<const N: usize> Field<'_> for [u32; N] {
    fn put(self, out: &mut [u8], at: usize) -> usize {
        self.into_iter().fold(at, |at, number| number.put(out, at))
    }

    fn take(bytes: &[u8], at: usize) -> Result<(Self, usize), Error> {
        let mut numbers = [0; N];
        let mut end = at;
        for number in &mut numbers {
            (*number, end) = u32::take(bytes, end)?;
        }
        Ok((numbers, end))
    }

    /// Separated by commas, without the zeros at the end.
    fn print(self, out: &mut String) {
        let length = self.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        let numbers: Vec<_> = self[..length].iter().map(u32::to_string).collect();
        text::quote(&numbers.join(","), out);
    }

    fn parse(token: &str) -> Option<Self> {
        let mut numbers = [0; N];
        let mut places = numbers.iter_mut();
        for number in token.split(',').filter(|number| !number.is_empty()) {
            *places.next()? = number.parse().ok()?;
        }
        Some(numbers)
    }
}

impl<'a> Field<'a> for &'a str {
    fn put(self, out: &mut [u8], at: usize) -> usize {
        let text = &self[..self.floor_char_boundary(MAX_TEXT)];
        let start = (text.len() as u32).put(out, at);
        let end = start + text.len();
        out[start..end].copy_from_slice(text.as_bytes());
        end
    }

    fn take(bytes: &'a [u8], at: usize) -> Result<(Self, usize), Error> {
        let (length, start) = u32::take(bytes, at)?;
        let malformed = |what| Error::Malformed { offset: at as u64, what };
        if length as usize > MAX_TEXT {
            return Err(malformed("a text is longer than the format allows"));
        }
        let end = start + length as usize;
        let text = bytes.get(start..end).ok_or(Error::Truncated { offset: 0 })?;
        let text = str::from_utf8(text).map_err(|_| malformed("a text is not UTF-8"))?;
        Ok((text, end))
    }

    fn print(self, out: &mut String) {
        text::quote(self, out);
    }

    fn parse(token: &'a str) -> Option<Self> {
        (token.len() <= MAX_TEXT).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_starts_where_the_previous_one_ends() {
        let mut bytes = [0xaa; 24];
        let end = 7u32.put(&mut bytes, 1);
        let end = "né".put(&mut bytes, end);
        let end = 8u64.put(&mut bytes, end);
        assert_eq!(end, 20);
        assert_eq!(bytes[..5], *b"\xaa\x07\0\0\0");
        assert_eq!(bytes[5..12], *b"\x03\0\0\0n\xc3\xa9");
        assert_eq!(bytes[12..], *b"\x08\0\0\0\0\0\0\0\xaa\xaa\xaa\xaa");

        assert_eq!(u32::take(&bytes, 1), Ok((7, 5)));
        assert_eq!(<&str>::take(&bytes, 5), Ok(("né", 12)));
        assert_eq!(u64::take(&bytes, 12), Ok((8, 20)));
    }

    #[test]
    fn numbers_of_a_list_are_separated_by_commas() {
        let mut bytes = [0xaa; 20];
        assert_eq!([7u32, 0, 9, 0].put(&mut bytes, 2), 18);
        assert_eq!(<[u32; 4]>::take(&bytes, 2), Ok(([7, 0, 9, 0], 18)));
        let mut text = String::new();
        [7u32, 0, 9, 0].print(&mut text);
        assert_eq!(text, "\"7,0,9\"");
        assert_eq!(<[u32; 4]>::parse("7,0,9"), Some([7, 0, 9, 0]));
        assert_eq!(<[u32; 4]>::parse(""), Some([0; 4]));
        assert_eq!(<[u32; 2]>::parse("7,0,9"), None);
        assert_eq!(<[u32; 2]>::parse("x"), None);
        assert_eq!(<[u32; 5]>::take(&bytes, 4), Err(Error::Truncated { offset: 0 }));
    }

    #[test]
    fn a_field_that_ends_early_is_truncated() {
        let mut bytes = [0; 16];
        let end = "né".put(&mut bytes, 0);
        for length in 0..end {
            let cut = Err(Error::Truncated { offset: 0 });
            assert_eq!(<&str>::take(&bytes[..length], 0), cut, "{length} bytes");
        }
        assert_eq!(u32::take(&bytes, 13), Err(Error::Truncated { offset: 0 }));
        assert_eq!(u64::take(&bytes, 17), Err(Error::Truncated { offset: 0 }));
    }

    #[test]
    fn texts_of_all_lengths_survive_a_round_trip() {
        // Characters of four bytes that start at each of the four alignments.
        for lead in 0..4 {
            let long = "x".repeat(lead) + &"🦀".repeat(MAX_TEXT / 4 + 1);
            for (end, _) in long.char_indices() {
                let mut bytes = [0; MAX_TEXT + 4];
                let written = long[..end].put(&mut bytes, 0);
                let kept = if end <= MAX_TEXT { end } else { MAX_TEXT - (4 - lead) };
                assert_eq!(<&str>::take(&bytes, 0), Ok((&long[..kept], written)));
            }
        }
    }

    #[test]
    fn a_length_over_the_limit_is_malformed_even_if_the_text_ends_early() {
        let what = "a text is longer than the format allows";
        for length in [MAX_TEXT as u32 + 1, u32::MAX] {
            let bytes = [[0; 4], length.to_le_bytes()].concat();
            assert_eq!(<&str>::take(&bytes, 4), Err(Error::Malformed { offset: 4, what }));
        }
        let bytes = (MAX_TEXT as u32).to_le_bytes();
        assert_eq!(<&str>::take(&bytes, 0), Err(Error::Truncated { offset: 0 }));
    }

    #[test]
    fn a_number_out_of_range_is_refused() {
        assert_eq!(u32::parse("4294967295"), Some(u32::MAX));
        assert_eq!(u64::parse("18446744073709551615"), Some(u64::MAX));
        assert_eq!(u32::parse("4294967296"), None);
        assert_eq!(u64::parse("18446744073709551616"), None);
        for token in ["", "-1", " 1", "1 ", "0x1", "1.0", "one"] {
            assert_eq!((u32::parse(token), u64::parse(token)), (None, None), "{token:?}");
        }
    }
}
