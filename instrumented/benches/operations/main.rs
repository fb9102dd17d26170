//! Measures the cost of recording.
//!
//! ```sh
//! cargo bench -p chanscope-instrumented --bench operations            # prints a table
//! cargo bench -p chanscope-instrumented --bench operations -- --save  # also saves it in benches/results/
//! ```
//!
//! Every figure compares the same work with std's types and with those of `instrumented`. Both run
//! in turns in the same process. Each round yields a difference or a ratio, and the table contains
//! the median and the quartiles of the rounds. There are three processes: one that is not recorded,
//! one that records itself, and one that `recorder record` records.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

mod machine;
mod measure;
mod work;

/// The conditions of the measurements, which are also the column headings.
const CONDITIONS: [&str; 3] = ["not recorded", "records itself", "recorded by `recorder`"];

/// Name, unit and goal of each figure.
const FIGURES: [(&str, &str, &str); 20] = [
    ("send", "ns added", "≤ 9.5 drained, ≤ 18 self-recorded, ≤ 1 not recorded"),
    ("recv", "ns added", "≤ 9.5 drained, ≤ 18 self-recorded, ≤ 1 not recorded"),
    ("drain", "ns of recorder CPU per operation", "≤ 2.5"),
    ("sync(1024) send", "ns added", "≤ 30"),
    ("sync(1024) recv", "ns added", "≤ 30"),
    ("1 producer, 1 consumer", "ns added per message", "≤ 30"),
    ("4 producers, 1 consumer", "ns added per message", "≤ 30"),
    ("sync(1024), 2 threads", "ns added per message", "≤ 30"),
    ("sync(1), 2 threads", "× std", "≤ 1.02"),
    ("sync(0), 2 threads", "× std", "≤ 1.02"),
    ("ping-pong", "× std", "≤ 1.02"),
    ("thread of ten operations", "µs added", "≤ 2"),
    ("lock and unlock", "ns added", "≤ 25, ≤ 2 not recorded"),
    ("spawn and join", "µs added", "≤ 2"),
    ("2 threads flat out", "million operations per second", "≥ 40"),
    ("std flat out", "million operations per second", ""),
    ("stalls over 50 µs", "per second flat out", ""),
    ("std stalls over 50 µs", "per second flat out", ""),
    ("longest stall", "µs", ""),
    ("resident memory", "MiB added", "bounded"),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["child", condition] => measure::all(condition),
        ["child", condition, "billion"] => measure::billion(condition),
        _ => compare(&arguments),
    }
}

/// Measures under all conditions and prints the table.
fn compare(arguments: &[&str]) {
    let recorder = build_recorder();
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let billion = arguments.contains(&"--billion");
    let mut columns = Vec::new();
    for condition in CONDITIONS {
        eprintln!("{condition} …");
        columns.push(run(condition, &recorder, scratch.path(), billion));
    }
    let mut table = format!("# What recording costs\n\n{}\n", machine::describe());
    if billion {
        table.push_str("One billion operations on each of two threads.\n\n");
    }
    let _ = writeln!(table, "| | unit | {} | goal |", CONDITIONS.join(" | "));
    let _ = writeln!(table, "|---|---|{}---|", "---|".repeat(CONDITIONS.len()));
    for (name, unit, goal) in FIGURES {
        let cells: Vec<_> = columns
            .iter()
            .map(|column| {
                let line =
                    column.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
                line.unwrap_or("").to_owned()
            })
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let _ = writeln!(table, "| {name} | {unit} | {} | {goal} |", cells.join(" | "));
        }
    }
    table.push_str("\nMedian of the rounds, with the quartiles in parentheses.\n");
    println!("{table}");
    for column in &columns {
        for line in column.lines().filter(|line| line.starts_with("note\t")) {
            println!("{}", &line[5..]);
        }
    }
    if arguments.contains(&"--save") {
        machine::save("operations", &table);
    }
}

/// Runs a child under this condition and returns its output.
fn run(condition: &str, recorder: &Path, scratch: &Path, billion: bool) -> String {
    let this = env::current_exe().expect("this program has a path");
    let mut command = if condition == CONDITIONS[2] {
        let mut command = Command::new(recorder);
        command.args(["record", "-o"]).arg(scratch.join("run.rec")).arg("--").arg(this);
        command
    } else {
        Command::new(this)
    };
    command.args(["child", condition]);
    if billion {
        command.arg("billion");
    }
    let output = command
        .env_remove("INSTRUMENTED_SESSION")
        .current_dir(scratch)
        .stderr(Stdio::inherit())
        .output()
        .expect("the child can be run");
    assert!(output.status.success(), "{condition}: {}", output.status);
    String::from_utf8(output.stdout).expect("the child prints text")
}

/// Builds the recorder and returns its path.
fn build_recorder() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "chanscope", "--manifest-path"])
        .arg(manifest)
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "the recorder cannot be built");
    // target/release/deps/operations-…
    let this = env::current_exe().expect("this program has a path");
    let recorder = this.ancestors().nth(2).expect("a target directory").join("recorder");
    assert!(fs::exists(&recorder).unwrap_or(false), "{} is missing", recorder.display());
    recorder
}
