//! Follows the events of a recording in order, owns the state of the run, and reports what changes.
//!
//! This is the one interpreter of a recording: which thread waits for what, which message was handed
//! over when, who holds a lock. The [timeline](crate::timeline), the
//! [statistics](crate::analysis::stats) and the others only listen.
//!
//! The [`RunState`] is a value. A [`Checkpoint`] of it can be kept, and reading resumed there, also
//! where the recording has grown in the meantime.

use std::ops::Range;
use std::sync::Arc;

use format::{Call, Phase, Subject};

pub use crate::ordering::Next;
use crate::ordering::{OrderCheckpoint, OrderedEvent, OrderedEvents};
use crate::reading::catalog::{Catalog, ProcessIndex, Target, ThreadIndex, readable};
use crate::reading::{self, Event, Nanos, Operation, Recording};

mod channels;
mod primitives;
mod state;
mod threads;
mod transition;

pub use state::{
    Cause, ChannelState, EndpointState, Hold, Initializer, Notification, Panic, Parcel, Pause,
    PrimitiveState, ProcessState, RunState, Source, ThreadState, Use, Wait,
};
pub use transition::{Completed, EndpointChange, HoldEnd, Message, Transition};

/// Takes in the changes of a run.
pub trait Listener {
    /// What it notes about each message in flight.
    type Note: Default;
    /// Why it fails.
    type Error: From<reading::Error>;

    /// Takes in a change. `state` is the state after it; `note` is that of its message, if it is
    /// about one.
    ///
    /// # Errors
    /// The listener fails; the replay stops.
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        note: &mut Self::Note,
    ) -> Result<(), Self::Error>;
}

/// A listener's answer to a change.
type Reported<L> = Result<(), <L as Listener>::Error>;

/// A replay of a recording.
///
/// ```
/// use recorder::reading::{self, Recording};
/// use recorder::replay::{Listener, Replay, RunState, Transition};
///
/// struct Sends(usize);
/// impl Listener for Sends {
///     type Note = ();
///     type Error = reading::Error;
///     fn on(&mut self, _: &RunState, change: &Transition, _: &mut ()) -> reading::Result<()> {
///         self.0 += usize::from(matches!(change, Transition::Sent { .. }));
///         Ok(())
///     }
/// }
///
/// let text = "channel-recording version=3\n\
///     block process=0 thread=1 sequence=0 dropped=0\n\
///     10 Send endpoint=1 site=0 detail=1099511627777\n";
/// let recording = Recording::from_bytes(format::text::parse(text).unwrap())?;
/// let (state, Sends(count)) = Replay::new(&recording, Sends(0))?.finish()?;
/// assert_eq!((state.threads.len(), count), (1, 1));
/// # Ok::<_, reading::Error>(())
/// ```
#[derive(Debug)]
pub struct Replay<'a, L: Listener> {
    catalog: &'a Catalog,
    events: OrderedEvents<'a, Flight<L::Note>>,
    state: RunState,
    listener: L,
}

/// A point of a replay at which it can be resumed.
#[derive(Clone, Debug)]
pub struct Checkpoint<N = ()> {
    order: OrderCheckpoint<Flight<N>>,
    state: RunState,
}

impl<N> Checkpoint<N> {
    /// The state at this point.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Makes a recording that grows forget the events before this point. Replays of it can then only
    /// be [resumed](Replay::resume), here or later.
    pub fn forget_earlier(&self, recording: &mut Recording) {
        recording.forget(|thread| self.order.position(thread));
    }
}

/// An operation, or one end of it, at its place in the order.
#[derive(Clone, Copy)]
struct Step<'t> {
    time: Nanos,
    thread: ThreadIndex,
    operation: &'t Operation,
}

impl<'t> Step<'t> {
    fn completed(self, wait: Option<&'t Wait>, cause: Option<Cause>) -> Completed<'t> {
        let Step { time, thread, operation } = self;
        Completed { time, thread, operation, wait, cause }
    }

    fn at(self) -> Use {
        Use { time: self.time, thread: self.thread, place: self.operation.place }
    }
}

impl<'a, L: Listener> Replay<'a, L> {
    /// A replay from the start of `recording`.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn new(recording: &'a Recording, listener: L) -> reading::Result<Self> {
        let events = OrderedEvents::new(recording)?;
        Ok(Replay::with(recording, events, RunState::default(), listener))
    }

