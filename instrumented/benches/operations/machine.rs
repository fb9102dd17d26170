//! The machine and the date of a measurement, and the file for its result.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Describes the machine and the date, as a paragraph.
pub(crate) fn describe() -> String {
    format!("{}, {} cores, {}, {}. {}.\n", processor(), cores(), kernel(), compiler(), day())
}

/// Saves `text` in the results directory, in a file named after the date and the machine.
pub(crate) fn save(name: &str, text: &str) {
    let processor = processor().to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/results")
        .join(format!("{}-{processor}-{name}.md", day()));
    fs::create_dir_all(path.parent().expect("the path has a parent"))
        .expect("the directory can be created");
    fs::write(&path, text).expect("the result can be written");
    println!("saved as {}", path.display());
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    model.map_or("unknown processor", |model| model.trim_start_matches([' ', '\t', ':'])).to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn kernel() -> String {
    format!("Linux {}", output_of("uname", "-r"))
}

fn compiler() -> String {
    output_of("rustc", "--version")
}

fn day() -> String {
    output_of("date", "+%Y-%m-%d")
}

fn output_of(command: &str, argument: &str) -> String {
    let output = Command::new(command).arg(argument).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
