//! How the recorder controls the processes that it records while they run: a file of a few words,
//! which all of them map. It lies next to the files into which they record.
//!
//! # Schedules
//! If [`STRATEGY`] is not 0, the first process controls its schedule: its threads go on one at a time,
//! and at each operation the process chooses the thread that goes on next. The process reads the
//! words [`SEED`] to [`MAX_STEPS`] when it starts, and the file [`SCHEDULE_FILE`], if it exists.
//! It writes the words from [`STOPPED`] on.
//!
//! The schedule file is a list of switches, each two numbers of 8 bytes, little-endian: the number
//! of a choice, and the number of the thread that goes on from there, until the next switch. After
//! the last one the strategy chooses, or with [`Stay`](crate::Strategy::Stay) that thread goes on.

/// Name of the file.
pub const FILE: &str = "control";
/// Length of the file in bytes.
pub const BYTES: usize = 4096;

/// Index of the word that is not zero while operations must not be recorded.
pub const PAUSED: usize = 0;
/// Index of the word with the maximum number of bytes that a process may append to its file when
/// the recorder does not drain it in time; 0 is no limit.
pub const LIMIT: usize = 1;
/// Index of the word that a process increments to make a flight recorder write out its blocks.
pub const KEEP: usize = 2;
/// Index of the word with the value of [`KEEP`] up to which a flight recorder has written.
pub const KEPT: usize = 5;
/// Index of the word with the recorder's process id.
pub const RECORDER: usize = 3;
/// Index of the word with the maximum number of bytes recorded of a message's value; 0 records
/// no values.
pub const VALUES: usize = 4;

/// Name of the file with the [`EarlierRun`](crate::EarlierRun) of the strategies
/// [`Uniform`](crate::Strategy::Uniform) and [`Follow`](crate::Strategy::Follow).
pub const EARLIER_RUN_FILE: &str = "earlier-run";
/// Name of the file with the schedule to follow.
pub const SCHEDULE_FILE: &str = "schedule";
/// Index of the word with the code of the [`Strategy`](crate::Strategy) that chooses the next
/// thread; 0 if the schedule is not controlled.
pub const STRATEGY: usize = 6;
/// Index of the word with the seed of the choices.
pub const SEED: usize = 7;
/// Index of the word with the depth of the strategy: the number of places where an order matters.
pub const DEPTH: usize = 8;
/// Index of the word with the expected number of choices of the run.
pub const LENGTH: usize = 9;
/// Index of the word with the maximum number of choices of the run; 0 is no limit.
pub const MAX_STEPS: usize = 10;
/// Index of the word with the timeout in nanoseconds up to which timeouts may expire although other
/// threads can go on: in a real run, these may just be slow.
pub const EARLY: usize = 15;
/// Index of the word that is not zero if all choices are recorded, as
/// [`Chosen`](crate::Event::Chosen). The schedule file is then the start of a schedule: the strategy
/// chooses after its last choice.
pub const CHOICES: usize = 16;
/// Index of the word with the process id of the process that controls its schedule: the first of
/// those that could. Others are not controlled.
pub const CONTROLLED: usize = 17;
/// Index of the word with the reason why no thread goes on: the code of a [`Stop`](crate::Stop), or
/// 0.
pub const STOPPED: usize = 11;
/// Index of the word with the number of choices made.
pub const STEPS: usize = 12;
/// Index of the word with 1 + the number of the first choice that the schedule file does not
/// determine although it should: its thread cannot go on, or does not exist; 0 if there is none.
pub const DIVERGED: usize = 13;
/// Index of the word with the number of times that a thread was blocked in a place that is not
/// recorded, so that another one went on beside it.
pub const UNCONTROLLED: usize = 14;
