//! The file header and the block header.

use crate::Error;
use crate::checksum::xxh64;

/// The first eight bytes of every recording.
pub const MAGIC: [u8; 8] = *b"\x89chanrec";

/// The version of the format that this crate writes. It also reads all earlier ones.
pub const VERSION: u32 = 4;

/// Length of the file header in bytes.
pub const FILE_HEADER_BYTES: usize = 64;

/// Blocks start at multiples of this many bytes. Where no block starts, a reader steps on by as
/// many bytes.
pub const ALIGNMENT: usize = 64;

/// Length of a block header in words of 8 bytes.
pub const HEADER_WORDS: usize = 8;

/// The first four bytes of a block that is not packed, as a number.
pub const BLOCK_MAGIC: u32 = u32::from_le_bytes(*b"BLCK");

/// The first four bytes of a packed block, as a number.
pub const PACKED_MAGIC: u32 = u32::from_le_bytes(*b"PACK");

/// The indices of the words of a block header.
pub mod word {
    /// Magic in the lower half, stride in the upper.
    pub const START: usize = 0;
    /// Process in the lower half, thread in the upper.
    pub const OWNER: usize = 1;
    /// The block's place among its thread's blocks.
    pub const SEQUENCE: usize = 2;
    /// Bytes of complete records in the lower half, checksum in the upper.
    pub const COMMITTED: usize = 3;
    /// Number of blocks that this place in the file has held, including this one.
    pub const GENERATION: usize = 4;
    /// The generation, once the block is complete.
    pub const SEALED: usize = 5;
    /// The generation, once the block was moved elsewhere.
    pub const DRAINED: usize = 6;
    /// Number of events that the thread could not record while this was its block.
    pub const DROPPED: usize = 7;
}

/// The file header, as bytes.
pub fn file_header() -> [u8; FILE_HEADER_BYTES] {
    let mut bytes = [0; FILE_HEADER_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes
}

/// Checks that `bytes` start with the file header of a version that this crate can read.
///
/// # Errors
/// [`Error::NotARecording`], [`Error::UnsupportedVersion`], or [`Error::Truncated`] if `bytes`
/// are the first part of a file header.
pub fn check_file_header(bytes: &[u8]) -> Result<(), Error> {
    let shared = bytes.len().min(MAGIC.len());
    if bytes.is_empty() || bytes[..shared] != MAGIC[..shared] {
        return Err(Error::NotARecording);
    }
    let Some(version) = bytes.get(8..).and_then(|rest| rest.first_chunk()) else {
        return Err(Error::Truncated { offset: 0 });
    };
    match u32::from_le_bytes(*version) {
        1..=VERSION if bytes.len() < FILE_HEADER_BYTES => Err(Error::Truncated { offset: 0 }),
        1..=VERSION => Ok(()),
        found => Err(Error::UnsupportedVersion { found }),
    }
}

/// The generation of a block that its own thread has moved to the end of the file. No other
/// block will use that place.
pub const COPY: u64 = u64::MAX;

/// The header of a block.
///
/// ```
/// use format::BlockHeader;
/// let header = BlockHeader { stride: 128, thread: 1, committed: 24, ..BlockHeader::default() };
/// assert_eq!(BlockHeader::decode(&header.encode()).unwrap(), Some(header));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockHeader {
    /// Whether the content is [packed](crate::packed).
    pub packed: bool,
    /// Bytes from the start of this block to the first place where the next can start. A multiple
    /// of [`ALIGNMENT`]; includes the header.
    pub stride: u32,
    /// Number of the process in this recording, from 0.
    pub process: u32,
    /// Number of the thread in its process, from 1. The records of a block of thread 0 describe
    /// the process.
    pub thread: u32,
    /// Number of the block among the blocks of its thread, from 0.
    pub sequence: u64,
    /// Length of the content: bytes of complete records after the header, packed or not.
    pub committed: u32,
    /// Checksum of a block that was moved or packed, or 0 for a block without one: one that its
    /// thread writes in mapped memory, or one of version 1 to 3. See [`verify`](Self::verify).
    pub checksum: u32,
    /// Number of blocks that this place in the file has held, including this one. While it is 0
    /// the place holds no block, and a reader steps over it.
    pub generation: u64,
    /// Equals `generation` once the block is complete: nothing more will be written in it.
    pub sealed: u64,
    /// Equals `generation` once the block was moved elsewhere.
    pub drained: u64,
    /// Number of events that the thread could not record while this was its block.
    pub dropped: u64,
}

