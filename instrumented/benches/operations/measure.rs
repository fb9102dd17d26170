//! Has the work done in turns and takes the figures, one on a line, to stdout.

use std::fs;
use std::os::unix::process::parent_id;
use std::time::Duration;

use crate::work::{FlatOut, ours, raw};

const ROUNDS: usize = 31;

/// All figures, under this condition.
pub(crate) fn all(condition: &str) {
    prepare(condition);
    let batches = 100;
    let operations = f64::from(batches) * 1_000.0;
    let mut drain = Vec::new();
    added([("send", operations), ("recv", operations)], || {
        let raw = raw::alone(batches);
        let before = recorder_ns();
        let ours = ours::alone(batches);
        drain.extend(recorder_ns().zip(before).map(|(now, then)| (now - then) / operations / 2.0));
        (raw, ours)
    });
    if !drain.is_empty() {
        print("drain", &mut drain);
    }
    added([("sync(1024) send", operations), ("sync(1024) recv", operations)], || {
        (raw::alone_bounded(batches), ours::alone_bounded(batches))
    });

    let messages = 100_000;
    for (name, producers) in [("1 producer, 1 consumer", 1), ("4 producers, 1 consumer", 4)] {
        added([(name, messages as f64)], || {
            ([raw::together(producers, messages)], [ours::together(producers, messages)])
        });
    }
    added([("sync(1024), 2 threads", messages as f64)], || {
        ([raw::together_bounded(1_024, messages)], [ours::together_bounded(1_024, messages)])
    });
    let messages = 10_000;
    for (name, bound) in [("sync(1), 2 threads", 1), ("sync(0), 2 threads", 0)] {
        ratio(name, || {
            (raw::together_bounded(bound, messages), ours::together_bounded(bound, messages))
        });
    }
    ratio("ping-pong", || (raw::ping_pong(messages), ours::ping_pong(messages)));
    let threads = 200;
    added([("thread of ten operations", f64::from(threads) * 1_000.0)], || {
        ([raw::short_threads(threads)], [ours::short_threads(threads)])
    });
    let count = 100_000;
    added([("lock and unlock", count as f64)], || ([raw::locks(count)], [ours::locks(count)]));
    added([("spawn and join", f64::from(threads) * 1_000.0)], || {
        ([raw::spawns(threads)], [ours::spawns(threads)])
    });
    flat_out(|| (raw::flat_out(250), ours::flat_out(250)));
    println!("note\tstd's own: {}", base());
}

/// A billion operations on each of two threads.
pub(crate) fn billion(condition: &str) {
    prepare(condition);
    let before = resident();
    let FlatOut { operations, took, stalls, longest } = ours::flat_out(500_000);
    println!("2 threads flat out\t{:.1}", operations as f64 / took.as_secs_f64() / 1e6);
    println!("stalls over 50 µs\t{:.1}", stalls as f64 / took.as_secs_f64());
    println!("longest stall\t{:.0}", longest.as_secs_f64() * 1e6);
    println!("resident memory\t{:.1}", (resident() - before) as f64 / 1024.0);
}

fn prepare(condition: &str) {
    if condition == "records itself" {
        instrumented::recording::start("own.rec").expect("this process can record itself");
    }
    // What is measured is the work of a thread that is long at it.
    ours::alone(100);
    raw::alone(100);
}

/// Prints what ours takes more than std's, in nanoseconds per so many of what is done.
fn added<const N: usize>(
    figures: [(&str, f64); N],
    mut round: impl FnMut() -> ([Duration; N], [Duration; N]),
) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    for (index, (name, count)) in figures.into_iter().enumerate() {
        let mut added: Vec<_> =
            rounds.iter().map(|(raw, ours)| (ns(ours[index]) - ns(raw[index])) / count).collect();
        print(name, &mut added);
    }
}

/// Prints how many times as long as std's ours takes.
fn ratio(name: &str, mut round: impl FnMut() -> (Duration, Duration)) {
    let mut ratios: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let (raw, ours) = round();
            ns(ours) / ns(raw)
        })
        .collect();
    print(name, &mut ratios);
}

fn flat_out(mut round: impl FnMut() -> (FlatOut, FlatOut)) {
    let before = resident();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    let rate = |one: &FlatOut| one.operations as f64 / one.took.as_secs_f64() / 1e6;
    let stalls = |one: &FlatOut| one.stalls as f64 / one.took.as_secs_f64();
    print("std flat out", &mut rounds.iter().map(|(raw, _)| rate(raw)).collect::<Vec<_>>());
    print("2 threads flat out", &mut rounds.iter().map(|(_, ours)| rate(ours)).collect::<Vec<_>>());
    print(
        "std stalls over 50 µs",
        &mut rounds.iter().map(|(raw, _)| stalls(raw)).collect::<Vec<_>>(),
    );
    print(
        "stalls over 50 µs",
        &mut rounds.iter().map(|(_, ours)| stalls(ours)).collect::<Vec<_>>(),
    );
    print(
        "longest stall",
        &mut rounds.iter().map(|(_, ours)| ns(ours.longest) / 1e3).collect::<Vec<_>>(),
    );
    println!("resident memory\t{:.1}", (resident() - before) as f64 / 1024.0);
}

/// Prints median and quartiles.
fn print(name: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values[(values.len() - 1) * part / 4];
    println!("{name}\t{:.2} ({:.2}–{:.2})", at(2), at(1), at(3));
}

fn ns(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// What std's own operations take here.
fn base() -> String {
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| raw::alone(100)).collect();
    rounds.sort();
    let [send, receive] = rounds[ROUNDS / 2];
    format!("send {:.1} ns, receive {:.1} ns", ns(send) / 1e5, ns(receive) / 1e5)
}

/// CPU time of the recorder so far, in nanoseconds, if it is one that runs this process.
fn recorder_ns() -> Option<f64> {
    std::env::var_os("INSTRUMENTED_SESSION")?;
    let threads = fs::read_dir(format!("/proc/{}/task", parent_id())).ok()?;
    let of = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    Some(threads.flatten().filter_map(of).sum())
}

/// Resident memory of this process, in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
