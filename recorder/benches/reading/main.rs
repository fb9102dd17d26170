//! How fast recordings are read.
//!
//! ```sh
//! cargo bench -p recorder --bench reading            # prints a table
//! cargo bench -p recorder --bench reading -- --save  # and keeps it in benches/results/
//! ```
//!
//! Recordings of a few threads that send each other messages are made up, written to a file
//! and read from there, while the file is in the page cache. The stages take turns; of each
//! stage's rounds the table has the median, the least and the most. All stages run on one thread.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use format::packed::{Packer, unpack};
use format::{ALIGNMENT, BlockHeader};
use recorder::analysis::Outsiders;
use recorder::ordering::{Merge, Steps};
use recorder::reading::Recording;
use recorder::report::Report;
use recorder::timeline::builder::play;
use rustix::time::{ClockId, clock_gettime};

#[path = "../../../instrumented/benches/operations/machine.rs"]
mod machine;
mod made_up;

use made_up::{Block, WORKS, Work};

const ROUNDS: usize = 9;

/// What is done with a recording, and how many events a second are to be reached.
const STAGES: [(&str, &str); 6] = [
    ("first pass", ""),
    ("decode", ""),
    ("decode, merge by time", "300"),
    ("steps", "40"),
    ("play", ""),
    ("report", "10"),
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let folder = tempfile::tempdir().expect("a folder for the recordings");
    let mut text = format!(
        "# Reading\n\n{}\nMillion events a second of one thread's processor time, from a file in the page \
         cache: median of {ROUNDS} rounds (least to most).\n\n\
         | recording | stage | raw | packed | goal |\n|---|---|---|---|---|\n",
        machine::describe()
    );
    let mut packing = String::from(
        "\n| recording | pack, ns a record | unpack, ns a record | bytes a record |\n|---|---|---|---|\n",
    );
    for work in WORKS {
        let blocks = made_up::blocks(&work);
        let raw = folder.path().join("raw.rec");
        let packed = folder.path().join("packed.rec");
        let mut content = format::file_header().to_vec();
        blocks.iter().for_each(|block| append(block, &mut content));
        fs::write(&raw, &content).expect("the recording can be written");
        packing_row(&work, &blocks, &packed, &mut packing);
        drop(blocks);
        reading_rows(&work, [&raw, &packed], &mut text);
    }
    text += &packing;
    text += "\nDecoding alone is done thread by thread, merging goes through all threads by time, and \
             the steps are the order in which no message is received before it is sent.\n";
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

/// Measures how the blocks are packed and unpacked; writes them to a file.
fn packing_row(work: &Work, blocks: &[Block], path: &Path, text: &mut String) {
    let records: usize = blocks.iter().map(|block| block.records.len() / 24).sum();
    let (mut packing, mut unpacking) = (Vec::new(), Vec::new());
    let (mut packer, mut whole) = (Packer::new(), Vec::new());
    for _ in 0..ROUNDS {
        whole.clear();
        whole.extend(format::file_header());
        let mut places = Vec::new();
        let begun = used();
        for block in blocks {
            places.push(whole.len());
            packer.block(&block.header, &block.records, &mut whole);
        }
        packing.push((used() - begun).as_secs_f64() * 1e9 / records as f64);

        let mut back = Vec::new();
        let begun = used();
        for &at in &places {
            let (header, rest) = whole[at..].split_first_chunk().expect("a block has a header");
            let header = BlockHeader::decode(header).ok().flatten().expect("it is a header");
            if !header.packed {
                continue;
            }
            back.clear();
            unpack(&rest[..header.committed as usize], &mut back).expect("it was packed");
            black_box(&back);
        }
        unpacking.push((used() - begun).as_secs_f64() * 1e9 / records as f64);
    }
    fs::write(path, &whole).expect("the recording can be written");
    let bytes = whole.len() as f64 / records as f64;
    let (pack, unpack) = (spread(&mut packing, 2), spread(&mut unpacking, 2));
    writeln!(text, "| {} | {pack} | {unpack} | {bytes:.2} |", work.name).expect("a string");
}

/// Measures what is done with a recording, once raw and once packed.
fn reading_rows(work: &Work, paths: [&Path; 2], text: &mut String) {
    let mut rates: [[Vec<f64>; 2]; STAGES.len()] = Default::default();
    for _ in 0..ROUNDS {
        for (form, path) in paths.iter().enumerate() {
            let mut recording = None;
            for (stage, rates) in rates.iter_mut().enumerate() {
                let begun = used();
                let events = match &recording {
                    None => {
                        let opened = Recording::open(path).expect("the recording can be read");
                        assert!(opened.damage.is_empty());
                        recording = Some(opened);
                        work.events
                    }
                    Some(recording) => perform(stage, recording),
                };
                let took = (used() - begun).as_secs_f64();
                assert!(events >= work.events, "{stage}: {events}");
                rates[form].push(work.events as f64 / took / 1e6);
            }
        }
    }
    for ((name, goal), [mut raw, mut packed]) in STAGES.into_iter().zip(rates) {
        let (raw, packed) = (spread(&mut raw, 0), spread(&mut packed, 0));
        writeln!(text, "| {} | {name} | {raw} | {packed} | {goal} |", work.name).expect("a string");
    }
}

/// One stage; gives how many events it went through.
fn perform(stage: usize, recording: &Recording) -> usize {
    let mut count = 0;
    match STAGES[stage].0 {
        "decode" => {
            for thread in 0..recording.entities.threads.len() {
                let events = recording.events(thread).for_each(|time, deed| {
                    black_box((time, deed));
                    count += 1;
                });
                events.expect("the recording can be read");
            }
        }
        "decode, merge by time" => {
            let mut merge = Merge::new(recording).expect("the recording can be read");
            while let Some(step) = merge.next_step().expect("the recording can be read") {
                black_box(&step);
                count += 1;
            }
        }
        "steps" => {
            let mut steps = Steps::new(recording).expect("the recording can be read");
            while let Some(step) = steps.next_step().expect("the recording can be read") {
                black_box(&step);
                count += 1;
            }
        }
        "report" => {
            let report = Report::new(recording, Outsiders::Unknown);
            let report = report.expect("the recording can be read");
            let channels = &report.analysis.channels;
            count = channels.iter().map(|channel| channel.sent + channel.received).sum::<u64>()
                as usize;
        }
        _ => {
            let mut tell = |item: &_| {
                black_box(item);
                count += 1;
                Ok(())
            };
            play(recording, &mut tell).expect("the recording can be read");
        }
    }
    count
}

/// How long the processor has worked for this thread: on a machine that others use, too, it
/// says more than the time that has passed.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Median, least and most.
fn spread(figures: &mut [f64], digits: usize) -> String {
    figures.sort_unstable_by(f64::total_cmp);
    let [least, median, most] = [0, figures.len() / 2, figures.len() - 1].map(|at| figures[at]);
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}
