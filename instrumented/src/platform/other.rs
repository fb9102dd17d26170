//! A platform that nobody has written yet: nothing is ever mapped, so nothing is recorded.

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

pub(crate) fn choose() {}

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

pub(crate) fn allocate(_: &File, _: u64, _: usize) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this platform cannot be recorded on yet"))
}

pub(crate) fn map(_: &File, _: u64, _: usize) -> io::Result<&'static [AtomicU64]> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this platform cannot be recorded on yet"))
}

pub(crate) type Identity = (u64, u64);

pub(crate) fn identity(_: &File) -> io::Result<Identity> {
    Ok((0, 0))
}

pub(crate) fn page_bytes() -> u64 {
    1
}

pub(crate) fn write(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn thread_id() -> u64 {
    0
}

pub(crate) fn parent_id() -> u32 {
    0
}

pub(crate) fn host_name() -> Option<String> {
    None
}

pub(crate) fn in_forked_child(_: extern "C" fn()) {}

pub(crate) fn complain(line: &str) {
    use std::io::Write;
    let _ = io::stderr().write_all(line.as_bytes());
}
