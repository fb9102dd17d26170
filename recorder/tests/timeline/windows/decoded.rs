//! Decodes chunks and tiles by their description, and not with the code that writes them.

use std::collections::BTreeMap;

/// A piece that is read from its start.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.0.split_first().expect("the column goes on");
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value;
            }
            shift += 7;
        }
    }

    fn signed(&mut self) -> i64 {
        unzigzag(self.number())
    }

    fn optional(&mut self) -> Option<u64> {
        self.number().checked_sub(1)
    }
}

/// The columns of a piece, each after its length.
fn columns(piece: &[u8]) -> Vec<Reader<'_>> {
    let mut rest = Reader(piece);
    let mut columns = Vec::new();
    while !rest.0.is_empty() {
        let length = rest.number() as usize;
        let (column, after) = rest.0.split_at(length);
        columns.push(Reader(column));
        rest = Reader(after);
    }
    columns
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// An event of a chunk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DecodedEvent {
    pub(super) kind: u64,
    pub(super) thread: u64,
    pub(super) time: u64,
    /// `None` where a wait begins.
    pub(super) length: Option<u64>,
    pub(super) target: u64,
    pub(super) place: Option<u64>,
    pub(super) endpoint: Option<u64>,
    pub(super) message: Option<u64>,
    /// The thread and the time of the event that led to it.
    pub(super) from: Option<(u64, u64)>,
    pub(super) latency: Option<u64>,
    pub(super) depth: Option<u64>,
    pub(super) cause: Option<u64>,
    pub(super) waited: Option<u64>,
    pub(super) timeout: Option<u64>,
    pub(super) text: Option<String>,
}

/// A thread or a primitive, a start, an end, and an activity or flags.
pub(super) type Span = (u64, u64, u64, u64);

/// A chunk.
#[derive(Debug)]
pub(super) struct DecodedChunk {
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) first_step: u64,
    pub(super) events: Vec<DecodedEvent>,
    pub(super) states: Vec<Span>,
    pub(super) holds: Vec<Span>,
    /// Thread, kind and start.
    pub(super) waiting: Vec<(u64, u64, u64)>,
    /// Channel, sent, received, depth, senders, receivers.
    pub(super) channels: Vec<[u64; 6]>,
    pub(super) alive: Vec<u64>,
}

/// Decodes a chunk.
pub(super) fn chunk(piece: &[u8]) -> DecodedChunk {
    let mut columns = columns(piece);
    assert_eq!(columns.len(), 23);
    let [
        header,
        texts,
        kind,
        thread,
        time,
        length,
        target,
        place,
        endpoint,
        message,
        from,
        before,
        latency,
        depth,
        cause,
        waited,
        timeout,
        text,
        states,
        holds,
        waiting,
        channels,
        alive,
    ] = &mut columns[..]
    else {
        unreachable!("the number has been checked")
    };
    let [version, begin, end, first_step, count, text_count] = [(); 6].map(|()| header.number());
    assert_eq!(version, 1);
    let texts: Vec<String> = (0..text_count)
        .map(|_| {
            let length = texts.number() as usize;
            let (text, rest) = texts.0.split_at(length);
            *texts = Reader(rest);
            String::from_utf8(text.to_vec()).expect("it is UTF-8")
        })
        .collect();
    let mut latest: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    let mut latest_text: BTreeMap<u64, i64> = BTreeMap::new();
    let (mut now, mut new_texts) = (begin as i64, 0);
    let events = (0..count)
        .map(|_| {
            now += time.signed();
            let (target, thread) = (target.number(), thread.number());
            let (number, depth_after) = latest.entry(target).or_default();
            let message = message.optional().map(|it| {
                *number += unzigzag(it);
                *number as u64
            });
            let depth = depth.optional().map(|it| {
                *depth_after += unzigzag(it);
                *depth_after as u64
            });
            let from = from.optional().map(|from| (from, before.number()));
            let late = from.filter(|_| message.is_some());
            let latency = late.map(|(_, before)| (before as i64 + latency.signed()) as u64);
            let text = match text.number() {
                0 => None,
                1 => {
                    new_texts += 1;
                    Some(new_texts - 1)
                }
                other => {
                    let latest = latest_text.get(&thread).copied().unwrap_or_default();
                    Some(latest + unzigzag(other - 2))
                }
            };
            if let Some(text) = text {
                latest_text.insert(thread, text);
            }
            DecodedEvent {
                kind: kind.number(),
                thread,
                time: now as u64,
                length: match length.number() {
                    0 => Some(0),
                    1 => None,
                    other => Some(other - 2),
                },
                target,
                place: place.optional(),
                endpoint: endpoint.optional(),
                message,
                from: from.map(|(from, before)| (from, now as u64 - before)),
                latency,
                depth,
                cause: cause.optional().map(|before| now as u64 - before),
                waited: waited.optional(),
                timeout: timeout.optional(),
                text: text.map(|text| texts[text as usize].clone()),
            }
        })
        .collect();
    let from_begin = |difference: i64| (begin as i64 + difference) as u64;
    let mut spans = Vec::new();
    for _ in 0..states.number() {
        let (thread, mut at) = (states.number(), from_begin(states.signed()));
        for _ in 0..states.number() {
            let (length, activity) = (states.number(), states.number());
            spans.push((thread, at, at + length, activity));
            at += length;
        }
    }
    let holds: Vec<Span> = (0..holds.number())
        .map(|_| {
            let (primitive, thread) = (holds.number(), holds.number());
            let from = from_begin(holds.signed());
            let (length, flags) = (holds.number(), holds.number());
            assert!(flags < 4 && thread < 1 << 32);
            (primitive, from, from + length, flags)
        })
        .collect();
    let waiting = (0..waiting.number())
        .map(|_| {
            let (thread, kind) = (waiting.number(), waiting.number());
            let since = from_begin(-waiting.signed());
            for _ in ["target", "place", "timeout"] {
                waiting.number();
            }
            (thread, kind, since)
        })
        .collect();
    let channels = (0..channels.number()).map(|_| [(); 6].map(|()| channels.number())).collect();
    let alive_threads = (0..alive.number()).map(|_| alive.number()).collect();
    let decoded = DecodedChunk {
        begin,
        end,
        first_step,
        events,
        states: spans,
        holds,
        waiting,
        channels,
        alive: alive_threads,
    };
    assert!(columns.iter().all(|column| column.0.is_empty()), "every column is read to its end");
    decoded
}

