//! The wait-for graph in words.

use std::collections::BTreeSet;

use format::Call;
use serde::Serialize;

use super::PageTarget;
use crate::analysis::Analysis;
use crate::analysis::findings::words::{at, call, place_after};
use crate::analysis::findings::{Code, Finding, activity};
use crate::analysis::wait_for::{Blocked, Reason};
use crate::reading::catalog::{EndpointIndex, PlaceIndex, Target, ThreadIndex};
use crate::replay::Wait;
use crate::report::Report;

/// Which thread waits for which at the end of the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The threads that live. Of a process that ended by itself only those that wait.
    pub nodes: Vec<Node>,
    /// Who could end whose wait.
    pub edges: Vec<Edge>,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The thread.
    pub thread: usize,
    /// Its state.
    pub state: State,
    /// Whether the recording suggests that it can never go on.
    pub stuck: bool,
    /// Whether that is certain.
    pub certain: bool,
    /// Whether a hang finding is about it, and it waits for no thread but those of the finding.
    pub core: bool,
    /// When its wait began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Where it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// What it does: `waits in recv on "jobs"`.
    pub text: String,
    /// What would end its wait, where it is not known which thread could do that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It waits for others.
    Waits,
    /// It sleeps.
    Sleeps,
    /// It runs, as far as that is known.
    Runs,
    /// It is blocked in something that is not recorded.
    BlockedElsewhere,
}

/// A thread that could end the wait of another, or its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The thread that waits.
    pub from: usize,
    /// The thread that could end the wait.
    pub to: usize,
    /// How: `until worker sends to "jobs"`.
    pub text: String,
    /// The target of the wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<PageTarget>,
    /// Where the sender was made, or the lock acquired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// Whether it is part of a circle of threads that a hang finding is about.
    pub ring: bool,
    /// Whether the thread is a guess: the endpoint may be with another one.
    #[serde(skip_serializing_if = "is_false")]
    pub likely: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Graph {
    /// The graph of the end of a recording.
    pub(super) fn new(report: &Report<'_>) -> Self {
        let analysis = &report.analysis;
        let (likely, certain) = analysis.stuck();
        let edges: Vec<_> =
            analysis.catalog.threads.keys().flat_map(|it| edges(report, it)).collect();
        let is_hung = |thread: &ThreadIndex| {
            report.findings.iter().any(|it| it.is_hang && it.threads.contains(thread))
        };
        let hung: Vec<_> = analysis.catalog.threads.keys().filter(is_hung).collect();
        let core = core(&edges, &hung);
        let edge = |edge: &Connection| Edge {
            from: edge.from.into(),
            to: edge.to.into(),
            text: edge.text.clone(),
            target: edge.target.map(PageTarget::from),
            place: edge.place.map(usize::from),
            ring: core.contains(&edge.from) && core.contains(&edge.to) && leads_back(&edges, edge),
            likely: edge.is_guess,
        };
        let has_edge = |thread| edges.iter().any(|edge| edge.from == thread);
        let is_end = |thread| edges.iter().any(|edge| edge.to == thread);
        let nodes = analysis.catalog.threads.keys().filter(|&thread| {
            let process = analysis.catalog.threads[thread].process;
            let waits = analysis.wait_for.blocked(thread).is_some();
            let lives = analysis.state.threads[thread].ended.is_none()
                && analysis.state.threads[thread].first.is_some();
            waits || is_end(thread) || (lives && !analysis.ended_by_itself(process))
        });
        let node = |thread: ThreadIndex| {
            let wait = analysis.open_wait(thread);
            let place = wait.and_then(|wait| wait.operation.place);
            let place = place.filter(|place| !analysis.catalog.places[*place].is_in_std());
            let blocked = analysis.wait_for.blocked(thread).filter(|_| !has_edge(thread));
            Node {
                thread: thread.into(),
                state: state(analysis, thread),
                stuck: likely.contains(&thread),
                certain: certain.contains(&thread),
                core: core.contains(&thread),
                since: wait.map(|wait| wait.begin.get()),
                place: place.map(usize::from),
                text: match wait {
                    Some(wait) if !wait.is_sleep() => format!("waits in {}", call(analysis, wait)),
                    _ => activity(analysis, thread),
                },
                needs: blocked.and_then(|blocked| needs(analysis, blocked)),
            }
        };
        Graph { nodes: nodes.map(node).collect(), edges: edges.iter().map(edge).collect() }
    }
}

