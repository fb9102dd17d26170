//! Options that select a part of a run.

use std::time::Duration;

use clap::Args;

use super::values;
use crate::timeline::select::Criteria;

/// The part of a run that traces and charts (.json, .pftrace, .svg, .mmd) show.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Part of the run")]
pub(crate) struct SelectionOptions {
    /// Start of the time window, relative to the start of the run. Example: --from 1.2s --to 1.5s
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) from: Option<Duration>,
    /// End of the time window, relative to the start of the run
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) to: Option<Duration>,
    /// Shows only the threads of this name, in which * matches any characters. Can be given several
    /// times, as can --channel and --process. Example: --thread 'worker-*'
    #[arg(long = "thread", value_name = "NAME")]
    pub(crate) only_threads: Vec<String>,
    /// Shows only the channel of this name. Example: --channel jobs
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Vec<String>,
    /// Shows only the processes of this name or process ID. Example: --process server
    #[arg(long, value_name = "NAME|PID")]
    pub(crate) process: Vec<String>,
    /// Shows only the threads and the time of a finding, given by its code or by its number in
    /// `recorder report`. Example: --around deadlock, --around 1
    #[arg(long, value_name = "FINDING")]
    pub(crate) around: Option<String>,
    /// Shows only one message's journey: what led to it, and what its receiver sent because of it.
    /// Example: --message jobs#7
    #[arg(long, value_name = "CHANNEL#NUMBER")]
    pub(crate) message: Option<String>,
}

impl SelectionOptions {
    /// Converts the options for the selection.
    pub(crate) fn criteria(&self) -> Criteria {
        Criteria {
            from: self.from,
            to: self.to,
            threads: self.only_threads.clone(),
            channels: self.channel.clone(),
            processes: self.process.clone(),
            around: self.around.clone(),
            message: self.message.clone(),
        }
    }
}

/// The part of a recording that the viewer shows first; the rest can be scrolled to.
#[derive(Args, Clone, Debug, Default)]
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
