use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Counter, FATES, Facts, Flight, Hold, Place, Slice, State, is_wait};

/// A message of the wire format: its fields in their order.
struct Message<'a>(Vec<(u64, Field<'a>)>);

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Number(u64::from_le_bytes(
                    take(&mut bytes, 8).try_into().expect("8 bytes"),
                )),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    Field::Bytes(take(&mut bytes, length))
                }
                kind => panic!("wire type {kind}"),
            };
            fields.push((tag >> 3, field));
        }
        Message(fields)
    }

    fn numbers(&self, wanted: u64) -> impl Iterator<Item = u64> {
        self.0.iter().filter_map(move |&(field, value)| match value {
            Field::Number(number) if field == wanted => Some(number),
            _ => None,
        })
    }

    fn number(&self, wanted: u64) -> Option<u64> {
        self.numbers(wanted).next()
    }

    fn messages(&self, wanted: u64) -> impl Iterator<Item = Message<'a>> {
        self.0.iter().filter_map(move |&(field, value)| match value {
            Field::Bytes(bytes) if field == wanted => Some(Message::read(bytes)),
            _ => None,
        })
    }

    fn message(&self, wanted: u64) -> Option<Message<'a>> {
        self.messages(wanted).next()
    }

    fn texts(&self, wanted: u64) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(move |&(field, value)| match value {
            Field::Bytes(bytes) if field == wanted => {
                Some(String::from_utf8(bytes.to_vec()).expect("texts are UTF-8"))
            }
            _ => None,
        })
    }

    fn text(&self, wanted: u64) -> Option<String> {
        self.texts(wanted).next()
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    bytes.split_off(..count).expect("a field ends within its message")
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a number does not end")
}

/// What a Perfetto track is.
enum Track {
    Process(u64),
    Thread(Place),
    /// The states of a thread.
    States(Place),
    /// Its operations.
    Operations(Place),
    /// The group of findings, and what is in it, or the description of what is left out.
    Findings,
    /// Below a process; with the names of the groups above it and its own.
    Below(u64, Vec<String>),
}

/// The highest value of counters, as their names have it, and as it is: by process and name.
type Highest = HashMap<(u64, String), (u64, u64)>;

/// What was interned under a number, by its kind.
type Interned = HashMap<(u64, u64), String>;

/// What a packet sequence has said so far.
#[derive(Default)]
struct Sequence {
    interned: Interned,
    track: Option<u64>,
    counter: Option<u64>,
}

impl Sequence {
    fn begin(packet: &Message<'_>) -> Self {
        let mut sequence = Sequence::default();
        let Some(defaults) = packet.message(59) else { return sequence };
        let events = defaults.message(11).expect("a sequence of a track says which");
        (sequence.track, sequence.counter) = (events.number(11), events.number(31));
        sequence
    }
}

/// Reads a Perfetto trace, and checks what the viewer relies on.
///
/// The numbers of the fields are those of `perfetto_trace.proto`.
pub(super) fn of_perfetto(trace: &[u8]) -> Facts {
    read_perfetto(trace).0
}

/// The states of each thread in a Perfetto trace, in their order.
pub(crate) fn states_of(trace: &[u8]) -> Vec<Vec<State>> {
    read_perfetto(trace).1
}

