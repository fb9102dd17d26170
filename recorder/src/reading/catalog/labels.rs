//! The names of things, and default names for things without one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use format::PrimitiveKind;

/// The names and ids that are taken in a process.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub(super) tracks: HashSet<u64>,
    /// The number of channels that would have the same label.
    pub(super) channels: HashMap<String, usize>,
    pub(super) primitives: HashMap<String, usize>,
}

/// The id of the operating system, or a substitute where it is not known; made different from those
/// that are taken.
pub(super) fn track(os_id: u64, number: u32, taken: &mut HashSet<u64>) -> u64 {
    /// Above every id that Linux gives to a thread.
    const SUBSTITUTE: u64 = 1 << 22;
    const BEYOND: u64 = 1 << 23;
    let mut track = if os_id == 0 { SUBSTITUTE + u64::from(number) } else { os_id };
    while !taken.insert(track) {
        track = track.wrapping_add(BEYOND);
    }
    track
}

/// Makes `label` differ from those before: `jobs`, `jobs [2]`, …
pub(super) fn distinguish(label: &str, seen: &mut HashMap<String, usize>) -> String {
    // Perfetto 52 stops reading where a text ends in a backslash. In the name of a channel it is
    // most likely a folder's.
    let label = readable(&label.replace('\\', "/")).into_owned();
    let mut count = seen.get(&label).copied().unwrap_or(0);
    let mut distinct = label.clone();
    while count > 0 && {
        distinct = format!("{label} [{}]", count + 1);
        seen.contains_key(&distinct)
    } {
        count += 1;
    }
    seen.insert(label, count + 1);
    seen.entry(distinct.clone()).or_insert(1);
    distinct
}

/// A text of the program that every viewer can show, and that shows its characters in their order:
/// Perfetto 52 stops reading where a text ends in a backslash, and characters that change the
/// direction of text become escapes.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() && text.contains(format::text::is_direction_control) {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match format::text::is_direction_control(c) {
                true => escaped.extend(['∖'].into_iter().chain(c.escape_unicode().skip(1))),
                false => escaped.push(c),
            }
        }
        return readable(&escaped).into_owned().into();
    }
    match text.strip_suffix('\\') {
        Some(rest) => format!("{rest}∖").into(),
        None => text.into(),
    }
}

/// The name of the program in an executable: its file's, without the hash that Cargo adds to
/// tests.
pub(super) fn program_name(executable: &str) -> &str {
    let (folder, file) = executable.rsplit_once('/').unwrap_or(("", executable));
    without_hash(folder, file).unwrap_or(file)
}

/// Whether an executable runs tests, as far as its path says: Cargo appends a hash to the names of
/// tests, and rustdoc has a name for those in documentation.
pub(super) fn is_test(executable: &str) -> bool {
    let (folder, file) = executable.rsplit_once('/').unwrap_or(("", executable));
    file == "rust_out" || without_hash(folder, file).is_some()
}

fn without_hash<'a>(folder: &str, file: &'a str) -> Option<&'a str> {
    const HASH_DIGITS: usize = 16;
    let (name, hash) = file.rsplit_once('-')?;
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && folder.rsplit('/').next() == Some("deps")).then_some(name)
}

/// A primitive's type, as the source has it: `Mutex<Receiver<Job>>`.
pub(super) fn primitive_type(kind: Option<PrimitiveKind>, value_type: &str) -> String {
    let kind = kind.map_or("primitive", PrimitiveKind::name);
    match format::short_type(value_type) {
        value_type if value_type.is_empty() => kind.to_owned(),
        value_type => format!("{kind}<{value_type}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primitive_is_called_by_its_type() {
        let mutex = Some(PrimitiveKind::Mutex);
        assert_eq!(primitive_type(mutex, "a::Receiver<b::Job>"), "Mutex<Receiver<Job>>");
        assert_eq!(primitive_type(Some(PrimitiveKind::Condvar), ""), "Condvar");
        assert_eq!(primitive_type(None, ""), "primitive");
    }

    #[test]
    fn controls_of_direction_are_escaped() {
        assert_eq!(readable("job\u{202e}gpj.exe"), "job∖u{202e}gpj.exe");
        assert_eq!(readable("Aufträge\u{2066}\\"), "Aufträge∖u{2066}∖");
        assert_eq!(readable("عربي"), "عربي");
        assert_eq!(distinguish("a\u{200f}", &mut HashMap::new()), "a∖u{200f}");
    }

    #[test]
    fn a_test_is_called_by_its_crate() {
        for (executable, name) in [
            ("/t/debug/deps/jobs-d4a39d4fdd034461", "jobs"),
            ("/t/debug/deps/my-jobs-d4a39d4fdd034461", "my-jobs"),
            ("/t/debug/deps/jobs-d4a39d4fdd03446", "jobs-d4a39d4fdd03446"),
            ("/t/debug/jobs-d4a39d4fdd034461", "jobs-d4a39d4fdd034461"),
            ("jobs", "jobs"),
            ("", ""),
        ] {
            assert_eq!(program_name(executable), name);
            assert_eq!(is_test(executable), !executable.ends_with(name));
        }
        assert!(is_test("/tmp/rustdoctest0/rust_out"));
    }

    #[test]
    fn labels_differ_and_have_no_backslash() {
        let mut seen = HashMap::new();
        let labels: Vec<_> = ["jobs", "a\\", "jobs", "jobs", "b [2]", "b", "b"]
            .map(|label| distinguish(label, &mut seen))
            .into();
        assert_eq!(labels, ["jobs", "a/", "jobs [2]", "jobs [3]", "b [2]", "b", "b [3]"]);
    }

    #[test]
    fn an_id_that_is_taken_becomes_another() {
        let mut taken = Default::default();
        let all = [7, 7, 7, 8].map(|id| track(id, 1, &mut taken));
        let all = HashSet::from(all);
        assert_eq!(all.len(), 4);
        assert!(all.contains(&7) && all.contains(&8));
    }
}
