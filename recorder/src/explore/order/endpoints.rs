//! The channels of endpoints.

use std::collections::BTreeMap;

use format::Event;

/// The endpoints of a process, and the channel of each.
#[derive(Debug, Default)]
pub(in crate::explore) struct Endpoints {
    channels: BTreeMap<u32, u32>,
    /// Clones whose channels are to be found, and the endpoints that they are of.
    clones: BTreeMap<u32, u32>,
}

impl Endpoints {
    /// Takes note of the endpoints that are made in an event. The events may come in any order.
    pub(in crate::explore) fn add(&mut self, event: &Event<'_>) {
        match *event {
            Event::ChannelCreated { channel, sender, receiver, .. } => {
                self.channels.extend([(sender, channel), (receiver, channel)]);
            }
            Event::SenderCloned { sender: clone, from, .. }
            | Event::ReceiverCloned { receiver: clone, from, .. } => {
                self.clones.insert(clone, from);
            }
            _ => {}
        }
    }

    /// Finds the channels of clones, after all events.
    pub(in crate::explore) fn resolve(&mut self) {
        // Endpoints are numbered in the order in which they are made.
        for (clone, from) in std::mem::take(&mut self.clones) {
            if let Some(&channel) = self.channels.get(&from) {
                self.channels.insert(clone, channel);
            }
        }
    }

    /// The channel of an endpoint, if the recording has it.
    pub(in crate::explore) fn channel_of(&self, endpoint: u32) -> Option<u32> {
        self.channels.get(&endpoint).copied()
    }
}
