//! Plain repetition of the programs.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How long all threads must be asleep, at least, before a run counts as hanging.
const HANG: Duration = Duration::from_secs(1);
/// How often a run that takes longer is looked at.
const INTERVAL: Duration = Duration::from_micros(200);

/// The number of the first run that fails or hangs, from 1.
pub fn first_bad(programs: &Path, name: &str, limit: u64) -> Result<Option<u64>> {
    for number in 1..=limit {
        let mut command = Command::new(programs);
        let command =
            command.arg(name).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !ends_well(&mut command.spawn()?)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Whether a run ends with status 0. One that hangs is ended.
fn ends_well(child: &mut Child) -> Result<bool> {
    let mut quiet_since = Instant::now();
    let mut seen = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if quiet_since.elapsed() >= HANG {
            let now = asleep(child.id());
            if now.is_some() && now == seen {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            seen = now;
            quiet_since = Instant::now();
        }
        thread::sleep(INTERVAL);
    }
}

/// The number of times that the threads of a process have gone to sleep, if all are asleep.
fn asleep(process: u32) -> Option<u64> {
    let mut switches = 0;
    for task in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let status = fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        if !field("State:")?.trim().starts_with('S') {
            return None;
        }
        switches += field("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok()?;
    }
    Some(switches)
}
