//! Runs a program again and again, and collects the outcomes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use format::{BlockHeader, Call};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::exhaustive::search::{Changed, Novelty, Search};
use super::exhaustive::trace::Trace;
use super::order::{Action, Order};
use super::outcome::{Kind, Outcome, fingerprint};
use super::profile::Profile;
use super::strategy::{Chooser, FirstRun, Plans};
use super::tree::Leaf;
use super::tree::run::TreeRun;
use crate::capture::controlled::{self, ControlledRun, End, Limits, Printed};
use crate::capture::plan::{Plan, Switch};
use crate::capture::session::Collected;
use crate::capture::{Error, Result};
use crate::reading::Recording;
use crate::report::Report;
use crate::terminal::cancel::Watch;

/// Maximum number of different outputs of one outcome that are distinguished.
pub const MAX_OUTPUTS: usize = 4;
/// How often the same start of a schedule may fail before the exploration of all orders ends.
const MAX_FAILURES: u32 = 3;
/// Maximum number of orders that are kept. Nobody can look at more.
pub const MAX_KEPT_ORDERS: usize = 2000;
/// How often progress is reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What to run, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The plans to try.
    pub plans: Plans,
    /// Maximum number of runs.
    pub schedules: u64,
    /// Maximum time of all runs.
    pub time: Duration,
    /// Maximum time of a run.
    pub timeout: Duration,
    /// Number of programs that run at the same time.
    pub jobs: usize,
    /// Whether runs that end well are distinguished by their output. The output of a test contains its
    /// duration.
    pub distinguishes_outputs: bool,
    /// Whether the orders are kept, if all of them are tried: at most [`MAX_KEPT_ORDERS`].
    pub keeps_orders: bool,
}

/// What an exploration has found.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order in which they were found.
    pub outcomes: Vec<FoundOutcome>,
    /// Number of runs.
    pub runs: u64,
    /// Numbers of runs with random priorities, by their depth.
    pub with_priorities: HashMap<u64, u64>,
    /// Number of runs in which a thread was blocked in something that is not controlled.
    pub uncontrolled: u64,
    /// Number of runs of which events are missing.
    pub incomplete: u64,
    /// Maximum number of threads of a run.
    pub threads: u64,
    /// Maximum number of choices of a run.
    pub steps: u64,
    /// Maximum number of operations of a run.
    pub operations: u64,
    /// Maximum number of processes of a run.
    pub processes: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether a signal ended it early.
    pub was_interrupted: bool,
    /// How far all orders were tried, if that was wanted.
    pub exhaustive: Option<Exhaustive>,
    /// The orders, if they are kept.
    pub leaves: Vec<Leaf>,
    /// The hashes of all orders.
    orders: HashSet<u64>,
    /// Indices of outcomes, by fingerprint.
    fingerprints: HashMap<u64, usize>,
}

/// How far all orders were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhaustive {
    /// All of them.
    Complete,
    /// Not all of them.
    Partly(Obstacle),
}

/// Why not all orders were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The number of runs or the time was over, or a signal came.
    Limit,
    /// A run did not end.
    Endless,
    /// A thread was blocked in something that is not controlled.
    Uncontrolled,
    /// Several processes were recorded: each chooses for itself.
    Processes,
    /// There are too many threads, or choices are missing.
    NotRecorded,
    /// Something is initialised once: a thread that finds it initialised records nothing.
    Initialized,
    /// A thread tries to send at a rendezvous channel at which another waits with a time limit. In an
    /// explored run it never finds that one.
    TriesToMeet,
    /// The program did something else in the same order.
    Changed(Changed),
}

