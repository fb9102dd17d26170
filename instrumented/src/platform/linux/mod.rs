//! Linux: memory that is mapped from the recording's file, and what the kernel says
//! about this thread.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::ptr;
use std::slice;
use std::sync::atomic::AtomicU64;

mod clock;

pub(crate) use clock::*;

/// Gets room on the disk for `bytes` of `file` from `offset` on. Writing to mapped memory
/// that has none would be a SIGBUS if the disk is full.
pub(crate) fn allocate(file: &File, offset: u64, bytes: usize) -> io::Result<()> {
    check_room(offset + bytes as u64)?;
    let start = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    let length = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: a call on a file descriptor that `file` keeps open; no memory is involved.
    let error = unsafe { libc::posix_fallocate(file.as_raw_fd(), start, length) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Maps `bytes` of `file` from `offset` on for the rest of the process's life. `offset`
/// must be a multiple of [`page_bytes`]. See [`allocate`] for when it may be touched.
pub(crate) fn map(file: &File, offset: u64, bytes: usize) -> io::Result<&'static [AtomicU64]> {
    let start = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: a new mapping at an address of the kernel's choice takes no memory away
    // from anybody.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            start,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is `bytes` long, readable, writable, page-aligned (so aligned
    // for AtomicU64), initialised (by the file's content), and nobody unmaps it. (Touching
    // what has no room on the disk is a signal to the process, not undefined.)
    // Whoever else writes to it (another thread through this slice, the recorder
    // through the file) does so behind atomics' interior mutability.
    Ok(unsafe {
        slice::from_raw_parts(address.cast::<AtomicU64>(), bytes / size_of::<AtomicU64>())
    })
}

/// What tells one file from all others.
pub(crate) type Identity = (u64, u64);

/// Which file this is.
pub(crate) fn identity(file: &File) -> io::Result<Identity> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether this process may write files up to `end` bytes: one that tries to write more
/// is sent a signal that ends it.
fn check_room(end: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is an rlimit that the call may write to while we hold it.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } != 0;
    if !failed && end > limit.rlim_cur {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(())
}

/// What offsets of [`map`] must be multiples of.
pub(crate) fn page_bytes() -> u64 {
    // SAFETY: the call involves no memory.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // It cannot fail; 64 KiB is a multiple of every page size that there is.
    u64::try_from(bytes).unwrap_or(64 << 10)
}

/// Writes `bytes` to `file` at `offset`.
pub(crate) fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    check_room(offset + bytes.len() as u64)?;
    file.write_all_at(bytes, offset)
}

/// The kernel's number for the calling thread.
pub(crate) fn thread_id() -> u64 {
    // SAFETY: the call has no arguments and cannot fail.
    let id = unsafe { libc::gettid() };
    id as u64
}

/// The process that started this one.
pub(crate) fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// The name of the machine, if it has one.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Has `handler` called in every child that this process forks, before `fork` returns.
///
/// `handler` must do nothing that is not allowed between `fork` and `exec`.
pub(crate) fn in_forked_child(handler: extern "C" fn()) {
    // SAFETY: `handler` is a function of the type that is asked for and lives for ever.
    // It cannot unwind: an `extern "C"` function aborts instead.
    unsafe { libc::pthread_atfork(None, None, Some(as_unsafe(handler))) };
}

fn as_unsafe(handler: extern "C" fn()) -> unsafe extern "C" fn() {
    handler
}

/// Says `line` on stderr. Takes no lock, so it cannot wait for another thread.
pub(crate) fn complain(line: &str) {
    // SAFETY: `line` is readable for its length. That stderr may be closed is no harm.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn what_is_stored_in_mapped_memory_is_in_the_file() {
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
    fn a_file_that_cannot_grow_is_an_error() {
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        assert!(allocate(&full, 0, 4096).is_err());
    }
}
