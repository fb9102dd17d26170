//! Our own page: a run in one file, or a page that asks a server for it.
//!
//! The page is written in TypeScript, in `recorder/viewer`, and bundled there into one HTML file with
//! places for its title, for the pieces of the run, and for the description of the run. It needs
//! nothing else: its content security policy allows its own script and styles, by their hashes, and
//! at most connections to the server that it came from.

mod file;
pub mod live;
mod server;
mod source;

pub use file::write;
pub use server::Feeder;
pub use source::{Source, SourceLine, SourceReader};

/// The bundled page.
const TEMPLATE: &str = include_str!("../../viewer/dist/page.html");

/// The parts of the page around what is inserted: title, allowed connections, pieces, description.
fn parts() -> [&'static str; 5] {
    let mut rest = TEMPLATE;
    let mut parts = [""; 5];
    // The policy is at the start of the page, before the title.
    let marks = ["{{connect}}", "{{title}}", "{{bytes}}", "{{run}}"];
    for (part, mark) in parts.iter_mut().zip(marks) {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        (*part, rest) = (before, after);
    }
    parts[4] = rest;
    parts
}

/// The page for a server, which answers its requests for a run of this name.
pub fn served(name: &str) -> String {
    let [policy, title, bytes, run, end] = parts();
    let name = escape(name);
    format!("{policy}'self'{title}{name}{bytes}{run}{{\"served\":true}}{end}")
}

/// The content security policy of the page, for the header of a response.
pub fn policy() -> String {
    let policy = TEMPLATE.split_once("content=\"").and_then(|(_, rest)| rest.split_once('"'));
    let policy = policy.map_or("default-src 'none'", |(policy, _)| policy);
    // A page cannot forbid its embedding by itself.
    policy.replace("{{connect}}", "'self'") + "; frame-ancestors 'none'"
}

/// A text as the content of an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_place_once() {
        let [policy, title, bytes, run, end] = parts();
        assert!(policy.ends_with("connect-src "), "{policy}");
        assert!(title.ends_with("<title>"));
        assert!(bytes.ends_with(" id=\"bytes\">"));
        assert!(run.ends_with(" id=\"run\">"));
        assert!(end.ends_with("</html>\n"));
        assert_eq!(TEMPLATE.matches("{{").count(), 4 + end.matches("{{").count());
    }

    #[test]
    fn the_policy_allows_nothing_but_the_page_itself() {
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("connect-src 'self';"), "{policy}");
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let page = served("</title><script>alert(1)</script>&");
        assert!(page.contains("<title>&lt;/title>&lt;script>alert(1)&lt;/script>&amp;</title>"));
    }
}
