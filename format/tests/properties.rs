//! Properties of all events and all kinds of damage, tested with random input.

use format::{
    BlockHeader, Error, Event, MAX_RECORD, MAX_TEXT, OperationKind, Record, TIME_BITS, decode, text,
};
use proptest::prelude::*;

/// An event of each kind. Its texts are borrowed from `texts`.
fn event<'a>(kind: usize, numbers: &[u64; 8], texts: &'a [String; 2]) -> Event<'a> {
    let [a, b, c, d, ..] = numbers.map(|number| number as u32);
    let [.., e, f, g] = *numbers;
    let [one, two] = [texts[0].as_str(), texts[1].as_str()];
    match kind {
        0 => Event::ProcessStarted {
            pid: a,
            parent: b,
            ticks: e,
            monotonic_ns: f,
            wall_ns: g,
            executable: one,
            arguments: two,
        },
        1 => Event::ProcessEnded { monotonic_ns: e, code: a, signal: b },
        2 => Event::Clock { monotonic_ns: e },
        3 => Event::ThreadStarted { os_id: e, name: one },
        4 => Event::ThreadEnded {},
        5 => Event::Site { site: a, line: b, column: c, file: one },
        6 => Event::ChannelCreated {
            channel: a,
            sender: b,
            receiver: c,
            site: d,
            bound: e,
            message_type: one,
            name: two,
        },
        7 => Event::SenderCloned { sender: a, from: b, site: c },
        8 => Event::SenderDropped { endpoint: a },
        9 => Event::ReceiverDropped { endpoint: a },
        10 => Event::Paused {},
        11 => Event::Resumed {},
        12 => Event::Forgotten { thread: a, os_id: e, sequence: numbers[5], name: one },
        13 => Event::Panicked { line: a, column: b, file: one, message: two },
        14 => Event::Returned { panicked: a },
        15 => Event::PrimitiveSeen { primitive: a, kind: b, site: c, size: e, value_type: one },
        16 => Event::EndpointNamed { endpoint: a, name: one },
        17 => Event::PrimitiveNamed { primitive: a, name: one },
        18 => Event::Value { message: e, value: one },
        19 => Event::Callsite { callsite: a, level: b, site: c, target: one, name: two },
        20 => Event::SpanEntered { callsite: a, span: e, fields: one },
        21 => Event::SpanExited { span: e },
        22 => Event::Logged { callsite: a, message: one },
        23 => Event::Host { name: one },
        24 => Event::ReceiverCloned { receiver: a, from: b, site: c },
        25 => Event::SelectArm { endpoint: a, arm: b, message: e },
        26 => Event::TaskSpawned { task: a, by: b, site: c, name: one },
        27 => Event::TaskResumed { task: a },
        28 => Event::TaskSuspended { task: a },
        29 => Event::TaskEnded { task: a },
        30 => Event::ThreadsCounted { monotonic_ns: e, threads: a },
        31 => Event::ThreadObserved {
            os_id: numbers[4],
            monotonic_ns: e,
            state: a,
            syscall: b,
            on_cpu_ns: f,
            ready_ns: g,
            started_ns: numbers[0],
            name: one,
            detail: two,
        },
        32 => Event::Executable { hash: e, bytes: f, path: one },
        33 => Event::PanicCaught {},
        34 => Event::RunEnded { monotonic_ns: e, code: a, signal: b, cause: c },
        35 => Event::Callers { callers: std::array::from_fn(|at| a.wrapping_mul(at as u32)) },
        36 => Event::CallerResolved { caller: a, line: b, file: one, function: two },
        37 => Event::Scheduled { step: e },
        38 => Event::Chosen { step: e, candidates: f },
        kind => Event::Operation {
            kind: OperationKind::ALL[kind - OTHERS],
            endpoint: a,
            site: b,
            detail: e,
        },
    }
}

/// Number of kinds in [`event`] that are not operations.
const OTHERS: usize = 39;

/// Number of kinds in [`event`].
fn kinds() -> usize {
    OTHERS + OperationKind::ALL.len()
}

/// A text of at most [`format::MAX_TEXT`] bytes, often with characters that must be escaped.
fn any_text() -> impl Strategy<Value = String> {
    let any = any::<char>();
    let quoted = prop::sample::select(vec!['"', '\\', '\n', '\0', '\u{7f}', '=', ' ', '🦀', 'é']);
    prop::collection::vec(prop_oneof![any, quoted], 0..100)
        .prop_map(|characters| characters.into_iter().collect())
}

