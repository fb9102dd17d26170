use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use recorder::capture::hang::{Diagnoses, OnDeadlock};
use recorder::capture::run::{self, RunOptions};
use recorder::capture::session::{Feed, Retention, Session};
use recorder::cli::Verbosity;
use recorder::live::{Follower, Keep, LiveListener};
use recorder::reading::catalog::{Catalog, ProcessIndex};
use recorder::reading::{self, Nanos, Recording};
use recorder::replay::{Listener, Next, Replay, RunState, Transition};
use recorder::terminal::cancel::Watch;
use recorder::terminal::console::Console;

use crate::programs::program;

/// Counts transitions by kind, and checks that their times do not run back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    transitions: BTreeMap<&'static str, u64>,
    time: Nanos,
}

impl Listener for Counts {
    type Note = ();
    type Error = reading::Error;

    fn on(
        &mut self,
        _: &RunState,
        transition: &Transition<'_>,
        (): &mut (),
    ) -> reading::Result<()> {
        let (name, time) = match transition {
            Transition::Sent { send, .. } => ("sent", send.time),
            Transition::Received { receive, message, .. } => {
                (if message.is_some() { "received" } else { "received from nowhere" }, receive.time)
            }
            Transition::Completed { completed, .. } => ("completed", completed.time),
            Transition::Acquired { acquire, .. } => ("acquired", acquire.time),
            Transition::ThreadStarted { time, .. } => ("started", *time),
            Transition::ThreadEnded { time, .. } => ("ended", *time),
            _ => return Ok(()),
        };
        assert!(time >= self.time, "{transition:?} after {:?}", self.time);
        self.time = time;
        *self.transitions.entry(name).or_default() += 1;
        Ok(())
    }
}

impl LiveListener for Counts {
    type Note = ();
    type Attached<'a> = Counts;

    fn attach(self, _: &Catalog) -> Counts {
        self
    }

    fn detach(attached: Counts) -> Self {
        attached
    }
}

/// By process and number, the events of each thread; by process and label, the messages of each
/// channel that were sent and received, and those in it.
type Totals = (BTreeMap<(u32, u32), u64>, BTreeMap<(u32, String), [u64; 3]>);

fn totals(catalog: &Catalog, state: &RunState) -> Totals {
    let number = |process: ProcessIndex| catalog.processes[process].number;
    let threads = catalog.threads.iter().zip(&state.threads);
    let threads = threads.map(|(it, state)| ((number(it.process), it.number), state.events));
    let channels = catalog.channels.iter().zip(&state.channels).map(|(it, state)| {
        ((number(it.process), it.label.clone()), [state.sent, state.received, state.depth])
    });
    (threads.collect(), channels.collect())
}

/// Follows a run until it is over. Returns how often it was read, what was seen, and the totals.
fn follow(feed: Feed, keep: Keep) -> (usize, Counts, Totals) {
    let mut follower = Follower::new(feed, keep, Counts::default()).unwrap();
    let (mut passes, mut until) = (0, Nanos::ZERO);
    loop {
        let mut seen = None;
        let (followed, next) = follower
            .advance(|mut view| {
                assert!(view.until >= until && view.until <= view.known_until);
                until = view.until;
                let totals = totals(view.catalog(), view.state());
                seen = Some((view.listener().clone(), totals));
                true
            })
            .unwrap();
        follower = followed;
        passes += 1;
        if next == Next::Over {
            assert!(follower.recording().damage.is_empty(), "{:?}", follower.recording().damage);
            let (counts, totals) = seen.unwrap();
            return (passes, counts, totals);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Records a program, with two followers. Returns what each has seen, and the recording.
fn record(name: &str, arguments: &[&str], timeout: Option<Duration>) -> Recording {
    let directory = tempfile::tempdir().unwrap();
    let mut session = Session::new(Retention::All, false, 0, directory.path()).unwrap();
    let followers = [Keep::All, Keep::New].map(|keep| {
        let feed = session.feed().unwrap().unwrap();
        thread::spawn(move || follow(feed, keep))
    });
    let mut command = Command::new(program(name));
    command.args(arguments).stdout(Stdio::null());
    let verbosity = Verbosity { verbose: 0, quiet: true, self_trace: None };
    let console = Console::new(&verbosity);
    let (on_deadlock, diagnoses) = (OnDeadlock::Wait, Diagnoses::default());
    let announces_hangs = true;
    let options = RunOptions {
        timeout,
        on_deadlock,
        snapshot_stem: None,
        diagnoses,
        announces_hangs,
        console,
    };
    let outcome = run::run(command, &mut session, &options).unwrap();
    let recording = session.finish(&outcome.exit, &Watch::default()).unwrap().unwrap().recording;

    let (state, counts) = Replay::new(&recording, Counts::default()).unwrap().finish().unwrap();
    let expected = totals(&recording.catalog, &state);
    for follower in followers {
        let (passes, seen, totals) = follower.join().unwrap();
        assert!(passes > 1, "the run was followed in {passes} passes");
        assert_eq!(totals, expected);
        assert_eq!(seen.transitions, counts.transitions);
    }
    recording
}

#[test]
fn a_follower_sees_the_same_as_the_recording_has() {
    let recording = record("flat_out", &["2"], Some(Duration::from_millis(400)));
    assert_eq!(recording.catalog.channels.len(), 3);
}

#[test]
fn threads_that_start_and_end_all_the_time_are_followed() {
    let recording = record("crowds", &["60", "24"], None);
    assert_eq!(recording.catalog.threads.len(), 1 + 60 * 24);
}

#[test]
fn processes_that_start_while_the_run_is_followed_are_seen() {
    let recording = record("tree", &[], None);
    assert_eq!(recording.catalog.processes.len(), 3);
}

#[test]
fn a_flight_recorder_cannot_be_followed() {
    let directory = tempfile::tempdir().unwrap();
    let retention = Retention::LastFor(Duration::from_secs(1));
    let session = Session::new(retention, false, 0, directory.path()).unwrap();
    assert!(session.feed().unwrap().is_none());
}
