//! Makes a chart of the items of a timeline.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::ChartLimits;
use super::chart::{Anchor, ArrowEnd, Chart, EventMark, LeftOut, MessageArrow, WaitBar, WaitKind};
use super::names::Names;
use crate::reading::catalog::{Catalog, ThreadIndex};
use crate::reading::{Nanos, Recording};
use crate::timeline::item::{Ending, Fate, Flow, Item, Slice, SliceKind};

/// Makes a chart, item by item.
#[derive(Debug)]
pub struct ChartBuilder<'a> {
    catalog: &'a Catalog,
    limits: ChartLimits,
    /// The threads with events, up to the limit.
    threads: BTreeSet<ThreadIndex>,
    /// The threads with events that are left out.
    hidden_threads: BTreeSet<ThreadIndex>,
    /// The first events.
    head: Vec<Event>,
    /// The latest events after the head.
    tail: VecDeque<Event>,
    /// Number of events between head and tail.
    left_out: usize,
    /// Whether the messages whose sends are kept are known to be lost, by their flows.
    lost: FxHashMap<u64, bool>,
}

/// A slice that is in the chart.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) slice: Slice,
    pub(super) role: Role,
}

/// How an event is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The start of the arrow of the message with this flow.
    Send { flow: u64 },
    /// The end of the arrow of the message with this flow.
    Receive { flow: u64 },
    /// A bar.
    Wait(WaitKind),
    /// A mark.
    Mark,
}

impl Role {
    /// The role of a slice; `None` if it is not in the chart.
    fn of(slice: &Slice) -> Option<Role> {
        let role = match slice.kind {
            SliceKind::Paused | SliceKind::Resumed | SliceKind::LeftOut => Role::Mark,
            _ if slice.channel().is_none() => {
                return slice.is_wait().then_some(Role::Wait(WaitKind::Other));
            }
            // The arrow already shows that the message was handed over.
            SliceKind::Returning { .. } => return None,
            SliceKind::Wait { call, .. } if call.is_send() => Role::Wait(WaitKind::Room),
            SliceKind::Wait { .. } => Role::Wait(WaitKind::Message),
            SliceKind::Operation { ending: Ending::Transferred, .. } => match &slice.flow {
                Some(Flow::Out(flows)) => Role::Send { flow: flows.start },
                Some(Flow::In(flow)) => Role::Receive { flow: *flow },
                None => Role::Mark,
            },
            _ => Role::Mark,
        };
        Some(role)
    }
}

impl<'a> ChartBuilder<'a> {
    /// A builder without items, for a chart of `recording`.
    pub fn new(recording: &'a Recording, limits: ChartLimits) -> Self {
        ChartBuilder {
            catalog: &recording.catalog,
            limits,
            threads: BTreeSet::new(),
            hidden_threads: BTreeSet::new(),
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
            lost: FxHashMap::default(),
        }
    }

