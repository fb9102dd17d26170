//! The programs that the tests run under the recorder, built once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cargo_metadata::Message;

/// The workspace that this package belongs to.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The target directory of Cargo.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// The path of a program of the package `recorder-test-programs`, or of an example.
pub(crate) fn program(name: &str) -> &'static str {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let path = PROGRAMS.get_or_init(|| build(&["--bins", "--examples"])).get(name);
    path.unwrap_or_else(|| panic!("there is no program {name}")).to_str().unwrap()
}

/// The path of a program that is built with the feature `tracing`.
pub(crate) fn traced(name: &str) -> &'static str {
    static TRACED: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let programs = ["--features", "tracing", "--example", "traced", "--bin", "with_tracing"];
    TRACED.get_or_init(|| build(&programs))[name].to_str().unwrap()
}

fn build(arguments: &[&str]) -> HashMap<String, PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--package", "recorder-test-programs", "--package", "examples"])
        .args(arguments)
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(target())
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "cannot build the test programs");
    Message::parse_stream(&output.stdout[..])
        .filter_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact) => {
                Some((artifact.target.name, artifact.executable?.into()))
            }
            _ => None,
        })
        .collect()
}
