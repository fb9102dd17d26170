//! The figures of a run: what `recorder watch` and `--metrics` show.

use format::Call;
use typed_index_collections::TiVec;

use super::LiveListener;
use crate::reading::catalog::{Catalog, ChannelIndex};
use crate::reading::{self, Nanos};
use crate::replay::{Completed, Listener, Message, RunState, Transition};

mod rate;
mod recent;
mod rows;
pub mod snapshot;

use crate::analysis::stats::Latency;
use rate::Rate;
use recent::RecentLatency;
pub use snapshot::Snapshot;

/// Collects the figures of a run from its transitions. Memory grows with the number of channels,
/// not with that of messages.
#[derive(Debug, Default)]
pub struct Figures {
    channels: TiVec<ChannelIndex, ChannelFigures>,
}

/// The figures of a channel that its [state](crate::replay::ChannelState) does not have.
#[derive(Debug, Default)]
struct ChannelFigures {
    sent: Rate,
    received: Rate,
    /// From the start of each send to the end of its receive.
    latency: Latency,
    recent_latency: RecentLatency,
    /// Operations that found no room or no message, and did not wait.
    refused: u64,
}

impl LiveListener for Figures {
    type Note = ();
    type Attached<'a> = Figures;

    fn attach(mut self, catalog: &Catalog) -> Figures {
        self.channels.resize_with(catalog.channels.len(), ChannelFigures::default);
        self
    }

    fn detach(attached: Figures) -> Self {
        attached
    }
}

impl Listener for Figures {
    type Note = ();
    type Error = reading::Error;

    #[inline]
    fn on(
        &mut self,
        _: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        match transition {
            Transition::Sent { send, message } | Transition::HandedOver { send, message } => {
                if let Some(channel) = message.channel {
                    self.channels[channel].sent.add(send.time);
                }
            }
            Transition::Received { receive, message, .. } => self.received(receive, *message),
            Transition::Completed { completed, .. } => self.completed(completed),
            _ => {}
        }
        Ok(())
    }
}

impl Figures {
    fn received(&mut self, receive: &Completed<'_>, message: Option<&Message>) {
        let Some(channel) = receive.operation.channel() else { return };
        let channel = &mut self.channels[channel];
        channel.received.add(receive.time);
        if let Some(message) = message {
            let latency = receive.time.since(message.sent);
            channel.latency.add(latency);
            channel.recent_latency.add(receive.time, latency);
        }
    }

    fn completed(&mut self, completed: &Completed<'_>) {
        let is_attempt = matches!(completed.operation.call, Call::TrySend | Call::TryRecv);
        if let Some(channel) = completed.operation.channel().filter(|_| is_attempt) {
            self.channels[channel].refused += 1;
        }
    }
}

/// How long ago something was.
fn age(now: Nanos, time: Nanos) -> u64 {
    now.since(time).get()
}
