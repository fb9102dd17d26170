//! Statistics of channels, threads and synchronization primitives.

use std::collections::HashMap;
use std::sync::Arc;

use format::{Call, Outcome};
use typed_index_collections::TiVec;

use crate::reading::catalog::{
    Catalog, ChannelIndex, PlaceIndex, PrimitiveIndex, Side, Target, ThreadIndex,
};
use crate::reading::{self, Nanos};
use crate::replay::{
    Completed, EndpointChange, Hold, HoldEnd, Listener, Message, RunState, Transition, Use, Wait,
};

pub mod channels;
mod depth;
mod latency;
pub mod primitives;
pub mod threads;
pub(crate) mod turns;

use channels::{BUSY, ChannelStats, User};
pub use depth::Depth;
pub use latency::Latency;
use primitives::PrimitiveStats;
use threads::ThreadStats;
use turns::TurnsOfThread;

/// Collects statistics from a replay, from where the recording is
/// [complete](Catalog::complete_from).
#[derive(Debug)]
pub struct Stats<'a> {
    catalog: &'a Catalog,
    /// By channel.
    pub channels: TiVec<ChannelIndex, ChannelStats>,
    /// By thread.
    pub threads: TiVec<ThreadIndex, ThreadStats>,
    /// By primitive.
    pub primitives: TiVec<PrimitiveIndex, PrimitiveStats>,
    /// The longest wait that ended, sleep not included.
    pub(crate) longest_wait: Option<LongWait>,
    /// All panics, caught or not, also those before the recording is complete.
    pub(crate) panics: Vec<PanicEvent>,
    /// How many messages were never received.
    pub never_received: u64,
    /// Where a thread is in the list of a channel's users.
    users: HashMap<(ChannelIndex, ThreadIndex, Side), u32>,
    /// By thread: the threads that it spawned and joined one at a time.
    pub(crate) turns: TiVec<ThreadIndex, TurnsOfThread>,
    /// By thread, for sends and receives: the latest that was looked up.
    latest: TiVec<ThreadIndex, [Option<(ChannelIndex, u32)>; 2]>,
}

/// A wait that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LongWait {
    pub(crate) thread: ThreadIndex,
    pub(crate) wait: Wait,
    pub(crate) time: Nanos,
}

/// A thread panicked.
#[derive(Clone, Debug)]
pub(crate) struct PanicEvent {
    pub(crate) thread: ThreadIndex,
    pub(crate) time: Nanos,
    pub(crate) place: Option<PlaceIndex>,
    pub(crate) message: Arc<str>,
    /// The locks that it held.
    pub(crate) held: Vec<PrimitiveIndex>,
}

impl<'a> Stats<'a> {
    /// Nothing yet, of a run with this catalog.
    pub fn new(catalog: &'a Catalog) -> Self {
        let threads = catalog.threads.len();
        Stats {
            catalog,
            channels: catalog.channels.iter().map(|_| ChannelStats::default()).collect(),
            threads: catalog.threads.iter().map(|_| ThreadStats::default()).collect(),
            primitives: catalog.primitives.iter().map(|_| PrimitiveStats::default()).collect(),
            longest_wait: None,
            panics: Vec::new(),
            never_received: 0,
            users: HashMap::new(),
            turns: std::iter::repeat_n(TurnsOfThread::default(), threads).collect(),
            latest: std::iter::repeat_n([None; 2], threads).collect(),
        }
    }

    /// What a thread did at one side of a channel.
    #[inline]
    fn user(
        &mut self,
        channel: ChannelIndex,
        thread: ThreadIndex,
        side: Side,
        time: Nanos,
    ) -> &mut User {
        let index = match self.latest[thread][side as usize] {
            Some((known, index)) if known == channel => index,
            _ => self.find_user(channel, thread, side, time),
        };
        &mut users_of(&mut self.channels[channel], side)[index as usize]
    }

