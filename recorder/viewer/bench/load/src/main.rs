//! Sends messages from producers to consumers, as fast as they go or at a steady rate.
//!
//! ```text
//! load PAIRS MESSAGES BOUND            each of PAIRS producers sends MESSAGES; BOUND 0: unbounded
//! load PAIRS MESSAGES BOUND PER_SECOND the same, with PER_SECOND operations a second of all threads
//! ```
//!
//! A send is an operation, and so is a receive. Prints to stderr:
//!
//! ```text
//! load: starts at UNIX_NS ns
//! load: OPERATIONS operations in NS ns, CPU_NS ns of processor time
//! ```
//!
//! The processor time is that of the loops that send and receive.

use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};
use std::thread::{sleep, Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

/// A paced producer sends a burst and then sleeps for the rest of this time.
const BURST_INTERVAL: Duration = Duration::from_millis(1);

enum Output {
    Unbounded(Sender<u64>),
    Bounded(SyncSender<u64>),
}

impl Output {
    fn send(&self, message: u64) {
        match self {
            Output::Unbounded(sender) => sender.send(message),
            Output::Bounded(sender) => sender.send(message),
        }
        .expect("the consumer lives until the producer ends");
    }
}

fn main() {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let mut next = || arguments.next();
    let (Some(pairs), Some(messages), Some(bound)) = (next(), next(), next()) else {
        panic!("usage: load PAIRS MESSAGES BOUND [PER_SECOND]");
    };
    let operations = pairs * messages * 2;
    let per_burst =
        next().map(|rate| rate as f64 / 2.0 / pairs as f64 * BURST_INTERVAL.as_secs_f64());

    let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    eprintln!("load: starts at {} ns", unix.as_nanos());
    let start = Instant::now();
    let mut threads = Vec::new();
    for pair in 0..pairs {
        let (output, input) = pair_of(bound);
        threads
            .push(spawn(format!("producer-{pair}"), move || produce(&output, messages, per_burst)));
        threads.push(spawn(format!("consumer-{pair}"), move || consume(&input)));
    }
    let processor: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let elapsed = start.elapsed().as_nanos();
    eprintln!("load: {operations} operations in {elapsed} ns, {processor} ns of processor time");
}

fn pair_of(bound: u64) -> (Output, Receiver<u64>) {
    if bound == 0 {
        let (sender, receiver) = channel();
        (Output::Unbounded(sender), receiver)
    } else {
        let (sender, receiver) = sync_channel(bound as usize);
        (Output::Bounded(sender), receiver)
    }
}

/// Spawns a thread that returns the processor time of `body`, in nanoseconds.
fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> JoinHandle<u64> {
    let measured = move || {
        let before = processor_time();
        body();
        processor_time() - before
    };
    Builder::new().name(name).spawn(measured).expect("a thread can be started")
}

fn produce(output: &Output, messages: u64, per_burst: Option<f64>) {
    let Some(per_burst) = per_burst else {
        (0..messages).for_each(|message| output.send(message));
        return;
    };
    let start = Instant::now();
    let mut sent = 0;
    for burst in 1.. {
        let due = ((f64::from(burst) * per_burst) as u64).min(messages);
        (sent..due).for_each(|message| output.send(message));
        sent = due;
        if sent == messages {
            return;
        }
        sleep((start + BURST_INTERVAL * burst).saturating_duration_since(Instant::now()));
    }
}

fn consume(input: &Receiver<u64>) {
    let sum = input.iter().fold(0, u64::wrapping_add);
    std::hint::black_box(sum);
}

/// The processor time of this thread so far, in nanoseconds.
fn processor_time() -> u64 {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedule.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default()
}
