//! Texts that the program's own code makes: what its values look like.
//!
//! Such code may panic, block, or use a channel. So nothing of ours is locked or busy while
//! it runs, and what it writes goes into room on the stack.

use std::fmt::{self, Write};

use format::MAX_TEXT;

use crate::panics::quietly;

/// What stands for a value whose formatting has panicked.
const PANICKED: &str = "<Debug panicked>";
/// What a text ends in that was cut.
const CUT: &str = "…";

/// A text of limited length.
pub(crate) struct Text {
    bytes: [u8; MAX_TEXT],
    length: usize,
    limit: usize,
    /// It was cut: nothing more goes in.
    is_cut: bool,
}

impl Text {
    /// An empty text, which takes `limit` bytes, and never more than [`MAX_TEXT`].
    pub(crate) fn new(limit: usize) -> Self {
        Text { bytes: [0; MAX_TEXT], length: 0, limit: limit.min(MAX_TEXT), is_cut: false }
    }

    /// What `show` writes into a text of `limit` bytes.
    pub(crate) fn of(limit: usize, show: impl FnOnce(&mut Self) -> fmt::Result) -> Self {
        let mut text = Text::new(limit);
        text.show(show);
        text
    }

    /// Appends what `show` writes. Formatting ends where the text is full; if it panics, the
    /// text says so instead.
    pub(crate) fn show(&mut self, show: impl FnOnce(&mut Self) -> fmt::Result) {
        let (length, is_cut) = (self.length, self.is_cut);
        // An error is that of a full text, or the program's own; what there is counts.
        if quietly(|| show(self)).is_none() {
            (self.length, self.is_cut) = (length, is_cut);
            // No room for it is no room for anything.
            let _ = self.write_str(PANICKED);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        // It was made of whole characters.
        str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn push(&mut self, part: &str) {
        self.bytes[self.length..][..part.len()].copy_from_slice(part.as_bytes());
        self.length += part.len();
    }

    /// Ends the text in [`CUT`], within its limit and between two characters.
    fn cut(&mut self, part: &str) {
        self.is_cut = true;
        let room = self.limit.saturating_sub(CUT.len());
        if self.length > room {
            self.length = self.as_str().floor_char_boundary(room);
        } else {
            let part = &part[..part.floor_char_boundary(room - self.length)];
            self.push(part);
        }
        if self.limit >= CUT.len() {
            self.push(CUT);
        }
    }
}

impl Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.is_cut {
            return Err(fmt::Error);
        }
        if part.len() <= self.limit - self.length {
            self.push(part);
            return Ok(());
        }
        self.cut(part);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic;

    use super::*;

    fn shown(limit: usize, value: impl fmt::Debug) -> String {
        Text::of(limit, |text| write!(text, "{value:?}")).as_str().to_owned()
    }

    #[test]
    fn a_text_that_fits_is_whole() {
        assert_eq!(shown(6, "abcd"), "\"abcd\"");
        assert_eq!(shown(0, fmt::from_fn(|_| Ok(()))), "");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_within_its_limit() {
        let text = "aé🦀b漢c".repeat(200);
        let whole = format!("{text:?}");
        for limit in 0..=MAX_TEXT + 3 {
            let shown = shown(limit, &text);
            let limit = limit.min(MAX_TEXT);
            assert!(shown.len() <= limit, "{limit}: {shown}");
            let Some(begin) = shown.strip_suffix(CUT) else {
                assert_eq!(shown, "", "only where there is no room for the sign");
                assert!(limit < CUT.len());
                continue;
            };
            assert!(whole.starts_with(begin));
            // Not even the longest character is missing.
            assert!(begin.len() + CUT.len() + 4 > limit, "{limit}: {shown}");
        }
    }

    #[test]
    fn what_is_written_in_pieces_is_cut_in_the_same_place() {
        for limit in 0..40 {
            let text = "é漢🦀a".repeat(4);
            let mut whole = Text::new(limit);
            let _ = whole.write_str(&text);
            let mut pieces = Text::new(limit);
            let _ = text.chars().try_for_each(|c| pieces.write_char(c));
            assert_eq!(pieces.as_str(), whole.as_str());
        }
    }

    #[test]
    fn formatting_ends_where_the_text_is_full() {
        let pieces = Cell::new(0);
        let endless = fmt::from_fn(|f| {
            loop {
                pieces.set(pieces.get() + 1);
                f.write_str("ab")?;
            }
        });
        assert_eq!(shown(9, endless), "ababab…");
        assert_eq!(pieces.get(), 5);
    }

    #[test]
    fn who_goes_on_after_that_writes_nothing() {
        let stubborn = fmt::from_fn(|f| {
            for _ in 0..10 {
                let _ = f.write_str("abc");
            }
            Ok(())
        });
        assert_eq!(shown(10, stubborn), "abcabca…");
    }

    #[test]
    fn a_panic_is_said_in_the_text() {
        let panics = fmt::from_fn(|f| {
            f.write_str("begun")?;
            panic!("not to be seen");
        });
        assert_eq!(shown(80, &panics), PANICKED);
        assert_eq!(shown(8, &panics), "<Debu…");
    }

    #[test]
    fn a_panic_that_panics_when_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(shown(80, fmt::from_fn(|_| panic::panic_any(Bomb))), PANICKED);
    }

    #[test]
    fn a_panic_in_a_thread_that_panics() {
        struct Shows;
        impl Drop for Shows {
            fn drop(&mut self) {
                assert_eq!(shown(80, fmt::from_fn(|_| panic!("not to be seen"))), PANICKED);
            }
        }
        // Makes the hook, which a thread that panics cannot.
        shown(80, 1);
        let panicked = panic::catch_unwind(|| {
            let _shows = Shows;
            panic::resume_unwind(Box::new("the program's own"));
        });
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"the program's own"));
    }
}