impl Obstacle {
    /// What keeps all orders of these operations from being tried.
    fn of_operations(order: &Order) -> Option<Self> {
        let on = |call: Call| {
            let calls = order.operations.iter().filter(move |it| match it.action {
                Action::Call(kind) => kind.call() == call,
                _ => false,
            });
            calls.map(|it| it.object).collect::<BTreeSet<_>>()
        };
        if !on(Call::Initializer).is_empty() {
            return Some(Obstacle::Initialized);
        }
        let meets = on(Call::TrySend)
            .intersection(&on(Call::RecvTimeout))
            .any(|it| order.is_rendezvous(*it));
        meets.then_some(Obstacle::TriesToMeet)
    }
}

/// An outcome, and the runs that had it.
#[derive(Debug)]
pub struct FoundOutcome {
    /// What happened.
    pub outcome: Outcome,
    /// Its runs, by the hash of their output; all by 0 if that does not matter.
    printed: HashMap<u64, Runs>,
    /// The shortest run of each output, of at most [`MAX_OUTPUTS`].
    shortest: BTreeMap<u64, Shortest>,
}

/// Runs with the same outcome.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// How many there are.
    pub count: u64,
    /// The number of the first, from 0.
    pub first: u64,
}

impl Runs {
    const NONE: Runs = Runs { count: 0, first: u64::MAX };

    fn add(&mut self, other: Runs) {
        self.count += other.count;
        self.first = self.first.min(other.first);
    }
}

/// The run with the fewest switches that had an outcome.
#[derive(Debug)]
pub struct Shortest {
    /// Its number, from 0.
    pub number: u64,
    /// How its threads were chosen.
    pub plan: Plan,
    /// Its switches.
    pub switches: Vec<Switch>,
    /// Number of its choices.
    pub steps: u64,
    /// The start of its stdout.
    pub stdout: String,
    /// The start of its stderr.
    pub stderr: String,
    /// Its recording.
    pub recording: Recording,
}

impl Found {
    /// Number of orders that differ in more than operations that do not affect each other.
    pub fn orders(&self) -> usize {
        self.orders.len()
    }

    /// Number of outcomes of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.outcomes.iter().filter(|it| it.outcome.kind == kind).count()
    }
}

/// A run that was counted.
struct Counted {
    /// The index of its outcome.
    outcome: usize,
    /// The start of its stdout.
    printed: String,
}

/// An exploration in progress.
struct Explorer<'a> {
    command: &'a (dyn Fn() -> Command + Sync),
    options: Options,
    watch: &'a Watch,
    started: Instant,
    next: AtomicU64,
    first_run: OnceLock<FirstRun>,
    is_over: AtomicBool,
    found: Mutex<Found>,
}

