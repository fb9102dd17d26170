//! Collects the events of a chart from the items of a timeline.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::ChartLimits;
use super::assembly::{Assembly, Sent};
use super::chart::{Chart, WaitKind};
use super::lives::Lives;
use crate::analysis::findings::Finding;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::reading::{Nanos, Recording};
use crate::timeline::item::{Ending, Fate, Flow, Item, Slice, SliceKind};

/// Makes a chart, item by item.
#[derive(Debug)]
pub struct ChartBuilder<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) findings: &'a [Finding],
    limits: ChartLimits,
    /// The threads with events in the chart, up to the limit.
    threads: BTreeSet<ThreadIndex>,
    /// The threads with events that are left out.
    hidden_threads: BTreeSet<ThreadIndex>,
    /// The threads that did something, and perhaps nothing that the chart shows.
    active_threads: BTreeSet<ThreadIndex>,
    /// The threads without an event.
    pub(super) lives: Lives,
    /// The first events.
    pub(super) head: Vec<Event>,
    /// The latest events after the head.
    pub(super) tail: VecDeque<Event>,
    /// Number of events between head and tail.
    pub(super) left_out: usize,
    /// A description of the part of the run that was selected.
    pub(super) selection: Option<String>,
    /// The senders of the messages in flight, by their flows.
    senders: FxHashMap<u64, ThreadIndex>,
    /// The messages whose sends are in the chart, by their flows.
    pub(super) sent: FxHashMap<u64, Sent>,
    /// The latest drop of a sender of each channel.
    sender_drops: FxHashMap<ChannelIndex, (ThreadIndex, Nanos)>,
    /// The threads that used the receivers of the channels last.
    pub(super) receivers: FxHashMap<ChannelIndex, ThreadIndex>,
}

/// A slice that is in the chart.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) slice: Slice,
    pub(super) role: Role,
    /// Of a receive: the sender of the message, if it is known. Of a receive that failed because the
    /// last sender was dropped: the thread that dropped it.
    pub(super) by: Option<(ThreadIndex, Nanos)>,
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
            SliceKind::Paused | SliceKind::Resumed => Role::Mark,
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
    /// A builder without items, for a chart of `recording` with these findings.
    pub fn new(recording: &'a Recording, findings: &'a [Finding], limits: ChartLimits) -> Self {
        ChartBuilder {
            catalog: &recording.catalog,
            findings,
            limits,
            threads: BTreeSet::new(),
            hidden_threads: BTreeSet::new(),
            active_threads: BTreeSet::new(),
            lives: Lives::default(),
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
            selection: None,
            senders: FxHashMap::default(),
            sent: FxHashMap::default(),
            sender_drops: FxHashMap::default(),
            receivers: FxHashMap::default(),
        }
    }

    /// Adds an item. Items come in the order in which they are over.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::Flight(flight) => {
                if flight.fate == Fate::Received {
                    return;
                }
                self.senders.remove(&flight.flow);
                if let Some(sent) = self.sent.get_mut(&flight.flow) {
                    sent.lost = (flight.fate == Fate::Lost).then_some(flight.end);
                }
            }
            _ => {}
        }
    }

    fn slice(&mut self, slice: &Slice) {
        if slice.kind == SliceKind::LeftOut {
            // It describes the chart, and is no event of its thread.
            self.selection = Some(slice.name(self.catalog));
            return;
        }
        if !matches!(slice.kind, SliceKind::ThreadStarted | SliceKind::ThreadEnded { .. }) {
            self.active_threads.insert(slice.thread);
        }
        let Some(role) = Role::of(slice) else {
            self.lives.add(slice);
            return;
        };
        self.lives.forget(slice.thread);
        let by = self.follow(slice, role);
        if !self.shows_thread(slice.thread) {
            return;
        }
        if let Role::Send { flow } = role {
            self.sent.insert(flow, Sent::default());
        }
        let event = Event { slice: slice.clone(), role, by };
        if self.head.len() < self.limits.events.div_ceil(2) {
            self.head.push(event);
            return;
        }
        self.tail.push_back(event);
        if self.tail.len() > self.limits.events / 2 {
            self.left_out += 1;
            if let Some(Event { role: Role::Send { flow }, .. }) = self.tail.pop_front() {
                self.sent.remove(&flow);
            }
        }
    }

    /// Follows messages and endpoints from thread to thread, whether the chart shows them or not.
    /// Returns the event that `slice` is a consequence of: see [`Event::by`].
    fn follow(&mut self, slice: &Slice, role: Role) -> Option<(ThreadIndex, Nanos)> {
        let Slice { thread, begin, kind, .. } = *slice;
        let channel = slice.channel()?;
        if kind == SliceKind::ReceiverDropped || kind.call().is_some_and(|call| !call.is_send()) {
            self.receivers.insert(channel, thread);
        }
        match (role, kind) {
            (Role::Send { flow }, _) => {
                self.senders.insert(flow, thread);
                None
            }
            (Role::Receive { flow }, _) => {
                if let Some(sent) = self.sent.get_mut(&flow) {
                    sent.receiver = Some(thread);
                }
                self.senders.remove(&flow).map(|sender| (sender, begin))
            }
            (_, SliceKind::SenderDropped) => {
                self.sender_drops.insert(channel, (thread, begin));
                None
            }
            (_, SliceKind::Operation { call, ending: Ending::Disconnected }) if !call.is_send() => {
                self.sender_drops.get(&channel).copied()
            }
            _ => None,
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
    pub fn finish(mut self) -> Chart<'a> {
        let head_end = head_end(&self.head);
        for thread in std::mem::take(&mut self.active_threads) {
            self.shows_thread(thread);
        }
        let idle_threads = self.lives.choose(&mut self.threads, self.limits.threads);
        let mut events = self.head;
        events.extend(self.tail);
        let lives = self.lives.events(&self.threads);
        if self.left_out == 0 && events.len() + lives.len() <= self.limits.events {
            events.extend(lives);
        }
        let mut lifelines: Vec<_> = self.threads.into_iter().collect();
        lifelines.sort_by_key(|&thread| self.catalog.flow_order.thread_rank(thread));
        // Waits are reported when they are over, but drawn where they begin. Events with equal
        // times keep their order.
        events.sort_by_key(|event| event.slice.begin);
        Assembly {
            catalog: self.catalog,
            findings: self.findings,
            lifelines,
            hidden_threads: self.hidden_threads.len(),
            idle_threads,
            events,
            head_end,
            left_out: self.left_out,
            selection: self.selection,
            sent: self.sent,
            receivers: self.receivers,
        }
        .chart()
    }
}

/// When the last of the first events ends.
pub(super) fn head_end(head: &[Event]) -> Option<Nanos> {
    head.iter().map(|event| event.slice.end.unwrap_or(event.slice.begin)).max()
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
        ] {
            assert_eq!(role(kind, target, None), Some(Role::Mark), "{kind:?}");
        }
        for kind in [ended(Call::Spawn, Ending::Done), SliceKind::Panicked, SliceKind::Span] {
            assert_eq!(role(kind, None, None), None, "{kind:?}");
        }
    }
}
