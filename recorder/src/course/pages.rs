//! The documents that the pages of the course show: plain text, which never becomes markup.

use serde::Serialize;
use serde_json::Value;

use super::diff::{self, DiffLine};
use super::prose::{Block, Inline};
use super::{Guess, Question, Unit};

/// Where a lesson is in the course.
#[derive(Clone, Debug, Serialize)]
pub struct Entry<'a> {
    number: u32,
    name: &'a str,
    title: &'a str,
    idea: &'a [Inline],
    file: &'a str,
    minutes: Option<u32>,
}

impl<'a> Entry<'a> {
    /// The entry of a lesson.
    pub fn of(unit: &'a Unit) -> Self {
        let Unit { name, file, lesson, minutes, .. } = unit;
        let (number, title, idea) = (lesson.number, &*lesson.title, &*lesson.idea);
        Entry { number, name, title, idea, file, minutes: *minutes }
    }
}

#[derive(Serialize)]
struct LessonDocument<'a> {
    number: u32,
    name: &'a str,
    title: &'a str,
    idea: &'a [Inline],
    guesses: &'a [Guess],
    run: &'a [Block],
    why: &'a [Block],
    changes: Vec<ChangeDocument<'a>>,
    questions: &'a [Question],
    mistakes: &'a [Block],
    program: Program<'a>,
    /// The lessons that have a page beside this one.
    course: &'a [Entry<'a>],
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    text: &'a [Block],
    options: &'a [Vec<Inline>],
    right: usize,
    happens: &'a [Block],
    diff: Vec<DiffLine<'a>>,
    /// A run of the changed program.
    run: Option<Value>,
}

/// The source of a program, from its first line of code on.
#[derive(Serialize)]
struct Program<'a> {
    file: String,
    /// The number of the first line.
    first: usize,
    lines: Vec<&'a str>,
}

#[derive(Serialize)]
struct IndexDocument<'a> {
    course: &'a [Entry<'a>],
    further: &'a [String],
}

/// The document of a lesson. `course` has the lessons that have a page beside it, and `runs` the runs of
/// the changed programs, as the page reads them.
///
/// # Errors
/// It cannot be encoded.
pub fn lesson(
    unit: &Unit,
    course: &[Entry<'_>],
    runs: Vec<Option<Value>>,
) -> serde_json::Result<String> {
    let lesson = &unit.lesson;
    let changes = lesson.changes.iter().zip(&unit.changes).zip(runs);
    serde_json::to_string(&LessonDocument {
        number: lesson.number,
        name: &unit.name,
        title: &lesson.title,
        idea: &lesson.idea,
        guesses: &lesson.guesses,
        run: &lesson.run,
        why: &lesson.why,
        changes: changes
            .map(|((change, files), run)| ChangeDocument {
                text: &change.text,
                options: &change.options,
                right: change.right,
                happens: &change.happens,
                diff: diff::lines(files.patch),
                run,
            })
            .collect(),
        questions: &lesson.questions,
        mistakes: &lesson.mistakes,
        program: program(unit),
        course,
    })
}

/// The document of the index. `further` are the titles of lessons that have no page.
///
/// # Errors
/// It cannot be encoded.
pub fn index(course: &[Entry<'_>], further: &[String]) -> serde_json::Result<String> {
    serde_json::to_string(&IndexDocument { course, further })
}

/// The program without the text at its start, which says what happens.
fn program(unit: &Unit) -> Program<'_> {
    let lines: Vec<_> = unit.program.lines().collect();
    let is_about = |line: &&&str| line.starts_with("//!") || line.is_empty();
    let skipped = lines.iter().take_while(is_about).count();
    Program {
        file: format!("{}.rs", unit.name),
        first: skipped + 1,
        lines: lines[skipped..].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    #[test]
    fn a_lesson_does_not_show_what_its_program_says_about_itself() {
        for unit in &course::units().unwrap() {
            let program = program(unit);
            assert!(program.first > 1, "{}", unit.name);
            assert!(program.lines.iter().all(|line| !line.starts_with("//!")), "{}", unit.name);
            let numbered = unit.program.lines().nth(program.first - 1).unwrap();
            assert_eq!(program.lines[0], numbered);
        }
    }
}
