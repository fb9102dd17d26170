//! How fast recordings become traces.
//!
//! ```sh
//! cargo bench -p recorder --bench exporting            # prints a table
//! cargo bench -p recorder --bench exporting -- --save  # and keeps it in benches/results/
//! cargo bench -p recorder --bench exporting -- --make FILE EVENTS  # makes up a long recording
//! ```
//!
//! The recordings of [`reading`](../reading/main.rs) and a busier one, packed, are exported as
//! `recorder export` does it, but without the findings: in one pass, each time to one file on
//! disk, of which no more than the page cache is waited for. The outputs take turns. What counts
//! is the processor time of the whole process, which runs on one processor: where there is a second
//! one, a trace is compressed and written there, and less time passes.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use format::packed::Packer;
use recorder::export::sequence_chart::{Limits, svg};
use recorder::export::{self, ChartStyle, Shown};
use recorder::reading::Recording;
use recorder::timeline::builder::play;
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

#[path = "../../../instrumented/benches/operations/machine.rs"]
mod machine;
#[path = "../reading/made_up.rs"]
mod made_up;

use made_up::{WORKS, Work};

const ROUNDS: usize = 9;
/// Sends and receives of a recording.
const OPERATIONS: usize = 500_000;

/// What is written, and the goals: million events a second, and bytes an operation.
const OUTPUTS: [(&str, &str, &str); 5] = [
    ("play", "", ""),
    (".pftrace", "40", "40"),
    (".pftrace.gz", "", "16"),
    (".json", "8", ""),
    (".json.gz", "", ""),
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [make, path, events, ..] = &arguments[..]
        && make == "--make"
    {
        let events = events.parse().expect("a number of events");
        return write(&Work { events, ..WORKS[1] }, Path::new(path));
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for files");
    let mut text = format!(
        "# Exporting\n\n{}\nMillions a second of one processor's time: median of {ROUNDS} rounds (least to most). \
         An operation is a send or a receive. An event is an event of the JSON or a packet of the \
         protobuf; of `play`, which writes nothing, an item.\n\n\
         | recording | output | operations | events | goal | bytes an operation | goal |\n\
         |---|---|---|---|---|---|---|\n",
        machine::describe()
    );
    let mut one = CpuSet::new();
    one.set(sched_getcpu());
    sched_setaffinity(None, &one).expect("a process can choose its processor");
    let busy = Work { name: "16 threads, half of the receives wait", waits: true, ..WORKS[2] };
    for work in WORKS.into_iter().chain([busy]) {
        rows(&Work { events: OPERATIONS, ..work }, folder.path(), &mut text);
    }
    print!("{text}");
    if arguments.iter().any(|argument| argument == "--save") {
        machine::save("exporting", &text);
    }
}

/// Makes up a recording, as `recorder` would write it.
fn write(work: &Work, path: &Path) {
    let mut content = format::file_header().to_vec();
    let mut packer = Packer::new();
    for block in made_up::blocks(work) {
        packer.block(&block.header, &block.records, &mut content);
    }
    fs::write(path, &content).expect("the recording can be written");
}

/// Measures what becomes of a recording.
fn rows(work: &Work, folder: &Path, text: &mut String) {
    let path = folder.join("made-up.rec");
    write(work, &path);
    let recording = Recording::open(&path).expect("the recording can be read");
    assert!(recording.damage.is_empty());
    let mut took: [Vec<Duration>; OUTPUTS.len()] = Default::default();
    let mut wrote = [(0, 0); OUTPUTS.len()];
    for round in 0..ROUNDS {
        for (output, (ending, ..)) in OUTPUTS.iter().enumerate() {
            let begun = used();
            let trace = folder.join(format!("trace{ending}"));
            match *ending {
                "play" => drop(black_box(items(&recording))),
                _ => export(&recording, &trace),
            }
            took[output].push(used() - begun);
            if round == 0 {
                wrote[output] = match *ending {
                    "play" => (items(&recording), 0),
                    // As many as in the file before it, which is the same but for that.
                    _ if ending.ends_with(".gz") => (wrote[output - 1].0, size(&trace)),
                    _ => (events(&trace), size(&trace)),
                };
            }
            if *ending != "play" {
                fs::remove_file(&trace).expect("it was written");
            }
        }
    }
    for (((ending, goal, most), mut took), (events, bytes)) in
        OUTPUTS.into_iter().zip(took).zip(wrote)
    {
        took.sort_unstable();
        let operations = spread(work.events, &took);
        let events = spread(events, &took);
        let bytes = match bytes {
            0 => String::new(),
            bytes => format!("{:.1}", bytes as f64 / work.events as f64),
        };
        writeln!(
            text,
            "| {} | {ending} | {operations} | {events} | {goal} | {bytes} | {most} |",
            work.name
        )
        .expect("a string");
    }
}

/// Plays a recording; gives how many items were told.
fn items(recording: &Recording) -> usize {
    let mut count = 0;
    let mut tell = |item: &_| {
        black_box(item);
        count += 1;
        Ok(())
    };
    play(recording, &mut tell).expect("the recording can be read");
    count
}

/// Exports a recording to a file.
fn export(recording: &Recording, path: &Path) {
    let output = path.to_str().and_then(|path| path.parse().ok()).expect("an ending that is known");
    let outputs = export::prepare(&[output]).expect("a file can be made");
    let style = ChartStyle { limits: Limits { events: 0, threads: 0 }, steps: svg::Steps::Even };
    export::export(recording, &[], outputs, style, Shown::default()).expect("it can be exported");
}

fn size(path: &Path) -> usize {
    fs::metadata(path).expect("it was written").len() as usize
}

/// How many events a trace has.
fn events(path: &Path) -> usize {
    let trace = fs::read(path).expect("it was written");
    match path.extension().is_some_and(|ending| ending == "json") {
        true => trace.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")).count(),
        false => packets(&trace),
    }
}

/// How many packets a Perfetto trace has: each is a field with a length, and nothing else is there.
fn packets(mut trace: &[u8]) -> usize {
    let mut count = 0;
    while let [0x0a, rest @ ..] = trace {
        let last = rest.iter().position(|byte| byte & 0x80 == 0).expect("a length ends");
        let length =
            rest[..=last].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        trace = &rest[last + 1 + length..];
        count += 1;
    }
    assert!(trace.is_empty(), "there is more than packets");
    count
}

/// How long processors have worked for this process: on a machine that others use, too, it says
/// more than the time that has passed.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Millions a second: median, least and most.
fn spread(count: usize, took: &[Duration]) -> String {
    let rate = |took: Duration| count as f64 / took.as_secs_f64() / 1e6;
    let [most, median, least] = [0, took.len() / 2, took.len() - 1].map(|at| rate(took[at]));
    format!("{median:.2} ({least:.2} to {most:.2})")
}
