//! The three types that an event's fields can have, in bytes and as text.

use crate::event::MAX_TEXT;
use crate::{Error, text};

/// A field's type: how it is written and read, in both forms.
pub(crate) trait Field<'a>: Sized {
    /// Writes the field at `at`; gives the position after it.
    fn put(self, out: &mut [u8], at: usize) -> usize;
    /// Reads the field at `at`; gives the position after it.
    fn take(bytes: &'a [u8], at: usize) -> Result<(Self, usize), Error>;
    /// Appends the field's text form.
    fn print(self, out: &mut String);
    /// Reads the text form, already unquoted.
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
