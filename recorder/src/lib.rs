//! The stages of `recorder`, from a program to a timeline.
//!
//! Data flows one way:
//!
//! ```text
//! program ──run──> recording ──load──> entities + events in order ──play──> items ──> exports, summary
//! ```
//!
//! - [`workspace`] finds and builds the programs of a Cargo workspace;
//! - [`run`] runs a program and collects its recording, with the help of [`session`], and
//!   says so if it [hangs](hang);
//! - [`load`] reads a recording: its [`entities`] at once, its events as they are asked for;
//! - [`order`] puts the events of all threads into one order that is possible;
//! - [`play`] follows that order and tells what there is to see, [item](items) by item;
//! - [`analysis`] follows it as well and collects what there is to know, [`findings`] says what
//!   is wrong, slow or lost, and [`report`] tells people and machines;
//! - [`selection`] lets through what is to be shown, if that is not all, and [`detail`] merges what
//!   there is no room for;
//! - [`chrome`], [`perfetto`], [`chart`] and [`summary`] are what looks at the items, and
//!   [`export`] brings them together;
//! - [`viewer`] hands a trace to the Perfetto UI in the browser.
//!
//! A [`watch`] sees how far the reading is, for the [`progress`] bar, and stops it at a
//! [signal](signals). [`diagnostics`] is where what the stages tell of themselves goes.
//!
//! From [`load`] on everything is a pure function of the recording.
#![forbid(unsafe_code)]

pub mod analysis;
mod chains;
pub mod chart;
pub mod chrome;
pub mod cli;
pub mod clock;
pub mod control;
pub mod detail;
pub mod diagnostics;
pub mod entities;
pub mod export;
pub mod findings;
pub mod hang;
mod indices;
pub mod items;
pub mod load;
mod messages;
pub mod order;
pub mod perfetto;
pub mod play;
pub mod progress;
pub mod report;
pub mod run;
pub mod selection;
pub mod session;
mod shapes;
pub mod signals;
pub mod summary;
pub mod viewer;
pub mod watch;
pub mod workspace;
