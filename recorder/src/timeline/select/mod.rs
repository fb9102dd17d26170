//! What of a run a picture shows: a window of time, some threads, channels or processes, what is
//! around a finding, or one message's journey.
//!
//! [`Selection`] is what was asked for, looked up in a recording; [`Filter`] stands between
//! [`play`](crate::timeline::builder) and the exporters and lets through what is selected. Conditions add up:
//! what is shown meets all of them, and one of the names of each kind.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use crate::analysis::findings::{Code, Finding};
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::report::summary::duration;
use crate::timeline::item::Slice;

mod filter;
mod journey;

pub use filter::Filter;
use journey::Journey;

/// What is asked for. Names may have a `*`, which stands for any characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// From so long after the trace's start on.
    pub from: Option<Duration>,
    /// Until so long after the trace's start.
    pub to: Option<Duration>,
    /// Threads of these names.
    pub threads: Vec<String>,
    /// What is on channels that are called so.
    pub channels: Vec<String>,
    /// Processes with these names or numbers.
    pub processes: Vec<String>,
    /// The code of a finding of the report, or its place there from 1 on: its time and threads.
    pub around: Option<String>,
    /// A message, as `CHANNEL#NUMBER`: what led to it, and what it led to.
    pub message: Option<String>,
}

/// What is shown of a recording.
#[derive(Debug)]
pub struct Selection {
    /// In nanoseconds since the trace's start, both included.
    window: (u64, u64),
    /// By thread.
    threads: Vec<bool>,
    /// By channel.
    channels: Vec<bool>,
    /// Whether all that is on no channel is left out.
    only_channels: bool,
    /// Whether channels are shown only where a thread that is shown uses them.
    only_used: bool,
    journey: Option<Journey>,
    /// From when to when the timeline has the finding that was asked for.
    finding: Option<(u64, u64)>,
    /// What was asked for, in words.
    words: String,
}

/// What is asked for is not in the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotThere(String);

impl fmt::Display for NotThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotThere {}

impl Selection {
    /// Looks up what is asked for; `None` if that is everything. `findings` are those of the
    /// recording's report; they are only needed for [`Wanted::around`].
    ///
    /// # Errors
    /// [`NotThere`]; or the recording cannot be read, which a message needs.
    pub fn new(
        wanted: &Wanted,
        recording: &Recording,
        findings: &[Finding],
    ) -> Result<Option<Self>> {
        if *wanted == Wanted::default() {
            return Ok(None);
        }
        let entities = &recording.entities;
        let processes = chosen("process", &wanted.processes, &entities.processes, |process| {
            vec![process.name.clone(), process.pid.to_string()]
        })?;
        let mut threads =
            chosen("thread", &wanted.threads, &entities.threads, |t| vec![t.name.clone()])?;
        let mut channels =
            chosen("channel", &wanted.channels, &entities.channels, |c| vec![c.label.clone()])?;
        for (shown, thread) in threads.iter_mut().zip(&entities.threads) {
            *shown &= processes[thread.process];
        }
        for (shown, channel) in channels.iter_mut().zip(&entities.channels) {
            *shown &= processes[channel.process];
        }
        let mut selection = Selection {
            window: window(wanted, entities)?,
            threads,
            channels,
            only_channels: !wanted.channels.is_empty(),
            only_used: !wanted.threads.is_empty(),
            journey: None,
            finding: None,
            words: words(wanted),
        };
        if let Some(name) = &wanted.around {
            selection.leave_only(finding(name, findings)?);
        }
        if let Some(message) = &wanted.message {
            let journey = Journey::find(message, recording, &selection.channels)?;
            selection.narrow_to(journey.span);
            selection.journey = Some(journey);
            selection.only_used = true;
        }
        Ok(Some(selection))
    }

    /// Leaves only a time, and some before and after it.
    fn narrow_to(&mut self, (begin, end): (u64, u64)) {
        /// It is a part of that time, of which there are so many.
        const MARGIN: u64 = 10;
        let margin = end.saturating_sub(begin) / MARGIN;
        let (from, to) = self.window;
        let from = from.max(begin.saturating_sub(margin));
        self.window = (from, to.min(end.saturating_add(margin)).max(from));
    }

    /// From when to when it is, in nanoseconds since the trace's start, both included.
    pub fn window(&self) -> (u64, u64) {
        self.window
    }

    /// From when to when the timeline has the finding that was asked for, if one was.
    pub fn finding(&self) -> Option<(u64, u64)> {
        self.finding
    }

    /// Leaves only the threads that a finding concerns, in its time and some before and after.
    fn leave_only(&mut self, finding: &Finding) {
        self.narrow_to(finding.span);
        self.finding = Some(finding.shown());
        let concerned: Vec<_> = finding
            .threads
            .iter()
            .copied()
            .chain(finding.evidence.iter().map(|evidence| evidence.thread))
            .collect();
        // A channel that nobody uses concerns no thread.
        if !concerned.is_empty() {
            for (thread, shown) in self.threads.iter_mut().enumerate() {
                *shown &= concerned.contains(&thread);
            }
            self.only_used = true;
        }
    }

