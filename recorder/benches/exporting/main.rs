//! Measures how fast recordings become traces.
//!
//! ```sh
//! cargo bench -p chanscope --bench exporting                      # prints a table
//! cargo bench -p chanscope --bench exporting -- --save            # and keeps it in benches/results/
//! cargo bench -p chanscope --bench exporting -- --rounds 1        # takes less time
//! cargo bench -p chanscope --bench exporting -- --make FILE N     # writes a recording of N operations
//! ```
//!
//! The recordings of [`reading`](../reading/main.rs), packed, are exported as `recorder export` does
//! it, but without findings: in one pass, each time to one file in the page cache. The outputs take
//! turns. The time is the processor time of the whole process, which runs on one processor: where
//! there is a second one, it compresses and writes the trace, and less time passes.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use format::packed::Packer;
use recorder::export::{self, Options};
use recorder::reading::{self, Recording};
use recorder::report::Report;
use recorder::timeline::builder;
use recorder_simulator::traffic::{self, WORKLOADS, Workload};
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

#[path = "../../../instrumented/benches/operations/machine.rs"]
mod machine;

/// Sends and receives of a recording.
const OPERATIONS: usize = 500_000;

/// The outputs and their goals: million operations a second, million events a second, and bytes an
/// operation.
const OUTPUTS: [(&str, [&str; 3]); 5] = [
    ("items", ["", "", ""]),
    (".pftrace", ["8", "", "40"]),
    (".pftrace.gz", ["", "", "16"]),
    (".json", ["", "8", ""]),
    (".json.gz", ["", "", ""]),
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [make, path, operations, ..] = &arguments[..]
        && make == "--make"
    {
        let operations = operations.parse().expect("a number of operations");
        return write(&Workload { operations, ..WORKLOADS[1] }, Path::new(path));
    }
    let rounds = arguments.iter().skip_while(|it| *it != "--rounds").nth(1);
    let rounds = rounds.map_or(9, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for files");
    let mut text = format!(
        "# Exporting\n\n{}\nMillions a second of one processor's time: median of {rounds} rounds \
         (minimum to maximum). An operation is a send or a receive. An event is an event of the \
         JSON, a packet of the protobuf, or an item of the timeline.\n\n\
         | recording | output | operations | goal | events | goal | bytes an operation | goal |\n\
         |---|---|---|---|---|---|---|---|\n",
        machine::describe()
    );
    let mut one = CpuSet::new();
    one.set(sched_getcpu());
    sched_setaffinity(None, &one).expect("a process can choose its processor");
    for workload in WORKLOADS {
        let workload = Workload { operations: OPERATIONS, ..workload };
        rows(&workload, rounds, folder.path(), &mut text);
    }
    print!("{text}");
    if arguments.iter().any(|argument| argument == "--save") {
        machine::save("exporting", &text);
    }
}

/// Writes a synthetic recording, packed as `recorder` writes it.
fn write(workload: &Workload, path: &Path) {
    let mut content = format::file_header().to_vec();
    let mut packer = Packer::new();
    for block in traffic::blocks(workload) {
        packer.block(&block.header, &block.records, &mut content);
    }
    fs::write(path, &content).expect("the recording can be written");
}

/// Measures the exports of a recording.
fn rows(workload: &Workload, rounds: usize, folder: &Path, text: &mut String) {
    let path = folder.join("synthetic.rec");
    write(workload, &path);
    let recording = Recording::open(&path).expect("the recording can be read");
    assert!(recording.damage.is_empty());
    // Its findings are drawn.
    let report = Report::new(&recording).expect("the recording can be read");
    let mut times: [Vec<Duration>; OUTPUTS.len()] = Default::default();
    let mut sizes = [(0, 0); OUTPUTS.len()];
    for round in 0..rounds {
        for (output, (extension, _)) in OUTPUTS.iter().enumerate() {
            let start = used();
            let trace = folder.join(format!("trace{extension}"));
            match *extension {
                "items" => drop(black_box(items(&recording))),
                _ => export(&report, &trace),
            }
            times[output].push(used() - start);
            if round == 0 {
                sizes[output] = match *extension {
                    "items" => (items(&recording), 0),
                    // The file before it is the same, but not compressed.
                    _ if extension.ends_with(".gz") => (sizes[output - 1].0, size(&trace)),
                    _ => (events(&trace), size(&trace)),
                };
            }
            if *extension != "items" {
                fs::remove_file(&trace).expect("it was written");
            }
        }
    }
    for (((extension, goals), mut times), (events, bytes)) in
        OUTPUTS.into_iter().zip(times).zip(sizes)
    {
        times.sort_unstable();
        let operations = spread(workload.operations, &times);
        let events = spread(events, &times);
        let bytes = match bytes {
            0 => String::new(),
            bytes => format!("{:.1}", bytes as f64 / workload.operations as f64),
        };
        let [operations_goal, events_goal, bytes_goal] = goals;
        writeln!(
            text,
            "| {} | {extension} | {operations} | {operations_goal} | {events} | {events_goal} | \
             {bytes} | {bytes_goal} |",
            workload.name
        )
        .expect("a string");
    }
}

/// Makes the items of a timeline; returns how many there are.
fn items(recording: &Recording) -> usize {
    let mut count = 0;
    builder::build::<reading::Error>(recording, |item| {
        black_box(item);
        count += 1;
        Ok(())
    })
    .expect("the recording can be read");
    count
}

/// Exports a recording to a file.
fn export(report: &Report<'_>, path: &Path) {
    let output = path.to_str().and_then(|path| path.parse().ok()).expect("a known extension");
    let outputs = export::prepare(&[output]).expect("the file can be created");
    export::export(report, outputs, Options::default()).expect("it can be exported");
}

fn size(path: &Path) -> usize {
    fs::metadata(path).expect("it was written").len() as usize
}

/// The number of events of a trace.
fn events(path: &Path) -> usize {
    let trace = fs::read(path).expect("it was written");
    match path.extension().is_some_and(|extension| extension == "json") {
        true => trace.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")).count(),
        false => packets(&trace),
    }
}

/// The number of packets of a Perfetto trace: it consists of length-delimited fields.
fn packets(mut trace: &[u8]) -> usize {
    let mut count = 0;
    while let [0x0a, rest @ ..] = trace {
        let last = rest.iter().position(|byte| byte & 0x80 == 0).expect("a length ends");
        let length =
            rest[..=last].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        trace = &rest[last + 1 + length..];
        count += 1;
    }
    assert!(trace.is_empty(), "there are only packets");
    count
}

/// The processor time of this process: on a shared machine it says more than the time that has
/// passed.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Millions a second: median, minimum and maximum.
fn spread(count: usize, times: &[Duration]) -> String {
    let rate = |time: Duration| count as f64 / time.as_secs_f64() / 1e6;
    let [max, median, min] = [0, times.len() / 2, times.len() - 1].map(|at| rate(times[at]));
    format!("{median:.2} ({min:.2} to {max:.2})")
}
