//! The file of an exercise: the facts that its program must show, and the hints. `docs/exercises.md`
//! describes it.

use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::analysis::findings::Code;
use crate::workspace::suggest;

/// The name of the file.
pub const FILE: &str = "facts.toml";

/// An exercise, as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// What the exercise is called.
    pub title: String,
    /// The binary or example of the workspace. Without it, and without a command, the name of the
    /// file's directory.
    #[serde(default)]
    pub program: Option<String>,
    /// A command and its arguments, instead of a program of the workspace.
    #[serde(default, deserialize_with = "command")]
    pub command: Option<Vec<String>>,
    /// How long a run may take.
    #[serde(default = "default_timeout", deserialize_with = "duration")]
    pub timeout: Duration,
    /// How many runs must show the facts.
    #[serde(default = "default_runs")]
    pub runs: NonZeroU32,
    /// Facts about the run as a whole.
    #[serde(default)]
    pub run: RunFacts,
    /// Facts about messages: of all channels, or of those that carry a type.
    #[serde(default)]
    pub messages: Vec<MessageFacts>,
    /// The hints, in the order in which students get them.
    #[serde(default, rename = "hint")]
    pub hints: Vec<Hint>,
}

/// Facts about a run as a whole.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunFacts {
    /// The exit status.
    pub status: u8,
    /// Lines that the program prints, in any order.
    pub prints: Vec<String>,
    /// How many channels it makes.
    pub channels: Option<Count>,
    /// How long its threads work at least, all together.
    #[serde(deserialize_with = "some_duration")]
    pub work: Option<Duration>,
    /// How long the run takes at most, in percent of the time that its threads work.
    pub max_time_percent: Option<u64>,
    /// Findings that the report must not have.
    #[serde(deserialize_with = "codes")]
    pub no_findings: Vec<Code>,
}

/// Facts about messages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageFacts {
    /// Only the channels with this type of message.
    pub carries: Option<String>,
    /// What a message is called in a sentence: `page`.
    pub called: Option<String>,
    /// How many are sent.
    pub sent: Option<Count>,
    /// How many are received.
    pub received: Option<Count>,
    /// The values that are received, in this order.
    pub values: Option<Vec<String>>,
    /// Names of threads, each of which sends at least one.
    pub sent_by: Vec<String>,
    /// Names of threads, each of which receives at least one.
    pub received_by: Vec<String>,
    /// How many threads send.
    pub senders: Option<Count>,
    /// How many threads receive.
    pub receivers: Option<Count>,
    /// How many messages are in one channel at most.
    pub max_depth: Option<u64>,
    /// How many receives that do not wait find nothing.
    pub polls: Option<Count>,
    /// How many receives give up after a timeout.
    pub timeouts: Option<Count>,
}

/// A hint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// When it is given; always, without a condition.
    #[serde(default)]
    pub when: Option<Condition>,
    /// The hint: a sentence or two.
    pub text: String,
}

/// A kind of fact, by the name that it has in the file.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields of the same names are documented")]
pub enum Fact {
    /// The program compiles. Every exercise has this fact and the next.
    Compiles,
    /// The program ends by itself, in time.
    Ends,
    Status,
    Prints,
    Channels,
    Work,
    MaxTimePercent,
    NoFindings,
    Sent,
    Received,
    Values,
    SentBy,
    ReceivedBy,
    Senders,
    Receivers,
    MaxDepth,
    Polls,
    Timeouts,
}

