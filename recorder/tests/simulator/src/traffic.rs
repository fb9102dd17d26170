//! Synthetic recordings of threads that send each other messages, with realistic times.

use format::{
    BlockHeader, Event, MAX_RECORD, MessageId, OperationKind, UNBOUNDED, operation_words,
};

/// The shape of a recording.
pub struct Workload {
    /// What the results call it.
    pub name: &'static str,
    /// The number of pairs of a sending and a receiving thread; 0 is one thread that does both.
    pub pairs: u32,
    /// The number of sends and receives.
    pub operations: usize,
    /// Whether every other receive waits for its message. One thread alone cannot.
    pub waits: bool,
}

const OPERATIONS: usize = 4_000_000;

/// The workloads of the benchmarks.
pub const WORKLOADS: [Workload; 4] = [
    Workload { name: "1 thread", pairs: 0, operations: OPERATIONS, waits: false },
    Workload { name: "2 threads", pairs: 1, operations: OPERATIONS, waits: false },
    Workload { name: "16 threads", pairs: 8, operations: OPERATIONS, waits: false },
    Workload {
        name: "16 threads, half of the receives wait",
        pairs: 8,
        operations: OPERATIONS,
        waits: true,
    },
];

/// Ticks in 10 nanoseconds.
const TICKS: u64 = 26;
const START: u64 = 1 << 40;
/// The length of a block, header included.
const BLOCK_BYTES: usize = 64 << 10;

/// A block as its thread leaves it.
pub struct Block {
    /// Its header.
    pub header: BlockHeader,
    /// Its records, one after the other.
    pub records: Vec<u8>,
}

/// The blocks of a recording, in the order in which they are filled.
pub fn blocks(work: &Workload) -> Vec<Block> {
    let mut threads: Vec<_> = (1..=(2 * work.pairs).max(1)).map(Thread::new).collect();
    let mut process = Thread::new(0);
    process.event(&Event::ProcessStarted {
        pid: 1,
        parent: 0,
        ticks: START,
        monotonic_ns: nanoseconds(START),
        wall_ns: 0,
        executable: "synthetic",
        arguments: "",
    });
    for pair in 0..work.pairs.max(1) {
        threads[2 * pair as usize].event(&Event::ChannelCreated {
            channel: pair + 1,
            sender: 2 * pair + 1,
            receiver: 2 * pair + 2,
            site: 1,
            bound: UNBOUNDED,
            message_type: "u64",
            name: "",
        });
    }
    let mut random = Random(1);
    let messages = work.operations as u64 / 2 / u64::from(work.pairs.max(1));
    for message in 1..=messages {
        for pair in threads.chunks_mut(2) {
            let id = MessageId::new(pair[0].number, message).0;
            let (sender, receiver) = (pair[0].number, pair[0].number + 1);
            let waits = work.waits && message % 2 == 0;
            if waits {
                pair[1].pass(&mut random);
                pair[0].time = pair[0].time.max(pair[1].time);
                pair[1].operation(OperationKind::RecvBegin, receiver, 0);
            }
            pair[0].pass(&mut random);
            pair[0].operation(OperationKind::Send, sender, id);
            let sent = pair[0].time;
            let last = pair.len() - 1;
            pair[last].pass(&mut random);
            pair[last].time = pair[last].time.max(sent + (80 + random.below(300)) * TICKS / 10);
            let received = if waits { OperationKind::RecvEnd } else { OperationKind::Recv };
            pair[last].operation(received, receiver, id);
        }
    }
    let mut blocks = process.finish();
    blocks.extend(threads.into_iter().flat_map(Thread::finish));
    blocks.sort_by_key(|(ends, _)| *ends);
    blocks.into_iter().map(|(_, block)| block).collect()
}

/// A thread that writes its records.
struct Thread {
    number: u32,
    time: u64,
    /// When its clock was last paired with the monotonic clock.
    paired: u64,
    records: Vec<u8>,
    /// The full blocks, and when they were filled.
    full: Vec<(u64, Block)>,
}

impl Thread {
    fn new(number: u32) -> Self {
        let time = START + 1_000 * u64::from(number);
        let mut thread = Thread { number, time, paired: 0, records: Vec::new(), full: Vec::new() };
        if number > 0 {
            thread.event(&Event::ThreadStarted { os_id: number.into(), name: "" });
        }
        thread.begin_block();
        thread
    }

    /// Lets 40 to 100 nanoseconds pass until the next operation, and rarely 20 microseconds.
    fn pass(&mut self, random: &mut Random) {
        let pause = if random.below(500) == 0 { 20_000 } else { 0 };
        self.time += (40 + random.below(60) + pause) * TICKS / 10;
    }

    fn operation(&mut self, kind: OperationKind, endpoint: u32, message: u64) {
        if BlockHeader::BYTES + self.records.len() + 48 > BLOCK_BYTES {
            self.end_block();
            self.begin_block();
        } else if self.time - self.paired > 100_000 * TICKS {
            self.pair_clocks();
        }
        let site = 1 + u32::from(kind != OperationKind::Send);
        let words = operation_words(self.time, kind, endpoint, site, message);
        self.records.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }

    fn begin_block(&mut self) {
        if self.number > 0 {
            self.pair_clocks();
            for site in 1..=2 {
                self.event(&Event::Site { site, line: site, column: 1, file: "src/main.rs" });
            }
        }
    }

    fn pair_clocks(&mut self) {
        self.paired = self.time;
        self.event(&Event::Clock { monotonic_ns: nanoseconds(self.time) });
    }

    fn event(&mut self, event: &Event<'_>) {
        let mut record = [0; MAX_RECORD];
        let length = event.encode(self.time, &mut record);
        self.records.extend(&record[..length]);
    }

    fn end_block(&mut self) {
        let header = BlockHeader {
            thread: self.number,
            sequence: self.full.len() as u64,
            ..BlockHeader::default()
        };
        self.full.push((self.time, Block { header, records: std::mem::take(&mut self.records) }));
    }

    fn finish(mut self) -> Vec<(u64, Block)> {
        self.end_block();
        self.full
    }
}

fn nanoseconds(ticks: u64) -> u64 {
    ticks * 10 / TICKS
}

/// Pseudorandom numbers, the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
