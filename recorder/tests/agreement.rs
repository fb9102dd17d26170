//! The summary, the timeline and the report agree with each other, and with the truth about the
//! program where the recording is whole.
//!
//! Each output is turned into an [`Account`] by a function of its own, the only one that knows the
//! types of that output: [`of_timeline`], [`of_report`] and [`of_truth`]. The summary is a text with
//! [`Totals`] of all threads and channels.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use recorder::reading::catalog::{ProcessIndex, ThreadIndex};
use recorder::reading::{self, Nanos, Recording};
use recorder::report::Report;
use recorder::report::json::{Document, SideRecord};
use recorder::report::summary::Summary;
use recorder::timeline::builder;
use recorder::timeline::item::{
    Activity, Count, Ending, Fate, Item, Slice, SliceKind, State, method,
};
use recorder_simulator::truth::{self, Truth};
use recorder_simulator::{
    Features, Simulated, as_flight_recordings, programs, with_dropped_records, with_gaps,
};
use typed_index_collections::TiVec;

/// The account that an output gives of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    /// In the order in which they were made.
    channels: Vec<ChannelAccount>,
    /// In the order in which they appeared.
    threads: Vec<ThreadAccount>,
    /// The locks that are held at the end, and the threads that hold them.
    held: BTreeSet<(String, String)>,
    /// Nanoseconds of waits that the timeline does not show, since it shows until then that their
    /// threads are in something that has ended in another order.
    hidden: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ChannelAccount {
    name: String,
    sent: u64,
    /// Messages that were received, but their sends are not recorded. Whether they count as sent
    /// depends on whether events are missing.
    received_only: u64,
    received: u64,
    /// Messages that nobody has received, or will.
    unreceived: u64,
    max_depth: u64,
    final_depth: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ThreadAccount {
    name: String,
    received: u64,
    /// Waits by call and what it is on, those included that have not ended.
    waits: BTreeMap<Place, Waits>,
    /// The wait that has not ended, and its start.
    waiting: Option<(Place, u64)>,
    /// Whether the timeline shows it from the end of something else, and it may have begun before.
    is_clamped: bool,
}

/// A call, and the name of what it is on.
type Place = (String, Option<String>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waits {
    count: u64,
    nanoseconds: u64,
}

impl ChannelAccount {
    /// The queue has this depth from now on.
    fn depth(&mut self, depth: u64) {
        self.max_depth = self.max_depth.max(depth);
        self.final_depth = depth;
    }
}

impl ThreadAccount {
    fn add_wait(&mut self, place: Place, nanoseconds: u64) {
        let waits = self.waits.entry(place).or_default();
        waits.count += 1;
        waits.nanoseconds = waits.nanoseconds.saturating_add(nanoseconds);
    }

    /// Moves the start of the wait that has not ended to the one that another output has, if the
    /// timeline may not show that.
    fn unclamped(mut self, other: &Self) -> Self {
        // An event may be moved by a nanosecond to where it is possible.
        if let (Some((place, begin)), Some((_, earlier))) = (&mut self.waiting, &other.waiting)
            && (earlier < begin && self.is_clamped || *earlier + 1 == *begin)
        {
            self.waits.get_mut(place).unwrap().nanoseconds += *begin - earlier;
            *begin = *earlier;
        }
        self
    }
}

/// The times in which the recording of each process paused, as far as they are known: a flight
/// recorder may have discarded the start.
fn pauses(document: &Document, recording: &Recording) -> TiVec<ProcessIndex, Vec<(u64, u64)>> {
    let processes = document.processes.iter().zip(recording.catalog.processes.iter_enumerated());
    let pauses = processes.map(|(process, (index, facts))| {
        let end = recording.catalog.end_of(index).get();
        let mut discarded = facts.is_truncated.then_some(document.complete_from_ns);
        let pauses = process.pauses.iter().filter_map(|pause| {
            let discarded = discarded.take();
            Some((pause.from_ns.or(discarded)?, pause.to_ns.unwrap_or(end)))
        });
        pauses.collect()
    });
    pauses.collect()
}

/// How much of the time between these is in none of the pauses.
fn unpaused(pauses: &[(u64, u64)], begin: u64, end: u64) -> u64 {
    let common = |&(from, to): &(u64, u64)| end.min(to).saturating_sub(begin.max(from));
    end.saturating_sub(begin).saturating_sub(pauses.iter().map(common).sum())
}

/// The account of the items of the timeline, where the recording has paused at these times.
fn of_timeline(recording: &Recording, pauses: &TiVec<ProcessIndex, Vec<(u64, u64)>>) -> Account {
    let catalog = &recording.catalog;
    let mut account = Account::default();
    for channel in &catalog.channels {
        account.channels.push(ChannelAccount { name: channel.label.clone(), ..Default::default() });
    }
    for thread in &catalog.threads {
        account.threads.push(ThreadAccount { name: thread.name.clone(), ..Default::default() });
    }
    let end_of = |slice: &Slice| catalog.end_of_thread(slice.thread);
    // By thread: the start of its latest wait, and its length as it was added.
    let mut latest: TiVec<ThreadIndex, _> = catalog.threads.iter().map(|_| (0, 0)).collect();
    // By thread: the end of what it was in.
    let mut ended: TiVec<ThreadIndex, _> = catalog.threads.iter().map(|_| 0).collect();
    let built = builder::build(recording, |item| {
        match item {
            Item::Slice(slice) => {
                let thread = &mut account.threads[usize::from(slice.thread)];
                let begin = slice.begin.get();
                if let Some(channel) = slice.channel() {
                    let channel = &mut account.channels[usize::from(channel)];
                    if let Some(depth) = slice.depth {
                        channel.depth(depth);
                    }
                    channel.sent += u64::from(slice.is_sent());
                    channel.received += u64::from(slice.is_received());
                    channel.received_only += u64::from(lacks_send(slice));
                    thread.received += u64::from(slice.is_received());
                }
                let on = slice.target.map(|target| catalog.label(target).to_owned());
                let call = slice.kind.call().map_or_else(|| slice.kind.verb(), method);
                let place = (call.to_owned(), on);
                if is_wait(slice) {
                    let until_end = end_of(slice).get().saturating_sub(begin);
                    let waited = slice.waited.map_or(until_end, Nanos::get);
                    let over = slice.end.map_or(begin + waited, |end| end.get() + 1);
                    let recorded = unpaused(
                        &pauses[catalog.threads[slice.thread].process],
                        over.saturating_sub(waited),
                        over,
                    );
                    if slice.end.is_none() {
                        thread.waiting = Some((place.clone(), begin));
                        thread.is_clamped = begin <= ended[slice.thread] + 1;
                    }
                    thread.add_wait(place, recorded);
                    let shown = slice.end.map_or(waited, |end| end.since(slice.begin).get() + 1);
                    account.hidden += waited.saturating_sub(shown);
                    latest[slice.thread] = (begin, recorded);
                } else if matches!(slice.kind, SliceKind::Returning { .. }) {
                    // The wait of a send has two slices if its message is received before it returns.
                    let (begin, before) = latest[slice.thread];
                    let until_end = end_of(slice).get().saturating_sub(begin);
                    let waited = slice.waited.map_or(until_end, Nanos::get);
                    let waited = unpaused(
                        &pauses[catalog.threads[slice.thread].process],
                        begin,
                        begin + waited,
                    );
                    let waits =
                        thread.waits.get_mut(&place).expect("a send that returns has waited");
                    waits.nanoseconds = waits.nanoseconds - before + waited;
                }
                let end = slice.end.unwrap_or(slice.begin).get();
                ended[slice.thread] = end.max(ended[slice.thread]);
            }
            Item::Flight(flight) if flight.fate == Fate::Lost => {
                account.channels[usize::from(flight.channel)].unreceived += 1;
            }
            Item::Counter(counter) if counter.count == Count::QueueDepth => {
                account.channels[usize::from(counter.channel)].depth(counter.value);
            }
            Item::Hold(hold) if hold.end.is_none() => {
                let lock = catalog.primitives[hold.primitive].label.clone();
                account.held.insert((lock, catalog.threads[hold.thread].name.clone()));
            }
            _ => {}
        }
        Ok::<_, reading::Error>(())
    });
    built.expect("the recording can be read");
    account
}

/// Whether a receive has the end of the send unrecorded.
fn lacks_send(slice: &Slice) -> bool {
    matches!(slice.kind, SliceKind::Operation { ending: Ending::SendNotRecorded, .. })
}

/// Whether a slice is a wait, or the first part of one.
fn is_wait(slice: &Slice) -> bool {
    matches!(slice.kind, SliceKind::Wait { .. })
}

/// The account of the report for machines.
fn of_report(document: &Document) -> Account {
    let channels = document.channels.iter().map(|channel| {
        let unreceived = channel.lost + channel.queued;
        ChannelAccount {
            name: channel.name.clone(),
            sent: channel.sent,
            received_only: 0,
            received: channel.received,
            unreceived,
            max_depth: channel.depth.max,
            final_depth: unreceived.min(channel.bound.map_or(u64::MAX, |bound| bound.max(1))),
        }
    });
    let threads = document.threads.iter().map(|thread| {
        let waits = thread.waits.iter().map(|waits| {
            let place = (call_of(&waits.call), waits.on.clone());
            (place, Waits { count: waits.count, nanoseconds: waits.time_ns })
        });
        let waiting = thread.waiting.as_ref();
        ThreadAccount {
            name: thread.name.clone(),
            received: thread.received,
            waits: waits.collect(),
            is_clamped: false,
            waiting: waiting.map(|it| ((call_of(&it.call), it.on.clone()), it.from_ns)),
        }
    });
    let held = holders(document);
    Account { channels: channels.collect(), threads: threads.collect(), held, hidden: 0 }
}

/// The method that the report means.
fn call_of(call: &str) -> String {
    let method = match call {
        "Condvar::wait" => "wait",
        "Condvar::wait_timeout" => "wait_timeout",
        "Barrier::wait" => "barrier",
        "initialization" => "initialize",
        "the end of a scope" => "scope",
        other => other,
    };
    method.to_owned()
}

/// The locks and holders that the findings name: `… on "lock" (src/main.rs:7), held by worker since
/// src/main.rs:5; …`.
fn holders(document: &Document) -> BTreeSet<(String, String)> {
    let mut holders = BTreeSet::new();
    let deadlocks = document.findings.iter().filter(|finding| finding.code == "deadlock");
    for part in deadlocks.flat_map(|finding| finding.what.split("; ")) {
        let Some((wait, held)) = part.trim_end_matches('.').split_once(", held by ") else {
            continue;
        };
        let (who, on) = wait.rsplit_once(" in ").unwrap();
        let Some(lock) = on.split('"').nth(1) else { continue };
        if !["lock on", "read on", "write on"].iter().any(|call| on.starts_with(call)) {
            continue;
        }
        let names = held.split(" since ").next().unwrap();
        for name in names.split(", ").flat_map(|names| names.split(" and ")) {
            // Where there are several processes: `in server, main waits`.
            let who = who.rsplit(", ").next().unwrap();
            let name = if name == "itself" { who.strip_suffix(" waits").unwrap() } else { name };
            holders.insert((lock.to_owned(), name.to_owned()));
        }
    }
    holders
}

/// The account that a whole recording must lead to, with the waits that have ended.
fn of_truth(truth: &Truth) -> Account {
    let channels = truth.channels.iter().map(|channel| {
        let room = channel.bound.map_or(u64::MAX, |bound| bound.max(1) as u64);
        let known = |message: &&truth::Message| message.begun.is_some();
        let unknown = channel.messages.iter().filter(|it| !known(it)).count() as u64;
        let unreceived = channel.sent() - channel.received();
        ChannelAccount {
            name: channel.name.clone(),
            sent: channel.sent() - unknown,
            received_only: unknown,
            received: channel.received(),
            unreceived,
            max_depth: channel.max_depth(),
            final_depth: unreceived.min(room),
        }
    });
    let threads = truth.threads.iter().map(|thread| {
        let mut account = ThreadAccount { name: thread.name.clone(), ..Default::default() };
        let received =
            |channel: &truth::Channel| channel.received_by(|receiver| receiver == thread.name);
        account.received = truth.channels.iter().map(received).sum();
        for wait in &thread.waits {
            let place = (wait.call.to_owned(), wait.on.clone());
            match wait.end {
                Some(end) => account.add_wait(place, end - wait.begin),
                // Its message was received; the send is about to return.
                None if wait.call == "send" && is_received(truth, thread, wait) => {
                    account.add_wait(place, 0);
                }
                None => account.waiting = Some((place, wait.begin)),
            }
        }
        account
    });
    let held = truth.locks.iter().flat_map(|lock| {
        let held = lock.holds.iter().filter(|hold| hold.end.is_none());
        held.map(|hold| (lock.name.clone(), hold.thread.clone()))
    });
    let held = held.collect();
    Account { channels: channels.collect(), threads: threads.collect(), held, hidden: 0 }
}

/// Whether the message of a send that waits was received.
fn is_received(truth: &Truth, thread: &truth::Thread, wait: &truth::Wait) -> bool {
    let here = truth.channels.iter().filter(|channel| Some(&channel.name) == wait.on.as_ref());
    let mut messages = here.flat_map(|channel| &channel.messages);
    messages.any(|message| {
        message.sender == thread.name
            && message.begun == Some(wait.begin)
            && message.received.is_some()
    })
}

/// The numbers of a summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Totals {
    sent: u64,
    received: u64,
    /// How many of those were sent before the recording is complete.
    sent_before: u64,
    unreceived: u64,
    /// How long threads have waited in all, without sleep: at least and at most.
    blocked: (u64, u64),
    /// `main in lock on "jobs"`, and those who hold it.
    stuck: BTreeSet<(String, Vec<String>)>,
    /// How many threads are stuck.
    stuck_count: usize,
}

fn of_summary(recording: &Recording) -> Totals {
    let text = Summary::new(&report(recording)).to_string();
    let number = |words: &str| -> u64 {
        let digits = words.rsplit(' ').next().unwrap();
        digits.parse().unwrap_or_else(|_| panic!("no number before {words:?} in {text}"))
    };
    let mut totals = Totals::default();
    for line in text.lines() {
        if let Some((counts, _)) = line.split_once(" received") {
            if let Some(unreceived) = line.strip_suffix(" never received") {
                totals.unreceived = number(unreceived.rsplit_once(' ').unwrap().0);
                continue;
            }
            let (sent, received) = counts.split_once(" sent, ").unwrap();
            totals.sent = number(sent.rsplit_once(" message").unwrap().0);
            totals.received = number(received);
            if let Some((_, before)) = line.split_once(" received (") {
                totals.sent_before = number(before.strip_suffix(" of them sent before)").unwrap());
            }
        } else if let Some(blocked) = line.strip_prefix("blocked for ") {
            totals.blocked = range_of(blocked.split(" in all").next().unwrap());
        } else if let Some(more) = line.strip_prefix("still waiting at the end: ") {
            totals.stuck_count += number(more.strip_suffix(" more").unwrap()) as usize;
        } else if line.starts_with("still waiting at the end, for ") {
            totals.stuck_count += 1;
            let who = line.split_once(": ").unwrap().1;
            let who = who.split(", src/").next().unwrap();
            let (who, held) = who.split_once(" held by ").unwrap_or((who, ""));
            let held = held.split(", ").filter(|name| !name.is_empty()).map(str::to_owned);
            totals.stuck.insert((who.to_owned(), held.collect()));
        }
    }
    totals
}

/// The nanoseconds that a duration of the summary may stand for: `1.2 µs`, `3m 4s`.
fn range_of(duration: &str) -> (u64, u64) {
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
    let units = units.into_iter().chain([("day", 86_400e9), ("days", 86_400e9)]);
    let units: BTreeMap<_, _> = units.collect();
    if let Some((value, unit)) = duration.split_once(' ')
        && let (Ok(value), Some(unit)) = (value.parse::<f64>(), units.get(unit))
    {
        let digits = duration.split_once('.').map_or(0, |(_, rest)| rest.find(' ').unwrap());
        let step = unit / 10_f64.powi(digits as i32);
        let (value, half) = (value * unit, if *unit == 1.0 { 0.0 } else { step / 2.0 });
        return ((value - half).floor().max(0.0) as u64, (value + half).ceil() as u64);
    }
    let seconds: f64 = duration
        .split(' ')
        .map(|part| {
            let unit = part.find(|c: char| !c.is_ascii_digit()).unwrap();
            part[..unit].parse::<f64>().unwrap() * units[&part[unit..]]
        })
        .sum();
    (seconds as u64, seconds as u64 + 1_000_000_000)
}

fn document(recording: &Recording) -> Document {
    Document::new(&report(recording))
}

fn report(recording: &Recording) -> Report<'_> {
    Report::new(recording).expect("the recording can be read")
}

