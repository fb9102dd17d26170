//! The wait-for graph: which threads wait, for what, and who could end that.
//!
//! It is plain data, taken at one moment: the end of a recording, or of what there is of it
//! while the program still runs. [`WaitFor::stuck`] tells which threads can never go on.

use format::Call;

use crate::reading::catalog::Index;

/// Who waits for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitFor {
    /// By thread, as in [`Entities::threads`](crate::reading::catalog::Entities::threads).
    pub threads: Vec<Standing>,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its process. Threads of two processes never wait for each other.
    pub process: usize,
    /// Whether it goes on.
    pub state: State,
}

/// Whether a thread goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is over.
    Over,
    /// It runs, or its wait ends by itself or has been ended already.
    Free,
    /// It waits, without a limit in time.
    Blocked(Blocked),
}

/// A wait without a limit in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Since when, in nanoseconds since the trace's start.
    pub since: u64,
    /// The call that waits.
    pub call: Call,
    /// What it waits at.
    pub on: On,
    /// Where it was called, if the recording tells.
    pub site: Option<Index>,
    /// Who could end it.
    pub needs: Needs,
}

/// What a thread waits at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum On {
    /// The channel with this index.
    Channel(usize),
    /// The synchronisation primitive with this index.
    Primitive(usize),
    /// The thread with this index.
    Thread(usize),
    /// Nothing that has an index, or nothing that the recording tells.
    Nothing,
}

/// Whom it takes to end a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Each of these: one that is stuck is enough to make the wait endless.
    All(Vec<Edge>),
    /// Any of these.
    Any {
        /// Those of whom the recording tells that they could.
        edges: Vec<Edge>,
        /// Whether it may be any other thread of the process just as well: what it takes may
        /// have gone from hand to hand unseen, or everybody has it.
        anybody: bool,
    },
}

impl Needs {
    /// Those of whom the recording tells.
    pub fn edges(&self) -> &[Edge] {
        match self {
            Needs::All(edges) | Needs::Any { edges, .. } => edges,
        }
    }
}

/// A thread that could end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The thread.
    pub to: usize,
    /// Why it could.
    pub because: Because,
}

/// Why a thread could end another's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It has a sender: the one with this index in
    /// [`Analysis::senders`](super::Analysis::senders).
    HasSender(usize),
    /// It has the receiver.
    HasReceiver,
    /// It holds the lock, since it took it there.
    Holds {
        /// Where it took it.
        site: Option<Index>,
    },
    /// It is the thread that is waited for.
    IsJoined,
    /// It is to be over before the scope is.
    IsInScope,
    /// It runs the initialiser.
    Initializes,
}

/// How much is taken for granted when it is asked who is [stuck](WaitFor::stuck).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// What the recording suggests: endpoints are with those who used them last, and there are
    /// no threads but those in the recording.
    Likely,
    /// Only what follows: an endpoint may be with any thread of its process, and with one that
    /// the recording does not know, unless there is none.
    Certain {
        /// Whether there may be threads that the recording does not know.
        outsiders: bool,
    },
}

impl WaitFor {
    /// The threads that can never go on, whatever the others do.
    ///
    /// All others could, for all that is known, so this is the largest set of threads each of
    /// which waits for others of the set only.
    pub fn stuck(&self, belief: Belief) -> Vec<usize> {
        let blocked = |thread: usize| match &self.threads[thread].state {
            State::Blocked(blocked) => Some(blocked),
            _ => None,
        };
        let processes = self.threads.iter().map(|thread| thread.process + 1).max().unwrap_or(0);
        let mut free: Vec<_> =
            self.threads.iter().map(|thread| matches!(thread.state, State::Free)).collect();
        let mut anybody_free =
            vec![matches!(belief, Belief::Certain { outsiders: true }); processes];
        for (thread, standing) in self.threads.iter().enumerate() {
            anybody_free[standing.process] |= free[thread];
        }
        let mut left: Vec<_> =
            (0..self.threads.len()).filter(|&thread| blocked(thread).is_some()).collect();
        loop {
            let before = left.len();
            left.retain(|&thread| {
                let Some(blocked) = blocked(thread) else { return false };
                let process = self.threads[thread].process;
                let ends = match &blocked.needs {
                    Needs::All(edges) => edges.iter().all(|edge| free[edge.to]),
                    Needs::Any { edges, anybody } => {
                        let anybody = *anybody || belief != Belief::Likely;
                        anybody && anybody_free[process] || edges.iter().any(|edge| free[edge.to])
                    }
                };
                if ends {
                    free[thread] = true;
                    anybody_free[process] = true;
                }
                !ends
            });
            if left.len() == before {
                return left;
            }
        }
    }

    /// The wait of a thread that waits without a limit in time.
    pub fn blocked(&self, thread: usize) -> Option<&Blocked> {
        match &self.threads[thread].state {
            State::Blocked(blocked) => Some(blocked),
            State::Over | State::Free => None,
        }
    }

