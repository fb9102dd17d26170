//! Reads a lesson in the form that `examples/course/README.md` describes.

use serde::Serialize;
use thiserror::Error;

use super::prose::{self, Block, Inline, text_of};

/// The parts of a lesson, in order.
const PARTS: [&str; 7] = [
    "The idea",
    "Your guess",
    "The run",
    "Why",
    "A change",
    "Questions",
    "What beginners get wrong",
];

const ANSWER: &str = "Answer";
const WHAT_HAPPENS: &str = "What happens";

/// A lesson does not have its form.
#[derive(Debug, Error)]
#[error("lesson {lesson}: {problem}")]
pub struct Error {
    /// The name of the lesson.
    pub lesson: String,
    /// What is wrong.
    pub problem: String,
}

/// A lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// Its number in the course.
    pub number: u32,
    /// Its title, without the number.
    pub title: String,
    /// The idea, in a sentence.
    pub idea: Vec<Inline>,
    /// What is asked before anything is shown.
    pub guesses: Vec<Guess>,
    /// What there is to see in the run.
    pub run: Vec<Block>,
    /// The explanation.
    pub why: Vec<Block>,
    /// Changes to the program.
    pub changes: Vec<Change>,
    /// Questions at the end.
    pub questions: Vec<Question>,
    /// What beginners get wrong.
    pub mistakes: Vec<Block>,
}

/// A question with answers to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// The question.
    pub question: Vec<Block>,
    /// The answers, without their letters: A, B, ….
    pub options: Vec<Vec<Inline>>,
    /// Index of the right one.
    pub right: usize,
    /// Why it is right, without its letter.
    pub answer: Vec<Block>,
}

/// A change to the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What changes, and what is asked about it.
    pub text: Vec<Block>,
    /// What could happen, without letters. A lesson that has no number may have none.
    pub options: Vec<Vec<Inline>>,
    /// Index of what does happen.
    pub right: usize,
    /// What happens then, without its letter.
    pub happens: Vec<Block>,
}

/// A question, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question.
    pub question: Vec<Block>,
    /// Its answer.
    pub answer: Vec<Block>,
}

type Result<T> = std::result::Result<T, String>;

impl Lesson {
    /// Reads a numbered lesson.
    ///
    /// # Errors
    /// It does not have its form.
    pub fn parse(name: &str, text: &str) -> std::result::Result<Self, Error> {
        parse(text, true).map_err(|problem| Error { lesson: name.to_owned(), problem })
    }

    /// Reads a lesson that has no number. Its number is 0.
    ///
    /// # Errors
    /// It does not have its form.
    pub fn parse_further(name: &str, text: &str) -> std::result::Result<Self, Error> {
        parse(text, false).map_err(|problem| Error { lesson: name.to_owned(), problem })
    }
}

fn parse(text: &str, is_in_course: bool) -> Result<Lesson> {
    let heading = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let heading = heading.ok_or("the first line is not its title")?;
    let numbered = heading.split_once(". ").and_then(|(n, title)| Some((n.parse().ok()?, title)));
    let (number, title) = match numbered {
        Some(numbered) => numbered,
        None if is_in_course => return Err("its title has no number".into()),
        None => (0, heading),
    };
    let mut sections = text.split("\n## ");
    sections.next();
    let sections: Vec<_> = sections.map(|it| it.split_once('\n').unwrap_or((it, ""))).collect();
    let names: Vec<_> = sections.iter().map(|(name, _)| name.trim()).collect();
    if names != PARTS {
        return Err(format!("its parts are {names:?}, not {PARTS:?}"));
    }
    let [idea, guess, run, why, change, questions, mistakes] =
        std::array::from_fn(|i| sections[i].1);
    let located = |part: usize| move |problem| format!("{:?}: {problem}", PARTS[part]);
    Ok(Lesson {
        number,
        title: title.to_owned(),
        idea: idea_of(idea).map_err(located(0))?,
        guesses: guesses(guess).map_err(located(1))?,
        run: prose::parse(run).map_err(located(2))?,
        why: prose::parse(why).map_err(located(3))?,
        changes: changes(change, is_in_course).map_err(located(4))?,
        questions: answered(questions, ANSWER).map_err(located(5))?,
        mistakes: prose::parse(mistakes).map_err(located(6))?,
    })
}

fn idea_of(text: &str) -> Result<Vec<Inline>> {
    match &mut *prose::parse(text)? {
        [Block::Paragraph(idea), Block::Paragraph(program)]
            if text_of(program).starts_with("Program: ") =>
        {
            Ok(std::mem::take(idea))
        }
        _ => Err("it is not a sentence and a link to the program".into()),
    }
}

/// Pairs of prose and what is folded away below it.
fn answered(text: &str, summary: &str) -> Result<Vec<Question>> {
    let opening = format!("<details><summary>{summary}</summary>");
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((question, after)) = rest.split_once(&opening) {
        let (answer, after) = after.split_once("</details>").ok_or("an answer has no end")?;
        let (question, answer) = (prose::parse(question)?, prose::parse(answer)?);
        if question.is_empty() || answer.is_empty() {
            return Err("a question or its answer is empty".into());
        }
        pairs.push(Question { question, answer });
        rest = after;
    }
    match rest.trim() {
        "" if !pairs.is_empty() => Ok(pairs),
        "" => Err("it is empty".into()),
        rest => Err(format!("{:?} has no {summary:?}", rest.lines().next().unwrap_or(rest))),
    }
}

fn guesses(text: &str) -> Result<Vec<Guess>> {
    answered(text, ANSWER)?.into_iter().map(guess).collect()
}

