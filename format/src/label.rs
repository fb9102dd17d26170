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
    fn a_channel_without_a_name_gets_its_type_and_place() {
        let place = Some(("src/bin/hello.rs", 14));
        assert_eq!(default_label("a::Job", place), "Job @ hello.rs:14");
        assert_eq!(default_label("a::Job", None), "Job");
    }
}
