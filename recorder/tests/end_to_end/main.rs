//! The `recorder` command, from the command line to the files that it leaves, with real
//! programs.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

mod details;
mod examples;
mod exports;
mod full_disk;
mod hangs;
mod interrupted;
mod kill;
mod open;
mod outcomes;
mod outputs;
mod processes;
mod record;
mod reports;
mod run;
mod signals;
mod synchronization;
mod telling;
mod threads;
mod together;
mod tracing;
mod unbreakable;
mod usage;
mod values;

// Shared by the topics.
mod command;
mod programs;
mod text;
