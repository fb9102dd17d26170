//! What the model knows of each channel, lock and thread.

/// Items by their numbers, which are dense.
pub(super) struct Table<T>(pub(super) Vec<T>);

impl<T: Default> Table<T> {
    pub(super) fn get_mut(&mut self, number: u32) -> &mut T {
        let index = number as usize;
        if index >= self.0.len() {
            self.0.resize_with(index + 1, T::default);
        }
        &mut self.0[index]
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(number as usize)
    }
}

#[derive(Default)]
pub(super) struct Channel {
    /// `None` for a channel that the recording does not contain.
    pub(super) bound: Option<u64>,
    pub(super) queued: u64,
    pub(super) senders: u32,
    pub(super) has_receiver: bool,
}

impl Channel {
    pub(super) fn is_rendezvous(&self) -> bool {
        self.bound == Some(0)
    }
}

#[derive(Default)]
pub(super) struct Primitive {
    /// Number of threads that a barrier waits for.
    pub(super) size: u64,
    /// Whether a lock is held for writing, or as a mutex.
    pub(super) is_held: bool,
    /// Number of holders for reading.
    pub(super) readers: u32,
    /// Threads that are blocked in std's operation until they can write, the first to arrive first.
    pub(super) writers: Vec<u32>,
    /// The thread that runs the initialiser, or 0.
    pub(super) initializer: u32,
    /// Whether an initialiser has ended.
    pub(super) is_initialized: bool,
    /// Threads that wait at a barrier.
    pub(super) arrived: Vec<u32>,
    /// For each notification of one thread that none has used yet: the threads that may.
    pub(super) notifications: Vec<Vec<u32>>,
}

impl Primitive {
    pub(super) fn is_free(&self) -> bool {
        !self.is_held && self.readers == 0
    }

    /// Removes a thread that no longer waits at this condition variable.
    pub(super) fn stop_waiting(&mut self, thread: u32) {
        for waiting in &mut self.notifications {
            waiting.retain(|&other| other != thread);
        }
        self.notifications.retain(|waiting| !waiting.is_empty());
    }
}

#[derive(Default)]
pub(super) struct Thread {
    pub(super) state: State,
    /// Whether its parking token is available.
    pub(super) has_token: bool,
    /// The address of the scope that it was spawned in, or 0.
    pub(super) scope: usize,
}

/// What a thread does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It does not exist yet.
    #[default]
    Absent,
    /// It can go on.
    Ready,
    /// It has been given the lock that it waited for in std's operation, from which it has not come back
    /// yet.
    TakesLock,
    Waits(Wait),
    /// It is blocked or busy where the schedule has no influence.
    Outside,
    Ended,
}

/// A wait, with the time on the schedule's clock at which it ends in any case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) reason: Reason,
    pub(super) deadline: Option<u64>,
}

/// The condition under which a wait ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A message in this channel, or the end of its senders.
    Message(u32),
    /// Room in this channel, or the end of its receiver.
    Room(u32),
    /// The other end of this rendezvous channel. The thread is blocked in std's operation, because
    /// the operations of both ends must really meet.
    Partner(u32),
    /// This lock is free, as a mutex.
    Free(u32),
    /// This lock is free for reading, and no thread waits for writing.
    Readable(u32),
    /// This lock is free for writing. The thread is blocked in std's operation: as long as it is, std
    /// lets nobody else read.
    Writing(u32),
    /// A notification, and then the mutex.
    Notification { condvar: u32, mutex: u32, is_notified: bool },
    /// The last thread at a barrier.
    Arrivals,
    /// The end of the initialiser that runs.
    Initializer(u32),
    /// The end of an initialiser, of which none may run yet.
    Initialized(u32),
    /// The end of a thread.
    End(u32),
    /// The end of all threads that were spawned in this scope.
    Scope(usize),
    /// The thread's own parking token.
    Token,
    /// Nothing but its deadline.
    Time,
}