/// An [`Edge`] before it is known whether it is part of a circle.
struct Connection {
    from: ThreadIndex,
    to: ThreadIndex,
    text: String,
    target: Option<Target>,
    place: Option<PlaceIndex>,
    is_guess: bool,
}

fn state(analysis: &Analysis<'_>, thread: ThreadIndex) -> State {
    let observed = analysis.observed(thread).filter(|observed| {
        observed.time >= analysis.state.threads[thread].last && observed.activity.starts_with("in ")
    });
    match analysis.open_wait(thread) {
        Some(wait) if wait.is_sleep() => State::Sleeps,
        Some(_) => State::Waits,
        None if observed.is_some() => State::BlockedElsewhere,
        None => State::Runs,
    }
}

/// The threads of circles among hung threads, and the hung threads that wait for no thread.
fn core(edges: &[Connection], hung: &[ThreadIndex]) -> BTreeSet<ThreadIndex> {
    let is_in_circle = |thread: ThreadIndex| reachable(edges, thread).contains(&thread);
    let waits_for_none = |thread: ThreadIndex| edges.iter().all(|edge| edge.from != thread);
    let hung = hung.iter().copied();
    hung.filter(|&thread| is_in_circle(thread) || waits_for_none(thread)).collect()
}

/// Whether the thread at the end of an edge waits for the one at its start, directly or not.
fn leads_back(edges: &[Connection], edge: &Connection) -> bool {
    edge.from == edge.to || reachable(edges, edge.to).contains(&edge.from)
}

/// The threads that a thread waits for, directly or not.
fn reachable(edges: &[Connection], from: ThreadIndex) -> BTreeSet<ThreadIndex> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(thread) = next.pop() {
        for edge in edges.iter().filter(|edge| edge.from == thread) {
            if reached.insert(edge.to) {
                next.push(edge.to);
            }
        }
    }
    reached
}

/// The edges that start at a thread.
fn edges(report: &Report<'_>, waiting: ThreadIndex) -> Vec<Connection> {
    let analysis = &report.analysis;
    let mut findings = report.findings.iter();
    let forgotten = findings.find(|it| is_about_forgotten_sender(it, waiting));
    let Some(blocked) = analysis.wait_for.blocked(waiting) else {
        // A receive with a timeout, again and again.
        return forgotten.map_or(Vec::new(), |finding| to_forgotten_senders(analysis, finding));
    };
    let suggested = blocked.needs.edges();
    let likely = report.findings.iter().flat_map(|finding| &finding.waits_for);
    let likely: Vec<_> = likely.filter(|it| it.waiting == waiting).collect();
    let targets: Vec<(ThreadIndex, bool)> = match likely.is_empty() {
        true => suggested.iter().map(|edge| (edge.to, false)).collect(),
        false => likely.iter().map(|it| (it.other, !it.is_known)).collect(),
    };
    let connection = |(to, is_guess): (ThreadIndex, bool)| {
        let reason = suggested.iter().find(|edge| edge.to == to).map(|edge| edge.reason);
        let wait = &blocked.wait;
        let (text, place) = match (reason, forgotten) {
            (Some(Reason::HasSender(sender)), Some(_)) => until_dropped(analysis, to, sender),
            _ => until(analysis, to, wait, reason),
        };
        Connection { from: waiting, to, text, target: wait.target(), place, is_guess }
    };
    targets.into_iter().map(connection).collect()
}

/// Whether a finding is about a receive of this thread that never ends because a sender lives.
fn is_about_forgotten_sender(finding: &Finding, receiver: ThreadIndex) -> bool {
    finding.code == Code::ForgottenSender && finding.threads.first() == Some(&receiver)
}

/// The threads that used the living senders last.
fn to_forgotten_senders(analysis: &Analysis<'_>, finding: &Finding) -> Vec<Connection> {
    let (Some(&from), Some(&channel)) = (finding.threads.first(), finding.channels.first()) else {
        return Vec::new();
    };
    let mut connections: Vec<Connection> = Vec::new();
    for sender in analysis.live_senders(channel) {
        let last = analysis.state.endpoints[sender].last;
        let Some(to) = last.map(|last| last.thread).filter(|to| finding.threads.contains(to))
        else {
            continue;
        };
        if connections.iter().all(|known| known.to != to) {
            let (text, place) = until_dropped(analysis, to, sender);
            let target = Some(Target::Channel(channel));
            connections.push(Connection { from, to, text, target, place, is_guess: false });
        }
    }
    connections
}

