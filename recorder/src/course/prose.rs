//! The prose of lessons as plain data: the page makes text nodes of it, never markup.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// The items of a list.
    List(Vec<Vec<Inline>>),
    /// A block of code or of output.
    Code(String),
}

/// A part of a paragraph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Text. Links are only their text: the pages of a course stand alone.
    Text(String),
    /// Code.
    Code(String),
    /// Emphasized text.
    Emphasis(String),
}

impl Inline {
    /// Its text.
    pub fn text(&self) -> &str {
        let (Inline::Text(text) | Inline::Code(text) | Inline::Emphasis(text)) = self;
        text
    }
}

/// The text of a paragraph or an item.
pub(super) fn text_of(inlines: &[Inline]) -> String {
    inlines.iter().map(Inline::text).collect()
}

/// Reads Markdown. Pictures are left out, and a paragraph with nothing else is, too.
///
/// # Errors
/// Markdown that lessons do not use, such as HTML.
pub(super) fn parse(markdown: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let (mut inlines, mut items) = (Vec::new(), None::<Vec<_>>);
    let mut code = None::<String>;
    let (mut emphasis, mut pictures) = (0, 0);
    for event in Parser::new_ext(markdown, Options::empty()) {
        match event {
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures -= 1,
            _ if pictures > 0 => {}
            Event::Start(Tag::Paragraph | Tag::Item | Tag::Link { .. })
            | Event::End(TagEnd::Link) => {}
            Event::Start(Tag::Emphasis | Tag::Strong) => emphasis += 1,
            Event::End(TagEnd::Emphasis | TagEnd::Strong) => emphasis -= 1,
            Event::Start(Tag::List(_)) if items.is_none() => items = Some(Vec::new()),
            Event::End(TagEnd::Item) => match &mut items {
                Some(items) => items.push(std::mem::take(&mut inlines)),
                None => return Err("an item without a list".into()),
            },
            Event::End(TagEnd::List(_)) => blocks.extend(items.take().map(Block::List)),
            Event::End(TagEnd::Paragraph) if items.is_none() => {
                let paragraph = std::mem::take(&mut inlines);
                if !text_of(&paragraph).trim().is_empty() {
                    blocks.push(Block::Paragraph(paragraph));
                }
            }
            Event::End(TagEnd::Paragraph) => {}
            Event::Start(Tag::CodeBlock(_)) => code = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => {
                let text = code.take().unwrap_or_default();
                blocks.push(Block::Code(text.trim_end().to_owned()));
            }
            Event::Text(text) => match &mut code {
                Some(code) => code.push_str(&text),
                None => push(&mut inlines, &text, emphasis > 0),
            },
            Event::SoftBreak | Event::HardBreak => push(&mut inlines, " ", emphasis > 0),
            Event::Code(text) => inlines.push(Inline::Code(text.into_string())),
            other => return Err(format!("{other:?} is not used in lessons")),
        }
    }
    Ok(blocks)
}

/// Adds text to the text before it, if that is of the same kind.
fn push(inlines: &mut Vec<Inline>, text: &str, is_emphasized: bool) {
    match inlines.last_mut() {
        Some(Inline::Emphasis(last)) if is_emphasized => last.push_str(text),
        Some(Inline::Text(last)) if !is_emphasized => last.push_str(text),
        _ if is_emphasized => inlines.push(Inline::Emphasis(text.to_owned())),
        _ => inlines.push(Inline::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_code_become_data() {
        let markdown =
            "One *two* `three`\n[four](five.md).\n\n- A. six\n- B. seven\n\n```text\n<b>\n```\n";
        let text = |it: &str| Inline::Text(it.to_owned());
        assert_eq!(
            parse(markdown).unwrap(),
            [
                Block::Paragraph(vec![
                    text("One "),
                    Inline::Emphasis("two".to_owned()),
                    text(" "),
                    Inline::Code("three".to_owned()),
                    text(" four."),
                ]),
                Block::List(vec![vec![text("A. six")], vec![text("B. seven")]]),
                Block::Code("<b>".to_owned()),
            ]
        );
    }

    #[test]
    fn a_picture_is_left_out_and_html_is_an_error() {
        assert_eq!(parse("![A *run*.](run.svg)\n").unwrap(), []);
        assert!(parse("<script>alert(1)</script>\n").is_err());
    }
}
