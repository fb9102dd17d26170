use format::packed::Packer;
use format::{BlockHeader, FILE_HEADER_BYTES, MessageId};
use recorder::reading::catalog::{Catalog, ChannelIndex};
use recorder::reading::{Nanos, Recording};
use recorder::timeline::builder;
use recorder::timeline::item::{Count, Fate, Flow, Item, Slice};
use recorder_simulator::with_observations;

/// Turns shorthand into a recording's text form.
///
/// - `thread 1 main` begins the block of a thread, which has the OS id 101;
/// - `10 channel jobs 1 2 bound=3` makes a channel with the sender 1 and the receiver 2;
/// - `10 mutex jobs 1` is the first use of a mutex with the number 1, and its name; so it is for
///   `rwlock`, `condvar`, `once` and `barrier phase 2 size=3`;
/// - `10 Send 1 @1.7` is an operation of endpoint 1 with message 7 of thread 1, and
///   `10 Lock 1 @1.7` one of lock 1 in its turn 7;
/// - what has a `=` already is taken as it is.
///
/// There is no process block, so that a tick is a nanosecond.
pub(crate) fn text(shorthand: &str) -> String {
    let mut text = format::text::heading() + "\n";
    for line in shorthand.lines().map(str::trim) {
        let words: Vec<_> = line.split(' ').collect();
        let line = match words[..] {
            ["thread", number, name] => format!(
                "block process=0 thread={number} sequence=0 dropped=0\n\
                 0 ThreadStarted os_id=10{number} name=\"{name}\""
            ),
            [time, "channel", name, sender, receiver, ref bound @ ..] => {
                let unbounded = format!("bound={}", format::UNBOUNDED);
                format!(
                    "{time} ChannelCreated channel={sender} sender={sender} receiver={receiver} \
                     site=0 {} message_type=\"i32\" name=\"{name}\"",
                    bound.first().unwrap_or(&unbounded.as_str())
                )
            }
            [
                time,
                kind @ ("mutex" | "rwlock" | "condvar" | "barrier" | "once"),
                name,
                number,
                ref size @ ..,
            ] => {
                let kinds = ["", "mutex", "rwlock", "condvar", "barrier", "once"];
                let code = kinds.iter().position(|known| *known == kind).expect("it is known");
                let size = size.first().unwrap_or(&"size=0");
                format!(
                    "{time} PrimitiveSeen primitive={number} kind={code} site=0 {size} value_type=\"\"\n\
                     {time} PrimitiveNamed primitive={number} name=\"{name}\""
                )
            }
            [time, what, endpoint, ref detail @ ..] if !line.contains('=') => {
                let detail = detail.first().map_or(0, |detail| number(detail));
                format!("{time} {what} endpoint={endpoint} site=0 detail={detail}")
            }
            _ => line.to_owned(),
        };
        text += &line;
        text.push('\n');
    }
    text
}

/// A message's number from `@thread.count`, or any other number.
fn number(detail: &str) -> u64 {
    let parse = |number: &str| number.parse().expect("the detail is a number");
    match detail.strip_prefix('@').and_then(|id| id.split_once('.')) {
        Some((thread, count)) => MessageId::new(parse(thread) as u32, parse(count)).0,
        None => parse(detail),
    }
}

pub(crate) fn bytes(shorthand: &str) -> Vec<u8> {
    format::text::parse(&text(shorthand)).expect("the text is a recording's")
}

/// The same recording after its blocks were moved: packed where that pays, with checksums.
pub(crate) fn moved(recording: &[u8]) -> Vec<u8> {
    let mut packer = Packer::new();
    let mut moved = format::file_header().to_vec();
    let mut rest = &recording[FILE_HEADER_BYTES..];
    while let Some(header) = rest.first_chunk() {
        let header = BlockHeader::decode(header).expect("it is a header").expect("a block begins");
        let content = &rest[BlockHeader::BYTES..][..header.committed as usize];
        packer.block(&header, content, &mut moved);
        rest = &rest[header.stride as usize..];
    }
    moved
}

pub(crate) fn recording(shorthand: &str) -> Recording {
    Recording::from_bytes(bytes(shorthand)).expect("the recording can be read")
}

/// The recording with this text form. All threads were observed at its end, and one of them is not
/// recorded if `has_unrecorded`.
pub(crate) fn observed(text: &str, has_unrecorded: bool) -> Recording {
    let bytes = format::text::parse(&with_observations(text, has_unrecorded));
    Recording::from_bytes(bytes.expect("the text is a recording's")).expect("it can be read")
}

pub(crate) fn items(recording: &Recording) -> Vec<Item> {
    builder::items(recording).expect("the recording can be read")
}

