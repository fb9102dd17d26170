//! Runs the `recorder` command with real programs and checks its output and its files.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// The recorder's log, its timeline of itself, and `--quiet`.
mod diagnostics;
/// The output of each example, and the parts of its recording that do not depend on timing.
mod examples;
/// `recorder export` and `show`: the same recording gives the same bytes.
mod export;
/// A full disk: the program continues, and the events recorded before are kept.
mod full_disk;
/// Programs that hang: the message while they hang, and `--on-deadlock`.
mod hangs;
/// `--help`, the manual pages and the shell completions.
mod help;
/// Programs that crash or run out of resources, and suspended recorders: the recording is readable.
mod hostile_conditions;
/// `--max-events`: the whole run in a limited number of events.
mod kept_runs;
/// SIGKILL to the program or the recorder: every committed event is in the recording.
mod kill;
/// `recorder learn`: the course as pages.
mod learn;
/// The lessons of the course: their parts, and the patches and files that they link to.
mod lessons;
mod max_events;
/// What the operating system reports of threads while they record nothing.
mod observations;
/// `recorder open`: which pages can fetch the trace, and how the browser is started.
mod open;
/// Outputs on stdout, compressed outputs, and exports that are interrupted.
mod outputs;
/// `recorder pause`, `--last`, `--max-size`, and the recordings of killed recorders.
mod pauses_and_limits;
/// Programs of several processes, and programs that record themselves.
mod processes;
/// `recorder record`: the streams and the status of the program, and the files.
mod record;
/// Every kind of event: its count and its call sites in the recording.
mod recorded_events;
/// `recorder report` and `diff`, and the findings that `record` prints.
mod report;
/// `recorder list` and `run`, in this workspace and in a user's project.
mod run;
/// Several recordings in one export, on one clock.
mod several_recordings;
/// Signals and `--timeout`: the trace is written, no matter how the program ends.
mod signals;
/// The events of threads, locks and the other primitives, and their order.
mod synchronization;
/// Short-lived threads, threads that panic, and channels used in thread-local destructors.
mod threads;
/// The spans and events of the crate `tracing`, and channel operations in a `tracing` subscriber.
mod tracing;
/// Wrong usage: the exit status is 2, and the message explains the right usage.
mod usage;
/// `--values`: the values of messages.
mod values;

/// Runs commands in temporary directories, with a time limit.
mod command;
/// Parses the event text, independently of the recorder.
mod event_text;
/// Builds the programs that the tests record.
mod programs;
