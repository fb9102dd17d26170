//! A chart as a Mermaid sequence diagram, for pages that draw these.
//!
//! Mermaid has no arrow that slopes: an arrow stands where its message was received, and says
//! how long before that it was sent. A message that nobody received is a note where it
//! was sent.

use std::fmt::Write;

use crate::export::sequence_chart::{Chart, End, Message, Point};
use crate::report::summary::duration;

/// The diagram.
pub fn mermaid(chart: &Chart<'_>) -> String {
    let mut out = String::from("sequenceDiagram\n");
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(out, "    {line}").expect("a string takes every text");
    };
    for lifeline in 0..chart.lifelines.len() {
        let process = chart.process_name(lifeline).map(|process| format!("{process}: "));
        let name = process.unwrap_or_default() + chart.thread_name(lifeline);
        line(format_args!("participant T{lifeline} as {}", escaped(&name)));
    }
    let mut lines = lines(chart);
    lines.sort_by_key(|&(row, _)| row);
    let events_left_out = (chart.left_out.events > 0).then_some(chart.left_out.row);
    let mut sentences = chart.left_out();
    if let Some(row) = events_left_out {
        let place = lines.partition_point(|&(at, _)| at < row);
        lines.insert(place, (row, over_all(chart, &sentences.remove(0))));
    }
    lines.extend(sentences.iter().map(|sentence| (chart.rows.len(), over_all(chart, sentence))));
    for (_, text) in lines {
        line(format_args!("{text}"));
    }
    out
}

/// What there is to say at each row.
fn lines(chart: &Chart<'_>) -> Vec<(usize, String)> {
    let note =
        |at: Point, text: &str| (at.row, format!("Note over T{}: {}", at.lifeline, escaped(text)));
    let mut lines = Vec::new();
    for wait in &chart.waits {
        let length = match wait.end {
            Some(_) => format!("waits {}", duration(wait.length)),
            None => "never ends".to_owned(),
        };
        lines.push(note(wait.begin, &format!("{} {length}", wait.name)));
    }
    lines.extend(chart.marks.iter().map(|mark| note(mark.at, &mark.name)));
    lines.extend(chart.messages.iter().filter_map(|message| {
        Some(match (message.from, message.to) {
            (Some(from), End::Received(to)) => (to.row, arrow(from, to, message)),
            (None, End::Received(to)) => {
                note(to, &format!("receives {} (its send is left out)", message.label(usize::MAX)))
            }
            (Some(from), End::Lost) => {
                note(from, &format!("{} never received", message.label(usize::MAX)))
            }
            (Some(from), End::NotShown) => note(
                from,
                &format!("sends {} (its receive is left out)", message.label(usize::MAX)),
            ),
            (None, _) => return None,
        })
    }));
    lines
}

fn arrow(from: Point, to: Point, message: &Message) -> String {
    let mut label = message.label(usize::MAX);
    if from.row < to.row {
        label += &format!(" (sent {} before)", duration(to.time.saturating_sub(from.time)));
    }
    format!("T{}->>T{}: {}", from.lifeline, to.lifeline, escaped(&label))
}

fn over_all(chart: &Chart<'_>, text: &str) -> String {
    let last = chart.lifelines.len().saturating_sub(1);
    format!("Note over T0,T{last}: {}", escaped(text))
}

/// A text as Mermaid has it: what means something in it is written as its number.
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
