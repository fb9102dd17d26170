//! Version 1 of the format, pinned: a change that an old reader would misread must
//! change [`format::VERSION`] and leave these files as they are.

use std::collections::BTreeSet;

use format::{BlockHeader, FILE_HEADER_BYTES, MAX_RECORD, OperationKind, decode, text};

const TEXT: &str = include_str!("golden/version-1.txt");
const BYTES: &[u8] = include_bytes!("golden/version-1.rec");

#[test]
fn the_text_gives_the_bytes() {
    assert_eq!(text::parse(TEXT).unwrap(), BYTES);
}

#[test]
fn the_bytes_give_the_text() {
    format::check_file_header(BYTES).unwrap();
    let mut lines = vec![text::heading()];
    let mut rest = &BYTES[FILE_HEADER_BYTES..];
    while let Some(header) = rest.first_chunk() {
        let header = BlockHeader::decode(header).unwrap().unwrap();
        lines.push(text::block(&header));
        let mut records = &rest[BlockHeader::BYTES..][..header.committed as usize];
        while !records.is_empty() {
            let record = decode(records).unwrap();
            lines.push(text::event(record.time, &record.event));
            records = &records[record.length..];
        }
        rest = &rest[header.stride as usize..];
    }
    assert!(rest.is_empty());
    assert_eq!(lines.join("\n") + "\n", TEXT);
}

#[test]
fn every_operation_is_there() {
    for kind in OperationKind::ALL {
        assert!(TEXT.contains(&format!(" {} ", kind.name())), "{}", kind.name());
    }
}

#[test]
fn every_event_is_there() {
    let names = TEXT.lines().filter_map(|line| line.split(' ').nth(1)).collect::<BTreeSet<_>>();
    for code in 0..=u8::MAX {
        // Zeros are good fields for every event, so only an unknown code is refused.
        let mut bytes = [0; MAX_RECORD];
        bytes[0] = code;
        if let Ok(record) = decode(&bytes) {
            assert!(names.contains(record.event.name()), "{}", record.event.name());
        }
    }
}
