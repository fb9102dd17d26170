//! Small random programs: threads that do a few operations each, one after the other.

use proptest::prelude::*;

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Send(usize),
    Receive(usize),
    DropSender(usize),
    DropReceiver(usize),
    Lock(usize),
    Unlock(usize),
    Join(usize),
    /// The thread ends. It has dropped and unlocked all that was its own.
    End,
}

/// A program. Its first thread has made everything and spawned the others.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The channels' bounds.
    pub(crate) bounds: Vec<Option<usize>>,
    /// By channel: which threads have a sender at the start.
    pub(crate) senders: Vec<Vec<usize>>,
    /// By channel: whether these threads share one sender, and have no clones of it.
    pub(crate) shared: Vec<bool>,
    /// By channel: which thread has the receiver at the start.
    pub(crate) receivers: Vec<usize>,
    pub(crate) locks: usize,
    /// What each thread does, up to its end.
    pub(crate) threads: Vec<Vec<Action>>,
}

/// Programs with two to four threads, up to three channels and up to two locks.
pub(crate) fn programs() -> impl Strategy<Value = Program> {
    prop::collection::vec(any::<u8>(), 0..160).prop_map(|tape| Tape(tape.into_iter()).program())
}

/// Where every decision is read from.
struct Tape(std::vec::IntoIter<u8>);

impl Tape {
    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % choices
    }

    fn program(&mut self) -> Program {
        let threads = 2 + self.pick(3);
        let channels = 1 + self.pick(3);
        let locks = self.pick(3);
        let mut program = Program {
            bounds: Vec::new(),
            senders: Vec::new(),
            shared: Vec::new(),
            receivers: Vec::new(),
            locks,
            threads: Vec::new(),
        };
        for _ in 0..channels {
            program.bounds.push([Some(1), Some(0), None, Some(2)][self.pick(4)]);
            let first = self.pick(threads);
            let others = self.pick(1 << threads) & self.pick(1 << threads);
            program.senders.push(
                (0..threads)
                    .filter(|&thread| thread == first || others >> thread & 1 == 1)
                    .collect(),
            );
            program.shared.push(self.pick(3) == 0);
            program.receivers.push(self.pick(threads));
        }
        // Who has each thread's handle: mostly the first thread, which has made it.
        let joiners: Vec<_> = (1..threads)
            .map(|_| self.pick(threads + 2))
            .map(|who| if who < threads { who } else { 0 })
            .collect();
        for thread in 0..threads {
            let actions = self.thread(thread, &program, &joiners);
            program.threads.push(actions);
        }
        program
    }

    fn thread(&mut self, thread: usize, program: &Program, joiners: &[usize]) -> Vec<Action> {
        let channels = program.bounds.len();
        let mut sender: Vec<_> = program.senders.iter().map(|who| who.contains(&thread)).collect();
        let mut receiver: Vec<_> = program.receivers.iter().map(|&who| who == thread).collect();
        let mut held = vec![false; program.locks];
        let mut to_join: Vec<_> = (1..)
            .zip(joiners)
            .filter(|&(of, &who)| who == thread && of != thread)
            .map(|(of, _)| of)
            .collect();
        let mut actions = Vec::new();
        for _ in 0..self.pick(7) {
            let channel = self.pick(channels);
            let action = match self.pick(20) {
                0..5 if sender[channel] => Action::Send(channel),
                3..9 if receiver[channel] => Action::Receive(channel),
                9 if sender[channel] => {
                    sender[channel] = false;
                    Action::DropSender(channel)
                }
                10 if receiver[channel] && self.pick(3) == 0 => {
                    receiver[channel] = false;
                    Action::DropReceiver(channel)
                }
                11..16 if program.locks > 0 => {
                    let lock = self.pick(program.locks);
                    // To lock what one holds is a fault that some programs have.
                    if held[lock] && self.pick(8) != 0 {
                        held[lock] = false;
                        Action::Unlock(lock)
                    } else {
                        held[lock] = true;
                        Action::Lock(lock)
                    }
                }
                16 if held.contains(&true) => {
                    let lock = held.iter().position(|&held| held).expect("one is held");
                    held[lock] = false;
                    Action::Unlock(lock)
                }
                17..20 if thread != 0 => match to_join.pop() {
                    Some(other) => Action::Join(other),
                    None => continue,
                },
                _ => continue,
            };
            actions.push(action);
        }
        // A handle that is joined while the thread has its endpoints is the usual mistake.
        if self.pick(2) == 0 {
            actions.extend(to_join.drain(..).map(Action::Join));
        }
        let held = (0..held.len()).filter(|&lock| held[lock]).map(Action::Unlock);
        let senders = (0..channels).filter(|&channel| sender[channel]).map(Action::DropSender);
        let receivers =
            (0..channels).filter(|&channel| receiver[channel]).map(Action::DropReceiver);
        actions.extend(held.chain(senders).chain(receivers));
        if thread == 0 {
            actions.extend(to_join.into_iter().map(Action::Join));
        }
        actions.push(Action::End);
        actions
    }
}