    /// Adds an item. Items come in the order in which they are over.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::Flight(flight) => {
                if let Some(is_lost) = self.lost.get_mut(&flight.flow) {
                    *is_lost = flight.fate == Fate::Lost;
                }
            }
            _ => {}
        }
    }

    fn slice(&mut self, slice: &Slice) {
        let Some(role) = Role::of(slice) else { return };
        if !self.shows_thread(slice.thread) {
            return;
        }
        if let Role::Send { flow } = role {
            self.lost.insert(flow, false);
        }
        let event = Event { slice: slice.clone(), role };
        if self.head.len() < self.limits.events.div_ceil(2) {
            self.head.push(event);
            return;
        }
        self.tail.push_back(event);
        if self.tail.len() > self.limits.events / 2 {
            self.left_out += 1;
            if let Some(Event { role: Role::Send { flow }, .. }) = self.tail.pop_front() {
                self.lost.remove(&flow);
            }
        }
    }

    /// Whether the chart shows a thread with events. The first threads are shown, up to the limit.
    fn shows_thread(&mut self, thread: ThreadIndex) -> bool {
        if self.threads.contains(&thread) {
            return true;
        }
        let has_room = self.threads.len() < self.limits.threads;
        let set = if has_room { &mut self.threads } else { &mut self.hidden_threads };
        set.insert(thread);
        has_room
    }

    /// The chart of all items.
    pub fn finish(self) -> Chart<'a> {
        let head_end = self.head.iter().map(|Event { slice, .. }| slice.end.unwrap_or(slice.begin));
        let head_end = head_end.max();
        let mut events = self.head;
        events.extend(self.tail);
        // Waits are reported when they are over, but drawn where they begin. Events with equal
        // times keep their order.
        events.sort_by_key(|event| event.slice.begin);

        let channels: BTreeSet<_> =
            events.iter().filter_map(|event| event.slice.channel()).collect();
        let names = Names { catalog: self.catalog, has_several_channels: channels.len() > 1 };
        let lifelines: Vec<_> = self.threads.into_iter().collect();
        let (rows, anchors) = place(self.catalog, &lifelines, &events);
        let mut chart = Chart {
            catalog: self.catalog,
            messages: Vec::new(),
            waits: Vec::new(),
            marks: Vec::new(),
            left_out: LeftOut {
                events: self.left_out,
                row: rows.partition_point(|&time| head_end.is_some_and(|end| time <= end)),
                threads: self.hidden_threads.len(),
            },
            channels: channels.into_iter().collect(),
            lifelines,
            rows,
        };
        // The indices in `chart.messages` of the messages whose sends are in the chart.
        let mut sent = FxHashMap::default();
        for (index, (event, &at)) in events.iter().zip(&anchors).enumerate() {
            let slice = &event.slice;
            match event.role {
                Role::Send { flow } => {
                    let is_lost = self.lost.get(&flow) == Some(&true);
                    let to = if is_lost { ArrowEnd::Lost } else { ArrowEnd::NotShown };
                    sent.insert(flow, chart.messages.len());
                    chart.messages.push(names.message_arrow(event, Some(at), to));
                }
                Role::Receive { flow } => {
                    let to = ArrowEnd::Received(at);
                    if let Some(&index) = sent.get(&flow) {
                        let arrow: &mut MessageArrow = &mut chart.messages[index];
                        arrow.to = to;
                        arrow.details += &format!("; {}", names.details(event));
                    } else {
                        chart.messages.push(names.message_arrow(event, None, to));
                    }
                }
                Role::Wait(kind) => chart.waits.push(WaitBar {
                    begin: at,
                    end: slice.end.map(|end| wait_end(&chart.rows, &anchors, index, end)),
                    kind,
                    name: names.wait_name(slice),
                    details: names.details(event),
                    length: names.length(slice),
                }),
                Role::Mark => chart.marks.push(EventMark {
                    at,
                    name: names.mark_name(slice),
                    details: names.details(event),
                }),
            }
        }
        chart
    }
}

/// Returns the times of the rows and the anchor of each event.
fn place(
    catalog: &Catalog,
    lifelines: &[ThreadIndex],
    events: &[Event],
) -> (Vec<Nanos>, Vec<Anchor>) {
    let mut rows = Vec::new();
    let mut anchors: Vec<Anchor> = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let Slice { begin: time, thread, .. } = event.slice;
        if index == 0 || !is_handed_over(catalog, &events[index - 1], event) {
            rows.push(time);
        }
        anchors.push(Anchor {
            lifeline: lifelines.partition_point(|&other| other < thread),
            row: rows.len() - 1,
            time,
        });
    }
    (rows, anchors)
}

