//! How traces get into the browser.

use std::time::Duration;

use clap::Args;

use crate::viewer::Page;

/// Whether to look at what was written.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Opening")]
pub struct Opening {
    /// Opens what was written in the Perfetto UI, as `recorder open` does
    #[arg(long)]
    pub open: bool,
    /// Where and how.
    #[command(flatten)]
    pub serving: Serving,
}

/// How a trace gets into the browser.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Opening")]
pub struct Serving {
    /// The Perfetto UI to open, if it is one of your own. Example: --ui http://localhost:10000
    #[arg(long, value_name = "URL")]
    pub ui: Option<Page>,
    /// Starts no browser, and only says what is to be opened
    #[arg(long)]
    pub no_browser: bool,
    /// Where to listen; the page at ui.perfetto.dev may ask no other port than 9001
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// How long to wait for the page to fetch the trace; without this, five minutes
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    pub wait: Option<Duration>,
}

impl Serving {
    /// The Perfetto UI to open.
    pub fn page(&self) -> Page {
        self.ui.clone().unwrap_or_default()
    }

    /// Where to listen.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(9001)
    }

    /// How long to wait.
    pub fn patience(&self) -> Duration {
        self.wait.unwrap_or(Duration::from_secs(300))
    }

    /// An option that was given, if one was.
    pub(super) fn given(&self) -> Option<&'static str> {
        let Serving { ui, no_browser, port, wait } = self;
        [
            (ui.is_some(), "--ui"),
            (*no_browser, "--no-browser"),
            (port.is_some(), "--port"),
            (wait.is_some(), "--wait"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}
