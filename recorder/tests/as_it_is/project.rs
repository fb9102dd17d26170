//! Cargo projects in temporary directories.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use crate::command::{Place, Ran, run};
use crate::event_text::Text;

/// A program with a channel of `u8`, a thread with a name, and a lock.
pub(crate) const PROGRAM: &str = r#"use std::sync::mpsc;
use std::sync::Mutex;
use std::thread;

fn main() {
    let (tx, rx) = mpsc::channel(); // channel
    let sum = Mutex::new(0);
    thread::scope(|scope| {
        let sender = thread::Builder::new().name("sender".to_owned());
        sender.spawn_scoped(scope, move || { // spawn
            for i in [40u8, 2] {
                tx.send(i).unwrap(); // send
            }
        }).unwrap();
        for i in rx { // receive
            *sum.lock().unwrap() += i; // acquire
        }
    });
    println!("{}", sum.lock().unwrap());
}
"#;

/// A Cargo project.
pub(crate) struct Project {
    place: Place,
    /// The text of each file, by its path.
    files: BTreeMap<String, String>,
}

impl Project {
    pub(crate) fn new() -> Self {
        Project { place: Place::new(), files: BTreeMap::new() }
    }

    /// A project with this manifest and with [`PROGRAM`] as its binary.
    pub(crate) fn with_program(manifest: &str) -> Self {
        let mut project = Project::new();
        project.write("Cargo.toml", manifest);
        project.write("src/main.rs", PROGRAM);
        project
    }

    /// Writes a file, and the directories that it is in.
    pub(crate) fn write(&mut self, path: &str, text: &str) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self.files.insert(path.to_owned(), text.to_owned());
    }

    /// Writes a script that can be executed.
    pub(crate) fn write_script(&mut self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;

        self.write(path, text);
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The absolute path of a file.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.place.path(path)
    }

    /// The text of a file that the project's commands have written.
    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(self.place.bytes(path)).unwrap()
    }

    /// A command that runs here, with nothing in its environment that configures Cargo, except that it
    /// builds fast.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.place.command(program);
        let prefixes = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUST_"];
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if prefixes.iter().any(|prefix| text.starts_with(prefix)) && text != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
        // Most of it is built once, and nobody debugs it.
        command.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only").env("CARGO_INCREMENTAL", "0");
        // Not that of the user; and compiled once, not for each project.
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command
    }

    /// `recorder ARGUMENTS`, here.
    pub(crate) fn recorder(&self, arguments: &[&str]) -> Command {
        compile_facade();
        let mut command = self.command(env!("CARGO_BIN_EXE_recorder"));
        command.args(arguments);
        command
    }

    /// Runs `recorder ARGUMENTS`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(self.recorder(arguments))
    }

    /// Runs `recorder run PROGRAM OPTIONS`, which must succeed, and returns the recording, too.
    #[track_caller]
    pub(crate) fn record(&self, program: &str, options: &[&str]) -> (Ran, Recording<'_>) {
        let arguments = [&["run", program, "-o", "run.txt"], options].concat();
        let ran = self.run(&arguments).expect_status(0).expect_no_damage();
        (ran, self.recording("run.txt"))
    }

    /// Runs `recorder record -- COMMAND`, which must succeed, and returns the recording, too.
    #[track_caller]
    pub(crate) fn record_command(&self, command: &[&str]) -> (Ran, Recording<'_>) {
        let arguments = [&["record", "-o", "run.txt", "--values", "--"], command].concat();
        let ran = self.run(&arguments).expect_status(0).expect_no_damage();
        (ran, self.recording("run.txt"))
    }

    /// The recording in this file.
    #[track_caller]
    pub(crate) fn recording(&self, path: &str) -> Recording<'_> {
        Recording { project: self, text: self.place.text(path) }
    }

    /// The place of the line with the comment `// marker`, as `file:line:`.
    #[track_caller]
    fn place_of(&self, path: &str, marker: &str) -> String {
        let marker = format!("// {marker}");
        let lines = self.files[path].lines();
        let found: Vec<_> =
            lines.zip(1..).filter(|(line, _)| line.ends_with(&marker)).map(|(_, n)| n).collect();
        assert_eq!(found.len(), 1, "{path}: {marker}");
        format!("{path}:{}:", found[0])
    }

    /// The names in a directory that are not hidden, sorted. Empty if there is no directory.
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        let mut names = match self.path(directory).is_dir() {
            true => self.place.names_in(directory),
            false => Vec::new(),
        };
        names.retain(|name| !name.starts_with('.'));
        names
    }
}

