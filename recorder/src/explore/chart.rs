//! The order of a run in a few lines: the operations of each thread until another one goes on.

use std::fmt::{self, Display};

use super::order::{Action, Operation, Order};
use crate::capture::plan::Switch;
use crate::layout::wrap;

/// Maximum number of turns that are all shown.
const MAX_TURNS: usize = 6;
/// Maximum number of operations of a turn that are all shown.
const MAX_OPERATIONS: usize = 4;

/// The order of a run, with the switches that lead to its outcome.
#[derive(Debug)]
pub struct Chart<'a> {
    /// The run.
    pub order: &'a Order,
    /// The switches that must be where they are. All others only follow from them: the thread before
    /// could not go on.
    pub needed: &'a [Switch],
    /// The width of the terminal.
    pub width: usize,
}

/// The operations of a thread until another one goes on.
struct Turn<'a> {
    operations: &'a [Operation],
    is_needed: bool,
}

impl Chart<'_> {
    fn turns(&self) -> Vec<Turn<'_>> {
        let operations = &self.order.operations;
        let turns = operations.chunk_by(|a, b| (a.thread, a.step) == (b.thread, b.step));
        turns
            .map(|operations| {
                let Operation { thread, step, .. } = operations[0];
                let is_needed = self.needed.contains(&Switch { step, thread });
                Turn { operations, is_needed }
            })
            .collect()
    }

    /// The lines of a turn: all operations, or how it begins and ends, and panics.
    fn lines(&self, turn: &Turn<'_>) -> Vec<String> {
        let Turn { operations, .. } = turn;
        let is_shown = |at: usize| {
            operations.len() <= MAX_OPERATIONS
                || at == 0
                || at + 2 >= operations.len()
                || matches!(operations[at].action, Action::Panic { .. })
        };
        let mut lines = Vec::new();
        let mut left_out = 0;
        for (at, operation) in operations.iter().enumerate() {
            if !is_shown(at) {
                left_out += 1;
                continue;
            }
            if left_out > 0 {
                lines.push(format!("… {left_out} more"));
                left_out = 0;
            }
            lines.push(self.words(operation));
        }
        lines
    }

    fn words(&self, operation: &Operation) -> String {
        // The name of the file is enough beside the others, and short.
        let place = self.order.file_and_line(operation).unwrap_or_default();
        let place = place.rsplit('/').next().unwrap_or_default();
        let at = if place.is_empty() { "" } else { " at " };
        format!("{}{at}{place}", self.order.present(operation))
    }
}

impl Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = self.turns();
        let name = |turn: &Turn<'_>| self.order.thread_name(turn.operations[0].thread);
        let longest = turns.iter().map(|turn| name(turn).chars().count()).max().unwrap_or(0);
        // The needed ones, those before them, and the last.
        let is_important = |at: usize| {
            turns[at].is_needed
                || turns.get(at + 1).is_none_or(|next| next.is_needed)
                || turns.len() <= MAX_TURNS
        };
        let mut left_out = 0;
        for (at, turn) in turns.iter().enumerate() {
            if !is_important(at) {
                left_out += 1;
                continue;
            }
            if left_out > 0 {
                writeln!(f, "     {:longest$}  … {left_out} turns …", "")?;
                left_out = 0;
            }
            let sign = if turn.is_needed { '▶' } else { ' ' };
            let start = format!("  {sign}  {:longest$}  ", name(turn));
            let indent = start.chars().count();
            for (number, line) in self.lines(turn).iter().enumerate() {
                let start = if number == 0 { &*start } else { "" };
                writeln!(f, "{start:indent$}{}", wrap(line, indent, indent + 2, self.width))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::{HEAD, order};
    use super::*;

    #[test]
    fn a_turn_is_a_line_and_needed_switches_are_marked() {
        let text = format!(
            "{HEAD}block process=0 thread=1 sequence=0 dropped=0\n\
             1 ThreadStarted os_id=1 name=\"main\"\n\
             1 PrimitiveNamed primitive=1 name=\"stats\"\n\
             1 Lock endpoint=1 site=0 detail=0\n1 Unlock endpoint=1 site=0 detail=0\n\
             1 Scheduled step=9\n1 Lock endpoint=1 site=0 detail=0\n\
             block process=0 thread=2 sequence=0 dropped=0\n\
             1 ThreadStarted os_id=2 name=\"worker\"\n1 Scheduled step=4\n\
             1 LockBegin endpoint=1 site=0 detail=0\n"
        );
        let needed = [Switch { step: 4, thread: 2 }];
        let chart = Chart { order: &order(&text), needed: &needed, width: 80 };
        assert_eq!(
            chart.to_string(),
            "     main    locks stats\n             unlocks stats\n  ▶  worker  waits to lock \
             stats\n     main    locks stats\n"
        );
    }
}
