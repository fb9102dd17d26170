//! Labels of channels that have no name.

/// The label of a channel without a name: the type of its messages, and the file and line where
/// it was made, as in `Job @ main.rs:14`.
///
/// ```
/// let label = format::default_label("shop::Job", Some(("src/main.rs", 14)));
/// assert_eq!(label, "Job @ main.rs:14");
/// ```
pub fn default_label(message_type: &str, place: Option<(&str, u32)>) -> String {
    let short = short_type(message_type);
    match place {
        Some((file, line)) => {
            let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
            format!("{short} @ {file}:{line}")
        }
        None => short,
    }
}

/// The package to which a source file belongs, if it is one that Cargo has fetched, and the path of
/// the file in it.
///
/// Packages are in `registry/src/INDEX/NAME-VERSION`, and in `git/checkouts/NAME-HASH/REVISION` of
/// [Cargo's home](https://doc.rust-lang.org/cargo/guide/cargo-home.html).
///
/// ```
/// let file = "/home/me/.cargo/registry/src/index.crates.io-1949cf8c/flume-0.12.0/src/signal.rs";
/// assert_eq!(format::fetched_package(file), Some(("flume-0.12.0", "src/signal.rs")));
/// assert_eq!(format::fetched_package("src/main.rs"), None);
/// ```
pub fn fetched_package(file: &str) -> Option<(&str, &str)> {
    if !file.starts_with('/') {
        return None;
    }
    if let Some((_, path)) = file.split_once("/registry/src/") {
        return path.split_once('/')?.1.split_once('/');
    }
    let (_, path) = file.split_once("/git/checkouts/")?;
    let (name, path) = path.split_once('/')?;
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    Some((name, path.split_once('/')?.1))
}

/// Whether a source file is one of the standard library: in its source as the toolchain installs it,
/// or as the compiler calls that if it is not installed.
///
/// ```
/// assert!(format::is_in_std("/rustc/59807616/library/core/src/ops/function.rs"));
/// assert!(!format::is_in_std("library/src/main.rs"));
/// ```
pub fn is_in_std(file: &str) -> bool {
    let in_release = file.strip_prefix("/rustc/").and_then(|file| file.split_once('/'));
    in_release.is_some_and(|(_, file)| file.starts_with("library/"))
        || file.contains("/rustlib/src/rust/library/")
}

/// The name of a type without the paths of modules in it.
///
/// ```
/// assert_eq!(format::short_type("core::option::Option<shop::Job>"), "Option<Job>");
/// ```
pub fn short_type(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    // Start of the path that is being copied.
    let mut path = 0;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ':' && rest.next_if_eq(&':').is_some() {
            short.truncate(path);
        } else {
            short.push(c);
            // The `{{closure}}` of a closure is part of the path of its function.
            if !(c.is_alphanumeric() || matches!(c, '_' | '{' | '}')) {
                path = short.len();
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_modules() {
        for (long, short) in [
            ("i32", "i32"),
            ("alloc::string::String", "String"),
            ("core::option::Option<alloc::string::String>", "Option<String>"),
            ("(a::B, &'static [c::d::E; 3])", "(B, &'static [E; 3])"),
            (
                "alloc::boxed::Box<dyn core::ops::FnOnce() + core::marker::Send>",
                "Box<dyn FnOnce() + Send>",
            ),
            ("my::main::{{closure}}", "{{closure}}"),
            ("", ""),
        ] {
            assert_eq!(short_type(long), short);
        }
    }

    #[test]
    fn packages_are_where_cargo_puts_them() {
        let git = "/home/me/.cargo/git/checkouts/shop-0123abcd/89ef012/crates/till/src/lib.rs";
        assert_eq!(fetched_package(git), Some(("shop", "crates/till/src/lib.rs")));
        for other in ["", "/", "/a/registry/src/", "/a/registry/src/x/y", "/a/git/checkouts/x/y"] {
            assert_eq!(fetched_package(other), None, "{other}");
        }
        assert_eq!(fetched_package("vendor/registry/src/a/b-1/c.rs"), None);
    }

    #[test]
    fn a_channel_without_a_name_gets_its_type_and_place() {
        let place = Some(("src/bin/hello.rs", 14));
        assert_eq!(default_label("a::Job", place), "Job @ hello.rs:14");
        assert_eq!(default_label("a::Job", None), "Job");
    }
}
