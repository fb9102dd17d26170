//! The limits of the format, and the errors beyond them.

use format::{
    BlockHeader, Error, Event, MAX_RECORD, MAX_TEXT, OperationKind, VERSION, check_file_header,
    decode, file_header, operation_words, text,
};

#[test]
fn a_long_text_is_truncated_at_a_character() {
    let long = "é".repeat(MAX_TEXT) + "x";
    let odd = format!("x{long}");
    for (name, kept) in [(&long, MAX_TEXT), (&odd, MAX_TEXT - 1)] {
        let mut bytes = [0; MAX_RECORD];
        let length = Event::ThreadStarted { os_id: 1, name }.encode(0, &mut bytes);
        let record = decode(&bytes[..length]).unwrap();
        assert_eq!(record.event, Event::ThreadStarted { os_id: 1, name: &name[..kept] });
    }
}

#[test]
fn the_longest_record_fits() {
    let text = "x".repeat(2 * MAX_TEXT);
    let mut bytes = [0; MAX_RECORD];
    let event = Event::ProcessStarted {
        pid: u32::MAX,
        parent: u32::MAX,
        ticks: u64::MAX,
        monotonic_ns: u64::MAX,
        wall_ns: u64::MAX,
        executable: &text,
        arguments: &text,
    };
    assert!(event.encode(u64::MAX, &mut bytes) <= MAX_RECORD);
    let [one, two] = [&text[..], &text];
    let event = Event::ChannelCreated {
        channel: 1,
        sender: 2,
        receiver: 3,
        site: 4,
        bound: 5,
        message_type: one,
        name: two,
    };
    assert!(event.encode(0, &mut bytes) <= MAX_RECORD);
}

#[test]
fn operations_agree_with_their_table() {
    for &kind in OperationKind::ALL {
        assert_eq!(OperationKind::from_code(kind as u8), Some(kind));
        assert_eq!(OperationKind::from_name(kind.name()), Some(kind));
        assert!(matches!(kind as u8, 16..128 | 160..240));

        let mut bytes = [0; MAX_RECORD];
        let event = Event::Operation { kind, endpoint: 7, site: 8, detail: 9 };
        let length = event.encode(10, &mut bytes);
        let words = operation_words(10, kind, 7, 8, 9).map(u64::to_le_bytes).concat();
        assert_eq!(&bytes[..length], words);
    }
    assert_eq!(OperationKind::from_code(15), None);
    assert_eq!(OperationKind::from_name("Sent"), None);
}

#[test]
fn the_file_header_identifies_a_recording() {
    let header = file_header();
    assert_eq!(check_file_header(&header), Ok(()));
    assert_eq!(check_file_header(b""), Err(Error::NotARecording));
    assert_eq!(check_file_header(b"\x89PNG\r\n\x1a\n"), Err(Error::NotARecording));
    for end in 1..format::FILE_HEADER_BYTES {
        assert_eq!(check_file_header(&header[..end]), Err(Error::Truncated { offset: 0 }));
    }
    for (version, advice) in [(VERSION + 1, ": install a newer recorder"), (0, "")] {
        let mut other = header;
        other[8..12].copy_from_slice(&version.to_le_bytes());
        let error = check_file_header(&other).unwrap_err();
        assert_eq!(error, Error::UnsupportedVersion { found: version });
        assert_eq!(
            error.to_string(),
            format!(
                "recorded in format version {version}, but this recorder reads 1 to {VERSION}{advice}"
            )
        );
    }
}

#[test]
fn a_contradictory_header_is_refused() {
    let good = BlockHeader { stride: 128, committed: 64, ..BlockHeader::default() };
    assert_eq!(BlockHeader::decode(&good.encode()), Ok(Some(good)));
    for (bad, offset) in [
        (BlockHeader { stride: 0, ..good }, 0),
        (BlockHeader { stride: 100, ..good }, 0),
        (BlockHeader { committed: 72, ..good }, 24),
        (BlockHeader { committed: 63, ..good }, 24),
        (BlockHeader { committed: u32::MAX, ..good }, 24),
    ] {
        let error = BlockHeader::decode(&bad.encode()).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { offset: found, .. } if found == offset),
            "{error}"
        );
    }
    assert_eq!(BlockHeader::decode(&[0; 64]), Ok(None));
}

#[test]
fn an_invalid_record_is_refused_with_offset_and_reason() {
    let mut bytes = [0; MAX_RECORD];
    let length = Event::ThreadStarted { os_id: 1, name: "abc" }.encode(0, &mut bytes);
    let whole = &bytes[..length];
    for (at, byte, message) in [
        (0, 99, "malformed at byte 0: no event has this code"),
        (18, 1, "malformed at byte 16: a text is longer than the format allows"),
        (20, 0xff, "malformed at byte 16: a text is not UTF-8"),
        (23, 1, "malformed at byte 23: padding is not zero"),
    ] {
        let mut bad = whole.to_vec();
        bad[at] = byte;
        assert_eq!(decode(&bad).unwrap_err().to_string(), message);
        let later = decode(&bad).unwrap_err().at(1000).to_string();
        assert!(later.contains("byte 10"), "{later}");
    }
    assert_eq!(decode(&whole[..16]), Err(Error::Truncated { offset: 0 }));
}

#[test]
fn an_invalid_text_form_is_refused_with_line_and_reason() {
    let head = "channel-recording version=4\nblock process=0 thread=1 sequence=0 dropped=0\n";
    for (text, message) in [
        (String::new(), "line 1: the text is empty"),
        ("hello".into(), "line 1: the first line must be `channel-recording version=4`"),
        (
            "channel-recording version=4\n5 ThreadEnded".into(),
            "line 2: an event comes before the first block",
        ),
        ("channel-recording version=4\nblock process=0".into(), "line 2: `thread=` is missing"),
        (format!("{head}5 Sent"), "line 3: no event is called \"Sent\""),
        (
            format!("{head}\n# a remark\nnow ThreadEnded"),
            "line 5: \"now\" is neither a time nor `block`",
        ),
        (format!("{head}5 Clock"), "line 3: `monotonic_ns=` is missing"),
        (format!("{head}5 Clock monotonic_ns=-1"), "line 3: monotonic_ns=\"-1\" is out of range"),
        (format!("{head}5 Clock 7"), "line 3: `key=value` expected at \"7\""),
        (format!("{head}5 ThreadStarted os_id=1 name=\"a"), "line 3: a quote is not closed"),
        (
            format!("{head}5 ThreadStarted os_id=1 name=\"\\n\""),
            "line 3: a backslash is not followed by `\"`, `\\` or `u`",
        ),
        (
            format!("{head}5 ThreadStarted os_id=1 name=\"\\u{{d800}}\""),
            "line 3: \\u{d800} is not a character",
        ),
        (
            format!("{head}5 ThreadStarted os_id=1 name=\"\\u{{61\""),
            "line 3: a \\u{…} is not closed",
        ),
    ] {
        assert_eq!(text::parse(&text).unwrap_err().to_string(), message);
    }
}
