//! A chart as a Mermaid sequence diagram, for pages that render them.
//!
//! Mermaid has no sloping arrows: an arrow is in the row where its message was received, and its
//! label includes how long before that the message was sent. A message that no thread received is a
//! note where it was sent.

use std::fmt::Write;

use super::chart::{Anchor, ArrowEnd, Chart, MessageArrow};

/// The chart as the text of a Mermaid diagram.
pub fn mermaid(chart: &Chart<'_>) -> String {
    let participants = (0..chart.lifelines.len()).map(|lifeline| {
        format!("participant T{lifeline} as {}", escaped(&chart.lifeline_name(lifeline)))
    });
    let mut diagram = String::from("sequenceDiagram\n");
    for line in participants.chain(body(chart).into_iter().map(|(_, line)| line)) {
        diagram.push_str("    ");
        diagram.push_str(&line);
        diagram.push('\n');
    }
    diagram
}

/// The lines after those of the participants, with their rows and in the order of these.
fn body(chart: &Chart<'_>) -> Vec<(usize, String)> {
    let last = chart.lifelines.len().saturating_sub(1);
    let left_out = chart.left_out_notes().into_iter().map(|(row, note)| {
        (row.unwrap_or(usize::MAX), format!("Note over T0,T{last}: {}", escaped(&note)))
    });
    let waits = chart.waits.iter().map(|wait| note_over(wait.begin, &wait.text()));
    let marks = chart.marks.iter().map(|mark| note_over(mark.at, &mark.name));
    let messages = chart.messages.iter().filter_map(message);
    let mut lines: Vec<_> = left_out.chain(waits).chain(marks).chain(messages).collect();
    lines.sort_by_key(|&(row, _)| row);
    lines
}

fn message(message: &MessageArrow) -> Option<(usize, String)> {
    let label = message.text(usize::MAX);
    Some(match (message.from, message.to) {
        (Some(from), ArrowEnd::Received(to)) => (to.row, arrow(from, to, label)),
        (None, ArrowEnd::Received(to)) => {
            note_over(to, &format!("receives {label} (its send is left out)"))
        }
        (Some(from), ArrowEnd::Lost) => note_over(from, &format!("{label} never received")),
        (Some(from), ArrowEnd::NotShown) => {
            note_over(from, &format!("sends {label} (its receive is left out)"))
        }
        (None, _) => return None,
    })
}

fn arrow(from: Anchor, to: Anchor, mut label: String) -> String {
    if from.row < to.row {
        label += &format!(" (sent {} before)", to.time.since(from.time));
    }
    format!("T{}->>T{}: {}", from.lifeline, to.lifeline, escaped(&label))
}

fn note_over(at: Anchor, text: &str) -> (usize, String) {
    (at.row, format!("Note over T{}: {}", at.lifeline, escaped(text)))
}

/// Escapes a text for Mermaid: a character with a meaning in its syntax becomes `#`, its code and
/// `;`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '"' | '%' | '{' | '}' => {
                write!(escaped, "#{};", c as u32).expect("a string takes every text");
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_the_syntax_are_escaped() {
        assert_eq!(escaped("recv jobs: Ok(7)"), "recv jobs: Ok(7)");
        assert_eq!(escaped("#1;\n\"é\""), "#35;1#59; #34;é#34;");
    }
}
