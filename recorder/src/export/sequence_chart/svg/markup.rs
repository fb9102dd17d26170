//! SVG elements as text.

use std::fmt::{self, Write};

use super::layout::HALF_JUMP;

/// A point in the picture: x to the right, y down.
pub(super) type Point = (f64, f64);

/// A sequence of SVG elements.
#[derive(Debug, Default)]
pub(super) struct Markup(pub(super) String);

impl Markup {
    /// Adds a text that is already markup.
    pub(super) fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Adds an element and a line break.
    pub(super) fn element(&mut self, element: fmt::Arguments<'_>) {
        self.0.write_fmt(element).expect("a string takes every text");
        self.0.push('\n');
    }

    /// Adds a text. The classes are those of the style sheet.
    pub(super) fn text(&mut self, class: &str, (x, y): Point, text: &str) {
        let text = escaped(text);
        self.element(format_args!(r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{text}</text>"#));
    }

    pub(super) fn line(&mut self, class: &str, from: Point, to: Point) {
        self.element(format_args!(
            r#"<line class="{class}" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    /// The cross at the end of a message that was never received.
    pub(super) fn cross(&mut self, (x, y): Point) {
        const HALF: f64 = 5.0;
        self.line("cross", (x - HALF, y - HALF), (x + HALF, y + HALF));
        self.line("cross", (x - HALF, y + HALF), (x + HALF, y - HALF));
    }

    /// The head of an arrow that ends at a point. `direction` is a unit vector.
    pub(super) fn arrow_head(&mut self, class: &str, tip: Point, direction: Point) {
        let [a, b] = head_outline(tip, direction);
        self.element(format_args!(
            r#"<path class="{class}" d="M{:.1},{:.1}L{:.1},{:.1}L{:.1},{:.1}Z"/>"#,
            tip.0, tip.1, a.0, a.1, b.0, b.1
        ));
    }

    /// The two strokes where a lifeline is interrupted, because nothing happens for long.
    pub(super) fn jump(&mut self, (x, y): Point) {
        for y in [y - HALF_JUMP, y + HALF_JUMP] {
            self.line("jump", (x - 6.0, y + 2.0), (x + 6.0, y - 2.0));
        }
    }

    /// The dot at the start of an arrow.
    pub(super) fn arrow_start(&mut self, (x, y): Point) {
        self.element(format_args!(r#"<circle class="tip" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#));
    }

    /// Starts a group of elements with a tooltip.
    pub(super) fn open_group(&mut self, tooltip: &str) {
        self.element(format_args!("<g><title>{}</title>", escaped(tooltip)));
    }

    pub(super) fn close_group(&mut self) {
        self.raw("</g>\n");
    }
}

/// The other two corners of the head of an arrow that ends at a point.
pub(super) fn head_outline((x, y): Point, direction: Point) -> [Point; 2] {
    let (back_x, back_y) = (x - 10.0 * direction.0, y - 10.0 * direction.1);
    let (aside_x, aside_y) = (-4.5 * direction.1, 4.5 * direction.0);
    [(back_x + aside_x, back_y + aside_y), (back_x - aside_x, back_y - aside_y)]
}

/// Escapes a text for XML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML cannot represent these.
            '\u{0}'..' ' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(escaped("a < b && \"é\""), "a &lt; b &amp;&amp; \"é\"");
        assert_eq!(escaped("\u{1b}[31m\n"), "\u{fffd}[31m\u{fffd}");
    }
}