fn read_perfetto(trace: &[u8]) -> (Facts, Vec<Vec<State>>) {
    let mut states: BTreeMap<Place, Vec<State>> = BTreeMap::new();
    let mut facts = Facts::default();
    let mut tracks = HashMap::new();
    let mut sequences: HashMap<u64, Sequence> = HashMap::new();
    let mut events = Vec::new();
    let mut highest = Highest::new();
    // The viewer reads all descriptions before the first event.
    let mut described = HashSet::new();
    let trace = Message::read(trace);
    for track in trace.messages(1).filter_map(|packet| packet.message(60)) {
        describe(&track, &mut tracks, &mut facts);
    }
    for packet in trace.messages(1) {
        let number = packet.number(10).expect("a packet is of a sequence");
        if packet.number(13) == Some(1) {
            let before = sequences.insert(number, Sequence::begin(&packet));
            assert!(before.is_none(), "sequence {number} begins twice");
        }
        let sequence = sequences.get_mut(&number).expect("the first packet begins its sequence");
        if let Some(new) = packet.message(12) {
            intern(&new, &mut sequence.interned);
        }
        if let Some(track) = packet.message(60) {
            described.insert(track.number(1).expect("a track has a number"));
        }
        if let Some(event) = packet.message(11) {
            let time = packet.number(8).expect("an event has a time");
            // The viewer shows a track for each other clock.
            assert_eq!(packet.number(58), None);
            let track = event.number(11).or(sequence.track).expect("an event has a track");
            assert!(described.contains(&track), "a track is described before it is used");
            if let Some(legacy) = event.message(6) {
                let Track::Operations(place) = tracks[&track] else { panic!("it is a thread's") };
                let id = legacy.number(6).expect("an arrow has a number");
                let begins = legacy.number(2) == Some(b's'.into());
                assert!(begins || legacy.number(2) == Some(b'f'.into()));
                assert_eq!(begins, !facts.flows.contains_key(&("chain", id)));
                facts.flow("chain", id, time, place);
                continue;
            }
            if let Some(value) = event.number(12) {
                let counter = event.number(31).or(sequence.counter).expect("what is counted?");
                facts.count(&tracks[&counter], time, value, &mut highest);
            }
            events.push((time, track, read(&event, &sequence.interned)));
        }
    }
    // The viewer sorts by time, and leaves what is of one time in its order.
    events.sort_by_key(|event| event.0);
    let mut open: HashMap<u64, Vec<(u64, Event)>> = HashMap::new();
    let mut over = Vec::new();
    for (time, id, event) in events {
        let track = &tracks[&id];
        match event.kind {
            1 => open.entry(id).or_default().push((time, event)),
            2 => {
                let open = open.get_mut(&id).expect("a slice begins before it ends");
                let (begin, event) = open.pop().expect("a slice begins before it ends");
                over.push((track, begin, Some(time), event, open.is_empty()));
            }
            3 => over.push((track, time, Some(time), event, false)),
            4 => {
                let value = event.value.expect("counters count");
                facts.count(track, time, value, &mut highest);
            }
            kind => panic!("what is an event of type {kind}?"),
        }
    }
    for (track, left) in open {
        for (depth, (begin, event)) in left.into_iter().enumerate() {
            over.push((&tracks[&track], begin, None, event, depth == 0));
        }
    }
    for (track, begin, end, event, is_outermost) in over {
        if let Track::States(place) = track
            && is_outermost
        {
            states.entry(*place).or_default().push(facts.state(place, begin, end, &event));
        }
        facts.slice(track, begin, end, event);
    }
    for states in states.values() {
        let follow = states.windows(2).all(|pair| pair[0].end == Some(pair[1].begin));
        assert!(follow, "states follow each other without a gap: {states:?}");
    }
    for ((_, name), (named, highest)) in highest {
        assert_eq!(named, highest, "{name} has its highest value in its name");
    }
    (facts.settle(), states.into_values().collect())
}

fn intern(new: &Message<'_>, interned: &mut Interned) {
    for kind in [1, 2, 3, 29, 43] {
        for entry in new.messages(kind) {
            let number = entry.number(1).expect("what is interned has a number");
            let text = entry.text(2).expect("what is interned has a text");
            let before = interned.insert((kind, number), text);
            assert!(before.is_none(), "{kind}/{number} is interned twice");
        }
    }
}

