//! The lessons of the course: each has the parts that examples/course/README.md describes, and links
//! to the patches of its changes. (`.ci/course` tries the changes.)

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::examples::in_teaching_order;
use crate::programs::workspace;

/// The number of lessons. The other examples belong to none of them.
const LESSONS: usize = 12;

const PARTS: [&str; 7] = [
    "The idea",
    "Your guess",
    "The run",
    "Why",
    "A change",
    "Questions",
    "What beginners get wrong",
];

struct Lesson {
    name: String,
    text: String,
}

impl Lesson {
    fn all() -> impl Iterator<Item = Self> {
        in_teaching_order().into_iter().map(|name| {
            let text = fs::read_to_string(course().join(format!("{name}.md")));
            let text = text.unwrap_or_else(|error| panic!("{name}.md: {error}"));
            Lesson { name, text }
        })
    }

    /// The paragraphs of a part; a folded answer is one paragraph, which starts with its summary.
    #[track_caller]
    fn part(&self, title: &str) -> Vec<String> {
        let heading = format!("\n## {title}\n");
        let rest = self.text.split_once(&heading).unwrap_or_else(|| panic!("{}", self.name)).1;
        let part = rest.split("\n## ").next().unwrap();
        let folded = part.replace("</summary>\n\n", ": ").replace("\n\n</details>", "</details>");
        folded.trim().split("\n\n").map(str::to_owned).collect()
    }
}

fn course() -> PathBuf {
    workspace().join("examples/course")
}

/// The content of a folded answer.
#[track_caller]
fn answer<'a>(paragraph: &'a str, summary: &str) -> &'a str {
    let start = format!("<details><summary>{summary}: ");
    let content = paragraph.strip_prefix(&start).and_then(|it| it.strip_suffix("</details>"));
    content.unwrap_or_else(|| panic!("no {summary}: {paragraph}"))
}

/// The letters of the options `- A. …`, of which there are several, in order.
#[track_caller]
fn letters(options: &str) -> Vec<&str> {
    let options = options.lines().filter_map(|line| line.strip_prefix("- "));
    let letters: Vec<_> = options.map(|it| it.split_once(". ").unwrap().0).collect();
    assert!((2..=4).contains(&letters.len()), "{letters:?}");
    assert_eq!(letters, ["A", "B", "C", "D"][..letters.len()]);
    letters
}

#[test]
fn each_example_has_a_lesson_and_the_course_is_numbered() {
    let names: BTreeSet<_> = Lesson::all().map(|lesson| format!("{}.md", lesson.name)).collect();
    let entries = fs::read_dir(course()).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let lessons: BTreeSet<_> =
        files.filter(|it| it.ends_with(".md") && it != "README.md").collect();
    assert_eq!(lessons, names);

    let index = fs::read_to_string(course().join("README.md")).unwrap();
    for (number, Lesson { name, text }) in Lesson::all().enumerate() {
        let title = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let entry = if number < LESSONS {
            let title = title.strip_prefix(&format!("{number}. "));
            let title = title.unwrap_or_else(|| panic!("{name} is not lesson {number}"));
            format!("\n| {number} | [{title}]({name}.md) |")
        } else {
            assert!(title.starts_with(char::is_alphabetic), "{name}: {title}");
            format!("]({name}.md)")
        };
        assert!(index.contains(&entry), "the index has no {entry}");
    }
}

#[test]
fn each_lesson_has_its_parts_in_order() {
    for lesson in Lesson::all() {
        let titles = lesson.text.lines().filter_map(|line| line.strip_prefix("## "));
        assert_eq!(titles.collect::<Vec<_>>(), PARTS, "{}", lesson.name);
        let name = &lesson.name;
        let [idea, program] = &lesson.part("The idea")[..] else { panic!("{name}") };
        assert_eq!(idea.matches(". ").count(), 0, "not one sentence: {idea}");
        assert_eq!(*program, format!("Program: [`{name}.rs`](../src/bin/{name}.rs)"));
        let commands = format!("```sh\nrecorder run {name}");
        assert!(lesson.part("The run")[0].starts_with(&commands), "{name}");
        let mistakes = lesson.part("What beginners get wrong");
        assert!(mistakes.iter().all(|paragraph| paragraph.starts_with("- ")), "{name}");
    }
}

