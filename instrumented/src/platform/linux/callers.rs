//! The calls that led to an operation, from the chain of frame pointers.
//!
//! `recorder` compiles programs that it records as they are with frame pointers, and with this
//! module. Code without frame pointers, such as that of C libraries, can end the chain early. It
//! cannot lead out of the thread's stack: every address is checked before it is read.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

use format::MAX_CALLERS;

use super::c;

thread_local! {
    /// The addresses of this thread's stack; empty until [`find_stack`] has found it.
    static STACK: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Finds out where this thread's stack is, unless this code is in a shared library: addresses are
/// looked up in the executable. May allocate and make system calls.
pub(crate) fn find_stack() {
    if !is_in_executable() {
        return;
    }
    let mut attributes = MaybeUninit::<c::pthread_attr_t>::uninit();
    // SAFETY: the call takes nothing and cannot fail.
    let thread = unsafe { c::pthread_self() };
    // SAFETY: the thread is the calling one, and the pointer is to memory for any
    // `pthread_attr_t`, exclusively borrowed for the call.
    if unsafe { c::pthread_getattr_np(thread, attributes.as_mut_ptr()) } != 0 {
        return;
    }
    let (mut lowest, mut length) = (ptr::null_mut(), 0);
    // SAFETY: the call above has initialised the attributes; the other pointers are to live
    // variables, exclusively borrowed for the call.
    let failed =
        unsafe { c::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut length) }
            != 0;
    // SAFETY: the attributes are initialised, and not used after this.
    unsafe { c::pthread_attr_destroy(attributes.as_mut_ptr()) };
    if !failed {
        STACK.set((lowest.addr(), lowest.addr().saturating_add(length)));
    }
}

/// Returns the return addresses of the calling functions, the innermost first, as offsets from the
/// start of the executable. Zeros follow the last one.
#[inline(never)]
pub(crate) fn callers() -> [u32; MAX_CALLERS] {
    let mut callers = [0; MAX_CALLERS];
    let (code, stack) = (code(), STACK.get());
    let here = (&raw const callers).addr();
    if !(stack.0..stack.1).contains(&here) {
        // A stack of the program's own, such as a coroutine's, or none was found.
        return callers;
    }
    let mut frame = frame_pointer();
    let mut lowest = here;
    let mut found = 0;
    while found < MAX_CALLERS {
        // A frame starts with the address of the calling function's frame and the return address.
        let is_frame = frame > lowest
            && frame.is_multiple_of(size_of::<usize>())
            && frame.saturating_add(2 * size_of::<usize>()) <= stack.1;
        if !is_frame {
            break;
        }
        let words = ptr::with_exposed_provenance::<[usize; 2]>(frame);
        // SAFETY: the two words are aligned, and on this thread's stack above a live variable, so
        // they are mapped and no other thread writes to them. Any bits are valid.
        let [next, address] = unsafe { words.read_volatile() };
        // Calls between the program and its shared libraries are left out.
        if code.contains(&address) {
            let offset = u32::try_from(address - code.start);
            callers[found] = offset.unwrap_or(0);
            found += usize::from(callers[found] != 0);
        }
        lowest = frame;
        frame = next;
    }
    callers
}

/// Whether this code is in the executable, and not in a shared library that it has loaded.
fn is_in_executable() -> bool {
    /// The length of the header of an ELF file, which the program headers follow.
    const HEADER_BYTES: usize = 64;
    // SAFETY: the call takes a number.
    let program_headers = unsafe { c::getauxval(c::AT_PHDR) };
    program_headers as usize == code().start + HEADER_BYTES
}

/// The addresses of the executable's code.
fn code() -> Range<usize> {
    (&raw const c::__ehdr_start).addr()..(&raw const c::etext).addr()
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn frame_pointer() -> usize {
    let frame: usize;
    // SAFETY: the instruction copies a register; it affects neither memory nor flags nor the stack,
    // as the options state.
    unsafe {
        std::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn frame_pointer() -> usize {
    let frame: usize;
    // SAFETY: the instruction copies a register; it affects neither memory nor flags nor the stack,
    // as the options state.
    unsafe {
        std::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::thread;

    use super::*;

    #[inline(never)]
    fn outer() -> [u32; MAX_CALLERS] {
        black_box(inner())
    }

    #[inline(never)]
    fn inner() -> [u32; MAX_CALLERS] {
        black_box(callers())
    }

    /// Whether a return address is in the first bytes of a function.
    fn is_in(address: u32, function: fn() -> [u32; MAX_CALLERS]) -> bool {
        let start = function as usize - code().start;
        (start..start + 1024).contains(&(address as usize))
    }

    #[test]
    fn the_calling_functions_are_found() {
        let found = thread::spawn(|| {
            find_stack();
            outer()
        });
        let found = found.join().unwrap();
        assert!(is_in(found[0], inner) && is_in(found[1], outer), "{found:?}");
        assert_ne!(found[2], 0);
    }

    #[test]
    fn without_a_known_stack_nothing_is_read() {
        let found = thread::spawn(outer).join().unwrap();
        assert_eq!(found, [0; MAX_CALLERS]);
    }

    #[test]
    fn a_deep_chain_is_cut() {
        #[inline(never)]
        fn deep(depth: usize) -> [u32; MAX_CALLERS] {
            black_box(if depth == 0 { callers() } else { deep(depth - 1) })
        }
        let found = thread::spawn(|| {
            find_stack();
            deep(2 * MAX_CALLERS)
        });
        let found = found.join().unwrap();
        assert!(found.iter().all(|address| *address != 0), "{found:?}");
    }
}