/// Nanoseconds by which the waits of two outputs may differ: a send whose message is received in
/// the nanosecond in which it returns has no slice for its return.
fn tolerance(place: &Place, waits: &Waits) -> u64 {
    if place.0 == "send" { waits.count } else { 0 }
}

#[track_caller]
fn waits_agree(thread: &str, one: &BTreeMap<Place, Waits>, other: &BTreeMap<Place, Waits>) {
    assert_eq!(Vec::from_iter(one.keys()), Vec::from_iter(other.keys()), "waits of {thread}");
    for ((place, one), other) in one.iter().zip(other.values()) {
        assert_eq!(one.count, other.count, "number of waits of {thread} in {place:?}");
        let apart = one.nanoseconds.abs_diff(other.nanoseconds);
        assert!(apart <= tolerance(place, one), "{thread} in {place:?}: {one:?} {other:?}");
    }
}

/// How a thread spent its life: nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Life {
    whole: u64,
    slept: u64,
    waited: u64,
    paused: u64,
}

/// By thread: its life from where the recording is complete, by the states that the timeline shows.
fn lives_in_timeline(recording: &Recording) -> TiVec<ThreadIndex, Life> {
    let catalog = &recording.catalog;
    let mut lives: TiVec<ThreadIndex, _> =
        catalog.threads.iter().map(|_| Life::default()).collect();
    let built = builder::build(recording, |item| {
        if let Item::State(State { thread, begin, end, activity }) = *item {
            let life = &mut lives[thread];
            let begin = begin.max(catalog.complete_from);
            let time = end.unwrap_or(catalog.end_of_thread(thread)).since(begin).get();
            life.whole += time;
            match activity {
                Activity::Running => {}
                Activity::Asleep => life.slept += time,
                Activity::NotRecorded => life.paused += time,
                _ => life.waited += time,
            }
        }
        Ok::<_, reading::Error>(())
    });
    built.expect("the recording can be read");
    lives
}