/// Sums of bins, which count from the start of the run, by lane and bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Events, and nanoseconds by activity.
    pub(super) threads: BTreeMap<(u64, u64), (u64, BTreeMap<u64, u64>)>,
    /// Sent, received, minimum and maximum depth.
    pub(super) channels: BTreeMap<(u64, u64), (u64, u64, u64, u64)>,
    pub(super) locks: BTreeMap<(u64, u64), u64>,
    /// By start, end, from and to.
    pub(super) arrows: BTreeMap<(u64, u64, u64, u64), u64>,
}

impl Sums {
    pub(super) fn add_channel(
        &mut self,
        at: (u64, u64),
        sent: u64,
        received: u64,
        depths: (u64, u64),
    ) {
        let sums = self.channels.entry(at).or_insert((0, 0, u64::MAX, 0));
        let (min, max) = depths;
        *sums = (sums.0 + sent, sums.1 + received, sums.2.min(min), sums.3.max(max));
    }
}

/// Decodes a segment of this tile, and adds it to the sums.
pub(super) fn add_segment(piece: &[u8], (level, tile): (u32, u64), sums: &mut Sums) {
    let mut columns = columns(piece);
    assert_eq!(columns.len(), 22);
    let header = [(); 7].map(|()| columns[0].number());
    assert_eq!(header[..3], [1, level.into(), tile]);
    let first = tile << 8;
    let columns = &mut columns[1..];
    let entries = |columns: &mut [Reader<'_>], count: u64| -> Vec<(u64, u64, u64)> {
        let (mut lane, mut end) = (0, first);
        (0..count)
            .map(|_| {
                let step = columns[0].number();
                if step > 0 {
                    (lane, end) = (lane + step, first);
                }
                let bin = end + columns[1].number();
                let run = columns[2].number() + 1;
                end = bin + run;
                assert!(end <= first + 256, "it is in the tile");
                (lane, bin, run)
            })
            .collect()
    };
    for (thread, bin, run) in entries(&mut columns[..5], header[3]) {
        let (events, mask) = (columns[3].number(), columns[4].number());
        let activities = (0..13).filter(|activity| mask >> activity & 1 == 1);
        let times: Vec<_> = activities.map(|it| (it, columns[4].number())).collect();
        for bin in bin..bin + run {
            let (sum, of) = sums.threads.entry((thread, bin)).or_default();
            *sum += events;
            times.iter().for_each(|(activity, time)| *of.entry(*activity).or_default() += time);
        }
    }
    for (channel, bin, run) in entries(&mut columns[5..12], header[4]) {
        let [sent, received, min, max] = [8, 9, 10, 11].map(|column| columns[column].number());
        for bin in bin..bin + run {
            sums.add_channel((channel, bin), sent, received, (min, max));
        }
    }
    for (lock, bin, run) in entries(&mut columns[12..16], header[5]) {
        let held = columns[15].number();
        (bin..bin + run).for_each(|bin| *sums.locks.entry((lock, bin)).or_default() += held);
    }
    let mut start = first as i64;
    for _ in 0..header[6] {
        start += columns[16].signed();
        let [from, to, shift, count] = [17, 18, 19, 20].map(|column| columns[column].number());
        let end = start as u64 + shift;
        *sums.arrows.entry((start as u64, end, from, to)).or_default() += count;
    }
    assert!(columns.iter().all(|column| column.0.is_empty()), "every column is read to its end");
}
