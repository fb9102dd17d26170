//! Which part of a run is meant.

use std::time::Duration;

use clap::Args;

use crate::export::Output;
use crate::timeline::select::Wanted;

/// What of a run the pictures show (.json, .pftrace, .svg and .mmd).
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "A part of the run")]
pub struct SelectionOptions {
    /// Shows what is later than so long after the start. Example: --from 1.2s --to 1.5s
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Duration>,
    /// Shows what is earlier than so long after the start
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Duration>,
    /// Shows threads of this name, in which * stands for any characters. Can be given several
    /// times, as can the next two. Example: --thread 'worker-*'
    #[arg(long = "thread", value_name = "NAME")]
    pub only_threads: Vec<String>,
    /// Shows what is on the channel that is called so. Example: --channel jobs
    #[arg(long, value_name = "NAME")]
    pub channel: Vec<String>,
    /// Shows the processes of this name or number. Example: --process server
    #[arg(long, value_name = "NAME|PID")]
    pub process: Vec<String>,
    /// Shows the threads and the time of a finding of `recorder report`: the one with this code,
    /// or at this place. Example: --around deadlock, --around 1
    #[arg(long, value_name = "FINDING")]
    pub around: Option<String>,
    /// Shows one message's journey: what led to it, and what its receiver sent because of it.
    /// Example: --message jobs#7
    #[arg(long, value_name = "CHANNEL#NUMBER")]
    pub message: Option<String>,
}

impl SelectionOptions {
    /// Why it makes no sense with these outputs, if so.
    pub(super) fn refused(&self, outputs: &[Output]) -> Option<String> {
        let SelectionOptions { from, to, only_threads, channel, process, around, message } = self;
        let given = [
            (from.is_some(), "--from"),
            (to.is_some(), "--to"),
            (!only_threads.is_empty(), "--thread"),
            (!channel.is_empty(), "--channel"),
            (!process.is_empty(), "--process"),
            (around.is_some(), "--around"),
            (message.is_some(), "--message"),
        ];
        let (_, option) = given.into_iter().find(|(given, _)| *given)?;
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Some("--from is later than --to".to_owned());
        }
        let whole = outputs.iter().find(|output| !output.kind().is_picture())?;
        let whole = whole.path().display();
        Some(format!("{option} is for pictures; {whole} has all of the recording"))
    }

    /// As the selection takes them.
    pub fn wanted(self) -> Wanted {
        let SelectionOptions { from, to, only_threads, channel, process, around, message } = self;
        Wanted {
            from,
            to,
            threads: only_threads,
            channels: channel,
            processes: process,
            around,
            message,
        }
    }
}

/// What the viewer shows first of a recording; all the rest is there as well.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What to look at first")]
pub struct WindowOptions {
    /// The window begins so long after the start. Example: --from 1.2s --to 1.5s
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Duration>,
    /// The window ends so long after the start
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Duration>,
    /// Zooms to a finding of `recorder report`, and selects it: the one with this code, or at
    /// this place. Example: --around deadlock, --around 1
    #[arg(long, value_name = "FINDING")]
    pub around: Option<String>,
    /// Zooms to one message's journey. Example: --message jobs#7
    #[arg(long, value_name = "CHANNEL#NUMBER")]
    pub message: Option<String>,
}

impl WindowOptions {
    /// Why it makes no sense, if so.
    pub(super) fn refused(&self) -> Option<String> {
        let (from, to) = (self.from?, self.to?);
        (from > to).then(|| "--from is later than --to".to_owned())
    }

    /// As the selection takes them.
    pub fn wanted(self) -> Wanted {
        let WindowOptions { from, to, around, message } = self;
        Wanted { from, to, around, message, ..Wanted::default() }
    }
}

/// A time since the start, which may have a fraction: `1.25s`.
fn moment(text: &str) -> Result<Duration, &'static str> {
    let wrong = "not a time like 1.25s, 300ms or 2min";
    let Some((whole, rest)) = text.split_once('.') else {
        return humantime::parse_duration(text).map_err(|_| wrong);
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(wrong)?;
    let (fraction, unit) = rest.split_at(digits);
    let unit = humantime::parse_duration(&format!("1{unit}")).map_err(|_| wrong)?;
    let number: f64 = format!("{whole}.{fraction}").parse().map_err(|_| wrong)?;
    Duration::try_from_secs_f64(number * unit.as_secs_f64()).map_err(|_| wrong)
}