impl BlockHeader {
    /// Length of the header in bytes.
    pub const BYTES: usize = HEADER_WORDS * 8;

    /// Whether the block is complete and was not moved elsewhere yet.
    pub fn is_full(&self) -> bool {
        self.generation != 0 && self.sealed == self.generation && self.drained != self.generation
    }

    /// Whether records that were read between this header and the header `now` are this block's.
    ///
    /// A thread may start another block in the same place at any moment. The words of a header
    /// that is being written can therefore stem from different instants.
    pub fn is_still(&self, now: &BlockHeader) -> bool {
        (now.generation, now.thread, now.sequence) == (self.generation, self.thread, self.sequence)
            && now.committed >= self.committed
    }

    /// The checksum of this block if it has `content`; never 0.
    ///
    /// It covers the content and what identifies the block: whether it is packed, its stride,
    /// process, thread, sequence number and dropped events. The content is hashed with XXH64,
    /// whose seed is the hash of words 0, 1, 2 and 7 of the header with seed 0. The checksum is
    /// the low half of the hash, or 1 if that is 0.
    pub fn checksum_of(&self, content: &[u8]) -> u32 {
        let words = self.words();
        let identity = [word::START, word::OWNER, word::SEQUENCE, word::DROPPED]
            .map(|word| words[word].to_le_bytes());
        let seed = xxh64(identity.as_flattened(), 0);
        (xxh64(content, seed) as u32).max(1)
    }

    /// Checks the content of this block against its checksum. A block without one passes.
    ///
    /// # Errors
    /// [`Error::Malformed`] at the start of the block if a byte of the content or of the
    /// block's identity has changed since it was moved.
    ///
    /// ```
    /// use format::{BlockHeader, packed::Packer};
    /// let mut block = Vec::new();
    /// Packer::new().block(&BlockHeader::default(), &[7; 64], &mut block);
    /// let header = BlockHeader::decode(block.first_chunk().unwrap()).unwrap().unwrap();
    /// assert!(header.verify(&[7; 64]).is_ok());
    /// assert!(header.verify(&[8; 64]).is_err());
    /// ```
    pub fn verify(&self, content: &[u8]) -> Result<(), Error> {
        if self.checksum == 0 || self.checksum == self.checksum_of(content) {
            return Ok(());
        }
        Err(Error::Malformed { offset: 0, what: "a block's checksum does not match" })
    }

    /// The header as the words of the file.
    pub fn words(&self) -> [u64; HEADER_WORDS] {
        let magic = if self.packed { PACKED_MAGIC } else { BLOCK_MAGIC };
        [
            u64::from(self.stride) << 32 | u64::from(magic),
            u64::from(self.thread) << 32 | u64::from(self.process),
            self.sequence,
            u64::from(self.checksum) << 32 | u64::from(self.committed),
            self.generation,
            self.sealed,
            self.drained,
            self.dropped,
        ]
    }

