//! Improves the order of an ordinary recording's operations by their results.
//!
//! Clocks say only roughly when an operation took effect. Its result often says more: messages were
//! sent in the order in which they were received, and who found a channel empty came before the send of
//! the message that was received next.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use format::{Call, OperationKind, Outcome, Phase};

use super::{Action, Object, Operation};

/// An operation, and the id of its message or 0.
pub(super) type Step = (Operation, u64);

/// The indexes of operations in an order that all results allow, as near as possible to the present one.
/// `rendezvous` are the channels that hold no messages.
pub(super) fn linearize(steps: &[Step], rendezvous: &BTreeSet<u32>) -> Vec<usize> {
    let edges = Edges::of(steps, rendezvous).0;
    let mut waits_for = vec![0_u32; steps.len()];
    for (_, after) in &edges {
        waits_for[*after] += 1;
    }
    let mut next: BinaryHeap<_> =
        (0..steps.len()).filter(|&index| waits_for[index] == 0).map(Reverse).collect();
    let mut is_done = vec![false; steps.len()];
    let mut first_left = 0;
    let mut order = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        let Some(Reverse(index)) = next.pop() else {
            // The results contradict each other. The clocks decide.
            while is_done[first_left] {
                first_left += 1;
            }
            next.push(Reverse(first_left));
            continue;
        };
        if std::mem::replace(&mut is_done[index], true) {
            continue;
        }
        order.push(index);
        let start = edges.partition_point(|(before, _)| *before < index);
        for (_, after) in edges[start..].iter().take_while(|(before, _)| *before == index) {
            waits_for[*after] -= 1;
            if waits_for[*after] == 0 {
                next.push(Reverse(*after));
            }
        }
    }
    order
}

/// Pairs of operations of which the first came before the second, in the order of the first.
struct Edges(Vec<(usize, usize)>);

/// The operations on a channel, as far as others depend on them.
#[derive(Default)]
struct Channel {
    /// The last message received.
    received: Option<u64>,
    /// The last operation that found it empty, until a message is received.
    found_empty: Option<usize>,
    sender_drops: Vec<usize>,
    receiver_drop: Option<usize>,
    first_disconnected: Option<usize>,
}

impl Edges {
    fn of(steps: &[Step], rendezvous: &BTreeSet<u32>) -> Self {
        let mut edges = Vec::new();
        let mut last_of_thread: HashMap<u32, usize> = HashMap::new();
        let mut last_of_primitive: HashMap<u32, usize> = HashMap::new();
        let (mut spawns, mut joins) = (HashMap::new(), Vec::new());
        let mut sends: HashMap<u64, usize> = HashMap::new();
        let mut channels: HashMap<u32, Channel> = HashMap::new();
        let of_channel = |object: Object| match object {
            Object::Channel(channel) if !rendezvous.contains(&channel) => Some(channel),
            _ => None,
        };
        for (index, (operation, id)) in steps.iter().enumerate() {
            if sends_now(operation.action) && of_channel(operation.object).is_some() {
                sends.insert(*id, index);
            }
        }
        for (index, (operation, id)) in steps.iter().enumerate() {
            let Operation { thread, action, object, .. } = *operation;
            match last_of_thread.insert(thread, index) {
                Some(last) => edges.push((last, index)),
                None => edges.extend(spawns.get(&thread).map(|&spawn| (spawn, index))),
            }
            if let Object::Primitive(primitive) = object
                && let Some(last) = last_of_primitive.insert(primitive, index)
            {
                edges.push((last, index));
            }
            match (action, object) {
                (Action::Call(OperationKind::Spawn), Object::Thread(child)) => {
                    spawns.insert(child, index);
                }
                (Action::Call(kind), Object::Thread(child))
                    if kind.call() == Call::Join && kind.phase() != Phase::Begin =>
                {
                    joins.push((child, index));
                }
                _ => {}
            }
            let Some(channel) = of_channel(object) else { continue };
            let channel = channels.entry(channel).or_default();
            match action {
                Action::DropSender => channel.sender_drops.push(index),
                Action::DropReceiver => channel.receiver_drop = Some(index),
                Action::Call(kind) if !kind.call().is_send() => match kind.outcome() {
                    Outcome::Transferred => {
                        let send = sends.get(id).copied();
                        edges.extend(send.map(|send| (send, index)));
                        let before = channel.received.replace(*id);
                        let before = before.and_then(|id| sends.get(&id).copied());
                        edges.extend(before.zip(send));
                        edges.extend(channel.found_empty.take().zip(send));
                    }
                    Outcome::Empty | Outcome::TimedOut => channel.found_empty = Some(index),
                    Outcome::Disconnected => {
                        channel.first_disconnected.get_or_insert(index);
                    }
                    _ => {}
                },
                Action::Call(kind) if kind.outcome() == Outcome::Disconnected => {
                    edges.extend(channel.receiver_drop.map(|drop| (drop, index)));
                }
                _ => {}
            }
        }
        for channel in channels.values() {
            let drops = channel.sender_drops.iter();
            edges.extend(drops.copied().zip(channel.first_disconnected.into_iter().cycle()));
        }
        let joined = joins.into_iter().filter_map(|(child, join)| {
            let last = *last_of_thread.get(&child)?;
            Some((last, join))
        });
        edges.extend(joined);
        edges.retain(|(before, after)| before != after);
        edges.sort_unstable();
        edges.dedup();
        Edges(edges)
    }
}