/// Explores a program. Calls `show` with the present results several times a second.
///
/// # Errors
/// The program cannot be run or recorded, or records nothing ([`Error::NothingRecorded`]).
pub fn explore(
    command: &(dyn Fn() -> Command + Sync),
    options: Options,
    watch: &Watch,
    mut show: impl FnMut(&Found, Duration),
) -> Result<Found> {
    let explorer = Explorer {
        command,
        options,
        watch,
        started: Instant::now(),
        next: AtomicU64::new(1),
        first_run: OnceLock::new(),
        is_over: AtomicBool::new(false),
        found: Mutex::default(),
    };
    if options.plans.chooser == Some(Chooser::Exhaustive) {
        let progress = |found: &Found| show(found, explorer.started.elapsed());
        let exhaustive = explorer.run_exhaustively(progress)?;
        explorer.found().exhaustive = Some(exhaustive);
        return Ok(explorer.finish());
    }
    // Alone: the others need to know how long it is.
    explorer.run_first()?;
    if explorer.found().threads < 2 {
        // There is nobody else to go on.
        explorer.is_over.store(true, Ordering::Relaxed);
    }
    let failure = thread::scope(|scope| {
        let (sender, failures) = mpsc::channel();
        for processor in processors(options.jobs) {
            let (sender, explorer) = (sender.clone(), &explorer);
            scope.spawn(move || {
                // Threads that hand over to each other are faster on one processor. The program
                // inherits this.
                let _ = processor.map(|processor| sched_setaffinity(None, &processor));
                if let Err(error) = explorer.run_all() {
                    explorer.is_over.store(true, Ordering::Relaxed);
                    let _ = sender.send(error);
                }
            });
        }
        drop(sender);
        loop {
            match failures.recv_timeout(PROGRESS_INTERVAL) {
                Ok(error) => return Some(error),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    show(&explorer.found(), explorer.started.elapsed());
                }
            }
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    Ok(explorer.finish())
}

/// The processors that jobs are bound to, one for each job; `None` if that is not possible.
fn processors(jobs: usize) -> Vec<Option<CpuSet>> {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let numbers: Vec<_> = (0..CpuSet::MAX_CPU).filter(|&it| allowed.is_set(it)).collect();
    let only = |number: usize| {
        let mut set = CpuSet::new();
        set.set(number);
        set
    };
    let mut processors = numbers.iter().map(|&number| Some(only(number))).cycle();
    (0..jobs.max(1)).map(|_| processors.next().flatten()).collect()
}

impl Explorer<'_> {
    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(self) -> Found {
        let elapsed = self.started.elapsed();
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        Found { elapsed, was_interrupted: self.watch.check().is_err(), ..found }
    }

    /// Whether there is no run with this number any more.
    fn is_over(&self, number: u64) -> bool {
        self.is_over.load(Ordering::Relaxed)
            || number >= self.options.schedules
            || self.started.elapsed() >= self.options.time
            || self.watch.check().is_err()
    }

    fn run_all(&self) -> Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if self.is_over(number) {
                return Ok(());
            }
            self.run(number)?;
        }
    }

    /// Tries one order after the other until all have been tried.
    fn run_exhaustively(&self, mut progress: impl FnMut(&Found)) -> Result<Exhaustive> {
        let mut search = Search::default();
        let mut shown = Instant::now();
        let mut failures = 0;
        let mut left_out = None;
        for number in 0.. {
            if number > 0 && self.is_over(number) {
                return Ok(Exhaustive::Partly(Obstacle::Limit));
            }
            let plans = &self.options.plans;
            let steps = (0..).zip(search.prefix());
            let switches = steps.map(|(step, thread)| Switch { step, thread }).collect();
            let mut plan = Plan::following(switches, plans.max_steps, plans.early_ns);
            plan.records_choices = true;
            let mut obstacle = None;
            let mut kept = None;
            let counted = self.run_plan(number, plan, |run, blocks, order| {
                let mut tree_run = None;
                left_out = left_out.or_else(|| Obstacle::of_operations(order));
                let novelty = match Trace::new(blocks) {
                    _ if run.uncontrolled > 0 => Err(Obstacle::Uncontrolled),
                    _ if run.end == End::StepLimit || run.end == End::TimedOut => {
                        Err(Obstacle::Endless)
                    }
                    _ if order.processes > 1 => Err(Obstacle::Processes),
                    None => Err(Obstacle::NotRecorded),
                    Some(trace) => {
                        tree_run = Some(TreeRun::new(&trace, Order::new(blocks, Some(run.pid()))));
                        search.add(trace).map_err(Obstacle::Changed)
                    }
                };
                obstacle = novelty.err();
                match novelty {
                    Ok(Novelty::New) => {
                        kept = tree_run;
                        let hash = kept.as_ref().map(TreeRun::hash)?;
                        // Two runs may differ only in waits and in the numbers of objects.
                        (!self.found().orders.contains(&hash)).then_some(hash)
                    }
                    Ok(Novelty::Redundant) => None,
                    Err(Obstacle::Uncontrolled | Obstacle::Changed(_)) => None,
                    Err(_) => Some(order.hash()),
                }
            })?;
            if let (true, Some(run), Some(Counted { outcome, printed })) =
                (self.options.keeps_orders, kept, counted)
            {
                let mut found = self.found();
                if found.leaves.len() < MAX_KEPT_ORDERS {
                    found.leaves.push(Leaf { run, outcome, printed });
                }
            }
            match obstacle {
                None => failures = 0,
                // On a busy machine, a thread may look as if it were blocked.
                Some(Obstacle::Uncontrolled | Obstacle::Changed(_)) if failures < MAX_FAILURES => {
                    failures += 1;
                    continue;
                }
                Some(obstacle) => return Ok(Exhaustive::Partly(obstacle)),
            }
            if !search.advance() {
                break;
            }
            if shown.elapsed() >= PROGRESS_INTERVAL {
                shown = Instant::now();
                progress(&self.found());
            }
        }
        match left_out.filter(|_| self.found().threads > 1) {
            Some(obstacle) => Ok(Exhaustive::Partly(obstacle)),
            None => Ok(Exhaustive::Complete),
        }
    }

    fn run_first(&self) -> Result<()> {
        self.run_plan(0, self.options.plans.first(), |run, _, order| {
            let first_run = FirstRun { length: run.steps, profile: Profile::of_first_run(order) };
            self.first_run.get_or_init(|| first_run);
            Some(order.hash())
        })
        .map(drop)
    }

    fn run(&self, number: u64) -> Result<()> {
        let first_run = self.first_run.get_or_init(FirstRun::default);
        let plan = self.options.plans.plan(number, first_run);
        self.run_plan(number, plan, |_, _, order| Some(order.hash())).map(drop)
    }

    /// Runs the program once, and counts the run if `counts` returns a hash of its order.
    fn run_plan(
        &self,
        number: u64,
        plan: Plan,
        counts: impl FnOnce(&ControlledRun, &[(BlockHeader, Vec<u8>)], &Order) -> Option<u64>,
    ) -> Result<Option<Counted>> {
        let left = self.options.time.saturating_sub(self.started.elapsed());
        // The first run may take longer: without it there is nothing.
        let timeout = match number {
            0 => self.options.timeout,
            _ => self.options.timeout.min(left.max(Duration::from_secs(1))),
        };
        let limits = Limits { timeout, shares_terminal: false };
        let mut command = (self.command)();
        // To find the names of functions takes longer than most runs, and nobody sees them.
        command.env("RUST_BACKTRACE", "0");
        let Some(mut run) = controlled::run(command, &plan, limits, self.watch)? else {
            return Ok(None);
        };
        if run.end == End::TimedOut && timeout < self.options.timeout {
            // It is not endless: the exploration is over.
            return Ok(None);
        }
        let blocks = run.blocks()?;
        let order = Order::new(&blocks, Some(run.pid()));
        if number == 0 && order.threads.is_empty() {
            return Err(Error::NothingRecorded);
        }
        let Some(hash) = counts(&run, &blocks, &order) else { return Ok(None) };
        let fingerprint = fingerprint(&run, &order);
        let printed = if self.options.distinguishes_outputs { run.stdout.hash } else { 0 };
        let (known, is_wanted) = {
            let mut found = self.found();
            found.count_run(&run, &plan, &order, hash);
            let known = found.fingerprints.get(&fingerprint).copied();
            let is_wanted = known.is_none_or(|index| {
                let known = &mut found.outcomes[index];
                known.count_run(printed, number);
                known.is_shorter(printed, order.switches.len(), number)
            });
            (known, is_wanted)
        };
        let text = |printed: &Printed| String::from_utf8_lossy(&printed.start).into_owned();
        if let (Some(outcome), false) = (known, is_wanted) {
            return Ok(Some(Counted { outcome, printed: text(&run.stdout) }));
        }
        let (stdout, stderr) = (text(&run.stdout), text(&run.stderr));
        let (steps, end) = (run.steps, run.end);
        // A signal ends the exploration, but not the reading of its runs.
        let collected = run.collect(&Watch::default())?;
        let Some(Collected { recording, .. }) = collected else { return Ok(None) };
        // Only the first run of a fingerprint needs a report.
        let new = match known {
            Some(_) => None,
            None => Some(Outcome::new(end, &order, &Report::new(&recording)?)),
        };
        let counted = stdout.clone();
        let shortest =
            Shortest { number, plan, switches: order.switches, steps, stdout, stderr, recording };
        let mut found = self.found();
        let index = match (known, new) {
            (Some(index), _) => index,
            (None, None) => return Ok(None),
            (None, Some(outcome)) => {
                let index = found.index_of(outcome);
                found.fingerprints.insert(fingerprint, index);
                found.outcomes[index].count_run(printed, number);
                index
            }
        };
        found.outcomes[index].keep(printed, shortest);
        Ok(Some(Counted { outcome: index, printed: counted }))
    }
}