/// `until main drops its Sender (src/main.rs:5)`, and the place.
fn until_dropped(
    analysis: &Analysis<'_>,
    holder: ThreadIndex,
    sender: EndpointIndex,
) -> (String, Option<PlaceIndex>) {
    let place = analysis.state.endpoints[sender].made.and_then(|made| made.place);
    let holder = analysis.name_of(Target::Thread(holder));
    let kind = sender_type(analysis, sender);
    let text = format!("until {holder} drops its {kind}{}", at(analysis, place));
    (text, not_in_std(analysis, place))
}

fn sender_type(analysis: &Analysis<'_>, sender: EndpointIndex) -> &'static str {
    let channel = analysis.catalog.endpoints[sender].channel;
    match analysis.catalog.channels[channel].bound {
        Some(_) => "SyncSender",
        None => "Sender",
    }
}

fn not_in_std(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> Option<PlaceIndex> {
    place.filter(|place| !analysis.catalog.places[*place].is_in_std())
}

/// What a thread would have to do to end a wait, and the place that matters for it.
fn until(
    analysis: &Analysis<'_>,
    to: ThreadIndex,
    wait: &Wait,
    reason: Option<Reason>,
) -> (String, Option<PlaceIndex>) {
    let who = analysis.name_of(Target::Thread(to));
    let what = wait.target().map_or_else(|| "it".to_owned(), |target| analysis.name_of(target));
    let mut place = None;
    let text = match (reason, wait.call()) {
        (Some(Reason::HoldsLock { place: acquired }), _) => {
            place = not_in_std(analysis, acquired);
            format!(
                "until {who} releases {what}{}",
                place_after(analysis, " (locked at ", place, ")")
            )
        }
        (Some(Reason::WaitsToWrite), _) => format!("until {who} has written {what}"),
        (Some(Reason::IsJoined | Reason::IsInScope), _) | (None, Call::Join | Call::Scope) => {
            format!("until {who} ends")
        }
        (Some(Reason::RunsInitializer { place: asked }), _) => {
            place = not_in_std(analysis, asked);
            format!("until {who} has initialized {what}{}", at(analysis, place))
        }
        (Some(Reason::HasSender(_)), _) | (None, Call::Recv) => {
            format!("until {who} sends to {what}")
        }
        (Some(Reason::HasReceiver), _) | (None, Call::Send) => {
            format!("until {who} receives from {what}")
        }
        (None, Call::Park) => format!("until {who} unparks it"),
        (None, Call::CondvarWait) => format!("until {who} notifies {what}"),
        (None, Call::BarrierWait) => format!("until {who} comes to {what}"),
        (None, Call::Lock | Call::Read | Call::Write) => format!("until {who} releases {what}"),
        (None, _) => format!("until {who} ends the wait"),
    };
    (text, place)
}

/// What would end a wait that no known thread can end.
fn needs(analysis: &Analysis<'_>, blocked: &Blocked) -> Option<String> {
    let wait = &blocked.wait;
    let target = wait.target().map(|target| analysis.name_of(target)).unwrap_or_default();
    let needs = match (wait.call(), wait.target()) {
        (Call::Recv, Some(Target::Channel(channel))) => {
            match analysis.live_senders(channel).next() {
                Some(sender) => {
                    let made = analysis.state.endpoints[sender].made.and_then(|made| made.place);
                    let made = place_after(analysis, " made at ", made, "");
                    let kind = sender_type(analysis, sender);
                    format!("until the {kind}{made} sends or is dropped")
                }
                None => format!("until a thread sends to {target}"),
            }
        }
        (Call::Send, _) => format!("until a thread receives from {target}"),
        (Call::Park, _) => "until a thread unparks it".to_owned(),
        (Call::CondvarWait, _) => format!("until a thread notifies {target}"),
        (Call::BarrierWait, _) => format!("until more threads come to {target}"),
        _ => return None,
    };
    Some(needs)
}
