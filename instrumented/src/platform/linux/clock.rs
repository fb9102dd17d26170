//! The clock: the time stamp counter where it runs at one rate on all cores, else the
//! system's monotonic clock.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether [`now`] may read the counter.
static COUNTER: AtomicBool = AtomicBool::new(false);

/// Chooses the clock. To be called once, before [`now`] is.
///
/// Where the counter is not to be trusted and nobody knows, `INSTRUMENTED_CLOCK=monotonic`
/// says so.
pub(crate) fn choose() {
    let told = std::env::var_os("INSTRUMENTED_CLOCK");
    let counter = told.is_none_or(|clock| clock != "monotonic") && counter_is_steady();
    COUNTER.store(counter, Ordering::Relaxed);
}

/// The time in ticks.
///
/// The counter is read without a fence: it may be read a few instructions early or
/// late, which costs half as much and which the reader of a recording allows for.
#[inline]
pub(crate) fn now() -> u64 {
    if COUNTER.load(Ordering::Relaxed) { counter() } else { monotonic_ns() }
}

/// How many ticks, at least about, are a millisecond.
pub(crate) fn ticks_per_millisecond() -> u64 {
    #[cfg(target_arch = "aarch64")]
    if COUNTER.load(Ordering::Relaxed) {
        let hertz: u64;
        // SAFETY: every aarch64 Linux lets user space read this register, and reading
        // it has no effect on memory or flags.
        unsafe {
            std::arch::asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags));
        }
        return hertz / 1_000;
    }
    // Nanoseconds, or a counter of at least one gigahertz: more often does no harm.
    1_000_000
}

/// One instant on both clocks: ticks, and nanoseconds of the monotonic clock.
pub(crate) fn calibration() -> (u64, u64) {
    // The thread can be interrupted between the two readings; then they do not belong
    // together, and another look is all that it takes.
    const TRIES: usize = 8;
    let close = ticks_per_millisecond() / 100;
    let mut pair = (now(), monotonic_ns());
    for _ in 1..TRIES {
        if now().wrapping_sub(pair.0) < close {
            break;
        }
        pair = (now(), monotonic_ns());
    }
    pair
}

/// The monotonic clock, in nanoseconds.
fn monotonic_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// The wall clock, in nanoseconds since 1970.
pub(crate) fn wall_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME)
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec that the call may write to while we hold it.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; Linux lets user space use it
    // (a process that has asked for the contrary with PR_SET_TSC has a file in
    // `/sys` that does not tell, and cannot run much of today's software).
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "x86_64")]
fn counter_is_steady() -> bool {
    const INVARIANT: u32 = 1 << 8;
    let invariant = std::arch::x86_64::__cpuid(0x8000_0000).eax >= 0x8000_0007
        && std::arch::x86_64::__cpuid(0x8000_0007).edx & INVARIANT != 0;
    // The kernel takes the counter off this list when it finds it unsteady.
    let sources = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    invariant
        && std::fs::read_to_string(sources)
            .map_or(true, |list| list.split_whitespace().any(|name| name == "tsc"))
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: every aarch64 Linux lets user space read this register, and reading it
    // has no effect on memory or flags.
    unsafe {
        std::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags));
    }
    ticks
}

#[cfg(target_arch = "aarch64")]
fn counter_is_steady() -> bool {
    // The architecture promises it.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_at_the_pace_that_is_assumed_or_faster() {
        choose();
        let (ticks, start) = (now(), monotonic_ns());
        while monotonic_ns() - start < 10_000_000 {}
        assert!(now() - ticks >= 9 * ticks_per_millisecond());
    }
}
