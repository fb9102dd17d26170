//! One message's journey: the messages that led to it, and those that it led to.
//!
//! A message is a consequence of the message that its sender received last. A journey leads forward
//! from a message to its consequences, to their consequences, and so on; and backward to its cause,
//! to the cause of that, and so on. Other consequences of those causes are not part of it.

use std::num::NonZeroU64;

use rustc_hash::FxHashSet;
use typed_index_collections::{TiSlice, TiVec};

use super::Error;
use super::names::{find_channels, not_found};
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::reading::{self, Nanos, Recording};
use crate::timeline::builder;
use crate::timeline::item::{Item, Slice, SliceKind, Transfer};

/// The messages of a journey.
#[derive(Debug)]
pub(super) struct Journey {
    /// The numbers of their flows.
    flows: FxHashSet<u64>,
    /// From the first send to the last receive.
    pub(super) span: (Nanos, Nanos),
    /// When the message was sent.
    pub(super) sent: Nanos,
}

impl Journey {
    /// Finds the journey of a message, in one pass over the recording. The pass takes 24 bytes of
    /// memory for each flow.
    ///
    /// # Errors
    /// The recording has no such message in a selected channel, or it cannot be read.
    pub(super) fn find(
        message: &str,
        recording: &Recording,
        channels: &TiSlice<ChannelIndex, bool>,
    ) -> Result<Self, Error> {
        let catalog = &recording.catalog;
        let (channel, number) = find_channel(message, catalog, channels)?;
        let mut messages = Messages {
            catalog,
            received: catalog.threads.iter().map(|_| None).collect(),
            messages: Vec::new(),
            channel,
            number,
            start: None,
            last: 0,
        };
        recording.begin("following");
        builder::build(recording, |item| {
            if let Item::Slice(slice) = item {
                messages.slice(slice);
            }
            Ok::<_, reading::Error>(())
        })?;
        messages.journey().ok_or_else(|| {
            let (label, last) = (&catalog.channels[channel].label, messages.last);
            Error::NotInRecording(format!(
                "channel {label:?} has no message {number}; it has 1 to {last}"
            ))
        })
    }

    /// Whether the message with this flow is part of it.
    pub(super) fn contains(&self, flow: u64) -> bool {
        self.flows.contains(&flow)
    }
}

/// All messages of a recording, and the one whose journey is wanted.
#[derive(Debug)]
struct Messages<'a> {
    catalog: &'a Catalog,
    /// The flow of the message that each thread has received last, if that is known.
    received: TiVec<ThreadIndex, Option<NonZeroU64>>,
    /// By flow.
    messages: Vec<Message>,
    /// The channel and the number of the wanted message.
    channel: ChannelIndex,
    number: u64,
    /// The flow of that message, once it is sent.
    start: Option<u64>,
    /// The number of the last message in its channel.
    last: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Message {
    /// The flow of the message that caused it, which has a smaller number.
    cause: Option<NonZeroU64>,
    sent: Nanos,
    /// When it was received, or else sent.
    received: Nanos,
}

impl Messages<'_> {
    fn slice(&mut self, slice: &Slice) {
        match slice.transfer() {
            Some(Transfer::Sent(flow)) => self.sent(slice, flow),
            Some(Transfer::Received(flow)) => {
                self.received[slice.thread] = NonZeroU64::new(flow);
                if let Some(message) = self.messages.get_mut(flow as usize) {
                    message.received = slice.begin;
                }
            }
            Some(Transfer::ReceivedUnknown) => self.received[slice.thread] = None,
            None if slice.kind == SliceKind::Resumed => self.forget_received(slice.thread),
            None => {}
        }
    }

    fn sent(&mut self, slice: &Slice, flow: u64) {
        let cause = self.received[slice.thread];
        let index = flow as usize;
        if self.messages.len() <= index {
            self.messages.resize(index + 1, Message::default());
        }
        self.messages[index] = Message { cause, sent: slice.begin, received: slice.begin };
        if slice.channel() == Some(self.channel)
            && let Some(number) = slice.message
        {
            self.last = number.get();
            if number.get() == self.number {
                self.start.get_or_insert(flow);
            }
        }
    }

    /// Forgets the causes in the process of `thread`: its threads can have received other messages
    /// while the recording paused.
    fn forget_received(&mut self, thread: ThreadIndex) {
        let threads = &self.catalog.threads;
        let process = threads[thread].process;
        for (received, thread) in self.received.iter_mut().zip(threads) {
            received.take_if(|_| thread.process == process);
        }
    }

    /// The journey of the wanted message; `None` if it was never sent.
    fn journey(&self) -> Option<Journey> {
        let start = self.start?;
        let mut flows = FxHashSet::from_iter([start]);
        let by_flow = (0..).zip(&self.messages);
        for (flow, message) in by_flow.skip_while(|(flow, _)| *flow <= start) {
            if message.cause.is_some_and(|cause| flows.contains(&cause.get())) {
                flows.insert(flow);
            }
        }
        let mut cause = self.messages[start as usize].cause;
        while let Some(flow) = cause {
            flows.insert(flow.get());
            cause = self.messages[flow.get() as usize].cause;
        }
        let messages = || flows.iter().map(|&flow| self.messages[flow as usize]);
        let begin = messages().map(|message| message.sent).min()?;
        let end = messages().map(|message| message.received).max()?;
        let sent = self.messages[start as usize].sent;
        Some(Journey { flows, span: (begin, end), sent })
    }
}

/// The channel and the number of `CHANNEL#NUMBER`.
fn find_channel(
    message: &str,
    catalog: &Catalog,
    selected: &TiSlice<ChannelIndex, bool>,
) -> Result<(ChannelIndex, u64), Error> {
    let parts = message.rsplit_once('#').and_then(|(name, number)| {
        let number = number.parse().ok()?;
        Some((name, number))
    });
    let Some((name, number)) = parts else {
        return Err(Error::NotInRecording(format!(
            "{message:?} is not a message: write a channel and a number, such as jobs#7"
        )));
    };
    match find_channels(name, catalog, |channel| selected[channel])?[..] {
        [channel] => Ok((channel, number)),
        [] => Err(not_found("channel", name, catalog.channels.iter().map(|it| &it.label))),
        _ => Err(Error::NotInRecording(format!(
            "{name:?} is not the name of one channel: there are several; write its name, and select \
             its process with --process"
        ))),
    }
}
