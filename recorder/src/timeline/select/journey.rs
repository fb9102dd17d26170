//! One message's journey: what led to it, and what it led to.
//!
//! A thread's sends between a receive and its next receive, on whatever channel, are because of
//! the message that it received. So from a message's receive the journey goes on to the
//! messages that the receiver sent because of it, and from its send back to the message because
//! of which it was sent; of that one's other consequences none is part of it.

use std::collections::HashSet;

use anyhow::Result;

use super::NotThere;
use crate::reading::Recording;
use crate::timeline::builder::play;
use crate::timeline::item::{Arrow, Category, Item, RESUMED, Slice};

/// The messages of a journey.
#[derive(Debug)]
pub(super) struct Journey {
    /// The numbers of their arrows.
    arrows: HashSet<u64>,
    /// From the first send to the last receive, in nanoseconds since the trace's start.
    pub(super) span: (u64, u64),
}

/// What is known of a message, by its arrow.
#[derive(Clone, Copy, Default)]
struct Step {
    /// The message because of which it was sent, or 0. It has a smaller number.
    cause: u64,
    sent: u64,
    /// When it was received, or when it was sent.
    received: u64,
}

impl Journey {
    /// Follows the recording once; takes 24 bytes a message meanwhile.
    ///
    /// # Errors
    /// [`NotThere`], or the recording cannot be read.
    pub(super) fn find(message: &str, recording: &Recording, shown: &[bool]) -> Result<Self> {
        let (channel, number) = find_channel(message, recording, shown)?;
        // Because of which message, by its arrow, each thread does what it does, or 0.
        let mut causes = vec![0; recording.entities.threads.len()];
        let mut steps: Vec<Step> = Vec::new();
        let (mut last, mut start) = (0, None);
        recording.begin("following");
        play(recording, &mut |item| {
            let Item::Slice(slice) = item else { return Ok(()) };
            let cause = &mut causes[slice.thread];
            match sent_or_received(slice) {
                Some(Message::Sent(arrow)) => {
                    steps.resize(arrow as usize + 1, Step::default());
                    let (sent, received) = (slice.begin, slice.begin);
                    steps[arrow as usize] = Step { cause: *cause, sent, received };
                    if slice.channel() == Some(channel) {
                        last = slice.message.unwrap_or(last);
                        start = start.or((slice.message == Some(number)).then_some(arrow));
                    }
                }
                Some(Message::Received(arrow)) => {
                    *cause = arrow;
                    if let Some(step) = steps.get_mut(arrow as usize) {
                        step.received = slice.begin;
                    }
                }
                Some(Message::Unknown) => *cause = 0,
                None if slice.verb == RESUMED => {
                    let threads = &recording.entities.threads;
                    let process = threads[slice.thread].process;
                    for (cause, thread) in causes.iter_mut().zip(threads) {
                        *cause = if thread.process == process { 0 } else { *cause };
                    }
                }
                None => {}
            }
            Ok(())
        })?;
        let label = &recording.entities.channels[channel].label;
        let start = start.ok_or_else(|| {
            NotThere(format!("channel {label:?} has no message {number}; it has 1 to {last}"))
        })?;
        let mut arrows = HashSet::from([start]);
        for (arrow, step) in steps.iter().enumerate().skip(start as usize + 1) {
            if arrows.contains(&step.cause) {
                arrows.insert(arrow as u64);
            }
        }
        let mut arrow = steps[start as usize].cause;
        while arrow != 0 {
            arrows.insert(arrow);
            arrow = steps[arrow as usize].cause;
        }
        let begin = arrows.iter().map(|&arrow| steps[arrow as usize].sent).min();
        let end = arrows.iter().map(|&arrow| steps[arrow as usize].received).max();
        Ok(Journey { arrows, span: (begin.unwrap_or(0), end.unwrap_or(u64::MAX)) })
    }

    pub(super) fn has(&self, arrow: u64) -> bool {
        self.arrows.contains(&arrow)
    }
}

/// A message that a slice hands over or takes, by its arrow.
pub(super) enum Message {
    Sent(u64),
    Received(u64),
    /// Received, and nobody knows who sent it.
    Unknown,
}

pub(super) fn sent_or_received(slice: &Slice) -> Option<Message> {
    match (slice.category, &slice.arrow) {
        (Category::Channel, Some(Arrow::From(arrows))) => Some(Message::Sent(arrows.start)),
        (Category::Channel, Some(Arrow::To(arrow))) => Some(Message::Received(*arrow)),
        (Category::Channel, None) if slice.verb == "recv" && slice.note == "send not recorded" => {
            Some(Message::Unknown)
        }
        _ => None,
    }
}

/// The channel and the number of `CHANNEL#NUMBER`.
fn find_channel(
    message: &str,
    recording: &Recording,
    shown: &[bool],
) -> Result<(usize, u64), NotThere> {
    let channels = &recording.entities.channels;
    let parts = message.rsplit_once('#').and_then(|(name, number)| {
        let number = number.parse().ok()?;
        Some((name, number))
    });
    let Some((name, number)) = parts else {
        return Err(NotThere(format!("{message:?} is no message like jobs#7")));
    };
    let mut found = (0..channels.len()).filter(|&it| shown[it] && channels[it].label == name);
    let Some(channel) = found.next() else {
        return Err(super::unknown("channel", name, channels.iter().map(|it| &it.label)));
    };
    if found.next().is_some() {
        return Err(NotThere(format!(
            "several processes have a channel {name:?}; --process says of which one it is"
        )));
    }
    Ok((channel, number))
}