    #[inline(never)]
    fn find_user(
        &mut self,
        channel: ChannelIndex,
        thread: ThreadIndex,
        side: Side,
        time: Nanos,
    ) -> u32 {
        let users = users_of(&mut self.channels[channel], side);
        let index = *self.users.entry((channel, thread, side)).or_insert_with(|| {
            users.push(User::new(thread, time.max(self.catalog.complete_from)));
            users.len() as u32 - 1
        });
        self.latest[thread][side as usize] = Some((channel, index));
        index
    }

    /// The depth of a channel as it is shown.
    #[inline]
    fn depth(&self, state: &RunState, channel: ChannelIndex) -> u64 {
        state.channels[channel].depth.min(self.catalog.channels[channel].capacity())
    }

    /// A thread has waited.
    fn waited(&mut self, thread: ThreadIndex, wait: &Wait, end: Nanos) {
        let time = self.add_wait(thread, wait, end);
        let is_longer = time > self.longest_wait.map_or(Nanos::ZERO, |longest| longest.time);
        if is_longer && !wait.is_sleep() {
            self.longest_wait = Some(LongWait { thread, wait: *wait, time });
        }
    }

    /// How long a thread was recorded between these times.
    fn recorded(&self, thread: ThreadIndex, begin: Nanos, end: Nanos) -> Nanos {
        self.catalog.recorded_between(self.catalog.threads[thread].process, begin, end)
    }

    /// Adds a wait; returns how long it lasted while it was recorded.
    fn add_wait(&mut self, thread: ThreadIndex, wait: &Wait, end: Nanos) -> Nanos {
        let (call, target) = (wait.call(), wait.target());
        let time = self.recorded(thread, wait.begin, end);
        self.threads[thread].add_wait(wait, time);
        match target {
            Some(Target::Channel(channel)) => {
                self.user(channel, thread, side_of(call), wait.begin).add_wait(time);
                if call == Call::RecvTimeout {
                    self.channels[channel].timeouts.waits += 1;
                }
            }
            Some(Target::Primitive(primitive)) => {
                let stats = &mut self.primitives[primitive];
                stats.user(thread, end).add_wait(time);
            }
            _ => {}
        }
        time
    }

    fn wait_began(&mut self, thread: ThreadIndex, wait: &Wait) {
        if let Some(Target::Primitive(primitive)) = wait.target() {
            let user = self.primitives[primitive].user(thread, wait.begin);
            user.place = wait.operation.place.or(user.place);
        }
        if let Some(Target::Channel(channel)) = wait.target() {
            let user = self.user(channel, thread, side_of(wait.call()), wait.begin);
            user.use_at(wait.begin, wait.operation.place);
        }
    }

    fn wait_abandoned(&mut self, thread: ThreadIndex, wait: &Wait, until: Option<Nanos>) {
        if let Some(end) = until {
            return self.waited(thread, wait, end.max(wait.begin));
        }
        let end = self.catalog.end_of_thread(thread).max(wait.begin);
        self.add_wait(thread, wait, end);
        if let Some(Target::Channel(channel)) = wait.target() {
            let user = self.user(channel, thread, side_of(wait.call()), wait.begin);
            user.use_at(end, None);
        }
    }

    #[inline]
    fn sent(&mut self, state: &RunState, send: &Completed<'_>, message: &Message) {
        if let Some(wait) = send.wait {
            self.waited(send.thread, wait, send.time);
        }
        let by = Use { time: send.time, thread: send.thread, place: send.operation.place };
        self.handed_over(state, message.channel, by);
    }

    #[inline]
    fn handed_over(&mut self, state: &RunState, channel: Option<ChannelIndex>, by: Use) {
        let Some(channel) = channel else { return };
        let depth = self.depth(state, channel);
        self.threads[by.thread].sent += 1;
        let user = self.user(channel, by.thread, Side::Sender, by.time);
        user.messages += 1;
        user.use_at(by.time, by.place);
        self.channels[channel].sent(by.time, depth);
    }

