//! The wait-for graph: which threads wait, for what, and which threads could end the wait.
//!
//! It is plain data about one moment: the end of a recording, or of its present state while the
//! program runs. `builder` makes it; [`WaitForGraph::stuck`] finds the threads that can never go
//! on. A lock is an *and* request, a channel an *or* request: see E. Knapp, "Deadlock Detection in
//! Distributed Databases", ACM Computing Surveys 19(4), 1987.

use std::collections::HashSet;

use typed_index_collections::TiVec;

use crate::reading::catalog::{EndpointIndex, PlaceIndex, ProcessIndex, ThreadIndex};
use crate::replay::Wait;

pub(super) mod builder;

/// Which thread waits for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WaitForGraph {
    pub(crate) threads: TiVec<ThreadIndex, Node>,
    /// Processes that have spawned a thread which is not in the recording yet. It is about to run.
    pub(crate) spawning: Vec<ProcessIndex>,
    /// Processes with threads that are not recorded and may act: they do not wait for others.
    pub(crate) with_unrecorded: Vec<ProcessIndex>,
}

/// A thread in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its process. Threads of two processes never wait for each other.
    pub(crate) process: ProcessIndex,
    pub(crate) liveness: Liveness,
}

/// Whether a thread can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    Ended,
    /// It runs, or its wait ends by itself, or its wait has been ended already.
    Runnable,
    /// It waits without a timeout.
    Blocked(Blocked),
}

/// A wait without a timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    pub(crate) wait: Wait,
    pub(crate) needs: Needs,
}

/// The threads that could end a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// All of these must act: the wait never ends if one of them is stuck.
    All(Vec<Edge>),
    /// Any of these can.
    Any {
        /// Those that the recording suggests.
        edges: Vec<Edge>,
        /// Whether any other thread of the process could, too: an endpoint may have been moved to
        /// it, or all threads can do it.
        any_thread: bool,
    },
}

impl Needs {
    /// The threads that the recording suggests.
    pub(crate) fn edges(&self) -> &[Edge] {
        match self {
            Needs::All(edges) | Needs::Any { edges, .. } => edges,
        }
    }
}

/// A thread that could end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) to: ThreadIndex,
    pub(crate) reason: Reason,
}

/// Why a thread could end the wait of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It has this sender.
    HasSender(EndpointIndex),
    HasReceiver,
    /// It holds the lock, and acquired it at this place, if that is recorded.
    HoldsLock {
        place: Option<PlaceIndex>,
    },
    /// It waits to write, and a lock lets writers pass first.
    WaitsToWrite,
    IsJoined,
    /// It has to end before the scope does.
    IsInScope,
    /// It runs the initializer, which it was asked for at this place, if that is recorded.
    RunsInitializer {
        place: Option<PlaceIndex>,
    },
}

/// What is assumed in looking for [stuck](WaitForGraph::stuck) threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    /// Each endpoint is with the thread that used it last, and all threads are in the recording, or
    /// have been observed.
    Likely,
    /// An endpoint may be with any thread of its process; with `unrecorded_threads` also with one
    /// that is not in the recording.
    Nothing { unrecorded_threads: bool },
}

impl WaitForGraph {
    /// The wait of a thread that waits without a timeout.
    pub(crate) fn blocked(&self, thread: ThreadIndex) -> Option<&Blocked> {
        match &self.threads[thread].liveness {
            Liveness::Blocked(blocked) => Some(blocked),
            Liveness::Ended | Liveness::Runnable => None,
        }
    }

    /// Whether a thread of the process can go on.
    pub(crate) fn is_runnable(&self, process: ProcessIndex) -> bool {
        let is_its = |node: &Node| node.process == process && node.liveness == Liveness::Runnable;
        self.spawning.contains(&process) || self.threads.iter().any(is_its)
    }

