//! Detects that a running program hangs.
//!
//! A program hangs when every thread waits for another, without a timeout, and none can continue.
//! Analysing a recording takes time, so it must first be likely: a process is
//! [analysed](crate::analysis) only after it has recorded nothing for a while and the system
//! reports that all its threads are blocked, and once each time this happens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::analysis::analyse;
use crate::analysis::findings::{self, Certainty, Code, Finding};
use crate::analysis::wait_for::{Liveness, Node};
use crate::layout::{wrap, wrap_with_chain};
use crate::reading::catalog::{ProcessIndex, ThreadIndex};
use crate::reading::{self, Recording};
use crate::terminal::width;

mod stall_detector;
mod tasks;

pub(super) use stall_detector::StallDetector;
pub(super) use tasks::is_blocked;

/// What to do with a program that hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnDeadlock {
    /// Report it and let the program run
    #[default]
    Wait,
    /// Report it and end the program
    Kill,
}

/// Why a process hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The ID of the process.
    pub pid: u32,
    /// The causes, the worst first.
    pub causes: Vec<Cause>,
}

/// A finding that explains why a process hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its kind.
    pub code: Code,
    /// The code, the problem and the advice, in a line.
    pub headline: String,
    /// How it came about: a wait or an event each.
    pub chain: Vec<String>,
    /// How certain it is.
    pub certainty: Certainty,
    /// How many threads of the process are not recorded.
    unrecorded: usize,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes: Vec<_> = self.causes.iter().map(Cause::to_string).collect();
        f.write_str(&causes.join("\n"))
    }
}

/// The hangs of a run, as they are found. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Diagnoses(Arc<Mutex<Vec<Diagnosis>>>);

impl Diagnoses {
    /// The present ones.
    pub fn get(&self) -> Vec<Diagnosis> {
        self.lock().clone()
    }

    pub(super) fn add(&self, diagnosis: Diagnosis) {
        self.lock().push(diagnosis);
    }

