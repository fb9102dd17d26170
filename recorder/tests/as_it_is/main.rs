//! Records programs of small Cargo projects as they are: with std's own channels, locks and threads
//! in their source.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

/// Commands of Cargo: `recorder record -- cargo test` and others.
mod cargo_commands;
/// The user's configuration of Cargo: wrappers, targets, flags, profiles, toolchains.
mod configuration;
/// Every kind of crate, in one program.
mod crates;
/// Crates and compilers that cannot be recorded, and crates with errors.
mod dependencies;
mod failures;
/// A project straight from `cargo new`, and what is built again when.
mod new_project;
/// `--only`, `--without`, and programs that depend on `instrumented`.
mod selection;

/// Runs commands in temporary directories, with a time limit.
#[allow(dead_code, reason = "shared with another test")]
#[path = "../end_to_end/command.rs"]
mod command;
/// Parses the event text, independently of the recorder.
#[allow(dead_code, reason = "shared with another test")]
#[path = "../end_to_end/event_text.rs"]
mod event_text;
/// Cargo projects in temporary directories.
mod project;
