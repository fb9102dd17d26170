//! The result of a run, in a few lines.

use std::cmp::Reverse;
use std::fmt;

use format::Call;

use super::{Report, pauses, window};
use crate::analysis::Analysis;
use crate::analysis::findings::words::counted;
use crate::reading::Nanos;
use crate::reading::catalog::{Place, Target, Thread, ThreadIndex};
use crate::replay::Wait;
use crate::timeline::item::method;

/// The result of a run, in a few lines: its [`Display`](fmt::Display).
#[derive(Debug)]
pub struct Summary<'a> {
    report: &'a Report<'a>,
    /// The threads that still wait, with their waits.
    waiting: Vec<(ThreadIndex, &'a Wait)>,
}

/// Maximum number of lines of one kind.
const MAX_LINES: usize = 10;

impl<'a> Summary<'a> {
    /// The summary of a report.
    pub fn new(report: &'a Report<'a>) -> Self {
        let threads = report.analysis.state.threads.iter_enumerated();
        let waiting = threads.filter_map(|(thread, known)| {
            let wait = known.wait.as_ref()?;
            (wait.is_open() && !wait.is_sleep()).then_some((thread, wait))
        });
        Summary { report, waiting: waiting.collect() }
    }

    /// Leaves out the waits that findings explain.
    #[must_use]
    pub fn without_hangs(mut self) -> Self {
        let hangs = self.report.findings.iter().filter(|finding| finding.is_hang);
        let explained: Vec<_> = hangs.flat_map(|finding| &finding.threads).collect();
        self.waiting.retain(|(thread, _)| !explained.contains(&thread));
        self
    }

    /// `consumer`, or where there are several processes `consumer of server`
    fn thread(&self, thread: ThreadIndex) -> String {
        let thread = &self.report.analysis.catalog.threads[thread];
        match self.report.analysis.catalog.process_name(thread.process) {
            Some(process) => format!("{} of {process}", thread.name),
            None => thread.name.clone(),
        }
    }

    /// `consumer in recv on "jobs", src/main.rs:14:20`
    fn wait(&self, thread: ThreadIndex, wait: &Wait, holders: &str) -> String {
        let catalog = self.report.analysis.catalog;
        let place = wait.operation.place.map(|place| &catalog.places[place]);
        let dependency_call = place.and_then(Place::dependency_call);
        let is_own = dependency_call.is_none();
        let call = dependency_call.unwrap_or_else(|| method(wait.call()).to_owned());
        let mut text = format!("{} in {call}", self.thread(thread));
        if let Some(target) = wait.target().filter(|_| is_own) {
            let preposition = if matches!(target, Target::Thread(_)) { "of" } else { "on" };
            text += &format!(" {preposition} {:?}{holders}", catalog.label(target));
        }
        if let Some(place) = place {
            text += &format!(", {place}");
        }
        text
    }

    /// ` held by main`, for a lock that a thread waits for at the end.
    fn holders(&self, wait: &Wait) -> String {
        let Analysis { catalog, state, .. } = &self.report.analysis;
        let is_lock = matches!(wait.call(), Call::Lock | Call::Read | Call::Write);
        let Some(Target::Primitive(lock)) = wait.target().filter(|_| is_lock) else {
            return String::new();
        };
        let holds = state.primitives[lock].holds.iter().filter(|hold| hold.paused.is_none());
        let names: Vec<_> =
            holds.take(MAX_LINES).map(|hold| &*catalog.threads[hold.thread].name).collect();
        match &names[..] {
            [] => String::new(),
            names => format!(" held by {}", names.join(", ")),
        }
    }