    /// Among `stuck` threads, those that are stuck because of each other and of nobody else:
    /// circles, and threads that are stuck by themselves. All other stuck threads wait for these.
    pub fn causes(&self, stuck: &[usize]) -> Vec<Vec<usize>> {
        let reach: Vec<Vec<usize>> = stuck.iter().map(|&from| self.reach(from, stuck)).collect();
        let mut causes: Vec<Vec<usize>> = Vec::new();
        for (index, &thread) in stuck.iter().enumerate() {
            // Whoever can be reached leads back, or this is no cause.
            let circle = reach[index].iter().all(|reached| {
                let back = stuck.binary_search(reached).ok().map(|at| &reach[at]);
                *reached == thread || back.is_some_and(|back| back.binary_search(&thread).is_ok())
            });
            if circle && !causes.iter().any(|cause| cause.contains(&thread)) {
                let mut cause = reach[index].clone();
                if let Err(at) = cause.binary_search(&thread) {
                    cause.insert(at, thread);
                }
                causes.push(cause);
            }
        }
        causes
    }

    /// The stuck threads that `from` waits for, and those that they wait for, and so on.
    fn reach(&self, from: usize, stuck: &[usize]) -> Vec<usize> {
        let mut reached = vec![false; stuck.len()];
        let mut next = vec![from];
        let mut reach = |index: usize, next: &mut Vec<usize>| {
            if !reached[index] {
                reached[index] = true;
                next.push(stuck[index]);
            }
        };
        while let Some(thread) = next.pop() {
            let Some(Blocked { needs, .. }) = self.blocked(thread) else { continue };
            for edge in needs.edges() {
                if let Ok(index) = stuck.binary_search(&edge.to) {
                    reach(index, &mut next);
                }
            }
            if matches!(needs, Needs::Any { anybody: true, .. }) {
                let process = self.threads[thread].process;
                let others = stuck.iter().enumerate();
                let others = others.filter(|&(_, &other)| {
                    self.threads[other].process == process && (other != thread || stuck.len() == 1)
                });
                others.for_each(|(index, _)| reach(index, &mut next));
            }
        }
        stuck
            .iter()
            .zip(reached)
            .filter(|&(_, reached)| reached)
            .map(|(&thread, _)| thread)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(threads: Vec<Option<Needs>>) -> WaitFor {
        let threads = threads.into_iter().map(|needs| Standing {
            process: 0,
            state: needs.map_or(State::Free, |needs| {
                State::Blocked(Blocked {
                    since: 0,
                    call: Call::Recv,
                    on: On::Nothing,
                    site: None,
                    needs,
                })
            }),
        });
        WaitFor { threads: threads.collect() }
    }

    fn edges(to: &[usize]) -> Vec<Edge> {
        to.iter().map(|&to| Edge { to, because: Because::IsJoined }).collect()
    }

    fn all(to: &[usize]) -> Option<Needs> {
        Some(Needs::All(edges(to)))
    }

    fn any(to: &[usize]) -> Option<Needs> {
        Some(Needs::Any { edges: edges(to), anybody: false })
    }

    const CERTAIN: Belief = Belief::Certain { outsiders: false };
    const OUTSIDERS: Belief = Belief::Certain { outsiders: true };

    #[test]
    fn a_circle_of_locks_is_stuck_whoever_runs() {
        let graph = graph(vec![all(&[1]), all(&[0]), None, all(&[2])]);
        for belief in [Belief::Likely, CERTAIN, OUTSIDERS] {
            assert_eq!(graph.stuck(belief), [0, 1]);
        }
        assert_eq!(graph.causes(&[0, 1]), [[0, 1]]);
    }

    #[test]
    fn of_several_who_could_one_that_runs_is_enough() {
        let graph = graph(vec![any(&[1, 2]), any(&[0]), None]);
        assert_eq!(graph.stuck(Belief::Likely), [0usize; 0]);
    }

    #[test]
    fn of_several_who_must_one_that_is_stuck_is_too_many() {
        let graph = graph(vec![all(&[1, 2]), all(&[1]), None]);
        assert_eq!(graph.stuck(CERTAIN), [0, 1]);
        assert_eq!(graph.causes(&[0, 1]), [[1]]);
    }

    #[test]
    fn an_endpoint_may_be_with_somebody_who_runs() {
        let running = graph(vec![any(&[0]), None]);
        assert_eq!(running.stuck(Belief::Likely), [0]);
        assert_eq!(running.stuck(CERTAIN), [0usize; 0]);
        let alone = graph(vec![any(&[0])]);
        assert_eq!(alone.stuck(CERTAIN), [0]);
        assert_eq!(alone.stuck(OUTSIDERS), [0usize; 0]);
    }

    #[test]
    fn who_waits_for_a_circle_is_no_cause_of_it() {
        let graph = graph(vec![all(&[1]), any(&[2]), any(&[1]), any(&[3])]);
        assert_eq!(graph.stuck(Belief::Likely), [0, 1, 2, 3]);
        assert_eq!(graph.causes(&[0, 1, 2, 3]), [vec![1, 2], vec![3]]);
    }

    #[test]
    fn another_process_frees_nobody() {
        let mut graph = graph(vec![any(&[]), None]);
        if let State::Blocked(blocked) = &mut graph.threads[0].state {
            blocked.needs = Needs::Any { edges: vec![], anybody: true };
        }
        assert_eq!(graph.stuck(Belief::Likely), [0usize; 0]);
        graph.threads[1].process = 1;
        assert_eq!(graph.stuck(Belief::Likely), [0]);
    }
}
