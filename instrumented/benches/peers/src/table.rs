//! The results as Markdown.

use std::env;
use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::arms::{ARMS, BASELINE};
use crate::peers::Readable;
use crate::rounds::{Sample, Series};
use crate::work::BATCH;

/// This package's lock file, which contains the compared versions.
const LOCK: &str = include_str!("../Cargo.lock");

pub fn markdown(all: &[Series], rounds: usize) -> Result<String> {
    let baseline = all.iter().find(|series| series.arm.name == BASELINE).context("no baseline")?;
    let mut text = String::from("# The same work with other tools\n\n");
    text += &machine()?;
    write!(
        text,
        "\nMeasured by `cargo run --release --manifest-path \
         instrumented/benches/peers/Cargo.toml -- --save`: medians of {rounds} rounds, with the \
         quartiles in parentheses. In each round a process per row measures std alone before and \
         after the tool; *added* is the difference. CPU is the user and system time of all threads \
         until everything is written. In the first row it includes the recorder's during that \
         time. The recorder then reads the recording for its summary, which takes another {:.0} \
         ns per operation. *Ratio* is the ratio to the first row.\n\n",
        quartiles(&baseline.one_thread, |sample| sample.cpu_afterwards)[1],
    )?;
    write!(
        text,
        "## One thread\n\n{BATCH} sends of a `u64` into an unbounded channel, then {BATCH} \
         receives, repeatedly. The last two columns are the share of the operations that can be \
         read after a normal exit, and after `kill -9` a tenth of a second into the work.\n\n\
         | | added to a send, ns | added to a receive, ns | ratio | CPU added to an operation, ns \
         | ratio | bytes per operation | after a normal exit | after `kill -9` |\n\
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
            ratio(samples, &baseline.one_thread, both),
            spread(samples, |sample| sample.cpu),
            ratio(samples, &baseline.one_thread, |sample| sample.cpu),
            quartiles(samples, |sample| sample.bytes)[1],
            share(&series.after_exit),
            share(&series.after_kill),
        )?;
    }
    text += "\n## Two threads\n\nA producer and a consumer, each as fast as it can. The time of a \
             message is the time of the run divided by the number of messages.\n\n\
             | | added to a message, ns | ratio | CPU added to an operation, ns | ratio |\n\
             |---|--:|--:|--:|--:|\n";
    for series in all {
        let samples = &series.two_threads;
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            series.arm.name,
            spread(samples, |sample| sample.added[0]),
            ratio(samples, &baseline.two_threads, |sample| sample.added[0]),
            spread(samples, |sample| sample.cpu),
            ratio(samples, &baseline.two_threads, |sample| sample.cpu),
        )?;
    }
    text += "\n## The tools\n\n| | version | for each operation | messages per process |\n\
             |---|---|---|--:|\n";
    for arm in ARMS {
        let version = arm.package.and_then(version).unwrap_or("");
        writeln!(
            text,
            "| {} | {version} | {} | {} |",
            arm.name,
            arm.description,
            arm.batches * BATCH
        )?;
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
    // Zero has no sign.
    if text == "-0.0" || text == "-0" { text[1..].into() } else { text }
}

fn ratio(samples: &[Sample], baseline: &[Sample], figure: impl Fn(&Sample) -> f64) -> String {
    let [samples, baseline] = [samples, baseline].map(|samples| quartiles(samples, &figure)[1]);
    let ratio = samples / baseline;
    rounded(ratio, usize::from(ratio < 10.0))
}

fn share((readable, operations): &(Readable, u64)) -> String {
    // At most 100: a killed process has performed operations that it had not reported yet.
    let percent = |count: u64| (count as f64 / *operations as f64 * 100.0).min(100.0);
    match readable {
        Readable::Operations(count) => format!("{:.1}%", percent(*count)),
        Readable::Broken(count) => format!("{:.1}%, no valid file", percent(*count)),
        Readable::Nothing => "nothing".into(),
        Readable::NotCounted => "a file".into(),
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
