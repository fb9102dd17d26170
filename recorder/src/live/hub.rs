//! The live side of a run, in the process that records it: follows the run while clients request its
//! figures, and answers them.

use std::fmt;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tracing::{debug, info};

use super::figures::snapshot::FindingRow;
use super::protocol::{Answer, Request};
use super::{Figures, Follower, Keep, Snapshot, findings};
use crate::capture::hang::{Cause, Diagnoses};
use crate::capture::run::processor_time;
use crate::capture::session::{Feed, MAX_COMMIT_DELAY, Session};
use crate::replay::Next;

/// How often the figures are taken while clients request them.
const INTERVAL: Duration = Duration::from_millis(200);
/// Minimum time between two searches for findings.
const MIN_FINDINGS_INTERVAL: Duration = Duration::from_secs(1);
/// The search for findings takes at most this part of a processor: a twentieth.
const FINDINGS_INTERVAL_PER_COST: u32 = 20;
/// How long the run is followed after the last request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the recorder waits at its end, so that clients see the end of the run.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of threads and channels that clients get.
const MAX_ROWS: usize = 500;
/// How long a client may take to send its request, or to receive a part of an answer.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// The live side of a run. It follows the run in a thread of its own, from the first request on.
#[derive(Debug)]
pub struct Hub(Arc<Shared>);

struct Shared {
    command: String,
    diagnoses: Diagnoses,
    state: Mutex<State>,
    changed: Condvar,
    view: Mutex<Option<Box<ServeView>>>,
}

#[derive(Default)]
struct State {
    /// For the figures and for the findings, until the first request.
    feeds: Option<[Feed; 2]>,
    /// When the last request came.
    last_request: Option<Instant>,
    /// Whether the run is always followed.
    is_always_followed: bool,
    latest: Option<Figured>,
    /// The findings that do not depend on what is still to come.
    findings: Vec<FindingRow>,
    /// How the run ended, in words, if it has.
    ended: Option<String>,
    /// Why the run is not followed any more, or cannot be.
    failure: Option<String>,
    /// How many clients get figures.
    clients: usize,
}

/// Serves the run's page, and returns its address.
type ServeView = dyn FnMut() -> anyhow::Result<String> + Send;

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("command", &self.command).finish_non_exhaustive()
    }
}

/// Figures, and what is known of them.
#[derive(Clone, Debug)]
struct Figured {
    number: u64,
    snapshot: Arc<Snapshot>,
    /// All events before this are in them.
    as_of: Option<Instant>,
    /// Whether nothing follows.
    is_last: bool,
}

impl Hub {
    /// The live side of the run of `command` that `session` is about to record. Other processes of
    /// the user can connect to it.
    pub fn new(session: &Session, command: String, diagnoses: Diagnoses) -> Self {
        let mut state = State::default();
        match [session.feed(), session.feed()] {
            [Ok(Some(first)), Ok(Some(second))] => state.feeds = Some([first, second]),
            [Ok(_), Ok(_)] => {
                let why = "it is a flight recorder (--last), which keeps only the newest events; \
                           `recorder keep` saves them, and `recorder watch` shows what was saved";
                state.failure = Some(why.to_owned());
            }
            [Err(error), _] | [_, Err(error)] => {
                state.failure = Some(format!("{:#}", anyhow::Error::from(error)));
            }
        }
        let (state, changed, view) = (Mutex::new(state), Condvar::new(), Mutex::new(None));
        let shared = Arc::new(Shared { command, diagnoses, state, changed, view });
        // Without a socket, no other process can send requests.
        match session.listen() {
            Ok(listener) => {
                let shared = Arc::clone(&shared);
                thread::spawn(move || accept(&listener, &shared));
            }
            Err(error) => info!(%error, "no socket"),
        }
        Hub(shared)
    }

    /// Returns the figures as of now; if that takes long, earlier ones, which the snapshot shows.
    ///
    /// # Errors
    /// The run cannot be followed.
    pub fn figures(&self) -> anyhow::Result<Arc<Snapshot>> {
        self.0.figures()
    }

    /// Follows the run also without requests, so that the figures are always up to date.
    pub fn follow_always(&self) {
        self.0.state().is_always_followed = true;
        self.0.note_request();
    }