    /// The threads that can never go on, whatever the others do.
    ///
    /// Every other thread possibly can: so this is the largest set of threads that wait only for
    /// each other.
    pub(crate) fn stuck(&self, assumption: Assumption) -> Vec<ThreadIndex> {
        let any_unrecorded = matches!(assumption, Assumption::Nothing { unrecorded_threads: true });
        let mut can_go_on: TiVec<ThreadIndex, bool> =
            self.threads.iter().map(|node| node.liveness == Liveness::Runnable).collect();
        // The processes in which any thread can.
        let mut any_can: HashSet<ProcessIndex> = self.spawning.iter().copied().collect();
        let runnable = self.threads.iter().filter(|node| node.liveness == Liveness::Runnable);
        any_can.extend(runnable.map(|node| node.process));
        if assumption == Assumption::Likely {
            any_can.extend(&self.with_unrecorded);
        }
        let is_blocked = |thread: &ThreadIndex| self.blocked(*thread).is_some();
        let mut stuck: Vec<_> = self.threads.keys().filter(is_blocked).collect();
        loop {
            let before = stuck.len();
            stuck.retain(|&thread| {
                let Some(blocked) = self.blocked(thread) else { return false };
                let process = self.threads[thread].process;
                let ends = match &blocked.needs {
                    Needs::All(edges) => edges.iter().all(|edge| can_go_on[edge.to]),
                    Needs::Any { edges, any_thread } => {
                        let any_thread = *any_thread || assumption != Assumption::Likely;
                        (any_thread && (any_unrecorded || any_can.contains(&process)))
                            || edges.iter().any(|edge| can_go_on[edge.to])
                    }
                };
                if ends {
                    can_go_on[thread] = true;
                    any_can.insert(process);
                }
                !ends
            });
            if stuck.len() == before {
                return stuck;
            }
        }
    }

    /// Among `stuck` threads, the groups that are stuck because of nobody else: cycles, and threads
    /// that are stuck by themselves. All other stuck threads wait for one of these.
    pub(crate) fn causes(&self, stuck: &[ThreadIndex]) -> Vec<Vec<ThreadIndex>> {
        let reachable: Vec<_> = stuck.iter().map(|&from| self.reachable(from, stuck)).collect();
        let mut causes: Vec<Vec<ThreadIndex>> = Vec::new();
        for (&thread, reached) in stuck.iter().zip(&reachable) {
            // Each thread that can be reached leads back, or this is no cause.
            let leads_back = |other: &ThreadIndex| {
                let index = stuck.binary_search(other);
                *other == thread || index.is_ok_and(|index| reachable[index].contains(&thread))
            };
            if reached.iter().all(leads_back) && !causes.iter().any(|it| it.contains(&thread)) {
                let mut cause = reached.clone();
                if let Err(index) = cause.binary_search(&thread) {
                    cause.insert(index, thread);
                }
                causes.push(cause);
            }
        }
        causes
    }

    /// The stuck threads that `from` waits for, directly or not.
    fn reachable(&self, from: ThreadIndex, stuck: &[ThreadIndex]) -> Vec<ThreadIndex> {
        let mut is_reached = vec![false; stuck.len()];
        let mut next = vec![from];
        while let Some(thread) = next.pop() {
            let Some(Blocked { needs, .. }) = self.blocked(thread) else { continue };
            let process = self.threads[thread].process;
            let any_thread = matches!(needs, Needs::Any { any_thread: true, .. });
            for (index, &other) in stuck.iter().enumerate() {
                let is_other = other != thread || stuck.len() == 1;
                let by_any = any_thread && is_other && self.threads[other].process == process;
                let by_edge = || needs.edges().iter().any(|edge| edge.to == other);
                if !is_reached[index] && (by_any || by_edge()) {
                    is_reached[index] = true;
                    next.push(other);
                }
            }
        }
        let all = stuck.iter().zip(is_reached);
        all.filter(|&(_, is_reached)| is_reached).map(|(&thread, _)| thread).collect()
    }
}

#[cfg(test)]
mod tests {
    use format::{Call, Detail, Outcome, Phase};

    use super::*;
    use crate::reading::{Nanos, Operation};

    fn threads(indices: &[usize]) -> Vec<ThreadIndex> {
        indices.iter().copied().map(ThreadIndex::from).collect()
    }

