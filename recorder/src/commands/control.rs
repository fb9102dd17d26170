//! `recorder pause`, `resume` and `keep`.

use std::io;

use anyhow::Result;

use crate::capture::control::Control;
use crate::cli::Running;

pub(super) fn control(running: &Running, act: fn(&Control) -> io::Result<()>) -> Result<u8> {
    act(&Control::find(running.pid)?)?;
    Ok(0)
}
