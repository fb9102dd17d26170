//! How a process announces its sealed blocks: a counter and a ring of slots in the head of its
//! file, so that the recorder finds a full block without searching the whole file.
//!
//! The thread that seals a block takes the next number from the counter, word [`COUNT`] of the
//! file, and then stores the block's offset in the slot of that number. A slot also holds the
//! low bits of its number. A reader therefore notices a slot that has not been written yet, and
//! a slot that a later block has overwritten. After more than [`SLOT_COUNT`] seals between two
//! visits, some slots are overwritten and the recorder has to scan the whole file once.

/// The word of the file that counts the sealed blocks.
pub const COUNT: usize = 2;
/// Where the page with the slots starts, in bytes from the start of the file. The page starts
/// with the header of a block that was never used, so that readers of blocks step over it.
pub const PAGE_OFFSET: usize = 4096;
/// The length of that page in bytes.
pub const PAGE_BYTES: usize = 4096;
/// The word of the file that is the first slot.
pub const FIRST_SLOT: usize = PAGE_OFFSET / 8 + crate::HEADER_WORDS;
/// The number of slots.
pub const SLOT_COUNT: u64 = 256;

const OFFSET_BITS: u32 = 40;
const OFFSET_MASK: u64 = (1 << OFFSET_BITS) - 1;

/// The word of the file that is the slot of seal number `number`.
pub const fn slot_word(number: u64) -> usize {
    FIRST_SLOT + (number % SLOT_COUNT) as usize
}

/// The content of the slot when seal number `number` is that of the block at `offset`.
///
/// `offset` is in bytes and a multiple of [`ALIGNMENT`](crate::ALIGNMENT).
///
/// ```
/// use format::sealed_ring;
/// let slot = sealed_ring::encode_slot(1_000, 8_192);
/// assert_eq!(sealed_ring::decode_slot(slot, 1_000), Some(8_192));
/// // Another number has used the slot.
/// assert_eq!(sealed_ring::decode_slot(slot, 1_000 + sealed_ring::SLOT_COUNT), None);
/// ```
pub const fn encode_slot(number: u64, offset: u64) -> u64 {
    number << OFFSET_BITS | (offset / crate::ALIGNMENT as u64) & OFFSET_MASK
}

/// The offset in bytes of the block with seal number `number`, or `None` if `slot` holds
/// another number.
pub const fn decode_slot(slot: u64, number: u64) -> Option<u64> {
    if slot >> OFFSET_BITS == (number << OFFSET_BITS) >> OFFSET_BITS && slot != 0 {
        Some((slot & OFFSET_MASK) * crate::ALIGNMENT as u64)
    } else {
        None
    }
}