/// Compiles what all recorded programs use, before several tests do at once.
fn compile_facade() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let project = Project::with_program("[package]\nname = \"first\"\n");
        let mut command = project.command(env!("CARGO_BIN_EXE_recorder"));
        command.args(["run", "first"]);
        run(command).expect_status(0);
    });
}

/// The recording of a project's program.
pub(crate) struct Recording<'a> {
    project: &'a Project,
    pub(crate) text: Text,
}

impl Recording<'_> {
    /// The number of operations, with or without a wait, at the line with the comment `// marker`.
    #[track_caller]
    pub(crate) fn count(&self, operation: &str, path: &str, marker: &str) -> usize {
        self.count_at(operation, &self.project.place_of(path, marker))
    }

    /// The number of operations at places that start like this.
    fn count_at(&self, operation: &str, expected: &str) -> usize {
        let is_operation = |name: &str| name.strip_suffix("End").unwrap_or(name) == operation;
        let places = self.text.places();
        places
            .iter()
            .filter(|(event, place)| is_operation(event.name) && place.starts_with(expected))
            .count()
    }

    /// Asserts that there is such an operation at the line with the comment `// marker`.
    #[track_caller]
    pub(crate) fn expect(&self, operation: &str, path: &str, marker: &str) {
        let count = self.count(operation, path, marker);
        assert!(count > 0, "{operation} {path} {marker}: {:#?}", self.operations());
    }

    /// All operations with their places.
    fn operations(&self) -> Vec<String> {
        let places = self.text.places();
        places.iter().map(|(event, place)| format!("{} {place}", event.name)).collect()
    }

    /// The source files in which something was recorded, each once, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files: Vec<_> = self
            .text
            .places()
            .iter()
            .map(|(_, place)| place.split(':').next().unwrap().to_owned())
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// The names of all threads, sorted.
    pub(crate) fn threads(&self) -> Vec<String> {
        let mut names: Vec<_> = self.text.threads().into_values().collect();
        names.sort();
        names
    }

    /// The values of all messages, sorted.
    pub(crate) fn values(&self) -> Vec<String> {
        let events = self.text.events();
        let values = events.iter().filter(|event| event.name == "Value");
        let mut values: Vec<_> = values.map(|event| event.escaped("value").to_owned()).collect();
        values.sort();
        values
    }

    /// The number of processes that were recorded.
    pub(crate) fn processes(&self) -> usize {
        self.text.count(&["ProcessStarted"])
    }

    /// Asserts that it is a recording of [`PROGRAM`] in this file.
    #[track_caller]
    pub(crate) fn expect_program(&self, path: &str) {
        self.expect_program_at(path, path);
    }

    /// Asserts that it is a recording of [`PROGRAM`] in the file `path`, which the compiler was
    /// given as `compiled`.
    #[track_caller]
    pub(crate) fn expect_program_at(&self, path: &str, compiled: &str) {
        for (operation, marker, count) in [
            ("ChannelCreated", "channel", 1),
            ("Send", "send", 2),
            ("Recv", "receive", 2),
            ("Lock", "acquire", 2),
            ("Spawn", "spawn", 1),
        ] {
            let place = self.project.place_of(path, marker).replace(path, compiled);
            let found = self.count_at(operation, &place);
            assert_eq!(found, count, "{operation}: {:#?}", self.operations());
        }
        assert!(self.threads().contains(&"sender".to_owned()), "{:?}", self.threads());
        assert_eq!(self.values(), ["2", "40"]);
    }
}
