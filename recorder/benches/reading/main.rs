//! Measures how fast recordings are read.
//!
//! ```sh
//! cargo bench -p chanscope --bench reading                  # prints a table
//! cargo bench -p chanscope --bench reading -- --save        # and keeps it in benches/results/
//! cargo bench -p chanscope --bench reading -- --rounds 1    # takes less time
//! ```
//!
//! Synthetic recordings of a few threads that send each other messages are written to a file and
//! read from there, while the file is in the page cache. The stages take turns; the table has the
//! median, the minimum and the maximum of the rounds. All stages run on one thread.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use format::packed::{Packer, unpack};
use format::{ALIGNMENT, BlockHeader};
use recorder::ordering::OrderedEvents;
use recorder::reading::{self, Recording};
use recorder::replay::{Listener, Replay, RunState, Transition};
use recorder::report::Report;
use recorder::timeline::builder;
use recorder_simulator::traffic::{self, Block, WORKLOADS, Workload};
use rustix::time::{ClockId, clock_gettime};

#[path = "../../../instrumented/benches/operations/machine.rs"]
mod machine;

/// The passes over a recording, and the goal of each in million events a second.
const STAGES: [(&str, &str); 6] = [
    ("first pass", ""),
    ("decode", ""),
    ("order", ""),
    ("order and replay", "20"),
    ("timeline items", ""),
    ("report", "20"),
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let rounds = arguments.iter().skip_while(|it| *it != "--rounds").nth(1);
    let rounds = rounds.map_or(9, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().expect("a folder for the recordings");
    let mut text = format!(
        "# Reading\n\n{}\nMillion events a second of one thread's processor time, from a file in \
         the page cache: median of {rounds} rounds (minimum to maximum).\n\n\
         | recording | stage | raw | packed | goal |\n|---|---|---|---|---|\n",
        machine::describe()
    );
    let mut packing = String::from(
        "\n| recording | pack, ns a record | unpack, ns a record | bytes a record |\n|---|---|---|---|\n",
    );
    for workload in WORKLOADS {
        let blocks = traffic::blocks(&workload);
        let raw = folder.path().join("raw.rec");
        let packed = folder.path().join("packed.rec");
        let mut content = format::file_header().to_vec();
        blocks.iter().for_each(|block| append(block, &mut content));
        fs::write(&raw, &content).expect("the recording can be written");
        packing_row(&workload, &blocks, &packed, rounds, &mut packing);
        drop(blocks);
        reading_rows(&workload, [&raw, &packed], rounds, &mut text);
    }
    text += &packing;
    text += "\n“Decode” reads each thread's events alone. “Order” merges those of all threads, so that \
             no message is received before it is sent. “Replay” follows the order and keeps the state \
             of the run, and its listener does nothing.\n";
    print!("{text}");
    if arguments.iter().any(|argument| argument == "--save") {
        machine::save("reading", &text);
    }
}

/// Appends a block as its thread has left it.
fn append(block: &Block, file: &mut Vec<u8>) {
    let end = (file.len() + BlockHeader::BYTES + block.records.len()).next_multiple_of(ALIGNMENT);
    let header = BlockHeader {
        stride: (end - file.len()) as u32,
        committed: block.records.len() as u32,
        generation: 1,
        sealed: 1,
        ..block.header
    };
    file.extend(header.encode());
    file.extend(&block.records);
    file.resize(end, 0);
}

/// Measures packing and unpacking, and writes the packed blocks to a file.
fn packing_row(
    workload: &Workload,
    blocks: &[Block],
    path: &Path,
    rounds: usize,
    text: &mut String,
) {
    let records: usize = blocks.iter().map(|block| block.records.len() / 24).sum();
    let (mut packing, mut unpacking) = (Vec::new(), Vec::new());
    let (mut packer, mut whole) = (Packer::new(), Vec::new());
    for _ in 0..rounds {
        whole.clear();
        whole.extend(format::file_header());
        let mut places = Vec::new();
        let start = used();
        for block in blocks {
            places.push(whole.len());
            packer.block(&block.header, &block.records, &mut whole);
        }
        packing.push((used() - start).as_secs_f64() * 1e9 / records as f64);

        let mut unpacked = Vec::new();
        let start = used();
        for &at in &places {
            let (header, rest) = whole[at..].split_first_chunk().expect("a block has a header");
            let header = BlockHeader::decode(header).ok().flatten().expect("it is a header");
            if !header.packed {
                continue;
            }
            unpacked.clear();
            unpack(&rest[..header.committed as usize], &mut unpacked).expect("it was packed");
            black_box(&unpacked);
        }
        unpacking.push((used() - start).as_secs_f64() * 1e9 / records as f64);
    }
    fs::write(path, &whole).expect("the recording can be written");
    let bytes = whole.len() as f64 / records as f64;
    let (pack, unpack) = (spread(&mut packing, 2), spread(&mut unpacking, 2));
    writeln!(text, "| {} | {pack} | {unpack} | {bytes:.2} |", workload.name).expect("a string");
}

/// Measures the passes over a recording, raw and packed.
fn reading_rows(workload: &Workload, paths: [&Path; 2], rounds: usize, text: &mut String) {
    let mut rates: [[Vec<f64>; 2]; STAGES.len()] = Default::default();
    for _ in 0..rounds {
        for (form, path) in paths.iter().enumerate() {
            let mut recording = None;
            for (stage, rates) in rates.iter_mut().enumerate() {
                let start = used();
                let events = match &recording {
                    None => {
                        let opened = Recording::open(path).expect("the recording can be read");
                        assert!(opened.damage.is_empty());
                        recording = Some(opened);
                        workload.operations
                    }
                    Some(recording) => pass(STAGES[stage].0, recording),
                };
                let took = (used() - start).as_secs_f64();
                assert!(events >= workload.operations, "{stage}: {events}");
                rates[form].push(workload.operations as f64 / took / 1e6);
            }
        }
    }
    for ((name, goal), [mut raw, mut packed]) in STAGES.into_iter().zip(rates) {
        let (raw, packed) = (spread(&mut raw, 1), spread(&mut packed, 1));
        writeln!(text, "| {} | {name} | {raw} | {packed} | {goal} |", workload.name)
            .expect("a string");
    }
}

/// Makes a pass over a recording; returns the number of events.
fn pass(stage: &str, recording: &Recording) -> usize {
    let mut count = 0;
    match stage {
        "decode" => {
            for thread in recording.catalog.threads.keys() {
                let events = recording.events(thread).for_each(|time, event| {
                    black_box((time, event));
                    count += 1;
                });
                events.expect("the recording can be read");
            }
        }
        "order" => {
            let events = OrderedEvents::new(recording).expect("the recording can be read");
            let all = events.for_each(|event, _| {
                black_box(event);
                count += 1;
            });
            all.expect("the recording can be read");
        }
        "order and replay" => {
            let replay = Replay::new(recording, Transitions(0)).expect("the recording can be read");
            let (_, transitions) = replay.finish().expect("the recording can be read");
            count = transitions.0;
        }
        "timeline items" => {
            builder::build::<reading::Error>(recording, |item| {
                black_box(item);
                count += 1;
                Ok(())
            })
            .expect("the recording can be read");
        }
        _ => {
            let report = Report::new(recording);
            let report = report.expect("the recording can be read");
            let channels = &report.analysis.state.channels;
            count = channels.iter().map(|channel| channel.sent + channel.received).sum::<u64>()
                as usize;
        }
    }
    count
}

/// Counts transitions.
struct Transitions(usize);

impl Listener for Transitions {
    type Note = ();
    type Error = reading::Error;

    fn on(&mut self, _: &RunState, transition: &Transition, (): &mut ()) -> reading::Result<()> {
        black_box(transition);
        self.0 += 1;
        Ok(())
    }
}

/// The processor time of this thread: on a shared machine it says more than the time that has passed.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Median, minimum and maximum.
fn spread(figures: &mut [f64], digits: usize) -> String {
    figures.sort_unstable_by(f64::total_cmp);
    let [min, median, max] = [0, figures.len() / 2, figures.len() - 1].map(|at| figures[at]);
    format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
}
