//! Faulty programs, whose first finding must name the fault and its place, and their healed twins,
//! which must not have that finding.
//!
//! Each root next to this directory defines a `programs` module that builds them, and includes the
//! suite.
//!
//! With `CORPUS_JITTER=MICROSECONDS`, the threads of the programs run in random orders, as they do in
//! a root with a `JITTER`; `CORPUS_REPEAT=TIMES` runs each program that many times.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cargo_metadata::Message;
use recorder::analysis::findings::{Certainty, Code, Severity};
use recorder::reading::Recording;
use recorder::reading::catalog::PlaceIndex;
use recorder::report::Report;

use crate::programs::{FOUND_OTHERWISE, JITTER, corpus};

/// How a faulty program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself.
    Itself,
    /// It hangs, and the recorder notices.
    Hang,
    /// Never: one of its threads goes on.
    Never,
}

/// How certain the report is of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confidence {
    Certain,
    Likely,
    Possible,
}

/// A faulty program and its first finding.
struct Sick {
    name: &'static str,
    code: Code,
    confidence: Confidence,
    end: End,
}

macro_rules! corpus {
    ($($name:ident: $code:ident, $confidence:ident, $end:ident;)*) => {
        /// The faulty programs.
        const CORPUS: &[Sick] = &[$(Sick {
            name: stringify!($name),
            code: Code::$code,
            confidence: Confidence::$confidence,
            end: End::$end,
        }),*];

        $(mod $name {
            use super::*;

            fn program() -> &'static Sick {
                CORPUS.iter().find(|sick| sick.name == stringify!($name)).unwrap()
            }

            #[test]
            fn sick() {
                repeat(|| is_found(program()));
            }

            #[test]
            fn healed() {
                repeat(|| is_healed(program()));
            }
        })*
    };
}

corpus! {
    two_full_bounds: Deadlock, Certain, Hang;
    rendezvous_cycle: Deadlock, Certain, Hang;
    request_reply_cycle: Deadlock, Certain, Hang;
    lock_order: Deadlock, Certain, Hang;
    lock_across_recv: Deadlock, Certain, Hang;
    timed_wait_then_join: Deadlock, Certain, Hang;
    join_cycle: Deadlock, Certain, Hang;
    missed_notification: Deadlock, Certain, Hang;
    own_channel: Deadlock, Certain, Hang;
    barrier_short: Deadlock, Certain, Hang;
    relocked_mutex: Deadlock, Certain, Hang;
    scope_waits: Deadlock, Certain, Hang;
    upgraded_read: Deadlock, Certain, Hang;
    forgotten_in_main: ForgottenSender, Certain, Hang;
    forgotten_in_registry: ForgottenSender, Certain, Hang;
    forgotten_in_thread: ForgottenSender, Likely, Never;
    panic: Panic, Certain, Itself;
    lost_messages: LostMessages, Certain, Itself;
    lost_at_exit: LostMessages, Certain, Itself;
    disconnected_send: DisconnectedSend, Certain, Itself;
    growing_queue: GrowingQueue, Certain, Itself;
    slow_consumer: Backpressure, Certain, Itself;
    serialised_workers: SerialisedWorkers, Certain, Itself;
    unfair_senders: UnfairSenders, Certain, Itself;
    starved_receiver: StarvedReceiver, Likely, Itself;
    busy_polling: BusyPolling, Certain, Itself;
    expired_timeouts: ExpiredTimeouts, Likely, Itself;
    one_at_a_time: PingPong, Certain, Itself;
    unused_endpoint: UnusedEndpoint, Certain, Itself;
    notify_one_shutdown: Deadlock, Certain, Hang;
    park_token_taken: Deadlock, Certain, Hang;
    once_reenters: Deadlock, Certain, Hang;
    lazy_reenters: Deadlock, Certain, Hang;
    recursive_read: Deadlock, Certain, Hang;
    never_answered: ForgottenSender, Certain, Hang;
    pool_takes_n: ForgottenSender, Certain, Hang;
    timeout_loop: ForgottenSender, Likely, Never;
    accept_keeps_sender: Unfinished, Likely, Never;
    foreign_wait: Unfinished, Likely, Hang;
    flag_after_join: Unfinished, Certain, Never;
    barrier_panic: Panic, Certain, Hang;
    joins_itself: Panic, Certain, Itself;
    poisoned: Panic, Certain, Itself;
    receiver_gone: Panic, Certain, Itself;
    first_takes_all: SerialisedWorkers, Certain, Itself;
    unfair_lock: UnfairLock, Certain, Itself;
    spin_on_hangup: BusyPolling, Certain, Itself;
    two_inboxes: BusyPolling, Certain, Itself;
    joined_in_turn: JoinedInTurn, Certain, Itself;
    opposite_order: PossibleDeadlock, Possible, Itself;
    full_inboxes: PossibleDeadlock, Possible, Itself;
}

