//! Parses the event text, independently of the recorder's own reader.

use std::collections::{BTreeMap, HashMap};

/// An event text.
pub(crate) struct Text(String);

/// An event. Its strings are read up to the first quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) process: u64,
    pub(crate) thread: u64,
    /// The number of its block in the text.
    block: usize,
    pub(crate) name: &'a str,
    fields: &'a str,
}

impl Event<'_> {
    #[track_caller]
    pub(crate) fn number(&self, key: &str) -> u64 {
        value(self.fields, key).parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn text(&self, key: &str) -> &str {
        let quoted = value(self.fields, key).strip_prefix('"').unwrap();
        quoted.split_once('"').unwrap().0
    }

    /// A string as it is written, with its escapes.
    #[track_caller]
    pub(crate) fn escaped(&self, key: &str) -> &str {
        let quoted = value(self.fields, key).strip_prefix('"').unwrap();
        quoted.strip_suffix('"').unwrap()
    }

    /// Whether it is a send, or the end of one.
    pub(crate) fn is_send(&self) -> bool {
        self.name.starts_with("Send") && !self.name.starts_with("Sender")
            || self.name.starts_with("TrySend")
    }

    /// Whether it is a send or a receive, or the end of one.
    pub(crate) fn is_operation(&self) -> bool {
        self.is_send() || self.name.starts_with("Recv") || self.name.starts_with("Try")
    }

    /// Whether it records that a message was received.
    pub(crate) fn is_receive(&self) -> bool {
        ["Recv", "RecvEnd", "TryRecv", "RecvTimeout", "RecvTimeoutEnd"].contains(&self.name)
    }
}

/// The length of a quoted string, up to the first quote that is not escaped.
fn end_of_quoted(quoted: &str) -> usize {
    let mut escaped = false;
    let end = quoted.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.unwrap()
}

/// The text after `key=`; if it is quoted, with the rest of the line.
#[track_caller]
fn value<'a>(fields: &'a str, key: &str) -> &'a str {
    let mut rest = fields;
    while let Some((name, value)) = rest.split_once('=') {
        let length = match value.strip_prefix('"') {
            Some(quoted) => end_of_quoted(quoted) + 2,
            None => value.find(' ').unwrap_or(value.len()),
        };
        if name.trim_start() == key {
            return &value[..length];
        }
        rest = &value[length..];
    }
    panic!("there is no {key} in {fields:?}");
}

impl Text {
    pub(crate) fn new(text: String) -> Self {
        assert!(text.starts_with("channel-recording version=4\n"));
        Text(text)
    }

    /// All events, block by block.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    pub(crate) fn events(&self) -> Vec<Event<'_>> {
        let mut events = Vec::new();
        let (mut process, mut thread, mut block) = (0, 0, 0);
        for line in self.0.lines().skip(1) {
            let (first, rest) = line.split_once(' ').unwrap();
            if first == "block" {
                block += 1;
                process = value(rest, "process").parse().unwrap();
                thread = value(rest, "thread").parse().unwrap();
            } else {
                let (name, fields) = rest.split_once(' ').unwrap_or((rest, ""));
                events.push(Event { process, thread, block, name, fields });
            }
        }
        events
    }

    /// The number of events of each name.
    pub(crate) fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for event in self.events() {
            *counts.entry(event.name).or_default() += 1;
        }
        counts
    }

    /// The number of events with one of these names.
    pub(crate) fn count(&self, names: &[&str]) -> usize {
        let events = self.events();
        events.iter().filter(|event| names.contains(&event.name)).count()
    }

    /// The number of messages sent.
    pub(crate) fn sent(&self) -> usize {
        self.count(&["Send", "SendEnd", "TrySend"])
    }

    /// The number of messages received.
    pub(crate) fn received(&self) -> usize {
        self.events().iter().filter(|event| event.is_receive()).count()
    }

    /// The number of events that the threads could not record.
    pub(crate) fn dropped(&self) -> u64 {
        let blocks = self.0.lines().filter(|line| line.starts_with("block "));
        blocks.map(|line| value(line, "dropped").parse::<u64>().unwrap()).sum()
    }

    /// The names of the threads, by process and number.
    pub(crate) fn threads(&self) -> HashMap<(u64, u64), String> {
        let events = self.events();
        events
            .iter()
            .filter(|event| event.name == "ThreadStarted")
            .map(|event| ((event.process, event.thread), event.text("name").to_owned()))
            .collect()
    }

    /// The place in the source of every event that has one: `file:line:column`.
    pub(crate) fn places(&self) -> Vec<(Event<'_>, String)> {
        let events = self.events();
        let mut sites = HashMap::new();
        let mut places = Vec::new();
        for event in events {
            if event.name == "Site" {
                let (line, column) = (event.number("line"), event.number("column"));
                let place = format!("{}:{line}:{column}", event.text("file"));
                sites.insert((event.block, event.number("site")), place);
            } else if event.fields.split(' ').any(|field| field.starts_with("site=")) {
                let place = &sites[&(event.block, event.number("site"))];
                places.push((event, place.clone()));
            }
        }
        places
    }
}