fn guess(Question { mut question, mut answer }: Question) -> Result<Guess> {
    let Some(Block::List(mut options)) = question.pop_if(|last| matches!(last, Block::List(_)))
    else {
        return Err("a guess has no answers to choose from".into());
    };
    for (option, letter) in options.iter_mut().zip('A'..) {
        take_letter(option, letter)?;
    }
    let Some(Block::Paragraph(first)) = answer.first_mut() else {
        return Err("an answer does not start with a paragraph".into());
    };
    let letter = text_of(first).chars().next().unwrap_or(' ');
    let right = ('A'..).take(options.len()).position(|it| it == letter);
    let right = right.ok_or("an answer does not start with the letter of an option")?;
    take_letter(first, letter)?;
    Ok(Guess { question, options, right, answer })
}

/// Removes `A. ` from the start.
fn take_letter(inlines: &mut [Inline], letter: char) -> Result<()> {
    let wrong = || format!("{:?} does not start with {letter:?}", text_of(inlines));
    let prefix = format!("{letter}. ");
    let Some(Inline::Text(text)) = inlines.first() else { return Err(wrong()) };
    let text = text.strip_prefix(&prefix).ok_or_else(wrong)?.to_owned();
    inlines[0] = Inline::Text(text);
    Ok(())
}

fn changes(text: &str, needs_options: bool) -> Result<Vec<Change>> {
    let changes = answered(text, WHAT_HAPPENS)?.into_iter().map(|it| {
        let has_options = matches!(it.question.last(), Some(Block::List(_)));
        let Guess { mut question, options, right, answer } = match needs_options || has_options {
            true => guess(it)?,
            false => Guess { question: it.question, options: vec![], right: 0, answer: it.answer },
        };
        let Some(Block::Paragraph(first)) = question.first_mut() else {
            return Err("a change does not start with a paragraph".to_owned());
        };
        match &mut **first {
            [Inline::Code(patch), Inline::Text(rest), ..] if patch.ends_with(".patch") => {
                *rest = capitalized(rest.trim_start_matches(": "));
                first.remove(0);
                Ok(Change { text: question, options, right, happens: answer })
            }
            _ => Err(format!("{:?} does not start with a link to a patch", text_of(first))),
        }
    });
    changes.collect()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "\
# 4. Many <b>may</b> send

## The idea

Several `send`.

Program: [`fan_in.rs`](../src/bin/fan_in.rs)

## Your guess

Who is first?

- A. Anna.
- B. Ben.

<details><summary>Answer</summary>

B. He is faster.

</details>

## The run

```sh
recorder run fan_in
```

## Why

Because.

## A change

[`fan_in.patch`](fan_in.patch): the belt is short. What now?

- A. It ends.
- B. It waits.

<details><summary>What happens</summary>

B. It waits for ever.

</details>

## Questions

Why?

<details><summary>Answer</summary>

So.

</details>

## What beginners get wrong

- \"It is magic.\" It is not.
";

    #[test]
    fn a_lesson_has_its_parts() {
        let lesson = Lesson::parse("fan_in", &LESSON.replace("<b>may</b>", "may")).unwrap();
        assert_eq!((lesson.number, &*lesson.title), (4, "Many may send"));
        assert_eq!(text_of(&lesson.idea), "Several send.");
        let [guess] = &*lesson.guesses else { panic!("{:?}", lesson.guesses) };
        assert_eq!(guess.right, 1);
        assert_eq!(
            guess.options.iter().map(|it| text_of(it)).collect::<Vec<_>>(),
            ["Anna.", "Ben."]
        );
        assert_eq!(guess.answer, [Block::Paragraph(vec![Inline::Text("He is faster.".into())])]);
        let [Block::Paragraph(change)] = &*lesson.changes[0].text else { panic!() };
        assert_eq!(text_of(change), "The belt is short. What now?");
        assert_eq!((lesson.changes[0].options.len(), lesson.changes[0].right), (2, 1));
        assert_eq!(lesson.run, [Block::Code("recorder run fan_in".into())]);
    }

    #[test]
    fn a_change_of_a_further_lesson_may_have_no_options() {
        let text = LESSON
            .replace("# 4. Many <b>may</b> send", "# Many may send")
            .replace("\n- A. It ends.\n- B. It waits.\n", "");
        assert!(Lesson::parse_further("fan_in", &text).unwrap().changes[0].options.is_empty());
    }

    #[test]
    fn a_lesson_without_its_form_is_an_error() {
        let refused = |from: &str, to: &str, problem: &str| {
            let text = LESSON.replace(from, to);
            assert_ne!(text, LESSON);
            let error = Lesson::parse("fan_in", &text).unwrap_err().to_string();
            assert!(error.contains("lesson fan_in: ") && error.contains(problem), "{error}");
        };
        refused("# 4. ", "# ", "its title has no number");
        refused("## Why", "## Wherefore", "Wherefore");
        refused("B. He", "He", "letter");
        refused("B. He", "C. He", "letter");
        refused("\n- A. Anna.\n- B. Ben.\n", "", "no answers to choose from");
        refused("\n- A. It ends.\n- B. It waits.\n", "", "no answers to choose from");
        refused("B. It waits for", "It waits for", "letter");
        refused(
            "<details><summary>Answer</summary>\n\nSo.\n\n</details>\n",
            "",
            "has no \"Answer\"",
        );
        refused("[`fan_in.patch`](fan_in.patch): t", "T", "link to a patch");
        refused("Because.", "<p>Because.</p>", "not used in lessons");
    }
}