/// Programs without a fault that look as if they had one.
const HEALTHY: [&str; 4] =
    ["detached_logger", "healthy_retries", "healthy_start_gate", "healthy_watchdog"];

/// Programs without a fault that wait until they are ended.
const IDLE: [&str; 2] = ["healthy_ctrlc", "healthy_signal_condvar"];

#[test]
fn nothing_is_found_in_healthy_programs() {
    for name in HEALTHY {
        repeat(|| {
            let found = Run::of(corpus(), &[name]).findings;
            assert!(found.is_empty(), "{name}: {found:#?}");
        });
    }
}

/// Nothing is said while they wait, and in the end only what is unfinished.
#[test]
fn an_idle_program_does_not_hang() {
    for name in IDLE {
        repeat(|| {
            let Run { output, findings, stderr } = Run::of_up_to(ENDLESS, corpus(), &[name]);
            assert_eq!(output.status.code(), Some(124), "{stderr}");
            assert!(!stderr.contains("hangs"), "{stderr}");
            let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, [Code::Unfinished], "{name}: {findings:#?}");
        });
    }
}

#[test]
fn every_program_of_the_corpus_is_tested() {
    let with_twin = CORPUS.iter().filter(|sick| !takes_argument(sick.name));
    let healed = with_twin.map(|sick| format!("{}_healed", sick.name));
    let others = CORPUS.iter().map(|sick| sick.name).chain(HEALTHY).chain(IDLE);
    let tested: BTreeSet<_> = healed.chain(others.map(str::to_owned)).collect();
    // (`mod.rs` lists them: one that it leaves out cannot be run.)
    let files = fs::read_dir(sources()).unwrap().map(|file| file.unwrap().path());
    let names = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    let existing: BTreeSet<_> = names.filter(|name| name != "mod").collect();
    assert_eq!(tested, existing);
}

#[test]
fn every_code_has_a_sick_program() {
    for code in Code::ALL {
        assert!(CORPUS.iter().any(|sick| sick.code == *code), "{code:?}");
    }
}

pub(crate) fn repeat(check: impl Fn()) {
    let times = env::var("CORPUS_REPEAT").map_or(1, |times| times.parse().unwrap());
    (0..times).for_each(|_| check());
}

/// The program's first finding has this code and names a line that is marked with `HERE`.
fn is_found(&Sick { name, code, confidence, end }: &Sick) {
    let otherwise = FOUND_OTHERWISE.iter().find(|(program, ..)| *program == name);
    let (code, confidence) = otherwise.map_or((code, confidence), |found| (found.1, found.2));
    let timeout = match end {
        End::Never => ENDLESS,
        End::Itself | End::Hang => TIMEOUT,
    };
    let Run { output, findings, stderr } = Run::of_up_to(timeout, corpus(), &[name]);
    let first = findings.first().unwrap_or_else(|| panic!("nothing is found in {name}: {stderr}"));
    assert_eq!(first.code, code, "{findings:#?}");
    assert_eq!(first.confidence, confidence, "{findings:#?}");
    let source = source(name);
    let file = format!("recorder/tests/corpus/src/programs/{name}.rs");
    let places: Vec<_> = marked(&source).map(|line| format!("{file}:{line}")).collect();
    assert!(places.contains(&first.place), "none of {places:?}: {findings:#?}");
    assert!(first.headline.contains(&first.place), "{findings:#?}");
    match end {
        End::Itself => assert_eq!(output.status.code(), Some(0), "{stderr}"),
        End::Hang => {
            assert_eq!(output.status.code(), Some(123), "{stderr}");
            // Its lines are broken between words.
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let said = words(&stderr).contains(&words(&first.headline));
            assert!(said, "{findings:#?}: {stderr}");
            assert_eq!(stderr.contains("likely"), confidence == Confidence::Likely, "{stderr}");
        }
        End::Never => assert_eq!(output.status.code(), Some(124), "{stderr}"),
    }
}

