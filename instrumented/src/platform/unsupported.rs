//! A platform without support: nothing can be mapped, so nothing is recorded.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub(crate) fn choose_clock() {}

#[inline]
pub(crate) fn now() -> u64 {
    0
}

pub(crate) fn ticks_per_millisecond() -> u64 {
    1_000_000
}

pub(crate) fn calibration() -> (u64, u64) {
    (0, 0)
}

pub(crate) fn wall_ns() -> u64 {
    0
}

pub(crate) fn create_private(_: &Path) -> io::Result<File> {
    Err(unsupported())
}

pub(crate) fn allocate(_: &File, _: u64, _: usize) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn map(_: &File, _: u64, _: usize) -> io::Result<&'static [AtomicU64]> {
    Err(unsupported())
}

pub(crate) type FileId = (u64, u64);

pub(crate) fn file_id(_: &File) -> io::Result<FileId> {
    Ok((0, 0))
}

pub(crate) fn page_bytes() -> u64 {
    1
}

pub(crate) fn write(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(unsupported())
}

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "recording is not supported on this platform")
}

pub(crate) fn thread_id() -> u64 {
    0
}

pub(crate) fn is_asleep(_: u64) -> bool {
    false
}

pub(crate) fn waits_with_timeout(_: u64) -> bool {
    false
}

pub(crate) fn processor_time(_: u64) -> Option<Duration> {
    None
}

pub(crate) fn parent_id() -> u32 {
    0
}

pub(crate) fn host_name() -> Option<String> {
    None
}

pub(crate) fn call_in_forked_child(_: extern "C" fn()) {}

pub(crate) fn write_to_stderr(line: &str) {
    use std::io::Write;
    let _ = io::stderr().write_all(line.as_bytes());
}
