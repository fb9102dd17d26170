//! The corpus: sick programs, of which the first finding must name what is wrong and where,
//! and their healed twins, of which nothing like it may be found.
//!
//! `CORPUS_JITTER=MICROSECONDS` has the programs' threads come in random orders, and
//! `CORPUS_REPEAT=TIMES` runs each as often.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use cargo_metadata::Message;
use recorder::analysis::findings::{self, Certainty, Code};
use recorder::analysis::{Outsiders, analyse};
use recorder::reading::Recording;

/// How a sick program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself.
    Itself,
    /// It hangs, which is noticed.
    Hang,
    /// Never: a thread of it goes on.
    Never,
}

macro_rules! corpus {
    ($($name:ident: $code:ident, $sure:ident, $end:ident;)*) => {
        /// The sick programs.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            use super::*;

            #[test]
            fn sick() {
                repeat(|| is_found(stringify!($name), Code::$code, stringify!($sure), End::$end));
            }

            #[test]
            fn healed() {
                repeat(|| is_not_found(concat!(stringify!($name), "_healed"), Code::$code));
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
}

/// Programs with nothing wrong that might look as if there were.
const HEALTHY: [&str; 1] = ["detached_logger"];

/// Examples that are about a fault, that fault, and whether it is always so bad that it is
/// found: most run for less time than it takes to speak of a habit.
const FAULTY_EXAMPLES: [(&str, Code, bool); 10] = [
    ("backpressure", Code::Backpressure, false),
    ("deadlock", Code::Deadlock, true),
    ("event_loop", Code::LostMessages, false),
    ("forgotten_sender", Code::ForgottenSender, true),
    ("lost_message", Code::LostMessages, true),
    ("ping_pong", Code::PingPong, false),
    ("polling", Code::BusyPolling, false),
    ("slow_stage", Code::Backpressure, false),
    ("timeouts", Code::ExpiredTimeouts, false),
    ("unfair_producer", Code::UnfairSenders, false),
];

#[test]
fn nothing_is_found_in_healthy_programs() {
    for name in HEALTHY {
        repeat(|| {
            let found = Run::of("recorder-corpus", name).findings;
            assert!(found.is_empty(), "{name}: {found:#?}");
        });
    }
}

#[test]
fn nothing_is_found_in_examples_but_what_they_are_about() {
    for name in programs("examples").keys() {
        let mut found = Run::of("examples", name).findings;
        let fault = FAULTY_EXAMPLES.iter().find(|(faulty, ..)| faulty == name);
        if let Some(&(_, fault, always)) = fault
            && (always || found.first().is_some_and(|first| first.code == fault))
        {
            assert_eq!(found.first().map(|first| first.code), Some(fault), "{name}: {found:#?}");
            found.remove(0);
        }
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn every_program_of_the_corpus_is_tried() {
    let healed = NAMES.iter().map(|name| format!("{name}_healed"));
    let others = NAMES.iter().chain(&HEALTHY).map(|name| (*name).to_owned());
    let tried: BTreeSet<_> = healed.chain(others).collect();
    let there: BTreeSet<_> = programs("recorder-corpus").keys().cloned().collect();
    assert_eq!(tried, there);
}

#[test]
fn every_code_has_a_sick_program() {
    let source = include_str!("corpus.rs");
    for code in Code::ALL {
        assert!(source.contains(&format!(": {code:?}, ")), "{code:?}");
    }
}

fn repeat(check: impl Fn()) {
    let times = env::var("CORPUS_REPEAT").map_or(1, |times| times.parse().unwrap());
    (0..times).for_each(|_| check());
}

/// The program's first finding has this code and names a line that is marked with `HERE`.
fn is_found(name: &str, code: Code, sure: &str, end: End) {
    let Run { output, findings, stderr } = Run::of("recorder-corpus", name);
    let first = findings.first().unwrap_or_else(|| panic!("nothing is found in {name}: {stderr}"));
    assert_eq!(first.code, code, "{findings:#?}");
    assert_eq!(first.is_certain, sure == "Certain", "{findings:#?}");
    let source = fs::read_to_string(sources().join(format!("{name}.rs"))).unwrap();
    let file = format!("recorder/tests/corpus/src/bin/{name}.rs");
    let places: Vec<_> = marked(&source).map(|line| format!("{file}:{line}")).collect();
    assert!(places.contains(&first.place), "none of {places:?}: {findings:#?}");
    assert!(first.headline.contains(&first.place), "{findings:#?}");
    match end {
        End::Itself => assert_eq!(output.status.code(), Some(0), "{stderr}"),
        End::Hang => {
            assert_eq!(output.status.code(), Some(123), "{stderr}");
            assert!(stderr.contains(&first.headline), "{findings:#?}: {stderr}");
            assert!(!stderr.contains("likely"), "{stderr}");
        }
        End::Never => assert_eq!(output.status.code(), Some(124), "{stderr}"),
    }
}

/// The lines that end in `// HERE`, or come after one that says nothing else.
fn marked(source: &str) -> impl Iterator<Item = usize> {
    (1..).zip(source.lines()).filter_map(|(line, text)| {
        let before = text.trim().strip_suffix("// HERE")?;
        Some(if before.is_empty() { line + 1 } else { line })
    })
}

/// The program ends, and has no finding with this code.
fn is_not_found(name: &str, code: Code) {
    let Run { output, findings, stderr } = Run::of("recorder-corpus", name);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(findings.iter().all(|finding| finding.code != code), "{findings:#?}");
    assert!(!stderr.contains("hangs"), "{stderr}");
}

/// What a recorded run of a program came to.
struct Run {
    output: Output,
    stderr: String,
    findings: Vec<Found>,
}

/// What a test looks at in a finding.
#[derive(Debug)]
struct Found {
    code: Code,
    is_certain: bool,
    place: String,
    headline: String,
}

impl Run {
    fn of(package: &str, name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.rec");
        let output = Command::new(env!("CARGO_BIN_EXE_recorder"))
            .args(["record", "--on-deadlock", "kill", "--timeout", TIMEOUT, "-o"])
            .arg(&path)
            .arg("--")
            .arg(&programs(package)[name])
            .env_remove("INSTRUMENTED_SESSION")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let recording = Recording::open(&path).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        // These programs have no thread that is not recorded.
        let analysis = analyse(&recording, Outsiders::None).unwrap();
        let place = |site: Option<recorder::reading::catalog::Index>| {
            let site = site.map(|site| &recording.entities.sites[site.get()]);
            site.map(|site| format!("{}:{}", site.file, site.line)).unwrap_or_default()
        };
        let findings = findings::find(&analysis).into_iter().map(|finding| Found {
            code: finding.code,
            is_certain: finding.certainty == Certainty::Certain,
            place: place(finding.site),
            headline: finding.headline(),
        });
        Run { findings: findings.collect(), output, stderr }
    }
}

/// Longer than any program takes that ends.
const TIMEOUT: &str = "4s";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/src/bin")
}

/// The programs of a package, by name.
fn programs(package: &str) -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, HashMap<String, PathBuf>>> = OnceLock::new();
    let build =
        || ["recorder-corpus", "examples"].map(|package| (package.to_owned(), build(package)));
    &PROGRAMS.get_or_init(|| build().into())[package]
}

fn build(package: &str) -> HashMap<String, PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--package", package, "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "cannot build {package}");
    Message::parse_stream(&output.stdout[..])
        .filter_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact) => {
                Some((artifact.target.name, artifact.executable?.into()))
            }
            _ => None,
        })
        .collect()
}
