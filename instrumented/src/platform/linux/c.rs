//! The functions of the C library that this crate calls, on 64-bit Linux.
//!
//! They are declared here and not taken from the crate `libc`, so that the library can be compiled
//! by the compiler alone: `recorder` compiles it for programs that do not depend on it. std links
//! the C library itself. A test compares the declarations with those of the crate `libc`.
#![allow(non_camel_case_types, reason = "the names are those of the C library")]

#[cfg(recorded_as_it_is)]
use std::ffi::c_ulong;
use std::ffi::{c_int, c_long, c_void};

pub(super) type clockid_t = c_int;
pub(super) type off_t = i64;

#[repr(C)]
pub(super) struct timespec {
    pub(super) tv_sec: i64,
    pub(super) tv_nsec: c_long,
}

#[repr(C)]
pub(super) struct rlimit {
    pub(super) rlim_cur: u64,
    pub(super) rlim_max: u64,
}

/// `pthread_attr_t`: opaque, and larger here than in any C library.
#[cfg(recorded_as_it_is)]
#[repr(C)]
pub(super) struct pthread_attr_t {
    pub(super) words: [u64; 16],
}

#[cfg(recorded_as_it_is)]
pub(super) const AT_PHDR: c_ulong = 3;
pub(super) const CLOCK_REALTIME: clockid_t = 0;
pub(super) const CLOCK_MONOTONIC: clockid_t = 1;
pub(super) const EFBIG: c_int = 27;
pub(super) const MAP_FAILED: *mut c_void = !0 as *mut c_void;
pub(super) const MAP_SHARED: c_int = 1;
pub(super) const PROT_READ: c_int = 1;
pub(super) const PROT_WRITE: c_int = 2;
pub(super) const RLIMIT_FSIZE: c_int = 1;
pub(super) const STDERR_FILENO: c_int = 2;
pub(super) const _SC_PAGESIZE: c_int = 30;

unsafe extern "C" {
    /// The start of the executable in memory, and the end of its code. The linker defines both.
    #[cfg(recorded_as_it_is)]
    pub(super) static __ehdr_start: u8;
    #[cfg(recorded_as_it_is)]
    pub(super) static etext: u8;

    pub(super) fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int;
    #[cfg(recorded_as_it_is)]
    pub(super) fn getauxval(kind: c_ulong) -> c_ulong;
    pub(super) fn getrlimit(resource: c_int, limit: *mut rlimit) -> c_int;
    pub(super) fn gettid() -> c_int;
    pub(super) fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        descriptor: c_int,
        offset: off_t,
    ) -> *mut c_void;
    pub(super) fn posix_fallocate(descriptor: c_int, offset: off_t, length: off_t) -> c_int;
    pub(super) fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> c_int;
    #[cfg(recorded_as_it_is)]
    pub(super) fn pthread_attr_destroy(attributes: *mut pthread_attr_t) -> c_int;
    #[cfg(recorded_as_it_is)]
    pub(super) fn pthread_attr_getstack(
        attributes: *const pthread_attr_t,
        lowest: *mut *mut c_void,
        length: *mut usize,
    ) -> c_int;
    #[cfg(recorded_as_it_is)]
    pub(super) fn pthread_getattr_np(thread: usize, attributes: *mut pthread_attr_t) -> c_int;
    #[cfg(recorded_as_it_is)]
    pub(super) fn pthread_self() -> usize;
    pub(super) fn sysconf(name: c_int) -> c_long;
    pub(super) fn write(descriptor: c_int, bytes: *const c_void, length: usize) -> isize;
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn constants_and_layouts_are_those_of_the_c_library() {
        #[cfg(recorded_as_it_is)]
        assert_eq!(AT_PHDR, libc::AT_PHDR);
        assert_eq!(CLOCK_REALTIME, libc::CLOCK_REALTIME);
        assert_eq!(CLOCK_MONOTONIC, libc::CLOCK_MONOTONIC);
        assert_eq!(EFBIG, libc::EFBIG);
        assert_eq!(MAP_FAILED, libc::MAP_FAILED);
        assert_eq!(MAP_SHARED, libc::MAP_SHARED);
        assert_eq!(PROT_READ, libc::PROT_READ);
        assert_eq!(PROT_WRITE, libc::PROT_WRITE);
        // An enumeration of glibc, an integer elsewhere.
        assert_eq!(i64::from(RLIMIT_FSIZE), i64::from(libc::RLIMIT_FSIZE));
        assert_eq!(STDERR_FILENO, libc::STDERR_FILENO);
        assert_eq!(_SC_PAGESIZE, libc::_SC_PAGESIZE);

        assert_eq!(size_of::<timespec>(), size_of::<libc::timespec>());
        assert_eq!(offset_of!(timespec, tv_sec), offset_of!(libc::timespec, tv_sec));
        assert_eq!(offset_of!(timespec, tv_nsec), offset_of!(libc::timespec, tv_nsec));
        assert_eq!(size_of::<rlimit>(), size_of::<libc::rlimit>());
        assert_eq!(offset_of!(rlimit, rlim_cur), offset_of!(libc::rlimit, rlim_cur));
        assert_eq!(offset_of!(rlimit, rlim_max), offset_of!(libc::rlimit, rlim_max));
    }

    #[test]
    fn functions_have_the_types_of_the_c_library() {
        // Types of equal size and signedness are the same type in Rust.
        let _: [unsafe extern "C" fn() -> c_int; 2] = [gettid, libc::gettid];
        let _: [unsafe extern "C" fn(c_int) -> c_long; 2] = [sysconf, libc::sysconf];
        type Fallocate = unsafe extern "C" fn(c_int, off_t, off_t) -> c_int;
        let _: [Fallocate; 2] = [posix_fallocate, libc::posix_fallocate];
        type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
        let _: [Write; 2] = [write, libc::write];
        type Map =
            unsafe extern "C" fn(*mut c_void, usize, c_int, c_int, c_int, off_t) -> *mut c_void;
        let _: [Map; 2] = [mmap, libc::mmap];
    }
}
