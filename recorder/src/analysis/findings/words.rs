//! How findings say who, what and where.

use format::Call;

use crate::analysis::Analysis;
use crate::analysis::wait_for::{Blocked, On};
use crate::reading::catalog::Index;
use crate::timeline::builder;

/// `"jobs"`
pub(super) fn channel(analysis: &Analysis<'_>, channel: usize) -> String {
    format!("{:?}", analysis.entities.channels[channel].label)
}

/// `the Mutex "state"`, or what it is called after the place that made it.
pub(super) fn primitive(analysis: &Analysis<'_>, primitive: usize) -> String {
    format!("{:?}", analysis.entities.primitives[primitive].label)
}

/// The thread's name.
pub(crate) fn thread<'a>(analysis: &Analysis<'a>, thread: usize) -> &'a str {
    &analysis.entities.threads[thread].name
}

/// ` (src/main.rs:14)`, or nothing.
pub(super) fn at(analysis: &Analysis<'_>, site: Option<Index>) -> String {
    match site {
        Some(site) => format!(" ({})", place(analysis, site)),
        None => String::new(),
    }
}

/// `src/main.rs:14`
pub(crate) fn place(analysis: &Analysis<'_>, site: Index) -> String {
    let site = &analysis.entities.sites[site.get()];
    format!("{}:{}", site.file, site.line)
}

/// `recv on "jobs"`, `join of worker`
pub(super) fn call(analysis: &Analysis<'_>, call: Call, on: On) -> String {
    let method = method(call);
    match on {
        On::Channel(index) => format!("{method} on {}", channel(analysis, index)),
        On::Primitive(index) => format!("{method} on {}", primitive(analysis, index)),
        On::Thread(index) => format!("{method} of {}", thread(analysis, index)),
        On::Nothing => method.to_owned(),
    }
}

/// `main waits in recv on "jobs" (src/main.rs:14)`
pub(super) fn waits(analysis: &Analysis<'_>, who: &[usize], blocked: &Blocked) -> String {
    let call = call(analysis, blocked.call, blocked.on);
    let verb = if who.len() == 1 { "waits" } else { "wait" };
    format!("{} {verb} in {call}{}", threads(analysis, who), at(analysis, blocked.site))
}

/// `a`, `a and b`, `a, b and c`; of many the first few and how many more.
pub(crate) fn list(items: &[String]) -> String {
    const SHOWN: usize = 4;
    match items {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [..] if items.len() > SHOWN + 1 => {
            format!("{} and {} more", items[..SHOWN].join(", "), items.len() - SHOWN)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The names of threads, in one list.
pub(super) fn threads(analysis: &Analysis<'_>, threads: &[usize]) -> String {
    let names: Vec<_> = threads.iter().map(|&index| thread(analysis, index).to_owned()).collect();
    list(&names)
}

/// `45 %`
pub(crate) fn percent(part: u64, whole: u64) -> String {
    format!("{} %", (100 * u128::from(part)).checked_div(whole.into()).unwrap_or(0))
}

/// What a call is in a sentence: as in the timeline, but where that would not be understood
/// without its picture.
pub(crate) fn method(call: Call) -> &'static str {
    match call {
        Call::ReadUnlock => "end of read",
        Call::WriteUnlock => "end of write",
        Call::CondvarWait => "Condvar::wait",
        Call::CondvarWaitTimeout => "Condvar::wait_timeout",
        Call::BarrierWait => "Barrier::wait",
        Call::Initialize | Call::Initializer => "initialisation",
        Call::Scope => "the end of a scope",
        Call::YieldNow => "yield_now",
        _ => builder::method(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short() {
        let items: Vec<_> = (1..=9).map(|n| n.to_string()).collect();
        assert_eq!(list(&items[..0]), "nobody");
        assert_eq!(list(&items[..1]), "1");
        assert_eq!(list(&items[..2]), "1 and 2");
        assert_eq!(list(&items[..5]), "1, 2, 3, 4 and 5");
        assert_eq!(list(&items), "1, 2, 3, 4 and 5 more");
    }
}