/// Something like a field of the text form. Some are valid.
fn any_field() -> impl Strategy<Value = String> {
    let key = "os_id|name|monotonic_ns|endpoint|site|detail|.{0,3}";
    let number = "[0-9]{1,21}";
    let quoted = r#""(\\["\\]|\\u\{[0-9a-f]{1,5}\}|[a-zé ]){0,5}""#;
    let invalid = r#"["u\\{}0-9é ]{0,9}"#;
    (
        key,
        prop_oneof![9 => Just("="), 1 => Just("")],
        prop_oneof![4 => number, 4 => quoted, 1 => invalid],
    )
        .prop_map(|(key, is, value)| key + is + &value)
}

type Parts = (usize, [u64; 8], [String; 2], u64);

fn any_event() -> impl Strategy<Value = Parts> {
    (0..kinds(), any::<[u64; 8]>(), [any_text(), any_text()], 0..1u64 << TIME_BITS)
}

fn encode((kind, numbers, texts, time): &Parts) -> Vec<u8> {
    let mut bytes = [0xaa; MAX_RECORD];
    let length = event(*kind, numbers, texts).encode(*time, &mut bytes);
    bytes[..length].to_vec()
}

/// All records up to the first that cannot be read, and the error.
fn decode_all(mut bytes: &[u8]) -> (Vec<Record<'_>>, Option<Error>) {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        match decode(bytes) {
            Ok(record) => {
                bytes = &bytes[record.length..];
                records.push(record);
            }
            Err(error) => return (records, Some(error)),
        }
    }
    (records, None)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_survives_encoding(parts in any_event()) {
        let (kind, numbers, texts, time) = &parts;
        let bytes = encode(&parts);
        prop_assert_eq!(bytes.len() % 8, 0);
        let record = decode(&bytes).unwrap();
        prop_assert_eq!(record.event, event(*kind, numbers, texts));
        prop_assert_eq!((record.time, record.length), (*time, bytes.len()));
    }

    #[test]
    fn an_event_survives_the_text_form(parts in any_event()) {
        let (kind, numbers, texts, time) = &parts;
        let line = text::event(*time, &event(*kind, numbers, texts));
        prop_assert!(!line.contains('\n'));
        let whole = format!(
            "{}\nblock process=1 thread=2 sequence=3 dropped=4\n{line}\n", text::heading());
        let bytes = text::parse(&whole).unwrap();
        let (header, records) = bytes[format::FILE_HEADER_BYTES..].split_at(BlockHeader::BYTES);
        let header = BlockHeader::decode(header.first_chunk().unwrap()).unwrap().unwrap();
        prop_assert_eq!((header.process, header.thread, header.sequence, header.dropped), (1, 2, 3, 4));
        prop_assert_eq!(&records[..header.committed as usize], encode(&parts));
    }

    #[test]
    fn truncated_records_are_read_up_to_the_end(
        events in prop::collection::vec(any_event(), 1..4),
    ) {
        let encoded: Vec<_> = events.iter().map(encode).collect();
        let whole = encoded.concat();
        for end in 0..whole.len() {
            let (records, error) = decode_all(&whole[..end]);
            let mut rest = end;
            let fit = encoded.iter().take_while(|one| {
                let fits = one.len() <= rest;
                rest = rest.saturating_sub(if fits { one.len() } else { rest });
                fits
            }).count();
            prop_assert_eq!(records.len(), fit);
            let cut = encoded[..fit].concat().len() < end;
            prop_assert_eq!(error, cut.then_some(Error::Truncated { offset: 0 }));
        }
    }

    #[test]
    fn a_flipped_bit_never_causes_a_panic(parts in any_event()) {
        let mut bytes = encode(&parts);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(record) = decode(&bytes) {
                prop_assert!(record.length <= bytes.len());
                prop_assert_eq!(record.length % 8, 0);
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(record) = decode(&bytes) {
            prop_assert!(record.length <= bytes.len());
        }
        let _ = format::check_file_header(&bytes);
        if let Some(header) = bytes.first_chunk() {
            let _ = BlockHeader::decode(header);
        }
    }

    #[test]
    fn an_arbitrary_header_is_read_or_refused(words in any::<[u64; format::HEADER_WORDS]>(), stride in 0u64..1 << 20) {
        let mut words = words;
        words[0] = stride << 32 | u64::from(format::BLOCK_MAGIC);
        let bytes: Vec<_> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if let Ok(Some(header)) = BlockHeader::decode(bytes.first_chunk().unwrap()) {
            prop_assert_eq!(header.words(), words);
            prop_assert!(header.committed as usize + BlockHeader::BYTES <= header.stride as usize);
        }
    }

    #[test]
    fn an_arbitrary_text_is_read_or_refused(text in any::<String>(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let _ = text::parse(&text);
        let mut golden: Vec<_> = include_str!("golden/version-4.txt").chars().collect();
        let at = at.index(golden.len());
        golden[at] = c;
        let _ = text::parse(&golden.iter().collect::<String>());
    }

    #[test]
    fn a_text_of_any_length_is_truncated_at_a_character(
        name in prop::collection::vec(any::<char>(), 0..2 * MAX_TEXT),
    ) {
        let name: String = name.into_iter().collect();
        let mut bytes = [0xaa; MAX_RECORD];
        let length = Event::ThreadStarted { os_id: 1, name: &name }.encode(0, &mut bytes);
        let Event::ThreadStarted { name: kept, .. } = decode(&bytes[..length]).unwrap().event else {
            panic!("another event was decoded");
        };
        prop_assert!(name.starts_with(kept) && kept.len() <= MAX_TEXT);
        // The next character did not fit.
        let next = name[kept.len()..].chars().next();
        prop_assert!(next.is_none_or(|next| kept.len() + next.len_utf8() > MAX_TEXT));
    }

    #[test]
    fn records_before_a_flipped_bit_are_unchanged(
        events in prop::collection::vec(any_event(), 1..4),
        at in any::<prop::sample::Index>(),
    ) {
        let whole = events.iter().map(encode).collect::<Vec<_>>().concat();
        let bit = at.index(whole.len() * 8);
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (before, _) = decode_all(&whole);
        let (after, error) = decode_all(&damaged);
        let mut end = 0;
        for (place, record) in before.iter().enumerate() {
            end += record.length;
            if end <= bit / 8 {
                prop_assert_eq!(after.get(place), Some(record));
            }
        }
        let read: usize = after.iter().map(|record| record.length).sum();
        prop_assert!(read <= damaged.len() && read.is_multiple_of(8));
        prop_assert_eq!(error.is_none(), read == damaged.len());
    }

    #[test]
    fn arbitrary_fields_of_a_known_event_are_read_or_refused(
        code in any::<u8>(),
        // Small bytes are often valid lengths of texts.
        fields in prop::collection::vec(prop_oneof![Just(0), 0..8u8, any::<u8>()], 7..200),
    ) {
        let bytes = [vec![code], fields].concat();
        if let Ok(record) = decode(&bytes) {
            prop_assert!(record.length <= bytes.len());
            // Encoding the event gives the same bytes.
            let mut again = [0xaa; MAX_RECORD];
            let length = record.event.encode(record.time, &mut again);
            prop_assert_eq!(&again[..length], &bytes[..record.length]);
        }
    }

    #[test]
    fn an_arbitrary_line_of_a_block_is_read_or_refused(
        start in "[0-9]{1,9} (ThreadStarted|Clock|Send)|block|.{0,9}",
        fields in prop::collection::vec(any_field(), 0..5),
    ) {
        let head = format!(
            "{}\n{}\n", text::heading(), text::block(&BlockHeader::default()));
        let line = format!("{start} {}", fields.join(" "));
        if let Err(error) = text::parse(&(head + &line)) {
            prop_assert!(error.line >= 3, "{}", error);
        }
    }

    #[test]
    fn an_edited_text_is_read_or_refused(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..40, ".{0,3}|[\"\\\\= \n]"), 1..4),
    ) {
        let mut characters: Vec<_> = include_str!("golden/version-4.txt").chars().collect();
        for (at, length, with) in changes {
            let at = at.index(characters.len());
            let end = characters.len().min(at + length);
            characters.splice(at..end, with.chars());
        }
        if let Ok(bytes) = text::parse(&characters.iter().collect::<String>()) {
            prop_assert_eq!(format::check_file_header(&bytes), Ok(()));
        }
    }
}
