//! Detects that a running program hangs.
//!
//! A program hangs when every thread waits for another, without a timeout, and none can continue.
//! Analysing a recording takes time, so it must first be likely: a process is
//! [analysed](crate::analysis) only after it has recorded nothing for a while and the system
//! reports that all its threads are blocked, and once each time this happens.

use crate::analysis::findings::{self, Certainty, Finding};
use crate::analysis::wait_for::{Liveness, Node};
use crate::analysis::{UnrecordedThreads, analyse};
use crate::reading::catalog::ThreadIndex;
use crate::reading::{self, Recording};

mod stall_detector;
mod tasks;

pub(super) use stall_detector::StallDetector;
pub(super) use tasks::blocked_threads;

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
pub(super) struct Diagnosis {
    /// The findings, a line or more for each.
    pub(super) text: String,
    /// Whether some threads are not recorded.
    pub(super) unrecorded_threads: UnrecordedThreads,
}

/// Finds out why a process hangs; `None` if it does not. `threads` are the IDs of its threads as
/// reported by the system: one that is not recorded might wake another.
///
/// # Errors
/// The recording cannot be read.
pub(super) fn diagnose(
    recording: &Recording,
    pid: u32,
    threads: &[u64],
) -> reading::Result<Option<Diagnosis>> {
    let catalog = &recording.catalog;
    let mut analysis = analyse(recording, UnrecordedThreads::Unknown)?;
    let is_alive = |node: &Node| {
        catalog.processes[node.process].pid == pid && node.liveness != Liveness::Ended
    };
    let nodes = analysis.wait_for.threads.iter_enumerated();
    let alive: Vec<ThreadIndex> =
        nodes.filter(|(_, node)| is_alive(node)).map(|(thread, _)| thread).collect();
    let is_recorded = |id: u64| alive.iter().any(|&thread| catalog.threads[thread].os_id == id);
    let unrecorded = threads.iter().filter(|&&id| !is_recorded(id)).count();
    let unrecorded_threads =
        if unrecorded == 0 { UnrecordedThreads::None } else { UnrecordedThreads::Some };
    analysis.unrecorded_threads = unrecorded_threads;
    let (stuck, _) = analysis.stuck();
    if !alive.iter().all(|thread| stuck.contains(thread)) {
        return Ok(None);
    }
    let mut findings = findings::find(&analysis);
    findings.retain(|finding| {
        finding.code.is_hang() && finding.threads.iter().any(|thread| alive.contains(thread))
    });
    let lines: Vec<_> = findings.iter().map(|finding| describe(finding, unrecorded)).collect();
    let diagnosis = Diagnosis { text: lines.join("\n"), unrecorded_threads };
    Ok((!lines.is_empty()).then_some(diagnosis))
}

/// A finding, and on a second line the condition under which it is certain.
fn describe(finding: &Finding, unrecorded: usize) -> String {
    let mut text = finding.headline();
    if let Certainty::Likely { certain_if } = &finding.certainty {
        text += &format!("\n  likely; certain if {certain_if}");
        if unrecorded > 0 {
            let are = if unrecorded == 1 { "is" } else { "are" };
            text += &format!(" ({unrecorded} of its threads {are} not recorded)");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use format::MessageId;

    use super::*;

    /// A process with two threads, 50 and 51, that each wait to receive from the other. It ends
    /// with this event of the second.
    fn recording(last: &str) -> Recording {
        let process = "0 ProcessStarted pid=50 parent=1 ticks=0 monotonic_ns=0 wall_ns=0 \
                       executable=\"\" arguments=\"\"";
        let channel = |time, channel, sender, receiver, name| {
            format!(
                "{time} ChannelCreated channel={channel} sender={sender} receiver={receiver} \
                 site=0 bound=4 message_type=\"i32\" name=\"{name}\""
            )
        };
        let lines = [
            &*format::text::heading(),
            "block process=0 thread=0 sequence=0 dropped=0",
            process,
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
        let recording = recording(HANGS);
        let diagnosis = diagnose(&recording, 50, &[50, 51]).unwrap().unwrap();
        assert_eq!(diagnosis.unrecorded_threads, UnrecordedThreads::None);
        assert!(diagnosis.text.starts_with("deadlock: "), "{diagnosis:?}");
        assert!(!diagnosis.text.contains("likely"), "{diagnosis:?}");
        // Nothing is known of another process.
        assert_eq!(diagnose(&recording, 51, &[51]).unwrap(), None);
    }

    #[test]
    fn a_thread_that_is_not_recorded_makes_a_hang_likely() {
        let diagnosis = diagnose(&recording(HANGS), 50, &[50, 51, 52]).unwrap().unwrap();
        assert_eq!(diagnosis.unrecorded_threads, UnrecordedThreads::Some);
        assert!(diagnosis.text.contains("\n  likely; certain if "), "{diagnosis:?}");
        let end = " (1 of its threads is not recorded)";
        assert!(diagnosis.text.ends_with(end), "{diagnosis:?}");
    }

    #[test]
    fn a_process_with_a_thread_that_can_go_on_does_not_hang() {
        for last in ["", "9 SleepBegin endpoint=0 site=0 detail=1000"] {
            assert_eq!(diagnose(&recording(last), 50, &[50, 51]).unwrap(), None);
        }
    }
}
