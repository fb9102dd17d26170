//! Follows runs of real programs while they go on.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// What a follower has seen when a run is over, compared with the recording of the run.
mod follower;
/// Builds the programs that the tests record.
#[path = "../end_to_end/programs.rs"]
#[allow(dead_code, reason = "other tests use all of it")]
mod programs;
