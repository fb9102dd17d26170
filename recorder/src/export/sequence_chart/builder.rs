//! Makes a chart from the items.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::export::sequence_chart::{
    Awaited, Chart, End, LeftOut, Limits, Mark, Message, Point, Wait,
};
use crate::reading::Recording;
use crate::reading::catalog::Entities;
use crate::report::summary::duration;
use crate::timeline::item::{Arrow, Fate, Item, LEFT_OUT, PAUSED, RESUMED, Slice, short};

/// Makes a chart, item by item.
#[derive(Debug)]
pub struct ChartBuilder<'a> {
    entities: &'a Entities,
    limits: Limits,
    /// The threads that have done something, but no more than may be shown.
    threads: BTreeSet<usize>,
    hidden_threads: BTreeSet<usize>,
    /// The first slices that were told.
    head: Vec<Slice>,
    /// The last ones, where the head is full.
    tail: VecDeque<Slice>,
    left_out: usize,
    /// What became of the messages whose sends are kept, as far as it is known.
    fates: HashMap<u64, Option<Fate>>,
}

/// What a slice is in a chart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Send(u64),
    Receive(u64),
    Wait,
    Mark,
    /// It is not in the chart.
    Nothing,
}

fn role(slice: &Slice) -> Role {
    match (&slice.arrow, slice.channel()) {
        _ if [PAUSED, RESUMED, LEFT_OUT].contains(&slice.verb) => Role::Mark,
        (_, None) if slice.is_wait() => Role::Wait,
        (_, None) => Role::Nothing,
        (Some(Arrow::From(arrows)), _) => Role::Send(arrows.start),
        (Some(Arrow::To(arrow)), _) => Role::Receive(*arrow),
        // Nobody else learns anything by it.
        (None, _) if slice.note == "returning" => Role::Nothing,
        (None, _) if slice.note == "waiting" => Role::Wait,
        // `try_send` does not wait.
        (None, _) if slice.note == "full" && slice.operation == "send" => Role::Wait,
        (None, _) => Role::Mark,
    }
}

impl<'a> ChartBuilder<'a> {
    /// Of a run of which nothing has been told yet.
    pub fn new(recording: &'a Recording, limits: Limits) -> Self {
        ChartBuilder {
            entities: &recording.entities,
            limits,
            threads: BTreeSet::new(),
            hidden_threads: BTreeSet::new(),
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
            fates: HashMap::new(),
        }
    }

    /// Takes in an item.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Slice(slice) => self.slice(slice),
            Item::Flight(flight) => {
                if let Some(fate) = self.fates.get_mut(&flight.arrow) {
                    *fate = Some(flight.fate);
                }
            }
            _ => {}
        }
    }

    fn slice(&mut self, slice: &Slice) {
        let role = role(slice);
        if role == Role::Nothing {
            return;
        }
        if !self.threads.contains(&slice.thread) {
            if self.threads.len() >= self.limits.threads {
                self.hidden_threads.insert(slice.thread);
                return;
            }
            self.threads.insert(slice.thread);
        }
        if let Role::Send(arrow) = role {
            self.fates.insert(arrow, None);
        }
        if self.head.len() < self.limits.events.div_ceil(2) {
            self.head.push(slice.clone());
            return;
        }
        self.tail.push_back(slice.clone());
        if self.tail.len() > self.limits.events / 2 {
            self.left_out += 1;
            if let Some(Arrow::From(arrows)) = self.tail.pop_front().and_then(|slice| slice.arrow) {
                self.fates.remove(&arrows.start);
            }
        }
    }

    /// The chart of all that was told.
    pub fn finish(self) -> Chart<'a> {
        // Until when the beginning of the run is there.
        let known = self.head.iter().map(|slice| slice.end.unwrap_or(slice.begin)).max();
        let mut slices = self.head;
        slices.extend(self.tail);
        // A wait is told when it is over. What is told in order stays so at equal times.
        slices.sort_by_key(|slice| slice.begin);

        let channels: BTreeSet<_> = slices.iter().filter_map(Slice::channel).collect();
        let names = Names { entities: self.entities, several: channels.len() > 1 };
        let lifelines: Vec<_> = self.threads.into_iter().collect();
        let (rows, row_of) = rows(self.entities, &slices);
        let points: Vec<_> = slices
            .iter()
            .zip(row_of)
            .map(|(slice, row)| Point {
                lifeline: lifelines.partition_point(|&thread| thread < slice.thread),
                row,
                time: slice.begin,
            })
            .collect();

        let mut chart = Chart {
            entities: self.entities,
            channels: channels.into_iter().collect(),
            messages: Vec::new(),
            waits: Vec::new(),
            marks: Vec::new(),
            left_out: LeftOut {
                events: self.left_out,
                row: rows.partition_point(|&time| known.is_some_and(|known| time <= known)),
                threads: self.hidden_threads.len(),
            },
            rows,
            lifelines,
        };
        // The places in `messages` of those whose sends are shown.
        let mut sent = HashMap::new();
        for (index, (slice, &at)) in slices.iter().zip(&points).enumerate() {
            match role(slice) {
                Role::Send(arrow) => {
                    let to = match self.fates.get(&arrow) {
                        Some(Some(Fate::Lost)) => End::Lost,
                        _ => End::NotShown,
                    };
                    sent.insert(arrow, chart.messages.len());
                    chart.messages.push(names.message(slice, Some(at), to));
                }
                Role::Receive(arrow) => {
                    if let Some(&place) = sent.get(&arrow) {
                        let message = &mut chart.messages[place];
                        message.to = End::Received(at);
                        message.details += &format!("; {}", names.details(slice));
                    } else {
                        chart.messages.push(names.message(slice, None, End::Received(at)));
                    }
                }
                Role::Wait => {
                    let end = slice.end.map(|end| after(end, index, &points, &chart.rows));
                    chart.waits.push(Wait {
                        begin: at,
                        end,
                        awaited: match slice.channel() {
                            None => Awaited::Other,
                            Some(_) if slice.operation == "send" => Awaited::Room,
                            Some(_) => Awaited::Message,
                        },
                        name: names.short(slice),
                        details: names.details(slice),
                        length: names.length(slice),
                    });
                }
                Role::Mark => {
                    let (name, details) = (names.short(slice), names.details(slice));
                    chart.marks.push(Mark { at, name, details });
                }
                Role::Nothing => {}
            }
        }
        chart
    }
}

