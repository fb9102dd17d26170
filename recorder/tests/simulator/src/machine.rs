//! The semantics of channels, locks and threads, without time and without recording: one step of
//! one thread at a time.
//!
//! An action [starts](Machine::start), may have to [wait](Status::Waiting) until it can
//! [proceed](Machine::proceed), has an [outcome](Status::Returning), and [returns](Machine::finish).
//! A state can be cloned, compared and hashed, so that a search can try every interleaving.

/// A message, by its sender and the number of messages that this thread has begun to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// The thread that sends it.
    pub thread: usize,
    /// From 1.
    pub number: u64,
}

/// A call. Channels, locks, threads and so on are indices into the [`Machine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `send`.
    Send(usize),
    /// `try_send`.
    TrySend(usize),
    /// `recv`.
    Receive(usize),
    /// `try_recv`.
    TryReceive(usize),
    /// `recv_timeout`.
    ReceiveTimeout(usize),
    /// A sender is cloned.
    CloneSender(usize),
    /// A sender is dropped.
    DropSender(usize),
    /// The receiver is dropped.
    DropReceiver(usize),
    /// A lock is acquired exclusively.
    Lock(usize),
    /// The same, if it is free.
    TryLock(usize),
    /// What was held exclusively is released.
    Unlock(usize),
    /// A lock is acquired for reading.
    Read(usize),
    /// The same, if nobody holds it exclusively.
    TryRead(usize),
    /// What was held for reading is released.
    ReadUnlock(usize),
    /// What was held exclusively is held for reading from now on.
    Downgrade(usize),
    /// A condition variable's `wait`.
    Wait {
        /// The condition variable.
        condvar: usize,
        /// The lock that is released meanwhile.
        mutex: usize,
    },
    /// A condition variable's `wait_timeout`.
    WaitTimeout {
        /// The condition variable.
        condvar: usize,
        /// The lock that is released meanwhile.
        mutex: usize,
    },
    /// `notify_one`.
    NotifyOne(usize),
    /// `notify_all`.
    NotifyAll(usize),
    /// A barrier's `wait`.
    BarrierWait(usize),
    /// A value is needed that may have to be initialised.
    Initialize(usize),
    /// The initialiser that this thread runs is over.
    EndInitializer {
        /// Of which value.
        once: usize,
        /// Whether it has panicked, so that another thread must try again.
        failed: bool,
    },
    /// A thread is spawned.
    Spawn(usize),
    /// A thread is spawned in a scope of the spawning thread.
    SpawnScoped(usize),
    /// `join`.
    Join(usize),
    /// The end of a scope.
    Scope,
    /// `park`.
    Park,
    /// `park_timeout`.
    ParkTimeout,
    /// `unpark`.
    Unpark(usize),
    /// `sleep`.
    Sleep,
    /// `yield_now`.
    Yield,
    /// The thread ends. It has dropped and released everything that was its own.
    End,
}

impl Action {
    /// Whether it sends a message.
    pub fn is_send(self) -> bool {
        matches!(self, Action::Send(_) | Action::TrySend(_))
    }
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A message was handed over.
    Transferred(Message),
    /// The other side of the channel is gone.
    Disconnected,
    /// There was no room.
    Full,
    /// There was no message.
    Empty,
    /// The lock is held by others.
    Held,
    /// The time is over.
    TimedOut,
    /// All have arrived at the barrier; whether this thread was the last.
    Passed {
        /// `BarrierWaitResult::is_leader`.
        leader: bool,
    },
    /// It is for this thread to run the initialiser.
    Initializes,
    /// It has happened.
    Done,
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It does not exist yet.
    NotSpawned,
    /// It is about to start its next action.
    Ready,
    /// It waits in this call.
    Waiting(Action),
    /// It has been woken from a wait for a condition, and needs the lock again.
    Relocking {
        /// The wait.
        action: Action,
        /// Whether its time was over.
        timed_out: bool,
    },
    /// The call has this outcome, and has not returned yet.
    Returning(Action, Outcome),
    /// It has ended.
    Over,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Thread {
    /// What it is doing.
    pub status: Status,
    /// How many messages it has begun to send.
    pub messages: u64,
    /// Whether its next `park` returns at once.
    unparked: bool,
    /// The thread in whose scope it was spawned, until that scope ends.
    scope: Option<usize>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// `None` is any number of messages, 0 is a rendezvous.
    pub bound: Option<usize>,
    /// The messages in it.
    pub queue: Vec<Message>,
    /// How many senders are alive.
    pub senders: usize,
    /// Whether the receiver is alive.
    pub receiver: bool,
}

/// A `Mutex` or a `RwLock`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lock {
    /// The thread that holds it exclusively.
    pub writer: Option<usize>,
    /// The threads that hold it for reading.
    pub readers: Vec<usize>,
}

