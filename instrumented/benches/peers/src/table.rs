//! The results as Markdown.

use std::env;
use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::arms::{ARMS, OURS};
use crate::peers::Left;
use crate::rounds::{Sample, Series};
use crate::work::BATCH;

/// This package's lock file: which versions were compared.
const LOCK: &str = include_str!("../Cargo.lock");

pub fn markdown(all: &[Series], rounds: usize) -> Result<String> {
    let ours = all.iter().find(|series| series.arm.name == OURS).context("we are an arm")?;
    let mut text = String::from("# The same work with other tools\n\n");
    text += &machine()?;
    write!(
        text,
        "\nMade by `cargo run --release --manifest-path instrumented/benches/peers/Cargo.toml -- \
         --save`: medians of {rounds} rounds, in parentheses the quartiles. A round starts a \
         process for each row, which measures std alone before and after it; *added* is the \
         difference. CPU is user and system time of all threads until everything is written, in \
         the first row with the recorder's meanwhile; for what it says at the end the recorder \
         reads the recording, which takes another {:.0} ns an operation. *÷ ours* is divided by \
         the first row.\n\n",
        quartiles(&ours.one_thread, |sample| sample.cpu_afterwards)[1],
    )?;
    write!(
        text,
        "## One thread\n\n{BATCH} sends of a `u64` into an unbounded channel, then {BATCH} \
         receives, again and again. *Kept* is how much of the operations can be read back after \
         a normal end, and after `kill -9` when it had worked for a tenth of a second.\n\n\
         | | added to a send, ns | added to a receive, ns | ÷ ours | CPU added to an operation, ns \
         | ÷ ours | bytes an operation | kept | after `kill -9` |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    )?;
    for series in all {
        let samples = &series.one_thread;
        let both = |sample: &Sample| sample.added.iter().sum();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.0} | {} | {} |",
            series.arm.name,
            spread(samples, |sample| sample.added[0]),
            spread(samples, |sample| sample.added[1]),
            ratio(samples, &ours.one_thread, both),
            spread(samples, |sample| sample.cpu),
            ratio(samples, &ours.one_thread, |sample| sample.cpu),
            quartiles(samples, |sample| sample.bytes)[1],
            left(&series.kept),
            left(&series.after_kill),
        )?;
    }
    text += "\n## Two threads\n\nA producer and a consumer, each as fast as it can; the time of a \
             message is that of the run divided by the number of messages.\n\n\
             | | added to a message, ns | ÷ ours | CPU added to an operation, ns | ÷ ours |\n\
             |---|--:|--:|--:|--:|\n";
    for series in all {
        let samples = &series.two_threads;
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            series.arm.name,
            spread(samples, |sample| sample.added[0]),
            ratio(samples, &ours.two_threads, |sample| sample.added[0]),
            spread(samples, |sample| sample.cpu),
            ratio(samples, &ours.two_threads, |sample| sample.cpu),
        )?;
    }
    text += "\n## What each does\n\n| | version | for each operation | messages in a process |\n\
             |---|---|---|--:|\n";
    for arm in ARMS {
        let version = arm.package.and_then(version).unwrap_or("");
        writeln!(text, "| {} | {version} | {} | {} |", arm.name, arm.what, arm.batches * BATCH)?;
    }
    Ok(text)
}

fn quartiles(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> [f64; 3] {
    let mut figures: Vec<f64> = samples.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| {
        let at = (figures.len() - 1) as f64 * f64::from(quarter) / 4.0;
        let (low, high) = (figures[at.floor() as usize], figures[at.ceil() as usize]);
        low + (high - low) * at.fract()
    })
}

fn spread(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> String {
    let [low, median, high] = quartiles(samples, figure);
    let digits = usize::from(median < 100.0);
    let [low, median, high] = [low, median, high].map(|figure| rounded(figure, digits));
    format!("{median} ({low} to {high})")
}

fn rounded(figure: f64, digits: usize) -> String {
    let text = format!("{figure:.digits$}");
    // What rounds to nothing has no sign.
    if text == "-0.0" || text == "-0" { text[1..].into() } else { text }
}

fn ratio(samples: &[Sample], ours: &[Sample], figure: impl Fn(&Sample) -> f64) -> String {
    let [samples, ours] = [samples, ours].map(|samples| quartiles(samples, &figure)[1]);
    let ratio = samples / ours;
    rounded(ratio, usize::from(ratio < 10.0))
}

fn left((left, of): &(Left, u64)) -> String {
    // A process that is killed has begun operations that it had not told of yet.
    let share = |count: u64| (count as f64 / *of as f64 * 100.0).min(100.0);
    match left {
        Left::Operations(count) => format!("{:.1} %", share(*count)),
        Left::Broken(count) => format!("{:.1} %, no valid file", share(*count)),
        Left::Nothing => "nothing".into(),
        Left::NotCounted => "a file".into(),
    }
}

fn version(package: &str) -> Option<&'static str> {
    let entry = LOCK
        .split("[[package]]")
        .find(|entry| entry.trim_start().starts_with(&format!("name = \"{package}\"")))?;
    entry.split("version = \"").nth(1)?.split('"').next()
}

fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let directory = env::temp_dir();
    Ok(format!(
        "{}: {}, {} cores, Linux {}, {}, files on {}.\n",
        output("date", &["-u", "+%Y-%m-%d"])?,
        model.unwrap_or("processor unknown"),
        thread::available_parallelism()?,
        kernel.trim(),
        output("rustc", &["--version"])?,
        output("stat", &["-f", "-c", "%T", &directory.to_string_lossy()])?,
    ))
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
