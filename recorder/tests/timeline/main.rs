//! From recordings to timelines, traces, charts and reports: recordings written by hand, simulated
//! and damaged ones.
#![forbid(unsafe_code)]

/// Arrows from a receive to the sends that it causes.
mod causes;
/// Messages in channels: each rule of the timeline.
mod channels;
/// Where labels are in sequence charts.
mod chart_labels;
/// Each rule of sequence charts.
mod chart_rules;
/// Sequence charts in their three forms.
mod charts;
/// Replays that resume from a checkpoint, and recordings that grow meanwhile.
mod checkpoints;
/// Clocks that step back.
mod clock_steps;
/// Recordings that are truncated or altered, and files that are not recordings.
mod damage;
/// Traces with a maximum number of events.
mod downsampling;
/// Processes, threads, channels and primitives: names and numbers.
mod entities;
/// The content of the two trace formats, read back.
mod exported;
/// Findings, each with a program that has it and one that does not.
mod findings;
/// Findings that a pause of the recording rules out.
mod findings_after_pauses;
/// Recordings that lack the start, the end or the send of something.
mod incomplete;
/// Recordings with pauses, and those of a flight recorder.
mod interrupted;
/// Properties of the timeline of every program.
mod invariants;
/// Properties of locks in the timeline of every program.
mod locks;
/// Hangs that another order would have caused.
mod predicted;
/// Locks, condition variables, barriers and initialisers: each rule of the timeline.
mod primitives;
/// The report, as text and as JSON.
mod reports;
/// Parts of a run.
mod selections;
/// Several receivers of a channel, selects and tasks.
mod selects;
/// A shorthand for small recordings, and their timelines as text.
mod shorthand;
/// Random programs and their recordings.
mod simulated;
/// Slides: charts of few rows.
mod slides;
/// States of threads.
mod states;
/// The summary of a run.
mod summary;
/// Starts, waits and ends of threads.
mod threads;
/// Both trace formats hold the same facts.
mod trace_formats;
mod unfinished;
/// Values, names, spans and logs.
mod values_and_spans;
/// Chunks and tiles of a run, for the page.
mod windows;
