//! Compares flight recorders of made-up programs with recordings of the whole program.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// A made-up program: the blocks of three threads in the order in which they become full, and those
/// that do not.
#[derive(Debug, Default)]
struct Program {
    time: u64,
    full: Vec<Block>,
    /// By thread.
    open: [(u64, Vec<u8>); 3],
    channels: Vec<MadeUpChannel>,
    primitives: u32,
}

#[derive(Debug)]
struct MadeUpChannel {
    name: String,
    /// The first sender and the receiver, and then clones of senders.
    endpoints: Vec<MadeUpEndpoint>,
}

#[derive(Debug)]
struct MadeUpEndpoint {
    number: u32,
    /// The index of the endpoint that it was cloned from.
    from: Option<usize>,
    /// The blocks that make and drop it.
    made: (u32, u64),
    dropped: Option<(u32, u64)>,
}

impl Program {
    fn record(&mut self, thread: usize, event: &Event<'_>) -> (u32, u64) {
        let (sequence, records) = &mut self.open[thread];
        if records.is_empty() {
            if *sequence == 0 {
                append_record(records, self.time, &started(thread as u64 + 1, "thread"));
            }
            append_record(records, self.time, &SITE);
        }
        self.time += 10;
        append_record(records, self.time, event);
        (thread as u32 + 1, *sequence)
    }

    fn full_block(&mut self, thread: usize) {
        let (sequence, records) = &mut self.open[thread];
        let header = BlockHeader {
            thread: thread as u32 + 1,
            sequence: *sequence,
            ..BlockHeader::default()
        };
        if !records.is_empty() {
            self.full.push((header, std::mem::take(records)));
            *sequence += 1;
        }
    }

    fn make_channel(&mut self, thread: usize) {
        let count = self.channels.iter().map(|channel| channel.endpoints.len()).sum::<usize>();
        let [sender, receiver] = [count as u32 + 1, count as u32 + 2];
        let number = self.channels.len() as u32 + 1;
        let name = format!("channel {number}.");
        let made = self.record(thread, &created(number, [sender, receiver], &name));
        let endpoint = |number| MadeUpEndpoint { number, from: None, made, dropped: None };
        let endpoints = vec![endpoint(sender), endpoint(receiver)];
        self.channels.push(MadeUpChannel { name, endpoints });
    }

    /// Picks an endpoint that is not dropped.
    fn pick(&self, pick: usize, is_sender: bool) -> Option<(usize, usize)> {
        let channels = self.channels.iter().enumerate();
        let all = channels.flat_map(|(channel, facts)| {
            let endpoints = facts.endpoints.iter().enumerate();
            let alive = endpoints.filter(|(_, endpoint)| endpoint.dropped.is_none());
            alive.map(move |(endpoint, _)| (channel, endpoint))
        });
        let all: Vec<_> = all.filter(|&(_, endpoint)| !is_sender || endpoint != 1).collect();
        (!all.is_empty()).then(|| all[pick % all.len()])
    }

    fn act(&mut self, thread: usize, action: u8, pick: usize) {
        let any = self.pick(pick, false);
        match (action, self.pick(pick, true), any) {
            (0, ..) => self.make_channel(thread),
            (1..=4, Some((channel, from)), _) => {
                let count = self.channels.iter().map(|channel| channel.endpoints.len());
                let number = count.sum::<usize>() as u32 + 1;
                let original = self.channels[channel].endpoints[from].number;
                let made = self.record(thread, &cloned(number, original));
                let name = format!("clone {number}");
                self.record(thread, &Event::EndpointNamed { endpoint: number, name: &name });
                let from = Some(from);
                let clone = MadeUpEndpoint { number, from, made, dropped: None };
                self.channels[channel].endpoints.push(clone);
            }
            (5..=8, _, Some((channel, endpoint))) => {
                let number = self.channels[channel].endpoints[endpoint].number;
                let event = match endpoint {
                    1 => Event::ReceiverDropped { endpoint: number },
                    _ => dropped(number),
                };
                let dropped = self.record(thread, &event);
                self.channels[channel].endpoints[endpoint].dropped = Some(dropped);
            }
            (9..=10, _, Some((channel, endpoint))) => {
                let number = self.channels[channel].endpoints[endpoint].number;
                let kind = match endpoint {
                    1 => OperationKind::TryRecvEmpty,
                    _ => OperationKind::TrySendFull,
                };
                self.record(thread, &operation(kind, number));
            }
            (11, ..) => {
                self.primitives += 1;
                let (number, name) = (self.primitives, format!("lock {}", self.primitives));
                self.record(thread, &primitive(number, 1, 0, "u8"));
                self.record(thread, &Event::PrimitiveNamed { primitive: number, name: &name });
            }
            _ => self.full_block(thread),
        }
    }
}

impl MadeUpChannel {
    /// Whether all of its endpoints that evicted blocks make are also dropped by evicted blocks.
    fn seems_dead(&self, is_evicted: impl Fn((u32, u64)) -> bool) -> bool {
        let mut is_known = Vec::new();
        for endpoint in &self.endpoints {
            let is_from_known = endpoint.from.is_none_or(|from| is_known[from]);
            is_known.push(is_evicted(endpoint.made) && is_from_known);
        }
        let mut known = self.endpoints.iter().zip(&is_known).filter(|(_, known)| **known);
        is_known[0] && known.all(|(endpoint, _)| endpoint.dropped.is_some_and(&is_evicted))
    }
}

proptest! {
    #[test]
    fn a_flight_recorder_and_a_whole_recording_agree(
        actions in prop::collection::vec((0..3usize, 0..16u8, any::<u16>()), 1..300),
        share in 0..10u64,
    ) {
        let mut program = Program::default();
        for (thread, action, pick) in actions {
            program.act(thread, action, pick.into());
        }
        let process = block(0, 0, &[STARTED]);
        let full = std::mem::take(&mut program.full);
        (0..3).for_each(|thread| program.full_block(thread));
        let open = std::mem::take(&mut program.full);
        let bytes: usize = full.iter().chain(&open).map(|block| packed(block).len()).sum();
        let mut recorder = FlightRecorder::new(Duration::MAX, bytes as u64 * share / 10);
        for (header, records) in &full {
            recorder.add(header, records);
            recorder.evict();
        }
        let rest: Vec<_> = open.iter().chain([&process]).map(packed).collect();
        let recent = recording(&recorder, &rest, &[]);
        let whole = whole(&[&[process], &*full, &*open].concat());
        prop_assert_eq!(&recent.damage, &[]);

        let kept = recent.blocks().map(|block| block.unwrap().0);
        let kept: HashSet<_> = kept.map(|header| (header.thread, header.sequence)).collect();
        let is_evicted = |block| !kept.contains(&block);
        let (found, expected) = (senders(&recent), senders(&whole));
        let mut lost = Vec::new();
        for channel in &program.channels {
            if channel.seems_dead(is_evicted) {
                prop_assert!(!found.contains_key(&*channel.name));
                lost.push(&*channel.name);
            } else {
                prop_assert_eq!(found.get(&*channel.name), expected.get(&*channel.name));
            }
        }
        assert_same_events(&recent, &whole, &lost);
        assert_same_facts(&recent, &whole);
    }
}
