//! Shortens names, so that they still differ.

use std::collections::{BTreeMap, HashMap};
use std::iter;

/// Shortens names to at most `width` characters, so that different names stay different. A name is
/// longer than that only if no shorter form of it differs from the others.
///
/// Of a name such as `Box<dyn FnOnce() + Send> @ pool.rs:13 [2]`, the place and the number are kept
/// as long as possible. Other names are shortened in the middle, since many end in a number.
pub(crate) fn shorten_all<S: AsRef<str>>(names: &[S], width: usize) -> Vec<String> {
    let mut forms: BTreeMap<&str, Forms<'_>> =
        names.iter().map(|name| (name.as_ref(), Forms::new(name.as_ref(), width))).collect();
    loop {
        let mut owners: HashMap<&str, usize> = HashMap::new();
        for form in forms.values() {
            *owners.entry(&form.current).or_default() += 1;
        }
        let ambiguous: Vec<&str> = forms
            .iter()
            .filter(|(name, form)| form.current != **name && owners[&*form.current] > 1)
            .map(|(&name, _)| name)
            .collect();
        if ambiguous.is_empty() {
            break;
        }
        for name in ambiguous {
            forms.get_mut(name).into_iter().for_each(Forms::advance);
        }
    }
    names.iter().map(|name| forms[name.as_ref()].current.clone()).collect()
}

/// The forms of a name, the best first and the whole name last.
struct Forms<'a> {
    current: String,
    rest: Box<dyn Iterator<Item = String> + 'a>,
}

impl<'a> Forms<'a> {
    fn new(name: &'a str, width: usize) -> Self {
        let length = name.chars().count();
        let short = (width..length).flat_map(move |width| forms_of_width(name, length, width));
        let mut rest = short.chain(iter::once(name.to_owned()));
        Forms { current: rest.next().unwrap_or_default(), rest: Box::new(rest) }
    }

    fn advance(&mut self) {
        // The last is the whole name, and that is never ambiguous.
        if let Some(next) = self.rest.next() {
            self.current = next;
        }
    }
}

/// The forms of a name that have at most `width` characters, fewer than the name.
fn forms_of_width(name: &str, length: usize, width: usize) -> impl Iterator<Item = String> {
    let forms = named_after_place(name, width).into_iter().chain(middle_cuts(name, length, width));
    forms.filter(move |form| form.chars().count() <= width)
}

/// The short forms of a name that consists of a type and perhaps a place.
fn named_after_place(name: &str, width: usize) -> Vec<String> {
    let (head, place) = match name.rsplit_once(" @ ") {
        Some((head, place)) => (head, format!(" @ {place}")),
        None => (name, String::new()),
    };
    let mut forms: Vec<_> = [2, 1].map(|depth| collapse(head, depth) + &place).into();
    forms.retain(|form| form != name);
    if !place.is_empty() {
        let room = width.saturating_sub(place.chars().count());
        if room > 1 {
            let kept: String = collapse(head, 1).chars().take(room - 1).collect();
            forms.push(format!("{kept}…{place}"));
        }
        let place = place.trim_start();
        forms.push(place.to_owned());
        let length = place.chars().count();
        let end = place.chars().skip(length.saturating_sub(width.saturating_sub(1)));
        forms.push(iter::once('…').chain(end).collect());
    }
    forms
}

/// Replaces the parameters of a type by `…` where they are nested this deep.
fn collapse(type_name: &str, max_depth: usize) -> String {
    let mut short = String::new();
    let mut depth = 0_usize;
    let mut last = ' ';
    for c in type_name.chars() {
        // The `>` of `fn() -> T` closes nothing.
        if c == '>' && last != '-' {
            depth = depth.saturating_sub(1);
        }
        if depth < max_depth {
            short.push(c);
        }
        if c == '<' {
            depth += 1;
            if depth == max_depth {
                short.push('…');
            }
        }
        last = c;
    }
    short
}

/// The start and the end of a name, then parts of its middle.
fn middle_cuts(name: &str, length: usize, width: usize) -> impl Iterator<Item = String> {
    let kept = width.saturating_sub(1);
    let at = |from: usize, count: usize| name.chars().skip(from).take(count);
    // With ends of equal length first, then with ever more of the end, then of the start.
    let middle = kept.div_ceil(2);
    let starts = (0..=middle).rev().chain(middle + 1..=kept);
    let ends = starts.map(move |start| {
        let end = kept - start;
        at(0, start).chain(['…']).chain(at(length - end, end)).collect()
    });
    let part = width.saturating_sub(2);
    let parts = (1..length - part)
        .map(move |from| iter::once('…').chain(at(from, part)).chain(['…']).collect());
    ends.chain(parts).filter(|form: &String| form.chars().any(|c| c != '…'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_place_and_the_number_are_kept() {
        for (name, width, short) in [
            ("u64 @ main.rs:15 [4]", 20, "u64 @ main.rs:15 [4]"),
            ("u64 @ main.rs:15 [4]", 18, "@ main.rs:15 [4]"),
            ("Result<Vec<u64>, Error> @ main.rs:15", 26, "Result<…> @ main.rs:15"),
            ("Mutex<Receiver<Box<dyn FnOnce()>>> @ a.rs:1", 30, "Mutex<Receiver<…>> @ a.rs:1"),
            ("Box<dyn FnOnce() + Send> @ pool.rs:13", 20, "Box<…> @ pool.rs:13"),
            ("Configuration @ main.rs:15", 18, "Conf… @ main.rs:15"),
            ("fn() -> Vec<u8> @ a.rs:1", 23, "fn() -> Vec<…> @ a.rs:1"),
            ("u64 @ main.rs:15 [4]", 12, "…n.rs:15 [4]"),
            ("request-handler-17", 11, "reque…er-17"),
        ] {
            assert_eq!(shorten_all(&[name], width), [short]);
        }
    }

    #[test]
    fn the_part_that_differs_is_kept() {
        let all = |names: &[&str], width| shorten_all(names, width);
        let sides = ["to the north side", "to the south side"];
        assert_eq!(all(&sides, 10), ["t…rth side", "t…uth side"]);
        // Nothing is shorter and still differs.
        assert_eq!(all(&["ab", "ac", "ab"], 1), ["ab", "ac", "ab"]);
        // What is short already is not touched.
        assert_eq!(all(&["a…c", "abbbc"], 3), ["a…c", "…bc"]);
    }

    fn names() -> impl Strategy<Value = BTreeSet<String>> {
        let any = prop::collection::btree_set("[ab…@<>: \\[\\]0-9]{0,12}", 1..12);
        let label = "(u64|Job|Vec<Vec<u8>>|Box<dyn FnOnce\\(\\) \\+ Send>) @ (main|pool).rs:[1-9]{1,3}( \\[[2-9]\\])?";
        prop_oneof![any, prop::collection::btree_set(label, 1..12)]
    }

    proptest! {
        #[test]
        fn different_names_stay_different(names in names(), width in 0_usize..24) {
            let names: Vec<String> = names.into_iter().collect();
            let short = shorten_all(&names, width);
            let distinct: BTreeSet<&String> = short.iter().collect();
            prop_assert_eq!(distinct.len(), names.len(), "{:?}", short);
            for (short, name) in short.iter().zip(&names) {
                let length = name.chars().count();
                prop_assert!(short.chars().count() <= length);
                prop_assert!(length > width || short == name);
                // Twelve names, and as many places for a character that differs.
                prop_assert!(width < 8 || short.chars().count() <= width, "{} {:?}", width, short);
            }
        }
    }
}