/// Whether the clocks of all processes are known. Otherwise events are moved to where they are
/// possible, also to after the end of the run.
fn has_clocks(recording: &Recording) -> bool {
    recording.damage.is_empty() && recording.catalog.processes.iter().all(|it| it.pid != 0)
}

/// The thread table of the report is about the states of the timeline.
#[track_caller]
fn lives_agree(recording: &Recording, document: &Document) {
    let lives = lives_in_timeline(recording);
    for (shown, thread) in lives.iter().zip(&document.threads) {
        if !has_clocks(recording) {
            continue;
        }
        let (whole, slept) = (thread.life_ns, thread.slept_ns);
        let life = Life { whole, slept, waited: thread.waited_ns, paused: thread.paused_ns };
        assert!(slept + life.waited + life.paused <= whole, "{} {life:?}", thread.name);
        // A send that returns in the nanosecond in which its message is received.
        let sends: u64 = thread.waits.iter().map(|waits| waits.count).sum();
        assert!(shown.waited.abs_diff(life.waited) <= sends, "{} {shown:?} {life:?}", thread.name);
        assert_eq!(Life { waited: life.waited, ..*shown }, life, "{}", thread.name);
    }
}

/// No count exceeds another that bounds it.
#[track_caller]
fn counts_are_bounded(recording: &Recording, document: &Document) {
    for channel in &document.channels {
        let sum = |sides: &[SideRecord]| sides.iter().map(|side| side.messages).sum::<u64>();
        assert_eq!(channel.sent, sum(&channel.senders), "{channel:?}");
        assert_eq!(channel.received, sum(&channel.receivers), "{channel:?}");
        assert!(channel.sent_before <= channel.received, "{channel:?}");
        assert!(channel.latency.count <= channel.received, "{channel:?}");
    }
    if !has_clocks(recording) {
        return;
    }
    let window = document.duration_ns - document.complete_from_ns;
    // Events are moved by single nanoseconds to where they are possible.
    let most = window + 1_000;
    assert!(document.critical_path.length_ns <= most, "{:?}", document.critical_path);
    for thread in &document.threads {
        assert!(thread.life_ns <= most, "{thread:?}");
        for waits in &thread.waits {
            assert!(waits.longest_ns <= waits.time_ns && waits.time_ns <= most, "{thread:?}");
        }
    }
}

