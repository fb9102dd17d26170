//! The part of a run that a picture shows: a time window, threads, channels or processes, what is
//! around a finding, or one message's journey.
//!
//! A [`Selection`] is the part of a recording that meets [`Criteria`]. A [`Filter`] stands between
//! the [builder](crate::timeline::builder) and the exporters, and passes on the selected items. An
//! item must meet all criteria, and of several names of one kind it must have one.

use std::time::Duration;

use thiserror::Error;
use typed_index_collections::{TiSlice, TiVec};

use crate::analysis::findings::Finding;
use crate::reading::catalog::{ChannelIndex, ThreadIndex};
use crate::reading::{self, Nanos, Recording};
use crate::timeline::item::Slice;

mod filter;
mod journey;
mod names;
mod window;

pub use filter::Filter;
use journey::Journey;
use names::{find_channels, matching};
use window::Window;

/// The criteria of a selection; those that are `None` or empty select everything. A `*` in a name
/// matches any characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// The start of the time window, since the trace's start.
    pub from: Option<Duration>,
    /// The end of the time window, since the trace's start.
    pub to: Option<Duration>,
    /// Names of threads.
    pub threads: Vec<String>,
    /// Labels of channels, or names of their endpoints, or message types that only one channel has.
    pub channels: Vec<String>,
    /// Names or ids of processes.
    pub processes: Vec<String>,
    /// A finding, by its code or its number in the report, from 1: its time and its threads.
    pub around: Option<String>,
    /// A message, as `CHANNEL#NUMBER`: its journey.
    pub message: Option<String>,
}

/// Why a selection cannot be made.
#[derive(Debug, Error)]
pub enum Error {
    /// The criteria name something that the recording or its report does not have.
    #[error("{0}")]
    NotInRecording(String),
    /// The recording cannot be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
}

/// The part of a recording that is selected.
#[derive(Debug)]
pub struct Selection {
    window: Window,
    threads: TiVec<ThreadIndex, bool>,
    channels: TiVec<ChannelIndex, bool>,
    /// Whether only operations on channels are selected.
    only_channels: bool,
    /// Whether a channel's counters are shown only if a slice on the channel is.
    only_used_channels: bool,
    journey: Option<Journey>,
    /// The extent of the slice that shows the finding of [`Criteria::around`], or the send of
    /// [`Criteria::message`].
    pub selected_slice: Option<(Nanos, Nanos)>,
    /// The criteria in words.
    description: String,
}

impl Selection {
    /// Selects a part of a recording; `None` if that is all of it. `findings` are those of its
    /// report; only [`Criteria::around`] needs them.
    ///
    /// # Errors
    /// The criteria name something that the recording or its report does not have; or the recording
    /// cannot be read again, which only [`Criteria::message`] needs.
    pub fn new(
        criteria: &Criteria,
        recording: &Recording,
        findings: &[Finding],
    ) -> Result<Option<Self>, Error> {
        if *criteria == Criteria::default() {
            return Ok(None);
        }
        let catalog = &recording.catalog;
        let processes = matching("process", &criteria.processes, &catalog.processes, |process| {
            vec![process.name.clone(), process.pid.to_string()]
        })?;
        let mut threads = matching("thread", &criteria.threads, &catalog.threads, |thread| {
            vec![thread.name.clone()]
        })?;
        let in_process = |it: ChannelIndex| processes[catalog.channels[it].process];
        let mut channels: TiVec<ChannelIndex, bool> =
            vec![criteria.channels.is_empty(); catalog.channels.len()].into();
        for pattern in &criteria.channels {
            for channel in find_channels(pattern, catalog, in_process)? {
                channels[channel] = true;
            }
        }
        for (is_selected, thread) in threads.iter_mut().zip(&catalog.threads) {
            *is_selected &= processes[thread.process];
        }
        for (channel, is_selected) in channels.iter_mut_enumerated() {
            *is_selected &= in_process(channel);
        }
        let mut selection = Selection {
            window: Window::new(criteria, catalog.end)?,
            threads,
            channels,
            only_channels: !criteria.channels.is_empty(),
            only_used_channels: !criteria.threads.is_empty(),
            journey: None,
            selected_slice: None,
            description: describe(criteria),
        };
        if let Some(name) = &criteria.around {
            selection.narrow_to_finding(find_finding(name, findings)?);
        }
        if let Some(message) = &criteria.message {
            let journey = Journey::find(message, recording, &selection.channels)?;
            selection.window.narrow_to(journey.span);
            selection.selected_slice.get_or_insert((journey.sent, journey.sent));
            selection.journey = Some(journey);
            selection.only_used_channels = true;
        }
        Ok(Some(selection))
    }

