//! Columns of varints.

/// Numbers, encoded one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Column(Vec<u8>);

impl Column {
    /// Appends a number.
    #[inline]
    pub(super) fn push(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Appends a signed number.
    #[inline]
    pub(super) fn push_signed(&mut self, value: i64) {
        self.push(zigzag(value));
    }

    /// Appends a number, or that there is none.
    #[inline]
    pub(super) fn push_optional(&mut self, value: Option<u64>) {
        self.push(value.map_or(0, |value| value.saturating_add(1)));
    }

    /// Appends a text after its length.
    pub(super) fn push_text(&mut self, text: &str) {
        self.push(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends the column after its length to a piece, and empties it.
    pub(super) fn append_to(&mut self, piece: &mut Vec<u8>) {
        let mut length = Column::default();
        length.push(self.0.len() as u64);
        piece.extend_from_slice(&length.0);
        piece.append(&mut self.0);
    }
}

impl<const N: usize> From<[u64; N]> for Column {
    fn from(values: [u64; N]) -> Self {
        let mut column = Column::default();
        values.into_iter().for_each(|value| column.push(value));
        column
    }
}

/// A signed number as an unsigned one: small if it is close to 0.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// The difference of two times as a signed number.
#[inline]
pub(super) fn difference(later: u64, earlier: u64) -> i64 {
    later.wrapping_sub(earlier) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_few_bytes_and_follow_the_length_of_their_column() {
        let mut column = Column::from([0, 127, 128]);
        column.push_signed(-1);
        column.push_optional(None);
        column.push_optional(Some(6));
        column.push_text("é");
        let mut piece = Vec::new();
        column.append_to(&mut piece);
        assert_eq!(piece, [10, 0, 127, 0x80, 1, 1, 0, 7, 2, 0xc3, 0xa9]);
        column.append_to(&mut piece);
        assert_eq!(piece.last(), Some(&0), "it has been emptied");
        assert_eq!([0, -1, 1, i64::MIN].map(zigzag), [0, 1, 2, u64::MAX]);
        assert_eq!(difference(3, 5), -2);
    }
}
