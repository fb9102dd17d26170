//! The initializer of a `LazyLock` logs, and the logger asks for the value that is being
//! initialized.
//!
//! With the argument `healed`: the logger has a value of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use instrumented::sync::LazyLock;

static HEALED: AtomicBool = AtomicBool::new(false);
static LEVEL: LazyLock<u32> = LazyLock::new(|| {
    log("reads the level");
    3
});

fn log(message: &str) {
    let level = if HEALED.load(Ordering::Relaxed) { 1 } else { *LEVEL }; // HERE
    println!("{level}: {message}");
}

pub(crate) fn main() {
    HEALED.store(std::env::args().any(|arg| arg == "healed"), Ordering::Relaxed);
    println!("{}", *LEVEL); // HERE
}