/// A `Barrier`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Barrier {
    /// How many threads it waits for.
    pub size: usize,
    /// How many have arrived since it last let threads pass.
    pub arrived: usize,
}

/// The state of a value that is initialised once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Once {
    /// Nobody has initialised it.
    New,
    /// This thread runs the initialiser.
    Running(usize),
    /// It has its value.
    Complete,
}

/// The state of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    /// The threads, also those that are not spawned yet.
    pub threads: Vec<Thread>,
    /// The channels.
    pub channels: Vec<Channel>,
    /// The locks.
    pub locks: Vec<Lock>,
    /// The barriers.
    pub barriers: Vec<Barrier>,
    /// The values that are initialised once.
    pub onces: Vec<Once>,
}

impl Machine {
    /// Adds a thread, which runs or is still to be spawned.
    pub fn add_thread(&mut self, runs: bool) {
        let status = if runs { Status::Ready } else { Status::NotSpawned };
        self.threads.push(Thread { status, messages: 0, unparked: false, scope: None });
    }

    /// Adds a channel with some senders and a receiver.
    pub fn add_channel(&mut self, bound: Option<usize>, senders: usize) {
        self.channels.push(Channel { bound, queue: Vec::new(), senders, receiver: true });
    }

    /// Starts an action of a thread that is ready: it has an outcome, or the thread waits. Of several
    /// threads that `notify_one` could wake, the first is woken.
    pub fn start(&mut self, thread: usize, action: Action) {
        self.start_waking(thread, action, 0);
    }

