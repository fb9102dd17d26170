//! Passes arbitrary bytes to everything that reads recordings. It must not panic, loop for ever or
//! take more memory than such a file can need, and the items that it makes must be possible.
//!
//! `.ci/fuzz` builds and runs this.
#![no_main]
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    unfulfilled_lint_expectations,
    reason = "the fuzzer uses only some of what these modules hold"
)]

use std::sync::Arc;

use format::packed::{Packer, unpack};
use format::{BlockHeader, MAX_RECORD, text};
use libfuzzer_sys::fuzz_target;

use reading::Recording;
use timeline::item::{HeldLock, Item, Slice};
use timeline::{Part, builder};

// The recorder's own modules, without the rest of it: that takes minutes to compile with counters.
#[path = "../../src/analysis/mod.rs"]
mod analysis;
#[path = "../../src/ordering/mod.rs"]
mod ordering;
#[path = "../../src/reading/mod.rs"]
mod reading;
#[path = "../../src/replay/mod.rs"]
mod replay;
mod terminal;
#[path = "../../src/timeline/mod.rs"]
mod timeline;
#[path = "../../src/window/mod.rs"]
mod window;

fuzz_target!(|bytes: &[u8]| {
    records(bytes);
    content(bytes);
    recording(bytes.to_vec());
    if let Ok(form) = std::str::from_utf8(bytes)
        && let Ok(parsed) = text::parse(form)
    {
        recording(parsed);
    }
});

/// Reads records until one cannot be read. Each that can be read is encoded to an equal record.
fn records(mut bytes: &[u8]) {
    while let Ok(record) = format::decode(bytes) {
        let mut again = [0; MAX_RECORD];
        let length = record.event.encode(record.time, &mut again);
        assert_eq!(format::decode(&again[..length]).as_ref(), Ok(&record));
        bytes = &bytes[record.length..];
    }
}

/// Reads the content of a packed block.
fn content(bytes: &[u8]) {
    let mut unpacked = Vec::new();
    // An error leaves the records before it.
    let _ = unpack(bytes, &mut unpacked);
    records(&unpacked);
}

/// Reads a recording, builds its timeline and the pieces of its page, and writes its text form, which
/// is an equal recording.
fn recording(bytes: Vec<u8>) {
    let Ok(recording) = Recording::from_bytes(bytes) else { return };
    let built = builder::build(&recording, |item| {
        assert!(is_possible(item), "{item:?}");
        Ok::<_, reading::Error>(())
    });
    built.expect("memory can always be read");
    let part = Part::default();
    let built = window::build(&recording, part, Arc::default(), |_| Ok::<_, reading::Error>(()));
    built.expect("memory can always be read");
    let form = form(&recording);
    let parsed = text::parse(&form).expect("what is written can be read");
    let again = Recording::from_bytes(parsed).expect("what is read is a recording");
    assert!(self::form(&again) == form, "{form}");
    let moved = Recording::from_bytes(moved(&recording)).expect("a moved recording is one");
    assert!(self::form(&moved) == form, "{form}");
}

/// The same recording after its blocks were moved, each with a checksum that matches.
fn moved(recording: &Recording) -> Vec<u8> {
    let mut moved = format::file_header().to_vec();
    let mut packer = Packer::new();
    for block in recording.blocks() {
        let (header, records) = block.expect("memory can always be read");
        let start = moved.len();
        packer.block(&header, &records, &mut moved);
        let (header, content) = moved[start..].split_first_chunk().expect("a block has a header");
        let header = BlockHeader::decode(header).ok().flatten().expect("it is a header");
        assert!(header.checksum != 0);
        header.verify(&content[..header.committed as usize]).expect("the checksum matches");
    }
    moved
}

fn is_possible(item: &Item) -> bool {
    match item {
        Item::Slice(Slice { begin, end, .. }) | Item::Hold(HeldLock { begin, end, .. }) => {
            end.is_none_or(|end| *begin <= end)
        }
        Item::State(state) => state.end.is_none_or(|end| state.begin < end),
        Item::Flight(flight) => flight.begin <= flight.end,
        Item::Merged(merged) => merged.begin <= merged.end,
        Item::MergedStates(states) => states.begin < states.end,
        Item::Counter(_) => true,
    }
}

/// The text form of a recording.
fn form(recording: &Recording) -> String {
    let mut form = text::heading();
    for block in recording.blocks() {
        let (header, records) = block.expect("memory can always be read");
        form += "\n";
        form += &text::block(&header);
        let mut records = &records[..];
        while !records.is_empty() {
            let record = format::decode(records).expect("what is there was read before");
            form += "\n";
            form += &text::event(record.time, &record.event);
            records = &records[record.length..];
        }
    }
    form
}