fn describe(track: &Message<'_>, tracks: &mut HashMap<u64, Track>, facts: &mut Facts) {
    let described = if let Some(process) = track.message(3) {
        let pid = process.number(1).expect("a process has a number");
        facts.processes.insert(pid, process.text(6).expect("a process has a name"));
        let labels: Vec<_> = process.texts(2).chain(process.texts(8)).collect();
        let labels = labels.into_iter().filter(|label| !label.is_empty()).collect::<Vec<_>>();
        if !labels.is_empty() {
            facts.labels.insert(pid, labels.join(", "));
        }
        Track::Process(pid)
    } else if let Some(thread) = track.message(4) {
        let place = (thread.number(1).expect("a process"), thread.number(2).expect("a number"));
        facts.threads.insert(place, thread.text(5).expect("a thread has a name"));
        facts.ranks.insert(place, track.number(12).expect("a thread has a rank"));
        Track::Thread(place)
    } else {
        let name = track.text(2).unwrap_or_default();
        let Some(parent) = track.number(5) else {
            // The root of all tracks has the number 0 and the order of processes and threads.
            match track.number(1) {
                Some(0) => assert_eq!((track.number(19), track.number(20)), (Some(1), Some(1))),
                Some(id) => {
                    assert!([" findings", " left out"].contains(&&*name), "{name}");
                    assert!(tracks.insert(id, Track::Findings).is_none());
                }
                None => panic!("a track has a number"),
            }
            return;
        };
        match &tracks[&parent] {
            Track::Process(pid) => Track::Below(*pid, vec![name]),
            Track::Below(pid, path) => Track::Below(*pid, [path.as_slice(), &[name]].concat()),
            Track::Thread(place) => {
                assert_eq!(name, facts.threads[place]);
                Track::States(*place)
            }
            Track::States(place) => {
                assert_eq!(name, "operations");
                Track::Operations(*place)
            }
            Track::Operations(_) => panic!("there is nothing below operations"),
            Track::Findings => Track::Findings,
        }
    };
    let id = track.number(1).expect("a track has a number");
    match (tracks.insert(id, described), &tracks[&id]) {
        (None, _) => {}
        // A counter gets its name later.
        (Some(Track::Below(_, before)), Track::Below(..)) if before.ends_with(&[String::new()]) => {
        }
        _ => panic!("track {id} is described twice"),
    }
}

/// A track event.
struct Event {
    kind: u64,
    name: Option<String>,
    category: Option<String>,
    arguments: BTreeMap<String, String>,
    sources: Vec<u64>,
    target: Option<u64>,
    correlation: Option<u64>,
    value: Option<u64>,
}

fn read(event: &Message<'_>, interned: &Interned) -> Event {
    let known = |kind: u64, number: u64| {
        interned
            .get(&(kind, number))
            .unwrap_or_else(|| panic!("{kind}/{number} is used and was not interned"))
    };
    let mut arguments = BTreeMap::new();
    for annotation in event.messages(4) {
        let name = known(3, annotation.number(1).expect("an argument has a name"));
        let value = match annotation.number(17) {
            Some(text) => known(29, text).clone(),
            None => annotation.text(6).unwrap_or_else(|| {
                annotation.number(3).expect("an argument has a value").to_string()
            }),
        };
        assert_eq!(arguments.insert(name.clone(), value), None, "two arguments of one name");
    }
    // (larger ones lead from findings)
    let target = event.numbers(48).find(|number| *number < 1 << 63);
    let (sources, targets) = (event.numbers(47).count(), usize::from(target.is_some()));
    assert!(targets + sources.min(1) <= 1, "of an event arrows begin, or one ends");
    Event {
        kind: event.number(9).expect("an event has a type"),
        name: event.text(23).or_else(|| event.number(10).map(|name| known(2, name).clone())),
        category: event.number(3).map(|category| known(1, category).clone()),
        arguments,
        sources: event.numbers(47).collect(),
        target,
        correlation: event.number(52),
        value: event.number(30),
    }
}

