//! The conformance suite against the crate: in a process that is not recorded, and, where there is
//! something to record, in processes that the last tests start.

mod library {
    #[cfg(feature = "record")]
    use std::env;

    pub(crate) use instrumented::{sync, thread, time};

    /// Names the file into which the process shall record itself.
    #[cfg(feature = "record")]
    pub(crate) const RECORDED_INTO: &str = "CONFORMANCE_RECORDED_INTO";

    /// Starts the recording before the first test uses a channel.
    #[cfg(feature = "record")]
    pub(crate) fn setup() {
        static STARTED: std::sync::Once = std::sync::Once::new();
        STARTED.call_once(|| {
            if let Some(recording) = env::var_os(RECORDED_INTO) {
                instrumented::recording::values(80);
                instrumented::recording::start(recording).expect("a recording");
            }
            #[cfg(all(feature = "tracing", not(unsupported_platform)))]
            if env::var_os(crate::emitted::IS_EMITTED).is_some() {
                crate::emitted::install();
            }
        });
    }

    #[cfg(not(feature = "record"))]
    pub(crate) fn setup() {}
}

mod conformance;

/// Runs the suite and one more test in a process with this variable in its environment.
#[cfg(all(feature = "record", not(unsupported_platform)))]
#[track_caller]
fn passes_with(variable: &str, value: impl AsRef<std::ffi::OsStr>, test: &str) {
    let this = std::env::current_exe().expect("the path of this test");
    let mut command = std::process::Command::new(this);
    let output = command.args(["conformance::", test]).env(variable, value).output();
    let output = output.expect("the tests can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(all(feature = "record", not(unsupported_platform)))]
mod recorded {
    use std::process::Command;
    use std::{env, fs};

    use format::{Strategy, control};

    use crate::library;

    /// The value that shows that a recording has the suite.
    const SENT: &str = "recorded by the conformance suite";

    #[test]
    fn the_suite_passes() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let recording = directory.path().join("recording");
        crate::passes_with(library::RECORDED_INTO, &recording, "recorded::a_value_is_sent");
        // Without this the suite would also pass if nothing were recorded.
        let recording = fs::read(recording).expect("the recording can be read");
        assert!(String::from_utf8_lossy(&recording).contains(SENT));
    }

    #[test]
    fn a_value_is_sent() {
        library::setup();
        let (tx, rx) = library::sync::mpsc::channel();
        tx.send(SENT).expect("the receiver exists");
        assert_eq!(rx.recv(), Ok(SENT));
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
                command.arg("60").arg(&this).args([
                    name,
                    "--exact",
                    "--nocapture",
                    "--test-threads=1",
                ]);
                command.env("INSTRUMENTED_SESSION", session.path());
                // So that a test without an operation is recorded, too.
                command.env(library::RECORDED_INTO, session.path().join("recording"));
                let output = command.output().expect("the test can be run");
                let text = String::from_utf8_lossy(&output.stderr);
                let status = output.status;
                assert!(status.success(), "{name} fails under {strategy:?}: {status}\n{text}");
                assert!(session.path().join("0.part").exists(), "{name} was not recorded");
                count += 1;
            }
        }
        assert!(count > 400, "only {count} runs");
    }
}

/// A `tracing` subscriber receives every operation, and itself uses channels to handle it.
#[cfg(all(feature = "tracing", not(unsupported_platform)))]
mod emitted {
    use std::cell::Cell;
    use std::env;
    use std::fmt::Debug;
    use std::sync::LazyLock;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    use crate::library::{setup, sync};

    /// Is set in a process in which a subscriber shall receive the operations.
    pub(crate) const IS_EMITTED: &str = "CONFORMANCE_IS_EMITTED";

    /// Installs the subscriber.
    pub(crate) fn install() {
        tracing_subscriber::registry().with(SendLengths).init();
    }

    #[test]
    fn the_suite_passes() {
        crate::passes_with(IS_EMITTED, "1", "emitted::the_subscriber_receives_operations");
    }

    /// Without this test the suite would also pass if nothing were emitted.
    #[test]
    fn the_subscriber_receives_operations() {
        setup();
        let (tx, rx) = sync::mpsc::channel();
        let before = RECEIVED.get();
        tx.send(1).expect("the receiver exists");
        assert_eq!(rx.recv(), Ok(1));
        // One event each, if there is a subscriber. Its own sends are not emitted.
        let expected = if env::var_os(IS_EMITTED).is_some() { 2 } else { 0 };
        assert_eq!(RECEIVED.get(), before + expected);
    }

    thread_local! {
        /// Number of events and spans that the subscriber has received from this thread.
        static RECEIVED: Cell<usize> = const { Cell::new(0) };
    }

    /// Formats the fields of everything that it receives, and sends their total length.
    struct SendLengths;

    impl SendLengths {
        fn handle(record: impl FnOnce(&mut Length)) {
            static LENGTHS: LazyLock<sync::mpsc::SyncSender<usize>> = LazyLock::new(|| {
                let (tx, rx) = sync::mpsc::sync_channel(1);
                // From the second message on there is no room, and attempts fail.
                std::mem::forget(rx);
                tx
            });
            RECEIVED.set(RECEIVED.get() + 1);
            let mut length = Length(0);
            record(&mut length);
            let _ = LENGTHS.try_send(length.0);
        }
    }

    struct Length(usize);

    impl Visit for Length {
        fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
            self.0 += format!("{value:?}").len();
        }
    }

    impl<S: Subscriber> Layer<S> for SendLengths {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            Self::handle(|length| attributes.record(length));
        }

        fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
            Self::handle(|length| values.record(length));
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            Self::handle(|length| event.record(length));
        }
    }
}
