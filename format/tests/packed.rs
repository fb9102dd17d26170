//! Packed blocks unpack to the same records, and invalid ones are refused.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use format::packed::{MAX_UNPACKED_BYTES, Packer, unpack};
use format::{BlockHeader, Event, MAX_RECORD, MessageId, OperationKind, operation_words, word};
use proptest::prelude::*;

/// A record of a thread: mostly the next message of a sender, sometimes any other.
#[derive(Clone, Debug)]
enum Step {
    Next {
        passed: u64,
        kind: usize,
        sender: u32,
        endpoint: u32,
    },
    Any {
        time: u64,
        kind: usize,
        endpoint: u32,
        site: u32,
        detail: u64,
    },
    Named {
        time: u64,
        name: String,
    },
    /// An arm of a select.
    Arm {
        endpoint: u32,
        arm: u32,
        message: u64,
    },
    /// Two operations with unknown messages.
    Unknown {
        kind: usize,
        endpoint: u32,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    // Few kinds, so that many operations have the same shape.
    let kind = 0..OperationKind::ALL.len() / 4;
    let next = (prop_oneof![0..300u64, 0..1u64 << 40], kind.clone(), 0..600u32, 0..5u32);
    let anything = (any::<u64>(), kind, any::<u32>(), any::<u32>(), any::<u64>());
    prop_oneof![
        8 => next.prop_map(|(passed, kind, sender, endpoint)| Step::Next {
            passed,
            kind,
            sender: if sender < 590 { sender % 3 } else { sender },
            endpoint,
        }),
        1 => anything.prop_map(|(time, kind, endpoint, site, detail)| Step::Any {
            time,
            kind,
            endpoint,
            site,
            detail,
        }),
        1 => (0..OperationKind::ALL.len() / 4, 0..5u32)
            .prop_map(|(kind, endpoint)| Step::Unknown { kind, endpoint }),
        1 => (0..3u32, 0..3u32, prop_oneof![Just(0), 1..5u64, any::<u64>()])
            .prop_map(|(endpoint, arm, message)| Step::Arm { endpoint, arm, message }),
        1 => (any::<u64>(), ".{0,40}").prop_map(|(time, name)| Step::Named { time, name }),
    ]
}

fn records(steps: &[Step]) -> Vec<u8> {
    let mut time = 0_u64;
    let mut counts = std::collections::HashMap::new();
    let mut records = Vec::new();
    for step in steps {
        match step {
            Step::Next { passed, kind, sender, endpoint } => {
                time = time.wrapping_add(*passed);
                let count = counts.entry(*sender).or_insert(0);
                *count += 1;
                let detail = MessageId::new(*sender, *count).0;
                let kind = OperationKind::ALL[*kind];
                let words = operation_words(time, kind, *endpoint, 1, detail);
                records.extend(words.map(u64::to_le_bytes).concat());
            }
            Step::Any { time: any, kind, endpoint, site, detail } => {
                time = *any;
                let words =
                    operation_words(time, OperationKind::ALL[*kind], *endpoint, *site, *detail);
                records.extend(words.map(u64::to_le_bytes).concat());
            }
            Step::Unknown { kind, endpoint } => {
                let words = operation_words(time, OperationKind::ALL[*kind], *endpoint, 1, 0);
                records.extend(words.map(u64::to_le_bytes).concat().repeat(2));
            }
            Step::Arm { endpoint, arm, message } => {
                let event = Event::SelectArm { endpoint: *endpoint, arm: *arm, message: *message };
                let mut record = [0; MAX_RECORD];
                let length = event.encode(time, &mut record);
                records.extend_from_slice(&record[..length]);
            }
            Step::Named { time: any, name } => {
                let mut record = [0; MAX_RECORD];
                let length = Event::ThreadStarted { os_id: 1, name }.encode(*any, &mut record);
                records.extend_from_slice(&record[..length]);
            }
        }
    }
    records
}

/// Header and content of the packed block.
fn pack(records: &[u8]) -> (BlockHeader, Vec<u8>) {
    let mut block = Vec::new();
    Packer::new().block(&BlockHeader::default(), records, &mut block);
    let header = BlockHeader::decode(block.first_chunk().unwrap()).unwrap().unwrap();
    assert_eq!(block.len(), header.stride as usize);
    assert_ne!(header.checksum, 0);
    (header, block[BlockHeader::BYTES..][..header.committed as usize].to_vec())
}

/// Verifies a block. `None` if there is no block, or not all of its content.
fn verify(block: &[u8]) -> Option<Result<(), format::Error>> {
    let (header, content) = block.split_first_chunk()?;
    let header = BlockHeader::decode(header).ok()??;
    Some(header.verify(content.get(..header.committed as usize)?))
}

/// Moves a block that was moved before.
fn copy(block: &[u8]) -> Vec<u8> {
    let (header, content) = block.split_first_chunk().unwrap();
    let header = BlockHeader::decode(header).unwrap().unwrap();
    let mut copy = Vec::new();
    Packer::new().block(&header, &content[..header.committed as usize], &mut copy);
    copy
}

/// Unpacks arbitrary bytes. The output is bounded by the input.
fn unpack_anything(content: &[u8]) {
    let mut out = Vec::new();
    let _ = unpack(content, &mut out);
    assert!(out.len() <= MAX_UNPACKED_BYTES.min(content.len() * MAX_RECORD));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_survive_packing(steps in prop::collection::vec(any_step(), 0..300)) {
        let records = records(&steps);
        let (header, content) = pack(&records);
        prop_assert!(content.len() <= records.len());
        let back = format::packed::records(&header, &content).unwrap();
        prop_assert!(back == records);
    }

    #[test]
    fn a_truncated_block_unpacks_to_its_first_records(steps in prop::collection::vec(any_step(), 30..60)) {
        let records = records(&steps);
        let (header, content) = pack(&records);
        prop_assume!(header.packed);
        for length in 0..content.len() {
            let mut part = Vec::new();
            let result = unpack(&content[..length], &mut part);
            prop_assert!(records.starts_with(&part));
            prop_assert!(result.is_err() || part == records);
        }
    }

    #[test]
    fn a_changed_byte_never_causes_a_panic(
        steps in prop::collection::vec(any_step(), 10..40),
        other in 1..=u8::MAX,
    ) {
        let (_, mut content) = pack(&records(&steps));
        for at in 0..content.len() {
            content[at] ^= other;
            unpack_anything(&content);
            content[at] ^= other;
        }
    }

    #[test]
    fn a_changed_byte_in_a_moved_block_is_noticed(
        steps in prop::collection::vec(any_step(), 0..80),
        (process, thread, sequence, dropped) in any::<(u32, u32, u64, u64)>(),
        change in 1..=u8::MAX,
    ) {
        let header = BlockHeader { process, thread, sequence, dropped, ..BlockHeader::default() };
        let mut block = Vec::new();
        Packer::new().block(&header, &records(&steps), &mut block);
        prop_assert_eq!(verify(&block), Some(Ok(())));
        let (header, _) = block.split_first_chunk().unwrap();
        let header = BlockHeader::decode(header).unwrap().unwrap();
        let content = BlockHeader::BYTES..BlockHeader::BYTES + header.committed as usize;
        // The other words of the header change while a block is moved.
        let identity = [word::START, word::OWNER, word::SEQUENCE, word::COMMITTED, word::DROPPED]
            .into_iter()
            .flat_map(|word| 8 * word..8 * word + 8);
        for at in identity.chain(content) {
            block[at] ^= change;
            prop_assert!(!matches!(verify(&block), Some(Ok(()))), "byte {}", at);
            block[at] ^= change;
        }
    }

    #[test]
    fn a_moved_block_is_copied_with_its_checksum(
        steps in prop::collection::vec(any_step(), 0..80),
        at in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut block = Vec::new();
        Packer::new().block(&BlockHeader::default(), &records(&steps), &mut block);
        prop_assert_eq!(&copy(&block), &block);
        // A change from before the copy is still noticed after it.
        let (header, content) = block.split_first_chunk_mut().unwrap();
        let header = BlockHeader::decode(header).unwrap().unwrap();
        prop_assume!(header.committed > 0);
        content[at.index(header.committed as usize)] ^= change;
        prop_assert!(!matches!(verify(&copy(&block)), Some(Ok(()))));
    }

    #[test]
    fn arbitrary_bytes_are_unpacked_or_refused(
        numbers in [0..3000u32, 0..300u32, 0..5u32, 0..2u32],
        bytes in prop::collection::vec(any::<u8>(), 0..900),
    ) {
        unpack_anything(&bytes);
        unpack_anything(&[numbers.map(u32::to_le_bytes).concat(), bytes].concat());
    }

    #[test]
    fn arbitrary_bytes_are_packed_or_copied(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        let (header, content) = pack(&bytes);
        // Records are whole words.
        let whole = &bytes[..bytes.len() / 8 * 8];
        prop_assert!(*format::packed::records(&header, &content).unwrap() == *whole);
    }
}
