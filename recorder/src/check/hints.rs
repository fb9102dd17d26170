//! Which hints a student gets, and which of them have been shown.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::facts::{Condition, Hint};
use super::judge::Verdict;
use crate::analysis::findings::Code;

/// A failed run, as far as hints depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Its verdicts.
    pub verdicts: &'a [Verdict],
    /// The kinds of its findings.
    pub findings: &'a [Code],
    /// The code of the compiler's error, if the program does not compile.
    pub error: Option<&'a str>,
}

/// The hints that help with a failed run: their numbers in the file, from 0 on.
pub fn fitting(hints: &[Hint], failure: Failure<'_>) -> Vec<usize> {
    let fits = |hint: &Hint| match &hint.when {
        None => true,
        Some(Condition::Unmet(fact)) => {
            failure.verdicts.iter().any(|it| it.fact == *fact && !it.is_met())
        }
        Some(Condition::Finding(code)) => failure.findings.contains(code),
        Some(Condition::Error(code)) => failure.error == Some(code),
    };
    let hints = hints.iter().enumerate().filter(|(_, hint)| fits(hint));
    hints.map(|(number, _)| number).collect()
}

/// The hints for the last failed run of an exercise. They are in a file, so that `--hint` gives one
/// after the other.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Given {
    /// Their numbers in the facts file.
    pub hints: Vec<usize>,
    /// How many have been shown.
    pub shown: usize,
}

impl Given {
    /// Reads the file; without one, or if it is damaged, there are no hints.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }

    /// Keeps how many have been shown, if a run needs the same hints as before.
    pub fn update(before: Option<Given>, hints: Vec<usize>) -> Self {
        let before = before.unwrap_or_default();
        let shown = if before.hints == hints { before.shown } else { 0 };
        Given { hints, shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hints_begin_with_the_first() {
        let shown = || Some(Given { hints: vec![0, 2], shown: 1 });
        assert_eq!(Given::update(shown(), vec![0, 2]).shown, 1);
        assert_eq!(Given::update(shown(), vec![1]), Given { hints: vec![1], shown: 0 });
    }
}
