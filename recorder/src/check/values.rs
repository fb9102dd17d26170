//! The values of the messages that were received, in their order.

use std::sync::Arc;

use crate::reading::catalog::ChannelIndex;
use crate::reading::{self, Recording};
use crate::replay::{Listener, Replay, RunState, Transition};

/// The value of a message that was received, if it is recorded, and its channel.
pub(super) type Value = (ChannelIndex, Option<Arc<str>>);

/// The values of all messages that were received, in the order of their receives.
///
/// # Errors
/// The recording cannot be read.
pub(super) fn received(recording: &Recording) -> reading::Result<Vec<Value>> {
    recording.begin("judging");
    let (_, Received(values)) = Replay::new(recording, Received::default())?.finish()?;
    Ok(values)
}

#[derive(Default)]
struct Received(Vec<Value>);

impl Listener for Received {
    type Note = ();
    type Error = reading::Error;

    fn on(
        &mut self,
        _: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        if let Transition::Received { receive, message, .. } = transition
            && let Some(channel) = receive.operation.channel()
        {
            self.0.push((channel, message.and_then(|message| message.value.clone())));
        }
        Ok(())
    }
}
