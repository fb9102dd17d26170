//! Small random programs with a text: threads that do a few operations each, one after the other.
//!
//! Since a thread's next actions are known, a search can try every continuation of a
//! [state](State). A [run](Run) is one of them, with its recording.

use std::fmt::Write;
use std::ops::Range;

use format::PrimitiveKind;
use proptest::prelude::*;

use crate::journal::{Entry, Journal, Primitive, Site};
use crate::machine::{Action, Lock, Machine, Once, Outcome, Status};

/// A program. Its first thread has made everything and spawned the others.
///
/// Its actions are sends, receives, the drops of endpoints, locks of mutexes and of read-write locks,
/// waits for condition variables and their notifications, initialisers, parking, joins, and ends.
#[derive(Clone, Debug)]
pub struct Program {
    /// The channels' bounds.
    pub bounds: Vec<Option<usize>>,
    /// By channel: which threads have a sender at the start.
    pub senders: Vec<Vec<usize>>,
    /// By channel: whether these threads share one sender, and have no clones of it.
    pub shared: Vec<bool>,
    /// By channel: which thread has the receiver at the start.
    pub receivers: Vec<usize>,
    /// How many mutexes there are. They are the first locks.
    pub locks: usize,
    /// How many read-write locks there are.
    pub rwlocks: usize,
    /// How many condition variables there are. Each is used with one mutex: that of
    /// [`mutex_of`](Program::mutex_of).
    pub condvars: usize,
    /// How many values there are that are initialised once.
    pub onces: usize,
    /// What each thread does, up to its end.
    pub threads: Vec<Vec<Action>>,
}

impl Program {
    /// The mutex that is released while a thread waits for a condition variable.
    pub fn mutex_of(&self, condvar: usize) -> usize {
        condvar % self.locks
    }
}

/// Programs with two to four threads, up to three channels, and up to two of all else.
pub fn programs() -> impl Strategy<Value = Program> {
    prop::collection::vec(any::<u8>(), 0..160).prop_map(|tape| Tape(tape.into_iter()).program())
}

/// Programs with three or four threads, two or three channels, mostly with a bound, and joins: threads
/// send on full channels.
pub fn programs_of_channels() -> impl Strategy<Value = Program> {
    let tape = prop::collection::vec(any::<u8>(), 20..80);
    tape.prop_map(|tape| Tape(tape.into_iter()).program_of_channels())
}

/// The source of every decision.
struct Tape(std::vec::IntoIter<u8>);

