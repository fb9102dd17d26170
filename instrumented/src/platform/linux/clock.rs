//! The clock: the time stamp counter if it runs at the same constant rate on all cores, otherwise
//! the system's monotonic clock.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use super::c;

/// Whether [`now`] may read the counter.
static COUNTER: AtomicBool = AtomicBool::new(false);

/// Chooses the clock. Must be called once, before the first call of [`now`].
///
/// `INSTRUMENTED_CLOCK=monotonic` in the environment selects the monotonic clock, for machines
/// whose counter is unsteady although the kernel lists it.
pub(crate) fn choose_clock() {
    let requested = std::env::var_os("INSTRUMENTED_CLOCK");
    let counter = requested.is_none_or(|clock| clock != "monotonic") && counter_is_steady();
    COUNTER.store(counter, Ordering::Relaxed);
}

/// Returns the time in ticks.
///
/// The counter is read without a fence, which halves the cost. The processor may read it a few
/// instructions early or late; readers of recordings allow for that.
#[inline]
pub(crate) fn now() -> u64 {
    if COUNTER.load(Ordering::Relaxed) { counter() } else { monotonic_ns() }
}

/// Returns the approximate minimum number of ticks in a millisecond.
pub(crate) fn ticks_per_millisecond() -> u64 {
    #[cfg(target_arch = "aarch64")]
    if COUNTER.load(Ordering::Relaxed) {
        let hertz: u64;
        // SAFETY: every aarch64 Linux lets user space read this register. Reading it affects
        // neither memory nor flags nor the stack, as the options state.
        unsafe {
            std::arch::asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags));
        }
        return hertz / 1_000;
    }
    // Nanoseconds, or a counter of about a gigahertz or more. With a faster counter the clocks
    // are read together more often than once a millisecond, which is harmless.
    1_000_000
}

/// Returns one instant on both clocks: ticks, and nanoseconds of the monotonic clock.
pub(crate) fn calibration() -> (u64, u64) {
    // The thread can be interrupted between the two readings, which then differ by that pause.
    // A new attempt is enough.
    const MAX_ATTEMPTS: usize = 8;
    let close = ticks_per_millisecond() / 100;
    let mut pair = (now(), monotonic_ns());
    for _ in 1..MAX_ATTEMPTS {
        if now().wrapping_sub(pair.0) < close {
            break;
        }
        pair = (now(), monotonic_ns());
    }
    pair
}

/// Returns the time of the monotonic clock, in nanoseconds.
fn monotonic_ns() -> u64 {
    clock_ns(c::CLOCK_MONOTONIC)
}

/// Returns the time of the wall clock, in nanoseconds since 1970.
pub(crate) fn wall_ns() -> u64 {
    clock_ns(c::CLOCK_REALTIME)
}

fn clock_ns(clock: c::clockid_t) -> u64 {
    let mut time = c::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec, exclusively borrowed for the call.
    unsafe { c::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it accesses no memory. Linux lets
    // user space execute it; in a process that has forbidden it with PR_SET_TSC it raises a
    // signal, which is not undefined behaviour.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "x86_64")]
fn counter_is_steady() -> bool {
    const INVARIANT: u32 = 1 << 8;
    let invariant = std::arch::x86_64::__cpuid(0x8000_0000).eax >= 0x8000_0007
        && std::arch::x86_64::__cpuid(0x8000_0007).edx & INVARIANT != 0;
    // The kernel removes the counter from this list when it finds it unsteady.
    let sources = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    invariant
        && std::fs::read_to_string(sources)
            .map_or(true, |list| list.split_whitespace().any(|name| name == "tsc"))
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: every aarch64 Linux lets user space read this register. Reading it affects neither
    // memory nor flags nor the stack, as the options state.
    unsafe {
        std::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags));
    }
    ticks
}

#[cfg(target_arch = "aarch64")]
fn counter_is_steady() -> bool {
    // The architecture guarantees it.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_at_least_at_the_assumed_rate() {
        choose_clock();
        let (ticks, start) = (now(), monotonic_ns());
        while monotonic_ns() - start < 10_000_000 {}
        assert!(now() - ticks >= 9 * ticks_per_millisecond());
    }
}
