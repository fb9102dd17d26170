//! What the page has of the orders.

use std::collections::{BTreeMap, HashMap};

use format::{Call, Outcome, Phase};
use serde::Serialize;

use super::names::{Names, Numbers};
use super::run::{TreeRun, TreeStep};
use super::sources::{FileDocument, Lines, name_of};
use super::words::wait_of;
use crate::explore::explorer::FoundOutcome;
use crate::explore::order::{Action, Object, Operation, Order};
use crate::page::SourceReader;

/// A run that was made, and how it came out.
#[derive(Debug)]
pub struct Leaf {
    /// The run.
    pub run: TreeRun,
    /// The index of its outcome.
    pub outcome: usize,
    /// The start of what it printed.
    pub printed: String,
}

/// All orders, for the page.
#[derive(Debug, Serialize)]
pub struct TreeDocument {
    program: String,
    threads: Vec<String>,
    channels: Vec<ChannelDocument>,
    primitives: Vec<PrimitiveDocument>,
    files: Vec<FileDocument>,
    outcomes: Vec<OutcomeDocument>,
    moves: Vec<Move>,
    orders: Vec<OrderDocument>,
}

#[derive(Debug, Serialize)]
struct ChannelDocument {
    label: String,
    bound: Option<u64>,
    /// Number of senders at the start.
    senders: u64,
}

#[derive(Debug, Serialize)]
struct PrimitiveDocument {
    label: String,
    kind: String,
}

#[derive(Debug, Serialize)]
struct OutcomeDocument {
    kind: &'static str,
    title: String,
    chain: Vec<String>,
}

/// A step of a thread. Orders share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct Move {
    thread: usize,
    /// What it does, once that is known: `receives #1 from jobs`.
    does: String,
    /// What the thread is about to do: `receives from jobs`.
    intends: String,
    /// The name of the file, and the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<(String, u32)>,
    /// What it may have to wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<WaitDocument>,
    effects: Vec<Effect>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct WaitDocument {
    verb: &'static str,
    on: Target,
}

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    Channel(usize),
    Primitive(usize),
    Thread(usize),
    Nothing,
}

/// A change of the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
enum Effect {
    Send {
        channel: usize,
        message: u64,
        value: Option<String>,
    },
    /// Comes to a rendezvous channel with a message, and waits there until it is received.
    Offer {
        channel: usize,
        message: u64,
        value: Option<String>,
    },
    Receive {
        channel: usize,
        message: u64,
    },
    /// Comes to a rendezvous channel, and waits there for the first message.
    Take {
        channel: usize,
    },
    CloneSender {
        channel: usize,
    },
    DropSender {
        channel: usize,
    },
    DropReceiver {
        channel: usize,
    },
    Hold {
        primitive: usize,
        shared: bool,
    },
    Release {
        primitive: usize,
    },
    /// Waits for a lock that others can read; nobody else begins to.
    Queue {
        primitive: usize,
    },
    /// Another thread gets the lock that it waits for.
    HandOver {
        primitive: usize,
        thread: usize,
    },
    Spawn {
        thread: usize,
    },
    Panic {},
    End {},
}

/// Orders that differ only in steps that do not affect each other.
#[derive(Debug, Serialize)]
struct OrderDocument {
    outcome: usize,
    /// In the order in which they were run: the move, and the steps that have to come before, apart from
    /// those that come before these.
    steps: Vec<(usize, Vec<usize>)>,
    /// What threads waited for at the end.
    waiting: Vec<usize>,
    printed: String,
}

