//! Measures the cost of `instrumented` together with the crate `tracing`.
//!
//! ```sh
//! cargo bench -p chanscope-instrumented --features tracing --bench tracing            # prints a table
//! cargo bench -p chanscope-instrumented --features tracing --bench tracing -- --save  # also saves it
//! ```
//!
//! A process has one subscriber and one recording, so each row is measured in processes of its own,
//! which take turns with those of other rows. Operations are compared with std's, measured in the
//! same process before and after.

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
/// Sends in a batch, and receives after them.
const BATCH: u64 = 1_000;

/// A row: its name, its measurement, and the number of batches.
struct Row(&'static str, fn(&Path, u64) -> f64, u64);

const ROWS: [Row; 11] = [
    Row("operation, not recorded, no subscriber", not_recorded, 1_000),
    Row("operation, not recorded, channels disabled in the subscriber", channels_disabled, 1_000),
    Row("operation, recorded", recorded, 1_000),
    Row(
        "operation, recorded, channels disabled in the subscriber",
        recorded_channels_disabled,
        1_000,
    ),
    Row("operation, recorded with values of `u64`", recorded_with_values, 1_000),
    Row("operation, emitted to `fmt`, into a file", emitted_to_fmt, 20),
    Row("operation, emitted to tracing-chrome", emitted_to_chrome, 10),
    Row("span entered and exited, recorded", span_recorded, 200),
    Row("span created, entered, exited and closed, recorded", span_lifetime_recorded, 200),
    Row("event with a message and a field, recorded", event_recorded, 200),
    Row("event with a message and a field, not recorded", event_not_recorded, 1_000),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["row", index] = arguments[..] {
        let Row(_, measure, batches) = ROWS[index.parse::<usize>().expect("a row's number")];
        let directory = env::current_dir().expect("a current directory");
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
        "# With `tracing`\n\n{}\nCPU time of the thread in nanoseconds: median of {ROUNDS} \
         processes, with the quartiles in parentheses. For an operation, the time added to std's, \
         as the mean of a send and a receive that do not wait. In the recorded rows the process \
         records itself.\n\n| | ns |\n|---|--:|\n",
        machine::describe()
    );
    for (Row(name, ..), figures) in ROWS.iter().zip(rows) {
        figures.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|part| figures[(figures.len() - 1) * part / 4]);
        let _ = writeln!(table, "| {name} | {median:.1} ({low:.1}–{high:.1}) |");
    }
    table
}

fn not_recorded(_: &Path, batches: u64) -> f64 {
    operations(batches)
}

fn channels_disabled(_: &Path, batches: u64) -> f64 {
    subscribe(without_channels());
    operations(batches)
}

fn recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    operations(batches)
}

fn recorded_channels_disabled(directory: &Path, batches: u64) -> f64 {
    subscribe(without_channels());
    record(directory);
    operations(batches)
}

fn recorded_with_values(directory: &Path, batches: u64) -> f64 {
    recording::values(80);
    record(directory);
    operations(batches)
}

fn emitted_to_fmt(directory: &Path, batches: u64) -> f64 {
    let file = File::create(directory.join("log.txt")).expect("a file can be made");
    subscribe(fmt::layer().with_ansi(false).with_writer(Mutex::new(BufWriter::new(file))));
    operations(batches)
}

fn emitted_to_chrome(directory: &Path, batches: u64) -> f64 {
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

fn span_lifetime_recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    subscribe(spans::layer());
    each(batches, || drop(black_box(info_span!("work", number = 1).entered())))
}

fn event_recorded(directory: &Path, batches: u64) -> f64 {
    record(directory);
    subscribe(spans::layer());
    each(batches, || info!(number = 1, "working"))
}

fn event_not_recorded(_: &Path, batches: u64) -> f64 {
    subscribe(spans::layer());
    each(batches, || info!(number = 1, "working"))
}

fn record(directory: &Path) {
    recording::start(directory.join("run.rec")).expect("this process can record itself");
}

fn subscribe(layer: impl Layer<tracing_subscriber::Registry> + Send + Sync) {
    tracing_subscriber::registry().with(layer).init();
}

/// A layer that disables the events and spans of channels, and enables all others.
fn without_channels() -> impl Layer<tracing_subscriber::Registry> + Send + Sync {
    fmt::layer().with_filter(tracing_subscriber::filter::filter_fn(|metadata| {
        metadata.target() != "instrumented::mpsc" && *metadata.level() <= LevelFilter::TRACE
    }))
}

/// Returns the time of one `task` in nanoseconds, measured over `batches` batches.
fn each(batches: u64, mut task: impl FnMut()) -> f64 {
    (0..BATCH).for_each(|_| task());
    let start = cpu_ns();
    (0..batches * BATCH).for_each(|_| task());
    (cpu_ns() - start) / (batches * BATCH) as f64
}

/// Returns the time added to an operation of std, in nanoseconds.
fn operations(batches: u64) -> f64 {
    let wrapped = || {
        let (tx, rx) = mpsc::named("jobs").channel();
        in_batches(
            batches,
            |number| tx.send(number).expect("the receiver exists"),
            || rx.recv().is_ok(),
        )
    };
    let plain = || {
        let (tx, rx) = std::sync::mpsc::channel();
        in_batches(
            batches,
            |number| tx.send(number).expect("the receiver exists"),
            || rx.recv().is_ok(),
        )
    };
    wrapped();
    let before = plain();
    let wrapped = wrapped();
    let plain = (before + plain()) / 2.0;
    (wrapped - plain) / (2 * batches * BATCH) as f64
}

/// Returns the total time of all batches, in nanoseconds.
fn in_batches(batches: u64, send: impl Fn(u64), receive: impl Fn() -> bool) -> f64 {
    let start = cpu_ns();
    for _ in 0..batches {
        (0..BATCH).for_each(|number| send(black_box(number)));
        (0..BATCH).for_each(|_| assert!(black_box(receive())));
    }
    cpu_ns() - start
}

/// Returns the CPU time of this thread, in nanoseconds, which depends less on the load of the machine
/// than elapsed time.
fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
