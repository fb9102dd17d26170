//! Texts of bounded length, written by the program's own formatting code.
//!
//! Such code may panic, block, or use a channel. So none of this crate's locks is held and no
//! record is in progress while it runs, and its output goes to a buffer on the stack.

use std::fmt::{self, Write};

use format::MAX_TEXT;

use crate::panics::catch_silently;

/// Stands for a value whose formatting has panicked.
const PANICKED: &str = "<Debug panicked>";
/// The end of a truncated text.
const ELLIPSIS: &str = "…";

/// A text of bounded length, in a buffer on the stack.
pub(crate) struct BoundedText {
    bytes: [u8; MAX_TEXT],
    length: usize,
    limit: usize,
    /// Set when the text has been truncated. It then takes no more.
    is_truncated: bool,
}

impl BoundedText {
    /// Creates an empty text with room for `limit` bytes, but at most [`MAX_TEXT`].
    pub(crate) fn new(limit: usize) -> Self {
        BoundedText {
            bytes: [0; MAX_TEXT],
            length: 0,
            limit: limit.min(MAX_TEXT),
            is_truncated: false,
        }
    }

    /// Creates a text of at most `limit` bytes with the output of `write`.
    pub(crate) fn written_by(limit: usize, write: impl FnOnce(&mut Self) -> fmt::Result) -> Self {
        let mut text = BoundedText::new(limit);
        text.append(write);
        text
    }

    /// Appends the output of `write`. Once the text is full, writing to it is an error, which
    /// normally ends the formatting. If `write` panics, [`PANICKED`] is appended instead.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Self) -> fmt::Result) {
        let (length, is_truncated) = (self.length, self.is_truncated);
        // Whether the text is full or the program's code has failed: the output so far is kept.
        if catch_silently(|| write(self)).is_none() {
            (self.length, self.is_truncated) = (length, is_truncated);
            // An error here means a full text, which needs no handling.
            let _ = self.write_str(PANICKED);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only whole characters are pushed, so the conversion does not fail.
        str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn push(&mut self, part: &str) {
        self.bytes[self.length..][..part.len()].copy_from_slice(part.as_bytes());
        self.length += part.len();
    }

    /// Appends the beginning of `part` and [`ELLIPSIS`], within the limit and on a character
    /// boundary.
    fn truncate(&mut self, part: &str) {
        self.is_truncated = true;
        let room = self.limit.saturating_sub(ELLIPSIS.len());
        if self.length > room {
            self.length = self.as_str().floor_char_boundary(room);
        } else {
            let part = &part[..part.floor_char_boundary(room - self.length)];
            self.push(part);
        }
        if self.limit >= ELLIPSIS.len() {
            self.push(ELLIPSIS);
        }
    }
}

impl Write for BoundedText {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.is_truncated {
            return Err(fmt::Error);
        }
        if part.len() <= self.limit - self.length {
            self.push(part);
            return Ok(());
        }
        self.truncate(part);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic;

    use super::*;

    fn debug(limit: usize, value: impl fmt::Debug) -> String {
        BoundedText::written_by(limit, |text| write!(text, "{value:?}")).as_str().to_owned()
    }

    #[test]
    fn a_text_that_fits_is_complete() {
        assert_eq!(debug(6, "abcd"), "\"abcd\"");
        assert_eq!(debug(0, fmt::from_fn(|_| Ok(()))), "");
    }

    #[test]
    fn a_text_is_truncated_between_characters_and_within_its_limit() {
        let text = "aé🦀b漢c".repeat(200);
        let whole = format!("{text:?}");
        for limit in 0..=MAX_TEXT + 3 {
            let truncated = debug(limit, &text);
            let limit = limit.min(MAX_TEXT);
            assert!(truncated.len() <= limit, "{limit}: {truncated}");
            let Some(start) = truncated.strip_suffix(ELLIPSIS) else {
                assert_eq!(truncated, "", "only without room for the ellipsis");
                assert!(limit < ELLIPSIS.len());
                continue;
            };
            assert!(whole.starts_with(start));
            // There is no room for another character, even of the maximum length.
            assert!(start.len() + ELLIPSIS.len() + 4 > limit, "{limit}: {truncated}");
        }
    }

    #[test]
    fn text_written_in_pieces_is_truncated_in_the_same_place() {
        for limit in 0..40 {
            let text = "é漢🦀a".repeat(4);
            let mut whole = BoundedText::new(limit);
            let _ = whole.write_str(&text);
            let mut pieces = BoundedText::new(limit);
            let _ = text.chars().try_for_each(|c| pieces.write_char(c));
            assert_eq!(pieces.as_str(), whole.as_str());
        }
    }

    #[test]
    fn formatting_ends_when_the_text_is_full() {
        let pieces = Cell::new(0);
        let endless = fmt::from_fn(|f| {
            loop {
                pieces.set(pieces.get() + 1);
                f.write_str("ab")?;
            }
        });
        assert_eq!(debug(9, endless), "ababab…");
        assert_eq!(pieces.get(), 5);
    }

    #[test]
    fn a_truncated_text_ignores_further_output() {
        let stubborn = fmt::from_fn(|f| {
            for _ in 0..10 {
                let _ = f.write_str("abc");
            }
            Ok(())
        });
        assert_eq!(debug(10, stubborn), "abcabca…");
    }

    #[test]
    fn a_panic_replaces_the_output() {
        let panics = fmt::from_fn(|f| {
            f.write_str("started")?;
            panic!("never printed");
        });
        assert_eq!(debug(80, &panics), PANICKED);
        assert_eq!(debug(8, &panics), "<Debu…");
    }

    #[test]
    fn a_panic_payload_that_panics_on_drop_is_contained() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(debug(80, fmt::from_fn(|_| panic::panic_any(Bomb))), PANICKED);
    }

    #[test]
    fn a_panic_during_unwinding_is_contained() {
        struct FormatsOnDrop;
        impl Drop for FormatsOnDrop {
            fn drop(&mut self) {
                assert_eq!(debug(80, fmt::from_fn(|_| panic!("never printed"))), PANICKED);
            }
        }
        // Installs the hook: a panicking thread cannot.
        debug(80, 1);
        let panicked = panic::catch_unwind(|| {
            let _formats = FormatsOnDrop;
            panic::resume_unwind(Box::new("the program's own"));
        });
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"the program's own"));
    }
}
