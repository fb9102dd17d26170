//! How many instructions an operation takes: recorded, not recorded, without the feature
//! `record`, and std's own.
//!
//! ```sh
//! cargo bench -p instrumented --bench instructions
//! ```
//!
//! Prints a table in Markdown. `-- --save` keeps it in `instrumented/benches/results`;
//! `-- --check` compares with what is kept there, and fails where a count has grown by
//! over a tenth. Needs valgrind and objdump; the time and the load of the machine do not
//! matter. The program that is counted is this one, started with other arguments.

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

/// A count may be so much greater than the one that is kept.
const TOLERANCE: f64 = 1.1;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // cargo adds `--bench`.
    let arguments: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    let done = match arguments[..] {
        // How the bench starts itself.
        ["count", library, operation, groups, length, ref recording @ ..] => {
            be_counted(library, operation, groups, length, recording.first().copied())
        }
        [] => bench(|_| Ok(())),
        ["--save"] => bench(save),
        ["--check"] => bench(check),
        [..] => Err("the options are `--save` and `--check`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn be_counted(
    library: &str,
    operation: &str,
    groups: &str,
    length: &str,
    recording: Option<&str>,
) -> Result<()> {
    let named = Operation::ALL.into_iter().find(|known| known.name() == operation);
    let task = program::Task {
        std: library == "std",
        operation: named.ok_or("there is no such operation")?,
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
        return Err("start it with the feature `record`: it builds the other one itself".into());
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
        row("nobody records", &with, false, false)?;
        row("recorded", &with, false, true)?;
        row("std, in a build without `record`", &without, true, false)?;
        row("feature `record` off", &without, false, false)?;
    }
    let machine_code = ["send", "receive", "lock"].map(|operation| {
        machine_code::compare(&without, &format!("{operation}_ours"), &format!("{operation}_plain"))
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

/// Builds this program without the feature, and says where it is.
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
        .ok_or_else(|| "cargo did not say where the program is".into())
}

struct Results {
    versions: [String; 2],
    rows: Vec<Row>,
    machine_code: Vec<String>,
}

const HEAD: &str = "\
# Instructions of an operation

Counted by valgrind, of `cargo bench -p instrumented --bench instructions`: an unbounded
channel of `u64`, and a mutex that is locked and unlocked, one thread, with the loop and the
call around an operation, which are the same in every row. *Alone* is an operation that does
nothing rare. *Averaged* has its share of what std allocates once in 31 messages and, if it is
recorded, of a new block once in some 2,700 records (a lock and its release are two), which
the program here writes to the file itself; the reading of both clocks once a millisecond is
not in it. The compiler inlines more of std's send where a program sends in fewer ways; so
each build has its own row for std, which those below it are compared with.

| | alone | over std | averaged | over std |
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

/// Fails if a count has grown by too much.
fn check(results: &Results) -> Result<()> {
    let path = results_file();
    let kept = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let mut grown = Vec::new();
    println!();
    for Row { name, count } in &results.rows {
        let line = kept.lines().find_map(|line| line.strip_prefix(&format!("| {name} | ")));
        let cells: Vec<&str> = line.unwrap_or_default().split(" | ").collect();
        let [alone, _, averaged, _] = cells[..] else {
            return Err(format!("{} has no row for {name}", path.display()).into());
        };
        for (what, now, kept) in
            [("alone", count.alone, alone), ("averaged", count.averaged, averaged)]
        {
            let kept: f64 = kept.parse()?;
            println!("{name}, {what}: {now:.2}, kept {kept:.2}, {:+.2}", now - kept);
            if now > kept * TOLERANCE {
                grown.push(format!("{name}, {what}"));
            }
        }
    }
    if grown.is_empty() {
        Ok(())
    } else {
        Err(format!("over a tenth more instructions than are kept: {}", grown.join("; ")).into())
    }
}
