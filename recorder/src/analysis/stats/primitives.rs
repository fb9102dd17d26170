//! What there is to know of a lock, or another synchronisation primitive.

use crate::analysis::critical_path::Cause;
use crate::reading::catalog::Index;

/// What there is to know of a lock, or another synchronisation primitive.
#[derive(Clone, Debug, Default)]
pub struct Primitive {
    /// How often it was acquired.
    pub acquired: u64,
    /// How long it was held in all, in nanoseconds.
    pub held: u64,
    /// How much of that its holder did not wait for anything.
    pub held_at_work: u64,
    /// Who has used it.
    pub users: Vec<User>,
    /// Messages that were received while it was held, by channel.
    pub receives: Vec<(usize, u64)>,
    /// Who holds it alone.
    pub(in crate::analysis) holder: Option<Hold>,
    /// Who holds it for reading.
    pub(in crate::analysis) readers: Vec<Hold>,
    /// Who runs its initialiser.
    pub(in crate::analysis) initializer: Option<usize>,
    /// Who last did what others wait for: let it go, notified, arrived, initialised.
    pub(in crate::analysis) moved: Option<Cause>,
}

/// What a thread has done with a primitive.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The thread.
    pub thread: usize,
    /// How often it has acquired it.
    pub acquired: u64,
    /// How often it has waited for it.
    pub waits: u64,
    /// How long in all, in nanoseconds.
    pub waited: u64,
    /// When it did something here first.
    pub first: u64,
    /// When last.
    pub last: u64,
    /// Where it last acquired it, if the recording tells.
    pub site: Option<Index>,
}

/// That a thread holds a lock.
#[derive(Clone, Copy, Debug)]
pub(in crate::analysis) struct Hold {
    pub(in crate::analysis) thread: usize,
    pub(in crate::analysis) since: u64,
    pub(in crate::analysis) site: Option<Index>,
    /// How long the thread had waited in all when it took it.
    pub(in crate::analysis) waited: u64,
    /// The turn at the lock: see [`Turn`](format::Turn).
    pub(in crate::analysis) turn: u64,
    /// Whether the recording has paused since: it may have been let go.
    pub(in crate::analysis) outdated: bool,
}

impl Primitive {
    pub(in crate::analysis) fn user(&mut self, thread: usize, time: u64) -> &mut User {
        let known = self.users.iter().position(|user| user.thread == thread);
        let index = known.unwrap_or_else(|| {
            let (first, last) = (time, time);
            self.users.push(User {
                thread,
                acquired: 0,
                waits: 0,
                waited: 0,
                first,
                last,
                site: None,
            });
            self.users.len() - 1
        });
        let user = &mut self.users[index];
        user.last = time;
        user
    }

    /// Somebody acquires it in this turn: what has not been seen to be let go was, if it excludes
    /// that. Gives who does not hold it any more.
    pub(in crate::analysis) fn acquire(&mut self, hold: Hold, shared: bool) -> Vec<usize> {
        self.acquired += 1;
        let before = self.holder.take_if(|before| !shared || before.turn <= hold.turn);
        let mut over: Vec<_> = before.iter().map(|before| before.thread).collect();
        if shared {
            self.readers.push(hold);
        } else {
            over.extend(self.readers.drain(..).map(|reader| reader.thread));
            self.holder = Some(hold);
        }
        over
    }

    /// Whether this thread holds it alone.
    pub(in crate::analysis) fn is_held_by(&self, thread: usize) -> bool {
        self.holder.is_some_and(|hold| hold.thread == thread)
    }

    /// How long threads have waited for it in all, in nanoseconds.
    pub fn waited(&self) -> u64 {
        self.users.iter().fold(0, |sum, user| sum.saturating_add(user.waited))
    }

    /// It is let go by its holder, who has waited so long in all.
    pub(in crate::analysis) fn let_go(&mut self, hold: Hold, time: u64, waited: u64) {
        let held = time.saturating_sub(hold.since);
        self.held = self.held.saturating_add(held);
        let waiting = waited.saturating_sub(hold.waited);
        self.held_at_work = self.held_at_work.saturating_add(held.saturating_sub(waiting));
        self.moved = Some(Cause { thread: hold.thread, time });
    }

    /// The recording has paused: what was held or ran may be over, and its end not recorded.
    pub(in crate::analysis) fn outlast(&mut self) {
        self.initializer = None;
        self.holder.iter_mut().chain(&mut self.readers).for_each(|hold| hold.outdated = true);
    }

    pub(in crate::analysis) fn received(&mut self, channel: usize) {
        match self.receives.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, count)) => *count += 1,
            None => self.receives.push((channel, 1)),
        }
    }
}