/// The report on a flight recorder's window has nothing that the timeline does not show, and the
/// summary has the same counts.
#[track_caller]
fn window_agrees(timeline: &Account, recording: &Recording, document: &Document) {
    let (report, summary) = (of_report(document), of_summary(recording));
    for (shown, counted) in timeline.channels.iter().zip(&report.channels) {
        let sent = shown.sent + shown.received_only;
        assert!(counted.sent <= sent && counted.received <= shown.received, "{counted:?}");
        assert!(counted.max_depth <= shown.max_depth, "{counted:?} {shown:?}");
    }
    for (shown, counted) in timeline.threads.iter().zip(&report.threads) {
        for (place, waits) in &counted.waits {
            let all = shown.waits[place];
            let is_part = waits.count <= all.count
                && waits.nanoseconds <= all.nanoseconds + tolerance(place, &all);
            assert!(is_part, "{} in {place:?}: {waits:?} {all:?}", counted.name);
        }
    }
    let sum = |of: fn(&ChannelAccount) -> u64| report.channels.iter().map(of).sum::<u64>();
    assert_eq!(summary.sent, sum(|channel| channel.sent));
    assert_eq!(summary.received, sum(|channel| channel.received));
    assert_eq!(summary.unreceived, sum(|channel| channel.unreceived));
    let sent_before = document.channels.iter().map(|channel| channel.sent_before).sum::<u64>();
    assert_eq!(summary.sent_before, sent_before);
}

