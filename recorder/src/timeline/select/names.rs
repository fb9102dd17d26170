//! Looks up names.

use typed_index_collections::{TiSlice, TiVec};

use super::Error;

/// Returns which entries of a list have a name that matches one of the patterns; all if there are
/// no patterns. `kind` is the noun for an entry.
///
/// # Errors
/// A pattern matches no entry.
pub(super) fn matching<I, T>(
    kind: &str,
    patterns: &[String],
    list: &TiSlice<I, T>,
    names_of: impl Fn(&T) -> Vec<String>,
) -> Result<TiVec<I, bool>, Error> {
    let names: Vec<_> = list.iter().map(names_of).collect();
    let mut selected: TiVec<I, bool> = vec![patterns.is_empty(); list.len()].into();
    for pattern in patterns {
        let mut is_known = false;
        for (is_selected, names) in selected.iter_mut().zip(&names) {
            let matches = names.iter().any(|name| is_match(pattern, name));
            *is_selected |= matches;
            is_known |= matches;
        }
        if !is_known {
            return Err(not_found(kind, pattern, names.iter().flatten()));
        }
    }
    Ok(selected)
}

/// The error for a name that does not exist. It lists the most similar names.
pub(super) fn not_found<'a>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    const MAX_LISTED: usize = 5;
    let mut known: Vec<_> =
        known.map(|known| (strsim::jaro_winkler(known, name), known.as_str())).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    known.dedup();
    let similar: Vec<_> =
        known.iter().take(MAX_LISTED).map(|(_, name)| format!("{name:?}")).collect();
    let more = if known.len() > MAX_LISTED { ", …" } else { "" };
    Error::NotInRecording(match similar.is_empty() {
        true => format!("the recording has no {kind}"),
        false => {
            let similar = similar.join(", ");
            format!("the recording has no {kind} {name:?}; it has {similar}{more}")
        }
    })
}

/// Whether a name matches a pattern, in which `*` stands for any characters.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(tail) else { return false };
    middle.split('*').all(|part| match name.find(part) {
        Some(at) => {
            name = &name[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_characters() {
        for (pattern, name, matches) in [
            ("jobs", "jobs", true),
            ("jobs", "jobs2", false),
            ("worker-*", "worker-12", true),
            ("worker-*", "worker-", true),
            ("worker-*", "a worker-1", false),
            ("*", "", true),
            ("*b*d", "abcd", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(is_match(pattern, name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_name_lists_similar_names() {
        let known: Vec<_> = ["results", "jobs", "job"].map(String::from).into();
        let list: &TiSlice<usize, _> = TiSlice::from_ref(&known);
        let error = matching("channel", &["jbos".to_owned()], list, |name| vec![name.clone()]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the recording has no channel \"jbos\"; it has \"jobs\", \"job\", \"results\""
        );
    }
}
