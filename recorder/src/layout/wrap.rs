//! Breaks lines.

use std::fmt::Write;

/// Breaks a text into lines of at most `width` characters. The first line starts in the column
/// `start`, and the others are indented. Lines are broken between words, but if possible neither
/// inside the name of a thing without a name (`Vec<dyn Fn()> @ main.rs:15 [4]`) nor between a number
/// and its unit.
pub(crate) fn wrap(text: &str, start: usize, indent: usize, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut column = start;
    let mut line_start = start;
    let fits = |word: &str| indent + word.chars().count() <= width;
    let words = words(text).flat_map(|word| match fits(word) {
        true => vec![word],
        false => word.split(' ').collect(),
    });
    for word in words {
        let length = word.chars().count();
        if column > line_start && column + 1 + length > width {
            let _ = write!(wrapped, "\n{:indent$}", "");
            (column, line_start) = (indent, indent);
        } else if column > line_start {
            wrapped.push(' ');
            column += 1;
        }
        wrapped += word;
        column += length;
    }
    wrapped
}

/// A headline and below it, indented, the items of a chain, each on its own line.
pub(crate) fn wrap_with_chain(headline: &str, chain: &[String], width: usize) -> String {
    let mut text = wrap(headline, 0, 2, width);
    for item in chain {
        let _ = write!(text, "\n    {}", wrap(item, 4, 6, width));
    }
    text
}

/// Breaks the lines of a text that are longer than `width` characters. The rest of a line is indented
/// by two more than its start.
pub(crate) fn wrap_lines(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        format!("{:indent$}{}", "", wrap(rest, indent, indent + 2, width))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The parts of a text between which a line can be broken.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let mut spaces = all.match_indices(' ').map(|(at, _)| at);
        let end = spaces.find(|&at| can_break(&all[..at], &all[at + 1..]));
        rest = end.map(|end| &all[end + 1..]);
        Some(&all[..end.unwrap_or(all.len())])
    })
}

/// Whether a line can be broken between two parts of a text.
fn can_break(before: &str, after: &str) -> bool {
    let last = before.rsplit(' ').next().unwrap_or_default();
    let next = after.split(' ').next().unwrap_or_default();
    let is_place = last == "@" || next == "@";
    let is_number = next.strip_prefix('[').is_some_and(starts_with_digit)
        || last.ends_with("thread") && starts_with_digit(next);
    let unit = next.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_unit = matches!(unit, "ns" | "µs" | "ms" | "s")
        && starts_with_digit(last.trim_start_matches(|c: char| !c.is_alphanumeric()));
    // The `>` of `fn() -> T` closes nothing.
    let quoted = before.rsplit('"').next().unwrap_or_default().replace("->", "");
    let is_type = quoted.matches('<').count() > quoted.matches('>').count();
    !(is_place || is_number || is_unit || is_type)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let text = "word ".repeat(20);
        let wrapped = wrap(text.trim_end(), 3, 3, 80);
        assert_eq!(wrapped.lines().count(), 2);
        assert!(wrapped.lines().all(|line| line.len() <= 77 || line.starts_with("   word")));
        assert_eq!(wrap(&"x".repeat(100), 3, 3, 80), "x".repeat(100));
        assert_eq!(wrap("ab cd ef", 0, 2, 5), "ab cd\n  ef");
    }

    #[test]
    fn names_and_times_are_not_broken() {
        for (before, kept) in
            [("send on", "\"u64 @ main.rs:15 [4]\""), ("by at most", "1.2 s"), ("of", "(12 ms).")]
        {
            let wrapped = wrap(&format!("{before} {kept}"), 0, 0, kept.chars().count());
            assert_eq!(wrapped.lines().last(), Some(kept), "{wrapped}");
        }
    }

    #[test]
    fn a_name_that_does_not_fit_is_broken_after_all() {
        let name = "\"Box<dyn Fn() -> u8 + Send> @ a.rs:1\"";
        assert_eq!(wrap(&format!("recv on {name}"), 0, 2, 40), format!("recv on\n  {name}"));
        assert_eq!(wrap(name, 0, 0, 20), "\"Box<dyn Fn() -> u8\n+ Send> @ a.rs:1\"");
        assert_eq!(wrap("until thread 3 @ a.rs:1", 0, 0, 20), "until\nthread 3 @ a.rs:1");
    }

    #[test]
    fn long_lines_are_broken_and_stay_indented() {
        assert_eq!(wrap_lines("a\n  b c d\n", 5), "a\n  b c\n    d\n");
    }

    #[test]
    fn a_chain_is_a_list_below_its_headline() {
        let chain = ["main waits for worker", "worker waits for main"].map(String::from);
        assert_eq!(
            wrap_with_chain("deadlock: all wait", &chain, 20),
            "deadlock: all wait\n    main waits for\n      worker\n    worker waits for\n      main"
        );
    }
}
