//! `recorder pause`, `resume` and `keep`.

use std::io;

use anyhow::Result;

use crate::capture::control::ActiveRun;
use crate::cli::Running;

pub(super) fn control(running: &Running, act: fn(&ActiveRun) -> io::Result<()>) -> Result<u8> {
    act(&ActiveRun::find(running.pid)?)?;
    Ok(0)
}
