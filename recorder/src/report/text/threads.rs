//! The threads.

use std::fmt;

use super::super::groups;
use super::super::table::{MIN_NAME, Table};
use super::{Text, heading, most};
use crate::analysis::findings::words::{counted, method, share};
use crate::analysis::{Analysis, ThreadTimes};
use crate::layout::shorten_all;
use crate::reading::Nanos;
use crate::reading::catalog::{ProcessIndex, Target, ThreadIndex};

/// A row of the table.
struct Row {
    process: ProcessIndex,
    name: String,
    /// The longest life.
    life: Nanos,
    /// The parts of all lives.
    times: ThreadTimes,
    /// The call that the thread waited in most, with its share, and its target.
    waits: Option<(String, Option<Target>)>,
}

/// The places of the parts that are always shown in [`PARTS`].
const RUNS: usize = 0;
const SLEEPS: usize = 3;
const WAITS: usize = 4;

/// The columns of the parts of a life, and the cells of the bar. Those of which no thread has any are
/// left out, except the first.
const PARTS: [(&str, char); 6] = [
    (">runs", '█'),
    (">ready", '▓'),
    (">blocked", '╌'),
    (">sleeps", '▒'),
    (">waits", '░'),
    (">paused", '·'),
];

pub(super) fn write(text: &Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Analysis { catalog, state, .. } = &text.report.analysis;
    let weight = |index: ThreadIndex| state.threads[index].events;
    let groups = groups::threads(&text.report.analysis);
    let shown = most(groups, weight, |index| catalog.flow_order.thread_rank(index));
    let rows: Vec<_> = shown.iter().map(|threads| row(text, threads)).collect();
    let table = table(text, rows);
    write!(f, "\n{}\n{table}", heading("Threads"))?;
    match text.report.analysis.counted_threads() - shown.iter().map(Vec::len).sum::<usize>() {
        0 => Ok(()),
        more => writeln!(f, "  and {}", counted(more as u64, "more thread")),
    }
}

/// The row of a thread, or of several that behave alike.
fn row(text: &Text<'_>, threads: &[ThreadIndex]) -> Row {
    let analysis = &text.report.analysis;
    let Analysis { catalog, stats, .. } = analysis;
    let mut times = ThreadTimes::default();
    threads.iter().for_each(|&thread| times += analysis.times(thread));
    let whole = times.parts().into_iter().sum();
    let longest = |it: &ThreadIndex| {
        let mut waits = stats.threads[*it].waits.iter();
        waits.find(|waits| waits.call != format::Call::Sleep)
    };
    let waits = threads.first().and_then(longest).map(|first| {
        let is_same = |it: &ThreadIndex| longest(it).is_some_and(|it| it.target == first.target);
        let target = first.target.filter(|_| threads.iter().all(is_same));
        let time = |it: &ThreadIndex| longest(it).map_or(Nanos::ZERO, |waits| waits.time);
        let time = threads.iter().map(time).sum();
        (format!("{} {}", share(time, whole), method(first.call)), target)
    });
    Row {
        process: catalog.threads[threads[0]].process,
        name: groups::thread_name(catalog, threads),
        life: threads.iter().map(|&it| analysis.life(it)).max().unwrap_or_default(),
        times,
        waits,
    }
}

/// The table. The names of threads, and those of the targets of their waits, are shortened where
/// they do not fit.
fn table(text: &Text<'_>, rows: Vec<Row>) -> Table {
    let catalog = text.report.analysis.catalog;
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let length = |name: &str| name.chars().count();
    let names = longest(&mut rows.iter().map(|row| length(&row.name)));
    let calls = rows.iter().flat_map(|row| &row.waits);
    let calls = longest(&mut calls.map(|(call, _)| length(call)));
    let targets = rows.iter().filter_map(|row| row.waits.as_ref()?.1);
    let targets: Vec<_> = targets.map(|target| catalog.label(target)).collect();
    let target = longest(&mut targets.iter().map(|target| length(target)));

    // A part of a percent is not worth a column.
    let is_shown = |part: usize| {
        let is_large = |row: &Row| {
            let whole: Nanos = row.times.parts().into_iter().sum();
            row.times.parts()[part].get() > whole.get() / 100
        };
        matches!(part, RUNS | SLEEPS | WAITS) || rows.iter().any(is_large)
    };
    let parts: Vec<usize> = (0..PARTS.len()).filter(|&part| is_shown(part)).collect();
    let legend: Vec<_> = parts.iter().map(|&part| PARTS[part].1.to_string()).collect();
    let legend = legend.join(" ");
    let mut columns = vec!["thread", ">for"];
    columns.extend(parts.iter().map(|&part| PARTS[part].0));
    columns.extend([&*legend, "waits most in"]);
    let last = columns.len() - 1;
    let cells = |row: &Row| {
        let whole = row.times.parts().into_iter().sum();
        let mut cells = vec![row.name.clone(), row.life.to_string()];
        cells.extend(parts.iter().map(|&part| share(row.times.parts()[part], whole)));
        cells.push(bar(row.times.parts()));
        cells
    };
    let mut fixed = Table::new(&columns);
    rows.iter().for_each(|row| fixed.row(cells(row)));
    let indent = if catalog.processes.len() > 1 { 2 } else { 0 };
    // Two quotes and a space.
    let room = text.width.saturating_sub(fixed.width_beside(&[0, last]) + indent + calls + 3);
    let name_room = names.min(room.saturating_sub(target).max(room / 2));
    let target_room = room.saturating_sub(name_room).max(MIN_NAME);
    let mut targets = shorten_all(&targets, target_room).into_iter();
    let rows = rows.into_iter().map(|row| {
        let mut cells = cells(&row);
        let Row { process, waits, .. } = row;
        cells.push(match waits {
            None => String::new(),
            Some((call, None)) => call,
            Some((call, Some(target))) => {
                let name = targets.next().unwrap_or_default();
                match target {
                    Target::Channel(_) | Target::Primitive(_) => format!("{call} {name:?}"),
                    Target::Thread(_) | Target::Callsite(_) => format!("{call} {name}"),
                }
            }
        });
        (process, cells)
    });
    Table::by_process(&columns, catalog, rows, text.width)
}

/// The parts of a life, to scale.
fn bar(times: [Nanos; PARTS.len()]) -> String {
    const CELLS: u128 = 8;
    let times = times.map(|time| u128::from(time.get()));
    let whole = times.iter().sum::<u128>().max(1);
    let until = |parts: usize| {
        let part = times[..parts].iter().sum::<u128>();
        (part * CELLS + whole / 2) / whole
    };
    let cell = |cell: u128| {
        let part = (0..PARTS.len()).find(|&part| cell < until(part + 1));
        part.map_or(' ', |part| PARTS[part].1)
    };
    (0..CELLS).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_to_scale() {
        let bar = |times: [u64; 6]| bar(times.map(Nanos::new));
        assert_eq!(bar([4, 0, 0, 2, 2, 0]), "████▒▒░░");
        assert_eq!(bar([0, 0, 0, 0, 5, 0]), "░░░░░░░░");
        assert_eq!(bar([1, 1, 1, 1, 1, 3]), "█▓╌▒░···");
        assert_eq!(bar([u64::MAX, 0, 0, 0, u64::MAX, 0]), "████░░░░");
    }
}