/// The items, one line each.
pub(crate) struct Timeline {
    /// `thread begin..end name`, then the rest.
    pub(crate) slices: Vec<String>,
    /// `thread begin..end name`, by thread.
    pub(crate) states: Vec<String>,
    /// `channel #message begin..end lane`
    pub(crate) flights: Vec<String>,
    /// `lock begin..end thread lane`, then the rest.
    pub(crate) holds: Vec<String>,
    /// `channel time value`
    pub(crate) depths: Vec<String>,
    /// `channel time value`
    pub(crate) senders: Vec<String>,
}

pub(crate) fn timeline(shorthand: &str) -> Timeline {
    timeline_of(&recording(shorthand))
}

pub(crate) fn timeline_of(recording: &Recording) -> Timeline {
    let catalog = &recording.catalog;
    let (mut slices, mut states) = (Vec::new(), Vec::new());
    let (mut flights, mut holds) = (Vec::new(), Vec::new());
    let (mut depths, mut senders) = (Vec::new(), Vec::new());
    let label = |channel: ChannelIndex| &catalog.channels[channel].label;
    for item in items(recording) {
        match item {
            Item::Slice(slice) => {
                if let (Some(channel), Some(depth)) = (slice.channel(), slice.depth) {
                    depths.push(format!("{} {} {depth}", label(channel), slice.begin.get()));
                }
                slices.push(line(catalog, &slice));
            }
            Item::State(state) => states.push((
                state.thread,
                format!(
                    "{} {}..{} {}",
                    catalog.threads[state.thread].name,
                    state.begin.get(),
                    end(state.end),
                    state.activity.name(),
                ),
            )),
            Item::Flight(flight) => flights.push(format!(
                "{} {} {}..{} {}{}",
                label(flight.channel),
                flight.name(),
                flight.begin.get(),
                flight.end.get(),
                flight.lane.map_or("not shown".to_owned(), |lane| format!("lane {lane}")),
                match flight.fate {
                    Fate::Received => "",
                    Fate::Lost => " lost",
                    Fate::Unknown => " unknown",
                },
            )),
            Item::Hold(hold) => {
                let mut line = format!(
                    "{} {}..{} {}",
                    catalog.primitives[hold.primitive].label,
                    hold.begin.get(),
                    end(hold.end),
                    hold.name(catalog),
                );
                if let Some(lane @ 1..) = hold.lane {
                    line += &format!(" lane {lane}");
                }
                if hold.others_waited > Nanos::ZERO {
                    line += &format!(" others waited={}", hold.others_waited.get());
                }
                holds.push(line);
            }
            Item::Merged(_) | Item::MergedStates(_) => panic!("nothing merges them: {item:?}"),
            Item::Counter(counter) => {
                let counters = match counter.count {
                    Count::QueueDepth => &mut depths,
                    Count::LiveSenders => &mut senders,
                };
                counters.push(format!(
                    "{} {} {}",
                    label(counter.channel),
                    counter.time.get(),
                    counter.value
                ));
            }
        }
    }
    states.sort_by_key(|(thread, _)| *thread);
    let states = states.into_iter().map(|(_, line)| line).collect();
    Timeline { slices, states, flights, holds, depths, senders }
}

fn end(end: Option<Nanos>) -> String {
    end.map_or(String::new(), |end| end.get().to_string())
}

fn line(catalog: &Catalog, slice: &Slice) -> String {
    let mut line = format!(
        "{} {}..{} {}",
        catalog.threads[slice.thread].name,
        slice.begin.get(),
        end(slice.end),
        slice.name(catalog)
    );
    let mut add = |text: String| line.push_str(&text);
    if let Some(method) = slice.kind.method() {
        add(format!(" by {method}"));
    }
    if let Some(message) = slice.message {
        add(format!(" #{message}"));
    }
    match &slice.flow {
        Some(Flow::Out(flows)) => flows.clone().for_each(|flow| add(format!(" {flow}>"))),
        Some(Flow::In(flow)) => add(format!(" >{flow}")),
        None => {}
    }
    if let Some(cause) = slice.cause {
        add(format!(" because of {}", cause.get()));
    }
    if let Some(depth) = slice.depth {
        add(format!(" depth={depth}"));
    }
    let times = [("latency", slice.latency), ("waited", slice.waited), ("timeout", slice.timeout)];
    for (name, time) in times {
        if let Some(time) = time {
            add(format!(" {name}={}", time.get()));
        }
    }
    if let Some(place) = slice.place {
        add(format!(" at {}", catalog.places[place]));
    }
    if let Some(text) = &slice.text {
        add(format!(" {text:?}"));
    }
    line
}
