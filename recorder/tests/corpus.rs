//! The corpus with imports of `instrumented`, and the examples.
#![forbid(unsafe_code)]

use recorder::analysis::findings::Code;

use corpus_suite::Run;

mod corpus_suite;

mod programs {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::OnceLock;

    use recorder::analysis::findings::Code;

    use super::corpus_suite::{self, Confidence};

    /// Programs with another first finding.
    pub(crate) const FOUND_OTHERWISE: &[(&str, Code, Confidence)] = &[];

    /// The threads of the programs come in random orders: they wait for up to this many microseconds.
    pub(crate) const JITTER: Option<&str> = Some("2000");

    /// The executable of the corpus, which runs the program that its first argument names.
    pub(crate) fn corpus() -> &'static Path {
        static CORPUS: OnceLock<PathBuf> = OnceLock::new();
        CORPUS.get_or_init(|| {
            build("recorder-corpus").remove("recorder-corpus").expect("it is built")
        })
    }

    pub(crate) fn build(package: &str) -> HashMap<String, PathBuf> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        corpus_suite::build(
            Command::new(env!("CARGO"))
                .args(["build", "--package", package])
                .env("CARGO_TARGET_DIR", target.expect("it lies in the target directory"))
                .current_dir(workspace.expect("the package lies in a workspace")),
        )
    }
}

/// Examples that show a fault, that fault, and whether it is always found: most run for less time
/// than a finding about a habit needs.
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
fn examples_have_only_the_findings_that_they_are_about() {
    let examples = programs::build("examples");
    for name in examples.keys() {
        let mut found = Run::of(&examples[name], &[]).findings;
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
