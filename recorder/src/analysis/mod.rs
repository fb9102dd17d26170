//! What a recording says about channels, threads and locks, and about who waits for whom.
//!
//! One pass over the steps in their order keeps, for every thread, channel, sender and lock,
//! what it is doing and what it came to. Memory grows with the number of those and of messages
//! on their way, not with the number of events. [`findings`] judges what is
//! collected here; nothing here does.
//!
//! It works as well on what there is of a recording while the program still runs: then it says
//! how things stand at that moment.

use std::cmp::Reverse;

use anyhow::Result;
use format::Call;

use crate::ordering::Steps;
use crate::reading::Recording;
use crate::reading::catalog::Entities;

pub mod critical_path;
pub mod findings;
mod pass;
pub mod stats;
pub mod wait_for;

use critical_path::Path;
use pass::Pass;
use stats::channels::Channel;
use stats::primitives::{Hold, Primitive};
use stats::senders::Sender;
use stats::threads::{Thread, Wait};
use wait_for::{Because, Belief, Blocked, Edge, Needs, On, Standing, State, WaitFor};

/// What a recording says.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// Who and what there is.
    pub entities: &'a Entities,
    /// In the order of [`Entities::channels`].
    pub channels: Vec<Channel>,
    /// In the order of [`Entities::threads`].
    pub threads: Vec<Thread>,
    /// In the order of [`Entities::primitives`].
    pub primitives: Vec<Primitive>,
    /// In the order of [`Entities::processes`].
    pub processes: Vec<Process>,
    /// All senders, in the order in which they were made.
    pub senders: Vec<Sender>,
    /// Who waits for whom at the end.
    pub wait_for: WaitFor,
    /// The chain of work and waits that determined the length of the run.
    pub path: Path,
    /// Whether events are missing: some could not be recorded, or the recording is damaged.
    pub incomplete: bool,
    /// What is known of threads that are not in the recording.
    pub outsiders: Outsiders,
}

/// What there is to know of a process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Its first thread.
    pub main: Option<usize>,
    /// When its recording paused: it is not known what happened meanwhile.
    pub pauses: Vec<Pause>,
    /// Whether it is known to have ended by itself, and not by a signal.
    pub ended_by_itself: bool,
    /// Threads that were spawned and have not begun.
    unborn: usize,
}

/// A time in which the recording of a process paused, in nanoseconds since the trace's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Its begin; `None` if that is not recorded: a flight recorder forgets what is too old.
    pub from: Option<u64>,
    /// Its end; `None` if it never ended.
    pub to: Option<u64>,
}

impl Process {
    /// Whether its recording has ever paused.
    pub fn is_blind(&self) -> bool {
        !self.pauses.is_empty()
    }

    /// Whether its recording pauses, or did so when it ended.
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// Whether its recording has paused since this time, so that what was so then may not be now.
    pub fn has_paused_since(&self, time: u64) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none_or(|to| to >= time))
    }
}

/// What is known, beside the recording, of threads that are not in it: those that do nothing
/// which `instrumented` records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outsiders {
    /// Nobody has looked.
    Unknown,
    /// Somebody has looked, and there is none.
    None,
    /// There are some.
    Some,
}

/// Follows `recording` from its begin to its end.
///
/// # Errors
/// The recording cannot be read.
pub fn analyse(recording: &Recording, outsiders: Outsiders) -> Result<Analysis<'_>> {
    let mut pass = Pass::new(recording);
    recording.begin("analysing");
    let mut steps = Steps::new(recording)?;
    while let Some(step) = steps.next_step()? {
        pass.step(step);
    }
    Ok(pass.finish(outsiders))
}

impl Analysis<'_> {
    /// When a process ended, or else the trace, in nanoseconds since the trace's start.
    pub fn end_of(&self, process: usize) -> u64 {
        self.entities.end_of(process)
    }

    /// What a thread still waits in at the end, as far as is known.
    pub fn waiting(&self, thread: usize) -> Option<&Wait> {
        let (known, entity) = (&self.threads[thread], &self.entities.threads[thread]);
        let process = &self.processes[entity.process];
        let is_known = known.over.is_none() && entity.dropped == 0;
        let wait = known.wait.as_ref().filter(|wait| is_known && !wait.done);
        wait.filter(|wait| !process.has_paused_since(wait.begin))
    }

    /// The threads that can never go on: those of which the recording suggests it, and of
    /// these those of which it is certain.
    pub fn stuck(&self) -> (Vec<usize>, Vec<usize>) {
        let certain = Belief::Certain { outsiders: self.outsiders != Outsiders::None };
        (self.wait_for.stuck(Belief::Likely), self.wait_for.stuck(certain))
    }
}

