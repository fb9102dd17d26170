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

pub use file::{Contents, embedded, write};
pub use server::Feeder;
pub use source::{Source, SourceLine, SourceReader};

/// The bundled page.
const TEMPLATE: &str = include_str!("../../viewer/dist/page.html");

/// The same with the code of lessons.
const LESSON_TEMPLATE: &str = include_str!("../../viewer/dist/lesson.html");

/// The same with the code for all orders of a program.
const ORDERS_TEMPLATE: &str = include_str!("../../viewer/dist/orders.html");

/// The parts of a template around what is inserted: title, allowed connections, pieces, description.
fn parts(template: &'static str) -> [&'static str; 5] {
    let mut rest = template;
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
    let [policy, title, bytes, run, end] = parts(TEMPLATE);
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

/// A page without a run: the index of the lessons in this JSON document.
pub fn of_lessons(title: &str, lessons: &str) -> String {
    let [policy, before, bytes, run, end] = parts(LESSON_TEMPLATE);
    let (title, end) = (escape(title), end_with(end, Some(lessons)));
    format!("{policy}'none'{before}{title}{bytes}{run}{{}}{end}")
}

/// A page with all orders of a program, which are in this JSON document.
pub fn of_orders(program: &str, orders: &str) -> String {
    let [policy, before, bytes, run, end] = parts(ORDERS_TEMPLATE);
    let (title, orders) = (escape(program), escape_json(orders));
    format!("{policy}'none'{before}{title}{bytes}{run}{orders}{end}")
}

/// The end of the page, with the document of a lesson in it.
fn end_with(end: &str, lesson: Option<&str>) -> String {
    let Some(lesson) = lesson else { return end.to_owned() };
    let lesson = escape_json(lesson);
    let element = format!("<script type=\"application/json\" id=\"lesson\">{lesson}</script>\n");
    match end.rsplit_once("</body>") {
        Some((before, after)) => format!("{before}{element}</body>{after}"),
        None => format!("{end}{element}"),
    }
}

/// A JSON document as the content of a script element: nothing in it can end the element.
fn escape_json(document: &str) -> String {
    document.replace('<', "\\u003c")
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
        for template in [TEMPLATE, LESSON_TEMPLATE, ORDERS_TEMPLATE] {
            let [policy, title, bytes, run, end] = parts(template);
            assert!(policy.ends_with("connect-src "), "{policy}");
            assert!(title.ends_with("<title>"));
            assert!(bytes.ends_with(" id=\"bytes\">"));
            assert!(run.ends_with(" id=\"run\">"));
            assert!(end.ends_with("</html>\n"));
            assert_eq!(template.matches("{{").count(), 4 + end.matches("{{").count());
        }
    }

    #[test]
    fn the_policy_allows_nothing_but_the_page_itself() {
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("connect-src 'self';"), "{policy}");
    }

    #[test]
    fn a_lesson_is_data_in_an_element_of_its_own() {
        let page = of_lessons("a<b", "{\"title\":\"</script><script>alert(1)</script>\"}");
        assert!(page.contains("<title>a&lt;b</title>"));
        let lesson = " id=\"lesson\">{\"title\":\"\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\"}</script>\n</body>";
        assert!(page.contains(lesson), "{}", &page[page.len() - 300..]);
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let page = served("</title><script>alert(1)</script>&");
        assert!(page.contains("<title>&lt;/title>&lt;script>alert(1)&lt;/script>&amp;</title>"));
    }
}
