//! The programs under shuttle.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The schedulers of shuttle that a seed determines.
pub const SCHEDULERS: [&str; 3] = ["random", "pct", "urw"];

/// The number of the first iteration that fails, from 1.
pub fn first_bad(
    programs: &Path,
    name: &str,
    scheduler: &str,
    seed: u64,
    limit: u64,
) -> Result<Option<u64>> {
    let mut command = Command::new(programs);
    command.args([name, scheduler, &seed.to_string(), &limit.to_string()]);
    let output = command.stderr(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim() {
        "none" => Ok(None),
        number => Ok(Some(number.parse().with_context(|| format!("{command:?}: {output:?}"))?)),
    }
}
