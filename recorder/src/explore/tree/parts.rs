//! The steps of a trace, divided where two threads meet at a rendezvous channel.
//!
//! A thread that sends or receives there comes to the channel, and goes on once the other one has come, too.
//! The second one does both in one step of the trace. Here each of them comes in a part of its own, and
//! goes on in another one, after both have come. So it makes no difference who comes first, unless a thread
//! tries to send or to receive and sees it.

use std::collections::BTreeMap;

use format::{Call, OperationKind, Outcome, Phase};

use crate::explore::exhaustive::access::{Access, Kind, Object as Accessed, Relation};
use crate::explore::exhaustive::search::{Step, sends_to};
use crate::explore::exhaustive::trace::{Trace, add_process_end};
use crate::explore::order::{Action, Object, Operation, Order};

/// A step of a trace, or a part of it.
#[derive(Debug)]
pub(super) struct Part {
    /// The number of the thread.
    pub(super) thread: u32,
    /// What it does, apart from ends of waits that have no effect of their own.
    pub(super) operations: Vec<Operation>,
    /// The number of the choice, in the last part of its step.
    pub(super) choice: Option<u64>,
    /// For each earlier part, whether it has to come before, also in an order that was not run.
    pub(super) before: Vec<bool>,
    accesses: Vec<Access>,
}

impl Part {
    /// Whether the thread ends with it.
    pub(super) fn ends(&self) -> bool {
        self.accesses.contains(&ends(self.thread))
    }

    /// Whether it has no effect but that the thread waits. In another order it need not wait.
    pub(super) fn only_waits(&self) -> bool {
        let begins = |operation: &Operation| match operation.action {
            Action::Call(kind) => kind.phase() == Phase::Begin,
            _ => false,
        };
        self.accesses.is_empty() && self.operations.iter().all(begins)
    }

    /// The threads that have waited to write until this part, which lets them go on.
    pub(super) fn lets_write(&self) -> impl Iterator<Item = u32> {
        self.accesses.iter().filter_map(|access| match *access {
            Access { object: Accessed::Meeting(thread), kind: Kind::End } => {
                (thread != self.thread).then_some(thread)
            }
            _ => None,
        })
    }
}

/// The parts of a trace, in order.
pub(super) fn parts(trace: &Trace, order: &Order) -> Vec<Part> {
    let steps = trace.steps.len();
    let mut operations = vec![Vec::new(); steps];
    for operation in &order.operations {
        let choice = operation.choice.and_then(|choice| usize::try_from(choice).ok());
        if let Some(operations) = choice.and_then(|choice| operations.get_mut(choice)) {
            operations.push(*operation);
        }
    }
    let mut division = Division {
        trace,
        order,
        operations: &operations,
        parts: Vec::with_capacity(steps),
        last_parts: Vec::with_capacity(steps),
        waiting: BTreeMap::new(),
        let_go: BTreeMap::new(),
    };
    for index in 0..steps {
        division.add_step(index);
    }
    division.parts
}

/// The operation with which a thread comes to a rendezvous channel, whether it has to wait there or not.
fn arrival(order: &Order, operation: &Operation) -> Option<Operation> {
    let Action::Call(kind) = operation.action else { return None };
    if !order.is_rendezvous(operation.object) || kind.phase() == Phase::End {
        return None;
    }
    let of = |kind, message| Operation { action: Action::Call(kind), message, ..*operation };
    match (kind.call(), kind.outcome()) {
        (Call::Send, Outcome::Pending | Outcome::Transferred) => {
            Some(of(OperationKind::Send, operation.message))
        }
        // It would have waited for the end of the last sender, too. Which message it gets is not known yet.
        (Call::Recv, _) => Some(of(OperationKind::Recv, 0)),
        _ => None,
    }
}

struct Division<'a> {
    trace: &'a Trace,
    order: &'a Order,
    /// By step.
    operations: &'a [Vec<Operation>],
    /// The parts so far.
    parts: Vec<Part>,
    /// By step: its last part.
    last_parts: Vec<usize>,
    /// The threads that wait at a rendezvous channel, each with the part in which it came there.
    waiting: BTreeMap<u32, usize>,
    /// Those of them whose wait is over, each with the part that has ended it.
    let_go: BTreeMap<u32, usize>,
}