    #[inline]
    fn received(
        &mut self,
        state: &RunState,
        receive: &Completed<'_>,
        message: Option<&Message>,
        unrecorded_sender: Option<ThreadIndex>,
    ) {
        let Completed { time, thread, operation, wait, .. } = *receive;
        if let Some(wait) = wait {
            self.waited(thread, wait, time);
        }
        let Some(channel) = operation.channel() else { return };
        let depth = self.depth(state, channel);
        if let Some(sender) = unrecorded_sender {
            self.handed_over(state, Some(channel), Use { time, thread: sender, place: None });
        }
        self.threads[thread].received += 1;
        let user = self.user(channel, thread, Side::Receiver, time);
        user.messages += 1;
        user.use_at(time, operation.place);
        let stats = &mut self.channels[channel];
        stats.received(time, depth);
        if let Some(message) = message {
            stats.latency.add(time.since(message.sent));
        }
        for &held in &state.threads[thread].holds {
            self.primitives[held].received(channel);
        }
    }

    /// An operation on a channel is over that transferred no message, or whose message was
    /// received before.
    fn completed_at_channel(&mut self, completed: &Completed<'_>, channel: ChannelIndex) {
        let Completed { time, thread, operation, .. } = *completed;
        let attempt = Use { time, thread, place: operation.place };
        let side = side_of(operation.call);
        let user = self.user(channel, thread, side, time);
        user.use_at(time, operation.place);
        user.refused += u64::from(matches!(operation.outcome, Outcome::Full | Outcome::Empty));
        let begin = completed.wait.map_or(time, |wait| wait.begin);
        let waited = self.recorded(thread, begin, time);
        let stats = &mut self.channels[channel];
        match operation.outcome {
            Outcome::Empty => stats.polling.found_nothing(attempt),
            Outcome::Disconnected if side == Side::Sender => stats.send_disconnected(attempt),
            Outcome::Disconnected => {
                stats.hang_up = Some(attempt);
                stats.after_the_end.found_nothing(attempt);
            }
            Outcome::TimedOut => {
                stats.timeouts.expired += 1;
                // The start of the wait need not be recorded.
                stats.timeouts.waits += u64::from(completed.wait.is_none());
                stats.timeouts.waited += waited;
                stats.timeouts.last = Some(attempt);
                if time.since(begin) < BUSY {
                    stats.polling.found_nothing(attempt);
                }
            }
            _ => {}
        }
    }

    fn completed(&mut self, completed: &Completed<'_>) {
        let &Completed { time, thread, operation, .. } = completed;
        if let Some(wait) = completed.wait {
            self.waited(thread, wait, time);
        }
        match (operation.call, operation.target.and_then(Target::thread)) {
            (Call::Spawn, child) => self.turns[thread].spawned(time, child, operation.place),
            (Call::Join, Some(child)) => {
                let waited = completed.waited().unwrap_or_default();
                self.turns[thread].joined(time, child, operation.place, waited);
            }
            _ => {}
        }
        match completed.operation.target {
            // A select is followed by the operation of the arm that was ready.
            Some(Target::Channel(channel)) if completed.operation.call != Call::Select => {
                self.completed_at_channel(completed, channel);
            }
            Some(Target::Primitive(primitive)) => {
                self.primitives[primitive].user(completed.thread, completed.time);
            }
            _ => {}
        }
    }

    fn acquired(&mut self, acquire: &Completed<'_>, primitive: PrimitiveIndex) {
        self.completed(acquire);
        let stats = &mut self.primitives[primitive];
        stats.acquired += 1;
        let user = stats.user(acquire.thread, acquire.time);
        user.acquired += 1;
        user.place = acquire.operation.place;
    }

    fn hold_ended(&mut self, state: &RunState, primitive: PrimitiveIndex, hold: &Hold, end: Nanos) {
        let recorded = self.recorded(hold.thread, hold.begin, end);
        let waited = state.threads[hold.thread].waited.since(hold.waited);
        let stats = &mut self.primitives[primitive];
        let held = end.since(hold.begin);
        stats.held += held;
        stats.held_at_work += recorded.since(waited);
        stats.user(hold.thread, end).held += held;
    }

    /// Starts anew: what has happened so far does not count.
    fn count_from_here(&mut self, state: &RunState, time: Nanos) {
        let panics = std::mem::take(&mut self.panics);
        *self = Stats { panics, ..Stats::new(self.catalog) };
        for (channel, facts) in self.catalog.channels.iter_enumerated() {
            let known = &state.channels[channel];
            let is_made = known.made.is_some() || facts.senders_before + facts.receivers_before > 0;
            if is_made && known.receiver_gone.is_none() {
                let depth = self.depth(state, channel);
                self.channels[channel].depth.start(time, depth);
            }
        }
    }