    /// A replay from a checkpoint on: of this recording, or of an earlier state of it. `listener`
    /// must be as it was then.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn resume(
        recording: &'a Recording,
        checkpoint: Checkpoint<L::Note>,
        listener: L,
    ) -> reading::Result<Self> {
        let events = OrderedEvents::resume(recording, checkpoint.order)?;
        Ok(Replay::with(recording, events, checkpoint.state, listener))
    }

    fn with(
        recording: &'a Recording,
        events: OrderedEvents<'a, Flight<L::Note>>,
        mut state: RunState,
        listener: L,
    ) -> Self {
        let catalog = &recording.catalog;
        state.extend(catalog);
        state.is_incomplete = recording.is_incomplete();
        Replay { catalog, events, state, listener }
    }

    /// The present point.
    pub fn checkpoint(&self) -> Checkpoint<L::Note>
    where
        L::Note: Clone,
    {
        Checkpoint { order: self.events.checkpoint(), state: self.state.clone() }
    }

    /// The present point, and the listener as it is there.
    pub fn into_checkpoint(self) -> (Checkpoint<L::Note>, L) {
        let Replay { events, state, listener, .. } = self;
        (Checkpoint { order: events.into_checkpoint(), state }, listener)
    }

    /// The time of the latest event.
    pub fn time(&self) -> Nanos {
        self.events.time_and_thread().0
    }

    /// The present state.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// The listener.
    pub fn listener(&mut self) -> &mut L {
        &mut self.listener
    }

    /// The present state, and the listener.
    pub fn parts(&mut self) -> (&RunState, &mut L) {
        (&self.state, &mut self.listener)
    }

    /// Messages that have been sent, or whose sends wait, and that have not been received, in no
    /// particular order.
    pub fn in_flight(&mut self) -> impl Iterator<Item = &Message> {
        self.events.all_in_flight().map(|flight| &flight.message)
    }

    /// The state and the listener, without replaying the rest.
    pub fn into_parts(self) -> (RunState, L) {
        (self.state, self.listener)
    }

    /// Replays the next event, if it is in the recording.
    ///
    /// # Errors
    /// The recording cannot be read, or the listener fails.
    #[inline(always)]
    pub fn step(&mut self) -> Result<Next, L::Error> {
        let next = self.events.next()?;
        if next == Next::Event {
            self.event()?;
            self.events.advance()?;
        }
        Ok(next)
    }

    /// Replays all events that are in the recording; returns whether those are all there will be.
    ///
    /// # Errors
    /// The recording cannot be read, or the listener fails.
    pub fn run(&mut self) -> Result<Next, L::Error> {
        loop {
            let next = self.step()?;
            if next != Next::Event {
                return Ok(next);
            }
        }
    }

    /// Replays all events that are left and reports what is unfinished; returns the last state, in
    /// which threads still wait and locks are still held.
    ///
    /// # Errors
    /// The recording cannot be read, or the listener fails.
    pub fn finish(mut self) -> Result<(RunState, L), L::Error> {
        self.run()?;
        self.end()?;
        Ok((self.state, self.listener))
    }

    #[inline(always)]
    fn event(&mut self) -> Reported<L> {
        let (time, thread) = self.events.time_and_thread();
        if !self.state.is_complete && time >= self.catalog.complete_from {
            self.begin_to_count(time)?;
        }
        if self.state.threads[thread].first.is_none() {
            self.see_thread(time, thread)?;
        }
        let known = &mut self.state.threads[thread];
        known.last = time;
        known.events += 1;
        let Some(operation) = self.events.operation() else { return self.other() };
        known.steps += 1;
        if let Some(wait) = &mut known.wait {
            wait.overtaken.get_or_insert(time);
        }
        let step = Step { time, thread, operation: &operation };
        match operation.call.subject() {
            Subject::Endpoint => self.channel_operation(step),
            Subject::Primitive => self.primitive_operation(step),
            Subject::Thread | Subject::Nothing => self.thread_operation(step),
        }
    }

    /// Reports a change that is not about a message.
    #[inline]
    fn report(&mut self, transition: Transition<'_>) -> Reported<L> {
        self.listener.on(&self.state, &transition, &mut L::Note::default())
    }

    /// Reports that an operation is over that has no transition of its own.
    fn report_completed(&mut self, completed: Completed<'_>, edges: Range<u64>) -> Reported<L> {
        self.report(Transition::Completed { completed, edges })
    }

    /// An event that is no operation.
    #[cold]
    fn other(&mut self) -> Reported<L> {
        let OrderedEvent { time, thread, ref event } = self.events.event();
        let process = self.catalog.threads[thread].process;
        if let Some(wait) = &mut self.state.threads[thread].wait
            && !matches!(event, Event::Logged { .. })
        {
            wait.overtaken.get_or_insert(time);
        }
        match *event {
            Event::ChannelCreated { .. }
            | Event::SenderCloned { .. }
            | Event::ReceiverCloned { .. }
            | Event::SenderDropped { .. }
            | Event::ReceiverDropped { .. } => {
                self.state.threads[thread].steps += 1;
                self.endpoint_event(time, thread, event)
            }
            Event::ThreadStarted
            | Event::Returned { .. }
            | Event::ThreadEnded
            | Event::Panicked { .. }
            | Event::PanicCaught => self.thread_event(time, thread, event),
            Event::Value { message } => {
                let value = text(self.events.text());
                self.state.threads[thread].value = value.map(|value| (message, value));
                Ok(())
            }
            Event::SpanEntered { .. } | Event::SpanExited { .. } | Event::Logged { .. } => {
                if !matches!(event, Event::Logged { .. }) {
                    self.abandon_wait(thread)?;
                }
                let text = self.events.text();
                let traced = Transition::Traced { time, thread, event, text };
                self.listener.on(&self.state, &traced, &mut L::Note::default())
            }
            Event::Operation(_)
            | Event::SelectArm { .. }
            | Event::TaskSpawned { .. }
            | Event::TaskResumed { .. }
            | Event::TaskSuspended { .. }
            | Event::TaskEnded { .. } => Ok(()),
            Event::Paused => {
                let known = &mut self.state.processes[process];
                if !known.is_paused() {
                    known.pauses.push(Pause { from: Some(time), to: None });
                }
                self.report(Transition::Paused { time, thread })
            }
            Event::Resumed => {
                let pauses = &mut self.state.processes[process].pauses;
                let Pause { from, .. } =
                    pauses.pop_if(|pause| pause.to.is_none()).unwrap_or_default();
                pauses.push(Pause { from, to: Some(time) });
                self.resume_recording(process, time, Some(thread), from)
            }
        }
    }

    /// From now on it is not known what a process did while its recording paused.
    fn resume_recording(
        &mut self,
        process: ProcessIndex,
        time: Nanos,
        thread: Option<ThreadIndex>,
        paused: Option<Nanos>,
    ) -> Reported<L> {
        // A flight recorder may have discarded the start of the pause.
        let since = paused.unwrap_or(time);
        self.outdate_messages(process, since);
        self.outdate_parcels(process);
        let primitives = self.state.primitives.iter_mut().zip(&self.catalog.primitives);
        for (primitive, _) in primitives.filter(|(_, facts)| facts.process == process) {
            for hold in &mut primitive.holds {
                hold.paused.get_or_insert(since);
            }
            primitive.initializer.iter_mut().for_each(|it| it.is_outdated = true);
        }
        let threads = self.state.threads.iter_mut().zip(&self.catalog.threads);
        for (thread, _) in threads.filter(|(_, facts)| facts.process == process) {
            thread.holds.clear();
            // It may have given away whatever it had.
            thread.gave_away = Some(time);
            thread.fresh_senders.clear();
            // The end of a wait is recorded during a pause, but not that of one for an initializer.
            if let Some(wait) = thread.wait.as_mut().filter(|it| it.call() == Call::Initialize) {
                wait.overtaken.get_or_insert(since.max(wait.begin));
            }
        }
        self.report(Transition::Resumed { time, process, thread, paused })
    }

    fn begin_wait(&mut self, Step { time, thread, operation }: Step<'_>) -> Reported<L> {
        self.abandon_wait(thread)?;
        let wait = Wait { begin: time, operation: *operation, handed_over: None, overtaken: None };
        if let Some(primitive) = operation.target.and_then(Target::primitive) {
            self.state.primitives[primitive].begin_wait(time, thread);
        }
        self.state.threads[thread].wait = Some(wait);
        self.report(Transition::WaitBegan { thread, wait: &wait })
    }

    /// Ends the thread's wait, if the step is its end.
    #[inline(always)]
    fn take_wait(&mut self, step: Step<'_>) -> Option<Wait> {
        if step.operation.phase == Phase::End { self.take_waited(step) } else { None }
    }

    #[inline(never)]
    fn take_waited(&mut self, Step { time, thread, operation }: Step<'_>) -> Option<Wait> {
        // A start and an end that do not match enclose others that were not recorded. Only the end of
        // a select has a target: the channel of the arm that was ready.
        let Operation { call, target, .. } = *operation;
        let is_its = |wait: &mut Wait| {
            wait.call() == call && (wait.target() == target || call == Call::Select)
        };
        let wait = self.state.threads[thread].wait.take_if(is_its)?;
        self.wait_is_over(thread, &wait, time);
        Some(wait)
    }

    fn wait_is_over(&mut self, thread: ThreadIndex, wait: &Wait, time: Nanos) {
        if let Some(primitive) = wait.target().and_then(Target::primitive) {
            self.state.primitives[primitive].end_wait(time, thread);
        }
        if !wait.is_sleep() {
            let process = self.catalog.threads[thread].process;
            let waited = self.catalog.recorded_between(process, wait.begin, time);
            self.state.threads[thread].waited += waited;
        }
    }

    /// Ends the thread's wait, if it has one: its end was not recorded.
    fn abandon_wait(&mut self, thread: ThreadIndex) -> Reported<L> {
        let Some(wait) = self.state.threads[thread].wait.take() else { return Ok(()) };
        let process = self.catalog.threads[thread].process;
        let end = self.catalog.processes[process].recorded_until;
        let handed_over = wait.handed_over.map(|(time, _)| time);
        let until = wait.overtaken.map(|time| time.max(handed_over.unwrap_or(wait.begin)));
        self.wait_is_over(thread, &wait, until.unwrap_or(end));
        self.report(Transition::WaitAbandoned { thread, wait: &wait, until })
    }

    /// Reports what is unfinished when the recording is over.
    fn end(&mut self) -> Reported<L> {
        let catalog = self.catalog;
        if !self.state.is_complete {
            self.begin_to_count(catalog.complete_from)?;
        }
        // The waits go on.
        let still_waiting =
            |known: &PrimitiveState| (known.waiters.clone(), known.wake_ups.clone());
        let waiting: Vec<_> = self.state.primitives.iter().map(still_waiting).collect();
        for (thread, facts) in catalog.threads.iter_enumerated() {
            let pause = self.state.processes[facts.process].open_pause();
            if let (Some(wait), Some(pause)) = (&mut self.state.threads[thread].wait, pause) {
                let paused = pause.from.unwrap_or_default();
                wait.overtaken.get_or_insert(paused.max(wait.begin));
            }
            let before = self.state.threads[thread].wait;
            self.abandon_wait(thread)?;
            self.state.threads[thread].wait = before;
        }
        for process in catalog.processes.keys() {
            if let Some(pause) = self.state.processes[process].open_pause() {
                self.resume_recording(process, catalog.end, None, pause.from)?;
            }
        }
        self.report(Transition::Finishing)?;
        self.end_holds()?;
        self.end_messages()?;
        for (known, (waiters, wake_ups)) in self.state.primitives.iter_mut().zip(waiting) {
            (known.waiters, known.wake_ups) = (waiters, wake_ups);
        }
        self.report(Transition::Finished)
    }
}

/// A text as it is shown, if there is one.
pub(crate) fn text(text: &str) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| readable(text).into())
}

/// A message in flight, with the listener's note.
#[derive(Clone, Debug, Default)]
struct Flight<N> {
    message: Message,
    note: N,
}

/// Two listeners, of which the second notes nothing.
impl<A: Listener, B: Listener<Note = (), Error = A::Error>> Listener for (A, B) {
    type Note = A::Note;
    type Error = A::Error;

    #[inline]
    fn on(
        &mut self,
        state: &RunState,
        transition: &Transition<'_>,
        note: &mut A::Note,
    ) -> Result<(), A::Error> {
        self.0.on(state, transition, note)?;
        self.1.on(state, transition, &mut ())
    }
}