    /// The same hub, for another thread.
    #[must_use]
    pub fn share(&self) -> Self {
        Hub(Arc::clone(&self.0))
    }

    /// Sets the function that serves the run's page when a client requests that.
    pub fn set_view(&self, serve: impl FnMut() -> anyhow::Result<String> + Send + 'static) {
        *self.0.view() = Some(Box::new(serve));
    }

    /// The run has ended, as these words say: `ended with exit status 1`.
    pub fn end(&self, how: String) {
        self.0.state().ended = Some(how);
        self.0.changed.notify_all();
    }

    /// Waits a moment until all clients have seen the end of the run. The session must be finished.
    pub fn finish(&self) {
        let deadline = Instant::now() + END_TIMEOUT;
        let mut state = self.0.state();
        self.0.changed.notify_all();
        while state.clients > 0 && Instant::now() < deadline {
            state = self.0.wait(state, INTERVAL);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self) -> MutexGuard<'_, Option<Box<ServeView>>> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    /// A request has come: follows the run for a while.
    fn note_request(self: &Arc<Self>) {
        let mut state = self.state();
        state.last_request = Some(Instant::now());
        if let Some([for_figures, for_findings]) = state.feeds.take() {
            let shared = [(); 2].map(|()| Arc::clone(self));
            let [first, second] = shared;
            let follow = move || first.follow(for_figures);
            let find = move || second.find(for_findings);
            let started = thread::Builder::new().name("follower".to_owned()).spawn(follow);
            if let Err(error) = started {
                state.failure = Some(error.to_string());
            }
            // Without room for this thread there are no findings.
            let _ = thread::Builder::new().name("findings".to_owned()).spawn(find);
        }
        self.changed.notify_all();
    }

    fn figures(self: &Arc<Self>) -> anyhow::Result<Arc<Snapshot>> {
        /// The run may have gone on for long before the first request.
        const MAX_WAIT: Duration = Duration::from_secs(3);
        let now = Instant::now();
        loop {
            self.note_request();
            let state = self.state();
            if let Some(failure) = &state.failure {
                return Err(anyhow!("{failure}"));
            }
            if let Some(latest) = &state.latest
                && (latest.is_last || latest.as_of >= Some(now) || now.elapsed() >= MAX_WAIT)
            {
                return Ok(Arc::clone(&latest.snapshot));
            }
            drop(self.wait(state, INTERVAL));
        }
    }

    /// The figures after those with this number, once there are some; `None` after the last.
    fn next_figures(self: &Arc<Self>, number: u64) -> anyhow::Result<Option<Figured>> {
        loop {
            self.note_request();
            let state = self.state();
            if let Some(failure) = &state.failure {
                return Err(anyhow!("{failure}"));
            }
            match &state.latest {
                Some(latest) if latest.number > number => return Ok(Some(latest.clone())),
                Some(latest) if latest.is_last => return Ok(None),
                _ => drop(self.wait(state, INTERVAL)),
            }
        }
    }

    /// Follows the run until it is over, while requests come.
    fn follow(&self, feed: Feed) {
        if let Err(error) = self.try_to_follow(feed) {
            self.state().failure = Some(format!("{error:#}"));
            self.changed.notify_all();
        }
    }

    fn try_to_follow(&self, feed: Feed) -> anyhow::Result<()> {
        let mut follower = Follower::new(feed, Keep::New, Figures::default())?;
        loop {
            let (begin, cost) = (Instant::now(), processor_time());
            let as_of = begin.checked_sub(MAX_COMMIT_DELAY);
            let mut last = None;
            let (followed, next) = follower.advance(|mut view| {
                let is_caught_up = view.until == view.known_until;
                // When the run has ended, its last state is what matters.
                let has_ended = self.state().ended.is_some();
                let snapshot = Snapshot::of(&mut view, &|pid| !has_ended && is_gone(pid));
                last = Some(snapshot.clone());
                self.publish(snapshot, as_of.filter(|_| is_caught_up), false);
                true
            })?;
            follower = followed;
            if next == Next::Over {
                self.publish(last.unwrap_or_default().over_the_run(), as_of, true);
                return Ok(());
            }
            let pause = INTERVAL.saturating_sub(begin.elapsed());
            // It takes at most half of a processor once it has caught up.
            self.pause(pause.max(processor_time().saturating_sub(cost)));
        }
    }

    /// Searches for findings now and then, until the run is over, while requests come.
    fn find(&self, mut feed: Feed) {
        while self.state().ended.is_none() {
            let cost = processor_time();
            let Ok(found) = findings::find(&mut feed) else { return };
            self.state().findings = found;
            let cost = processor_time().saturating_sub(cost);
            self.pause(MIN_FINDINGS_INTERVAL.max(cost * FINDINGS_INTERVAL_PER_COST));
        }
    }

    /// Waits for this time, and longer while no requests come. Returns when the run has ended.
    fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let is_wanted = state.is_always_followed
                || state.last_request.is_some_and(|at| now.duration_since(at) < REQUEST_TIMEOUT);
            let left = until.saturating_duration_since(now);
            if is_wanted && left.is_zero() {
                return;
            }
            let timeout = if left.is_zero() { REQUEST_TIMEOUT } else { left };
            if state.ended.is_some() {
                // The rest is about to come.
                drop(self.wait(state, Duration::from_millis(20)));
                return;
            }
            state = self.wait(state, timeout);
        }
    }

    fn publish(&self, snapshot: Snapshot, as_of: Option<Instant>, is_last: bool) {
        let hangs = self.diagnoses.get();
        let mut findings: Vec<_> = hangs.iter().flat_map(|it| &it.causes).map(finding).collect();
        let mut state = self.state();
        findings.extend_from_slice(&state.findings);
        let ended = state.ended.clone();
        let command = self.command.clone();
        let snapshot = Arc::new(Snapshot { command, ended, findings, ..snapshot });
        let number = state.latest.as_ref().map_or(0, |latest| latest.number) + 1;
        state.latest = Some(Figured { number, snapshot, as_of, is_last });
        self.changed.notify_all();
    }
}