/// The outputs for this recording agree with each other.
#[track_caller]
fn outputs_agree(recording: &Recording) {
    let document = document(recording);
    let timeline = of_timeline(recording, &pauses(&document, recording));
    lives_agree(recording, &document);
    counts_are_bounded(recording, &document);
    if document.complete_from_ns > 0 {
        // The timeline shows also what does not count.
        return window_agrees(&timeline, recording, &document);
    }
    let (report, summary) = (of_report(&document), of_summary(recording));

    assert_eq!(timeline.channels.len(), report.channels.len());
    for (shown, counted) in timeline.channels.iter().zip(&report.channels) {
        let possible = shown.sent..=shown.sent + shown.received_only;
        assert!(possible.contains(&counted.sent), "{shown:?} {counted:?}");
        let (sent, received_only) = (counted.sent, 0);
        assert_eq!(ChannelAccount { sent, received_only, ..shown.clone() }, *counted);
    }
    assert_eq!(timeline.threads.len(), report.threads.len());
    let dropped = document.threads.iter().map(|thread| thread.dropped);
    for ((shown, counted), dropped) in timeline.threads.iter().zip(&report.threads).zip(dropped) {
        assert_eq!((&shown.name, shown.received), (&counted.name, counted.received));
        let shown = shown.clone().unclamped(counted);
        // See `a_wait_of_a_thread_with_dropped_events_is_reported_alike`.
        let waiting = shown.waiting.clone().filter(|_| dropped == 0);
        assert_eq!(waiting, counted.waiting, "wait of {} at the end", shown.name);
        waits_agree(&shown.name, &shown.waits, &counted.waits);
    }
    // The findings name only some.
    let wrong: Vec<_> = report.held.difference(&timeline.held).collect();
    assert!(wrong.is_empty(), "not held at the end: {wrong:?}, but {:?}", timeline.held);

    let sum = |of: fn(&ChannelAccount) -> u64| report.channels.iter().map(of).sum::<u64>();
    // See `a_message_of_a_thread_that_is_missing_counts_alike`.
    let counted = sum(|channel| channel.sent);
    let shown = timeline.channels.iter().map(|channel| channel.sent + channel.received_only);
    assert!((counted..=shown.sum()).contains(&summary.sent), "{} {counted}", summary.sent);
    assert_eq!(summary.received, sum(|channel| channel.received));
    assert_eq!(summary.unreceived, sum(|channel| channel.unreceived));
    summary_of_waits_agrees(&timeline, &summary);
}

