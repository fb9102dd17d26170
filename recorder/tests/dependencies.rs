//! Dependencies: a program under observation takes in little, the recorder reads recordings
//! without the library that wrote them, and all licences and sources are known.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Prints dependencies as Cargo resolves them: `package`, and a line for each package below it.
fn tree(package: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .args(["--locked", "--offline"])
        .args(arguments)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The packages below `package`, by name.
fn below(package: &str, arguments: &[&str]) -> BTreeSet<String> {
    let text = tree(package, arguments);
    // `name version (where)`
    let mut names = text.lines().filter_map(|line| line.split(' ').next().map(str::to_owned));
    assert_eq!(names.next().as_deref(), Some(package), "{text}");
    names.collect()
}

#[test]
fn the_format_depends_on_nothing() {
    assert_eq!(below("chanscope-format", &["--target", "all", "--all-features"]), names([]));
}

#[test]
fn the_library_depends_on_the_format_alone() {
    let below = below("chanscope-instrumented", &["--target", "all"]);
    assert_eq!(below, names(["chanscope-format"]));
}

#[test]
fn without_its_feature_the_library_depends_on_nothing() {
    let below = below("chanscope-instrumented", &["--target", "all", "--no-default-features"]);
    assert_eq!(below, names([]));
}

#[test]
fn with_tracing_the_library_depends_on_that_too() {
    let below = below("chanscope-instrumented", &["--depth", "1", "--features", "tracing"]);
    let expected = ["chanscope-format", "tracing", "tracing-core", "tracing-subscriber"];
    assert_eq!(below, names(expected));
}

#[test]
fn the_recorder_does_not_depend_on_the_library() {
    let below = below("chanscope", &[]);
    assert!(below.contains("chanscope-format") && below.contains("clap"), "{below:?}");
    assert!(!below.contains("chanscope-instrumented"), "{below:?}");
}

#[test]
fn examples_depend_on_the_library_alone() {
    let below = below("examples", &["--target", "all", "--depth", "1"]);
    assert_eq!(below, names(["chanscope-instrumented"]));
}

/// The packages that are published and have dependencies.
const PUBLISHED: [&str; 2] = ["chanscope", "chanscope-instrumented"];

#[test]
fn licences_are_compatible_and_nothing_comes_from_elsewhere_than_the_registry() {
    let allowed = allowed_licences();
    let here = format!("({}", workspace().canonicalize().unwrap().display());
    for package in PUBLISHED {
        let text = tree(package, &["--all-features", "--format", "{l}|{p}"]);
        assert!(text.lines().count() > 5, "{text}");
        for line in text.lines() {
            let (licence, package) = line.split_once('|').unwrap();
            assert!(is_allowed(licence, &allowed), "{line}");
            // `name version (where)`, without a place if it is the registry
            let mut places = package.split(' ').skip(2).filter(|place| place.starts_with('('));
            let known =
                |place: &str| ["(proc-macro)", "(*)"].contains(&place) || place.starts_with(&here);
            assert!(places.all(known), "{line}");
        }
    }
}

#[test]
fn only_known_packages_come_in_two_versions() {
    let text = fs::read_to_string(workspace().join("deny.toml")).unwrap();
    let skipped = text.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \""));
    let skipped: BTreeSet<_> = skipped.filter_map(|line| Some(line.split_once('"')?.0)).collect();
    let mut needed = BTreeSet::new();
    for package in PUBLISHED {
        let text = tree(package, &["--all-features", "--duplicates", "--depth", "0"]);
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            // `name vversion (where)`
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            versions.entry(name).or_default().extend(words.next());
        }
        for (name, versions) in versions {
            let mut is_skipped = |version: &&&str| {
                // `name:version`, the first digits of it
                let found = skipped.iter().find(|skipped| {
                    let rest = skipped.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
                    rest.is_some_and(|rest| version.starts_with(&format!("v{rest}.")))
                });
                needed.extend(found);
                found.is_some()
            };
            let others: Vec<_> = versions.iter().filter(|it| !is_skipped(it)).collect();
            assert!(others.len() <= 1, "{name}: {others:?}");
        }
    }
    assert_eq!(needed, skipped, "deny.toml skips only what it must");
}

/// The licences that `deny.toml` allows.
fn allowed_licences() -> BTreeSet<String> {
    let text = fs::read_to_string(workspace().join("deny.toml")).unwrap();
    let list = text.lines().find_map(|line| line.strip_prefix("allow = [")).unwrap();
    let list = list.strip_suffix(']').unwrap();
    list.split(", ").map(|name| name.trim_matches('"').to_owned()).collect()
}

/// Whether an SPDX expression leaves the choice of allowed licences.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // Before SPDX expressions, `/` was Cargo's OR.
    let expression = expression.replace('/', " OR ");
    let either = split(&expression, " OR ");
    let both = split(&expression, " AND ");
    if either.len() > 1 {
        either.iter().any(|part| is_allowed(part, allowed))
    } else if both.len() > 1 {
        both.iter().all(|part| is_allowed(part, allowed))
    } else if let Some(inner) = expression.strip_prefix('(') {
        is_allowed(inner.strip_suffix(')').unwrap(), allowed)
    } else {
        allowed.contains(&expression)
    }
}

/// Splits at an operator outside of parentheses.
fn split<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let depth = |text: &str| text.matches('(').count() - text.matches(')').count();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in expression.match_indices(operator) {
        if depth(&expression[..at]) == 0 {
            parts.push(&expression[start..at]);
            start = at + operator.len();
        }
    }
    parts.push(&expression[start..]);
    parts
}

#[test]
fn expressions_are_evaluated_as_spdx_defines() {
    let allowed = names(["MIT", "ISC"]);
    for expression in ["MIT", "GPL-3.0 OR MIT", "X/MIT", "(X OR MIT) AND ISC", "X AND Y OR ISC"] {
        assert!(is_allowed(expression, &allowed), "{expression}");
    }
    for expression in ["", "GPL-3.0", "MIT AND X", "(MIT OR ISC) AND X", "X OR (ISC AND Y)"] {
        assert!(!is_allowed(expression, &allowed), "{expression}");
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}
