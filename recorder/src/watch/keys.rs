//! Keys, from the bytes that a terminal sends.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Character(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    BackTab,
    Enter,
    Escape,
    /// Ctrl-C.
    Interrupt,
}

/// The keys in what a terminal has sent at once.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let (key, length) = match first {
            0x1b => sequence(after),
            0x03 => (Some(Key::Interrupt), 0),
            b'\t' => (Some(Key::Tab), 0),
            b'\r' | b'\n' => (Some(Key::Enter), 0),
            0x20..0x7f => (Some(Key::Character(char::from(*first))), 0),
            // None of our keys.
            _ => (None, 0),
        };
        keys.extend(key);
        rest = &after[length..];
    }
    keys
}

/// Whether these bytes end within a sequence, or with an escape that may begin one.
pub(super) fn is_incomplete(bytes: &[u8]) -> bool {
    match bytes.iter().rposition(|&byte| byte == 0x1b).map(|at| &bytes[at + 1..]) {
        None => false,
        Some([] | [b'[' | b'O']) => true,
        Some([b'[', rest @ ..]) => rest.iter().all(|byte| !is_final(*byte)),
        Some(_) => false,
    }
}

/// Whether a byte ends a sequence.
fn is_final(byte: u8) -> bool {
    (0x40..0x7f).contains(&byte)
}

/// The key of what follows an escape, if it is one of ours, and the number of bytes of its sequence.
fn sequence(rest: &[u8]) -> (Option<Key>, usize) {
    let (parameters, length) = match rest {
        [b'O', last, ..] => (&rest[1..1], (2, *last)),
        [b'[', sequence @ ..] => match sequence.iter().position(|&byte| is_final(byte)) {
            Some(end) => (&sequence[..end], (end + 2, sequence[end])),
            None => return (None, rest.len()),
        },
        _ => return (Some(Key::Escape), 0),
    };
    let (length, last) = length;
    let key = match (parameters, last) {
        (_, b'A') => Key::Up,
        (_, b'B') => Key::Down,
        (_, b'H') | (b"1" | b"7", b'~') => Key::Home,
        (_, b'F') | (b"4" | b"8", b'~') => Key::End,
        (b"5", b'~') => Key::PageUp,
        (b"6", b'~') => Key::PageDown,
        (_, b'Z') => Key::BackTab,
        _ => return (None, length),
    };
    (Some(key), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_keys() {
        let all = b"j\x1b[A\x1bOB\x1b[1;2C\x1b[6~\x1b[H\x1b[4~\t\x1b[Z\r\x03\xc3\xa9q\x1b";
        assert_eq!(
            keys(all),
            [
                Key::Character('j'),
                Key::Up,
                Key::Down,
                Key::PageDown,
                Key::Home,
                Key::End,
                Key::Tab,
                Key::BackTab,
                Key::Enter,
                Key::Interrupt,
                Key::Character('q'),
                Key::Escape,
            ]
        );
        // The sequence is cut off, and no more came.
        assert_eq!(keys(b"\x1b[1;"), []);
    }

    #[test]
    fn a_sequence_can_come_in_parts() {
        for part in ["\x1b", "\x1b[", "\x1bO", "j\x1b[1;2"] {
            assert!(is_incomplete(part.as_bytes()), "{part:?}");
        }
        for whole in ["", "j", "\x1b[A", "\x1bOA", "\x1bj", "\x1b[5~k"] {
            assert!(!is_incomplete(whole.as_bytes()), "{whole:?}");
        }
    }
}