/// The summary is about the waits of the timeline.
#[track_caller]
fn summary_of_waits_agrees(timeline: &Account, summary: &Totals) {
    let waits = || timeline.threads.iter().flat_map(|thread| &thread.waits);
    let waits = || waits().filter(|((call, _), _)| call != "sleep").map(|(_, waits)| waits);
    let most = waits().fold(0_u64, |sum, waits| sum.saturating_add(waits.nanoseconds));
    // A slice is a nanosecond shorter than the wait, and one of each part of a send is.
    let count: u64 = waits().map(|waits| waits.count).sum();
    let least = most.saturating_sub(2 * count).saturating_sub(timeline.hidden);
    let (from, to) = summary.blocked;
    // A send that returns in the nanosecond in which its message is received has only one part.
    let most = most.saturating_add(count);
    assert!(from <= most && least <= to, "blocked for {from} to {to}, not for {least} to {most}");
    let stuck: Vec<_> = timeline
        .threads
        .iter()
        .filter_map(|thread| Some((&thread.name, &thread.waiting.as_ref()?.0)))
        .filter(|(_, (call, _))| call != "sleep")
        .collect();
    assert_eq!(summary.stuck_count, stuck.len(), "{stuck:?}");
    for (who, held) in &summary.stuck {
        let known = stuck.iter().any(|(name, (call, on))| {
            who.starts_with(&format!("{name} "))
                && who.contains(&format!(" in {call}"))
                && on.as_ref().is_none_or(|on| who.contains(&format!("{on:?}")))
        });
        assert!(known, "{who} is stuck, but {stuck:?}");
        for holder in held {
            let lock = who.split('"').nth(1).unwrap().to_owned();
            assert!(timeline.held.contains(&(lock, holder.clone())), "{who} {held:?}");
        }
    }
}

