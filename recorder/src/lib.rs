//! The stages of `recorder`, from a program to a timeline.
//!
//! Data flows one way:
//!
//! ```text
//! program ──capture──> recording ──reading──> events ──ordering──> order ──replay──> transitions
//!                                                                                        │
//!                                              report <── analysis <─────────────────────┤
//!                                              export <── timeline <─────────────────────┘
//! ```
//!
//! - [`workspace`] finds and builds the programs of a Cargo workspace; [`build`] makes a build record
//!   crates that know nothing of it.
//! - [`capture`] runs a program, collects its recording, and notices when it hangs.
//! - [`reading`] opens a recording: its [catalog](reading::catalog) at once, its events on demand.
//! - [`ordering`] merges the events of all threads into one possible order.
//! - [`replay`] follows that order, owns the state of the run, and reports transitions.
//! - [`timeline`] listens to them and makes the [items](timeline::item) of a picture.
//! - [`analysis`] listens to them and collects statistics, the wait-for graph, the critical path and
//!   [findings](analysis::findings).
//! - [`check`] judges the programs of students by the report on their runs.
//! - [`explore`] runs a program under many schedules, and makes one of these runs happen again.
//! - [`report`] presents the analysis to people and machines.
//! - [`export`] writes traces, charts and recordings.
//! - [`window`] makes the pieces of a run that our own page asks for.
//! - [`page`] is that page: as a file, or for a server.
//! - [`perfetto_ui`] hands a trace to the Perfetto UI in the browser.
//! - [`http`] answers the requests of browsers.
//! - [`layout`] fits text into the width of a terminal.
//! - [`live`] follows a run while it goes on.
//! - [`terminal`] shows progress, stops at a signal and logs.
//! - [`watch`] shows the figures of a run in the terminal.
//! - [`cli`] parses the command line; [`commands`] carries it out.
//!
//! From [`reading`] on, everything is a pure function of the recording.
#![forbid(unsafe_code)]

pub mod analysis;
pub mod build;
pub mod capture;
pub mod check;
pub mod cli;
pub mod commands;
pub mod course;
pub mod explore;
pub mod export;
pub mod http;
pub mod layout;
pub mod live;
pub mod ordering;
pub mod page;
pub mod perfetto_ui;
pub mod reading;
pub mod replay;
pub mod report;
pub mod terminal;
pub mod timeline;
pub mod watch;
pub mod window;
pub mod workspace;
