//! What the compiler says about programs that use std: with the facade it says the same.
//!
//! The lines of the programs end in the codes of the messages about them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::compiled::{compiler, options, temporary_directory};

#[test]
fn constants_coercions_lifetimes_and_names_are_accepted() {
    check("accepted");
}

#[test]
fn unused_results_and_deprecated_items_are_reported() {
    check("warnings");
}

#[test]
fn the_type_checker_rejects_the_same() {
    check("types");
}

#[test]
fn the_borrow_checker_rejects_the_same() {
    check("borrows");
}

/// Compiles a program with std and with the facade, and compares the messages with those that it
/// names.
fn check(name: &str) {
    let path = format!("{}/tests/facade/programs/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    let expected = expected(&fs::read_to_string(&path).unwrap());
    for options in [&[][..], &options("std")] {
        let found = messages(Path::new(&path), options);
        let difference: Vec<_> = found.symmetric_difference(&expected).collect();
        assert!(difference.is_empty(), "{path} with {options:?}: {difference:#?}");
    }
}

/// A line and the code of a message about it.
type Message = (u64, String);

fn expected(source: &str) -> BTreeSet<Message> {
    (1..)
        .zip(source.lines())
        .filter(|(_, text)| !text.trim_start().starts_with("//"))
        .filter_map(|(line, text)| Some((line, text.split_once(" // ")?.1.to_owned())))
        .collect()
}

fn messages(path: &Path, options: &[String]) -> BTreeSet<Message> {
    let directory = temporary_directory();
    let mut command = compiler("rustc");
    command.args(["--crate-type=lib", "--emit=metadata", "--error-format=json"]);
    command.args(options).arg("--out-dir").arg(directory.path()).arg(path);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{text}")))
        .filter_map(|message| {
            let spans = message["spans"].as_array()?;
            let place = spans.iter().find(|span| span["is_primary"] == true)?;
            let code = message["code"]["code"].as_str().unwrap_or("lifetime");
            Some((place["line_start"].as_u64()?, code.to_owned()))
        })
        .collect()
}
