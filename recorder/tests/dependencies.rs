//! Dependencies: a program under observation takes in little, and the recorder reads recordings
//! without the library that wrote them.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The packages below `package`, by name, as Cargo resolves them.
fn below(package: &str, arguments: &[&str]) -> BTreeSet<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .args(["--locked", "--offline", "--format", "{p}"])
        .args(arguments)
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    // `name version (where)`
    let mut names = text.lines().filter_map(|line| line.split(' ').next().map(str::to_owned));
    assert_eq!(names.next().as_deref(), Some(package), "{text}");
    names.collect()
}

#[test]
fn the_format_depends_on_nothing() {
    assert_eq!(below("format", &["--target", "all", "--all-features"]), names([]));
}

#[test]
fn the_library_depends_on_the_format_alone() {
    assert_eq!(below("instrumented", &["--target", "all"]), names(["format"]));
}

#[test]
fn without_its_feature_the_library_depends_on_nothing() {
    assert_eq!(below("instrumented", &["--target", "all", "--no-default-features"]), names([]));
}

#[test]
fn with_tracing_the_library_depends_on_that_too() {
    let below = below("instrumented", &["--depth", "1", "--features", "tracing"]);
    let expected = ["format", "tracing", "tracing-core", "tracing-subscriber"];
    assert_eq!(below, names(expected));
}

#[test]
fn the_recorder_does_not_depend_on_the_library() {
    let below = below("recorder", &[]);
    assert!(below.contains("format") && below.contains("clap"), "{below:?}");
    assert!(!below.contains("instrumented"), "{below:?}");
}

#[test]
fn examples_depend_on_the_library_alone() {
    assert_eq!(below("examples", &["--target", "all", "--depth", "1"]), names(["instrumented"]));
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}
