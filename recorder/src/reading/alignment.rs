//! Puts the clocks of several recordings on one.
//!
//! Within a recording there is one monotonic clock, which began when the machine was started.
//! When that was by the wall clock tells whether two recordings have the same: those that agree
//! on it are of one start of one machine, even if that has several names, as containers have.
//! Others are lined up by the wall clock.

use std::collections::HashMap;
use std::fmt;

use crate::reading::catalog::Process;
use crate::reading::clock::LATEST;

/// How the clocks of several recordings were put on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    recordings: usize,
    /// Whether all have the same monotonic clock.
    one_clock: bool,
    /// The names of the machines, each once.
    hosts: Vec<String>,
    /// Recordings that do not tell when they were made.
    timeless: Vec<String>,
}

impl Alignment {
    /// Whether all have the same monotonic clock: then they are one recording as they are.
    pub fn is_exact(&self) -> bool {
        self.one_clock && self.timeless.is_empty()
    }
}

/// In a line: `2 recordings on one clock, that of the machine they were made on`.
impl fmt::Display for Alignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alignment { recordings, one_clock, hosts, timeless } = self;
        write!(f, "{recordings} recordings")?;
        match (one_clock, &**hosts) {
            _ if recordings - timeless.len() < 2 => write!(f, " without a common clock")?,
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
        match &**timeless {
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

/// A run is in two recordings that are to be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenTwice(String);

impl fmt::Display for GivenTwice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GivenTwice {}

/// What there is to know of a recording among others.
pub(super) struct Member<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// The processes in it, by their indices.
    pub(super) processes: Vec<usize>,
    /// When its first event was, on its own monotonic clock.
    pub(super) begin: Option<u64>,
}

impl Member<'_> {
    /// When the machine was started, in nanoseconds since 1970, as far as it tells.
    fn booted(&self, processes: &[Process]) -> Option<i128> {
        let told = self.processes.iter().map(|&process| &processes[process]);
        let told = told.filter(|process| process.wall_ns > 0);
        // The wall clock is read last, so what has come between can only make it later.
        told.map(|process| i128::from(process.wall_ns) - i128::from(process.clock.started())).min()
    }
}

/// Sees to it that nobody is in two of the recordings: a recording and a copy of it, or two of
/// what one flight recorder has kept.
pub(super) fn refuse_equals(
    members: &[Member<'_>],
    processes: &[Process],
) -> Result<(), GivenTwice> {
    let mut known: HashMap<_, usize> = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        for process in member.processes.iter().map(|&process| &processes[process]) {
            let Process { pid, name, wall_ns, clock, .. } = process;
            // Of one that has lost its head nothing is known.
            if *pid == 0 {
                continue;
            }
            let earlier = known.insert((pid, wall_ns, clock.started()), index);
            if let Some(other) = earlier.filter(|&other| other != index) {
                let other = members[other].name;
                return Err(GivenTwice(match other == member.name {
                    true => format!("{other} is given twice"),
                    false => format!(
                        "{other} and {} are of the same run: {name} {pid} is in both; give one of \
                         them",
                        member.name
                    ),
                }));
            }
        }
    }
    Ok(())
}

/// By how much the clock of each recording has to go on so that all are one, in nanoseconds; and
/// how sure that is.
pub(super) fn align(members: &[Member<'_>], processes: &[Process]) -> (Vec<u64>, Alignment) {
    /// Machines are started further apart than that. A process is seldom interrupted for so long
    /// between two looks at clocks; if one is, the wall clock is no better.
    const SAME: i128 = 100_000_000;
    let booted: Vec<_> = members.iter().map(|member| member.booted(processes)).collect();
    let mut starts: Vec<_> = booted.iter().copied().flatten().collect();
    starts.sort_unstable();
    // Those of one machine have its earliest.
    let mut earliest: Vec<i128> = Vec::new();
    let mut last = None;
    for start in starts {
        if last.is_none_or(|last| start - last > SAME) {
            earliest.push(start);
        }
        last = Some(start);
    }
    let of_machine = |start: i128| earliest.iter().rfind(|&&first| first <= start).copied();
    let mut shifts: Vec<Option<i128>> =
        booted.iter().map(|start| start.and_then(of_machine)).collect();
    let begins = || members.iter().map(|member| i128::from(member.begin.unwrap_or(0)));
    let told = shifts.iter().zip(begins());
    let first = told.filter_map(|(shift, begin)| Some((*shift)? + begin)).min();
    for (shift, begin) in shifts.iter_mut().zip(begins()) {
        shift.get_or_insert(first.unwrap_or(0) - begin);
    }
    let least = shifts.iter().copied().flatten().min().unwrap_or(0);
    let ahead = |shift: i128| u64::try_from(shift - least).unwrap_or(LATEST);
    let mut hosts = Vec::new();
    for process in processes {
        if !process.host.is_empty() && !hosts.contains(&process.host) {
            hosts.push(process.host.clone());
        }
    }
    let timeless = members.iter().zip(&booted).filter(|(_, booted)| booted.is_none());
    let alignment = Alignment {
        recordings: members.len(),
        one_clock: earliest.len() <= 1,
        hosts,
        timeless: timeless.map(|(member, _)| member.name.to_owned()).collect(),
    };
    (shifts.into_iter().flatten().map(ahead).collect(), alignment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::clock::Clock;

    const DAY: u64 = 86_400_000_000_000;
    /// In 2026.
    const NOON: u64 = 20_500 * DAY;

    fn process(host: &str, monotonic_ns: u64, wall_ns: u64) -> Process {
        Process {
            number: 0,
            recording: 0,
            pid: 50,
            track: 50,
            name: "program".into(),
            command: String::new(),
            parent: 0,
            host: host.into(),
            wall_ns,
            clock: Clock::new(7, monotonic_ns),
            ended: None,
            recorded_until: 0,
            forgotten: false,
        }
    }

    /// Recordings that begin with one process each.
    fn aligned(processes: &[Process]) -> (Vec<u64>, Alignment) {
        const NAMES: [&str; 3] = ["a.rec", "b.rec", "c.rec"];
        let members = processes.iter().enumerate().map(|(index, process)| Member {
            name: NAMES[index],
            processes: vec![index],
            begin: Some(process.clock.started()),
        });
        align(&members.collect::<Vec<_>>(), processes)
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
        assert_eq!(shifts, [0, LATEST]);
    }
}
