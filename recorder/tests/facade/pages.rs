//! What `rustdoc` writes about the items of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use scraper::{ElementRef, Html, Node, Selector};

/// The stable items of a crate, by path, and their facts.
pub(crate) type Items = BTreeMap<String, BTreeSet<String>>;

/// Reads the pages of a crate's modules and of everything in them.
pub(crate) fn read(directory: &Path) -> Items {
    let mut items = Items::new();
    read_module(directory, "", &mut items);
    items
}

fn read_module(directory: &Path, path: &str, items: &mut Items) {
    let page = parse(&directory.join("index.html"));
    for entry in select(page.root_element(), "dl.item-table > dt") {
        if select(entry, ".stab.unstable").next().is_some() {
            continue;
        }
        let link = select(entry, "a").next();
        let link = link.unwrap_or_else(|| panic!("no link in {}", entry.html()));
        let name = text(link);
        let path = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
        let file = directory.join(link.attr("href").unwrap());
        match link.attr("class").unwrap() {
            "mod" => {
                items.insert(path.clone(), ["mod".to_owned()].into());
                read_module(file.parent().unwrap(), &path, items);
            }
            _ => {
                items.insert(path, facts(&parse(&file)));
            }
        }
    }
}

/// The declaration of an item, its methods and the traits that it implements.
fn facts(page: &Html) -> BTreeSet<String> {
    let page = page.root_element();
    let mut facts: BTreeSet<String> = select(page, "pre.item-decl").map(declaration).collect();
    let lists =
        "#implementations-list, #trait-implementations-list, #synthetic-implementations-list";
    for list in select(page, lists) {
        let mut block = String::new();
        for section in select(list, "section") {
            let header = select(section, ".code-header").next().map(normalized);
            let header = header.unwrap_or_else(|| panic!("no header in {}", section.html()));
            let class = section.attr("class").unwrap_or_default();
            if class == "impl" {
                block.clone_from(&header);
                // An inherent block is of no interest by itself.
                if list.attr("id") != Some("implementations-list") && is_stable(section) {
                    facts.insert(auto_trait(&header).unwrap_or(header));
                }
            } else if (!class.contains("trait-impl") || class.contains("associatedtype"))
                && is_stable(section)
            {
                // The other items of a trait follow from the trait.
                facts.insert(format!("{block} {{ {header} }}"));
            }
        }
    }
    facts
}

/// Whether the summary that contains a section has no mark of an unstable item.
fn is_stable(section: ElementRef<'_>) -> bool {
    let summary = section.parent().and_then(ElementRef::wrap).unwrap();
    summary.value().name() != "summary" || select(summary, ".stab.unstable").next().is_none()
}

fn declaration(code: ElementRef<'_>) -> String {
    // Private fields of a tuple are as private as others.
    normalized(code).replace("(/* private fields */);", " { /* private fields */ }")
}

/// A fact about an auto trait, in the same form whether it was implemented or derived.
fn auto_trait(header: &str) -> Option<String> {
    const AUTO_TRAITS: [&str; 7] = [
        "core::marker::Freeze",
        "core::marker::Send",
        "core::marker::Sync",
        "core::marker::Unpin",
        "core::marker::UnsafeUnpin",
        "core::panic::unwind_safe::RefUnwindSafe",
        "core::panic::unwind_safe::UnwindSafe",
    ];
    let header = header.strip_prefix("impl")?;
    let (parameters, header) = match header.strip_prefix('<') {
        Some(header) => header.split_once("> ")?,
        None => ("", header.trim_start()),
    };
    let name = header.split(' ').next()?;
    if !AUTO_TRAITS.contains(&name.trim_start_matches('!')) {
        return None;
    }
    // A type for which it is denied has no condition, and derived ones name all lifetimes.
    let header = match name.starts_with('!') {
        true => header.split(" where ").next()?,
        false => header,
    };
    let (mut header, mut condition) = match header.split_once(" where ") {
        Some((header, condition)) => (header.to_owned(), condition),
        None => (header.to_owned(), ""),
    };
    for lifetime in parameters.split(", ").filter(|parameter| parameter.starts_with('\'')) {
        if !condition.contains(lifetime) {
            header = header.replace(lifetime, "'_");
        }
    }
    if !condition.is_empty() {
        condition = condition.trim();
        header = format!("{header} where {condition}");
    }
    Some(header)
}

/// The text of a piece of code, with full paths and without formatting.
fn normalized(code: ElementRef<'_>) -> String {
    let mut text = String::new();
    append(code, &mut text);
    // std's errors are also in a module that is not stable.
    let text = text.replace("api::sync::mpmc::", "api::sync::mpsc::");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn append(element: ElementRef<'_>, text: &mut String) {
    if element.value().name() == "a"
        && let Some(title) = element.attr("title")
        && let Some((_, path)) = title.split_once(' ')
    {
        text.push_str(path);
        return;
    }
    // A `where` on a line of its own.
    if element.attr("class") == Some("where") {
        text.push(' ');
    }
    for child in element.children() {
        match child.value() {
            Node::Text(part) => text.push_str(part),
            Node::Element(_) => append(ElementRef::wrap(child).unwrap(), text),
            _ => {}
        }
    }
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

fn parse(path: &Path) -> Html {
    let html = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    Html::parse_document(&html)
}

fn select<'a>(
    element: ElementRef<'a>,
    selector: &str,
) -> impl Iterator<Item = ElementRef<'a>> + use<'a> {
    let selector = Selector::parse(selector).unwrap();
    element.select(&selector).collect::<Vec<_>>().into_iter()
}
