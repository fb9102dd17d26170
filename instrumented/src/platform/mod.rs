//! Everything that depends on the platform: memory mapped from a file, the clock, and
//! information from the operating system about the process.
//!
//! To add a platform, add a module beside `linux` with the same functions. With
//! `--cfg unsupported_platform` every platform counts as unsupported.

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(unsupported_platform)
))]
#[path = "linux/mod.rs"]
mod imp;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    not(unsupported_platform)
)))]
#[path = "unsupported.rs"]
mod imp;

pub(crate) use imp::*;
