//! A patch as lines with their numbers in both programs.

use serde::Serialize;

/// A line of a program, before or after a change, or both. A line without numbers stands for those that
/// are left out between two hunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DiffLine<'a> {
    /// Its number in the program as written, from 1 on; `None` if the change adds it.
    pub before: Option<u32>,
    /// Its number in the changed program; `None` if the change removes it.
    pub after: Option<u32>,
    /// Its text.
    pub text: &'a str,
}

/// The lines of a patch of one file. What stands before its first hunk is left out.
pub(super) fn lines(patch: &str) -> Vec<DiffLine<'_>> {
    let mut lines = Vec::new();
    let mut next = None;
    for line in patch.lines() {
        if let Some(starts) = starts_of_hunk(line) {
            if next.is_some() {
                lines.push(DiffLine { before: None, after: None, text: "" });
            }
            next = Some(starts);
            continue;
        }
        let Some((before, after)) = &mut next else { continue };
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        let number = |of: &mut u32, skipped: &str| {
            (sign != skipped).then(|| {
                *of += 1;
                *of - 1
            })
        };
        lines.push(DiffLine { before: number(before, "+"), after: number(after, "-"), text });
    }
    lines
}

/// The numbers of the first lines of a hunk: 3 and 4 of `@@ -3,6 +4,7 @@`.
fn starts_of_hunk(line: &str) -> Option<(u32, u32)> {
    let (before, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (after, _) = rest.split_once(" @@")?;
    let start = |range: &str| range.split(',').next()?.parse().ok();
    Some((start(before)?, start(after)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    #[test]
    fn lines_have_their_numbers_in_both_programs() {
        let patch = "It changes.\nExpect: no finding\n\n--- a/x\n+++ b/x\n@@ -3,3 +3,3 @@\n a\n-b\n+c\n \n\
                     @@ -9 +9,2 @@\n d\n+e\n";
        let line = |before, after, text| DiffLine { before, after, text };
        assert_eq!(
            lines(patch),
            [
                line(Some(3), Some(3), "a"),
                line(Some(4), None, "b"),
                line(None, Some(4), "c"),
                line(Some(5), Some(5), ""),
                line(None, None, ""),
                line(Some(9), Some(9), "d"),
                line(None, Some(10), "e"),
            ]
        );
    }

    #[test]
    fn a_diff_of_the_course_shows_lines_of_its_program() {
        for unit in &course::units().unwrap() {
            let program: Vec<_> = unit.program.lines().collect();
            for change in &unit.changes {
                let diff = lines(change.patch);
                assert!(diff.iter().any(|it| it.before.is_none() || it.after.is_none()));
                for DiffLine { before, text, .. } in diff {
                    let Some(number) = before else { continue };
                    assert_eq!(program[number as usize - 1], text, "{} {number}", unit.name);
                }
            }
        }
    }
}
