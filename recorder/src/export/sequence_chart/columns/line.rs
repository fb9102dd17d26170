//! A line of the terminal.

use std::fmt::{self, Display};

use anstyle::Style;

/// A line of characters, each with its style.
pub(super) struct TextLine(Vec<(char, Style)>);

impl TextLine {
    pub(super) fn blank(width: usize) -> Self {
        TextLine(vec![(' ', Style::new()); width])
    }

    /// Puts a text at a position. The part that does not fit is cut off.
    pub(super) fn put(&mut self, position: usize, text: &str, style: Style) {
        for (place, c) in self.0.iter_mut().skip(position).zip(text.chars()) {
            // A control character in the name of a thread must not reach the terminal.
            *place = (if c.is_control() { '\u{fffd}' } else { c }, style);
        }
    }

    /// Puts a text so that it ends before a position.
    pub(super) fn put_before(&mut self, position: usize, text: &str, style: Style) {
        self.put(position.saturating_sub(text.chars().count()), text, style);
    }
}

impl Display for TextLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().rposition(|&(c, _)| c != ' ').map_or(0, |last| last + 1);
        for run in self.0[..used].chunk_by(|(_, a), (_, b)| a == b) {
            let style = run[0].1;
            let text: String = run.iter().map(|&(c, _)| c).collect();
            write!(f, "{style}{text}{style:#}")?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_off_at_the_end_of_its_line() {
        let mut line = TextLine::blank(6);
        line.put(4, "jobs", Style::new());
        line.put_before(3, "a\u{1b}b", Style::new());
        assert_eq!(line.to_string(), "a\u{fffd}b jo\n");
    }
}
