//! How a process tells whoever drains its file which blocks are full or done with: a count
//! of them, and a ring of slots that has the places of the latest.
//!
//! Who seals a block takes the next number from the count, and then puts the place where
//! the block begins into the number's slot. A slot says of which number it is, so that one
//! that has not been written yet, or has been written again, is not mistaken for it. Who
//! finds that slots have been written again has to look at the whole file.

/// The word of the file that counts the seals.
pub const COUNT: usize = 2;
/// Where the page with the slots begins, in bytes. It begins like a block that was never used.
pub const PAGE: usize = 4096;
/// How long it is, in bytes.
pub const PAGE_BYTES: usize = 4096;
/// The word of the file that is the first slot.
pub const SLOTS: usize = PAGE / 8 + crate::HEADER_WORDS;
/// How many slots there are.
pub const SLOT_COUNT: u64 = 256;

const PLACE_BITS: u32 = 40;

/// The slot of this number, as a word of the file.
pub const fn word(number: u64) -> usize {
    SLOTS + (number % SLOT_COUNT) as usize
}

/// What the slot of this number says when the block at `offset` was sealed.
///
/// ```
/// use format::seals;
/// let slot = seals::slot(1_000, 8_192);
/// assert_eq!(seals::place(slot, 1_000), Some(8_192));
/// assert_eq!(seals::place(slot, 1_000 + seals::SLOT_COUNT), None);
/// ```
pub const fn slot(number: u64, offset: u64) -> u64 {
    number << PLACE_BITS | (offset / crate::ALIGNMENT as u64) & ((1 << PLACE_BITS) - 1)
}

/// Where the block is that was sealed with this number, if the slot is still of it.
pub const fn place(slot: u64, number: u64) -> Option<u64> {
    if slot >> PLACE_BITS == (number << PLACE_BITS) >> PLACE_BITS && slot != 0 {
        Some((slot & ((1 << PLACE_BITS) - 1)) * crate::ALIGNMENT as u64)
    } else {
        None
    }
}
