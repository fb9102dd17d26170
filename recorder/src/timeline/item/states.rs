//! The states of threads.

use std::cmp::Reverse;

use format::Call;

use crate::reading::Nanos;
use crate::reading::catalog::ThreadIndex;

/// What a thread does for a while. A thread's states follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The thread.
    pub thread: ThreadIndex,
    /// When it begins.
    pub begin: Nanos,
    /// When it ends; `None` if it never did.
    pub end: Option<Nanos>,
    /// What the thread does: not what it does before and after.
    pub activity: Activity,
}

/// Several states of a thread, one after the other, as one: what
/// [`downsample`](crate::timeline::downsample) makes where there is no room for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedStates {
    /// The thread.
    pub thread: ThreadIndex,
    /// When the first begins.
    pub begin: Nanos,
    /// When the last ends.
    pub end: Nanos,
    /// How many there are.
    pub count: u64,
    /// How many nanoseconds in all it does each, in the order of [`Activity::ALL`].
    pub nanoseconds: [u64; Activity::ALL.len()],
}

impl MergedStates {
    /// What the thread does, and for how many nanoseconds in all; the longest first. Of two that
    /// take as long, the one comes first that [`Activity::ALL`] has first.
    pub fn times(&self) -> Vec<(Activity, u64)> {
        let times = Activity::ALL.into_iter().zip(self.nanoseconds);
        let mut times: Vec<_> = times.filter(|(_, time)| *time > 0).collect();
        times.sort_by_key(|(_, time)| Reverse(*time));
        times
    }

    /// What the thread does for longest.
    pub fn mostly(&self) -> Activity {
        let of = |activity: &Activity| self.nanoseconds[*activity as usize];
        let longest = |activity: &Activity| (of(activity), Reverse(*activity));
        Activity::ALL.into_iter().max_by_key(longest).unwrap_or(Activity::Running)
    }
}

/// What a thread can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// It runs, or waits for something that is not recorded and was not observed doing so.
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
    /// It waits for the end of another thread.
    Join,
    /// It waits for the end of the threads of a scope.
    Scope,
    /// It is parked.
    Park,
    /// It sleeps.
    Asleep,
    /// It waits for something that is not recorded, such as a file: it was observed not to run.
    BlockedElsewhere,
    /// It is not recorded: the recording of its process pauses. It may wait meanwhile.
    NotRecorded,
}

impl Activity {
    /// All of them.
    pub const ALL: [Activity; 13] = [
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
        Activity::BlockedElsewhere,
        Activity::NotRecorded,
    ];

    /// Its name in exports.
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
            Activity::BlockedElsewhere => "blocked elsewhere",
            Activity::NotRecorded => "not recorded (paused)",
        }
    }

    /// What a thread does that waits in this call.
    pub(crate) fn waiting_in(call: Call) -> Self {
        match call {
            Call::Send | Call::TrySend => Activity::Send,
            Call::Recv | Call::TryRecv | Call::RecvTimeout | Call::Select => Activity::Recv,
            Call::CondvarWait | Call::CondvarWaitTimeout => Activity::Condvar,
            Call::BarrierWait => Activity::Barrier,
            Call::Initialize | Call::Initializer => Activity::Initialize,
            Call::Join => Activity::Join,
            Call::Scope => Activity::Scope,
            Call::Park | Call::ParkTimeout => Activity::Park,
            Call::Sleep => Activity::Asleep,
            _ => Activity::Lock,
        }
    }
}
