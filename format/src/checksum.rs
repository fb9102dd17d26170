//! XXH64, the hash from which the checksum of a block is made.
//!
//! The algorithm is that of the [xxHash specification][spec]. It is fast, has published test
//! vectors and is not meant to withstand an attacker.
//!
//! ```
//! use format::checksum::{Xxh64, xxh64};
//!
//! let mut parts = Xxh64::new(0);
//! parts.update(b"chan");
//! parts.update(b"nel");
//! assert_eq!(parts.finish(), xxh64(b"channel", 0));
//! ```
//!
//! [spec]: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const PRIME_1: u64 = 0x9e37_79b1_85eb_ca87;
const PRIME_2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const PRIME_3: u64 = 0x1656_67b1_9e37_79f9;
const PRIME_4: u64 = 0x85eb_ca77_c2b2_ae63;
const PRIME_5: u64 = 0x27d4_eb2f_1656_67c5;

/// The input is consumed in stripes of four lanes of 8 bytes.
const STRIPE: usize = 32;

/// XXH64 of `bytes`.
pub fn xxh64(bytes: &[u8], seed: u64) -> u64 {
    let mut lanes = Lanes::new(seed);
    let (stripes, rest) = bytes.as_chunks();
    lanes.consume(stripes);
    lanes.finish(bytes.len() as u64, seed, rest)
}

/// XXH64 of input that comes in parts.
#[derive(Clone, Debug)]
pub struct Xxh64 {
    seed: u64,
    lanes: Lanes,
    /// Length of the input so far, in bytes.
    length: u64,
    /// The start of a stripe that is not complete yet.
    pending: [u8; STRIPE],
}

impl Xxh64 {
    /// A hash of no input yet.
    pub const fn new(seed: u64) -> Self {
        Xxh64 { seed, lanes: Lanes::new(seed), length: 0, pending: [0; STRIPE] }
    }

    /// Appends `bytes` to the input.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let pending = self.pending();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if pending > 0 {
            let missing = bytes.len().min(STRIPE - pending);
            self.pending[pending..pending + missing].copy_from_slice(&bytes[..missing]);
            if pending + missing < STRIPE {
                return;
            }
            self.lanes.consume(&[self.pending]);
            bytes = &bytes[missing..];
        }
        let (stripes, rest) = bytes.as_chunks();
        self.lanes.consume(stripes);
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    /// The hash of the input so far.
    pub fn finish(&self) -> u64 {
        self.lanes.finish(self.length, self.seed, &self.pending[..self.pending()])
    }

    /// The number of bytes in `pending`.
    const fn pending(&self) -> usize {
        (self.length % STRIPE as u64) as usize
    }
}

/// The four accumulators.
#[derive(Clone, Copy, Debug)]
struct Lanes([u64; 4]);

impl Lanes {
    const fn new(seed: u64) -> Self {
        Lanes([
            seed.wrapping_add(PRIME_1).wrapping_add(PRIME_2),
            seed.wrapping_add(PRIME_2),
            seed,
            seed.wrapping_sub(PRIME_1),
        ])
    }

    #[inline]
    fn consume(&mut self, stripes: &[[u8; STRIPE]]) {
        let mut lanes = self.0;
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks().0) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        self.0 = lanes;
    }

    /// The hash of an input of `length` bytes, of which `rest` was not consumed.
    fn finish(self, length: u64, seed: u64, rest: &[u8]) -> u64 {
        let mut hash = if length < STRIPE as u64 {
            seed.wrapping_add(PRIME_5)
        } else {
            let [a, b, c, d] = self.0;
            let merged = a
                .rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18));
            self.0.iter().fold(merged, |hash, &lane| {
                (hash ^ round(0, lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4)
            })
        };
        hash = hash.wrapping_add(length);
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            hash ^= round(0, u64::from_le_bytes(*word));
            hash = hash.rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
        }
        let (halves, rest) = rest.as_chunks::<4>();
        for half in halves {
            hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIME_1);
            hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
        }
        for byte in rest {
            hash ^= u64::from(*byte).wrapping_mul(PRIME_5);
            hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(PRIME_2);
        hash = (hash ^ hash >> 29).wrapping_mul(PRIME_3);
        hash ^ hash >> 32
    }
}

#[inline]
const fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use twox_hash::XxHash64;

    use super::*;

    /// The buffer on which the self-test of the reference implementation runs.
    fn reference_buffer() -> [u8; 101] {
        let mut state = 2_654_435_761_u32;
        std::array::from_fn(|_| {
            let byte = (state >> 24) as u8;
            state = state.wrapping_mul(state);
            byte
        })
    }

    #[test]
    fn the_published_vectors_agree() {
        let buffer = reference_buffer();
        let seed = 2_654_435_761;
        for (length, seed, hash) in [
            (0, 0, 0xef46_db37_51d8_e999),
            (0, seed, 0xac75_fda2_929b_17ef),
            (1, 0, 0x4fce_394c_c889_52d8),
            (1, seed, 0x7398_40cb_819f_a723),
            (14, 0, 0xcffa_8db8_81bc_3a3d),
            (14, seed, 0x5b96_1158_5efc_c9cb),
            (101, 0, 0x0eab_5433_84f8_78ad),
            (101, seed, 0xcaa6_5939_306f_1e21),
        ] {
            assert_eq!(xxh64(&buffer[..length], seed), hash, "{length} bytes, seed {seed}");
        }
        for (text, hash) in [
            ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] {
            assert_eq!(xxh64(text.as_bytes(), 0), hash, "{text}");
        }
    }

    #[test]
    fn every_length_agrees_with_another_implementation() {
        let bytes: Vec<_> = (0..200_u32).map(|index| (index * 37 + index / 7) as u8).collect();
        for length in 0..=bytes.len() {
            for seed in [0, 1, u64::MAX] {
                let bytes = &bytes[..length];
                assert_eq!(xxh64(bytes, seed), XxHash64::oneshot(seed, bytes), "{length} bytes");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn input_in_parts_has_the_same_hash(
            bytes in prop::collection::vec(any::<u8>(), 0..500),
            cuts in prop::collection::vec(0usize..80, 0..20),
            seed in any::<u64>(),
        ) {
            let mut parts = Xxh64::new(seed);
            let mut rest = &bytes[..];
            for cut in cuts {
                let (part, after) = rest.split_at(cut.min(rest.len()));
                parts.update(part);
                rest = after;
            }
            parts.update(rest);
            prop_assert_eq!(parts.finish(), xxh64(&bytes, seed));
            prop_assert_eq!(parts.finish(), XxHash64::oneshot(seed, &bytes));
        }
    }
}
