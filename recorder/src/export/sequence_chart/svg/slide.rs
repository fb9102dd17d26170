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
/// The same if there is code: if possible, it makes no other text small.
const GOOD_TEXT_BESIDE_CODE: f64 = 20.0;
/// Charts are not enlarged more than this.
const MAX_SCALE: f64 = 2.6;
/// Maximum number of rows of a chart.
const MAX_ROWS: usize = 12;
/// Fewer rows say too little: rather no code, or smaller text.
const MIN_ROWS: usize = 9;
/// The same if there is no room for code otherwise.
const FEWEST_ROWS_WITH_CODE: usize = 7;
/// Maximum number of threads.
const MAX_THREADS: usize = 6;
/// The widths of the column with the code, and its distance from the chart.
const CODE_WIDTHS: [f64; 2] = [540.0, 420.0];
const CODE_GAP: f64 = 24.0;
/// Maximum number of columns of code below the chart.
const MAX_CODE_COLUMNS: usize = 4;
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
    while let Some(Size { threads, rows, code, min_text }) = sizes.next() {
        let slide = builder.slide(rows, threads);
        let head = Head::new(&slide.chart, finding);
        let (width, height) = (WIDTH - 2.0 * MARGIN, HEIGHT - MARGIN - head.height());
        let code = source.as_mut().map(|source| Code::new(&slide, source, code, (width, height)));
        let code = code.unwrap_or_default();
        let (chart, scale) =
            fitted(&slide.chart, width - code.width_beside(), height - code.height_below());
        // Without lines that can be read, there is room for the chart.
        let min_text = if code.threads.is_empty() { MIN_TEXT } else { min_text };
        let fits = scale * SMALL >= min_text && code.height() <= height;
        if fits || sizes.peek().is_none() {
            return assembled(&slide.chart, &head, &code, &chart, scale);
        }
    }
    String::new()
}

/// Where the lines of source are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum CodePlace {
    #[default]
    Nowhere,
    /// In a column of this width beside the chart.
    Beside(f64),
    /// In columns below the chart.
    Below,
}

/// What to try to fit.
struct Size {
    threads: usize,
    rows: usize,
    code: CodePlace,
    /// The smallest text.
    min_text: f64,
}

/// What to try, from what shows most to what needs the least room. Threads are more than code.
fn sizes(has_source: bool) -> impl Iterator<Item = Size> {
    let threads = MAX_THREADS;
    let with_code = move |rows: RangeInclusive<usize>, places: Vec<CodePlace>, min_text| {
        let rows = rows.rev().filter(move |_| has_source);
        rows.flat_map(move |rows| {
            let size = move |code| Size { threads, rows, code, min_text };
            places.clone().into_iter().map(size)
        })
    };
    let without = |rows: RangeInclusive<usize>| {
        let (code, min_text) = (CodePlace::Nowhere, MIN_TEXT);
        (1..=MAX_THREADS).rev().flat_map(move |threads| {
            rows.clone().rev().map(move |rows| Size { threads, rows, code, min_text })
        })
    };
    let beside = || CODE_WIDTHS.map(CodePlace::Beside).to_vec();
    let rows = MIN_ROWS..=MAX_ROWS;
    with_code(rows.clone(), beside(), GOOD_TEXT_BESIDE_CODE)
        .chain(with_code(rows.clone(), vec![CodePlace::Below], MIN_TEXT))
        .chain(with_code(rows, beside(), MIN_TEXT))
        .chain(with_code(FEWEST_ROWS_WITH_CODE..=MIN_ROWS - 1, beside(), MIN_TEXT))
        .chain(without(MIN_ROWS..=MAX_ROWS))
        .chain(without(2..=MIN_ROWS - 1))
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
    let room = WIDTH - 2.0 * MARGIN - code.width_beside() - drawing.layout.width * scale;
    let (x, y) = (MARGIN + room.max(0.0) / 2.0, head.height());
    markup.element(format_args!(r#"<g transform="translate({x:.1} {y:.1}) scale({scale:.4})">"#));
    markup.raw(&drawing.markup.0);
    markup.close_group();
    code.draw(&mut markup, y);
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
    place: CodePlace,
    /// The width of a column.
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
    /// The code of the threads of a slide, as large as it fits there into this width and height.
    fn new(
        slide: &SlideChart<'_>,
        source: &mut SourceReader,
        place: CodePlace,
        (width, height): (f64, f64),
    ) -> Self {
        let (width, height) = match place {
            CodePlace::Nowhere => return Code::default(),
            CodePlace::Beside(width) => (width, height),
            CodePlace::Below => {
                let columns = slide.chart.lifelines.len().clamp(1, MAX_CODE_COLUMNS) as f64;
                ((width + CODE_GAP) / columns - CODE_GAP, height / 3.0)
            }
        };
        let mut code = Code::default();
        for size in CODE {
            code = Code { place, ..Code::with_size(slide, source, width, size) };
            if place == CodePlace::Below {
                code.threads.truncate(MAX_CODE_COLUMNS);
            }
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
        Code { threads: threads.collect(), width, size, ..Code::default() }
    }

    /// The width that it needs beside the chart.
    fn width_beside(&self) -> f64 {
        match self.place {
            CodePlace::Beside(width) if !self.threads.is_empty() => width + CODE_GAP,
            _ => 0.0,
        }
    }

    /// The height that it needs below the chart.
    fn height_below(&self) -> f64 {
        match self.place {
            CodePlace::Below if !self.threads.is_empty() => self.height() + CODE_GAP,
            _ => 0.0,
        }
    }

    fn height(&self) -> f64 {
        let heights = (0..self.threads.len())
            .map(|thread| self.lines(thread).map(|(_, _, height)| height).sum::<f64>());
        match self.place {
            CodePlace::Below => heights.fold(0.0, f64::max),
            _ => heights.sum(),
        }
    }

    /// The class, the text and the height of each line of a thread.
    fn lines(&self, thread: usize) -> impl Iterator<Item = (&'static str, &str, f64)> {
        let size = self.size;
        let (name, snippets) = &self.threads[thread];
        let snippets = snippets.iter().flat_map(move |Snippet { place, lines, .. }| {
            let lines = lines.iter().map(move |line| ("slide-code", &**line, size * 1.35));
            [("slide-place", &**place, size * 1.5)].into_iter().chain(lines)
        });
        [("slide-thread", &**name, size * 2.0)].into_iter().chain(snippets)
    }

    /// Draws it at its place; the chart begins at `top`.
    fn draw(&self, markup: &mut Markup, top: f64) {
        let (mut x, mut y) = match self.place {
            CodePlace::Below => (MARGIN, HEIGHT - MARGIN - self.height()),
            _ => (WIDTH - MARGIN - self.width, top),
        };
        markup.element(format_args!(r#"<g style="font-size:{}px">"#, self.size));
        for thread in 0..self.threads.len() {
            let start = y;
            for (class, line, height) in self.lines(thread) {
                y += height;
                markup.text(class, (x, y), line);
            }
            if self.place == CodePlace::Below {
                (x, y) = (x + self.width + CODE_GAP, start);
            }
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