    /// The queues are over when the recording is.
    fn finish(&mut self, state: &RunState) {
        for (channel, facts) in self.catalog.channels.iter_enumerated() {
            if state.channels[channel].receiver_gone.is_none() {
                self.channels[channel].depth.pass_to(self.catalog.end_of(facts.process));
            }
        }
        self.threads.iter_mut().for_each(ThreadStats::sort_waits);
    }
}

fn users_of(channel: &mut ChannelStats, side: Side) -> &mut Vec<User> {
    match side {
        Side::Sender => &mut channel.senders,
        Side::Receiver => &mut channel.receivers,
    }
}

fn side_of(call: Call) -> Side {
    if call.is_send() { Side::Sender } else { Side::Receiver }
}

impl Listener for Stats<'_> {
    type Note = ();
    type Error = reading::Error;

    #[inline(always)]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        match transition {
            Transition::Sent { send, message } => self.sent(state, send, message),
            Transition::Received { receive, message, unrecorded_sender } => {
                self.received(state, receive, *message, *unrecorded_sender);
            }
            other => self.on_other(state, other),
        }
        Ok(())
    }
}

impl Stats<'_> {
    fn on_other(&mut self, state: &RunState, transition: &Transition<'_>) {
        match *transition {
            Transition::WaitBegan { thread, wait } => self.wait_began(thread, wait),
            Transition::WaitAbandoned { thread, wait, until } => {
                self.wait_abandoned(thread, wait, until);
            }
            Transition::HandedOver { ref send, message } => {
                let by = Use { time: send.time, thread: send.thread, place: send.operation.place };
                self.handed_over(state, message.channel, by);
            }
            Transition::SendReturned { send: ref completed }
            | Transition::Completed { ref completed, .. }
            | Transition::Released { release: ref completed, .. }
            | Transition::BarrierOpened { arrival: ref completed, .. }
            | Transition::InitializerStarted { started: ref completed, .. } => {
                self.completed(completed);
            }
            Transition::Acquired { ref acquire, primitive, .. } => {
                self.acquired(acquire, primitive)
            }
            Transition::HoldEnded { primitive, hold, end, .. } => {
                let end = match end {
                    HoldEnd::Recorded(end) => end,
                    HoldEnd::Never => self.catalog.end_of_thread(hold.thread),
                    HoldEnd::Inferred(_) => return,
                };
                self.hold_ended(state, primitive, hold, end);
            }
            Transition::InitializerEnded { time, thread, primitive, .. } => {
                self.primitives[primitive].user(thread, time);
            }
            Transition::Endpoint {
                at: Use { time, .. }, change, channel: Some(channel), ..
            } => match change {
                EndpointChange::ChannelCreated => self.channels[channel].depth.set(time, 0),
                EndpointChange::ReceiverDropped
                    if state.channels[channel].receiver_gone.is_some() =>
                {
                    self.channels[channel].depth.set(time, 0);
                }
                _ => {}
            },
            Transition::Panicked { at: Use { time, thread, place }, message } => {
                self.threads[thread].panics += 1;
                let (message, held) = (Arc::clone(message), state.threads[thread].holds.clone());
                self.panics.push(PanicEvent { thread, time, place, message, held });
            }
            Transition::NotReceived { message, .. } if message.paused.is_none() => {
                self.never_received += 1;
            }
            Transition::Resumed { time, process, .. } => {
                // Messages that may have been received meanwhile count no more.
                for (channel, facts) in self.catalog.channels.iter_enumerated() {
                    let is_open = state.channels[channel].receiver_gone.is_none();
                    if facts.process == process && is_open {
                        let depth = self.depth(state, channel);
                        self.channels[channel].depth.correct(time, depth);
                    }
                }
            }
            Transition::CompleteFromHere { time } => self.count_from_here(state, time),
            Transition::Finished => self.finish(state),
            _ => {}
        }
    }
}