impl TreeDocument {
    /// The orders of a program, with its source if there is a reader of that.
    pub fn new(
        program: &str,
        leaves: &mut [Leaf],
        outcomes: &[FoundOutcome],
        reader: Option<SourceReader>,
    ) -> Self {
        let mut names = Names::default();
        let numbers: Vec<_> = leaves.iter().map(|leaf| names.add(&leaf.run)).collect();
        let mut senders: BTreeMap<usize, u64> = BTreeMap::new();
        for (leaf, numbers) in leaves.iter().zip(&numbers) {
            for channel in leaf.run.order.channels.keys() {
                let first = leaf.run.order.clones.iter().filter(|it| **it == (None, *channel));
                senders.insert(numbers.channels[channel], 1 + first.count() as u64);
            }
        }
        let files = reader.map_or_else(Vec::new, |reader| {
            let mut lines = Lines::new(reader);
            for leaf in &*leaves {
                for operation in &leaf.run.order.operations {
                    if let Some((file, line)) = own_place(&leaf.run.order, operation) {
                        lines.add(file, line as usize);
                    }
                }
            }
            names.finish(Some(&mut lines));
            lines.files()
        });
        if files.is_empty() {
            names.finish(None);
        }
        let mut moves = Moves::default();
        let orders = leaves.iter_mut().zip(&numbers).map(|(leaf, numbers)| {
            names.rename(&mut leaf.run.order, numbers);
            moves.order(leaf, numbers)
        });
        let orders = orders.collect();
        let outcomes = outcomes.iter().map(|FoundOutcome { outcome, .. }| OutcomeDocument {
            kind: outcome.kind.name(),
            title: outcome.title.clone(),
            chain: outcome.chain.clone(),
        });
        let channels = names.channel_facts.into_iter().enumerate();
        let channels = channels.map(|(channel, facts)| ChannelDocument {
            label: facts.label,
            bound: facts.bound,
            senders: senders.get(&channel).copied().unwrap_or(1),
        });
        let primitives = names.primitive_facts.into_iter();
        TreeDocument {
            program: program.to_owned(),
            threads: names.thread_names,
            channels: channels.collect(),
            primitives: primitives
                .map(|facts| PrimitiveDocument { label: facts.label, kind: facts.kind })
                .collect(),
            files,
            outcomes: outcomes.collect(),
            moves: moves.all,
            orders,
        }
    }
}

/// The file and the line of an operation in the program itself.
fn own_place<'a>(order: &'a Order, operation: &Operation) -> Option<(&'a str, u32)> {
    let place = order.place_of(operation)?;
    let file = &*place.file;
    let is_own = format::fetched_package(file).is_none() && !format::is_in_std(file);
    is_own.then_some((file, place.line))
}

/// The moves of all orders so far.
#[derive(Default)]
struct Moves {
    all: Vec<Move>,
    known: HashMap<Move, usize>,
}

impl Moves {
    fn order(&mut self, leaf: &Leaf, numbers: &Numbers) -> OrderDocument {
        let TreeRun { order, steps } = &leaf.run;
        let describe = Describe { order, numbers };
        let steps = steps.iter().map(|step| {
            let step_move = describe.step(step);
            (self.number(step_move), step.before.clone())
        });
        let steps = steps.collect();
        let waiting = order.waiting();
        let waiting = waiting.map(|it| {
            self.number(describe.step(&TreeStep {
                thread: it.thread,
                operations: vec![*it],
                choices: Vec::new(),
                ends: false,
                before: Vec::new(),
                lets_write: Vec::new(),
            }))
        });
        let waiting = waiting.collect();
        OrderDocument { outcome: leaf.outcome, steps, waiting, printed: leaf.printed.clone() }
    }

    fn number(&mut self, wanted: Move) -> usize {
        *self.known.entry(wanted).or_insert_with_key(|wanted| {
            self.all.push(wanted.clone());
            self.all.len() - 1
        })
    }
}

/// Describes the steps of a run.
struct Describe<'a> {
    order: &'a Order,
    numbers: &'a Numbers,
}

