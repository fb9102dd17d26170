//! Looks up names.

use std::collections::BTreeSet;

use typed_index_collections::{TiSlice, TiVec};

use super::Error;
use crate::reading::catalog::{Catalog, ChannelIndex};

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

/// Returns the channels that a pattern means: those with this label, or else those with an endpoint
/// of this name, or else the only one with this message type, with or without its path. Returns only
/// channels that `is_selected` accepts.
///
/// # Errors
/// The pattern means no channel, or several have this message type and it does not contain a `*`.
pub(super) fn find_channels(
    pattern: &str,
    catalog: &Catalog,
    is_selected: impl Fn(ChannelIndex) -> bool,
) -> Result<Vec<ChannelIndex>, Error> {
    let matches_label: [&dyn Fn(&str) -> bool; 2] =
        [&|label| label == pattern, &|label| is_match(pattern, label)];
    for matches in matches_label {
        let mut found: Vec<_> = catalog.channels.keys().collect();
        found.retain(|&it| matches(&catalog.channels[it].label));
        if !found.is_empty() {
            found.retain(|&it| is_selected(it));
            return Ok(found);
        }
    }
    let named = catalog.endpoints.iter().filter(|endpoint| {
        let is_named = endpoint.name.as_ref().is_some_and(|name| is_match(pattern, name));
        is_named && is_selected(endpoint.channel)
    });
    let named: BTreeSet<_> = named.map(|endpoint| endpoint.channel).collect();
    if !named.is_empty() {
        return Ok(named.into_iter().collect());
    }
    let candidates = catalog.channels.iter_enumerated().filter(|&(it, _)| is_selected(it));
    let found: Vec<_> = candidates
        .filter(|(_, channel)| {
            let message_type = &channel.message_type;
            is_match(pattern, message_type) || is_match(pattern, &format::short_type(message_type))
        })
        .collect();
    match &found[..] {
        [] => Err(not_found("channel", pattern, catalog.channels.iter().map(|it| &it.label))),
        [_, _, ..] if !pattern.contains('*') => {
            let labels = listed(found.iter().map(|(_, channel)| channel.label.as_str()));
            Err(Error::NotInRecording(format!(
                "several channels have the message type {pattern:?}: {labels}; select one by its name"
            )))
        }
        found => Ok(found.iter().map(|&(index, _)| index).collect()),
    }
}

/// The first of some names: `"jobs", "results", …`.
fn listed<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    const MAX_LISTED: usize = 5;
    let mut listed: Vec<_> =
        names.by_ref().take(MAX_LISTED).map(|name| format!("{name:?}")).collect();
    listed.extend(names.next().map(|_| "…".to_owned()));
    listed.join(", ")
}

/// The error for a name that does not exist. It lists the most similar names.
pub(super) fn not_found<'a>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    let mut known: Vec<_> =
        known.map(|known| (strsim::jaro_winkler(known, name), known.as_str())).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    known.dedup();
    Error::NotInRecording(match known.is_empty() {
        true => format!("the recording has no {kind}"),
        false => {
            let similar = listed(known.iter().map(|(_, name)| *name));
            format!("the recording has no {kind} {name:?}; it has {similar}")
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
