//! The `recorder` command, from the command line to the files that it leaves, with real
//! programs.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// The recorder's log, its timeline of itself, and `--quiet`.
mod diagnostics;
/// The output of each example, and the parts of its recording that do not depend on timing.
mod examples;
/// `recorder export` and `show`: the same recording gives the same bytes.
mod export;
/// A full disk: the program runs on, and everything up to then is kept.
mod full_disk;
/// Programs that hang: the report while they do, and `--on-deadlock`.
mod hangs;
/// `--help`, the manual pages and the shell completions.
mod help;
/// Programs that crash or lack resources, and recorders that stop: the recording can be read.
mod hostile_conditions;
/// SIGKILL to the program or the recorder: every committed event is in the recording.
mod kill;
/// `--max-events`: the whole run in a limited number of events.
mod max_events;
/// `recorder open`: who can fetch the trace, and what starts the browser.
mod open;
/// Outputs on stdout, compressed outputs, and exports that are interrupted.
mod outputs;
/// `recorder pause`, `--last`, `--max-size`, and the recordings of killed recorders.
mod pauses_and_limits;
/// Programs of several processes, and programs that record themselves.
mod processes;
/// `recorder record`: the streams and the status of the program, and the files.
mod record;
/// Every kind of event: how often it was recorded and where it happened.
mod recorded_events;
/// `recorder report` and `diff`, and the findings that `record` prints.
mod report;
/// `recorder list` and `run`, in this workspace and in a user's project.
mod run;
/// Several recordings in one export, on one clock.
mod several_recordings;
/// Signals and `--timeout`: the trace is written however the program ends.
mod signals;
/// The events of threads, locks and the other primitives, and their order.
mod synchronization;
/// Threads that come and go, panic, or use channels in their last moments.
mod threads;
/// The spans and events of the crate `tracing`, and channel operations in a `tracing` subscriber.
mod tracing;
/// Wrong usage: the status is 2, and the message tells the right usage.
mod usage;
/// `--values`: the values of messages.
mod values;

/// Runs commands in temporary directories, with a time limit.
mod command;
/// Parses the event text, independently of the recorder.
mod event_text;
/// Builds the programs that the tests record.
mod programs;
