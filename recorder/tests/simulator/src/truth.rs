//! The truth about a run: what the recording must lead to.
//!
//! It is about what is recorded. A lock is held from the event of its acquisition to the event of
//! its release, a message is sent once its send or its receive is recorded. Times are nanoseconds
//! since the trace's start, and those of the recording if all clocks agree.

/// The truth about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// The threads that have recorded anything.
    pub threads: Vec<Thread>,
    /// All channels.
    pub channels: Vec<Channel>,
    /// All locks.
    pub locks: Vec<Lock>,
}

/// The truth about a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Its waits, sleep included.
    pub waits: Vec<Wait>,
}

/// A call that could not proceed at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The call: `recv_timeout`.
    pub call: &'static str,
    /// The channel, primitive or thread, if it is on one.
    pub on: Option<String>,
    /// The start.
    pub begin: u64,
    /// The end; `None` if it has not ended.
    pub end: Option<u64>,
}

/// The truth about a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// How many messages it holds; `None` is any number, 0 is a rendezvous.
    pub bound: Option<usize>,
    /// Its messages, in the order in which the first event of each was recorded.
    pub messages: Vec<Message>,
}

/// The truth about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The thread that sends it.
    pub sender: String,
    /// The start of its send, if that is recorded.
    pub begun: Option<u64>,
    /// Its hand-over by its sender, if that is recorded: the start of a send that did not wait, or
    /// the end of one that did.
    pub sent: Option<u64>,
    /// Its receive, if that is recorded, and the thread.
    pub received: Option<(u64, String)>,
}

impl Channel {
    /// How many messages were sent: those whose sends or receives are recorded.
    pub fn sent(&self) -> u64 {
        self.sent_by(|_| true)
    }

    /// How many messages were received.
    pub fn received(&self) -> u64 {
        self.received_by(|_| true)
    }

    /// How many messages these threads have sent.
    pub fn sent_by(&self, sender: impl Fn(&str) -> bool) -> u64 {
        let sent = |message: &&Message| {
            (message.sent.is_some() || message.received.is_some()) && sender(&message.sender)
        };
        self.messages.iter().filter(sent).count() as u64
    }

    /// How many messages these threads have received.
    pub fn received_by(&self, receiver: impl Fn(&str) -> bool) -> u64 {
        let received =
            |message: &&Message| message.received.as_ref().is_some_and(|(_, by)| receiver(by));
        self.messages.iter().filter(received).count() as u64
    }

    /// The largest number of messages in the channel at a time, or on their way in a rendezvous.
    ///
    /// A message that its receiver has before its sender returns is handed over a nanosecond
    /// before. One of which no part of the send is recorded is not counted.
    pub fn max_depth(&self) -> u64 {
        let mut changes = Vec::new();
        for Message { begun, sent, received, .. } in &self.messages {
            let Some(begun) = begun else { continue };
            let received = received.as_ref().map(|(time, _)| *time);
            let just_before = received.map(|received| (received.max(begun + 1) - 1, true));
            let in_channel = [sent.map(|sent| (sent, false)), just_before];
            let Some((from, is_derived)) = in_channel.into_iter().flatten().min() else { continue };
            changes.push((from, is_derived, 1));
            changes.extend(received.map(|received| (received, false, -1)));
        }
        changes.sort_unstable();
        let (mut depth, mut max) = (0_i64, 0);
        for (_, _, change) in changes {
            depth += change;
            max = depth.max(max);
        }
        let room = self.bound.map_or(u64::MAX, |bound| bound.max(1) as u64);
        (max as u64).min(room)
    }
}

/// The truth about a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Its name.
    pub name: String,
    /// Each time that it was held.
    pub holds: Vec<Hold>,
}

/// That a lock was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The thread that held it.
    pub thread: String,
    /// Whether it was held for reading.
    pub shared: bool,
    /// From when on.
    pub begin: u64,
    /// Until when; `None` if it was not released.
    pub end: Option<u64>,
}
