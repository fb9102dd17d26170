//! Everything that depends on the platform: memory that is mapped from a file, the
//! clock, and what the operating system says about the process.
//!
//! Another platform is another file beside `linux.rs` with the same functions. (With
//! `--cfg unsupported_platform` this one counts as a platform that nobody has written.)

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(unsupported_platform)
))]
#[path = "linux/mod.rs"]
mod this;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(unsupported_platform)
)))]
#[path = "other.rs"]
mod this;

pub(crate) use this::*;
