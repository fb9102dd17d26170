//! How findings and reports name threads, calls, places and numbers.

use format::Call;

use crate::analysis::Analysis;
use crate::reading::Nanos;
use crate::reading::catalog::{ChannelIndex, PlaceIndex, PrimitiveIndex, Target, ThreadIndex};
use crate::replay::Wait;
use crate::timeline::item;

/// `"jobs"`
pub(super) fn channel(analysis: &Analysis<'_>, channel: ChannelIndex) -> String {
    analysis.name_of(Target::Channel(channel))
}

/// `"state"`
pub(super) fn primitive(analysis: &Analysis<'_>, primitive: PrimitiveIndex) -> String {
    analysis.name_of(Target::Primitive(primitive))
}

/// The thread's name.
pub(crate) fn thread<'a>(analysis: &Analysis<'a>, thread: ThreadIndex) -> &'a str {
    &analysis.catalog.threads[thread].name
}

/// ` (src/main.rs:14)`, or nothing if the place is not known or inside the standard library.
pub(crate) fn at(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> String {
    place_after(analysis, " (", place, ")")
}

/// ` since src/main.rs:14`, or nothing.
pub(super) fn since(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> String {
    place_after(analysis, " since ", place, "")
}

/// A place between these texts, or nothing if it is not known or inside the standard library.
pub(crate) fn place_after(
    analysis: &Analysis<'_>,
    before: &str,
    place: Option<PlaceIndex>,
    after: &str,
) -> String {
    let place = place.map(|place| &analysis.catalog.places[place]);
    let place = place.filter(|place| !place.is_in_std());
    place.map_or(String::new(), |place| format!("{before}{}{after}", place.file_and_line()))
}

/// `recv on "jobs"`, `join of worker`; in a dependency `Receiver::recv of flume`.
pub(crate) fn call(analysis: &Analysis<'_>, wait: &Wait) -> String {
    if let Some(call) = call_of_dependency(analysis, wait.operation.place) {
        return call;
    }
    let method = method(wait.call());
    match wait.target() {
        Some(target @ Target::Thread(_)) => format!("{method} of {}", analysis.name_of(target)),
        Some(target) => format!("{method} on {}", analysis.name_of(target)),
        None => method.to_owned(),
    }
}

/// `Receiver::recv of flume`: the call of a dependency that led to a place in it, if that is known.
pub(super) fn call_of_dependency(
    analysis: &Analysis<'_>,
    place: Option<PlaceIndex>,
) -> Option<String> {
    analysis.catalog.places[place?].dependency_call()
}

/// Whether a place is in a dependency, and no call of the program is known to have led there.
pub(super) fn is_internal(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> bool {
    place.is_some_and(|place| analysis.catalog.places[place].is_internal())
}

/// Whether a place is in a dependency.
pub(super) fn is_in_dependency(analysis: &Analysis<'_>, place: Option<PlaceIndex>) -> bool {
    place.is_some_and(|place| analysis.catalog.places[place].dependency().is_some())
}

/// `main waits in recv on "jobs" (src/main.rs:14)`
pub(super) fn waits(analysis: &Analysis<'_>, who: &[ThreadIndex], wait: &Wait) -> String {
    let call = call(analysis, wait);
    let verb = if who.len() == 1 { "waits" } else { "wait" };
    format!("{} {verb} in {call}{}", threads(analysis, who), at(analysis, wait.operation.place))
}

/// `a`, `a and b`, `a, b and c`; of many the first few, and the number of the others.
pub(crate) fn list(items: &[String]) -> String {
    const MAX_NAMED: usize = 4;
    match items {
        [] => "no thread".to_owned(),
        [one] => one.clone(),
        [..] if items.len() > MAX_NAMED + 1 => {
            format!("{} and {} more", items[..MAX_NAMED].join(", "), items.len() - MAX_NAMED)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The names of threads, in one list.
pub(super) fn threads(analysis: &Analysis<'_>, threads: &[ThreadIndex]) -> String {
    let names: Vec<_> = threads.iter().map(|&index| thread(analysis, index)).collect();
    list_at_one_place(&names)
}

/// Names in one list. What all have in common from an `@` on comes once: `thread 2 and thread 3 @
/// main.rs:14`.
fn list_at_one_place(names: &[&str]) -> String {
    let all = |names: &[&str]| list(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    let place = names.first().and_then(|first| first.rfind(" @ ").map(|at| &first[at..]));
    let stripped = place.and_then(|place| {
        names.iter().map(|name| name.strip_suffix(place)).collect::<Option<Vec<_>>>()
    });
    match (place, stripped) {
        (Some(place), Some(stripped)) if names.len() > 1 => all(&stripped) + place,
        _ => all(names),
    }
}

/// `45%`
pub(crate) fn percent(part: u64, whole: u64) -> String {
    format!("{}%", (100 * u128::from(part)).checked_div(whole.into()).unwrap_or(0))
}

/// `45%`, of a time.
pub(crate) fn share(part: Nanos, whole: Nanos) -> String {
    percent(part.get(), whole.get())
}

/// `1 message`, `2 messages`
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = match noun {
        _ if count == 1 => "",
        "process" | "switch" => "es",
        _ => "s",
    };
    format!("{count} {noun}{plural}")
}

/// The name of a call in a sentence: as in the timeline, except where it needs its picture to be
/// understood.
pub(crate) fn method(call: Call) -> &'static str {
    match call {
        Call::ReadUnlock => "end of read",
        Call::WriteUnlock => "end of write",
        Call::CondvarWait => "Condvar::wait",
        Call::CondvarWaitTimeout => "Condvar::wait_timeout",
        Call::BarrierWait => "Barrier::wait",
        Call::Initialize | Call::Initializer => "initialization",
        Call::Scope => "the end of a scope",
        Call::YieldNow => "yield_now",
        _ => item::method(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short() {
        let items: Vec<_> = (1..=9).map(|n| n.to_string()).collect();
        assert_eq!(list(&items[..0]), "no thread");
        assert_eq!(list(&items[..1]), "1");
        assert_eq!(list(&items[..2]), "1 and 2");
        assert_eq!(list(&items[..5]), "1, 2, 3, 4 and 5");
        assert_eq!(list(&items), "1, 2, 3, 4 and 5 more");
    }

    #[test]
    fn a_common_place_comes_once() {
        let of = list_at_one_place;
        assert_eq!(of(&["thread 2 @ a.rs:1"]), "thread 2 @ a.rs:1");
        assert_eq!(
            of(&["thread 2 @ a.rs:1", "thread 3 @ a.rs:1"]),
            "thread 2 and thread 3 @ a.rs:1"
        );
        assert_eq!(of(&["thread 2 @ a.rs:1", "main"]), "thread 2 @ a.rs:1 and main");
        assert_eq!(of(&["a", "b"]), "a and b");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "process"), "1 process");
        assert_eq!(counted(2, "process"), "2 processes");
        assert_eq!(counted(0, "message"), "0 messages");
    }

    #[test]
    fn a_share_is_rounded_down() {
        assert_eq!(percent(2, 3), "66%");
        assert_eq!(percent(1, 0), "0%");
    }
}