impl Division<'_> {
    fn add_step(&mut self, index: usize) {
        let step = &self.trace.steps[index];
        let thread = step.thread;
        let operations = &self.operations[index];
        let returns = self.waiting.remove(&thread).is_some();
        let enabling = match self.let_go.remove(&thread) {
            Some(by) => vec![by],
            None => self.enabling(index),
        };
        let ended: Vec<_> =
            self.waiting.keys().copied().filter(|&it| ends_wait(step, it)).collect();
        let mut accesses: Vec<Access> = step
            .accesses
            .iter()
            .filter(|access| match (access.object, access.kind) {
                (Accessed::Process, _) | (Accessed::Meeting(_), Kind::Start) => false,
                (Accessed::Meeting(it), Kind::End) => {
                    !(ended.contains(&it) || returns && it == thread)
                }
                _ => true,
            })
            .copied()
            .collect();
        let first = operations.first();
        let last_part = match first.and_then(|first| arrival(self.order, first)) {
            Some(comes) => self.add_arrival(index, comes, accesses, enabling, &ended),
            None => {
                let learns = first.filter(|first| returns && disconnects(first));
                accesses.extend(learns.and_then(|first| on_channel(first, Kind::Disconnect)));
                let effective = operations.iter().filter(|it| self.has_effect(it)).copied();
                let effective = effective.collect();
                let part = self.add(thread, effective, accesses, Some(index), enabling);
                self.let_go.extend(ended.into_iter().map(|other| (other, part)));
                part
            }
        };
        self.last_parts.push(last_part);
    }

    /// Adds the part in which a thread comes to a rendezvous channel, and unless it waits there, the one in
    /// which it goes on. Returns the last of them. `ended` are the threads whose waits the step ends.
    fn add_arrival(
        &mut self,
        index: usize,
        comes: Operation,
        mut accesses: Vec<Access>,
        enabling: Vec<usize>,
        ended: &[u32],
    ) -> usize {
        let Operation { thread, object, .. } = comes;
        let first = self.operations[index][0];
        let is_send = comes.action == Action::Call(OperationKind::Send);
        let kind = if is_send { Kind::Offer } else { Kind::Await };
        let access = on_channel(&first, kind).into_iter().collect();
        accesses.retain(|it| {
            !matches!(it.kind, Kind::Offer | Kind::Await | Kind::Send(_) | Kind::Receive(_))
        });
        if matches!(first.action, Action::Call(kind) if kind.phase() == Phase::Begin) {
            let part = self.add(thread, vec![comes], access, Some(index), enabling);
            self.waiting.insert(thread, part);
            return part;
        }
        let part = self.add(thread, vec![comes], access, None, enabling);
        let is_transfer = !disconnects(&first);
        // A receiver that waits does not know its message.
        let message = if is_send { 0 } else { first.message };
        let partner = ended.iter().copied().find(|other| {
            let came = self.waiting.get(other).map(|&came| &self.parts[came].operations[0]);
            is_transfer && came.is_some_and(|it| it.object == object && it.message == message)
        });
        let came = partner.and_then(|partner| self.waiting.get(&partner).copied());
        let rest = self.operations[index][usize::from(is_transfer)..].to_vec();
        let goes_on = self.add(thread, rest, accesses, Some(index), came.into_iter().collect());
        for &other in ended {
            let by = if Some(other) == partner { part } else { goes_on };
            self.let_go.insert(other, by);
        }
        goes_on
    }

    /// Adds a part that comes after those of `enabling`. Returns its index.
    fn add(
        &mut self,
        thread: u32,
        operations: Vec<Operation>,
        accesses: Vec<Access>,
        choice: Option<usize>,
        enabling: Vec<usize>,
    ) -> usize {
        let mut accesses: Vec<_> = accesses.into_iter().map(exact).collect();
        add_process_end(thread, &mut accesses);
        let index = self.parts.len();
        let mut before = vec![false; index];
        for (earlier, part) in self.parts.iter().enumerate().rev() {
            let is_before = part.thread == thread
                || enabling.contains(&earlier)
                || depends(&part.accesses, &accesses)
                || sends_to(&part.accesses, &accesses)
                || starts(&part.accesses, thread);
            if is_before && !before[earlier] {
                before[earlier] = true;
                for (one, is_before) in before.iter_mut().zip(&part.before) {
                    *one |= is_before;
                }
            }
        }
        let choice = choice.map(|choice| choice as u64);
        self.parts.push(Part { thread, operations, choice, before, accesses });
        index
    }

    /// Whether an operation has an effect of its own.
    fn has_effect(&self, operation: &Operation) -> bool {
        let Action::Call(kind) = operation.action else { return true };
        match kind {
            OperationKind::SendEnd | OperationKind::RecvEnd => {
                !self.order.is_rendezvous(operation.object)
            }
            _ => kind.call() != Call::Write || kind.phase() != Phase::End,
        }
    }

    /// Earlier parts that made a step possible, as far as its accesses do not show it.
    fn enabling(&self, index: usize) -> Vec<usize> {
        let steps = &self.trace.steps;
        let step = &steps[index];
        let mut enabling = Vec::new();
        for operation in &self.operations[index] {
            let Action::Call(kind) = operation.action else { continue };
            if kind.phase() == Phase::Begin {
                continue;
            }
            match (kind.call(), operation.object) {
                (Call::Send | Call::TrySend, Object::Channel(channel)) => {
                    enabling.extend(self.room_for(index, channel));
                }
                (Call::Scope, _) => {
                    let ended = (0..index).filter(|&it| self.ends_child(it, step.thread));
                    enabling.extend(ended);
                }
                _ => {}
            }
        }
        // After a wait: the step after which the thread could go on.
        let earlier = || (0..index).rev();
        let last = earlier().find(|&it| steps[it].thread == step.thread);
        let last = last.or_else(|| earlier().find(|&it| starts(&steps[it].accesses, step.thread)));
        let waited = |it: &usize| steps[*it].candidates >> step.thread & 1 == 0;
        let enabled = last.and_then(|last| (last + 1..index).rfind(waited));
        match self.operations[index].first().map(|it| it.action) {
            // Time goes by when no thread can go on.
            Some(Action::Call(kind))
                if enabled.is_some()
                    && (kind.outcome() == Outcome::TimedOut || kind.call() == Call::Sleep) =>
            {
                (0..self.parts.len()).collect()
            }
            _ => enabling.into_iter().chain(enabled).map(|step| self.last_parts[step]).collect(),
        }
    }

    /// The receive without which there would be no room for the message that a step sends.
    fn room_for(&self, index: usize, channel: u32) -> Option<usize> {
        let bound = self.order.channels.get(&channel)?.bound?;
        let bound = usize::try_from(bound).ok().filter(|&bound| bound > 0)?;
        let transfers = |index: usize, sends: bool| {
            let transfers = move |operation: &&Operation| match operation.action {
                Action::Call(kind) => {
                    operation.object == Object::Channel(channel)
                        && kind.outcome() == Outcome::Transferred
                        && kind.call().is_send() == sends
                }
                _ => false,
            };
            self.operations[index].iter().filter(transfers).count()
        };
        let sent: usize = (0..=index).map(|index| transfers(index, true)).sum();
        let nth = sent.checked_sub(bound).filter(|&nth| nth > 0)?;
        let receives = (0..index).flat_map(|index| vec![index; transfers(index, false)]);
        receives.into_iter().nth(nth - 1)
    }

    /// Whether a thread that this one has spawned ends in a step.
    fn ends_child(&self, index: usize, parent: u32) -> bool {
        let steps = &self.trace.steps;
        let child = steps[index].thread;
        steps[index].accesses.contains(&ends(child))
            && steps[..index].iter().any(|it| it.thread == parent && starts(&it.accesses, child))
    }
}

