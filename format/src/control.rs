//! What a recorder says to the processes that it records, while they run: a file of a few
//! words beside those into which they record.

/// The file's name.
pub const FILE: &str = "control";
/// How long it is.
pub const BYTES: usize = 4096;

/// The word that is not zero while operations are not to be recorded.
pub const PAUSED: usize = 0;
/// The word that says how many bytes a process may write where nobody drains its file in
/// time; 0 is any number.
pub const LIMIT: usize = 1;
/// The word that a process increments when a flight recorder is to write out what it has.
pub const KEEP: usize = 2;
/// The word that has the recorder's process number.
pub const RECORDER: usize = 3;
/// The word that says how many bytes of a message's value are recorded, at most; 0 is none.
pub const VALUES: usize = 4;
