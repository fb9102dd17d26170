//! A chart as a slide: 16:9, with text that can be read from the last row of a class.

use std::ops::RangeInclusive;

use super::frame::{PATTERNS, STYLE};
use super::layout::{Frame, Spacing};
use super::markup::{Markup, escaped};
use super::text::{self, SMALL, shortened};
use super::{Drawing, SPACINGS, Steps};
use crate::analysis::findings::Finding;
use crate::export::sequence_chart::chart::Chart;
use crate::export::sequence_chart::{ChartBuilder, SlideChart};
use crate::page::{SourceLine, SourceReader};
use crate::reading::catalog::PlaceIndex;

const SLIDE_STYLE: &str = include_str!("slide.css");

/// The size of a slide, in pixels.
const WIDTH: f64 = 1920.0;
const HEIGHT: f64 = 1080.0;
/// The distance of everything from the edges.
const MARGIN: f64 = 40.0;
/// The smallest text on a slide.
const MIN_TEXT: f64 = 18.0;
/// The same if there is code: it makes no other text small.
const MIN_TEXT_BESIDE_CODE: f64 = 20.0;
/// Charts are not enlarged more than this.
const MAX_SCALE: f64 = 2.6;
/// Maximum number of rows of a chart.
const MAX_ROWS: usize = 12;
/// Fewer rows say too little: rather no code.
const MIN_ROWS: usize = 9;
/// Maximum number of threads.
const MAX_THREADS: usize = 6;
/// The widths of the column with the code, and its distance from the chart.
const CODE_WIDTHS: [f64; 2] = [540.0, 420.0];
const CODE_GAP: f64 = 24.0;
/// The sizes of texts.
const TITLE: f64 = 46.0;
const SUBTITLE: f64 = 28.0;
/// The sizes of code, the largest that fits.
const CODE: [f64; 3] = [26.0, 23.0, 20.0];
/// Rows are at most this far apart, in relation to a chart that is not on a slide.
const MAX_ROW_SPACING: f64 = 2.5;
/// The width of a character in relation to its height, in fonts for code.
const CHARACTER: f64 = 0.61;
/// Maximum number of lines of the subtitle, and of places of each thread.
const MAX_SUBTITLE_LINES: usize = 2;
const MAX_PLACES: usize = 2;

/// The run as a slide, with the finding that it is about. Without `source` it has no code.
pub fn slide(
    builder: &ChartBuilder<'_>,
    finding: Option<&Finding>,
    source: &mut Option<SourceReader>,
) -> String {
    let mut sizes = sizes(source.is_some()).peekable();
    while let Some((threads, rows, code_width)) = sizes.next() {
        let slide = builder.slide(rows, threads);
        let head = Head::new(&slide.chart, finding);
        let height = HEIGHT - MARGIN - head.height();
        let code = match source {
            Some(source) if code_width > 0.0 => Code::new(&slide, source, (code_width, height)),
            _ => Code::default(),
        };
        let width = WIDTH - 2.0 * MARGIN - code.width();
        let (chart, scale) = fitted(&slide.chart, width, height);
        let min_text = if code.threads.is_empty() { MIN_TEXT } else { MIN_TEXT_BESIDE_CODE };
        let fits = scale * SMALL >= min_text && code.height() <= height;
        if fits || sizes.peek().is_none() {
            return assembled(&slide.chart, &head, &code, &chart, scale);
        }
    }
    String::new()
}

/// The numbers of threads and rows to try, and the width of the code: from what shows most to what needs
/// the least room. Threads are more than code.
fn sizes(has_source: bool) -> impl Iterator<Item = (usize, usize, f64)> {
    let rows = (MIN_ROWS..=MAX_ROWS).rev().filter(move |_| has_source);
    let with_code = rows.flat_map(|rows| CODE_WIDTHS.map(|width| (MAX_THREADS, rows, width)));
    let without = |rows: RangeInclusive<usize>| {
        (1..=MAX_THREADS)
            .rev()
            .flat_map(move |threads| rows.clone().rev().map(move |rows| (threads, rows, 0.0)))
    };
    with_code.chain(without(MIN_ROWS..=MAX_ROWS)).chain(without(2..=MIN_ROWS - 1))
}