/// Whether the wait of another thread ends with a step.
fn ends_wait(step: &Step, thread: u32) -> bool {
    step.thread != thread
        && step.accesses.contains(&Access { object: Accessed::Meeting(thread), kind: Kind::End })
}

/// Whether a thread that receives learns that all senders are gone.
fn disconnects(operation: &Operation) -> bool {
    match operation.action {
        Action::Call(kind) => kind.call() == Call::Recv && kind.outcome() == Outcome::Disconnected,
        _ => false,
    }
}

/// An access to the channel of an operation.
fn on_channel(operation: &Operation, kind: Kind) -> Option<Access> {
    let Object::Channel(channel) = operation.object else { return None };
    Some(Access { object: Accessed::Channel(channel), kind })
}

/// A send into a channel with a limit depends on the receive that made room for it, whether it waited for
/// that or not: see [`Division::enabling`].
fn exact(access: Access) -> Access {
    match access.kind {
        Kind::SendIntoRoom(message) => Access { kind: Kind::Send(message), ..access },
        _ => access,
    }
}

/// Whether a part depends on an earlier one.
fn depends(earlier: &[Access], later: &[Access]) -> bool {
    let depends = |one: &Access, other: &Access| match (one.kind, other.kind) {
        // Only the last reader lets a writer go on: see `Accessed::Meeting`.
        (Kind::Leave, Kind::Announce) | (Kind::Announce, Kind::Leave) => false,
        _ => one.relation(*other) != Relation::Independent,
    };
    earlier.iter().any(|one| later.iter().any(|other| depends(one, other)))
}

/// Whether a thread is spawned with these accesses.
fn starts(accesses: &[Access], thread: u32) -> bool {
    accesses.contains(&Access { object: Accessed::Life(thread), kind: Kind::Start })
}

fn ends(thread: u32) -> Access {
    Access { object: Accessed::Life(thread), kind: Kind::End }
}