impl Found {
    /// The index of an outcome, which may be new.
    fn index_of(&mut self, outcome: Outcome) -> usize {
        let known = self.outcomes.iter().position(|it| it.outcome.identity == outcome.identity);
        known.unwrap_or_else(|| {
            let (printed, shortest) = (HashMap::new(), BTreeMap::new());
            self.outcomes.push(FoundOutcome { outcome, printed, shortest });
            self.outcomes.len() - 1
        })
    }

    fn count_run(&mut self, run: &ControlledRun, plan: &Plan, order: &Order, hash: u64) {
        self.runs += 1;
        if plan.strategy == format::Strategy::Priorities {
            *self.with_priorities.entry(plan.depth).or_default() += 1;
        }
        self.uncontrolled += u64::from(run.uncontrolled > 0);
        self.incomplete += u64::from(order.is_incomplete);
        self.threads = self.threads.max(order.threads.len() as u64);
        self.steps = self.steps.max(run.steps);
        self.operations = self.operations.max(order.operations.len() as u64);
        self.processes = self.processes.max(order.processes);
        self.orders.insert(hash);
    }
}

impl FoundOutcome {
    /// All runs.
    pub fn runs(&self) -> Runs {
        let mut all = Runs::NONE;
        self.printed.values().for_each(|&runs| all.add(runs));
        all
    }

