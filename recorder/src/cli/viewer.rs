//! Options for opening traces in the browser.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::export::DetailOptions;
use super::selection::WindowOptions;
use super::values;
use crate::viewer::Page;

#[derive(Args, Debug)]
pub(crate) struct OpenArgs {
    /// A trace (.pftrace, .json, also with .gz), or input of `recorder export`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailOptions,
    #[command(flatten)]
    pub(crate) window: WindowOptions,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// Whether to open what was written.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Opening in the browser")]
#[command(mut_arg("ui", |arg| arg.requires("open")))]
#[command(mut_arg("no_browser", |arg| arg.requires("open")))]
#[command(mut_arg("port", |arg| arg.requires("open")))]
#[command(mut_arg("wait", |arg| arg.requires("open")))]
pub(crate) struct ViewerOptions {
    /// Opens the trace in the Perfetto UI, as `recorder open` does
    #[arg(long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// How a page of the browser gets the trace.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Opening in the browser")]
pub(crate) struct ServeOptions {
    /// The address of a Perfetto UI of your own. Example: --ui http://localhost:10000
    #[arg(long, value_name = "URL")]
    pub(crate) ui: Option<Page>,
    /// Prints the address to open instead of starting a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port to listen on; the page at ui.perfetto.dev can only use the default, 9001
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// How long to wait for the page to fetch the trace [default: 5min]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) wait: Option<Duration>,
}

impl ServeOptions {
    /// The Perfetto UI to open.
    pub(crate) fn page(&self) -> Page {
        self.ui.clone().unwrap_or_default()
    }

    /// The port to listen on.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(9001)
    }

    /// How long to wait for the page.
    pub(crate) fn timeout(&self) -> Duration {
        self.wait.unwrap_or(Duration::from_secs(300))
    }
}
