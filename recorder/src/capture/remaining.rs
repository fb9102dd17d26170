//! Processes of a run that go on after its program has ended: daemons.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::session::SESSION_VARIABLE;
use crate::reading::catalog::readable;

/// A process that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemainingProcess {
    /// Its process ID.
    pub pid: u32,
    /// Its name, as the operating system has it.
    pub name: String,
}

/// The processes whose environment names the directory of this session, recorded or not: forked
/// children are not recorded, and they have it, too. Empty without `/proc`.
pub(super) fn of_session(directory: &Path) -> Vec<RemainingProcess> {
    let mut variable = format!("{SESSION_VARIABLE}=").into_bytes();
    variable.extend(directory.as_os_str().as_bytes());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| has_variable(pid, &variable)).filter_map(RemainingProcess::new).collect()
}

/// Whether the environment of a process has a variable with its value. A zombie has none.
fn has_variable(pid: u32, variable: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|other| other == variable)
}

impl RemainingProcess {
    fn new(pid: u32) -> Option<Self> {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some(RemainingProcess { pid, name: readable(name.trim_end()).into_owned() })
    }

    /// Whether it still goes on.
    pub fn is_running(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    }
}