    /// The header as bytes.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.words()) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads a header. Returns `None` if no block starts here.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the header contradicts itself.
    pub fn decode(bytes: &[u8; Self::BYTES]) -> Result<Option<Self>, Error> {
        let mut words = [0; HEADER_WORDS];
        for (word, from) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*from);
        }
        let [start, owner, sequence, committed, generation, sealed, drained, dropped] = words;
        let packed = start as u32 == PACKED_MAGIC;
        if start as u32 != BLOCK_MAGIC && !packed {
            return Ok(None);
        }
        let header = BlockHeader {
            packed,
            stride: (start >> 32) as u32,
            process: owner as u32,
            thread: (owner >> 32) as u32,
            sequence,
            committed: committed as u32,
            checksum: (committed >> 32) as u32,
            generation,
            sealed,
            drained,
            dropped,
        };
        let malformed = |at: usize, what| Err(Error::Malformed { offset: at as u64 * 8, what });
        let stride = header.stride as usize;
        if stride < Self::BYTES || !stride.is_multiple_of(ALIGNMENT) {
            return malformed(word::START, "a block's stride is impossible");
        }
        let committed = header.committed as usize;
        if committed > stride - Self::BYTES || !committed.is_multiple_of(8) {
            return malformed(word::COMMITTED, "a block cannot hold as much as its header states");
        }
        Ok(Some(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No two fields are equal.
    const HEADER: BlockHeader = BlockHeader {
        packed: false,
        stride: 192,
        process: 1,
        thread: 2,
        sequence: 3,
        committed: 128,
        checksum: 4,
        generation: 5,
        sealed: 6,
        drained: 7,
        dropped: 8,
    };

    #[test]
    fn each_word_has_the_index_of_its_name() {
        let words = HEADER.words();
        assert_eq!(words[word::START], 192 << 32 | u64::from(BLOCK_MAGIC));
        assert_eq!(words[word::OWNER], 2 << 32 | 1);
        assert_eq!(words[word::SEQUENCE], 3);
        assert_eq!(words[word::COMMITTED], 4 << 32 | 128);
        assert_eq!(words[word::GENERATION], 5);
        assert_eq!(words[word::SEALED], 6);
        assert_eq!(words[word::DRAINED], 7);
        assert_eq!(words[word::DROPPED], 8);
        assert_eq!(HEADER.encode()[..8], *b"BLCK\xc0\0\0\0");
        assert_eq!(BlockHeader::decode(&HEADER.encode()), Ok(Some(HEADER)));
    }

    #[test]
    fn the_largest_and_smallest_numbers_survive_a_round_trip() {
        let large = BlockHeader {
            packed: true,
            stride: u32::MAX - 63,
            process: u32::MAX,
            thread: u32::MAX,
            sequence: u64::MAX,
            committed: u32::MAX - 127,
            checksum: u32::MAX,
            generation: u64::MAX,
            sealed: u64::MAX,
            drained: u64::MAX,
            dropped: u64::MAX,
        };
        let small = BlockHeader { stride: 64, ..BlockHeader::default() };
        for header in [large, small] {
            assert_eq!(BlockHeader::decode(&header.encode()), Ok(Some(header)));
            let over = BlockHeader { committed: header.committed + 8, ..header };
            let what = "a block cannot hold as much as its header states";
            assert_eq!(
                BlockHeader::decode(&over.encode()),
                Err(Error::Malformed { offset: 24, what })
            );
        }
    }

    #[test]
    fn the_checksum_covers_content_and_identity() {
        let content = [7; 128];
        let checksum = HEADER.checksum_of(&content);
        // The definition, with another implementation.
        let words = [192 << 32 | u64::from(BLOCK_MAGIC), 2 << 32 | 1, 3, 8];
        let seed = twox_hash::XxHash64::oneshot(0, words.map(u64::to_le_bytes).as_flattened());
        assert_eq!(checksum, twox_hash::XxHash64::oneshot(seed, &content) as u32);

        let block = BlockHeader { checksum, ..HEADER };
        assert_eq!(block.verify(&content), Ok(()));
        let what = "a block's checksum does not match";
        let mismatch = Err(Error::Malformed { offset: 0, what });
        assert_eq!(block.verify(&content[8..]), mismatch);
        for other in [
            BlockHeader { packed: true, ..block },
            BlockHeader { stride: 256, ..block },
            BlockHeader { process: 0, ..block },
            BlockHeader { thread: 0, ..block },
            BlockHeader { sequence: 0, ..block },
            BlockHeader { dropped: 0, ..block },
            BlockHeader { checksum: checksum ^ 1, ..block },
        ] {
            assert_eq!(other.verify(&content), mismatch, "{other:?}");
        }
        for other in [
            // Without a checksum nothing is verified.
            BlockHeader { checksum: 0, ..block },
            // These change while a block is moved.
            BlockHeader { generation: 9, sealed: 9, drained: 9, ..block },
        ] {
            assert_eq!(other.verify(&content), Ok(()), "{other:?}");
        }
    }

    #[test]
    fn an_impossible_stride_is_refused() {
        for stride in [0, 8, 63, 65, 191, u32::MAX] {
            let bad = BlockHeader { stride, committed: 0, ..HEADER };
            let what = "a block's stride is impossible";
            assert_eq!(
                BlockHeader::decode(&bad.encode()),
                Err(Error::Malformed { offset: 0, what })
            );
        }
    }

    #[test]
    fn no_block_starts_without_the_magic() {
        for bit in 0..32 {
            let mut bytes = HEADER.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHeader::decode(&bytes), Ok(None), "bit {bit}");
        }
    }

    #[test]
    fn the_file_header_is_as_specified() {
        let header = file_header();
        assert_eq!(header[..12], *b"\x89chanrec\x04\0\0\0");
        assert_eq!(header[12..], [0; 52]);
    }

    #[test]
    fn a_wrong_magic_is_never_reported_as_truncated() {
        for wrong in 0..MAGIC.len() {
            let mut header = file_header();
            header[wrong] ^= 1;
            for end in wrong + 1..=header.len() {
                let found = check_file_header(&header[..end]);
                assert_eq!(found, Err(Error::NotARecording), "byte {wrong} of {end}");
            }
        }
    }
}
