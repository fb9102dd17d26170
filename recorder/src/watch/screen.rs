//! What is on the screen: lines of styled text.

use anstyle::{AnsiColor, Style as Ansi};

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Style {
    #[default]
    Plain,
    /// Of less importance.
    Dim,
    /// The title, and the names of columns.
    Heading,
    /// Something that is as it should be.
    Good,
    /// Something that waits, or a queue that is nearly full.
    Waits,
    /// Something that does nothing on purpose.
    Rests,
    /// Something that has failed, or is full.
    Bad,
}

impl Style {
    fn ansi(self, has_colours: bool) -> Ansi {
        let plain = Ansi::new();
        let colour = |colour: AnsiColor| match has_colours {
            true => plain.fg_color(Some(colour.into())),
            false => plain,
        };
        match self {
            Style::Plain => plain,
            Style::Dim => plain.dimmed(),
            Style::Heading => plain.bold(),
            Style::Good => colour(AnsiColor::Green),
            Style::Waits => colour(AnsiColor::Yellow),
            Style::Rests => colour(AnsiColor::Cyan),
            Style::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

/// A line of styled text. Its width is in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
    width: usize,
    /// Whether it is selected: then it is shown in reverse.
    pub(super) is_selected: bool,
}

impl Line {
    pub(super) fn new(style: Style, text: &str) -> Self {
        let mut line = Line::default();
        line.push(style, text);
        line
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Appends text. Control characters, which would control the terminal, are replaced.
    pub(super) fn push(&mut self, style: Style, text: &str) {
        let text: String =
            text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        self.width += text.chars().count();
        self.pieces.push((style, text));
    }

    /// Appends text with exactly this width: shortened at its end, or filled with spaces.
    pub(super) fn push_cell(&mut self, style: Style, text: &str, width: usize, is_number: bool) {
        let text = shorten(text, width);
        let space = " ".repeat(width - text.chars().count());
        match is_number {
            true => self.push(style, &(space + &text)),
            false => self.push(style, &(text + &space)),
        }
    }

    /// Fills the line with spaces up to this width.
    pub(super) fn fill(&mut self, width: usize) {
        let space = " ".repeat(width.saturating_sub(self.width));
        self.push(Style::Plain, &space);
    }

    /// The same, no wider than this.
    pub(super) fn limited(self, width: usize) -> Self {
        if self.width <= width {
            return self;
        }
        let mut line = Line { is_selected: self.is_selected, ..Line::default() };
        for (style, text) in self.pieces {
            let room = width - line.width;
            if text.chars().count() > room {
                line.push(style, &shorten(&text, room));
                break;
            }
            line.push(style, &text);
        }
        line
    }

    /// Without styles, and without spaces at the end.
    pub(super) fn text(&self) -> String {
        let text: String = self.pieces.iter().map(|(_, text)| &**text).collect();
        text.trim_end().to_owned()
    }

    /// With the control sequences for its styles.
    fn ansi(&self, has_colours: bool) -> String {
        let mut text = String::new();
        for (style, piece) in &self.pieces {
            let mut style = style.ansi(has_colours);
            if self.is_selected {
                style = style.invert();
            }
            text += &format!("{style}{piece}{style:#}");
        }
        text
    }
}

/// The start of a text, with `…` if it is longer than this.
pub(super) fn shorten(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true if width == 0 => String::new(),
        true => text.chars().take(width - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// The control sequences and the text that change a terminal from one picture to the next.
pub(super) fn changes(before: &[Line], now: &[Line], has_colours: bool) -> String {
    let mut text = String::new();
    for (row, line) in now.iter().enumerate() {
        if before.get(row) != Some(line) {
            let (row, line) = (row + 1, line.ansi(has_colours));
            // Erased first: the cursor stays on the last character of a full line.
            text += &format!("\x1b[{row};1H\x1b[K{line}");
        }
    }
    if before.len() > now.len() {
        text += &format!("\x1b[{};1H\x1b[J", now.len() + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_control_the_terminal() {
        let line = Line::new(Style::Plain, "a\x1b[2Jb\n");
        assert_eq!(line.text(), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn cells_have_a_fixed_width() {
        let mut line = Line::default();
        line.push_cell(Style::Plain, "abc", 5, false);
        line.push_cell(Style::Plain, "12", 4, true);
        line.push_cell(Style::Dim, "abcdef", 4, false);
        assert_eq!((line.text().as_str(), line.width()), ("abc    12abc…", 13));
        assert_eq!(line.clone().limited(6).text(), "abc  …");
        assert_eq!(line.limited(11).text(), "abc    12a…");
    }

    #[test]
    fn only_lines_that_have_changed_are_written() {
        let lines = |texts: &[&str]| -> Vec<Line> {
            texts.iter().map(|text| Line::new(Style::Good, text)).collect()
        };
        let written = changes(&lines(&["a", "b", "c"]), &lines(&["a", "x"]), true);
        assert_eq!(written, "\x1b[2;1H\x1b[K\x1b[32mx\x1b[0m\x1b[3;1H\x1b[J");
        assert_eq!(changes(&[], &lines(&["a"]), false), "\x1b[1;1H\x1b[Ka");
    }
}
