//! How far a run is in an [`EarlierRun`].

use format::{EarlierRun, Spawned};

/// A thread of the earlier run.
#[derive(Default)]
struct Thread {
    spawned: Option<Spawned>,
    /// The positions of its steps among those of all threads, and whether they are selected.
    steps: Vec<(usize, bool)>,
    /// Number of its steps that this run has done.
    done: usize,
    /// Number of selected steps that are left to it and to the threads that it has not spawned yet.
    weight: u64,
    /// Whether it is a thread of this run, too.
    is_known: bool,
}

/// A thread of this run.
#[derive(Clone, Copy, Default)]
struct Present {
    /// Whether it was added.
    is_known: bool,
    /// Its index in the earlier run.
    index: Option<usize>,
    /// Number of threads that it has spawned.
    spawned: u32,
}

/// See the [module](self).
#[derive(Default)]
pub(super) struct Earlier {
    threads: Vec<Thread>,
    /// The threads of this run, by their numbers.
    present: Vec<Present>,
}

impl Earlier {
    pub(super) fn new(run: &EarlierRun) -> Self {
        let thread = |&spawned| Thread { spawned, ..Thread::default() };
        let mut threads: Vec<_> = run.threads.iter().map(thread).collect();
        for (position, step) in run.steps.iter().enumerate() {
            threads[step.thread as usize].steps.push((position, step.is_selected));
        }
        for index in 0..threads.len() {
            let own = threads[index].steps.iter().filter(|(_, is_selected)| *is_selected).count();
            // Its own steps are left to each thread that has still to spawn it or one of those.
            let mut thread = Some(index);
            let mut generations = 0;
            while let Some(spawner) = thread.filter(|_| generations <= run.threads.len()) {
                threads[spawner].weight += own as u64;
                thread = threads[spawner].spawned.map(|spawned| spawned.parent as usize);
                generations += 1;
            }
        }
        Earlier { threads, present: Vec::new() }
    }

    /// Adds a thread of this run, spawned by `parent` if that is known, unless it has been added.
    pub(super) fn add_thread(&mut self, number: u32, parent: Option<u32>) {
        let present = self.present_mut(number);
        if std::mem::replace(&mut present.is_known, true) {
            return;
        }
        let spawned = parent.map(|parent| {
            let parent = self.present_mut(parent);
            let index = parent.spawned;
            parent.spawned += 1;
            parent.index.map(|parent| Spawned { parent: parent as u32, index })
        });
        let is_like = |thread: &Thread| match spawned {
            // Somebody else's thread.
            Some(None) => false,
            Some(spawned) => thread.spawned == spawned,
            None => thread.spawned.is_none() && !thread.is_known,
        };
        let index = self.threads.iter().position(is_like);
        self.present_mut(number).index = index;
        let Some(index) = index else { return };
        self.threads[index].is_known = true;
        if let Some(Some(Spawned { parent, .. })) = spawned {
            let weight = self.threads[index].weight;
            self.take_weight(parent as usize, weight);
        }
    }

    /// Whether the thread was added.
    pub(super) fn knows(&self, number: u32) -> bool {
        self.present.get(number as usize).is_some_and(|present| present.is_known)
    }

    /// The thread has done a step.
    pub(super) fn complete_step(&mut self, number: u32) {
        let Some(index) = self.index(number) else { return };
        let thread = &mut self.threads[index];
        let is_selected = thread.steps.get(thread.done).is_some_and(|(_, it)| *it);
        thread.done += 1;
        self.take_weight(index, u64::from(is_selected));
    }

    /// Number of selected steps that are left to the thread and to those that it has still to spawn.
    pub(super) fn weight(&self, number: u32) -> u64 {
        self.index(number).map_or(0, |index| self.threads[index].weight)
    }

    /// Whether the next step of the thread is selected, if it does the same as in the earlier run.
    pub(super) fn is_next_selected(&self, number: u32) -> bool {
        self.next(number).is_some_and(|(_, is_selected)| is_selected)
    }

    /// The position of the thread's next step among those of all threads; `None` if it had no more.
    pub(super) fn next_position(&self, number: u32) -> Option<usize> {
        self.next(number).map(|(position, _)| position)
    }

    fn next(&self, number: u32) -> Option<(usize, bool)> {
        let thread = &self.threads[self.index(number)?];
        thread.steps.get(thread.done).copied()
    }

    fn index(&self, number: u32) -> Option<usize> {
        self.present.get(number as usize)?.index
    }

    fn take_weight(&mut self, index: usize, weight: u64) {
        let thread = &mut self.threads[index];
        thread.weight = thread.weight.saturating_sub(weight);
    }

    fn present_mut(&mut self, number: u32) -> &mut Present {
        let index = number as usize;
        if index >= self.present.len() {
            self.present.resize(index + 1, Present::default());
        }
        &mut self.present[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use format::Step;

    #[test]
    fn threads_are_known_by_who_spawned_them() {
        let spawned = |parent, index| Some(Spawned { parent, index });
        let step = |thread| Step { thread, is_selected: true };
        let run = EarlierRun {
            threads: vec![None, spawned(0, 0), spawned(0, 1), spawned(1, 0)],
            steps: [0, 2, 3, 1, 3].map(step).to_vec(),
        };
        let mut earlier = Earlier::new(&run);
        earlier.add_thread(1, None);
        assert_eq!(earlier.weight(1), 5);
        // The numbers differ from the order of the earlier run.
        earlier.add_thread(7, Some(1));
        earlier.add_thread(5, Some(1));
        assert_eq!([1, 7, 5].map(|thread| earlier.weight(thread)), [1, 3, 1]);
        earlier.add_thread(6, Some(7));
        assert_eq!([1, 7, 5, 6].map(|thread| earlier.weight(thread)), [1, 1, 1, 2]);
        assert_eq!([1, 7, 5, 6].map(|it| earlier.next_position(it)), [0, 3, 1, 2].map(Some));
        earlier.complete_step(6);
        assert_eq!((earlier.weight(6), earlier.next_position(6)), (1, Some(4)));
        // One that the earlier run did not have.
        earlier.add_thread(8, Some(6));
        assert_eq!((earlier.weight(8), earlier.next_position(8)), (0, None));
    }
}