    /// The same, but `notify_one` wakes this one of the [waiting](Self::waiting_for) threads.
    pub fn start_waking(&mut self, thread: usize, action: Action, choice: usize) {
        assert_eq!(self.threads[thread].status, Status::Ready, "only a ready thread can act");
        self.threads[thread].messages += u64::from(action.is_send());
        let outcome = match action {
            Action::BarrierWait(barrier) => self.arrive(barrier),
            Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. } => {
                self.release(thread, mutex);
                None
            }
            Action::NotifyOne(condvar) => {
                let waiting = self.waiting_for(condvar).nth(choice);
                waiting.map(|waiting| self.wake(waiting));
                Some(Outcome::Done)
            }
            _ => self.attempt(thread, action),
        };
        self.threads[thread].status = match outcome {
            Some(outcome) => Status::Returning(action, outcome),
            None => Status::Waiting(action),
        };
    }

    /// Starts an action that could not proceed a moment ago: the thread waits, whatever has
    /// happened since.
    pub fn start_late(&mut self, thread: usize, action: Action) {
        assert_eq!(self.threads[thread].status, Status::Ready, "only a ready thread can act");
        self.threads[thread].messages += u64::from(action.is_send());
        self.threads[thread].status = Status::Waiting(action);
    }

    /// Lets the call in which a thread waits proceed, if it can: then it has an outcome.
    pub fn proceed(&mut self, thread: usize) -> bool {
        let (action, outcome) = match self.threads[thread].status {
            // Others let these pass.
            Status::Waiting(
                Action::BarrierWait(_) | Action::Wait { .. } | Action::WaitTimeout { .. },
            ) => return false,
            Status::Waiting(action) => (action, self.attempt(thread, action)),
            Status::Relocking { action, timed_out } => {
                let (Action::Wait { mutex, .. } | Action::WaitTimeout { mutex, .. }) = action
                else {
                    return false;
                };
                let outcome = if timed_out { Outcome::TimedOut } else { Outcome::Done };
                (action, self.acquire(thread, mutex).then_some(outcome))
            }
            _ => return false,
        };
        let Some(outcome) = outcome else { return false };
        self.threads[thread].status = Status::Returning(action, outcome);
        true
    }

    /// Whether a thread can take a step by itself.
    pub fn can_step(&self, thread: usize) -> bool {
        match self.threads[thread].status {
            Status::Ready | Status::Returning(..) => true,
            Status::Waiting(_) | Status::Relocking { .. } => self.clone().proceed(thread),
            Status::NotSpawned | Status::Over => false,
        }
    }

    /// Returns from the call that has an outcome.
    pub fn finish(&mut self, thread: usize) -> Option<(Action, Outcome)> {
        let Status::Returning(action, outcome) = self.threads[thread].status else { return None };
        self.threads[thread].status =
            if action == Action::End { Status::Over } else { Status::Ready };
        Some((action, outcome))
    }

    /// Ends a wait whose time is over; returns whether it was one that can end so.
    pub fn expire(&mut self, thread: usize) -> bool {
        let Status::Waiting(action) = self.threads[thread].status else { return false };
        self.threads[thread].status = match action {
            Action::ReceiveTimeout(_) => Status::Returning(action, Outcome::TimedOut),
            Action::WaitTimeout { .. } => Status::Relocking { action, timed_out: true },
            Action::ParkTimeout | Action::Sleep => Status::Returning(action, Outcome::Done),
            _ => return false,
        };
        true
    }

    /// Ends a wait for no reason, as `park` and a condition variable may; returns whether it was
    /// one that can end so.
    pub fn wake(&mut self, thread: usize) -> bool {
        let Status::Waiting(action) = self.threads[thread].status else { return false };
        self.threads[thread].status = match action {
            Action::Wait { .. } | Action::WaitTimeout { .. } => {
                Status::Relocking { action, timed_out: false }
            }
            Action::Park | Action::ParkTimeout => Status::Returning(action, Outcome::Done),
            _ => return false,
        };
        true
    }

    /// The outcome of an action, if it can proceed.
    fn attempt(&mut self, thread: usize, action: Action) -> Option<Outcome> {
        match action {
            Action::Send(at) => self.send(thread, at),
            Action::TrySend(at) => self.send(thread, at).or(Some(Outcome::Full)),
            Action::Receive(at) | Action::ReceiveTimeout(at) => self.receive(at),
            Action::TryReceive(at) => self.receive(at).or(Some(Outcome::Empty)),
            Action::CloneSender(at) => {
                self.channels[at].senders += 1;
                Some(Outcome::Done)
            }
            Action::DropSender(at) => {
                self.channels[at].senders -= 1;
                Some(Outcome::Done)
            }
            Action::DropReceiver(at) => {
                self.channels[at].receiver = false;
                self.channels[at].queue.clear();
                Some(Outcome::Done)
            }
            Action::Lock(lock) => self.acquire(thread, lock).then_some(Outcome::Done),
            Action::TryLock(lock) => {
                let acquired = self.acquire(thread, lock);
                Some(if acquired { Outcome::Done } else { Outcome::Held })
            }
            Action::Read(lock) => self.read(thread, lock).then_some(Outcome::Done),
            Action::TryRead(lock) => {
                let acquired = self.read(thread, lock);
                Some(if acquired { Outcome::Done } else { Outcome::Held })
            }
            Action::Unlock(lock) => {
                self.release(thread, lock);
                Some(Outcome::Done)
            }
            Action::ReadUnlock(lock) => {
                let readers = &mut self.locks[lock].readers;
                let reader = readers.iter().position(|&reader| reader == thread);
                readers.remove(reader.expect("it is held"));
                Some(Outcome::Done)
            }
            Action::Downgrade(lock) => {
                self.release(thread, lock);
                self.locks[lock].readers.push(thread);
                Some(Outcome::Done)
            }
            Action::NotifyAll(condvar) => {
                let waiting: Vec<_> = self.waiting_for(condvar).collect();
                for waiting in waiting {
                    self.wake(waiting);
                }
                Some(Outcome::Done)
            }
            Action::Initialize(once) => match self.onces[once] {
                Once::New => {
                    self.onces[once] = Once::Running(thread);
                    Some(Outcome::Initializes)
                }
                Once::Running(_) => None,
                Once::Complete => Some(Outcome::Done),
            },
            Action::EndInitializer { once, failed } => {
                // Where another thread has initialised the value, there is nothing to end.
                if self.onces[once] == Once::Running(thread) {
                    self.onces[once] = if failed { Once::New } else { Once::Complete };
                }
                Some(Outcome::Done)
            }
            Action::Spawn(child) => {
                self.threads[child].status = Status::Ready;
                Some(Outcome::Done)
            }
            Action::SpawnScoped(child) => {
                self.threads[child].status = Status::Ready;
                self.threads[child].scope = Some(thread);
                Some(Outcome::Done)
            }
            Action::Join(other) => self.is_over(other).then_some(Outcome::Done),
            Action::Scope => {
                let scoped = self.scoped(thread);
                scoped.iter().all(|&child| self.is_over(child)).then(|| {
                    scoped.iter().for_each(|&child| self.threads[child].scope = None);
                    Outcome::Done
                })
            }
            Action::Park | Action::ParkTimeout => {
                std::mem::take(&mut self.threads[thread].unparked).then_some(Outcome::Done)
            }
            Action::Unpark(other) => {
                self.threads[other].unparked = true;
                Some(Outcome::Done)
            }
            Action::Yield | Action::End => Some(Outcome::Done),
            Action::Sleep
            | Action::BarrierWait(_)
            | Action::Wait { .. }
            | Action::WaitTimeout { .. }
            | Action::NotifyOne(_) => None,
        }
    }

    /// Whether the next `park` of a thread returns at once.
    pub fn has_token(&self, thread: usize) -> bool {
        self.threads[thread].unparked
    }

    /// The threads in a thread's scope.
    pub fn scoped(&self, thread: usize) -> Vec<usize> {
        let threads = 0..self.threads.len();
        threads.filter(|&child| self.threads[child].scope == Some(thread)).collect()
    }

    fn is_over(&self, thread: usize) -> bool {
        self.threads[thread].status == Status::Over
    }

    fn acquire(&mut self, thread: usize, lock: usize) -> bool {
        let Lock { writer, readers } = &mut self.locks[lock];
        let free = writer.is_none() && readers.is_empty();
        if free {
            *writer = Some(thread);
        }
        free
    }

    /// While a thread waits to write, no other is let in to read.
    fn read(&mut self, thread: usize, lock: usize) -> bool {
        let write = Status::Waiting(Action::Lock(lock));
        let is_awaited = self.threads.iter().any(|thread| thread.status == write);
        let Lock { writer, readers } = &mut self.locks[lock];
        let free = writer.is_none() && !is_awaited;
        if free {
            readers.push(thread);
        }
        free
    }

    fn release(&mut self, thread: usize, lock: usize) {
        assert_eq!(self.locks[lock].writer.take(), Some(thread), "only its holder releases a lock");
    }

    /// The threads that wait for a notification of a condition variable.
    pub fn waiting_for(&self, condvar: usize) -> impl Iterator<Item = usize> {
        let threads = self.threads.iter().enumerate();
        threads.filter_map(move |(thread, state)| match state.status {
            Status::Waiting(
                Action::Wait { condvar: on, .. } | Action::WaitTimeout { condvar: on, .. },
            ) => (on == condvar).then_some(thread),
            _ => None,
        })
    }

    fn arrive(&mut self, at: usize) -> Option<Outcome> {
        let Barrier { size, arrived } = &mut self.barriers[at];
        *arrived += 1;
        if *arrived < *size {
            return None;
        }
        *arrived = 0;
        let action = Action::BarrierWait(at);
        for thread in &mut self.threads {
            if thread.status == Status::Waiting(action) {
                thread.status = Status::Returning(action, Outcome::Passed { leader: false });
            }
        }
        Some(Outcome::Passed { leader: true })
    }

    fn send(&mut self, thread: usize, at: usize) -> Option<Outcome> {
        let message = Message { thread, number: self.threads[thread].messages };
        let Channel { bound, queue, receiver, .. } = &mut self.channels[at];
        match bound {
            _ if !*receiver => return Some(Outcome::Disconnected),
            Some(0) => {
                let receives =
                    |action| action == Action::Receive(at) || action == Action::ReceiveTimeout(at);
                self.meet(receives, |_| message)?;
            }
            Some(bound) if queue.len() >= *bound => return None,
            _ => queue.push(message),
        }
        Some(Outcome::Transferred(message))
    }

    fn receive(&mut self, at: usize) -> Option<Outcome> {
        let Channel { bound, queue, .. } = &mut self.channels[at];
        if !queue.is_empty() {
            return Some(Outcome::Transferred(queue.remove(0)));
        }
        if *bound == Some(0)
            && let Some(message) = self.meet(|action| action == Action::Send(at), |sender| sender)
        {
            return Some(Outcome::Transferred(message));
        }
        (self.channels[at].senders == 0).then_some(Outcome::Disconnected)
    }

    /// Meets a thread that waits in a call like this; `message` is made of the latest message
    /// that this thread has begun to send.
    fn meet(
        &mut self,
        waits_in: impl Fn(Action) -> bool,
        message: impl Fn(Message) -> Message,
    ) -> Option<Message> {
        let mut threads = self.threads.iter_mut().enumerate();
        threads.find_map(|(thread, other)| {
            let Status::Waiting(action) = other.status else { return None };
            waits_in(action).then(|| {
                let message = message(Message { thread, number: other.messages });
                other.status = Status::Returning(action, Outcome::Transferred(message));
                message
            })
        })
    }
}
