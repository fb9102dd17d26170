//! Follows runs of real programs while they go on.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// What a follower has seen when a run is over, compared with the recording of the run.
mod follower;
/// `--metrics`: the text, and who gets it.
mod metrics;
/// The page of a run: who gets it, and what it gets.
mod page;
/// What `recorder watch` shows of recordings, at some sizes of the terminal.
mod screens;
/// `recorder watch` in a terminal: keys, colours, signals, and the end of the run.
mod terminal;
/// `recorder watch` of runs that go on.
mod watch;

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