impl Describe<'_> {
    fn step(&self, step: &TreeStep) -> Move {
        let TreeStep { thread, operations, ends, .. } = step;
        let order = self.order;
        let does = operations.iter().map(|it| match self.effect(it) {
            // Which message comes depends on who sends.
            Some(Effect::Take { .. }) if it.message == 0 => order.intention(it),
            _ => order.present(it),
        });
        let mut does: Vec<_> = does.collect();
        let mut effects: Vec<_> = operations.iter().filter_map(|it| self.effect(it)).collect();
        let clones = order.clones.iter().filter_map(|(choice, channel)| {
            let channel = *self.numbers.channels.get(channel)?;
            step.choices.contains(&(*choice)?).then_some(Effect::CloneSender { channel })
        });
        effects.splice(0..0, clones);
        for (writer, object) in &step.lets_write {
            if let (Some(&thread), Target::Primitive(primitive)) =
                (self.numbers.threads.get(writer), self.target(*object))
            {
                does.push(format!("and {} gets it", order.thread_name(*writer)));
                effects.push(Effect::HandOver { primitive, thread });
            }
        }
        if *ends {
            does.push(if does.is_empty() { "ends" } else { "and ends" }.to_owned());
            effects.push(Effect::End {});
        }
        let first = operations.first();
        let place = operations.iter().find_map(|it| own_place(order, it));
        Move {
            thread: self.numbers.threads.get(thread).copied().unwrap_or(0),
            does: does.join(", ").replace(", and", " and"),
            intends: first.map_or_else(|| "ends".to_owned(), |it| order.intention(it)),
            place: place.map(|(file, line)| (name_of(file), line)),
            wait: first.and_then(|it| self.wait(it)),
            effects,
        }
    }

    fn wait(&self, operation: &Operation) -> Option<WaitDocument> {
        let Action::Call(kind) = operation.action else { return None };
        let verb = wait_of(kind.call());
        (!verb.is_empty()).then(|| WaitDocument { verb, on: self.target(operation.object) })
    }

    fn target(&self, object: Object) -> Target {
        let Numbers { threads, channels, primitives } = self.numbers;
        let target = match object {
            Object::Channel(channel) => channels.get(&channel).copied().map(Target::Channel),
            Object::Primitive(it) => primitives.get(&it).copied().map(Target::Primitive),
            Object::Thread(thread) => threads.get(&thread).copied().map(Target::Thread),
            Object::Nothing => None,
        };
        target.unwrap_or(Target::Nothing)
    }

    fn effect(&self, operation: &Operation) -> Option<Effect> {
        let kind = match operation.action {
            Action::Panic { .. } => return Some(Effect::Panic {}),
            Action::DropSender | Action::DropReceiver => {
                let Target::Channel(channel) = self.target(operation.object) else { return None };
                return Some(match operation.action {
                    Action::DropSender => Effect::DropSender { channel },
                    _ => Effect::DropReceiver { channel },
                });
            }
            Action::Call(kind) => kind,
        };
        if kind.phase() == Phase::Begin {
            return match (kind.call(), self.target(operation.object)) {
                (Call::Write, Target::Primitive(primitive)) => Some(Effect::Queue { primitive }),
                _ => None,
            };
        }
        let message = operation.message;
        let is_rendezvous = self.order.is_rendezvous(operation.object);
        match (self.target(operation.object), kind.call(), kind.outcome()) {
            (Target::Channel(channel), call, Outcome::Transferred) => Some(match call.is_send() {
                true if is_rendezvous => {
                    Effect::Offer { channel, message, value: self.value(operation) }
                }
                true => Effect::Send { channel, message, value: self.value(operation) },
                false if is_rendezvous => Effect::Take { channel },
                false => Effect::Receive { channel, message },
            }),
            (Target::Primitive(primitive), call, outcome) => match call {
                Call::Lock | Call::TryLock | Call::Write | Call::TryWrite
                    if outcome != Outcome::Held =>
                {
                    Some(Effect::Hold { primitive, shared: false })
                }
                Call::Read | Call::TryRead if outcome != Outcome::Held => {
                    Some(Effect::Hold { primitive, shared: true })
                }
                Call::Downgrade => Some(Effect::Hold { primitive, shared: true }),
                Call::Unlock | Call::ReadUnlock | Call::WriteUnlock => {
                    Some(Effect::Release { primitive })
                }
                _ => None,
            },
            (Target::Thread(thread), Call::Spawn, _) => Some(Effect::Spawn { thread }),
            _ => None,
        }
    }

    fn value(&self, operation: &Operation) -> Option<String> {
        let Object::Channel(channel) = operation.object else { return None };
        self.order.channels.get(&channel)?.values.get(&operation.message).cloned()
    }
}
