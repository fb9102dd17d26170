//! The names of things, and default names for things without one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use format::PrimitiveKind;
use typed_index_collections::TiVec;

use super::{Place, ProcessIndex, distinguish, unique};

/// The names and ids that are taken, by process.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pids: HashSet<u64>,
    processes: TiVec<ProcessIndex, ProcessLabels>,
}

#[derive(Clone, Debug, Default)]
struct ProcessLabels {
    thread_ids: HashSet<u64>,
    channels: HashMap<String, usize>,
    primitives: HashMap<String, usize>,
}

impl Labels {
    fn of(&mut self, process: ProcessIndex) -> &mut ProcessLabels {
        let count = usize::from(process) + 1;
        if self.processes.len() < count {
            self.processes.resize(count, ProcessLabels::default());
        }
        &mut self.processes[process]
    }

    pub(super) fn process_track(&mut self, pid: u32, number: u32) -> u64 {
        unique(track(pid.into(), number), &mut self.pids)
    }

    pub(super) fn thread_track(&mut self, process: ProcessIndex, os_id: u64, number: u32) -> u64 {
        unique(track(os_id, number), &mut self.of(process).thread_ids)
    }

    pub(super) fn channel(&mut self, process: ProcessIndex, label: &str) -> String {
        distinguish(label, &mut self.of(process).channels)
    }

    pub(super) fn primitive(&mut self, process: ProcessIndex, label: &str) -> String {
        distinguish(label, &mut self.of(process).primitives)
    }
}

/// The operating system's id, or a substitute where it is not known.
fn track(os_id: u64, number: u32) -> u64 {
    /// Above every id that Linux gives to a thread.
    const SUBSTITUTE: u64 = 1 << 22;
    if os_id == 0 { SUBSTITUTE + u64::from(number) } else { os_id }
}

/// A text of the program that every viewer can show: Perfetto 52 stops reading where a text ends in
/// a backslash.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    match text.strip_suffix('\\') {
        Some(rest) => format!("{rest}∖").into(),
        None => text.into(),
    }
}

/// A type and where it was made: `Job @ main.rs:14`.
pub(super) fn default_label(type_name: &str, place: Option<&Place>) -> String {
    format::default_label(type_name, place.map(|place| (&*place.file, place.line)))
}

/// A primitive's type, as the source has it: `Mutex<Receiver<Job>>`.
pub(super) fn primitive_type(kind: Option<PrimitiveKind>, value_type: &str) -> String {
    let kind = kind.map_or("primitive", PrimitiveKind::name);
    match format::short_type(value_type) {
        value_type if value_type.is_empty() => kind.to_owned(),
        value_type => format!("{kind}<{value_type}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primitive_is_called_by_its_type() {
        let mutex = Some(PrimitiveKind::Mutex);
        assert_eq!(primitive_type(mutex, "a::Receiver<b::Job>"), "Mutex<Receiver<Job>>");
        assert_eq!(primitive_type(Some(PrimitiveKind::Condvar), ""), "Condvar");
        assert_eq!(primitive_type(None, ""), "primitive");
    }
}