/// The outputs for a whole recording are true.
#[track_caller]
fn outputs_are_true(recording: &Recording, simulated: &Simulated) {
    let truth = of_truth(&simulated.truth);
    let document = document(recording);
    let timeline = of_timeline(recording, &pauses(&document, recording));
    let report = of_report(&document);
    assert_eq!(timeline.held, truth.held, "locks that are held at the end");
    let by_name = |channels: &[ChannelAccount]| -> BTreeMap<_, _> {
        let channels = channels.iter().cloned();
        channels.map(|channel| (channel.name.clone(), channel)).collect()
    };
    let (shown, counted) = (by_name(&timeline.channels), by_name(&report.channels));
    assert_eq!(shown.len(), truth.channels.len());
    for expected in &truth.channels {
        let ChannelAccount { name, sent, received_only, .. } = expected;
        let mut expected = expected.clone();
        // If clocks differ, messages can seem to be in a channel longer or shorter than they were.
        if !simulated.clocks_agree {
            expected.max_depth = shown[name].max_depth;
        }
        assert_eq!(shown[name], expected);
        let (sent, received_only) = (sent + received_only, 0);
        assert_eq!(counted[name], ChannelAccount { sent, received_only, ..expected });
    }
    for expected in &truth.threads {
        let of = |account: &Account| {
            let mut threads = account.threads.iter();
            threads.find(|thread| thread.name == expected.name).cloned().unwrap()
        };
        for mut thread in [of(&timeline), of(&report)] {
            let place = |waiting: &Option<(Place, u64)>| waiting.clone().map(|(place, _)| place);
            assert_eq!(place(&thread.waiting), place(&expected.waiting), "{}", thread.name);
            assert_eq!(thread.received, expected.received);
            let end = recording.catalog.end.get();
            if let Some((place, begin)) = &thread.waiting {
                let waits = thread.waits.get_mut(place).unwrap();
                waits.count -= 1;
                if waits.count == 0 {
                    thread.waits.remove(place);
                } else {
                    waits.nanoseconds = waits.nanoseconds.saturating_sub(end - begin);
                }
            }
            // Whether a thread has waited that runs an initialiser again which has failed follows
            // from the times alone.
            let is_known = |place: &Place| simulated.clocks_agree || place.0 != "initialize";
            let counts = |waits: &BTreeMap<Place, Waits>| -> Vec<_> {
                let known = waits.iter().filter(|(place, _)| is_known(place));
                known.map(|(place, waits)| (place.clone(), waits.count)).collect()
            };
            assert_eq!(counts(&thread.waits), counts(&expected.waits), "{}", thread.name);
            let all_ended = simulated
                .truth
                .threads
                .iter()
                .filter(|thread| thread.name == expected.name)
                .all(|thread| thread.waits.iter().all(|wait| wait.end.is_some()));
            if simulated.clocks_agree && all_ended {
                waits_agree(&thread.name, &thread.waits, &expected.waits);
            }
        }
    }
}

