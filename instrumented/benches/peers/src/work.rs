//! The work, and its measurement within a process: std alone, the peer, and std alone again.

use std::hint::black_box;
use std::io::{Write, stdout};
use std::path::Path;
use std::process;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use anyhow::Result;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::clock_getcpuclockid;
use nix::unistd::getppid;
use serde::{Deserialize, Serialize};

use crate::peers::{Peer, Std};

/// Messages between two calls of [`Peer::batch`].
pub const BATCH: u64 = 1000;
/// Batches before the measured ones.
const WARM_UP_BATCHES: u64 = 3;
/// Minimum number of batches of std alone: the clock is too coarse for a few.
const MIN_STD_BATCHES: u64 = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A thousand sends and then a thousand receives, repeatedly.
    OneThread,
    /// A producer and a consumer, each as fast as it can.
    TwoThreads,
}

impl Work {
    pub const ALL: [Work; 2] = [Work::OneThread, Work::TwoThreads];

    pub fn name(self) -> &'static str {
        match self {
            Work::OneThread => "one-thread",
            Work::TwoThreads => "two-threads",
        }
    }
}

/// The measurements of a process. Times are in nanoseconds.
#[derive(Serialize, Deserialize)]
pub struct Measured {
    /// Time added to a send and to a receive, or to a message between two threads.
    pub added: Vec<f64>,
    /// CPU time added to all threads, for all operations together.
    pub added_cpu: f64,
    /// Number of sends and receives.
    pub operations: u64,
    /// CPU time of this process since its start.
    pub whole_cpu: f64,
    /// CPU time of the parent process while the peer was active.
    pub parents_cpu: f64,
}

pub fn measure<P: Peer>(directory: &Path, work: Work, batches: u64) -> Result<Measured> {
    let before = cost(Std, work, batches.max(MIN_STD_BATCHES))?;
    let parents_start = parents_cpu()?;
    let with_peer = cost(P::start(directory)?, work, batches)?;
    let parents_cpu = parents_cpu()? - parents_start;
    let after = cost(Std, work, batches.max(MIN_STD_BATCHES))?;
    let plain = before.times.iter().zip(after.times).map(|(before, after)| (before + after) / 2.0);
    let operations = 2 * BATCH * (WARM_UP_BATCHES + batches);
    let plain_cpu = (before.cpu + after.cpu) / 2.0;
    Ok(Measured {
        added: with_peer.times.iter().zip(plain).map(|(time, plain)| time - plain).collect(),
        added_cpu: (with_peer.cpu - plain_cpu) * operations as f64,
        operations,
        whole_cpu: cpu(UsageWho::RUSAGE_SELF)?,
        parents_cpu,
    })
}

/// The cost of an operation, in nanoseconds.
struct Cost {
    /// Time of a send and of a receive, or of a message between two threads.
    times: Vec<f64>,
    /// CPU time of all threads per operation, until everything is written.
    cpu: f64,
}

fn cost<P: Peer>(peer: P, work: Work, batches: u64) -> Result<Cost> {
    let start = cpu(UsageWho::RUSAGE_SELF)?;
    let times = match work {
        Work::OneThread => {
            one_thread(&peer, WARM_UP_BATCHES);
            let times = one_thread(&peer, batches).to_vec();
            peer.thread_ends();
            times
        }
        Work::TwoThreads => {
            two_threads(&peer, WARM_UP_BATCHES);
            vec![two_threads(&peer, batches)]
        }
    };
    peer.finish()?;
    let operations = 2 * BATCH * (WARM_UP_BATCHES + batches);
    Ok(Cost { times, cpu: (cpu(UsageWho::RUSAGE_SELF)? - start) / operations as f64 })
}

/// Returns the time of a send and of a receive.
fn one_thread<P: Peer>(peer: &P, batches: u64) -> [f64; 2] {
    let (tx, rx) = peer.channel();
    let mut times = [0.0; 2];
    for batch in 0..batches {
        let start = Instant::now();
        let guard = peer.batch();
        for number in numbers(batch) {
            P::send(&tx, black_box(number));
        }
        let sent = Instant::now();
        for number in numbers(batch) {
            black_box(P::receive(&rx, number));
        }
        drop(guard);
        let received = Instant::now();
        times[0] += (sent - start).as_nanos() as f64;
        times[1] += (received - sent).as_nanos() as f64;
    }
    times.map(|time| time / (batches * BATCH) as f64)
}

/// Returns the time of a message: that from the start of the first send to the end of both threads'
/// work, divided by the number of messages.
fn two_threads<P: Peer>(peer: &P, batches: u64) -> f64 {
    let (tx, rx) = peer.channel();
    let ready = Barrier::new(2);
    let producer = || {
        let tx = tx;
        ready.wait();
        let start = Instant::now();
        for batch in 0..batches {
            let _guard = peer.batch();
            for number in numbers(batch) {
                P::send(&tx, black_box(number));
            }
        }
        let end = Instant::now();
        peer.thread_ends();
        (start, end)
    };
    let consumer = || {
        let rx = rx;
        ready.wait();
        for batch in 0..batches {
            let _guard = peer.batch();
            for number in numbers(batch) {
                black_box(P::receive(&rx, number));
            }
        }
        let end = Instant::now();
        peer.thread_ends();
        end
    };
    let (start, sent, received) = thread::scope(|scope| {
        let producer = scope.spawn(producer);
        let received = scope.spawn(consumer).join().expect("the consumer does not panic");
        let (start, sent) = producer.join().expect("the producer does not panic");
        (start, sent, received)
    });
    (sent.max(received) - start).as_nanos() as f64 / (batches * BATCH) as f64
}

fn numbers(batch: u64) -> std::ops::Range<u64> {
    batch * BATCH..(batch + 1) * BATCH
}

/// Works until the process is killed. Writes the id of this process to stdout, and after each batch
/// the total number of operations, each as 8 bytes.
pub fn work_until_killed<P: Peer>(directory: &Path) -> Result<()> {
    let peer = P::start(directory)?;
    let (tx, rx) = peer.channel();
    let mut reports = stdout().lock();
    reports.write_all(&u64::from(process::id()).to_le_bytes())?;
    for batch in 0.. {
        let guard = peer.batch();
        for number in numbers(batch) {
            P::send(&tx, black_box(number));
        }
        for number in numbers(batch) {
            black_box(P::receive(&rx, number));
        }
        drop(guard);
        reports.write_all(&(2 * BATCH * (batch + 1)).to_le_bytes())?;
        reports.flush()?;
    }
    Ok(())
}

/// Returns the user and system time of all threads, in nanoseconds.
pub fn cpu(who: UsageWho) -> Result<f64> {
    let usage: Usage = getrusage(who)?;
    let both = usage.user_time() + usage.system_time();
    Ok(both.num_nanoseconds() as f64)
}

fn parents_cpu() -> Result<f64> {
    let clock = clock_getcpuclockid(getppid())?;
    Ok(clock.now()?.num_nanoseconds() as f64)
}
