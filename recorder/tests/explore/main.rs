//! `recorder explore` and `replay`, with real programs.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// All orders of small programs, beside an exhaustive search.
mod exhaustive;
/// What is found, how often, and how that is shown.
mod outcomes;
/// Pages with all orders.
mod pages;
/// Hangs that are predicted from one good run, and confirmed by another.
mod predicted;
/// Programs of a workspace, and tests, as they are.
mod projects;
/// Runs happen again, or the first difference is named.
mod replays;

/// Runs commands in temporary directories, with a time limit.
#[path = "../end_to_end/command.rs"]
#[allow(dead_code, reason = "other tests use all of it")]
mod command;
/// Parses the event text, independently of the recorder.
#[path = "../end_to_end/event_text.rs"]
#[allow(dead_code, reason = "other tests use all of it")]
mod event_text;
/// Builds the programs that the tests record.
#[path = "../end_to_end/programs.rs"]
#[allow(dead_code, reason = "other tests use all of it")]
mod programs;
/// Cargo projects in temporary directories.
#[path = "../as_it_is/project.rs"]
#[allow(dead_code, reason = "other tests use all of it")]
mod project;

use serde_json::Value;

use command::{Place, Ran, run};
use programs::program;

/// Explores a way in which the program `schedules` can go wrong.
fn explore(place: &Place, options: &[&str], way: &str) -> Ran {
    let program = program("schedules");
    let command = [&["explore", "--for", "60s"], options, &["--", program, way]].concat();
    run(place.recorder(&command))
}

/// The same as JSON.
fn explore_json(place: &Place, options: &[&str], way: &str) -> Value {
    let ran = explore(place, &[options, &["--json"]].concat(), way).expect_status(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The kinds of the outcomes.
fn kinds(exploration: &Value) -> Vec<&str> {
    let outcomes = exploration["outcomes"].as_array().unwrap();
    outcomes.iter().map(|outcome| outcome["kind"].as_str().unwrap()).collect()
}