/// The drawing of a chart that fits into this area, and how much it is enlarged. Labels that find no
/// place count more than its size.
fn fitted<'a>(chart: &'a Chart<'a>, width: f64, height: f64) -> (Drawing<'a>, f64) {
    let draw = |spacing: Spacing| {
        let drawing = Drawing::new(chart, Steps::Even, spacing, Frame::Slide);
        let scale = (width / drawing.layout.width).min(height / drawing.height());
        (drawing, scale.min(MAX_SCALE))
    };
    // If it is as large, wider is better.
    let rank = |(_, (drawing, scale)): &(Spacing, (Drawing<'_>, f64))| {
        let is_small = scale * SMALL < MIN_TEXT;
        (is_small, drawing.labels.unplaced, -(scale * 20.0).round(), -drawing.layout.pitch)
    };
    let all = SPACINGS.into_iter().map(|spacing| (spacing, draw(spacing)));
    let best = all.min_by(|a, b| rank(a).partial_cmp(&rank(b)).expect("no size is NaN"));
    let (spacing, (drawing, scale)) = best.expect("there are spacings");
    // A chart of few rows fills the height.
    let rows = chart.height_in_rows().max(1) as f64 * drawing.layout.row;
    let spare = (height / scale - drawing.height()) / rows;
    let rows = (spacing.rows * (1.0 + spare.max(0.0))).min(MAX_ROW_SPACING).max(spacing.rows);
    let (taller, its_scale) = draw(Spacing { rows, ..spacing });
    let is_better = its_scale >= scale * 0.98 && taller.labels.unplaced <= drawing.labels.unplaced;
    if is_better { (taller, its_scale) } else { (drawing, scale) }
}

fn assembled(
    chart: &Chart<'_>,
    head: &Head,
    code: &Code,
    drawing: &Drawing<'_>,
    scale: f64,
) -> String {
    let mut markup = Markup::default();
    markup.element(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="channel-chart" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">
<title>{}</title>
<desc>{}</desc>
<style>
{STYLE}{SLIDE_STYLE}</style>
{PATTERNS}<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>"#,
        escaped(&head.title),
        escaped(&chart.description())
    ));
    head.draw(&mut markup);
    let room = WIDTH - 2.0 * MARGIN - code.width() - drawing.layout.width * scale;
    let (x, y) = (MARGIN + room.max(0.0) / 2.0, head.height());
    markup.element(format_args!(r#"<g transform="translate({x:.1} {y:.1}) scale({scale:.4})">"#));
    markup.raw(&drawing.markup.0);
    markup.close_group();
    code.draw(&mut markup, (WIDTH - MARGIN - code.width, y));
    markup.raw("</svg>\n");
    markup.0
}

/// The title, and what the slide is about.
struct Head {
    title: String,
    /// In lines.
    subtitle: Vec<String>,
}

impl Head {
    fn new(chart: &Chart<'_>, finding: Option<&Finding>) -> Self {
        let width = WIDTH - 2.0 * MARGIN;
        let subtitle = match finding {
            Some(finding) => format!("{}: {}", finding.code, finding.what),
            None => chart.channels_text(),
        };
        let mut subtitle = wrapped(&subtitle, |line| text::width(line, SUBTITLE) <= width);
        if subtitle.len() > MAX_SUBTITLE_LINES {
            let rest = subtitle.split_off(MAX_SUBTITLE_LINES - 1).join(" ");
            subtitle.push(shortened(&rest, width, SUBTITLE));
        }
        Head { title: shortened(&chart.title(), width, TITLE), subtitle }
    }

    /// Where the chart begins.
    fn height(&self) -> f64 {
        MARGIN + TITLE + self.subtitle.len() as f64 * SUBTITLE * 1.3 + 14.0
    }

    fn draw(&self, markup: &mut Markup) {
        let mut y = MARGIN + TITLE * 0.8;
        markup.text("slide-title", (MARGIN, y), &self.title);
        for line in &self.subtitle {
            y += SUBTITLE * 1.3;
            markup.text("slide-subtitle", (MARGIN, y), line);
        }
    }
}

/// Lines of source, by thread.
#[derive(Default)]
struct Code {
    /// The names of threads, and the lines of each of them.
    threads: Vec<(String, Vec<Snippet>)>,
    width: f64,
    size: f64,
}

#[derive(PartialEq)]
struct Snippet {
    /// `main.rs:29`
    place: String,
    lines: Vec<String>,
    /// Whether the lines have the whole line of source, and break between words.
    is_whole: bool,
}

impl Code {
    /// The code of the threads of a slide, as large as it fits into this width and height.
    fn new(slide: &SlideChart<'_>, source: &mut SourceReader, (width, height): (f64, f64)) -> Self {
        let mut code = Code::default();
        for size in CODE {
            code = Code::with_size(slide, source, width, size);
            let is_whole = code.threads.iter().all(|(_, it)| it.iter().all(|it| it.is_whole));
            if is_whole && code.height() <= height {
                break;
            }
        }
        code
    }

    fn with_size(slide: &SlideChart<'_>, source: &mut SourceReader, width: f64, size: f64) -> Self {
        let max = (width / (size * CHARACTER)) as usize;
        let mut threads: Vec<(Vec<String>, Vec<Snippet>)> = Vec::new();
        for (lifeline, places) in slide.places.iter().enumerate() {
            let snippets = places.iter().filter_map(|&it| Snippet::new(slide, it, source, max));
            let snippets: Vec<_> = snippets.take(MAX_PLACES).collect();
            let name = slide.chart.lifeline_name(lifeline);
            match threads.iter_mut().find(|(_, others)| *others == snippets) {
                _ if snippets.is_empty() => {}
                Some((names, _)) => names.push(name),
                None => threads.push((vec![name], snippets)),
            }
        }
        let threads = threads.into_iter().map(|(names, snippets)| {
            let names = match &names[..] {
                [first, _, _, .., last] => format!("{first} \u{2026} {last}"),
                names => names.join(", "),
            };
            (shortened(&names, width, size * text::BOLD), snippets)
        });
        Code { threads: threads.collect(), width, size }
    }

    /// The width that it needs beside the chart.
    fn width(&self) -> f64 {
        if self.threads.is_empty() { 0.0 } else { self.width + CODE_GAP }
    }

    fn height(&self) -> f64 {
        self.lines().map(|(_, _, height)| height).sum()
    }

    /// The class, the text and the height of each line.
    fn lines(&self) -> impl Iterator<Item = (&'static str, &str, f64)> {
        let size = self.size;
        self.threads.iter().flat_map(move |(thread, snippets)| {
            let snippets = snippets.iter().flat_map(move |Snippet { place, lines, .. }| {
                let lines = lines.iter().map(move |line| ("slide-code", &**line, size * 1.35));
                [("slide-place", &**place, size * 1.5)].into_iter().chain(lines)
            });
            [("slide-thread", &**thread, size * 2.0)].into_iter().chain(snippets)
        })
    }

    fn draw(&self, markup: &mut Markup, (x, mut y): (f64, f64)) {
        markup.element(format_args!(r#"<g style="font-size:{}px">"#, self.size));
        for (class, line, height) in self.lines() {
            y += height;
            markup.text(class, (x, y), line);
        }
        markup.close_group();
    }
}

impl Snippet {
    /// The source of a place, in lines of at most `max` characters.
    fn new(
        slide: &SlideChart<'_>,
        place: PlaceIndex,
        source: &mut SourceReader,
        max: usize,
    ) -> Option<Self> {
        const MAX_LINES: usize = 3;
        let place = SourceLine::of(&slide.chart.catalog.places[place])?;
        let line = source.line(&place)?;
        let lines = wrapped(line.trim(), |line| line.chars().count() <= max);
        let has_room = lines.iter().all(|line| line.chars().count() <= max);
        let is_whole = has_room && lines.len() <= MAX_LINES;
        let mut lines: Vec<String> = lines.iter().flat_map(|line| broken(line, max)).collect();
        if lines.len() > MAX_LINES {
            lines.truncate(MAX_LINES);
            let last = &mut lines[MAX_LINES - 1];
            *last = last.chars().take(max - 2).chain(" \u{2026}".chars()).collect();
        }
        Some(Snippet { place: place.short(), lines, is_whole })
    }
}

/// A line in pieces of at most this number of characters, divided before a `.` where that is possible.
fn broken(line: &str, max: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.chars().collect();
    let mut pieces = Vec::new();
    while rest.len() > max {
        let dot = rest[..max].iter().rposition(|&c| c == '.').filter(|&at| at >= max / 3);
        let tail = rest.split_off(dot.unwrap_or(max));
        pieces.push(std::mem::replace(&mut rest, tail).into_iter().collect());
    }
    pieces.push(rest.into_iter().collect());
    pieces
}

/// A text in lines that fit, where its words do.
fn wrapped(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer.filter(|line| fits(line)), lines.last_mut()) {
            (Some(longer), Some(last)) => *last = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