/// Whether an operation puts a message into a channel.
fn sends_now(action: Action) -> bool {
    match action {
        Action::Call(kind) => kind.call().is_send() && kind.outcome() == Outcome::Transferred,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(thread: u32, kind: OperationKind, object: Object, id: u64) -> Step {
        let action = Action::Call(kind);
        let (message, turn, step) = (0, 0, 0);
        let (place, choice) = (None, None);
        (Operation { thread, action, object, place, message, turn, step, choice }, id)
    }

    const JOBS: Object = Object::Channel(1);

    fn order(steps: &[Step]) -> Vec<usize> {
        linearize(steps, &BTreeSet::new())
    }

    #[test]
    fn messages_were_sent_in_the_order_in_which_they_were_received() {
        use OperationKind::{Lock, Recv, Send};
        let lock = Object::Primitive(7);
        let steps = [
            step(1, Send, JOBS, 11),
            step(1, Lock, lock, 0),
            step(2, Send, JOBS, 21),
            step(3, Recv, JOBS, 21),
            step(3, Recv, JOBS, 11),
        ];
        assert_eq!(order(&steps), [2, 0, 1, 3, 4]);
    }

    #[test]
    fn a_channel_was_empty_before_the_next_message_was_sent() {
        use OperationKind::{Recv, Send, TryRecvEmpty};
        let steps = [
            step(1, Send, JOBS, 11),
            step(1, Send, JOBS, 12),
            step(2, TryRecvEmpty, JOBS, 0),
            step(2, Recv, JOBS, 11),
        ];
        assert_eq!(order(&steps), [2, 0, 1, 3]);
    }

    #[test]
    fn the_last_sender_was_dropped_before_its_receiver_noticed() {
        let drop = |thread| {
            let (operation, id) = step(thread, OperationKind::Send, JOBS, 0);
            (Operation { action: Action::DropSender, ..operation }, id)
        };
        let steps = [step(3, OperationKind::RecvDisconnected, JOBS, 0), drop(1), drop(2)];
        assert_eq!(order(&steps), [1, 2, 0]);
    }

    #[test]
    fn where_results_contradict_each_other_clocks_decide() {
        use OperationKind::{Recv, Send};
        let steps = [
            step(1, Send, JOBS, 11),
            step(1, Send, JOBS, 12),
            step(2, Recv, JOBS, 12),
            step(2, Recv, JOBS, 11),
        ];
        assert_eq!(order(&steps).len(), 4);
    }
}
