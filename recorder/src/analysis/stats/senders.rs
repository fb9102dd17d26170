//! Who has which sender.
//!
//! That a sender is moved to another thread is not recorded. Who used it last has it, unless
//! that thread has since spawned another, or given away something in which it may have been.

use super::threads::Thread;
use crate::reading::catalog::Index;
use crate::reading::id_map::Indices;

/// A sender.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Its channel.
    pub channel: usize,
    /// When it was made or cloned, by which thread, and where.
    pub made: Use,
    /// Whether it is a clone, and not the channel's first.
    pub is_clone: bool,
    /// When it was last used, by which thread, and where; when it was made, if never.
    pub last: Use,
    /// How often it was sent with, or tried to.
    pub sends: u64,
    /// How often it was cloned.
    pub clones: u64,
    /// When it was dropped, and by which thread.
    pub dropped: Option<(u64, usize)>,
    /// How many steps the thread had taken that last sent with it.
    pub steps_then: u64,
    /// How often another thread used it than the time before.
    hops: u32,
}

/// That a thread did something, when and where.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// When.
    pub time: u64,
    /// The thread.
    pub thread: usize,
    /// Where, if the recording tells.
    pub site: Option<Index>,
}

impl Sender {
    #[inline]
    pub(in crate::analysis) fn used(&mut self, time: u64, thread: usize, site: Option<Index>) {
        self.hops += u32::from(self.last.thread != thread);
        self.last = Use { time, thread, site };
    }

    /// Whether it was used by anybody.
    pub fn is_used(&self) -> bool {
        self.sends + self.clones > 0
    }

    /// The threads that may have it, and whether any other may just as well.
    pub(in crate::analysis) fn holders(
        &self,
        threads: &[Thread],
        process_of: &[usize],
    ) -> (Vec<usize>, bool) {
        let has = |thread: usize| threads[thread].over.is_none();
        let mut holders: Vec<_> =
            has(self.last.thread).then_some(self.last.thread).into_iter().collect();
        // From one hand to the next may be a move; if it comes back it is shared.
        let mut anybody = self.hops > 1;
        let mut next = vec![(self.last.thread, self.last.time)];
        while let Some((thread, since)) = next.pop() {
            anybody |= threads[thread].gave.is_some_and(|gave| gave > since);
            for (child, facts) in threads.iter().enumerate() {
                if process_of[child] != process_of[thread] || child == thread {
                    continue;
                }
                let begun = match facts.spawned {
                    Some(spawned) if spawned.thread == thread => spawned.time,
                    // Whoever spawned it.
                    None if thread == self.last.thread => facts.first.unwrap_or(0),
                    _ => continue,
                };
                if begun > since && has(child) && !holders.contains(&child) {
                    holders.push(child);
                    next.push((child, begun));
                }
            }
        }
        // It is somewhere.
        anybody |= holders.is_empty();
        (holders, anybody)
    }
}

/// All senders of a recording.
#[derive(Debug)]
pub(in crate::analysis) struct Senders {
    pub(in crate::analysis) list: Vec<Sender>,
    /// By process and number.
    numbers: Vec<Indices>,
}

impl Senders {
    pub(in crate::analysis) fn new(processes: usize) -> Self {
        Senders { list: Vec::new(), numbers: vec![Indices::default(); processes] }
    }

    /// A sender of a channel is made; gives its index.
    pub(in crate::analysis) fn make(&mut self, channel: usize, made: Use, is_clone: bool) -> usize {
        self.list.push(Sender {
            channel,
            made,
            is_clone,
            last: made,
            sends: 0,
            clones: 0,
            dropped: None,
            steps_then: 0,
            hops: 0,
        });
        self.list.len() - 1
    }

    pub(in crate::analysis) fn number(&mut self, process: usize, number: u32, index: usize) {
        self.numbers[process].insert(number, index);
    }

    #[inline]
    pub(in crate::analysis) fn find(&self, process: usize, number: u32) -> Option<usize> {
        self.numbers[process].get(number).map(Index::get)
    }
}