impl Tape {
    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % choices
    }

    fn program(&mut self) -> Program {
        let threads = 2 + self.pick(3);
        let channels = 1 + self.pick(3);
        let locks = self.pick(3);
        // Most programs have much of one kind of action, so that threads meet in it.
        let focus = [0..32, 20..23, 23..26, 26..28, 28..32, 0..9, 11..16][self.pick(7)].clone();
        let (rwlocks, condvars, onces) =
            (focus.contains(&20), focus.contains(&23), focus.contains(&28));
        let locks = locks.max(usize::from(condvars));
        // Few programs have all of it, so that a search is soon over.
        let mut program = Program {
            bounds: Vec::new(),
            senders: Vec::new(),
            shared: Vec::new(),
            receivers: Vec::new(),
            locks,
            rwlocks: [0, 1, 0, 2][self.pick(4)].max(usize::from(rwlocks)),
            condvars: [0, 0, 1, 2][self.pick(4)].min(2 * locks).max(usize::from(condvars)),
            onces: [0, 1, 0, 2][self.pick(4)].max(usize::from(onces)),
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
        // The thread that has each one's handle: mostly the first, which has spawned it.
        let joiners: Vec<_> = (1..threads)
            .map(|_| self.pick(threads + 2))
            .map(|who| if who < threads { who } else { 0 })
            .collect();
        for thread in 0..threads {
            let actions = self.thread(thread, &program, &joiners, &focus);
            program.threads.push(actions);
        }
        program
    }

    /// From each channel is received about as often as sent, mostly by a thread that receives from no
    /// other.
    fn program_of_channels(&mut self) -> Program {
        let (threads, channels) = (3 + self.pick(2), 2 + self.pick(2));
        let mut actions = vec![Vec::new(); threads];
        let receivers: Vec<_> =
            (0..channels).map(|channel| if self.pick(4) == 0 { 1 } else { channel }).collect();
        let mut sent = vec![0; channels];
        // Half of the programs have a channel with one sender.
        let has_one_sender = self.pick(2) == 0;
        for (thread, sends) in actions.iter_mut().enumerate() {
            let choices = if has_one_sender && thread > 0 { channels - 1 } else { channels };
            let usual = self.pick(choices);
            for _ in 0..self.pick(5) {
                let channel = if self.pick(2) == 0 { usual } else { self.pick(choices) };
                sends.push(Action::Send(channel));
                sent[channel] += 1;
            }
        }
        for channel in 0..channels {
            let missing = usize::from(self.pick(4) == 0);
            for _ in missing..sent[channel] {
                let receives = &mut actions[receivers[channel]];
                let at = self.pick(receives.len() + 1);
                receives.insert(at, Action::Receive(channel));
            }
        }
        let sends = |thread: &usize, channel| actions[*thread].contains(&Action::Send(channel));
        let senders = (0..channels).map(|channel| {
            let senders: Vec<_> = (0..threads).filter(|it| sends(it, channel)).collect();
            if senders.is_empty() { vec![channel] } else { senders }
        });
        let senders: Vec<Vec<usize>> = senders.collect();
        for (thread, actions) in actions.iter_mut().enumerate() {
            let others = thread + 1..threads;
            if !others.is_empty() && self.pick(4) == 0 {
                let at = self.pick(actions.len() + 1);
                actions.insert(at, Action::Join(others.start + self.pick(others.len())));
            }
            let own = (0..channels).filter(|&channel| senders[channel].contains(&thread));
            actions.extend(own.map(Action::DropSender));
            let own = (0..channels).filter(|&channel| receivers[channel] == thread);
            actions.extend(own.map(Action::DropReceiver));
            actions.push(Action::End);
        }
        Program {
            bounds: (0..channels)
                .map(|_| [Some(1), Some(1), Some(2), Some(0), None][self.pick(5)])
                .collect(),
            shared: vec![false; channels],
            senders,
            receivers,
            locks: 0,
            rwlocks: 0,
            condvars: 0,
            onces: 0,
            threads: actions,
        }
    }

    fn use_rwlock(&mut self, lock: usize, held: &mut bool, reads: &mut usize) -> Action {
        match (*held, *reads) {
            (true, _) => {
                *held = false;
                Action::Unlock(lock)
            }
            // To take what one has is a fault that some programs have.
            (false, 1..) if self.pick(4) != 0 => {
                *reads -= 1;
                Action::ReadUnlock(lock)
            }
            (false, 1..) if self.pick(4) == 0 => Action::Lock(lock),
            (false, 1..) => {
                *reads += 1;
                Action::Read(lock)
            }
            _ if self.pick(2) == 0 => {
                *reads += 1;
                Action::Read(lock)
            }
            _ => {
                *held = true;
                Action::Lock(lock)
            }
        }
    }

    /// The actions of a thread: half of them are among the choices of the focus.
    fn thread(
        &mut self,
        thread: usize,
        program: &Program,
        joiners: &[usize],
        focus: &Range<usize>,
    ) -> Vec<Action> {
        let channels = program.bounds.len();
        let mut sender: Vec<_> = program.senders.iter().map(|who| who.contains(&thread)).collect();
        let mut receiver: Vec<_> = program.receivers.iter().map(|&who| who == thread).collect();
        let mut held = vec![false; program.locks + program.rwlocks];
        let mut reads = vec![0; program.locks + program.rwlocks];
        let mut initializes = Vec::new();
        let mut to_join: Vec<_> = (1..)
            .zip(joiners)
            .filter(|&(of, &who)| who == thread && of != thread)
            .map(|(of, _)| of)
            .collect();
        let mut actions = Vec::new();
        for _ in 0..self.pick(7) {
            let channel = self.pick(channels);
            let choice = match self.pick(2) {
                0 => focus.start + self.pick(focus.len()),
                _ => self.pick(32),
            };
            let action = match choice {
                20..23 if program.rwlocks > 0 => {
                    let lock = program.locks + self.pick(program.rwlocks);
                    self.use_rwlock(lock, &mut held[lock], &mut reads[lock])
                }
                23..26 if program.condvars > 0 => {
                    let condvar = self.pick(program.condvars);
                    let mutex = program.mutex_of(condvar);
                    match self.pick(4) {
                        0 => Action::NotifyOne(condvar),
                        1 => Action::NotifyAll(condvar),
                        _ if held[mutex] => Action::Wait { condvar, mutex },
                        _ => {
                            held[mutex] = true;
                            actions.push(Action::Lock(mutex));
                            Action::Wait { condvar, mutex }
                        }
                    }
                }
                26 => Action::Park,
                27 => Action::Unpark(self.pick(joiners.len() + 1)),
                28..32 if program.onces > 0 => {
                    let once = self.pick(program.onces);
                    match initializes.last() {
                        // To need what one initialises is a fault that some programs have.
                        Some(&running) if self.pick(4) != 0 => {
                            initializes.pop();
                            Action::EndInitializer { once: running, failed: false }
                        }
                        _ => {
                            if !initializes.contains(&once) {
                                initializes.push(once);
                            }
                            Action::Initialize(once)
                        }
                    }
                }
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
                16 if held[..program.locks].contains(&true) => {
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
        let initializes = initializes.into_iter().rev();
        actions.extend(initializes.map(|once| Action::EndInitializer { once, failed: false }));
        for (lock, reads) in reads.into_iter().enumerate() {
            actions.extend(std::iter::repeat_n(Action::ReadUnlock(lock), reads));
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

/// The state of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The state of what it is made of.
    pub machine: Machine,
    /// By thread: how many of its actions are over.
    pub done: Vec<usize>,
}

/// A step of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An action from its start to its end.
    Whole(Action, Outcome),
    /// An action that begins to wait.
    Begin(Action),
    /// The end of one that has waited.
    End(Action, Outcome),
}

impl State {
    /// The state of a program before any thread has done anything.
    pub fn new(program: &Program) -> Self {
        let mut machine = Machine {
            locks: vec![Lock::default(); program.locks + program.rwlocks],
            onces: vec![Once::New; program.onces],
            ..Machine::default()
        };
        program.threads.iter().for_each(|_| machine.add_thread(true));
        for (bound, senders) in program.bounds.iter().zip(&program.senders) {
            machine.add_channel(*bound, senders.len());
        }
        State { machine, done: vec![0; program.threads.len()] }
    }

    /// The state of a thread.
    pub fn status(&self, thread: usize) -> Status {
        self.machine.threads[thread].status
    }

    /// The action that a thread is in, or does next.
    pub fn action(&self, program: &Program, thread: usize) -> Action {
        let actions = &program.threads[thread];
        actions[self.done[thread].min(actions.len() - 1)]
    }

    /// Whether a thread can take a step.
    pub fn can_step(&self, thread: usize) -> bool {
        self.machine.can_step(thread)
    }

    /// A thread that could not proceed a moment ago begins to wait, whatever has happened since;
    /// `None` if that cannot be.
    pub fn hesitate(&mut self, program: &Program, thread: usize) -> Option<Step> {
        let action = self.action(program, thread);
        let may_wait = match action {
            Action::Send(at) => self.machine.channels[at].bound.is_some(),
            _ => matches!(
                action,
                Action::Receive(_)
                    | Action::Lock(_)
                    | Action::Read(_)
                    | Action::Initialize(_)
                    | Action::Park
                    | Action::Join(_)
            ),
        };
        (may_wait && self.status(thread) == Status::Ready).then(|| {
            self.machine.start_late(thread, action);
            Step::Begin(action)
        })
    }

    /// Takes a thread's next step.
    pub fn step(&mut self, program: &Program, thread: usize) -> Step {
        self.step_waking(program, thread, 0)
    }

    /// All states that can come after a thread's next step: `notify_one` may wake any of the threads
    /// that wait.
    pub fn after_step(&self, program: &Program, thread: usize) -> Vec<Self> {
        (0..self.choices(program, thread))
            .map(|choice| {
                let mut after = self.clone();
                after.step_waking(program, thread, choice);
                after
            })
            .collect()
    }

    /// How many states can come after a thread's next step.
    fn choices(&self, program: &Program, thread: usize) -> usize {
        match self.action(program, thread) {
            Action::NotifyOne(condvar) => self.machine.waiting_for(condvar).count().max(1),
            _ => 1,
        }
    }

    /// Takes a thread's next step, the one of these [`choices`](Self::choices).
    fn step_waking(&mut self, program: &Program, thread: usize, choice: usize) -> Step {
        let action = self.action(program, thread);
        let waited = self.status(thread) != Status::Ready;
        if waited {
            self.machine.proceed(thread);
        } else {
            self.machine.start_waking(thread, action, choice);
        }
        let Some((_, outcome)) = self.machine.finish(thread) else { return Step::Begin(action) };
        self.done[thread] += 1;
        if waited { Step::End(action, outcome) } else { Step::Whole(action, outcome) }
    }
}

/// A run of a program, while it goes on.
#[derive(Debug)]
pub struct Run<'a> {
    program: &'a Program,
    /// The state that it has come to.
    pub state: State,
    journal: Journal,
    /// Endpoints by channel and thread.
    senders: Vec<Vec<u32>>,
    /// By thread: the values whose initialisers it runs, and whether their starts are recorded.
    initializes: Vec<Vec<(usize, bool)>>,
    /// Notifications that may be about to wake threads, the oldest first.
    wake_ups: Vec<WakeUp>,
}

/// A notification of a condition variable, as far as it follows from the events which threads it may
/// have woken.
#[derive(Debug)]
struct WakeUp {
    is_for_all: bool,
    /// The threads that waited then and have not returned since.
    could_wake: Vec<usize>,
}

/// Nanoseconds between two steps.
const PACE: u64 = 10;

impl<'a> Run<'a> {
    /// A run of which only the preparations are over.
    pub fn new(program: &'a Program) -> Self {
        let kinds = [
            (PrimitiveKind::Mutex, program.locks),
            (PrimitiveKind::RwLock, program.rwlocks),
            (PrimitiveKind::Condvar, program.condvars),
            (PrimitiveKind::OnceLock, program.onces),
        ];
        let primitives = kinds.into_iter().flat_map(|(kind, count)| {
            std::iter::repeat_n(Primitive::new(kind, String::new(), 0), count)
        });
        let threads = program.threads.len();
        let mut run = Run {
            program,
            state: State::new(program),
            journal: Journal::new(100 * PACE, primitives.collect()),
            senders: vec![vec![0; threads]; program.bounds.len()],
            initializes: vec![Vec::new(); threads],
            wake_ups: Vec::new(),
        };
        for thread in 0..threads {
            let name = if thread == 0 { "main".to_owned() } else { format!("thread {thread}") };
            run.journal.add_thread(&name, 101 + thread as u64, 0);
            run.journal.thread_started(thread);
        }
        run.prepare();
        run
    }

    /// The first thread makes everything and spawns the others.
    fn prepare(&mut self) {
        let Run { program, journal, senders, .. } = self;
        let site = Site::Number(program.threads[0].len() as u32 + 1);
        for (channel, bound) in program.bounds.iter().enumerate() {
            journal.now += PACE;
            let sender = journal.channel_made(0, "", *bound, site);
            for (index, &thread) in program.senders[channel].iter().enumerate() {
                senders[channel][thread] = sender;
                if index > 0 && !program.shared[channel] {
                    journal.now += PACE;
                    senders[channel][thread] = journal.sender_cloned(0, sender, site);
                }
            }
        }
        for primitive in 0..program.locks + program.rwlocks + program.condvars + program.onces {
            journal.now += PACE;
            journal.introduce(0, primitive, site);
        }
        for thread in 1..program.threads.len() {
            journal.now += PACE;
            let time = journal.clock(0);
            journal.start(0, Action::Spawn(thread));
            journal.whole(0, Action::Spawn(thread), Outcome::Done, time, site);
        }
    }

    /// The threads that can take a step.
    pub fn able(&self) -> Vec<usize> {
        (0..self.program.threads.len()).filter(|&thread| self.state.can_step(thread)).collect()
    }

    /// A thread takes its next step, and records it.
    pub fn step(&mut self, thread: usize) {
        self.step_waking(thread, 0);
    }

    /// The same, but if `notify_one` could wake several threads, this decides which.
    pub fn step_waking(&mut self, thread: usize, choice: usize) {
        let site = self.site(thread);
        let choice = choice % self.state.choices(self.program, thread);
        let waiting = self.in_wait_for(self.state.action(self.program, thread));
        let step = self.state.step_waking(self.program, thread, choice);
        self.follow_wake_ups(thread, step, waiting);
        self.record(thread, step, site);
    }

    /// The threads that are in a wait for what this action notifies, as far as that is recorded: those
    /// that are woken have not returned.
    fn in_wait_for(&self, action: Action) -> Vec<usize> {
        let (Action::NotifyOne(notified) | Action::NotifyAll(notified)) = action else {
            return Vec::new();
        };
        let threads = self.state.machine.threads.iter().enumerate();
        let waiting = threads.filter(|(_, thread)| {
            let (Status::Waiting(action) | Status::Relocking { action, .. }) = thread.status else {
                return false;
            };
            matches!(action, Action::Wait { condvar, .. } if condvar == notified)
        });
        waiting.map(|(thread, _)| thread).collect()
    }

    /// A notification may be about to wake a thread; or a thread returns that was woken. It was the
    /// oldest of the notifications that can have woken it: later ones can have woken all that this
    /// can.
    fn follow_wake_ups(&mut self, thread: usize, step: Step, waiting: Vec<usize>) {
        match step {
            Step::Whole(action @ (Action::NotifyOne(_) | Action::NotifyAll(_)), _) => {
                let is_for_all = matches!(action, Action::NotifyAll(_));
                self.wake_ups.push(WakeUp { is_for_all, could_wake: waiting });
            }
            Step::End(Action::Wait { .. }, _) => {
                let mut is_explained = false;
                for WakeUp { is_for_all, could_wake } in &mut self.wake_ups {
                    let Some(at) = could_wake.iter().position(|&other| other == thread) else {
                        continue;
                    };
                    could_wake.remove(at);
                    if !is_explained && !*is_for_all {
                        could_wake.clear();
                    }
                    is_explained = true;
                }
                self.wake_ups.retain(|wake_up| !wake_up.could_wake.is_empty());
            }
            _ => {}
        }
    }

    /// Whether a thread that waits for a condition variable may have been woken, as far as the events
    /// say.
    pub fn may_be_woken(&self, thread: usize) -> bool {
        self.wake_ups.iter().any(|wake_up| wake_up.could_wake.contains(&thread))
    }

    /// A thread begins to wait, as it could not proceed a moment ago, or takes its next step.
    pub fn hesitate(&mut self, thread: usize) {
        match self.state.hesitate(self.program, thread) {
            Some(step) => self.record(thread, step, self.site(thread)),
            None => self.step(thread),
        }
    }

    /// The recording pauses, or goes on: so a thread records.
    pub fn pause(&mut self, thread: usize, paused: bool) {
        self.journal.now += PACE;
        self.journal.pause(thread, paused);
    }

    /// The line of a thread's next action.
    fn site(&self, thread: usize) -> Site {
        Site::Number(self.state.done[thread] as u32 + 1)
    }

    fn record(&mut self, thread: usize, step: Step, site: Site) {
        let Run { program, state, journal, senders, initializes, .. } = self;
        journal.now += PACE;
        let time = journal.clock(thread);
        if let Step::Whole(Action::Send(at), _) | Step::Begin(Action::Send(at)) = step {
            journal.logs[thread].endpoint = senders[at][thread];
        }
        match step {
            Step::Whole(Action::DropSender(at), _) => {
                // A sender that is shared goes with the last thread that has it.
                if !program.shared[at] || state.machine.channels[at].senders == 0 {
                    journal.sender_dropped(thread, senders[at][thread]);
                }
            }
            Step::Whole(Action::DropReceiver(at), _) => journal.receiver_dropped(thread, at),
            Step::Whole(Action::End, _) => {
                journal.returned(thread, false);
                journal.now += PACE;
                journal.thread_ended(thread);
            }
            // What is initialised already is not recorded.
            Step::Whole(Action::Initialize(_), Outcome::Done) => {}
            Step::Whole(action @ Action::Initialize(once), _) => {
                journal.start(thread, action);
                journal.begin(thread, action, time, 0, site);
                initializes[thread].push((once, journal.is_recorded(thread)));
                journal.now += 1;
                journal.initializes(thread, once, false, site);
            }
            Step::End(Action::Initialize(once), Outcome::Initializes) => {
                initializes[thread].push((once, journal.is_recorded(thread)));
                journal.initializes(thread, once, false, site);
            }
            Step::End(Action::Initialize(once), _) => {
                let recorded = journal.is_recorded(thread);
                journal.initialized(thread, once, recorded, site);
            }
            Step::Whole(Action::EndInitializer { once, .. }, _) => {
                if let Some((_, recorded)) = initializes[thread].pop_if(|it| it.0 == once) {
                    journal.initialized(thread, once, recorded, site);
                }
            }
            // Whether there is a token is not known before.
            Step::Whole(action @ Action::Park, outcome) => {
                journal.start(thread, action);
                journal.begin(thread, action, time, 0, site);
                journal.now += 1;
                journal.end(thread, action, outcome, site);
            }
            Step::Whole(action, outcome) => {
                journal.start(thread, action);
                journal.whole(thread, action, outcome, time, site);
            }
            Step::Begin(action) => {
                journal.start(thread, action);
                journal.begin(thread, action, time, 0, site);
            }
            Step::End(action, outcome) => journal.end(thread, action, outcome, site),
        }
    }

    /// The recording in its text form.
    pub fn text(&self) -> String {
        let mut text = format::text::heading() + "\n";
        let mut add = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("a string takes every text");
        };
        for (thread, log) in self.journal.logs.iter().enumerate() {
            let number = thread + 1;
            add(format_args!("block process=0 thread={number} sequence=0 dropped=0"));
            let (started, events) = log.entries.split_first().expect("every thread has started");
            let Entry { time, text, .. } = started;
            add(format_args!("{time} {text}"));
            // A line of the source for each action, and one for what the first thread makes.
            for line in 1..=self.program.threads[thread].len() + 1 {
                let file = "src/main.rs";
                add(format_args!(
                    "{time} Site site={line} line={line} column={number} file={file:?}"
                ));
            }
            for Entry { time, text, site } in events {
                match site {
                    Site::Number(site) => add(format_args!("{time} {text} site={site}")),
                    Site::None | Site::Any => add(format_args!("{time} {text}")),
                }
            }
        }
        text
    }

    /// The recording.
    pub fn bytes(&self) -> Vec<u8> {
        format::text::parse(&self.text()).expect("the text is a recording's")
    }
}
