//! Puts the clocks of several recordings on one.
//!
//! A recording has one monotonic clock, which began when its machine booted. Two recordings whose
//! boot times agree by the wall clock are of one boot of one machine, even if the machine has
//! several names, as in containers. Others are aligned by the wall clock.

use std::collections::HashMap;
use std::fmt;

use typed_index_collections::TiSlice;

use super::catalog::{Process, ProcessIndex};
use super::error::{Error, Result};
use super::time::Nanos;

/// How the clocks of several recordings were put on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    recordings: usize,
    /// Whether all have the same monotonic clock.
    one_clock: bool,
    /// The names of the machines, each once.
    hosts: Vec<String>,
    /// Recordings that do not say when they were made.
    undated: Vec<String>,
}

impl Alignment {
    /// Whether all have the same monotonic clock: then they are one recording as they are.
    pub fn is_exact(&self) -> bool {
        self.one_clock && self.undated.is_empty()
    }
}

/// In a line: `2 recordings on one clock, that of the machine they were made on`.
impl fmt::Display for Alignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alignment { recordings, one_clock, hosts, undated } = self;
        write!(f, "{recordings} recordings")?;
        match (one_clock, &**hosts) {
            _ if recordings - undated.len() < 2 => write!(f, " without a common clock")?,
            (true, _) => write!(f, " on one clock, that of the machine they were made on")?,
            (false, [] | [_]) => write!(
                f,
                " lined up by the wall clock, as {} was started anew, slept or had its clock set \
                 between them: times from one to another are as exact as that clock",
                hosts.first().map_or("the machine", String::as_str)
            )?,
            (false, hosts) => write!(
                f,
                " lined up by the wall clocks of {}: times from one to another are as exact as \
                 these clocks agreed, which nobody has recorded",
                hosts.join(" and ")
            )?,
        }
        match &**undated {
            [] => Ok(()),
            [one] => write!(f, "; {one} does not tell when it was made, and is shown from 0 on"),
            all => write!(
                f,
                "; {} do not tell when they were made, and are shown from 0 on",
                all.join(" and ")
            ),
        }
    }
}

type Processes = TiSlice<ProcessIndex, Process>;

/// Refuses recordings that share a process: a recording and its copy, or two snapshots of one
/// flight recorder.
pub(super) fn refuse_duplicates(names: &[&str], processes: &Processes) -> Result<()> {
    let mut known: HashMap<_, usize> = HashMap::new();
    for Process { recording, pid, name, wall_ns, clock, .. } in processes {
        // A process that has lost its first block cannot be identified.
        if *pid == 0 {
            continue;
        }
        let earlier = known.insert((pid, wall_ns, clock.started()), *recording);
        if let Some(other) = earlier.filter(|other| other != recording) {
            let (other, this) = (names[other], names[*recording]);
            return Err(Error::GivenTwice(match other == this {
                true => format!("{other} is given twice"),
                false => format!(
                    "{other} and {this} are of the same run: {name} {pid} is in both; give one of \
                     them"
                ),
            }));
        }
    }
    Ok(())
}

