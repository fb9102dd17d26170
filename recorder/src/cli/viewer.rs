//! Options for opening traces in the browser.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::export::{DependencyOptions, DetailOptions, PageOptions};
use super::{PredictionOptions, values};
use crate::perfetto_ui::Page;
use crate::timeline::select::Criteria;

#[derive(Args, Debug)]
pub(crate) struct OpenArgs {
    /// A trace (.pftrace, .json, also with .gz), or runs as for `recorder export` [default: the
    /// newest run]
    #[arg(value_name = "RUN")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailOptions,
    #[command(flatten)]
    pub(crate) dependencies: DependencyOptions,
    #[command(flatten)]
    pub(crate) window: WindowOptions,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

#[derive(Args, Debug)]
pub(crate) struct ViewArgs {
    /// A run that goes on, by its name or the process ID of its `recorder`; or runs as for `recorder
    /// export` [default: the newest run]
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) predictions: PredictionOptions,
    #[command(flatten)]
    pub(crate) dependencies: DependencyOptions,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) window: WindowOptions,
    #[command(flatten)]
    pub(crate) serve: PageServerOptions,
}

/// How the page is served.
#[derive(Args, Debug)]
pub(crate) struct PageServerOptions {
    /// Prints the address of the page instead of starting a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port of 127.0.0.1 to listen on [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
}

/// The part of a recording that the viewer shows first; the rest can be scrolled to.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Initial view")]
pub(crate) struct WindowOptions {
    /// Start of the time window, relative to the start of the run. Example: --from 1.2s --to 1.5s
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) from: Option<Duration>,
    /// End of the time window, relative to the start of the run
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) to: Option<Duration>,
    /// Zooms to a finding and selects it, given by its code or by its number in `recorder report`.
    /// Example: --around deadlock, --around 1
    #[arg(long, value_name = "FINDING")]
    pub(crate) around: Option<String>,
    /// Zooms to one message's journey. Example: --message jobs#7
    #[arg(long, value_name = "CHANNEL#NUMBER")]
    pub(crate) message: Option<String>,
}

impl WindowOptions {
    /// Converts the options for the selection.
    pub(crate) fn criteria(&self) -> Criteria {
        let WindowOptions { from, to, around, message } = self.clone();
        Criteria { from, to, around, message, ..Criteria::default() }
    }
}

/// Whether to open what was written.
#[derive(Args, Debug)]
#[command(next_help_heading = "Opening in the browser")]
#[command(mut_arg("ui", |arg| arg.requires("open")))]
#[command(mut_arg("no_browser", |arg| arg.requires("shown")))]
#[command(mut_arg("port", |arg| arg.requires("open")))]
#[command(mut_arg("wait", |arg| arg.requires("open")))]
pub(crate) struct ViewerOptions {
    /// Opens the trace in the Perfetto UI, as `recorder open` does
    #[arg(long, group = "shown")]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// How a page of the browser gets the trace.
#[derive(Args, Debug)]
#[command(next_help_heading = "Opening in the browser")]
pub(crate) struct ServeOptions {
    /// The address of a Perfetto UI of your own. Example: --ui http://localhost:10000
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://ui.perfetto.dev",
        hide_default_value = true
    )]
    pub(crate) ui: Page,
    /// Prints the address to open instead of starting a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port to listen on; the page at ui.perfetto.dev can only use the default, 9001
    #[arg(long, value_name = "PORT", default_value_t = 9001, hide_default_value = true)]
    pub(crate) port: u16,
    /// How long to wait for the page to fetch the trace [default: 5min]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = values::duration,
        default_value = "5min",
        hide_default_value = true
    )]
    pub(crate) wait: Duration,
}
