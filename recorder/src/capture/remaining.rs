//! Processes of a run that go on after its program has ended: daemons.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::session::SESSION_VARIABLE;
use crate::reading::catalog::readable;

/// The IDs of the processes whose environment names the directory of this session, recorded or not:
/// forked children are not recorded, and they have it, too. Empty without `/proc`.
pub(super) fn of_session(directory: &Path) -> Vec<u32> {
    let mut variable = format!("{SESSION_VARIABLE}=").into_bytes();
    variable.extend(directory.as_os_str().as_bytes());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| has_variable(pid, &variable)).collect()
}

/// Whether the environment of a process has a variable with its value. A zombie has none.
fn has_variable(pid: u32, variable: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|other| other == variable)
}

/// The name that the operating system has for a process; `None` if it has ended.
pub fn name_if_running(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, state) = stat.split_once('(')?.1.rsplit_once(')')?;
    let has_ended = state.trim_start().starts_with(['Z', 'X']);
    (!has_ended).then(|| readable(name).into_owned())
}
