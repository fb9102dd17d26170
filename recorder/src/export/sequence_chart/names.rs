//! The names and details of the events of a chart.

use format::Call;

use super::builder::{Event, Role};
use super::chart::{ArrowEnd, ArrowStart, MessageArrow};
use crate::reading::Nanos;
use crate::reading::catalog::Catalog;
use crate::timeline::item::{Slice, SliceKind, shorten};

/// Names the events of a chart.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) catalog: &'a Catalog,
    /// Whether the chart has several channels, so that names must include them.
    pub(super) has_several_channels: bool,
}

impl Names<'_> {
    /// The arrow of a message. `event` sends or receives it.
    pub(super) fn message_arrow(
        &self,
        event: &Event,
        from: ArrowStart,
        to: ArrowEnd,
    ) -> MessageArrow {
        const MAX_VALUE: usize = 24;
        let slice = &event.slice;
        let channel = slice.channel().filter(|_| self.has_several_channels);
        MessageArrow {
            channel: channel.map(|channel| self.catalog.channels[channel].label.clone()),
            label: match (&slice.text, slice.message) {
                (Some(value), _) => shorten(value, MAX_VALUE).into_owned(),
                (None, Some(number)) => format!("#{number}"),
                (None, None) => String::new(),
            },
            details: self.details(event),
            from,
            to,
        }
    }

    /// The name of a wait: its verb and its target, without its note. Its bar already shows that
    /// the thread waits.
    pub(super) fn wait_name(&self, slice: &Slice) -> String {
        if let Some(call) = slice.dependency_call(self.catalog) {
            return call;
        }
        let target = slice.target.filter(|_| self.needs_target(slice));
        let label = target.map_or("", |target| self.catalog.label(target));
        let verb = slice.kind.verb();
        if label.is_empty() { verb.to_owned() } else { format!("{verb} {label}") }
    }

    /// The name of an event that is marked.
    pub(super) fn mark_name(&self, slice: &Slice) -> String {
        match slice.kind {
            // The bar of its wait has its name.
            SliceKind::Operation { call: Call::Join, .. } if slice.waited.is_some() => {
                "join returns".to_owned()
            }
            SliceKind::ChannelCreated => format!("new {}", slice.name(self.catalog)),
            _ if self.needs_target(slice) => slice.name(self.catalog),
            _ => Slice { target: None, ..slice.clone() }.name(self.catalog),
        }
    }

    /// Whether the name of an event includes its target. The only channel of a chart is left out.
    fn needs_target(&self, slice: &Slice) -> bool {
        self.has_several_channels || slice.channel().is_none()
    }

    /// A sentence with everything that is known about an event.
    pub(super) fn details(&self, event: &Event) -> String {
        let slice = &event.slice;
        let thread = &self.catalog.threads[slice.thread].name;
        let mut details = format!("{thread}: {}", slice.name(self.catalog));
        if let Some(number) = slice.message {
            details += &format!(" #{number}");
        }
        details += &format!(", {}", slice.begin);
        match event.role {
            Role::Wait(_) if slice.end.is_none() => details += ", never ends",
            Role::Wait(_) => details += &format!(", for {}", self.length(slice)),
            _ => {}
        }
        if let Some(latency) = slice.latency {
            details += &format!(", {latency} after its send began");
        }
        if let Some(place) = slice.place {
            details += &format!(", {}", self.catalog.places[place]);
        }
        details
    }

    /// The length of a slice, until the end of its process or recording if it never ends.
    pub(super) fn length(&self, slice: &Slice) -> Nanos {
        let end = slice.end.unwrap_or_else(|| self.catalog.end_of_thread(slice.thread));
        end.since(slice.begin)
    }
}