/// The lines that end in `// HERE`, or that follow a line with nothing else.
fn marked(source: &str) -> impl Iterator<Item = usize> {
    (1..).zip(source.lines()).filter_map(|(line, text)| {
        let before = text.trim().strip_suffix("// HERE")?;
        Some(if before.is_empty() { line + 1 } else { line })
    })
}

/// Without its fault the program ends, and nothing worse than a note is found in it.
fn is_healed(&Sick { name, .. }: &Sick) {
    let twin = format!("{name}_healed");
    let Run { output, findings, stderr } = match takes_argument(name) {
        true => Run::of(corpus(), &[name, "healed"]),
        false => Run::of(corpus(), &[&twin]),
    };
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    // It may be slow in another way than its twin.
    let is_bad = |finding: &&Found| finding.code.severity() < Severity::Note;
    let bad: Vec<_> = findings.iter().filter(is_bad).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(!stderr.contains("hangs"), "{stderr}");
}

/// Whether a program runs without its fault if it has the argument `healed`; otherwise it has a
/// twin.
fn takes_argument(name: &str) -> bool {
    source(name).contains("\"healed\"")
}

fn source(name: &str) -> String {
    fs::read_to_string(sources().join(format!("{name}.rs"))).unwrap()
}

/// The result of a recorded run.
pub(crate) struct Run {
    output: Output,
    stderr: String,
    pub(crate) findings: Vec<Found>,
}

/// The parts of a finding that the tests compare.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) code: Code,
    confidence: Confidence,
    place: String,
    headline: String,
}

impl Run {
    pub(crate) fn of(program: &Path, arguments: &[&str]) -> Self {
        Run::of_up_to(TIMEOUT, program, arguments)
    }

    fn of_up_to(timeout: &str, program: &Path, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.rec");
        let mut command = Command::new(env!("CARGO_BIN_EXE_recorder"));
        command
            .args(["record", "--on-deadlock", "kill", "--timeout", timeout, "-o"])
            .arg(&path)
            .arg("--")
            .arg(program)
            .args(arguments)
            .env_remove("INSTRUMENTED_SESSION")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if env::var_os("CORPUS_JITTER").is_none() {
            command.envs(JITTER.map(|jitter| ("CORPUS_JITTER", jitter)));
        }
        let mut child = command.spawn().unwrap();
        // Open and silent, like a terminal's, until the program has ended.
        let stdin = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let recording = Recording::open(&path).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        let report = Report::with_predictions(&recording).unwrap();
        let place = |place: Option<PlaceIndex>| {
            let place = place.map(|place| &recording.catalog.places[place]);
            place.map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default()
        };
        let findings = report.findings.iter().map(|finding| Found {
            code: finding.code,
            confidence: match finding.certainty {
                Certainty::Certain => Confidence::Certain,
                Certainty::Likely { .. } => Confidence::Likely,
                Certainty::Possible => Confidence::Possible,
            },
            place: place(finding.place),
            headline: finding.headline(),
        });
        Run { findings: findings.collect(), output, stderr }
    }
}

/// Much more time than any program takes that ends, and than the recorder needs to see a hang, also on a
/// busy machine.
const TIMEOUT: &str = "1m";
/// When programs are ended that never end.
const ENDLESS: &str = "4s";

pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/src/programs")
}

/// Runs a command that ends in `cargo build`. Returns the programs that it builds, by name.
pub(crate) fn build(command: &mut Command) -> HashMap<String, PathBuf> {
    command
        .args(["--bins", "--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    let mut programs = HashMap::new();
    let mut is_finished = false;
    for message in Message::parse_stream(&output.stdout[..]) {
        match message.unwrap() {
            Message::CompilerArtifact(artifact) => {
                let executable = artifact.executable.map(PathBuf::from);
                programs.extend(executable.map(|path| (artifact.target.name, path)));
            }
            // The exit status may be that of the recorder, which has recorded nothing of Cargo.
            Message::BuildFinished(finished) => is_finished = finished.success,
            _ => {}
        }
    }
    assert!(is_finished, "cannot build: {command:?}");
    programs
}