/// How much later the clock of each recording must be made so that all agree; and how exact that
/// is. Each recording has a name and the time of its first event, on its own monotonic clock.
pub(super) fn align(
    names: &[&str],
    processes: &Processes,
    starts: &[Option<Nanos>],
) -> (Vec<Nanos>, Alignment) {
    /// Boot times that differ by less than this many nanoseconds are one boot. A process is
    /// seldom interrupted for so long between reading two clocks; if it is, the wall clock is no
    /// better.
    const SAME_BOOT: i128 = 100_000_000;
    // When the machine of each recording booted, in nanoseconds since 1970, if that is recorded.
    let mut booted: Vec<Option<i128>> = vec![None; names.len()];
    for process in processes.iter().filter(|process| process.wall_ns > 0) {
        // The wall clock is read last: a delay between the two can only make it later.
        let time = i128::from(process.wall_ns) - i128::from(process.clock.started().get());
        let booted = &mut booted[process.recording];
        *booted = Some(booted.map_or(time, |earlier| earlier.min(time)));
    }
    let mut boots: Vec<_> = booted.iter().copied().flatten().collect();
    boots.sort_unstable();
    // The earliest boot time of each machine.
    let machines = boots.chunk_by(|boot, next| next - boot <= SAME_BOOT).map(|boots| boots[0]);
    let machines: Vec<i128> = machines.collect();
    let of_machine = |boot: i128| machines.iter().rfind(|&&first| first <= boot).copied();
    let mut shifts: Vec<Option<i128>> =
        booted.iter().map(|boot| boot.and_then(of_machine)).collect();
    let starts = || starts.iter().map(|start| i128::from(start.unwrap_or_default().get()));
    let dated = shifts.iter().zip(starts());
    let first = dated.filter_map(|(shift, start)| Some((*shift)? + start)).min();
    for (shift, start) in shifts.iter_mut().zip(starts()) {
        shift.get_or_insert(first.unwrap_or(0) - start);
    }
    let least = shifts.iter().copied().flatten().min().unwrap_or(0);
    let ahead = |shift: i128| u64::try_from(shift - least).map_or(Nanos::LATEST, Nanos::new);
    let mut hosts = Vec::new();
    for process in processes {
        if !process.host.is_empty() && !hosts.contains(&process.host) {
            hosts.push(process.host.clone());
        }
    }
    let undated = names.iter().zip(&booted).filter(|(_, booted)| booted.is_none());
    let alignment = Alignment {
        recordings: names.len(),
        one_clock: machines.len() <= 1,
        hosts,
        undated: undated.map(|(name, _)| (*name).to_owned()).collect(),
    };
    (shifts.into_iter().flatten().map(ahead).collect(), alignment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::clock::Clock;
    use crate::reading::time::Ticks;

    const DAY: u64 = 86_400_000_000_000;
    /// In 2026.
    const NOON: u64 = 20_500 * DAY;

    fn process(host: &str, monotonic_ns: u64, wall_ns: u64) -> Process {
        Process {
            pid: 50,
            host: host.into(),
            wall_ns,
            clock: Clock::new(Ticks(7), Nanos::new(monotonic_ns)),
            ..Process::default()
        }
    }

    /// Recordings that begin with one process each.
    fn aligned(processes: &[Process]) -> (Vec<u64>, Alignment) {
        let names = &["a.rec", "b.rec", "c.rec"][..processes.len()];
        let mut processes = processes.to_vec();
        for (recording, process) in processes.iter_mut().enumerate() {
            process.recording = recording;
        }
        let starts: Vec<_> =
            processes.iter().map(|process| Some(process.clock.started())).collect();
        let (shifts, alignment) = align(names, processes.as_slice().as_ref(), &starts);
        (shifts.into_iter().map(Nanos::get).collect(), alignment)
    }

    #[test]
    fn of_one_start_of_a_machine_the_monotonic_clock_is_one() {
        // Containers have names of their own; between two looks at clocks some time goes by.
        for (host, late) in [("alpha", 0), ("alpha", 40_000_000), ("", 900), ("beta", 900)] {
            let (shifts, alignment) = aligned(&[
                process("alpha", 5_000, NOON + 5_000),
                process(host, DAY, NOON + DAY + late),
            ]);
            assert_eq!(shifts, [0, 0]);
            assert!(alignment.is_exact());
            let said = "2 recordings on one clock, that of the machine they were made on";
            assert_eq!(alignment.to_string(), said);
        }
    }

    #[test]
    fn of_different_starts_or_machines_the_wall_clock_decides() {
        // The second machine was started a second before the first.
        let here = process("alpha", 5_000_000_000, NOON);
        let there = |host| process(host, 9_000_000_000, NOON + 3_000_000_000);
        let (shifts, alignment) = aligned(&[here.clone(), there("beta")]);
        assert_eq!(shifts, [1_000_000_000, 0]);
        assert_eq!(5_000_000_000 + shifts[0] + 3_000_000_000, 9_000_000_000 + shifts[1]);
        assert!(!alignment.is_exact());
        let said = alignment.to_string();
        assert!(said.starts_with("2 recordings lined up by the wall clocks of alpha and beta: "));

        let (shifts, alignment) = aligned(&[here.clone(), there("alpha")]);
        assert_eq!(shifts, [1_000_000_000, 0]);
        assert!(!alignment.is_exact());
        let said = alignment.to_string();
        assert!(
            said.contains(" by the wall clock, as alpha was started anew, slept or "),
            "{said}"
        );

        // Two of three have one clock still.
        let third = process("alpha", 6_000_000_000, NOON + 1_000_000_123);
        let (shifts, alignment) = aligned(&[here, there("beta"), third]);
        assert_eq!(shifts, [1_000_000_000, 0, 1_000_000_000]);
        assert!(!alignment.is_exact());
    }

    #[test]
    fn what_does_not_tell_when_it_was_made_begins_with_the_first() {
        let (shifts, alignment) = aligned(&[
            process("alpha", 5_000, NOON),
            process("alpha", 7_000, 0),
            process("alpha", 6_000, NOON + 1_000),
        ]);
        assert_eq!(shifts, [2_000, 0, 2_000]);
        assert!(!alignment.is_exact());
        let said = alignment.to_string();
        assert!(said.starts_with("3 recordings on one clock, "), "{said}");
        assert!(said.ends_with("; b.rec does not tell when it was made, and is shown from 0 on"));

        let (shifts, alignment) = aligned(&[process("", 9_000, 0), process("", 7_000, 0)]);
        assert_eq!(shifts, [0, 2_000]);
        assert!(!alignment.is_exact());
        assert!(
            alignment.to_string().starts_with("2 recordings without a common clock; a.rec and ")
        );
    }

    #[test]
    fn clocks_that_make_no_sense_are_lined_up_somehow() {
        let (shifts, _) = aligned(&[process("", u64::MAX, 1), process("", 0, u64::MAX)]);
        assert_eq!(shifts, [0, Nanos::LATEST.get()]);
    }
}
