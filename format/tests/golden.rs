//! Recordings of each version of the format. A change that an old reader would misread must
//! increment [`format::VERSION`]; the files of earlier versions never change.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::BTreeSet;

use format::packed::{Packer, unpack};
use format::{BlockHeader, FILE_HEADER_BYTES, MAX_RECORD, OperationKind, decode, text};

/// The files of the current version.
const TEXT: &str = include_str!("golden/version-4.txt");
const PACKED: &[u8] = include_bytes!("golden/version-4-packed.rec");

/// The text form and the bytes of a recording of each version.
const VERSIONS: [(u32, &str, &[u8]); 4] = [
    (1, include_str!("golden/version-1.txt"), include_bytes!("golden/version-1.rec")),
    (2, include_str!("golden/version-2.txt"), include_bytes!("golden/version-2.rec")),
    (3, include_str!("golden/version-3.txt"), include_bytes!("golden/version-3.rec")),
    (4, TEXT, include_bytes!("golden/version-4.rec")),
];

/// Packed recordings of earlier versions, with an index into [`VERSIONS`].
const PACKED_BEFORE: [(usize, &[u8]); 2] = [
    (1, include_bytes!("golden/version-2-packed.rec")),
    (2, include_bytes!("golden/version-3-packed.rec")),
];

#[test]
fn the_text_form_converts_to_the_bytes() {
    for (version, text, golden) in VERSIONS {
        let mut bytes = text::parse(text).unwrap();
        // The current version is written, whatever the version of the text form.
        assert_eq!(bytes[8..12], format::VERSION.to_le_bytes());
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        assert_eq!(bytes, golden, "version {version}");
    }
}

/// The headers and contents of the blocks of a recording.
fn blocks(recording: &[u8]) -> Vec<(BlockHeader, &[u8])> {
    format::check_file_header(recording).unwrap();
    let mut blocks = Vec::new();
    let mut rest = &recording[FILE_HEADER_BYTES..];
    while let Some(header) = rest.first_chunk() {
        let header = BlockHeader::decode(header).unwrap().unwrap();
        blocks.push((header, &rest[BlockHeader::BYTES..][..header.committed as usize]));
        rest = &rest[header.stride as usize..];
    }
    assert!(rest.is_empty());
    blocks
}

#[test]
fn the_bytes_convert_to_the_text_form() {
    for (version, text, bytes) in VERSIONS {
        let mut lines = vec![format!("channel-recording version={version}")];
        for (header, mut records) in blocks(bytes) {
            assert_eq!(header.checksum, 0);
            lines.push(text::block(&header));
            while !records.is_empty() {
                let record = decode(records).unwrap();
                lines.push(text::event(record.time, &record.event));
                records = &records[record.length..];
            }
        }
        assert_eq!(lines.join("\n") + "\n", text);
    }
}

#[test]
fn packed_blocks_hold_the_same_records() {
    let (_, _, bytes) = VERSIONS[3];
    let mut packer = Packer::new();
    let mut packed = format::file_header().to_vec();
    for (header, records) in blocks(bytes) {
        packer.block(&header, records, &mut packed);
    }
    assert_eq!(packed, PACKED);
    assert!(PACKED.len() < bytes.len());
    for (header, content) in blocks(PACKED) {
        assert_ne!(header.checksum, 0);
        header.verify(content).unwrap();
    }
    assert_same_records(PACKED, bytes);
    for (version, packed) in PACKED_BEFORE {
        assert_same_records(packed, VERSIONS[version].2);
    }
}

fn assert_same_records(packed: &[u8], bytes: &[u8]) {
    for ((one, packed), (other, records)) in blocks(packed).into_iter().zip(blocks(bytes)) {
        let mut unpacked = Vec::new();
        if one.packed {
            unpack(packed, &mut unpacked).unwrap();
        } else {
            unpacked.extend_from_slice(packed);
        }
        assert_eq!(unpacked, records);
        assert_eq!(
            (one.thread, one.sequence, one.dropped),
            (other.thread, other.sequence, other.dropped)
        );
    }
    assert!(blocks(packed).iter().any(|(header, _)| header.packed));
}

#[test]
fn the_text_form_holds_every_operation() {
    for kind in OperationKind::ALL {
        assert!(TEXT.contains(&format!(" {} ", kind.name())), "{}", kind.name());
    }
}

#[test]
fn the_text_form_holds_every_event() {
    let names = TEXT.lines().filter_map(|line| line.split(' ').nth(1)).collect::<BTreeSet<_>>();
    for code in 0..=u8::MAX {
        // Zeros are valid fields of every event, so only unknown codes are refused.
        let mut bytes = [0; MAX_RECORD];
        bytes[0] = code;
        if let Ok(record) = decode(&bytes) {
            assert!(names.contains(record.event.name()), "{}", record.event.name());
        }
    }
}
