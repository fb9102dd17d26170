//! Runs the work in turns and prints the figures to stdout, one per line.

use std::fs;
use std::os::unix::process::parent_id;
use std::time::Duration;

use crate::work::{FlatOut, plain, wrapped};

const ROUNDS: usize = 31;

/// Measures all figures under this condition.
pub(crate) fn all(condition: &str) {
    prepare(condition);
    let batches = 100;
    let operations = f64::from(batches) * 1_000.0;
    let mut drain = Vec::new();
    added([("send", operations), ("recv", operations)], || {
        let plain = plain::sends_then_receives(batches);
        let before = recorder_ns();
        let wrapped = wrapped::sends_then_receives(batches);
        drain.extend(recorder_ns().zip(before).map(|(now, then)| (now - then) / operations / 2.0));
        (plain, wrapped)
    });
    if !drain.is_empty() {
        print("drain", &mut drain);
    }
    added([("sync(1024) send", operations), ("sync(1024) recv", operations)], || {
        (plain::sends_then_receives_bounded(batches), wrapped::sends_then_receives_bounded(batches))
    });

    let messages = 100_000;
    for (name, producers) in [("1 producer, 1 consumer", 1), ("4 producers, 1 consumer", 4)] {
        added([(name, messages as f64)], || {
            (
                [plain::producers_and_consumer(producers, messages)],
                [wrapped::producers_and_consumer(producers, messages)],
            )
        });
    }
    added([("sync(1024), 2 threads", messages as f64)], || {
        (
            [plain::producer_and_consumer_bounded(1_024, messages)],
            [wrapped::producer_and_consumer_bounded(1_024, messages)],
        )
    });
    let messages = 10_000;
    for (name, bound) in [("sync(1), 2 threads", 1), ("sync(0), 2 threads", 0)] {
        ratio(name, || {
            (
                plain::producer_and_consumer_bounded(bound, messages),
                wrapped::producer_and_consumer_bounded(bound, messages),
            )
        });
    }
    ratio("ping-pong", || (plain::ping_pong(messages), wrapped::ping_pong(messages)));
    let threads = 200;
    added([("thread of ten operations", f64::from(threads) * 1_000.0)], || {
        ([plain::short_threads(threads)], [wrapped::short_threads(threads)])
    });
    let count = 100_000;
    added([("lock and unlock", count as f64)], || ([plain::locks(count)], [wrapped::locks(count)]));
    added([("spawn and join", f64::from(threads) * 1_000.0)], || {
        ([plain::spawns(threads)], [wrapped::spawns(threads)])
    });
    flat_out(|| (plain::flat_out(250), wrapped::flat_out(250)));
    println!("note\tstd's own: {}", base());
}

/// Measures one billion operations on each of two threads.
pub(crate) fn billion(condition: &str) {
    prepare(condition);
    let before = resident();
    let FlatOut { operations, duration, stalls, longest } = wrapped::flat_out(500_000);
    println!("2 threads flat out\t{:.1}", operations as f64 / duration.as_secs_f64() / 1e6);
    println!("stalls over 50 µs\t{:.1}", stalls as f64 / duration.as_secs_f64());
    println!("longest stall\t{:.0}", longest.as_secs_f64() * 1e6);
    println!("resident memory\t{:.1}", (resident() - before) as f64 / 1024.0);
}

fn prepare(condition: &str) {
    if condition == "records itself" {
        instrumented::recording::start("own.rec").expect("this process can record itself");
    }
    // Warms up, since the figures are for threads that have been running for a while.
    wrapped::sends_then_receives(100);
    plain::sends_then_receives(100);
}

/// Prints the time added to std's, in nanoseconds, divided by the count of each figure.
fn added<const N: usize>(
    figures: [(&str, f64); N],
    mut round: impl FnMut() -> ([Duration; N], [Duration; N]),
) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    for (index, (name, count)) in figures.into_iter().enumerate() {
        let mut added: Vec<_> = rounds
            .iter()
            .map(|(plain, wrapped)| (ns(wrapped[index]) - ns(plain[index])) / count)
            .collect();
        print(name, &mut added);
    }
}

/// Prints the ratio of the time to std's.
fn ratio(name: &str, mut round: impl FnMut() -> (Duration, Duration)) {
    let mut ratios: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let (plain, wrapped) = round();
            ns(wrapped) / ns(plain)
        })
        .collect();
    print(name, &mut ratios);
}

fn flat_out(mut round: impl FnMut() -> (FlatOut, FlatOut)) {
    let before = resident();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    let rate = |run: &FlatOut| run.operations as f64 / run.duration.as_secs_f64() / 1e6;
    let stalls = |run: &FlatOut| run.stalls as f64 / run.duration.as_secs_f64();
    print("std flat out", &mut rounds.iter().map(|(plain, _)| rate(plain)).collect::<Vec<_>>());
    print(
        "2 threads flat out",
        &mut rounds.iter().map(|(_, wrapped)| rate(wrapped)).collect::<Vec<_>>(),
    );
    print(
        "std stalls over 50 µs",
        &mut rounds.iter().map(|(plain, _)| stalls(plain)).collect::<Vec<_>>(),
    );
    print(
        "stalls over 50 µs",
        &mut rounds.iter().map(|(_, wrapped)| stalls(wrapped)).collect::<Vec<_>>(),
    );
    print(
        "longest stall",
        &mut rounds.iter().map(|(_, wrapped)| ns(wrapped.longest) / 1e3).collect::<Vec<_>>(),
    );
    println!("resident memory\t{:.1}", (resident() - before) as f64 / 1024.0);
}

/// Prints the median and the quartiles.
fn print(name: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let quartile = |number: usize| values[(values.len() - 1) * number / 4];
    println!("{name}\t{:.2} ({:.2}–{:.2})", quartile(2), quartile(1), quartile(3));
}

fn ns(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// Measures std's own operations.
fn base() -> String {
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| plain::sends_then_receives(100)).collect();
    rounds.sort();
    let [send, receive] = rounds[ROUNDS / 2];
    format!("send {:.1} ns, receive {:.1} ns", ns(send) / 1e5, ns(receive) / 1e5)
}

/// Returns the CPU time that the recorder has used, in nanoseconds, if it has started this process.
fn recorder_ns() -> Option<f64> {
    std::env::var_os("INSTRUMENTED_SESSION")?;
    let threads = fs::read_dir(format!("/proc/{}/task", parent_id())).ok()?;
    let of = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    Some(threads.flatten().filter_map(of).sum())
}

/// Returns the resident memory of this process, in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
