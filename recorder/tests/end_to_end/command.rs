//! Runs commands, each in a process group of its own and with a time limit.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGXFSZ};
use tempfile::TempDir;

use crate::event_text::Text;

/// Tests that wait longer than this fail.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A working directory with a directory for temporary files in it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("temporary")).unwrap();
        Place(directory)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that runs here, with the default action for all signals.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        handle_ignored_signals();
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.0.path())
            .env("TMPDIR", self.path("temporary"))
            .env_remove("INSTRUMENTED_SESSION")
            .env_remove("COLUMNS");
        command
    }

    /// `recorder ARGUMENTS`, here.
    pub(crate) fn recorder(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_recorder"));
        command.args(arguments);
        command
    }

    /// The names of all files and directories, sorted; `temporary` only if it is not empty.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = names_in(self.0.path());
        if names_in(&self.path("temporary")).is_empty() {
            names.retain(|name| name != "temporary");
        }
        names
    }

    /// The names of all files in a directory here, sorted.
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        names_in(&self.path(directory))
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Waits until a file of this name exists.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        let started = Instant::now();
        while !self.path(name).exists() {
            let waited = started.elapsed();
            assert!(waited < TIMEOUT, "{name} does not exist after {waited:?}: {:?}", self.names());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The event text in this file.
    pub(crate) fn text(&self, name: &str) -> Text {
        Text::new(String::from_utf8(self.bytes(name)).unwrap())
    }

    /// The events of the Chrome trace in this file.
    pub(crate) fn json(&self, name: &str) -> Vec<Value> {
        serde_json::from_slice(&self.bytes(name)).unwrap()
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Makes commands start with the default action for signals that this process ignores, as under
/// `nohup` or in the background of a script: a command inherits an ignored signal, but not a
/// handler. This process still does nothing on such a signal.
fn handle_ignored_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
        let ignored = u64::from_str_radix(ignored, 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGXFSZ] {
            if ignored >> (signal - 1) & 1 == 1 {
                signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
            }
        }
    });
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Ran {
    Running::start(command).finish()
}

/// A text without its line breaks and indentation.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The result of a command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect_status(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn expect_stdout(self, stdout: &str) -> Self {
        assert_eq!(self.stdout, stdout, "{self:#?}");
        self
    }

    /// Asserts that stderr contains `part`, perhaps with other line breaks.
    #[track_caller]
    pub(crate) fn expect_stderr(self, part: &str) -> Self {
        let is_there = self.stderr.contains(part) || words(&self.stderr).contains(part);
        assert!(is_there, "{part:?} is not in {self:#?}");
        self
    }

    /// Asserts that the recording is complete.
    #[track_caller]
    pub(crate) fn expect_no_damage(self) -> Self {
        for word in ["damaged", "incomplete", "not recording", "could not be recorded"] {
            assert!(!self.stderr.contains(word), "{word:?} is in {self:#?}");
        }
        self
    }
}

/// A running command. On drop, its whole process group is killed.
pub(crate) struct Running {
    child: Child,
    group: Pid,
    lines: Receiver<String>,
    stdout: String,
    error_lines: Receiver<String>,
    stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Running {
            group: Pid::from_child(&child),
            lines: lines(child.stdout.take().unwrap()),
            stdout: String::new(),
            error_lines: lines(child.stderr.take().unwrap()),
            stderr: String::new(),
            child,
        }
    }

    /// Waits for this line on stdout.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, line: &str) {
        while self.next_line().trim_end() != line {}
    }

    /// The next line on stdout.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        let line = self.lines.recv_timeout(TIMEOUT).unwrap();
        self.stdout += &line;
        line
    }

    /// The next line on stderr.
    #[track_caller]
    pub(crate) fn next_error_line(&mut self) -> String {
        let line = self.error_lines.recv_timeout(TIMEOUT).unwrap();
        self.stderr += &line;
        line
    }

    /// Its stdin; without this it is closed when [`finish`](Self::finish) is called.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// The process ID.
    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal to this process only.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.group, signal).unwrap();
    }

    /// Sends a signal to all processes of its group, as a terminal would.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.group, signal).unwrap();
    }

    /// Waits until the command and all processes that share its stdout have ended.
    pub(crate) fn finish(mut self) -> Ran {
        drop(self.child.stdin.take());
        let started = Instant::now();
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) => self.stdout += &line,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs; stdout: {}", self.stdout),
            }
        }
        // Its stdout is closed, so it must end soon.
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if started.elapsed() > TIMEOUT => panic!("hangs after closing stdout"),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        self.stderr.extend(self.error_lines.iter());
        Ran {
            status,
            stdout: std::mem::take(&mut self.stdout),
            stderr: std::mem::take(&mut self.stderr),
        }
    }
}

/// The lines written to `pipe`, as they arrive.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).unwrap() > 0 {
            // Fails after a test has failed.
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    lines
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if all processes have ended, as they should.
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
    }
}