/// When a hint is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A fact of this kind is not met.
    Unmet(Fact),
    /// The report has a finding of this kind.
    Finding(Code),
    /// The compiler reports this error: `E0382`.
    Error(String),
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = de::value::StrDeserializer::<de::value::Error>::new(text);
        if let Ok(fact) = Fact::deserialize(name) {
            return Ok(Condition::Unmet(fact));
        }
        let digits = text.strip_prefix('E').unwrap_or_default();
        if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Condition::Error(text.to_owned()));
        }
        code(text).map(Condition::Finding).map_err(|_| {
            format!(
                "{text:?} is neither a fact of this file (such as ends or received), nor a finding \
                 (such as deadlock), nor an error of the compiler (such as E0382)"
            )
        })
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A number that a fact allows: `3`, or `{ min = 3, max = 5 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Count {
    /// Whether this number is allowed.
    pub fn allows(self, number: u64) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

/// `3`, `no`, `at least 3`, `at most 5`, `3 to 5`
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Count { max: 0, .. } => f.write_str("no"),
            Count { min, max } if min == max => min.fmt(f),
            Count { min, max: u64::MAX } => write!(f, "at least {min}"),
            Count { min: 0, max } => write!(f, "at most {max}"),
            Count { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number like 3, or a range like { min = 3, max = 5 }")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Count, E> {
        let number = u64::try_from(number);
        let number = number.map_err(|_| E::custom("a number of things is not negative"))?;
        Ok(Count { min: number, max: number })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Count, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Range {
            min: Option<u64>,
            max: Option<u64>,
        }
        let Range { min, max } = Range::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let count = Count { min: min.unwrap_or(0), max: max.unwrap_or(u64::MAX) };
        match count.min <= count.max {
            true => Ok(count),
            false => Err(de::Error::custom("the minimum is larger than the maximum")),
        }
    }
}

fn default_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_runs() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(4)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|_| de::Error::custom(format!("{text:?} is not a time like \"200ms\" or \"10s\"")))
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    match Vec::deserialize(deserializer)? {
        words if words.is_empty() => Err(de::Error::custom("the command is empty")),
        words => Ok(Some(words)),
    }
}

fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Code>, D::Error> {
    let names: Vec<String> = Vec::deserialize(deserializer)?;
    names.iter().map(|name| code(name)).collect::<Result<_, _>>().map_err(de::Error::custom)
}

fn code(name: &str) -> Result<Code, String> {
    let code = Code::ALL.iter().copied().find(|code| code.name() == name);
    code.ok_or_else(|| {
        let names = Code::ALL.iter().map(|code| code.name());
        format!("there is no finding {name:?}{}", suggest(name, names))
    })
}

/// Why the file of an exercise cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what `docs/exercises.md` describes.
    #[error("{}{}: {message}\ndocs/exercises.md describes this file", .path.display(), at(.line))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, if the error is in one.
        line: Option<usize>,
        /// The error.
        message: String,
    },
}

fn at(line: &Option<usize>) -> String {
    line.map_or(String::new(), |line| format!(":{line}"))
}

impl Facts {
    /// Reads the file at a path.
    ///
    /// # Errors
    /// It cannot be read, or it is not such a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        Facts::parse(&text, path)
    }

    /// Parses the text of a file; the path is for errors.
    ///
    /// # Errors
    /// It is not such a file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let wrong = |line, message| Error::Wrong { path: path.to_owned(), line, message };
        let facts: Facts = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| {
                1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
            });
            wrong(line, error.message().to_owned())
        })?;
        if facts.program.is_some() && facts.command.is_some() {
            let message = "it names a program and a command; remove one of them".to_owned();
            return Err(wrong(None, message));
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = Facts::parse(text, Path::new("facts.toml")).unwrap_err().to_string();
        error.strip_suffix("\ndocs/exercises.md describes this file").unwrap().to_owned()
    }

    #[test]
    fn an_empty_exercise_has_defaults() {
        let facts = Facts::parse("title = \"x\"", Path::new("facts.toml")).unwrap();
        assert_eq!((facts.timeout, facts.runs.get()), (Duration::from_secs(10), 5));
        assert_eq!(facts.run.status, 0);
    }

    #[test]
    fn counts_are_numbers_or_ranges() {
        let text = "title = \"x\"\nmessages = [{ sent = 3, received = { min = 2 }, polls = 0 }]";
        let facts = Facts::parse(text, Path::new("facts.toml")).unwrap();
        let MessageFacts { sent, received, polls, .. } = &facts.messages[0];
        let words = [sent, received, polls].map(|count| count.unwrap().to_string());
        assert_eq!(words, ["3", "at least 2", "no"]);
        assert!(received.unwrap().allows(2) && !received.unwrap().allows(1));
    }

    #[test]
    fn errors_name_the_line_and_what_is_possible() {
        let title = "title = \"x\"\n";
        let unknown = error(&format!("{title}[[messages]]\nrecieved = 3"));
        assert!(unknown.starts_with("facts.toml:3: unknown field `recieved`"), "{unknown}");
        assert!(unknown.contains("`received`"), "{unknown}");
        for (text, expected) in [
            (
                "[[messages]]\nsent = \"3\"",
                "facts.toml:3: invalid type: string \"3\", expected a number like 3",
            ),
            ("[[messages]]\nsent = -3", "facts.toml:3: a number of things is not negative"),
            ("[[messages]]\nsent = { min = 3, max = 2 }", "facts.toml:3: the minimum is larger"),
            (
                "timeout = \"soon\"",
                "facts.toml:2: \"soon\" is not a time like \"200ms\" or \"10s\"",
            ),
            (
                "[run]\nno_findings = [\"deadlok\"]",
                "facts.toml:3: there is no finding \"deadlok\"; did you mean \"deadlock\"?",
            ),
            ("[[hint]]\nwhen = \"end\"\ntext = \"\"", "facts.toml:3: \"end\" is neither a fact"),
            ("program = \"a\"\ncommand = [\"b\"]", "facts.toml: it names a program and a command"),
            ("command = []", "facts.toml:2: the command is empty"),
        ] {
            let found = error(&format!("{title}{text}"));
            assert!(found.starts_with(expected), "{text}: {found}");
        }
        assert!(error("runs = 3").contains("missing field `title`"));
    }

    #[test]
    fn hints_depend_on_facts_findings_and_errors() {
        assert_eq!("max_depth".parse(), Ok(Condition::Unmet(Fact::MaxDepth)));
        assert_eq!("lost-messages".parse(), Ok(Condition::Finding(Code::LostMessages)));
        assert_eq!("E0382".parse(), Ok(Condition::Error("E0382".to_owned())));
    }
}
