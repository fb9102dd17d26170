//! The conformance suite against the crate while the process records itself.

mod library {
    use std::path::{Path, PathBuf};
    use std::sync::Once;
    use std::{env, fs, process};

    pub(crate) use instrumented::{sync, thread, time};

    /// Starts the recording before the first test uses a channel.
    pub(crate) fn setup() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            remove_recordings_of_ended_processes();
            fs::create_dir_all(directory()).expect("a temporary directory");
            instrumented::recording::values(80);
            instrumented::recording::start(recording()).expect("a recording");
        });
    }

    /// The file that this process records into.
    pub(crate) fn recording() -> PathBuf {
        directory().join("recording")
    }

    fn directory() -> PathBuf {
        env::temp_dir().join(format!("{PREFIX}{}", process::id()))
    }

    const PREFIX: &str = "instrumented-conformance-";

    /// Removes what earlier runs have left: a recording lasts until the end of its process, which
    /// therefore cannot remove it.
    fn remove_recordings_of_ended_processes() {
        for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_prefix(PREFIX))
                && (id == process::id().to_string() || !Path::new("/proc").join(id).exists())
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

use std::process::Command;
use std::{env, fs};

use format::{Strategy, control};

mod conformance;

/// Without this test the suite would also pass if nothing were recorded.
#[test]
fn the_suite_is_recorded() {
    library::setup();
    let (tx, rx) = library::sync::mpsc::channel();
    tx.send("recorded by the conformance suite").expect("the receiver exists");
    assert!(rx.recv().is_ok());
    let recording = std::fs::read(library::recording()).expect("the recording can be read");
    assert!(String::from_utf8_lossy(&recording).contains("recorded by the conformance suite"));
}

/// Tests that take seconds under a controlled schedule: because they hold a lock of std's while they
/// wait, because they poll, or because there is much to do.
const SLOW: [&str; 3] = [
    "conformance::message_order::polling_senders_and_a_polling_receiver_keep_the_order",
    "conformance::static_endpoints::both_ends_can_be_created_on_first_use",
    "conformance::stress::",
];

/// Each test runs in a process of its own, as `recorder explore` would run it.
#[test]
fn the_suite_passes_under_controlled_schedules() {
    let this = env::current_exe().expect("the path of this test");
    let list = Command::new(&this).args(["--list", "--format", "terse"]).output();
    let list = String::from_utf8(list.expect("a list of the tests").stdout).expect("names");
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let suite = names.filter(|name| {
        name.starts_with("conformance::") && !SLOW.iter().any(|slow| name.starts_with(slow))
    });
    let mut count = 0;
    for (seed, name) in suite.enumerate() {
        let other = if seed % 2 == 0 { Strategy::Stay } else { Strategy::Priorities };
        for strategy in [Strategy::Random, other] {
            let session = tempfile::tempdir().expect("a temporary directory");
            let mut words = [0u64; control::BYTES / 8];
            words[control::STRATEGY] = strategy as u64;
            words[control::SEED] = seed as u64;
            words[control::DEPTH] = 3;
            words[control::LENGTH] = 200;
            words[control::EARLY] = 500_000_000;
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            fs::write(session.path().join(control::FILE), bytes).expect("a control file");
            // One that hangs ends with status 124.
            let mut command = Command::new("timeout");
            command.arg("60").arg(&this).args([name, "--exact", "--nocapture", "--test-threads=1"]);
            let output = command.env("INSTRUMENTED_SESSION", session.path()).output();
            let output = output.expect("the test can be run");
            let text = String::from_utf8_lossy(&output.stderr);
            let status = output.status;
            assert!(status.success(), "{name} fails under {strategy:?}: {status}\n{text}");
            assert!(session.path().join("0.part").exists(), "{name} was not recorded");
            count += 1;
        }
    }
    assert!(count > 400, "only {count} runs");
}