    /// Narrows the selection to the threads of a finding, and to its time with a margin.
    fn narrow_to_finding(&mut self, finding: &Finding) {
        self.window.narrow_to(finding.span);
        self.selected_slice = Some(finding.extent());
        let evidence = finding.evidence.iter().map(|evidence| evidence.thread);
        let concerned: Vec<_> = finding.threads.iter().copied().chain(evidence).collect();
        // A finding about an unused channel has no threads.
        if !concerned.is_empty() {
            for (thread, is_selected) in self.threads.iter_mut_enumerated() {
                *is_selected &= concerned.contains(&thread);
            }
            self.only_used_channels = true;
        }
    }

    /// The first and the last time of the selection.
    pub fn window(&self) -> (Nanos, Nanos) {
        (self.window.from, self.window.to)
    }

    /// Returns the findings that are at least partly in the selection, cut to it.
    pub fn findings(&self, findings: &[Finding]) -> Vec<Finding> {
        let is_selected = |finding: &&Finding| {
            self.window.overlaps(finding.span)
                && has_any(&self.threads, &finding.threads)
                && has_any(&self.channels, &finding.channels)
        };
        let cut = |finding: &Finding| {
            let mut cut = finding.clone();
            let (begin, end) = finding.span;
            cut.span = (begin.max(self.window.from), end.min(self.window.to));
            cut.evidence.retain(|evidence| {
                self.window.contains(evidence.time) && self.threads[evidence.thread]
            });
            cut
        };
        findings.iter().filter(is_selected).map(cut).collect()
    }

    /// Whether the start of a slice is selected. A journey has none: it is not known then which
    /// slices belong to it.
    pub(crate) fn has_start(&self, slice: &Slice) -> bool {
        self.has(slice) && self.window.contains(slice.begin) && self.journey.is_none()
    }

    /// The part of a thread's time that is selected, if any is.
    pub(crate) fn cut_state(
        &self,
        thread: ThreadIndex,
        begin: Nanos,
        end: Nanos,
    ) -> Option<(Nanos, Nanos)> {
        let (begin, end) = (begin.max(self.window.from), end.min(self.window.to));
        (self.threads[thread] && begin < end).then_some((begin, end))
    }

    /// Whether a slice is selected, except for its time and the journey.
    fn has(&self, slice: &Slice) -> bool {
        self.threads[slice.thread]
            && match slice.channel() {
                Some(channel) => self.channels[channel],
                None => !self.only_channels,
            }
    }
}

/// Whether at least one of the entries is selected. True if there are no entries.
fn has_any<I: Copy>(selected: &TiSlice<I, bool>, indices: &[I]) -> bool
where
    usize: From<I>,
{
    indices.is_empty() || indices.iter().any(|&index| selected[index])
}

/// The finding with this code or number.
fn find_finding<'a>(name: &str, findings: &'a [Finding]) -> Result<&'a Finding, Error> {
    let found = match name.parse::<usize>() {
        Ok(number) => number.checked_sub(1).and_then(|index| findings.get(index)),
        Err(_) => findings.iter().find(|finding| finding.code.name() == name),
    };
    found.ok_or_else(|| {
        let codes: Vec<_> = (1..)
            .zip(findings)
            .map(|(number, finding)| format!("{number} {}", finding.code))
            .collect();
        let there = if codes.is_empty() { "no findings".to_owned() } else { codes.join(", ") };
        Error::NotInRecording(format!("the report has no finding {name:?}; it has {there}"))
    })
}

/// `from 1.2s to 1.5s, thread worker-1 or worker-2`
fn describe(criteria: &Criteria) -> String {
    let Criteria { from, to, threads, channels, processes, around, message } = criteria;
    let time = |time: &Duration| humantime::format_duration(*time).to_string();
    let mut window = Vec::new();
    window.extend(from.iter().map(|from| format!("from {}", time(from))));
    window.extend(to.iter().map(|to| format!("to {}", time(to))));
    let mut parts = vec![window.join(" ")];
    for (kind, names) in [("process", processes), ("thread", threads), ("channel", channels)] {
        if !names.is_empty() {
            parts.push(format!("{kind} {}", names.join(" or ")));
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
    fn criteria_are_described_in_words() {
        let criteria = Criteria {
            from: Some(Duration::from_millis(1_200)),
            to: Some(Duration::from_secs(2)),
            threads: vec!["a".to_owned(), "b*".to_owned()],
            message: Some("jobs#7".to_owned()),
            ..Criteria::default()
        };
        assert_eq!(
            describe(&criteria),
            "from 1s 200ms to 2s, thread a or b*, the journey of jobs#7"
        );
        assert_eq!(describe(&Criteria::default()), "");
    }

    #[test]
    fn a_finding_that_is_not_there_is_an_error() {
        let error = find_finding("deadlock", &[]).expect_err("there are no findings");
        let message = "the report has no finding \"deadlock\"; it has no findings";
        assert_eq!(error.to_string(), message);
    }
}