#[test]
fn each_guess_has_options_and_each_question_an_answer() {
    for lesson in Lesson::all() {
        let guesses = lesson.part("Your guess");
        let (guesses, rest) = guesses.as_chunks();
        assert!(!guesses.is_empty() && rest.is_empty(), "{}: {rest:?}", lesson.name);
        for [question, options, folded] in guesses {
            assert!(question.ends_with('?'), "{question}");
            let right = answer(folded, "Answer").split_once('.').unwrap().0;
            assert!(letters(options).contains(&right), "{folded}");
        }
        let questions = lesson.part("Questions");
        let (questions, rest) = questions.as_chunks();
        assert!(!questions.is_empty() && rest.is_empty(), "{}: {rest:?}", lesson.name);
        for [question, folded] in questions {
            assert!(question.contains('?'), "{question}");
            answer(folded, "Answer");
        }
    }
}

#[test]
fn each_change_is_a_patch_that_promises_something() {
    let entries = fs::read_dir(course()).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut unused: BTreeSet<_> = files.filter(|name| name.ends_with(".patch")).collect();
    for (number, lesson) in Lesson::all().enumerate() {
        let (options, changes): (Vec<_>, Vec<_>) =
            lesson.part("A change").into_iter().partition(|it| it.starts_with("- "));
        let (changes, rest) = changes.as_chunks();
        assert!(!changes.is_empty() && rest.is_empty(), "{}: {rest:?}", lesson.name);
        // The lessons of the course ask for a guess.
        let guessed = if number < LESSONS { changes.len() } else { 0 };
        assert_eq!(options.len(), guessed, "{}", lesson.name);
        for (options, [_, folded]) in options.iter().zip(changes) {
            let right = answer(folded, "What happens").split_once('.').unwrap().0;
            assert!(letters(options).contains(&right), "{folded}");
        }
        for (index, [change, folded]) in changes.iter().enumerate() {
            let number = if index == 0 { String::new() } else { format!(".{}", index + 1) };
            let file = format!("{}{number}.patch", lesson.name);
            assert!(change.starts_with(&format!("[`{file}`]({file}): ")), "{change}");
            assert!(unused.remove(&file), "there is no {file}");
            let patch = fs::read_to_string(course().join(&file)).unwrap();
            let path = format!("examples/src/bin/{}.rs", lesson.name);
            let (head, _) = patch.split_once(&format!("\n--- a/{path}\n+++ b/{path}\n")).unwrap();
            let expected: Vec<_> =
                head.lines().filter_map(|line| line.strip_prefix("Expect: ")).collect();
            assert!(!expected.is_empty(), "{file}");
            // The words name what the patch promises.
            let happens = answer(folded, "What happens");
            for code in expected.iter().filter_map(|it| it.strip_prefix("error ")) {
                assert!(happens.contains(code), "{file}: {code}");
            }
        }
    }
    assert!(unused.is_empty(), "no lesson has {unused:?}");
}

#[test]
fn the_first_program_with_a_channel_has_15_lines_of_code() {
    let path = workspace().join("examples/src/bin/hello_channel.rs");
    let source = fs::read_to_string(path).unwrap();
    let lines = source.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!(code.count() <= 15);
}

#[test]
fn links_of_lessons_lead_to_files() {
    let texts = Lesson::all().map(|lesson| lesson.text);
    let pages =
        ["course/README.md", "README.md"].map(|page| workspace().join("examples").join(page));
    let [index, overview] = pages.map(|page| fs::read_to_string(page).unwrap());
    for (text, from) in texts
        .chain([index])
        .map(|text| (text, course()))
        .chain([(overview, workspace().join("examples"))])
    {
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            assert!(from.join(file).exists(), "{link} leads nowhere");
        }
    }
}
