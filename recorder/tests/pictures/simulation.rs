use std::collections::VecDeque;
use std::fmt::Write;
use std::iter;

use format::{MessageId, UNBOUNDED};
use proptest::prelude::*;
use recorder::reading::Recording;

/// A recording of programs that ran in the simulation.
#[derive(Clone, Debug)]
pub(crate) struct Simulated {
    /// Each block in its text form.
    pub(crate) blocks: Vec<String>,
    /// Whether all threads of a process have the same clock.
    pub(crate) clocks_agree: bool,
}

impl Simulated {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let lines = iter::once(format::text::heading() + "\n").chain(self.blocks.iter().cloned());
        format::text::parse(&lines.collect::<String>()).expect("the text is a recording's")
    }

    pub(crate) fn recording(&self) -> Recording {
        Recording::from_bytes(self.bytes()).expect("the recording can be read")
    }
}

/// Recordings of one or two processes.
pub(crate) fn programs() -> impl Strategy<Value = Simulated> {
    let tape = || prop::collection::vec(any::<u64>(), 0..125);
    (tape(), prop::option::of(tape()), any::<bool>()).prop_map(|(first, second, agree)| {
        let tapes = iter::once(first).chain(second);
        let blocks = (0..).zip(tapes).flat_map(|(process, tape)| run(process, tape, agree));
        Simulated { blocks: blocks.collect(), clocks_agree: agree }
    })
}

/// The same, but some of the blocks are missing.
pub(crate) fn programs_with_gaps() -> impl Strategy<Value = Simulated> {
    (programs(), prop::collection::vec(any::<prop::sample::Index>(), 1..4)).prop_map(
        |(mut simulated, gaps)| {
            for gap in gaps {
                let blocks = &mut simulated.blocks;
                blocks.remove(gap.index(blocks.len()));
                if blocks.is_empty() {
                    break;
                }
            }
            simulated
        },
    )
}

/// Nanoseconds of the monotonic clock when everything begins.
pub(crate) const BEGIN: u64 = 1_000_000;

/// Runs a program whose every decision is read from `tape`; it is cut off where that ends.
fn run(process: u32, tape: Vec<u64>, clocks_agree: bool) -> Vec<String> {
    let mut world = World::new(tape, clocks_agree);
    while !world.tape.is_empty() {
        world.step();
    }
    world.blocks(process)
}

struct World {
    tape: VecDeque<u8>,
    now: u64,
    channels: Vec<Channel>,
    threads: Vec<Thread>,
    endpoints: u32,
}

struct Channel {
    name: String,
    bound: Option<usize>,
    queue: VecDeque<u64>,
    receiver: u32,
    /// The thread that receives; `None` is any, one at a time.
    owner: Option<usize>,
    senders: usize,
    receiver_lives: bool,
    /// Who is about to receive.
    receiving: Option<usize>,
    /// Whether a receiver waits.
    waiting: bool,
}

struct Thread {
    /// How far its clock is ahead.
    skew: u64,
    /// Its recorded events: time, and text without the site.
    events: Vec<(u64, String)>,
    last: u64,
    /// Its senders of each channel.
    senders: Vec<Vec<u32>>,
    messages: u64,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Idle,
    /// The time is taken, the message is not yet in the channel.
    Sending {
        channel: usize,
        endpoint: u32,
        message: u64,
        begun: u64,
        tries: bool,
    },
    /// There is no room.
    Blocked {
        channel: usize,
        endpoint: u32,
        message: u64,
    },
    /// The message is handed over, which is not recorded yet.
    Returning {
        endpoint: u32,
        message: u64,
    },
    /// There is no message.
    Waiting {
        channel: usize,
        timed: bool,
    },
    /// The message is taken, which is not recorded yet.
    Received {
        channel: usize,
        message: u64,
        kind: &'static str,
    },
    Over,
}

