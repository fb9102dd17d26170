//! The course: lessons on threads and channels, each with a program, a recorded run and changes.
//!
//! All of it is part of the command, so that `recorder learn` needs neither a network nor a copy of
//! the repository. `recorder/course/NAME/` links to the files of the lessons in `examples/course`.

use std::fmt::Write;

use include_dir::{Dir, include_dir};

mod diff;
mod lesson;
pub mod pages;
mod prose;

pub use lesson::{Change, Error, Guess, Lesson, Question};
pub use prose::{Block, Inline};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/course");

/// A lesson with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The name of its program.
    pub name: String,
    /// The file name of its page.
    pub file: String,
    /// The lesson itself.
    pub lesson: Lesson,
    /// How long it takes in a class, if that is known.
    pub minutes: Option<u32>,
    /// The source of the program.
    pub program: &'static str,
    /// The files of the lesson's changes, in their order.
    pub changes: Vec<ChangeFiles>,
    /// A recorded run of the program.
    pub recording: &'static [u8],
}

/// What belongs to a change, besides its words.
#[derive(Clone, Copy, Debug)]
pub struct ChangeFiles {
    /// The patch, with what it promises.
    pub patch: &'static str,
    /// A recorded run of the changed program; `None` if it does not compile.
    pub recording: Option<&'static [u8]>,
}

/// The lessons of the course, in order.
///
/// # Errors
/// A lesson does not have its form, or a file of it is missing. A test excludes both.
pub fn units() -> Result<Vec<Unit>, Error> {
    let mut units = FILES.dirs().map(unit).collect::<Result<Vec<_>, _>>()?;
    units.sort_by_key(|unit| unit.lesson.number);
    Ok(units)
}

fn unit(directory: &'static Dir<'_>) -> Result<Unit, Error> {
    let name = directory.path().to_string_lossy().into_owned();
    let contents = |file: &str| {
        let found = directory.get_file(directory.path().join(file));
        let missing = || Error { lesson: name.clone(), problem: format!("{file} is missing") };
        found.map(include_dir::File::contents).ok_or_else(missing)
    };
    let text = |file: &str| {
        std::str::from_utf8(contents(file)?)
            .map_err(|_| Error { lesson: name.clone(), problem: format!("{file} is not UTF-8") })
    };
    let lesson = Lesson::parse(&name, text("lesson.md")?)?;
    let changes = (0..lesson.changes.len()).map(|i| {
        let stem = if i == 0 { "change".to_owned() } else { format!("change.{}", i + 1) };
        let patch = text(&format!("{stem}.patch"))?;
        let recording = match patch.contains("\nExpect: error ") {
            true => None,
            false => Some(contents(&format!("{stem}.rec"))?),
        };
        Ok(ChangeFiles { patch, recording })
    });
    let changes = changes.collect::<Result<_, _>>()?;
    Ok(Unit {
        file: format!("{:02}-{name}.html", lesson.number),
        minutes: minutes(&name),
        changes,
        program: text("program.rs")?,
        recording: contents("run.rec")?,
        lesson,
        name,
    })
}

/// The overview of the course: a table of the lessons, and links to further ones.
fn overview() -> &'static str {
    FILES.get_file("README.md").and_then(include_dir::File::contents_utf8).unwrap_or_default()
}

/// The minutes in the last column of the table.
fn minutes(name: &str) -> Option<u32> {
    let row = overview().lines().find(|line| line.contains(&format!("({name}.md) |")))?;
    row.trim_end_matches('|').rsplit('|').next()?.trim().parse().ok()
}

/// The titles of the lessons that have no number and no page.
pub fn further() -> Vec<String> {
    let text = overview().split_once("\nFurther: ").map_or("", |(_, text)| text);
    let text = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let titles = text.split('[').skip(1).filter_map(|link| link.split_once("](")).map(|(it, _)| it);
    titles.map(|title| title.replace('`', "")).collect()
}

/// The lesson with this number or name.
pub fn find<'a>(units: &'a [Unit], wanted: &str) -> Option<&'a Unit> {
    units.iter().find(|unit| unit.name == wanted || unit.lesson.number.to_string() == wanted)
}

/// A line for each lesson: its number, its name and its title.
pub fn listing(units: &[Unit]) -> String {
    let mut text = String::new();
    for Unit { name, lesson, .. } in units {
        let _ = write!(text, "\n  {:>2}  {name:<18} {}", lesson.number, lesson.title);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_has_its_form_and_its_files() {
        let units = units().unwrap();
        let numbers: Vec<_> = units.iter().map(|unit| unit.lesson.number).collect();
        assert_eq!(numbers, (0..units.len() as u32).collect::<Vec<_>>());
        assert!(units.len() >= 12, "{numbers:?}");
        for unit in &units {
            assert!(unit.program.contains("fn main()"), "{}", unit.name);
            assert_eq!(unit.changes.len(), unit.lesson.changes.len(), "{}", unit.name);
            for change in &unit.changes {
                assert!(change.patch.contains(&format!("--- a/examples/src/bin/{}.rs", unit.name)));
            }
            assert!(!unit.recording.is_empty());
        }
    }

    #[test]
    fn every_numbered_lesson_of_the_repository_is_in_the_course() {
        let course = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/course");
        // It is not there in a package.
        let Ok(entries) = std::fs::read_dir(course) else { return };
        let units = units().unwrap();
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.extension().is_none_or(|it| it != "md") || name == "README" {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let is_numbered = text.starts_with("# ") && text.as_bytes()[2].is_ascii_digit();
            assert_eq!(is_numbered, find(&units, &name).is_some(), "{name}");
            Lesson::parse_further(&name, &text).unwrap();
        }
    }

    #[test]
    fn the_overview_has_minutes_and_further_lessons() {
        assert!(units().unwrap().iter().all(|unit| unit.minutes.is_some()));
        let further = further();
        assert!(further.len() >= 10, "{further:?}");
        assert!(further.iter().any(|it| it == "channels and tracing"), "{further:?}");
    }

    #[test]
    fn lessons_are_found_by_number_and_by_name() {
        let units = units().unwrap();
        assert_eq!(find(&units, "1").unwrap().name, "hello_channel");
        assert_eq!(find(&units, "deadlock").unwrap().lesson.number, 11);
        assert!(find(&units, "99").is_none());
        assert!(listing(&units).contains("   1  hello_channel      A conveyor belt"));
    }
}
