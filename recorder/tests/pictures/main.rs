//! From recordings to pictures: hand-written, simulated and damaged ones.
#![forbid(unsafe_code)]

/// The flows that lead from a message to those sent because of it.
mod chains;
/// Sequence charts: what they show, in three forms.
mod charts;
/// Recordings that are cut, altered, or none at all.
mod damage;
/// Pictures with so many events and no more.
mod details;
/// Processes, threads and channels are told apart.
mod entities;
/// What the two trace formats say, read back.
mod facts;
/// What is wrong, slow or lost: each finding, and its healed counterpart.
mod findings;
/// Both trace formats hold the same facts.
mod formats;
/// Small recordings, written by hand.
mod hand;
/// Recordings that lack the begin, the end or the send of something.
mod incomplete;
/// Recordings that pause, and those of a flight recorder.
mod interrupted;
/// What holds for every program.
mod invariants;
/// What nobody knows after the recording has paused.
mod pauses;
/// Locks and other primitives.
mod primitives;
/// The report, for people and for machines.
mod reports;
/// The rules of the picture, one by one.
mod rules;
/// A part of a run.
mod selections;
/// Several receivers of a channel, selects and tasks.
mod selects;
/// Programs that use channels, and their recordings.
mod simulation;
/// What each thread is at, without a gap.
mod states;
/// Counters that step back.
mod steps_back;
/// What a run came to.
mod summary;
/// Programs whose threads wait for each other in all ways but by messages.
mod synchronised;
/// How threads begin, wait for each other and end.
mod threads;
/// What a program says in words: values, names, spans and logs.
mod words;
