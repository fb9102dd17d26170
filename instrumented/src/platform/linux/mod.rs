//! Linux: memory mapped from the recording's file, and information from the kernel about the
//! process and its threads.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::ptr;
use std::slice;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

mod c;
#[cfg(recorded_as_it_is)]
mod callers;
mod clock;
mod timeouts;

#[cfg(recorded_as_it_is)]
pub(crate) use callers::{callers, find_stack};
pub(crate) use clock::*;
pub(crate) use timeouts::waits_with_timeout;

/// Creates a file that only the user of this process can read.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Allocates disk space for `bytes` of `file` from `offset` on.
///
/// If the disk is full, a write to mapped memory without disk space raises SIGBUS.
pub(crate) fn allocate(file: &File, offset: u64, bytes: usize) -> io::Result<()> {
    check_size_limit(offset + bytes as u64)?;
    let start = c::off_t::try_from(offset).map_err(io::Error::other)?;
    let length = c::off_t::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: `file` keeps the descriptor open during the call, which takes no pointers.
    let error = unsafe { c::posix_fallocate(file.as_raw_fd(), start, length) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Maps `bytes` of `file` from `offset` on, for the rest of the process's life. `offset` must be
/// a multiple of [`page_bytes`]. Only memory with disk space may be touched; see [`allocate`].
pub(crate) fn map(file: &File, offset: u64, bytes: usize) -> io::Result<&'static [AtomicU64]> {
    let start = c::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: the kernel chooses an unused address, so the new mapping replaces no other memory.
    let address = unsafe {
        c::mmap(
            ptr::null_mut(),
            bytes,
            c::PROT_READ | c::PROT_WRITE,
            c::MAP_SHARED,
            file.as_raw_fd(),
            start,
        )
    };
    if address == c::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is `bytes` long, readable, writable, page-aligned (so aligned for
    // AtomicU64), initialised by the file's content, and never unmapped. Touching a page without
    // disk space raises a signal, which is not undefined behaviour. All other writes to this
    // memory, by threads through this slice and by the recorder through the file, are covered by
    // the interior mutability of atomics.
    Ok(unsafe {
        slice::from_raw_parts(address.cast::<AtomicU64>(), bytes / size_of::<AtomicU64>())
    })
}

/// Identifies a file: its device and inode.
pub(crate) type FileId = (u64, u64);

/// Returns the identity of an open file.
pub(crate) fn file_id(file: &File) -> io::Result<FileId> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Fails if this process must not write files of `end` bytes: the kernel ends a process that
/// writes past its limit with a signal.
fn check_size_limit(end: u64) -> io::Result<()> {
    let mut limit = c::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit, exclusively borrowed for the call.
    let failed = unsafe { c::getrlimit(c::RLIMIT_FSIZE, &raw mut limit) } != 0;
    if !failed && end > limit.rlim_cur {
        return Err(io::Error::from_raw_os_error(c::EFBIG));
    }
    Ok(())
}

/// Returns the page size in bytes. Offsets of [`map`] must be multiples of it.
pub(crate) fn page_bytes() -> u64 {
    // SAFETY: the call takes no pointers.
    let bytes = unsafe { c::sysconf(c::_SC_PAGESIZE) };
    // It cannot fail; 64 KiB is a multiple of every page size in use.
    u64::try_from(bytes).unwrap_or(64 << 10)
}

/// Writes `bytes` to `file` at `offset`.
pub(crate) fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    check_size_limit(offset + bytes.len() as u64)?;
    file.write_all_at(bytes, offset)
}

/// Returns the kernel's id of the calling thread.
pub(crate) fn thread_id() -> u64 {
    // SAFETY: the call has no arguments and cannot fail.
    let id = unsafe { c::gettid() };
    id as u64
}

/// Whether a thread of this process waits in the kernel, for anything but a disk. Returns false if it is
/// gone.
pub(crate) fn is_asleep(os_id: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{os_id}/stat"));
    // The name of the thread is in parentheses, and may contain any.
    let state = stat.ok().and_then(|stat| {
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.chars().next()
    });
    state == Some('S')
}

/// The processor time that a thread of this process has used; `None` if it is not known.
pub(crate) fn processor_time(os_id: u64) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{os_id}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Returns the id of the parent process.
pub(crate) fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// Returns the host name, if one is set.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Calls `handler` in every child that this process forks, before `fork` returns there.
///
/// `handler` must be async-signal-safe.
pub(crate) fn call_in_forked_child(handler: extern "C" fn()) {
    // SAFETY: `handler` has the required type and, as a function, the lifetime of the program.
    // It cannot unwind: an `extern "C"` function aborts instead.
    unsafe { c::pthread_atfork(None, None, Some(as_unsafe(handler))) };
}

fn as_unsafe(handler: extern "C" fn()) -> unsafe extern "C" fn() {
    handler
}

/// Writes `line` to stderr. Takes no lock, so it cannot wait for another thread.
pub(crate) fn write_to_stderr(line: &str) {
    // SAFETY: `line` is readable for its length. If stderr is closed the call only fails.
    unsafe { c::write(c::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn values_stored_in_mapped_memory_are_in_the_file() {
        let file = tempfile::tempfile().unwrap();
        allocate(&file, 4096, 8192).unwrap();
        let words = map(&file, 4096, 8192).unwrap();
        assert_eq!(words.len(), 1024);
        words[1023].store(0x1122_3344_5566_7788, Ordering::Relaxed);
        let mut bytes = [0; 8];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 4096 + 8184).unwrap();
        assert_eq!(u64::from_le_bytes(bytes), 0x1122_3344_5566_7788);
    }

    #[test]
    fn allocating_in_a_file_that_cannot_grow_fails() {
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        assert!(allocate(&full, 0, 4096).is_err());
    }
}