fn finding(cause: &Cause) -> FindingRow {
    FindingRow::new(cause.code, cause.headline.clone(), &cause.chain, &cause.certainty)
}

fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// Answers those who connect, each in a thread of its own.
fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Perhaps there are too many open files: do not spin.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let shared = Arc::clone(shared);
        let answer = move || {
            if let Err(error) = answer(&stream, &shared) {
                debug!(%error, "a connection ended early");
            }
            let _ = stream.shutdown(Shutdown::Both);
        };
        // Without room for a thread, the connection is closed.
        let _ = thread::Builder::new().name("live".to_owned()).spawn(answer);
    }
}

/// Counts a client while it gets figures.
struct Client<'a>(&'a Shared);

impl<'a> Client<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.state().clients += 1;
        Client(shared)
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        self.0.state().clients -= 1;
        self.0.changed.notify_all();
    }
}

fn answer(stream: &UnixStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
    stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
    let figures =
        |snapshot: &Snapshot| Answer::Figures(Box::new(snapshot.clone().limited(MAX_ROWS)));
    let request = Request::read(stream)?;
    let _client = Client::new(shared);
    let answer = match request {
        Some(Request::Watch) => match watch(stream, shared, figures)? {
            Ok(()) => return Ok(()),
            Err(error) => Err(error),
        },
        Some(Request::Figures) => shared.figures().map(|snapshot| figures(&snapshot)),
        Some(Request::View) => view(shared).map(Answer::Address),
        None => Err(anyhow!("this recorder does not know the request")),
    };
    answer.unwrap_or_else(|error| Answer::Error(format!("{error:#}"))).write(stream)
}

/// Sends figures until the run is over. The inner error is one for the client.
fn watch(
    mut stream: &UnixStream,
    shared: &Arc<Shared>,
    figures: impl Fn(&Snapshot) -> Answer,
) -> io::Result<anyhow::Result<()>> {
    let mut number = 0;
    loop {
        match shared.next_figures(number) {
            Ok(None) => return Ok(Ok(())),
            Ok(Some(next)) => {
                number = next.number;
                figures(&next.snapshot).write(stream)?;
                stream.flush()?;
            }
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn view(shared: &Shared) -> anyhow::Result<String> {
    let mut view = shared.view();
    view.as_mut().context("this recorder has no page of its run")?()
}
