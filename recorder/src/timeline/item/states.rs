//! What threads are at.

use std::cmp::Reverse;

/// What a thread is at for a while. A thread's states follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The thread's index.
    pub thread: usize,
    /// From when on.
    pub begin: u64,
    /// Until when; `None` if that never ended.
    pub end: Option<u64>,
    /// What it is at: something else than before and after it.
    pub activity: Activity,
}

/// Several states of a thread, one after the other, as one: what [`detail`](crate::timeline::downsample) makes
/// where there is no room for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedStates {
    /// The thread's index.
    pub thread: usize,
    /// When the first begins.
    pub begin: u64,
    /// When the last ends.
    pub end: u64,
    /// How many there are.
    pub count: u64,
    /// For how many nanoseconds in all the thread is at each, in the order of [`Activity::ALL`].
    pub nanoseconds: [u64; Activity::ALL.len()],
}

impl MergedStates {
    /// What the thread is at, and for how many nanoseconds in all. What takes longest comes first;
    /// of two that take as long, the one that [`Activity::ALL`] has first.
    pub fn times(&self) -> Vec<(Activity, u64)> {
        let times = Activity::ALL.into_iter().zip(self.nanoseconds);
        let mut times: Vec<_> = times.filter(|(_, time)| *time > 0).collect();
        times.sort_by_key(|(_, time)| Reverse(*time));
        times
    }

    /// What takes longest.
    pub fn mostly(&self) -> Activity {
        let of = |activity: &Activity| self.nanoseconds[*activity as usize];
        let longest = |activity: &Activity| (of(activity), Reverse(*activity));
        Activity::ALL.into_iter().max_by_key(longest).unwrap_or(Activity::Running)
    }
}

/// What a thread can be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// It does not wait in anything that is recorded.
    Running,
    /// It waits in a send.
    Send,
    /// It waits in a receive.
    Recv,
    /// It waits for a lock.
    Lock,
    /// It waits at a condition variable.
    Condvar,
    /// It waits at a barrier.
    Barrier,
    /// It waits for an initialiser.
    Initialize,
    /// It waits for the end of another.
    Join,
    /// It waits for the end of all in a scope.
    Scope,
    /// It is parked.
    Park,
    /// It sleeps.
    Asleep,
    /// Its recording pauses.
    NotRecorded,
}

impl Activity {
    /// All of them.
    pub const ALL: [Activity; 12] = [
        Activity::Running,
        Activity::Send,
        Activity::Recv,
        Activity::Lock,
        Activity::Condvar,
        Activity::Barrier,
        Activity::Initialize,
        Activity::Join,
        Activity::Scope,
        Activity::Park,
        Activity::Asleep,
        Activity::NotRecorded,
    ];

    /// Its name, as the exports have it.
    pub fn name(self) -> &'static str {
        match self {
            Activity::Running => "running",
            Activity::Send => "waiting in send",
            Activity::Recv => "waiting in recv",
            Activity::Lock => "waiting in lock",
            Activity::Condvar => "waiting in condvar",
            Activity::Barrier => "waiting in barrier",
            Activity::Initialize => "waiting in initialize",
            Activity::Join => "waiting in join",
            Activity::Scope => "waiting in scope",
            Activity::Park => "waiting in park",
            Activity::Asleep => "asleep",
            Activity::NotRecorded => "not recorded",
        }
    }
}