/// The times of the rows, and the row of each slice.
fn rows(entities: &Entities, slices: &[Slice]) -> (Vec<u64>, Vec<usize>) {
    let (mut rows, mut row_of) = (Vec::new(), Vec::new());
    let mut before: Option<&Slice> = None;
    for slice in slices {
        if !before.is_some_and(|before| is_handed_over(entities, before, slice)) {
            rows.push(slice.begin);
        }
        row_of.push(rows.len() - 1);
        before = Some(slice);
    }
    (rows, row_of)
}

/// Whether `next` receives what `slice` sends, and has waited for it.
fn is_handed_over(entities: &Entities, slice: &Slice, next: &Slice) -> bool {
    let (Role::Send(sent), Role::Receive(received)) = (role(slice), role(next)) else {
        return false;
    };
    let rendezvous =
        next.channel().is_some_and(|channel| entities.channels[channel].bound == Some(0));
    sent == received && (rendezvous || next.waited.is_some())
}

/// Where a wait ends that begins at one of the points: at what its thread does next, or where
/// that is not shown, at what anybody does.
fn after(end: u64, begin: usize, points: &[Point], rows: &[u64]) -> Point {
    let lifeline = points[begin].lifeline;
    let from = points.partition_point(|point| point.time < end).max(begin + 1);
    // A wait ends a nanosecond before what ends it.
    let mut next = points[from..].iter().take_while(|point| point.time <= end.saturating_add(1));
    next.find(|point| point.lifeline == lifeline).copied().unwrap_or(Point {
        lifeline,
        row: rows.partition_point(|&time| time < end),
        time: end,
    })
}

/// What things are called.
struct Names<'a> {
    entities: &'a Entities,
    /// Whether there are several channels, so that it has to be said which.
    several: bool,
}

impl Names<'_> {
    /// The message of a slice that sends or receives it.
    fn message(&self, slice: &Slice, from: Option<Point>, to: End) -> Message {
        /// So many characters of a value are shown.
        const VALUE: usize = 24;
        let channel = slice.channel().filter(|_| self.several);
        Message {
            channel: channel.map(|channel| self.entities.channels[channel].label.clone()),
            label: slice.message.map_or_else(String::new, |number| match &slice.words {
                Some(value) => format!("#{number} {}", short(value, VALUE)),
                None => format!("#{number}"),
            }),
            details: self.details(slice),
            from,
            to,
        }
    }

    /// What a wait or a mark is called.
    fn short(&self, slice: &Slice) -> String {
        if slice.verb == "channel" {
            return format!("new {}", slice.name(self.entities));
        }
        let is_said = self.several || slice.channel().is_none();
        // That it waits is what a wait's picture shows.
        let note = if role(slice) == Role::Wait { "" } else { slice.note };
        Slice { on: slice.on.filter(|_| is_said), note, ..slice.clone() }.name(self.entities)
    }

    /// All that is known of what a slice shows.
    fn details(&self, slice: &Slice) -> String {
        let mut details = self.entities.threads[slice.thread].name.clone();
        details += &format!(": {}", slice.name(self.entities));
        if let Some(number) = slice.message {
            details += &format!(" #{number}");
        }
        details += &format!(", {}", duration(slice.begin));
        match role(slice) {
            Role::Wait if slice.end.is_none() => details += ", never ends",
            Role::Wait => details += &format!(", for {}", duration(self.length(slice))),
            _ => {}
        }
        if let Some(latency) = slice.latency {
            details += &format!(", {} after its send began", duration(latency));
        }
        if let Some(site) = slice.site {
            details += &format!(", {}", self.entities.sites[site]);
        }
        details
    }

    fn length(&self, slice: &Slice) -> u64 {
        let end = self.entities.end_of(self.entities.threads[slice.thread].process);
        slice.end.unwrap_or(end).saturating_sub(slice.begin)
    }
}