    /// Number of different outputs.
    pub fn outputs(&self) -> usize {
        self.printed.len()
    }

    /// The shortest run.
    pub fn shortest(&self) -> Option<&Shortest> {
        self.shortest.values().min_by_key(|it| (it.switches.len(), it.number))
    }

    /// For each output its runs, and the shortest; `None` if there are too many outputs.
    pub fn by_output(&self) -> Option<Vec<(Runs, &Shortest)>> {
        let is_all = self.printed.len() == self.shortest.len();
        let mut runs: Vec<_> =
            self.shortest.iter().map(|(hash, shortest)| (self.printed[hash], shortest)).collect();
        runs.sort_by_key(|(runs, shortest)| (Reverse(runs.count), shortest.number));
        is_all.then_some(runs)
    }

    /// What tells runs apart that have this outcome and printed something with this hash.
    fn key(&self, hash: u64) -> u64 {
        if self.outcome.kind.distinguishes_outputs() { hash } else { 0 }
    }

    fn count_run(&mut self, hash: u64, number: u64) {
        let runs = self.printed.entry(self.key(hash)).or_insert(Runs::NONE);
        runs.add(Runs { count: 1, first: number });
    }

    /// Whether a run with this output has fewer switches than all others, or as many and a lower
    /// number.
    fn is_shorter(&self, hash: u64, switches: usize, number: u64) -> bool {
        match self.shortest.get(&self.key(hash)) {
            // Not the first to end: the same exploration keeps the same runs.
            Some(known) => (switches, number) < (known.switches.len(), known.number),
            None => self.shortest.len() < MAX_OUTPUTS,
        }
    }

    /// Keeps a run if it is still shorter than those with the same output.
    fn keep(&mut self, hash: u64, run: Shortest) {
        if self.is_shorter(hash, run.switches.len(), run.number) {
            self.shortest.insert(self.key(hash), run);
        }
    }
}
