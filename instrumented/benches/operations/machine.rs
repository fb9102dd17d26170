//! Where and when something was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The machine and the day, as a paragraph.
pub(crate) fn describe() -> String {
    format!("{}, {} cores, {}, {}. {}.\n", processor(), cores(), kernel(), compiler(), day())
}

/// Keeps `text` in the folder of results, by the day and the machine.
pub(crate) fn save(name: &str, text: &str) {
    let processor = processor().to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/results")
        .join(format!("{}-{processor}-{name}.md", day()));
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder for the results");
    fs::write(&path, text).expect("the result can be written");
    println!("kept in {}", path.display());
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
    format!("Linux {}", said_by("uname", "-r"))
}

fn compiler() -> String {
    said_by("rustc", "--version")
}

fn day() -> String {
    said_by("date", "+%Y-%m-%d")
}

fn said_by(command: &str, argument: &str) -> String {
    let output = Command::new(command).arg(argument).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