    /// Discards those of the processes that go on.
    pub(super) fn retain(&self, hangs: impl Fn(u32) -> bool) {
        self.lock().retain(|diagnosis| hangs(diagnosis.pid));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Diagnosis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds out why a process hangs: the findings; `None` if it does not. The
/// last observation in the recording has its threads, and one that is not recorded might wake
/// another.
///
/// # Errors
/// The recording cannot be read.
pub(super) fn diagnose(recording: &Recording, pid: u32) -> reading::Result<Option<Diagnosis>> {
    let catalog = &recording.catalog;
    let analysis = analyse(recording)?;
    let is_alive = |node: &Node| {
        catalog.processes[node.process].pid == pid && node.liveness != Liveness::Ended
    };
    let nodes = analysis.wait_for.threads.iter_enumerated();
    let alive: Vec<ThreadIndex> =
        nodes.filter(|(_, node)| is_alive(node)).map(|(thread, _)| thread).collect();
    let (stuck, _) = analysis.stuck();
    let process = alive.first().map(|&thread| catalog.threads[thread].process);
    let is_asleep = process.is_some_and(|process| analysis.is_asleep(process));
    if !is_asleep && !alive.iter().all(|thread| stuck.contains(thread)) {
        return Ok(None);
    }
    let mut findings = findings::find(&analysis);
    findings.retain(|finding| {
        finding.is_hang && finding.threads.iter().any(|thread| alive.contains(thread))
    });
    let count = |process: ProcessIndex| analysis.unrecorded(process).count();
    let unrecorded = process.map_or(0, count);
    let cause = |finding: Finding| Cause {
        code: finding.code,
        headline: finding.headline(),
        chain: finding.chain,
        certainty: finding.certainty,
        unrecorded,
    };
    let causes: Vec<_> = findings.into_iter().map(cause).collect();
    Ok((!causes.is_empty()).then_some(Diagnosis { pid, causes }))
}

/// The finding, and below it the condition under which it is certain.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = width::for_stderr();
        f.write_str(&wrap_with_chain(&self.headline, &self.chain, width))?;
        if let Certainty::Likely { certain_if } = &self.certainty {
            let mut certainty = format!("likely; certain if {certain_if}");
            if self.unrecorded > 0 {
                let (count, are) =
                    (self.unrecorded, if self.unrecorded == 1 { "is" } else { "are" });
                certainty += &format!(" ({count} of its threads {are} not recorded)");
            }
            write!(f, "\n  {}", wrap(&certainty, 2, 2, width))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use format::MessageId;

    use crate::reading::catalog::WAITS_FOR_THREAD;

    use super::*;

    /// A process with two threads, 50 and 51, that each wait to receive from the other. It ends
    /// with this event of the second. Then the threads with these IDs are observed, in these
    /// activities.
    fn recording(last: &str, threads: &[(u64, &str)]) -> Recording {
        let process = "0 ProcessStarted pid=50 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 \
                       executable=\"\" arguments=\"\"";
        let channel = |time, channel, sender, receiver, name| {
            format!(
                "{time} ChannelCreated channel={channel} sender={sender} receiver={receiver} \
                 site=0 bound=4 message_type=\"i32\" name=\"{name}\""
            )
        };
        let observed = threads.iter().map(|(id, activity)| {
            format!(
                "0 ThreadObserved os_id={id} monotonic_ns=20 state=2 syscall=202 on_cpu_ns=0 \
                 ready_ns=0 started_ns=0 name=\"\" detail=\"{activity}\""
            )
        });
        let lines = [
            &*format::text::heading(),
            "block process=0 thread=0 sequence=0 dropped=0",
            process,
            &*format!("0 ThreadsCounted monotonic_ns=20 threads={}", threads.len()),
            &*observed.collect::<Vec<_>>().join("\n"),
            "block process=0 thread=1 sequence=0 dropped=0",
            "1 ThreadStarted os_id=50 name=\"main\"",
            &*channel(2, 1, 1, 2, "ping"),
            &*channel(3, 2, 3, 4, "pong"),
            "4 Spawn endpoint=2 site=0 detail=0",
            &*format!("5 Send endpoint=1 site=0 detail={PING}"),
            &*format!("10 Recv endpoint=4 site=0 detail={PONG}"),
            "11 RecvBegin endpoint=4 site=0 detail=0",
            "block process=0 thread=2 sequence=0 dropped=0",
            "6 ThreadStarted os_id=51 name=\"echo\"",
            &*format!("7 Recv endpoint=2 site=0 detail={PING}"),
            &*format!("8 Send endpoint=3 site=0 detail={PONG}"),
            last,
        ];
        Recording::from_bytes(format::text::parse(&lines.join("\n")).unwrap()).unwrap()
    }

    const PING: u64 = MessageId::new(1, 1).0;
    const PONG: u64 = MessageId::new(2, 1).0;
    const HANGS: &str = "9 RecvBegin endpoint=2 site=0 detail=0";

    #[test]
    fn a_process_whose_threads_are_all_stuck_hangs() {
        let recording = recording(HANGS, &[(50, WAITS_FOR_THREAD), (51, WAITS_FOR_THREAD)]);
        let diagnosis = diagnose(&recording, 50).unwrap().unwrap().to_string();
        assert!(diagnosis.starts_with("deadlock: "), "{diagnosis:?}");
        assert!(!diagnosis.contains("likely"), "{diagnosis:?}");
        // Nothing is known of another process.
        assert_eq!(diagnose(&recording, 51).unwrap(), None);
    }

    #[test]
    fn a_thread_that_is_not_recorded_makes_a_hang_likely() {
        let all_wait = [50, 51, 52].map(|id| (id, WAITS_FOR_THREAD));
        let diagnosis = diagnose(&recording(HANGS, &all_wait), 50).unwrap().unwrap().to_string();
        assert!(diagnosis.contains("\n  likely; certain if "), "{diagnosis:?}");
        let words = diagnosis.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.ends_with(" (1 of its threads is not recorded)"), "{diagnosis:?}");
    }

    #[test]
    fn a_thread_that_is_not_recorded_and_may_act_prevents_a_hang() {
        let threads = [(50, WAITS_FOR_THREAD), (51, WAITS_FOR_THREAD), (52, "in read")];
        assert_eq!(diagnose(&recording(HANGS, &threads), 50).unwrap(), None);
    }

    #[test]
    fn a_thread_that_waits_in_something_that_is_not_recorded_makes_a_hang_likely() {
        let threads = [50, 51].map(|id| (id, WAITS_FOR_THREAD));
        let diagnosis = diagnose(&recording("", &threads), 50).unwrap().unwrap().to_string();
        let start = "unfinished: main has waited";
        assert!(diagnosis.starts_with(start), "{diagnosis:?}");
        assert!(diagnosis.contains("likely"), "{diagnosis:?}");
    }

    #[test]
    fn a_process_with_a_thread_that_can_go_on_does_not_hang() {
        let threads = [(50, WAITS_FOR_THREAD), (51, "in clock_nanosleep")];
        for last in ["", "9 SleepBegin endpoint=0 site=0 detail=1000"] {
            assert_eq!(diagnose(&recording(last, &threads), 50).unwrap(), None);
        }
    }
}