impl Facts {
    fn count(&mut self, track: &Track, time: u64, value: u64, highest: &mut Highest) {
        let Track::Below(process, path) = track else { panic!("a counter has a track of its own") };
        let name = path[1..].join(" ");
        let (name, max) = match name.split_once(" queue depth: max ") {
            Some((channel, rest)) => {
                let (max, bound) = rest.split_once(", ").unwrap_or((rest, ""));
                let separator = if bound.is_empty() { "" } else { ", " };
                let max: u64 = max.parse().expect("the highest value is a number");
                (format!("{channel} queue depth{separator}{bound}"), max)
            }
            None => (name, u64::MAX),
        };
        if max != u64::MAX {
            let (known, highest) = highest.entry((*process, name.clone())).or_insert((max, 0));
            assert_eq!(*known, max);
            *highest = value.max(*highest);
        }
        self.counters.push(Counter { process: *process, name, time, value });
    }

    /// A wait is a state that has its own name, and that of the state as an argument.
    fn state(&self, place: &Place, begin: u64, end: Option<u64>, event: &Event) -> State {
        let (thread, arguments) = (self.threads[place].clone(), event.arguments.clone());
        let is_wait = arguments.contains_key("state");
        assert_eq!(event.category.as_deref() == Some("state"), !is_wait);
        let name = arguments.get("state").or(event.name.as_ref());
        State { thread, begin, end, name: name.expect("a state has a name").clone(), arguments }
    }

    fn slice(&mut self, track: &Track, begin: u64, end: Option<u64>, event: Event) {
        let name = event.name.expect("a slice has a name");
        let mut event = Event { name: None, ..event };
        match track {
            Track::States(_) if event.arguments.remove("state").is_none() => {}
            Track::Findings => {}
            Track::States(place) | Track::Operations(place) => {
                // Between merged states there may be no time left for a wait.
                let is_state = matches!(track, Track::States(_));
                let end = if is_state && end == Some(begin) { Some(begin + 1) } else { end };
                assert_eq!(is_state, is_wait(&name) && end != Some(begin), "{name}");
                let category = event.category.expect("a slice has a category");
                if category == "channel" {
                    assert_eq!(event.correlation.is_some(), !event.sources.is_empty());
                    assert_eq!(event.target, None);
                }
                for id in event.sources.iter().chain(&event.target) {
                    // (smaller ones are the viewer's own)
                    self.flow("flow", id - (1 << 32), begin, *place);
                }
                self.slices.push(Slice {
                    place: *place,
                    begin,
                    end,
                    category,
                    name,
                    arguments: event.arguments,
                });
            }
            Track::Below(process, path) if path[0] == "locks" => {
                assert_eq!(event.category.as_deref(), Some("lock"));
                assert_eq!(event.arguments["primitive"], path[1]);
                self.holds.push(Hold {
                    process: *process,
                    lock: path[1].clone(),
                    name,
                    begin,
                    end,
                    arguments: event.arguments,
                });
            }
            Track::Below(process, path) => {
                assert_eq!(event.category.as_deref(), Some("message"));
                assert_eq!((path[0].as_str(), path[2].as_str()), ("channels", "in flight"));
                let value = event.arguments.get("value").cloned();
                let message = event.arguments["message"].clone();
                let (fate, shown) = FATES
                    .into_iter()
                    .rev()
                    .find_map(|fate| match fate {
                        "" => Some((fate, &*name)),
                        _ => Some((fate, name.strip_suffix(&format!(" ({fate})"))?)),
                    })
                    .expect("every name ends in nothing");
                let is_short = |value: &String| {
                    value.len() <= 40 && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                match &value {
                    None => assert_eq!(shown, format!("#{message}")),
                    Some(value) if is_short(value) => assert_eq!(shown, value),
                    Some(_) => {}
                }
                self.flights.push(Flight {
                    process: *process,
                    channel: path[1].clone(),
                    message,
                    arrow: event.correlation.expect("a flight has its arrow's number"),
                    begin,
                    end: end.expect("a flight ends"),
                    fate,
                    value,
                });
            }
            Track::Process(_) | Track::Thread(_) => panic!("it has no slices"),
        }
    }
}
