//! A chart as a Mermaid sequence diagram, for pages that render them.
//!
//! Mermaid has no sloping arrows: an arrow is in the row where its message was received, and its
//! label includes how long before that the message was sent. A message that no thread received is an
//! arrow with a cross, or a note, where it was lost.

use std::fmt::Write;

use super::chart::{Anchor, ArrowEnd, ArrowStart, Chart, LossPlace, MessageArrow};
use crate::reading::Nanos;

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
    let over_all =
        |row: usize, text: &str| (row, format!("Note over T0,T{last}: {}", escaped(text)));
    let notes = chart.left_out_notes().into_iter();
    let left_out = notes.map(|(row, note)| over_all(row.unwrap_or(usize::MAX), &note));
    let jumps = chart.jumps.iter().map(|jump| over_all(jump.row, &jump.text()));
    let waits = chart.waits.iter().map(|wait| note_over(wait.begin, &wait.text()));
    let marks = chart.marks.iter().map(|mark| {
        match chart.causes.iter().find(|cause| cause.to == mark.at) {
            // Its name is the label of an arrow from its cause.
            Some(cause) => arrow(cause.from, "--)", mark.at, &mark.name),
            None => note_over(mark.at, &mark.name),
        }
    });
    let messages = chart.messages.iter().filter_map(message);
    let deadlock = chart.deadlock_text().map(|text| over_all(usize::MAX, &text));
    let lines = left_out.chain(jumps).chain(waits).chain(marks).chain(messages).chain(deadlock);
    let mut lines: Vec<_> = lines.collect();
    lines.sort_by_key(|&(row, _)| row);
    lines
}

fn message(message: &MessageArrow) -> Option<(usize, String)> {
    let label = message.text(usize::MAX);
    let sent_before =
        |from: Anchor, time: Nanos| format!("(sent {} before)", time.since(from.time));
    let lost = |from, time| format!("{label} never received {}", sent_before(from, time));
    Some(match (message.from, message.to) {
        (ArrowStart::Sent(from), ArrowEnd::Received(to)) if from.row == to.row => {
            arrow(from, "->>", to, &label)
        }
        (ArrowStart::Sent(from), ArrowEnd::Received(to)) => {
            arrow(from, "->>", to, &format!("{label} {}", sent_before(from, to.time)))
        }
        (ArrowStart::NotShown(_), ArrowEnd::Received(to)) => {
            note_over(to, &format!("receives {label} (its send is left out)"))
        }
        (ArrowStart::Sent(from), ArrowEnd::Lost(Some(place))) => match place {
            LossPlace::Dropped(to) => arrow(from, "-x", to, &lost(from, to.time)),
            LossPlace::RunEnded { lifeline: Some(lifeline), row, time } => {
                arrow(from, "-x", Anchor { lifeline, row, time }, &lost(from, time))
            }
            LossPlace::RunEnded { lifeline: None, row, time } => {
                note_over(Anchor { row, ..from }, &lost(from, time))
            }
        },
        (ArrowStart::Sent(from), ArrowEnd::Lost(None)) => {
            note_over(from, &format!("{label} never received"))
        }
        (ArrowStart::Sent(from), ArrowEnd::NotShown(_)) => {
            note_over(from, &format!("sends {label} (its receive is left out)"))
        }
        (ArrowStart::NotShown(_), _) => return None,
    })
}

fn arrow(from: Anchor, kind: &str, to: Anchor, label: &str) -> (usize, String) {
    (to.row, format!("T{}{kind}T{}: {}", from.lifeline, to.lifeline, escaped(label)))
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