impl<'a> Pass<'a> {
    fn finish(mut self, outsiders: Outsiders) -> Analysis<'a> {
        let entities = self.entities;
        for (process, known) in entities.processes.iter().zip(&mut self.processes) {
            let main_is_over = known.main.is_some_and(|main| self.threads[main].over.is_some());
            known.ended_by_itself = process.ended.map_or(main_is_over, |ended| ended.signal == 0);
        }
        for process in 0..self.processes.len() {
            if self.processes[process].is_paused() {
                self.flights_outlast(process, entities.end_of(process));
            }
        }
        for (channel, entity) in self.channels.iter_mut().zip(&entities.channels) {
            if channel.receiver_gone.is_none() {
                channel.depth.pass(entities.end_of(entity.process));
            }
        }
        self.count_unfinished();
        let wait_for = self.wait_for();
        for (thread, entity) in self.threads.iter_mut().zip(&entities.threads) {
            let end = entities.end_of(entity.process);
            // What has not ended lasts until the end.
            if let Some(wait) = thread.wait.filter(|wait| !wait.done) {
                thread.add_wait(wait.call, wait.on, end.saturating_sub(wait.begin));
            }
            thread.waits.sort_by_key(|waits| (Reverse(waits.time), waits.on));
        }
        // The last that did anything is where the run ended.
        let last = (0..self.threads.len()).max_by_key(|&thread| self.threads[thread].last);
        let path = last.map(|last| self.trails.into_path(last, self.threads[last].last));
        Analysis {
            entities,
            channels: self.channels,
            threads: self.threads,
            primitives: self.primitives,
            processes: self.processes,
            senders: self.senders.list,
            wait_for,
            path: path.unwrap_or_default(),
            incomplete: self.incomplete,
            outsiders,
        }
    }

    /// Waits at channels that have not ended last until the end.
    fn count_unfinished(&mut self) {
        for thread in 0..self.threads.len() {
            let Some(wait) = self.threads[thread].wait.filter(|wait| !wait.done) else { continue };
            let On::Channel(channel) = wait.on else { continue };
            let end = self.entities.end_of(self.entities.threads[thread].process);
            let channel = &mut self.channels[channel];
            let sides = match wait.call.is_send() {
                true => &mut channel.senders,
                false => &mut channel.receivers,
            };
            if let Some(side) = sides.iter_mut().find(|side| side.thread == thread) {
                side.add_wait(end.saturating_sub(wait.begin));
                side.seen(end, wait.site);
            }
        }
    }

    fn wait_for(&self) -> WaitFor {
        let process_of: Vec<_> =
            self.entities.threads.iter().map(|thread| thread.process).collect();
        let mut threads: Vec<_> = (0..self.threads.len())
            .map(|thread| Standing {
                process: process_of[thread],
                state: self.state(thread, &process_of),
            })
            .collect();
        // Who was spawned and has not begun is about to do something.
        for (process, known) in self.processes.iter().enumerate() {
            if known.unborn > 0 {
                threads.push(Standing { process, state: State::Free });
            }
        }
        WaitFor { threads }
    }

    fn state(&self, thread: usize, process_of: &[usize]) -> State {
        let known = &self.threads[thread];
        if known.over.is_some() {
            return State::Over;
        }
        let Some(wait) = &known.wait else { return State::Free };
        let entity = &self.entities.threads[thread];
        if wait.timed || wait.done {
            return State::Free;
        }
        // Where events are missing nobody knows what it does.
        if entity.dropped > 0 || self.processes[entity.process].has_paused_since(wait.begin) {
            return State::Free;
        }
        match self.needs(thread, process_of) {
            Some(needs) => State::Blocked(Blocked {
                since: wait.begin,
                call: wait.call,
                on: wait.on,
                site: wait.site,
                needs,
            }),
            None => State::Free,
        }
    }

    /// Whom it takes to end the wait of this thread; `None` if it has been ended, or nobody
    /// knows.
    fn needs(&self, thread: usize, process_of: &[usize]) -> Option<Needs> {
        let wait = self.threads[thread].wait.as_ref()?;
        let anybody = |edges| Some(Needs::Any { edges, anybody: true });
        match (wait.call, wait.on) {
            (Call::Recv, On::Channel(channel)) => {
                let state = &self.channels[channel];
                if state.depth.now > 0 || state.live_senders == 0 || self.is_offered(channel) {
                    return None;
                }
                Some(self.any_sender(channel, process_of))
            }
            (Call::Send, On::Channel(channel)) => {
                let state = &self.channels[channel];
                let bound = self.entities.channels[channel].bound.unwrap_or(u64::MAX);
                if state.receiver_gone.is_some() || state.depth.now < bound {
                    return None;
                }
                Some(self.the_receiver(channel))
            }
            (Call::Lock | Call::Write | Call::Read, On::Primitive(primitive)) => {
                let state = &self.primitives[primitive];
                // Whose release may not be recorded need not hold it.
                let is_known = |hold: &&Hold| {
                    !hold.outdated && self.entities.threads[hold.thread].dropped == 0
                };
                let holder = state.holder.as_ref().filter(is_known);
                let holders = holder.into_iter().chain(state.readers.iter().filter(is_known));
                let mut edges: Vec<_> = holders
                    .map(|hold| Edge {
                        to: hold.thread,
                        because: Because::Holds { site: hold.site },
                    })
                    .collect();
                if wait.call == Call::Read && holder.is_none() {
                    // Who reads does not keep it waiting, but who waits to write does.
                    let writers = (0..self.threads.len()).filter(|&other| {
                        let waits = self.threads[other].wait.as_ref();
                        waits.is_some_and(|w| w.call == Call::Write && w.on == wait.on)
                    });
                    let because = Because::Holds { site: None };
                    edges = writers.map(|to| Edge { to, because }).collect();
                }
                edges.dedup_by_key(|edge| edge.to);
                (!edges.is_empty()).then_some(Needs::All(edges))
            }
            (Call::Join, On::Thread(joined)) => {
                let edges = vec![Edge { to: joined, because: Because::IsJoined }];
                self.threads[joined].over.is_none().then_some(Needs::All(edges))
            }
            (Call::Scope, _) => {
                let mine = |child: usize| {
                    self.threads[child].spawned.is_some_and(|spawned| spawned.thread == thread)
                        && self.threads[child].over.is_none()
                };
                let children = (0..self.threads.len()).filter(|&child| mine(child));
                let because = Because::IsInScope;
                let edges: Vec<_> = children.map(|to| Edge { to, because }).collect();
                // Which of its threads are in the scope is not recorded: at least one is. Nor is
                // which it has spawned while the recording paused.
                let begun = self.threads[thread].first.unwrap_or(0);
                let anybody = self.processes[process_of[thread]].has_paused_since(begun);
                (!edges.is_empty()).then_some(Needs::Any { edges, anybody })
            }
            (Call::Initialize, On::Primitive(primitive)) => {
                let is_known = |&to: &usize| to != thread && self.entities.threads[to].dropped == 0;
                let to = self.primitives[primitive].initializer.filter(is_known)?;
                Some(Needs::All(vec![Edge { to, because: Because::Initializes }]))
            }
            (Call::CondvarWait | Call::BarrierWait | Call::Park, _) => {
                // A notification that came after the wait began may have ended it.
                let moved = match wait.on {
                    On::Primitive(primitive) if wait.call == Call::CondvarWait => {
                        self.primitives[primitive].moved
                    }
                    _ if wait.call == Call::Park => self.threads[thread].unparked,
                    _ => None,
                };
                match moved {
                    Some(moved) if moved.time >= wait.begin => None,
                    _ => anybody(Vec::new()),
                }
            }
            _ => None,
        }
    }

    /// Whether a sender waits for the receiver to take its message.
    fn is_offered(&self, channel: usize) -> bool {
        self.threads.iter().any(|thread| {
            let waits = thread.wait.as_ref();
            waits.is_some_and(|w| w.call == Call::Send && w.on == On::Channel(channel))
        })
    }

    fn any_sender(&self, channel: usize, process_of: &[usize]) -> Needs {
        let mut edges: Vec<Edge> = Vec::new();
        let mut anybody = false;
        let mut known = 0;
        let senders = self.senders.list.iter().enumerate();
        for (index, sender) in senders.filter(|(_, sender)| sender.channel == channel) {
            if sender.dropped.is_some() {
                continue;
            }
            known += 1;
            let (holders, others) = sender.holders(&self.threads, process_of);
            anybody |= others;
            for to in holders {
                if !edges.iter().any(|edge| edge.to == to) {
                    edges.push(Edge { to, because: Because::HasSender(index) });
                }
            }
        }
        // Of some it is not known who made them.
        anybody |= known < self.channels[channel].live_senders;
        Needs::Any { edges, anybody }
    }

    fn the_receiver(&self, channel: usize) -> Needs {
        let state = &self.channels[channel];
        let because = Because::HasReceiver;
        let alive = |thread: &usize| self.threads[*thread].over.is_none();
        // A clone that was not used yet may be with any thread.
        let unused_clones = state.live_receivers > state.receivers.len().max(1) as u64;
        match &state.receivers[..] {
            // Nobody has received yet: it may be with whoever made it, or anywhere.
            [] => {
                let maker = state.made.map(|(_, thread)| thread).filter(alive);
                let edges: Vec<_> = maker.map(|to| Edge { to, because }).into_iter().collect();
                let process = self.entities.channels[channel].process;
                let maker_may_have_given_it = state.made.is_none_or(|(made, maker)| {
                    let known = self.threads.iter().zip(&self.entities.threads).enumerate();
                    let mut others = known.filter(|&(other, (thread, entity))| {
                        entity.process == process && other != maker && thread.over.is_none()
                    });
                    self.threads[maker].gave.is_some_and(|gave| gave > made)
                        || others.any(|(_, (thread, _))| {
                            thread.spawned.is_none_or(|spawned| spawned.time > made)
                        })
                });
                let anybody = maker_may_have_given_it || unused_clones || edges.is_empty();
                Needs::Any { anybody, edges }
            }
            users => {
                let holders = users.iter().map(|side| side.thread).filter(alive);
                let edges: Vec<_> = holders.map(|to| Edge { to, because }).collect();
                let gave = users.iter().any(|side| {
                    self.threads[side.thread].gave.is_some_and(|gave| gave > side.last)
                });
                Needs::Any { anybody: gave || unused_clones || edges.is_empty(), edges }
            }
        }
    }
}