fn named(features: Features) -> Features {
    Features { unique_names: true, ..features }
}

fn read(simulated: &Simulated) -> Recording {
    Recording::from_bytes(simulated.bytes()).expect("the recording can be read")
}

/// Recordings that may pause and may lack anything.
fn incomplete_recordings() -> impl Strategy<Value = Simulated> {
    let all = || programs(named(Features::ALL));
    prop_oneof![
        2 => all(),
        1 => with_gaps(all()),
        1 => with_dropped_records(all()),
        1 => as_flight_recordings(all()),
        1 => with_gaps(as_flight_recordings(all())),
    ]
}

proptest! {
    #[test]
    fn the_outputs_for_a_whole_recording_agree_and_are_true(
        simulated in programs(named(Features::UNPAUSED)),
    ) {
        let recording = read(&simulated);
        outputs_agree(&recording);
        outputs_are_true(&recording, &simulated);
    }

    #[test]
    fn the_outputs_for_an_incomplete_recording_agree(simulated in incomplete_recordings()) {
        outputs_agree(&read(&simulated));
    }

    /// What was received was sent in the window or before it.
    #[test]
    fn a_flight_recorder_receives_nothing_that_was_not_sent(
        simulated in as_flight_recordings(programs(named(Features::UNPAUSED))),
    ) {
        for channel in document(&read(&simulated)).channels {
            prop_assert!(channel.received <= channel.sent + channel.sent_before, "{:?}", channel);
        }
    }

    #[test]
    fn the_outputs_for_a_truncated_recording_agree(
        simulated in incomplete_recordings(),
        length in 64usize..40_000,
    ) {
        let mut bytes = simulated.bytes();
        bytes.truncate(length);
        outputs_agree(&Recording::from_bytes(bytes).unwrap());
    }
}
