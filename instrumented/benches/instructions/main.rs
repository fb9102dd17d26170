//! Counts the instructions of an operation: recorded, not recorded, without the feature `record`,
//! and with std's own types.
//!
//! ```sh
//! cargo bench -p chanscope-instrumented --bench instructions
//! ```
//!
//! Prints a table in Markdown. `-- --save` saves it in `instrumented/benches/results`.
//! `-- --check` compares it with the saved table, and fails if a count has grown by more than 10%.
//! Requires valgrind and objdump. The result does not depend on the speed or the load of the
//! machine. The counted program is this one, started with other arguments.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use count::{Count, Counted};
use program::Operation;

mod count;
mod machine_code;
mod program;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Maximum ratio of a count to the saved one.
const MAX_GROWTH: f64 = 1.1;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // Cargo adds `--bench`.
    let arguments: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    let result = match arguments[..] {
        // The bench starts itself with these arguments.
        ["count", library, operation, groups, length, ref recording @ ..] => {
            run_program(library, operation, groups, length, recording.first().copied())
        }
        [] => bench(|_| Ok(())),
        ["--save"] => bench(save),
        ["--check"] => bench(check),
        [..] => Err("the options are `--save` and `--check`".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_program(
    library: &str,
    operation: &str,
    groups: &str,
    length: &str,
    recording: Option<&str>,
) -> Result<()> {
    let named = Operation::ALL.into_iter().find(|known| known.name() == operation);
    let task = program::Task {
        std: library == "std",
        operation: named.ok_or("unknown operation")?,
        groups: groups.parse()?,
        length: length.parse()?,
    };
    program::run(&task, recording.map(Path::new))
}

/// A row of the table.
struct Row {
    name: String,
    count: Count,
}

fn bench(then: impl FnOnce(&Results) -> Result<()>) -> Result<()> {
    if !cfg!(feature = "record") {
        return Err(
            "enable the feature `record`: the bench itself builds the program without it".into()
        );
    }
    let valgrind = Command::new("valgrind").arg("--version").output();
    let valgrind = valgrind.map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let rustc = Command::new("rustc").arg("--version").output()?;
    let with = env::current_exe()?;
    let without = build_without_record()?;

    let mut rows = Vec::new();
    for operation in Operation::ALL {
        let mut row = |state, program, std, recorded| -> Result<()> {
            let count = Counted { program, std, operation, recorded }.count()?;
            rows.push(Row { name: format!("{}, {state}", operation.name()), count });
            Ok(())
        };
        row("std", &with, true, false)?;
        row("not recorded", &with, false, false)?;
        row("recorded", &with, false, true)?;
        row("std, in a build without `record`", &without, true, false)?;
        row("feature `record` off", &without, false, false)?;
    }
    let machine_code = ["send", "receive", "lock"].map(|operation| {
        machine_code::compare(
            &without,
            &format!("{operation}_instrumented"),
            &format!("{operation}_std"),
        )
    });
    let results = Results {
        versions: [valgrind, rustc]
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        rows,
        machine_code: machine_code.into_iter().collect::<Result<_>>()?,
    };
    print!("{}", results.markdown()?);
    then(&results)
}

/// Builds this program without the feature and returns its path.
fn build_without_record() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without-record");
    let output = Command::new(cargo)
        .args(["bench", "--no-run", "--bench", "instructions", "--no-default-features"])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path", manifest])
        .arg("--target-dir")
        .arg(target)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the program without the feature `record` could not be built".into());
    }
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| Some(message["executable"].as_str()?.into()))
        .ok_or_else(|| "Cargo did not report the path of the program".into())
}

struct Results {
    versions: [String; 2],
    rows: Vec<Row>,
    machine_code: Vec<String>,
}

const HEAD: &str = "\
# Instructions of an operation

Counted with valgrind by `cargo bench -p chanscope-instrumented --bench instructions`, on one thread:
sends and receives of `u64` on an unbounded channel, and the lock and unlock of a mutex. The counts
include the loop and the call around an operation, which are the same in every row.

*Alone* is an operation on the fast path. *Averaged* includes a share of rare work: std allocates
once in 31 messages, and a recorded thread begins a new block once in about 2,700 records (a lock
and its release are two) and copies the previous one to the file itself. The calibration of the
clock once a millisecond is not included. The compiler inlines more of std's send in a program
with fewer callers, so each build has its own row for std, and the rows below are compared with it.

| | alone | added to std | averaged | added to std |
|---|--:|--:|--:|--:|
";

impl Results {
    fn markdown(&self) -> Result<String> {
        let mut text = String::from(HEAD);
        let mut std = None;
        for Row { name, count } in &self.rows {
            let std =
                if name.contains(", std") { *std.insert(*count) } else { std.unwrap_or(*count) };
            writeln!(
                text,
                "| {name} | {} | {} | {:.2} | {:.2} |",
                count.alone,
                count.alone - std.alone,
                count.averaged,
                count.averaged - std.averaged,
            )?;
        }
        writeln!(text, "\nWith the feature `record` off, by objdump:\n")?;
        for sentence in &self.machine_code {
            writeln!(text, "- {sentence}.")?;
        }
        writeln!(text, "\n{}.", self.versions.join(", "))?;
        Ok(text)
    }
}

fn results_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results/instructions.md")
}

fn save(results: &Results) -> Result<()> {
    let path = results_file();
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    Ok(fs::write(path, results.markdown()?)?)
}

/// Fails if a count exceeds the saved one by more than [`MAX_GROWTH`].
fn check(results: &Results) -> Result<()> {
    let path = results_file();
    let saved = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let mut grown = Vec::new();
    println!();
    for Row { name, count } in &results.rows {
        let line = saved.lines().find_map(|line| line.strip_prefix(&format!("| {name} | ")));
        let cells: Vec<&str> = line.unwrap_or_default().split(" | ").collect();
        let [alone, _, averaged, _] = cells[..] else {
            return Err(format!("{} has no row for {name}", path.display()).into());
        };
        for (column, count, saved) in
            [("alone", count.alone, alone), ("averaged", count.averaged, averaged)]
        {
            let saved: f64 = saved.parse()?;
            println!("{name}, {column}: {count:.2}, saved {saved:.2}, {:+.2}", count - saved);
            if count > saved * MAX_GROWTH {
                grown.push(format!("{name}, {column}"));
            }
        }
    }
    if grown.is_empty() {
        Ok(())
    } else {
        Err(format!("more than 10% above the saved counts: {}", grown.join("; ")).into())
    }
}