/// Whether `next` receives the message that `event` sends, and was already waiting for it.
fn is_handed_over(catalog: &Catalog, event: &Event, next: &Event) -> bool {
    let (Role::Send { flow: sent }, Role::Receive { flow: received }) = (event.role, next.role)
    else {
        return false;
    };
    let channel = next.slice.channel();
    let is_rendezvous = channel.is_some_and(|channel| catalog.channels[channel].is_rendezvous());
    sent == received && (is_rendezvous || next.slice.waited.is_some())
}

/// Where the wait with this index ends: at the next event of its thread or, if that is left out, at
/// the next row.
fn wait_end(rows: &[Nanos], anchors: &[Anchor], index: usize, end: Nanos) -> Anchor {
    let lifeline = anchors[index].lifeline;
    let first = anchors.partition_point(|anchor| anchor.time < end).max(index + 1);
    // A wait ends a nanosecond before the event that ends it.
    let mut ending = anchors[first..].iter().take_while(|at| at.time <= end.after());
    ending.find(|anchor| anchor.lifeline == lifeline).copied().unwrap_or(Anchor {
        lifeline,
        row: rows.partition_point(|&time| time < end),
        time: end,
    })
}

#[cfg(test)]
mod tests {
    use format::Call;

    use super::*;
    use crate::reading::catalog::{PrimitiveIndex, Target};

    fn role(kind: SliceKind, target: Option<Target>, flow: Option<Flow>) -> Option<Role> {
        let instant = Slice::instant(ThreadIndex::from(0), Nanos::ZERO, kind);
        let end = Some(Nanos::new(5));
        Role::of(&Slice { target, flow, end, ..instant })
    }

    fn channel() -> Option<Target> {
        Some(Target::Channel(0.into()))
    }

    #[test]
    fn messages_are_arrows() {
        let transferred = |call| SliceKind::Operation { call, ending: Ending::Transferred };
        let sent = role(transferred(Call::TrySend), channel(), Some(Flow::Out(7..8)));
        assert_eq!(sent, Some(Role::Send { flow: 7 }));
        let received = role(transferred(Call::RecvTimeout), channel(), Some(Flow::In(7)));
        assert_eq!(received, Some(Role::Receive { flow: 7 }));
    }

    #[test]
    fn waits_are_bars() {
        let wait = |call, is_full| SliceKind::Wait { call, is_full };
        for (kind, target, expected) in [
            (wait(Call::Recv, false), channel(), Some(WaitKind::Message)),
            (wait(Call::Send, true), channel(), Some(WaitKind::Room)),
            (wait(Call::Send, false), channel(), Some(WaitKind::Room)),
            (wait(Call::Recv, false), None, Some(WaitKind::Other)),
            (
                wait(Call::Lock, false),
                Some(Target::Primitive(PrimitiveIndex::from(0))),
                Some(WaitKind::Other),
            ),
            (wait(Call::Join, false), Some(Target::Thread(0.into())), Some(WaitKind::Other)),
            (wait(Call::Sleep, false), None, None),
            (SliceKind::Returning { call: Call::Send }, channel(), None),
        ] {
            assert_eq!(role(kind, target, None), expected.map(Role::Wait), "{kind:?}");
        }
    }

    #[test]
    fn other_events_of_channels_and_pauses_are_marks() {
        let ended = |call, ending| SliceKind::Operation { call, ending };
        for (kind, target) in [
            (ended(Call::TrySend, Ending::Full), channel()),
            (ended(Call::Recv, Ending::Disconnected), channel()),
            (ended(Call::Recv, Ending::SendNotRecorded), channel()),
            (SliceKind::ChannelCreated, channel()),
            (SliceKind::SenderDropped, channel()),
            (SliceKind::Paused, None),
            (SliceKind::Resumed, None),
            (SliceKind::LeftOut, None),
        ] {
            assert_eq!(role(kind, target, None), Some(Role::Mark), "{kind:?}");
        }
        for kind in [ended(Call::Spawn, Ending::Done), SliceKind::Panicked, SliceKind::Span] {
            assert_eq!(role(kind, None, None), None, "{kind:?}");
        }
    }
}