    /// Of some findings, what there is to see.
    pub fn findings(&self, findings: &[Finding]) -> Vec<Finding> {
        let (from, to) = self.window;
        let inside = |time: u64| from <= time && time <= to;
        let cut = |finding: &Finding| {
            let (begin, end) = finding.span;
            let mut cut = finding.clone();
            cut.span = (begin.max(from), end.min(to));
            cut.evidence.retain(|evidence| inside(evidence.time) && self.threads[evidence.thread]);
            cut
        };
        let any = |shown: &[bool], concerned: &[usize]| {
            concerned.is_empty() || concerned.iter().any(|&index| shown[index])
        };
        let shown = findings.iter().filter(|finding| {
            let (begin, end) = finding.span;
            begin <= to
                && end >= from
                && any(&self.threads, &finding.threads)
                && any(&self.channels, &finding.channels)
        });
        shown.map(cut).collect()
    }

    fn has(&self, slice: &Slice) -> bool {
        self.threads[slice.thread]
            && match slice.channel() {
                Some(channel) => self.channels[channel],
                None => !self.only_channels,
            }
    }
}

/// Which of some entities have one of the names; all if none is asked for.
fn chosen<T>(
    what: &str,
    patterns: &[String],
    entities: &[T],
    names_of: impl Fn(&T) -> Vec<String>,
) -> Result<Vec<bool>, NotThere> {
    let names: Vec<_> = entities.iter().map(names_of).collect();
    let mut chosen = vec![patterns.is_empty(); entities.len()];
    for pattern in patterns {
        let mut known = false;
        for (chosen, names) in chosen.iter_mut().zip(&names) {
            let matches = names.iter().any(|name| is_match(pattern, name));
            *chosen |= matches;
            known |= matches;
        }
        if !known {
            return Err(unknown(what, pattern, names.iter().flatten()));
        }
    }
    Ok(chosen)
}

/// Nothing is called so; says what is called nearly so.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> NotThere {
    /// So many names are said.
    const SHOWN: usize = 5;
    let mut known: Vec<_> =
        known.map(|known| (strsim::jaro_winkler(known, name), known.as_str())).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    known.dedup();
    let near: Vec<_> = known.iter().take(SHOWN).map(|(_, name)| format!("{name:?}")).collect();
    let more = if known.len() > SHOWN { ", …" } else { "" };
    NotThere(match near.is_empty() {
        true => format!("the recording has no {what}"),
        false => {
            let near = near.join(", ");
            format!("the recording has no {what} {name:?}; there is {near}{more}")
        }
    })
}

/// Whether a name is what a pattern says, in which `*` stands for any characters.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(tail) else { return false };
    middle.split('*').all(|part| match name.find(part) {
        Some(at) => {
            name = &name[at + part.len()..];
            true
        }
        None => false,
    })
}

fn window(wanted: &Wanted, entities: &Entities) -> Result<(u64, u64), NotThere> {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let from = wanted.from.map_or(0, nanoseconds);
    let to = wanted.to.map_or(u64::MAX, nanoseconds);
    if from > to.min(entities.end) {
        let (from, end) = (duration(from), duration(entities.end));
        return Err(NotThere(format!(
            "the recording is {end} long: there is nothing after {from}"
        )));
    }
    Ok((from, to))
}

/// The finding with this code, or at this place from 1 on.
fn finding<'a>(name: &str, findings: &'a [Finding]) -> Result<&'a Finding, NotThere> {
    let found = match name.parse::<usize>() {
        Ok(number) => number.checked_sub(1).and_then(|index| findings.get(index)),
        Err(_) => {
            let code = Code::from_name(name);
            findings.iter().find(|finding| Some(finding.code) == code)
        }
    };
    found.ok_or_else(|| {
        let codes: Vec<_> = findings
            .iter()
            .enumerate()
            .map(|(index, finding)| format!("{} {}", index + 1, finding.code))
            .collect();
        NotThere(match codes.is_empty() {
            true => format!("the report has no finding {name:?}: it has none"),
            false => format!("the report has no finding {name:?}; it has {}", codes.join(", ")),
        })
    })
}

/// `from 1.2s to 1.5s, thread worker-1 or worker-2`
fn words(wanted: &Wanted) -> String {
    let Wanted { from, to, threads, channels, processes, around, message } = wanted;
    let time = |time: &Duration| humantime::format_duration(*time).to_string();
    let mut window = Vec::new();
    window.extend(from.iter().map(|from| format!("from {}", time(from))));
    window.extend(to.iter().map(|to| format!("to {}", time(to))));
    let mut parts = vec![window.join(" ")];
    for (what, names) in [("process", processes), ("thread", threads), ("channel", channels)] {
        if !names.is_empty() {
            parts.push(format!("{what} {}", names.join(" or ")));
        }
    }
    parts.extend(around.iter().map(|finding| format!("around finding {finding}")));
    parts.extend(message.iter().map(|message| format!("the journey of {message}")));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, matches) in [
            ("jobs", "jobs", true),
            ("jobs", "jobs2", false),
            ("worker-*", "worker-12", true),
            ("worker-*", "worker-", true),
            ("worker-*", "a worker-1", false),
            ("*", "", true),
            ("*b*d", "abcd", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(is_match(pattern, name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_told_what_is() {
        let known: Vec<_> = ["results", "jobs", "job"].map(String::from).into();
        let error = chosen("channel", &["jbos".to_owned()], &known, |name| vec![name.clone()]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the recording has no channel \"jbos\"; there is \"jobs\", \"job\", \"results\""
        );
    }
}
