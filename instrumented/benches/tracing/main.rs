//! What the crate `tracing` and we cost each other.
//!
//! ```sh
//! cargo bench -p instrumented --features tracing --bench tracing            # prints a table
//! cargo bench -p instrumented --features tracing --bench tracing -- --save  # and keeps it
//! ```
//!
//! A subscriber and a recording are a process's own: so each row is measured in processes of
//! its own, which take turns with the others'. Operations are compared with std's, measured in
//! the same process before and after.

use std::env;
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use instrumented::{recording, spans, sync::mpsc};
use rustix::time::{ClockId, clock_gettime};
use tracing::level_filters::LevelFilter;
use tracing::{Span, info, info_span};
use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::{Layer, fmt, prelude::*};

#[path = "../operations/machine.rs"]
mod machine;

const ROUNDS: usize = 11;
/// Operations are made in batches of so many sends and then as many receives.
const BATCH: u64 = 1_000;

/// A row: how it is called, what is measured, and how many batches of it.
struct Row(&'static str, fn(&Path, u64) -> f64, u64);

const ROWS: [Row; 11] = [
    Row("operation, nobody records and nobody is told", nobody, 1_000),
    Row("operation, a subscriber that wants no channels", not_wanted, 1_000),
    Row("operation, recorded", recorded, 1_000),
    Row("operation, recorded, a subscriber that wants no channels", recorded_not_wanted, 1_000),
    Row("operation, recorded with the values of `u64`", recorded_with_values, 1_000),
    Row("operation, told to `fmt`, into a file", told_to_fmt, 20),
    Row("operation, told to tracing-chrome", told_to_chrome, 10),
    Row("span entered and left, recorded", span_recorded, 200),
    Row("span made, entered, left and closed, recorded", span_made_recorded, 200),
    Row("event with a message and a field, recorded", event_recorded, 200),
    Row("event with a message and a field, nobody records", event_not_recorded, 1_000),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["row", index] = arguments[..] {
        let Row(_, measure, batches) = ROWS[index.parse::<usize>().expect("a row's number")];
        let directory = env::current_dir().expect("there is a directory");
        println!("{}", measure(&directory, batches));
        return;
    }
    let mut rows = [const { Vec::new() }; ROWS.len()];
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS} …");
        for (index, figures) in rows.iter_mut().enumerate() {
            figures.push(measure_in_a_process(index));
        }
    }
    let table = table(&mut rows);
    println!("{table}");
    if arguments.contains(&"--save") {
        machine::save("tracing", &table);
    }
}

fn measure_in_a_process(row: usize) -> f64 {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(env::current_exe().expect("this program has a path"))
        .args(["row", &row.to_string()])
        .env_remove("INSTRUMENTED_SESSION")
        .current_dir(scratch.path())
        .stderr(Stdio::inherit())
        .output()
        .expect("the child can be run");
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).expect("the child prints text");
    text.trim().parse().expect("the child prints a number")
}

fn table(rows: &mut [Vec<f64>]) -> String {
    let mut table = format!(
        "# With `tracing`\n\n{}\nOf an operation it is what it takes more than std's, the mean of \
         a send and a receive that do not wait; what is recorded the process records itself. \
         Nanoseconds of CPU time of the thread: median of {ROUNDS} processes, and their quartiles \
         in brackets.\n\n| | ns |\n|---|--:|\n",
        machine::describe()
    );
    for (Row(name, ..), figures) in ROWS.iter().zip(rows) {
        figures.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|part| figures[(figures.len() - 1) * part / 4]);
        let _ = writeln!(table, "| {name} | {median:.1} ({low:.1}–{high:.1}) |");
    }
    table
}

fn nobody(_: &Path, batches: u64) -> f64 {
    operations(batches)
}

fn not_wanted(_: &Path, batches: u64) -> f64 {
    subscribe(no_channels());
    operations(batches)
}

fn recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    operations(batches)
}

fn recorded_not_wanted(directory: &Path, batches: u64) -> f64 {
    subscribe(no_channels());
    record(directory);
    operations(batches)
}

fn recorded_with_values(directory: &Path, batches: u64) -> f64 {
    recording::values(80);
    record(directory);
    operations(batches)
}

fn told_to_fmt(directory: &Path, batches: u64) -> f64 {
    let file = File::create(directory.join("log.txt")).expect("a file can be made");
    subscribe(fmt::layer().with_ansi(false).with_writer(Mutex::new(BufWriter::new(file))));
    operations(batches)
}

fn told_to_chrome(directory: &Path, batches: u64) -> f64 {
    let (layer, _guard): (_, FlushGuard) =
        ChromeLayerBuilder::new().file(directory.join("trace.json")).include_args(true).build();
    subscribe(layer);
    operations(batches)
}

fn span_recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    subscribe(spans::layer());
    let span: Span = info_span!("work", number = 1);
    each(batches, || drop(black_box(span.enter())))
}

fn span_made_recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    subscribe(spans::layer());
    each(batches, || drop(black_box(info_span!("work", number = 1).entered())))
}

fn event_recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    subscribe(spans::layer());
    each(batches, || info!(number = 1, "at work"))
}

fn event_not_recorded(_: &Path, batches: u64) -> f64 {
    subscribe(spans::layer());
    each(batches, || info!(number = 1, "at work"))
}

fn record(directory: &Path) {
    recording::start(directory.join("run.rec")).expect("this process can record itself");
}

fn subscribe(layer: impl Layer<tracing_subscriber::Registry> + Send + Sync) {
    tracing_subscriber::registry().with(layer).init();
}

/// A layer that wants no channels, and everything else.
fn no_channels() -> impl Layer<tracing_subscriber::Registry> + Send + Sync {
    fmt::layer().with_filter(tracing_subscriber::filter::filter_fn(|metadata| {
        metadata.target() != "instrumented::mpsc" && *metadata.level() <= LevelFilter::TRACE
    }))
}

/// Nanoseconds of one of `batches` batches of what is done.
fn each(batches: u64, mut task: impl FnMut()) -> f64 {
    (0..BATCH).for_each(|_| task());
    let begun = cpu_ns();
    (0..batches * BATCH).for_each(|_| task());
    (cpu_ns() - begun) / (batches * BATCH) as f64
}

/// What an operation of ours takes more than std's, in nanoseconds.
fn operations(batches: u64) -> f64 {
    let ours = || {
        let (tx, rx) = mpsc::named("jobs").channel();
        in_batches(batches, |number| tx.send(number).expect("it lives"), || rx.recv().is_ok())
    };
    let plain = || {
        let (tx, rx) = std::sync::mpsc::channel();
        in_batches(batches, |number| tx.send(number).expect("it lives"), || rx.recv().is_ok())
    };
    ours();
    let before = plain();
    let ours = ours();
    let plain = (before + plain()) / 2.0;
    (ours - plain) / (2 * batches * BATCH) as f64
}

/// Nanoseconds that all batches took.
fn in_batches(batches: u64, send: impl Fn(u64), receive: impl Fn() -> bool) -> f64 {
    let begun = cpu_ns();
    for _ in 0..batches {
        (0..BATCH).for_each(|number| send(black_box(number)));
        (0..BATCH).for_each(|_| assert!(black_box(receive())));
    }
    cpu_ns() - begun
}

/// What this thread has been at work so far: what else the machine does counts less so.
fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
