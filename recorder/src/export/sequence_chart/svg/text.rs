//! The sizes of texts.

/// The size of normal text.
pub(super) const NORMAL: f64 = 12.0;
/// The size of small text.
pub(super) const SMALL: f64 = 11.0;

/// The width of a text of this size. A viewer chooses the font, so it is that of DejaVu Sans, which is
/// wider than others, and rather too large than too small.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(char_width).sum::<f64>() * size
}

/// The width of a character of bold text in relation to one of normal text.
pub(super) const BOLD: f64 = 1.12;

/// The width of a character, where the size of the font is 1.
fn char_width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | 'J' | '\'' => 0.3,
        ' ' | '.' | ',' | ':' | ';' | '!' | '(' | ')' | '[' | ']' | '|' | '/' | '\\' | '-'
        | 'f' | 't' | 'r' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        '#' | '+' | '=' | '<' | '>' | '~' | '^' | 'A'..='Z' => 0.84,
        ' '..='~' | '\u{a0}'..='\u{24f}' => 0.65,
        _ => 1.0,
    }
}

/// The longest start of a text that is at most this wide, with `…` where it is cut off.
pub(super) fn shortened(text: &str, max_width: f64, size: f64) -> String {
    if width(text, size) <= max_width {
        return text.to_owned();
    }
    let mut room = max_width - width("\u{2026}", size);
    let fits = |c: &char| {
        room -= char_width(*c) * size;
        room >= 0.0
    };
    let start: String = text.chars().take_while(fits).collect();
    format!("{}\u{2026}", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_wide_ends_in_an_ellipsis() {
        assert_eq!(shortened("jobs", 40.0, 10.0), "jobs");
        assert_eq!(shortened("jobs and results", 40.0, 10.0), "jobs…");
        assert!(width("jobs and …", 10.0) > 40.0);
        assert_eq!(shortened("", 0.0, 10.0), "");
    }
}