    fn graph(threads: Vec<Option<Needs>>) -> WaitForGraph {
        let liveness = |needs: Option<Needs>| match needs {
            None => Liveness::Runnable,
            Some(needs) => {
                let operation = Operation {
                    call: Call::Recv,
                    phase: Phase::Begin,
                    outcome: Outcome::Pending,
                    target: None,
                    endpoint: None,
                    place: None,
                    detail: Detail::Nothing,
                };
                let (handed_over, overtaken) = (None, None);
                let wait = Wait { begin: Nanos::ZERO, operation, handed_over, overtaken };
                Liveness::Blocked(Blocked { wait, needs })
            }
        };
        let node = |needs| Node { process: ProcessIndex::from(0), liveness: liveness(needs) };
        WaitForGraph { threads: threads.into_iter().map(node).collect(), ..WaitForGraph::default() }
    }

    fn edges(to: &[usize]) -> Vec<Edge> {
        threads(to).into_iter().map(|to| Edge { to, reason: Reason::IsJoined }).collect()
    }

    fn all(to: &[usize]) -> Option<Needs> {
        Some(Needs::All(edges(to)))
    }

    fn any(to: &[usize]) -> Option<Needs> {
        Some(Needs::Any { edges: edges(to), any_thread: false })
    }

    const ALL_RECORDED: Assumption = Assumption::Nothing { unrecorded_threads: false };
    const SOME_UNRECORDED: Assumption = Assumption::Nothing { unrecorded_threads: true };

    #[test]
    fn a_cycle_of_locks_is_stuck_whatever_else_runs() {
        let graph = graph(vec![all(&[1]), all(&[0]), None, all(&[2])]);
        for assumption in [Assumption::Likely, ALL_RECORDED, SOME_UNRECORDED] {
            assert_eq!(graph.stuck(assumption), threads(&[0, 1]));
        }
        assert_eq!(graph.causes(&threads(&[0, 1])), [threads(&[0, 1])]);
    }

    #[test]
    fn one_runnable_thread_of_those_that_can_is_enough() {
        let graph = graph(vec![any(&[1, 2]), any(&[0]), None]);
        assert_eq!(graph.stuck(Assumption::Likely), []);
    }

    #[test]
    fn one_stuck_thread_of_those_that_must_is_too_many() {
        let graph = graph(vec![all(&[1, 2]), all(&[1]), None]);
        assert_eq!(graph.stuck(ALL_RECORDED), threads(&[0, 1]));
        assert_eq!(graph.causes(&threads(&[0, 1])), [threads(&[1])]);
    }

    #[test]
    fn an_endpoint_may_be_with_any_runnable_thread() {
        let running = graph(vec![any(&[0]), None]);
        assert_eq!(running.stuck(Assumption::Likely), threads(&[0]));
        assert_eq!(running.stuck(ALL_RECORDED), []);
        let alone = graph(vec![any(&[0])]);
        assert_eq!(alone.stuck(ALL_RECORDED), threads(&[0]));
        assert_eq!(alone.stuck(SOME_UNRECORDED), []);
    }

    #[test]
    fn a_thread_that_waits_for_a_cycle_is_no_cause_of_it() {
        let graph = graph(vec![all(&[1]), any(&[2]), any(&[1]), any(&[3])]);
        let stuck = graph.stuck(Assumption::Likely);
        assert_eq!(stuck, threads(&[0, 1, 2, 3]));
        assert_eq!(graph.causes(&stuck), [threads(&[1, 2]), threads(&[3])]);
    }

    #[test]
    fn a_thread_of_another_process_ends_no_wait() {
        let mut graph = graph(vec![any(&[]), None]);
        if let Liveness::Blocked(blocked) = &mut graph.threads[ThreadIndex::from(0)].liveness {
            blocked.needs = Needs::Any { edges: vec![], any_thread: true };
        }
        assert_eq!(graph.stuck(Assumption::Likely), []);
        graph.threads[ThreadIndex::from(1)].process = ProcessIndex::from(1);
        assert_eq!(graph.stuck(Assumption::Likely), threads(&[0]));
        graph.spawning.push(ProcessIndex::from(0));
        assert_eq!(graph.stuck(Assumption::Likely), []);
    }
}
