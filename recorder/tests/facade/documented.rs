//! The public API, as `rustdoc` documents it.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use syn::{Item, UseTree};

use crate::compiled::{document, options, sources};
use crate::pages::{self, Items};

/// Facts about items that differ: the path of the item, or nothing if it is any item; what the fact
/// contains; and why no program is affected.
const KNOWN_DIFFERENCES: [(&str, &str, &str); 4] = [
    ("", " core::ops::drop::Drop for ", "its effects on borrows are tested by programs"),
    ("", " Name for ", "the facade does not have the trait"),
    ("thread::Thread", " core::ops::deref::Deref for ", "for functions that take std's handle"),
    ("time::Instant", " core::convert::From<", "for functions that take or return std's instant"),
];

static STD: LazyLock<Items> = LazyLock::new(|| items("std", &[]));

#[test]
fn the_api_is_that_of_std() {
    let std = &*STD;
    let recorded = items("std_recorded", &options("std_recorded"));
    let paths: BTreeSet<_> = std.keys().chain(recorded.keys()).collect();
    let mut used = BTreeSet::new();
    let mut differences = String::new();
    for path in paths {
        let (Some(std), Some(recorded)) = (std.get(path), recorded.get(path)) else {
            let place = if std.contains_key(path) { "std" } else { "the facade" };
            differences += &format!("only {place} has {path}\n");
            continue;
        };
        for fact in std.symmetric_difference(recorded) {
            let known = KNOWN_DIFFERENCES.iter().position(|(item, part, _)| {
                (item.is_empty() || item == path) && fact.contains(part)
            });
            let place = if std.contains(fact) { "std" } else { "the facade" };
            match known {
                Some(known) => _ = used.insert(known),
                None => differences += &format!("only {path} of {place} has: {fact}\n"),
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
    assert_eq!(used.len(), KNOWN_DIFFERENCES.len(), "a known difference is none: {used:?}");
}

/// Without this test the other would also pass if nothing were read.
#[test]
fn the_api_is_read() {
    let items = &*STD;
    assert!(items.contains_key("sync::atomic::AtomicU8"));
    assert!(!items.contains_key("sync::ReentrantLock"), "an unstable item");
    let has = |item: &str, fact: &str| {
        assert!(items[item].contains(fact), "{item} is not `{fact}`: {:#?}", items[item]);
    };
    has("sync::mpsc", "mod");
    has(
        "sync::mpsc::channel",
        "pub fn channel<T>() -> (api::sync::mpsc::Sender<T>, api::sync::mpsc::Receiver<T>)",
    );
    has(
        "sync::Mutex",
        "impl<T> api::sync::Mutex<T> { pub const fn new(t: T) -> api::sync::Mutex<T> }",
    );
    has(
        "sync::Mutex",
        "core::marker::Sync for api::sync::Mutex<T> where T: core::marker::Send + ?core::marker::Sized,",
    );
    has("sync::Mutex", "!core::marker::Freeze for api::sync::Mutex<T>");
    has("sync::MutexGuard", "!core::marker::Send for api::sync::MutexGuard<'_, T>");
    has(
        "sync::LazyLock",
        "impl<T, F> core::ops::deref::Deref for api::sync::LazyLock<T, F> where F: core::ops::function::FnOnce() -> T, { type Target = T }",
    );
    has(
        "thread::JoinHandle",
        "impl<T> std::os::unix::thread::JoinHandleExt for api::thread::JoinHandle<T>",
    );
    let has_set = items["sync::Mutex"].iter().any(|fact| fact.contains("pub fn set("));
    assert!(!has_set, "an unstable method");
}

/// The stable items of the modules `sync`, `thread` and `time` of a crate.
///
/// Both crates are documented by the same compiler and from their metadata, so that it writes the
/// same about the same.
fn items(name: &str, options: &[String]) -> Items {
    let source = format!("#[doc(inline)] pub use ::{name}::{{sync, thread, time}};");
    pages::read(&document(&source, options).path().join("api"))
}

/// Everything else at the root is std's.
#[test]
fn only_three_modules_are_replaced() {
    let source = fs::read_to_string(sources().join("facade.rs")).unwrap();
    let file = syn::parse_file(&source).unwrap();
    let names: Vec<_> = file.items.iter().map(name).collect();
    assert_eq!(names, ["std::*", "sync", "thread", "time"]);
}

fn name(item: &Item) -> String {
    match item {
        Item::Mod(module) => module.ident.to_string(),
        Item::Use(import) => match &import.tree {
            UseTree::Path(path) if matches!(*path.tree, UseTree::Glob(_)) => {
                format!("{}::*", path.ident)
            }
            _ => "another import".to_owned(),
        },
        _ => "another item".to_owned(),
    }
}