    fn write_waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let analysis = &self.report.analysis;
        let waited: Nanos = analysis.stats.threads.iter().map(|thread| thread.waited).sum();
        write!(f, "blocked for {waited} in all")?;
        match analysis.stats.longest_wait {
            Some(longest) => {
                let wait = self.wait(longest.thread, &longest.wait, "");
                writeln!(f, "; longest: {} {wait}", longest.time)
            }
            None => writeln!(f),
        }
    }

    fn write_panics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let panics = &self.report.analysis.stats.panics;
        for panic in panics.iter().take(MAX_LINES) {
            write!(f, "{} panicked", self.thread(panic.thread))?;
            if let Some(place) = panic.place {
                write!(f, " at {}", self.report.analysis.catalog.places[place])?;
            }
            match panic.message.lines().next() {
                Some(line) => writeln!(f, ": {line}")?,
                None => writeln!(f)?,
            }
        }
        write_more(f, "panicked", panics.len())
    }

    fn write_unfinished(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &(thread, wait) in self.waiting.iter().take(MAX_LINES) {
            let time = self.report.analysis.catalog.end_of_thread(thread).since(wait.begin);
            let wait = self.wait(thread, wait, &self.holders(wait));
            writeln!(f, "still waiting at the end, for {time}: {wait}")?;
        }
        write_more(f, "still waiting at the end", self.waiting.len())
    }

    fn write_dropped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dropped = self.report.recording.dropped;
        if dropped == 0 {
            return Ok(());
        }
        let threads = self.report.analysis.catalog.threads.iter_enumerated();
        let mut worst: Vec<_> = threads.filter(|(_, thread)| thread.dropped > 0).collect();
        worst.sort_by_key(|(_, thread)| Reverse(thread.dropped));
        let of = |&(thread, facts): &(ThreadIndex, &Thread)| {
            format!("{} of {}", facts.dropped, self.thread(thread))
        };
        let mut threads: Vec<_> = worst.iter().take(MAX_LINES).map(of).collect();
        if worst.len() > MAX_LINES {
            let more = counted((worst.len() - MAX_LINES) as u64, "more thread");
            threads.push(format!("and others of {more}"));
        }
        let colon = if threads.is_empty() { "" } else { ": " };
        let events = counted(dropped, "event");
        writeln!(f, "{events} could not be recorded{colon}{}", threads.join(", "))
    }
}

/// Writes how many lines of a kind are left out, if any are.
fn write_more(f: &mut fmt::Formatter<'_>, kind: &str, all: usize) -> fmt::Result {
    match all.saturating_sub(MAX_LINES) {
        0 => Ok(()),
        more => writeln!(f, "{kind}: {more} more"),
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Analysis { catalog, state, stats, .. } = &self.report.analysis;
        let threads = self.report.analysis.counted_threads();
        write!(f, "{} in ", counted(threads as u64, "thread"))?;
        if catalog.processes.len() > 1 {
            write!(f, "{}, ", counted(catalog.processes.len() as u64, "process"))?;
        }
        let sent = state.channels.iter().map(|channel| channel.all_sent()).sum();
        let received: u64 = state.channels.iter().map(|channel| channel.received).sum();
        write!(
            f,
            "{}: {}, {} sent, {received} received",
            catalog.length(),
            counted(catalog.channels.len() as u64, "channel"),
            counted(sent, "message"),
        )?;
        match state.channels.iter().map(|channel| channel.sent_before).sum::<u64>() {
            0 => writeln!(f)?,
            before => writeln!(f, " ({before} of them sent before)")?,
        }
        if let Some(window) = window(&self.report.analysis) {
            writeln!(f, "{window}")?;
        }
        if let Some(alignment) = &self.report.recording.alignment {
            writeln!(f, "{alignment}")?;
        }
        self.write_waits(f)?;
        self.write_panics(f)?;
        self.write_unfinished(f)?;
        if let Some((_, time)) = pauses(&self.report.analysis) {
            writeln!(f, "the recording paused {time}")?;
        }
        if stats.never_received > 0 {
            writeln!(f, "{} never received", counted(stats.never_received, "message"))?;
        }
        self.write_dropped(f)
    }
}
