//! How the recorder controls the processes that it records while they run: a file of a few words,
//! which all of them map. It lies next to the files into which they record.

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
