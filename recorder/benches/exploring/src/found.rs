//! How many schedules it takes to find each bug.

use anyhow::Result;
use exploring::programs::{Origin, Program};

use crate::explored::{Recorder, SEEDED};
use crate::under_shuttle::SCHEDULERS;
use crate::{LIMIT, builds, print, repeated, under_shuttle};

/// The columns after the name of a program.
const COLUMNS: [&str; 10] = [
    "bad of 100",
    "default",
    "random",
    "priorities",
    "uniform",
    "exhaustive",
    "shuttle random",
    "shuttle PCT",
    "shuttle URW",
    "repetition",
];

/// The first failures under several seeds.
struct Cell(Vec<Option<u64>>);

impl Cell {
    /// Whether at least half of the seeds have found it.
    fn is_found(&self) -> bool {
        self.median().is_some()
    }

    fn median(&self) -> Option<u64> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|first| first.unwrap_or(u64::MAX));
        sorted[sorted.len() / 2]
    }

    fn text(&self) -> String {
        let found = self.0.iter().flatten().count();
        match self.median() {
            Some(median) if found == self.0.len() => median.to_string(),
            Some(median) => format!("{median} ({found}/{})", self.0.len()),
            None if found > 0 => format!("– ({found}/{})", self.0.len()),
            None => "–".to_owned(),
        }
    }
}

/// Prints a table, and how many bugs were found in each way; `only_ours` leaves out shuttle and
/// repetition.
pub fn run(programs: &[&Program], seeds: u64, only_ours: bool) -> Result<bool> {
    let recorder = Recorder::new()?;
    let others = match only_ours {
        true => None,
        false => Some((builds::with_std()?, builds::with_shuttle()?)),
    };
    println!("| program | {} |", COLUMNS.join(" | "));
    println!("|---|{}", "--:|".repeat(COLUMNS.len()));
    let mut found = Vec::new();
    for program in programs {
        let words = [program.name];
        print(format_args!("| {} | ", program.name));
        let explored = recorder.explore(&words, None, 0, 100)?;
        let uncontrolled = if explored.uncontrolled > 0 { "*" } else { "" };
        print(format_args!("{}{uncontrolled} | ", explored.bad_runs()));
        let mut cells = Vec::new();
        let mut show = |cell: Option<Cell>| {
            print(format_args!("{} | ", cell.as_ref().map_or("".to_owned(), Cell::text)));
            cells.push(cell.map(|cell| cell.is_found()));
        };
        for strategy in SEEDED {
            let first = |index| recorder.first_bad(&words, strategy, index, LIMIT);
            let firsts = (0..seeds).map(first);
            show(Some(Cell(firsts.collect::<Result<_>>()?)));
        }
        show(Some(Cell(vec![recorder.first_bad(&words, Some("exhaustive"), 0, LIMIT)?])));
        if let Some((with_std, with_shuttle)) = &others {
            for scheduler in SCHEDULERS {
                let first = |seed| {
                    under_shuttle::first_bad(with_shuttle, program.name, scheduler, seed, LIMIT)
                };
                let firsts = (0..seeds).map(first);
                show(match program.not_for_shuttle {
                    Some(_) => None,
                    None => Some(Cell(firsts.collect::<Result<_>>()?)),
                });
            }
            show(Some(Cell(vec![repeated::first_bad(with_std, program.name, LIMIT)?])));
        }
        println!();
        found.push((program.origin, cells));
    }
    println!();
    for origin in Origin::ALL {
        let of_origin: Vec<_> = found.iter().filter(|it| it.0 == origin).map(|it| &it.1).collect();
        let Some(first) = of_origin.first() else { continue };
        print(format_args!("| {origin:?}, {} | ", of_origin.len()));
        for column in 0..first.len() {
            let known: Vec<_> = of_origin.iter().filter_map(|cells| cells[column]).collect();
            let found = known.iter().filter(|&&is_found| is_found).count();
            print(format_args!("{found} of {} | ", known.len()));
        }
        println!();
    }
    Ok(true)
}