impl World {
    fn new(tape: Vec<u64>, clocks_agree: bool) -> Self {
        let mut world = World {
            tape: tape.into_iter().flat_map(u64::to_le_bytes).collect(),
            now: BEGIN,
            channels: Vec::new(),
            threads: Vec::new(),
            endpoints: 0,
        };
        let threads = 2 + world.pick(3);
        let channels = 1 + world.pick(3);
        for _ in 0..threads {
            world.now += 1;
            let skew = 200 + if clocks_agree { 0 } else { world.pick(200) as u64 };
            world.threads.push(Thread {
                skew,
                events: Vec::new(),
                last: 0,
                senders: vec![Vec::new(); channels],
                messages: 0,
                state: State::Idle,
            });
        }
        for channel in 0..channels {
            world.create(channel);
        }
        world
    }

    /// The first thread makes a channel, and a sender for everyone.
    fn create(&mut self, channel: usize) {
        self.now += 1;
        let (sender, receiver) = (self.endpoints + 1, self.endpoints + 2);
        self.endpoints += 2;
        let bound = [None, Some(0), Some(1), Some(3)][self.pick(4)];
        let owner = self.pick(self.threads.len() + 1);
        let name = ["jobs", "jobs", ""][channel].to_owned();
        let event = format!(
            "ChannelCreated channel={} sender={sender} receiver={receiver} bound={} message_type=\"i32\" \
             name=\"{name}\"",
            channel + 1,
            bound.map_or(UNBOUNDED, |bound| bound as u64),
        );
        self.record(0, event);
        self.channels.push(Channel {
            name,
            bound,
            queue: VecDeque::new(),
            receiver,
            owner: (owner < self.threads.len()).then_some(owner),
            senders: 1,
            receiver_lives: true,
            receiving: None,
            waiting: false,
        });
        self.threads[0].senders[channel].push(sender);
        for thread in 1..self.threads.len() {
            self.now += 1;
            let clone = self.clone_sender(0, channel, sender);
            self.threads[thread].senders[channel].push(clone);
        }
    }

    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.tape.pop_front().unwrap_or(0)) % choices
    }

    /// The thread's clock, which does not run back.
    fn clock(&mut self, thread: usize) -> u64 {
        let thread = &mut self.threads[thread];
        thread.last = thread.last.max(self.now + thread.skew);
        thread.last
    }

    fn record(&mut self, thread: usize, event: String) {
        let time = self.clock(thread);
        self.threads[thread].events.push((time, event));
    }

    fn operation(&mut self, thread: usize, kind: &str, endpoint: u32, detail: u64) {
        self.record(thread, format!("{kind} endpoint={endpoint} detail={detail}"));
    }

    fn clone_sender(&mut self, thread: usize, channel: usize, from: u32) -> u32 {
        self.endpoints += 1;
        let sender = self.endpoints;
        self.channels[channel].senders += 1;
        self.record(thread, format!("SenderCloned sender={sender} from={from}"));
        sender
    }

    /// Somebody goes on a little, if it is possible.
    fn step(&mut self) {
        self.now += 1 + self.pick(40) as u64;
        let thread = self.pick(self.threads.len());
        match self.threads[thread].state {
            State::Idle => self.begin(thread),
            State::Sending { channel, endpoint, message, begun, tries } => {
                let (kind, detail) = if !self.channels[channel].receiver_lives {
                    (if tries { "TrySendDisconnected" } else { "SendDisconnected" }, 0)
                } else if self.has_room(channel) {
                    self.channels[channel].queue.push_back(message);
                    (if tries { "TrySend" } else { "Send" }, message)
                } else if tries {
                    ("TrySendFull", 0)
                } else {
                    ("SendBegin", message)
                };
                let event = format!("{kind} endpoint={endpoint} detail={detail}");
                self.threads[thread].events.push((begun, event));
                self.threads[thread].state = match kind {
                    "SendBegin" => State::Blocked { channel, endpoint, message },
                    _ => State::Idle,
                };
            }
            State::Blocked { channel, endpoint, message } => {
                if !self.channels[channel].receiver_lives {
                    self.operation(thread, "SendEndDisconnected", endpoint, 0);
                    self.threads[thread].state = State::Idle;
                } else if self.has_room(channel) {
                    self.channels[channel].queue.push_back(message);
                    self.threads[thread].state = State::Returning { endpoint, message };
                }
            }
            State::Returning { endpoint, message } => {
                self.operation(thread, "SendEnd", endpoint, message);
                self.threads[thread].state = State::Idle;
            }
            State::Waiting { channel, timed } => {
                if let Some(message) = self.take(channel) {
                    let kind = if timed { "RecvTimeoutEnd" } else { "RecvEnd" };
                    self.threads[thread].state = State::Received { channel, message, kind };
                } else if self.channels[channel].senders == 0 {
                    let kind =
                        if timed { "RecvTimeoutEndDisconnected" } else { "RecvEndDisconnected" };
                    self.give_up(thread, channel, kind);
                } else if timed && self.pick(4) == 0 {
                    self.give_up(thread, channel, "RecvTimeoutExpired");
                }
            }
            State::Received { channel, message, kind } => {
                self.operation(thread, kind, self.channels[channel].receiver, message);
                self.channels[channel].receiving = None;
                self.threads[thread].state = State::Idle;
            }
            State::Over => {}
        }
    }

    fn has_room(&self, channel: usize) -> bool {
        let Channel { bound, queue, waiting, .. } = &self.channels[channel];
        match bound {
            None => true,
            Some(0) => *waiting && queue.is_empty(),
            Some(bound) => queue.len() < *bound,
        }
    }

    /// A message from the channel, or in a rendezvous from a sender that waits.
    fn take(&mut self, channel: usize) -> Option<u64> {
        if let Some(message) = self.channels[channel].queue.pop_front() {
            self.channels[channel].waiting = false;
            return Some(message);
        }
        let blocked = self.threads.iter_mut().find_map(|thread| match thread.state {
            State::Blocked { channel: at, endpoint, message } if at == channel => {
                Some((thread, endpoint, message))
            }
            _ => None,
        });
        let (sender, endpoint, message) =
            blocked.filter(|_| self.channels[channel].bound == Some(0))?;
        sender.state = State::Returning { endpoint, message };
        self.channels[channel].waiting = false;
        Some(message)
    }

    fn give_up(&mut self, thread: usize, channel: usize, kind: &str) {
        self.operation(thread, kind, self.channels[channel].receiver, 0);
        self.channels[channel].waiting = false;
        self.channels[channel].receiving = None;
        self.threads[thread].state = State::Idle;
    }

    /// A thread without anything to do begins something.
    fn begin(&mut self, thread: usize) {
        let channel = self.pick(self.channels.len());
        let sender = self.threads[thread].senders[channel].last().copied();
        let Channel { owner, receiver_lives, receiving, .. } = self.channels[channel];
        let may_receive =
            receiver_lives && receiving.is_none() && owner.is_none_or(|owner| owner == thread);
        match (self.pick(16), sender) {
            (action @ 0..7, Some(endpoint)) => {
                self.threads[thread].messages += 1;
                let message = MessageId::new(thread as u32 + 1, self.threads[thread].messages).0;
                let begun = self.clock(thread);
                let tries = action == 6;
                self.threads[thread].state =
                    State::Sending { channel, endpoint, message, begun, tries };
            }
            (action @ 5..14, _) if may_receive => self.begin_receive(thread, channel, action),
            (14, Some(sender)) => {
                let clone = self.clone_sender(thread, channel, sender);
                self.threads[thread].senders[channel].push(clone);
            }
            (15, _) => match self.pick(8) {
                0..6 => {
                    if let Some(endpoint) = self.threads[thread].senders[channel].pop() {
                        self.channels[channel].senders -= 1;
                        self.record(thread, format!("SenderDropped endpoint={endpoint}"));
                    }
                }
                6 if may_receive => {
                    self.channels[channel].receiver_lives = false;
                    let endpoint = self.channels[channel].receiver;
                    self.record(thread, format!("ReceiverDropped endpoint={endpoint}"));
                }
                _ => {
                    self.record(thread, "ThreadEnded".into());
                    self.threads[thread].state = State::Over;
                }
            },
            _ => {}
        }
    }

    fn begin_receive(&mut self, thread: usize, channel: usize, action: usize) {
        let receiver = self.channels[channel].receiver;
        let kind = ["Recv", "TryRecv", "RecvTimeout"][action.saturating_sub(11)];
        if let Some(message) = self.take(channel) {
            self.channels[channel].receiving = Some(thread);
            self.threads[thread].state = State::Received { channel, message, kind };
        } else if self.channels[channel].senders == 0 {
            self.operation(thread, &format!("{kind}Disconnected"), receiver, 0);
        } else if kind == "TryRecv" {
            self.operation(thread, "TryRecvEmpty", receiver, 0);
        } else {
            let timed = kind == "RecvTimeout";
            self.operation(thread, &format!("{kind}Begin"), receiver, if timed { 100 } else { 0 });
            self.channels[channel].receiving = Some(thread);
            self.channels[channel].waiting = true;
            self.threads[thread].state = State::Waiting { channel, timed };
        }
    }

    /// What was recorded, in blocks of which each can be read alone.
    fn blocks(&self, process: u32) -> Vec<String> {
        // Two processes have different clocks, and in one of them it wraps around.
        let rate = u64::from(process) + 1;
        let start = if process == 0 { (1 << 56) - 1000 } else { 12_345 };
        let ticks = |time: u64| start + (time - BEGIN) * rate;
        let name = self.channels.first().map_or("", |channel| channel.name.as_str());
        let mut blocks = vec![format!(
            "block process={process} thread=0 sequence=0 dropped=0\n\
             {start} ProcessStarted pid={} parent=1 ticks={start} monotonic_ns={BEGIN} wall_ns=0 \
             executable=\"/bin/{name}{process}\" arguments=\"{name} --all\"\n\
             {} Clock monotonic_ns={}\n",
            100 + process,
            ticks(BEGIN + 1000),
            BEGIN + 1000,
        )];
        for (thread, Thread { events, .. }) in self.threads.iter().enumerate() {
            if events.is_empty() {
                continue;
            }
            let size = 3 + (thread + events.len()) % 20;
            for (sequence, events) in events.chunks(size).enumerate() {
                blocks.push(block(process, thread, sequence, events, ticks));
            }
        }
        blocks
    }
}

pub(crate) fn block(
    process: u32,
    thread: usize,
    sequence: usize,
    events: &[(u64, String)],
    ticks: impl Fn(u64) -> u64,
) -> String {
    let number = thread + 1;
    let mut block =
        format!("block process={process} thread={number} sequence={sequence} dropped=0\n");
    let mut add = |time: u64, event: &str| {
        writeln!(block, "{} {event}", ticks(time)).expect("a string takes every text");
    };
    let (first, _) = events[0];
    if sequence == 0 {
        let name = ["main", "worker", "worker", ""][thread % 4];
        add(first, &format!("ThreadStarted os_id={} name=\"{name}\"", 100 + thread / 2));
    }
    // Which number means which line differs from block to block.
    for site in 0..3 {
        let line = (site + sequence) % 3 + 10;
        add(first, &format!("Site site={} line={line} column=7 file=\"src/main.rs\"", site + 1));
    }
    for (index, (time, event)) in events.iter().enumerate() {
        let site = (index + thread) % 4;
        let event =
            if event.contains(' ') { format!("{event} site={site}") } else { event.clone() };
        add(*time, &event);
    }
    block
}
