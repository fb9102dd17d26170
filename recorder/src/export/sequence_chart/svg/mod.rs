//! A chart as SVG: stands alone, without scripts, fonts or anything else from outside.
//!
//! It follows the viewer's light or dark colours, and is as readable without any: waits
//! differ by their patterns, ends of messages by their shapes. All coordinates are in
//! pixels.

use std::collections::VecDeque;
use std::fmt::Write;

use crate::export::sequence_chart::{Awaited, Chart, End, Message, Point, Wait, shortened};
use crate::report::summary::duration;

/// What the way down the page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Steps {
    /// One step for each event: all can be read, however short or long they take
    // The default: in real time most events of a program stand on one another, and
    // between them is nothing.
    #[default]
    Even,
    /// Time: twice the way is twice as long
    Real,
}

/// From row to row.
const ROW: f64 = 24.0;
/// From the left edge to the first lifeline.
const FIRST: f64 = 150.0;
/// From the last lifeline to the right edge.
const LAST: f64 = 215.0;
/// The least that the whole is wide, for the legend.
const LEAST_WIDTH: f64 = 540.0;
/// The same where there are waits for something else than a channel.
const LEAST_WIDTH_OF_ALL: f64 = 740.0;
/// From one lifeline to the next.
const PITCH: f64 = 190.0;
/// The same where there are many.
const NARROW_PITCH: f64 = 130.0;
const MANY: usize = 6;
/// Half of what a wait is wide.
const HALF_BAR: f64 = 6.0;
/// The width of a letter on the average, rather too much than too little.
const LETTER: f64 = 6.6;
/// The same where they are small.
const SMALL_LETTER: f64 = 5.9;
/// What is left free between a label and the next lifeline.
const GAP: f64 = 20.0;
/// What an arrow has whose other end is not shown.
const STUB: f64 = 44.0;

const STYLE: &str = include_str!("style.css");

/// The chart as a file.
pub fn svg(chart: &Chart<'_>, steps: Steps) -> String {
    let mut drawing = Drawing::new(chart, steps);
    drawing.head();
    drawing.times();
    drawing.lifelines();
    drawing.waits();
    drawing.gap();
    drawing.marks();
    chart.messages.iter().for_each(|message| drawing.message(message));
    drawing.legend();
    drawing.out += &drawing.labels;
    drawing.out += "</svg>\n";
    drawing.out
}

struct Drawing<'a> {
    chart: &'a Chart<'a>,
    steps: Steps,
    out: String,
    /// From one lifeline to the next.
    pitch: f64,
    /// Of the whole picture.
    width: f64,
    /// The upper edge of the lifelines.
    top: f64,
    /// Their lower edge.
    bottom: f64,
    /// When the way down begins and ends, in nanoseconds.
    span: (u64, u64),
    /// The row before which something is left out.
    gap: Option<usize>,
    /// What stands over everything else.
    labels: String,
    /// Where the latest of these are, the newest last: left end, right end and height.
    places: VecDeque<(f64, f64, f64)>,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a Chart<'a>, steps: Steps) -> Self {
        let pitch = if chart.lifelines.len() > MANY { NARROW_PITCH } else { PITCH };
        let is_stuck = chart.waits.iter().any(|wait| wait.end.is_none());
        let gap = (chart.left_out.events > 0).then_some(chart.left_out.row);
        let rows = chart.rows.len() + usize::from(gap.is_some()) + 2 * usize::from(is_stuck);
        let top = if chart.process_name(0).is_some() { 128.0 } else { 112.0 };
        let last_lifeline = chart.lifelines.len().saturating_sub(1) as f64;
        let last = chart.rows.last().copied().unwrap_or(0);
        Drawing {
            chart,
            steps,
            out: String::new(),
            pitch,
            width: (FIRST + last_lifeline * pitch + LAST).max(match waits_otherwise(chart) {
                true => LEAST_WIDTH_OF_ALL,
                false => LEAST_WIDTH,
            }),
            top,
            bottom: top + (rows + 1) as f64 * ROW,
            span: (
                chart.rows.first().copied().unwrap_or(0),
                if is_stuck { chart.entities.end.max(last) } else { last },
            ),
            gap,
            labels: String::new(),
            places: VecDeque::new(),
        }
    }

    fn x(&self, lifeline: usize) -> f64 {
        FIRST + lifeline as f64 * self.pitch
    }

    fn y(&self, point: Point) -> f64 {
        match self.steps {
            // What ends where something is left out does so before the row that follows.
            Steps::Even if self.gap == Some(point.row) && self.is_left_out(point.time) => {
                self.y_of_row(point.row) - ROW
            }
            Steps::Even => self.y_of_row(point.row),
            Steps::Real => self.y_of_time(point.time),
        }
    }

    /// Whether a time is before that of the row after what is left out.
    fn is_left_out(&self, time: u64) -> bool {
        let after = self.gap.and_then(|gap| self.chart.rows.get(gap));
        after.is_none_or(|&after| time < after)
    }

    fn y_of_row(&self, row: usize) -> f64 {
        let gap = self.gap.is_some_and(|gap| row >= gap);
        self.top + ROW * (row + 1 + usize::from(gap)) as f64
    }

    fn y_of_time(&self, time: u64) -> f64 {
        let (begin, end) = self.span;
        let part = time.saturating_sub(begin) as f64 / end.saturating_sub(begin).max(1) as f64;
        self.top + ROW + part * (self.bottom - self.top - 2.0 * ROW)
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        self.out.write_fmt(element).expect("a string takes every text");
        self.out.push('\n');
    }

    fn text(&mut self, class: &str, at: (f64, f64), text: &str) {
        self.out.push_str(&text_element(class, at, text));
    }

    /// A label at the first of these places where there is none yet. If there is no such
    /// place it is left out in real time, where there is not room for all.
    fn label(&mut self, places: &[(f64, f64)], class: &str, text: &str) {
        const HEIGHT: f64 = 12.0;
        /// Those that stand in the way are among the latest.
        const LATEST: usize = 64;
        let letter = if class.contains("small") { SMALL_LETTER } else { LETTER };
        let text = shortened(text, ((self.pitch - GAP) / letter) as usize);
        let width = text.chars().count() as f64 * letter;
        let is_free = |&&(x, y): &&(f64, f64)| {
            let overlaps = |&(left, right, other): &(f64, f64, f64)| {
                left < x + width && x < right && (y - other).abs() < HEIGHT
            };
            !self.places.iter().any(overlaps)
        };
        let even = places.first().filter(|_| self.steps == Steps::Even);
        let Some(&(x, y)) = places.iter().find(is_free).or(even) else { return };
        if self.places.len() == LATEST {
            self.places.pop_front();
        }
        self.places.push_back((x, x + width, y));
        let label = text_element(class, (x, y), &text);
        self.labels.push_str(&label);
    }

    /// How many fit between two lifelines, less this much.
    fn letters(&self, less: f64) -> usize {
        ((self.pitch - GAP - less) / LETTER) as usize
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.add(format_args!(
            r#"<line class="{class}" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    fn head(&mut self) {
        let chart = self.chart;
        let notes = if chart.left_out.threads > 0 { 32.0 } else { 0.0 };
        let (width, height) = (self.width, self.bottom + 52.0 + notes);
        let title = escaped(&chart.title());
        self.add(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="channel-chart" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img">"#
        ));
        self.add(format_args!("<title>{title}: who sends what to whom</title>"));
        self.add(format_args!("<desc>{}</desc>", escaped(&chart.description())));
        self.add(format_args!("<style>\n{STYLE}</style>"));
        self.out += r#"<defs>
<pattern id="receiving" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="light" width="6" height="6"/><path class="thin" d="M0,0V6"/></pattern>
<pattern id="sending" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="dark" width="6" height="6"/><path class="thick" d="M0,3H6"/></pattern>
<pattern id="other" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="paper" width="5" height="5"/><circle class="dot" cx="2.5" cy="2.5" r="1"/></pattern>
</defs>
"#;
        self.add(format_args!(r#"<rect class="paper" width="{width:.0}" height="{height:.0}"/>"#));
        self.text("title", (16.0, 26.0), &chart.title());
        let way = match self.steps {
            Steps::Even => "each step down is one event; its time stands at the left",
            Steps::Real => "down the page is time",
        };
        self.text("small", (16.0, 45.0), way);
        let channels = chart.channels.iter().map(|&channel| chart.channel_text(channel));
        let channels = channels.collect::<Vec<_>>().join(", ");
        let s = if chart.channels.len() == 1 { "" } else { "s" };
        let letters = ((width - 32.0) / SMALL_LETTER) as usize;
        self.text("small", (16.0, 61.0), &shortened(&format!("channel{s} {channels}"), letters));
    }

    /// The scale at the left.
    fn times(&mut self) {
        let mut last = None;
        let times: Vec<_> = match self.steps {
            Steps::Even => {
                let rows = self.chart.rows.iter().enumerate();
                rows.map(|(row, &time)| (self.y_of_row(row), self.chart.time(time))).collect()
            }
            Steps::Real => {
                let ticks = ticks(self.span, ((self.bottom - self.top) / 60.0).max(2.0) as u64);
                ticks
                    .into_iter()
                    .map(|time| (self.y_of_time(time), self.chart.time(time)))
                    .collect()
            }
        };
        for (y, time) in times {
            self.line("tick", (16.0, y), (self.width - 16.0, y));
            if last.as_ref() != Some(&time) {
                self.text("small halo", (16.0, y + 4.0), &time);
            }
            last = Some(time);
        }
    }

    fn lifelines(&mut self) {
        let half = self.pitch / 2.0 - 12.0;
        let letters = (2.0 * half / LETTER) as usize - 1;
        for lifeline in 0..self.chart.lifelines.len() {
            let x = self.x(lifeline);
            let (top, bottom) = (self.top, self.bottom);
            let head = top - 58.0 + 22.0;
            self.line("life", (x, top - 8.0), (x, bottom));
            let name = self.chart.thread_name(lifeline);
            let process = self.chart.process_name(lifeline);
            let upper = if process.is_some() { head - 16.0 } else { head };
            self.add(format_args!(
                r#"<g><title>{}</title><rect class="head" x="{:.1}" y="{upper:.1}" width="{:.1}" height="{:.1}" rx="4"/>"#,
                escaped(name),
                x - half,
                2.0 * half,
                top - 8.0 - upper
            ));
            let middle = |text: &str, class: &str, y: f64| {
                format!(
                    r#"<text class="{class}" text-anchor="middle" x="{x:.1}" y="{y:.1}">{}</text>"#,
                    escaped(&shortened(text, letters))
                )
            };
            if let Some(process) = process {
                let process = middle(&process, "small", head);
                self.add(format_args!("{process}"));
            }
            let name = middle(name, "name", top - 17.0);
            self.add(format_args!("{name}</g>"));
        }
    }

    fn waits(&mut self) {
        for wait in &self.chart.waits {
            let (x, begin) = (self.x(wait.begin.lifeline), self.y(wait.begin));
            let end = wait.end.map_or(self.bottom - 26.0, |end| self.y(end));
            let class = match wait.awaited {
                Awaited::Message => "receiving",
                Awaited::Room => "sending",
                Awaited::Other => "other",
            };
            self.add(format_args!("<g><title>{}</title>", escaped(&wait.details)));
            let mut bar = |y: f64, height: f64| {
                self.add(format_args!(
                    r#"<rect class="bar" fill="url(#{class})" x="{:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}"/>"#,
                    x - HALF_BAR,
                    2.0 * HALF_BAR
                ));
            };
            bar(begin, (end - begin).max(1.0));
            if wait.end.is_none() {
                // It goes on, and fades.
                bar(end + 4.0, 9.0);
                bar(end + 17.0, 5.0);
                bar(end + 26.0, 2.0);
            }
            self.out += "</g>\n";
            let label = match self.steps {
                Steps::Even => begin,
                // Where it begins another wait may end, with an arrow.
                Steps::Real => (begin + end) / 2.0,
            };
            if self.steps == Steps::Even || end - begin > ROW / 2.0 {
                self.wait_label(wait, (x + 12.0, label + 4.0));
            }
        }
    }

    fn wait_label(&mut self, wait: &Wait, at: (f64, f64)) {
        match wait.end {
            Some(_) => {
                let text = format!("{} {}", wait.name, duration(wait.length));
                self.label(&[at], "small halo", &text);
            }
            None => {
                self.label(&[at], "small halo", &wait.name);
                self.text("strong halo", (at.0, self.bottom - 8.0), "never ends");
            }
        }
    }

    fn gap(&mut self) {
        for (index, sentence) in self.chart.left_out().into_iter().enumerate() {
            let (x, width) = (12.0, self.width - 24.0);
            let y = match (self.gap, self.steps) {
                (Some(row), Steps::Even) if index == 0 => self.y_of_row(row) - ROW,
                (Some(row), Steps::Real) if index == 0 => {
                    let time =
                        |row: usize| self.chart.rows.get(row).map(|&time| self.y_of_time(time));
                    let before = time(row.saturating_sub(1)).unwrap_or(self.top);
                    (before + time(row).unwrap_or(self.bottom)) / 2.0
                }
                _ => self.bottom + 66.0,
            };
            self.add(format_args!(
                r#"<rect class="gap" x="{x}" y="{:.1}" width="{width:.1}" height="18" rx="4"/>"#,
                y - 9.0
            ));
            self.text("small", (x + 8.0, y + 4.0), &format!("\u{22ee} {sentence}"));
        }
    }

    fn message(&mut self, message: &Message) {
        self.add(format_args!("<g><title>{}</title>", escaped(&message.details)));
        let label = message.label(self.letters(STUB / 2.0));
        match (message.from, message.to) {
            (Some(from), End::Received(to)) if from.lifeline == to.lifeline => {
                self.message_to_itself(from, to, &label);
            }
            (Some(from), End::Received(to)) => self.arrow(from, to, &label),
            (Some(from), end) => self.message_to_nowhere(from, end, &label),
            (None, End::Received(to)) => {
                let (x, y) = (self.x(to.lifeline) - HALF_BAR, self.y(to));
                self.line("arrow unknown", (x - STUB, y), (x - 8.0, y));
                self.tip((x, y), (1.0, 0.0));
                let at = (x - STUB + 2.0, y - 5.0);
                self.label(&[at], "halo", &label);
            }
            (None, _) => {}
        }
        self.out += "</g>\n";
    }

    fn arrow(&mut self, from: Point, to: Point, label: &str) {
        let (x1, y1, x2, y2) =
            (self.x(from.lifeline), self.y(from), self.x(to.lifeline), self.y(to));
        let forward = (x2 - x1).signum();
        let (x1, x2) = (x1 + 3.0 * forward, x2 - HALF_BAR * forward);
        let length = (x2 - x1).hypot(y2 - y1);
        let way = ((x2 - x1) / length, (y2 - y1) / length);
        self.line("arrow", (x1, y1), (x2 - 8.0 * way.0, y2 - 8.0 * way.1));
        self.tip((x2, y2), way);
        self.dot(from);
        // Beside the sender, so that no lifeline runs through it.
        let half = label.chars().count() as f64 * LETTER / 2.0;
        let place = |part: f64, over: f64| {
            let along = part * self.pitch;
            let part = along / (x2 - x1).abs();
            (x1 + forward * along - half, y1 + part * (y2 - y1) - over)
        };
        let places = [0.5, 0.35, 0.65, 0.8].map(|part| [place(part, 5.0), place(part, -14.0)]);
        let places = places.concat();
        self.label(&places, "halo", label);
    }

    fn message_to_itself(&mut self, from: Point, to: Point, label: &str) {
        let (x, y1, y2) = (self.x(from.lifeline), self.y(from), self.y(to));
        let out = x + STUB / 2.0;
        self.add(format_args!(
            r#"<path class="arrow" d="M{:.1},{y1:.1}H{out:.1}V{y2:.1}H{:.1}"/>"#,
            x + 3.0,
            x + HALF_BAR + 8.0
        ));
        self.tip((x + HALF_BAR, y2), (-1.0, 0.0));
        self.dot(from);
        self.label(&[(out + 6.0, y1 + 4.0)], "halo", label);
    }

    fn message_to_nowhere(&mut self, from: Point, end: End, label: &str) {
        let (x, y) = (self.x(from.lifeline) + 3.0, self.y(from));
        self.dot(from);
        let is_lost = end == End::Lost;
        let class = if is_lost { "arrow" } else { "arrow unknown" };
        let out = x + STUB;
        self.line(class, (x, y), (out, y));
        let letters = self.letters(STUB);
        let said = if is_lost {
            self.line("cross", (out - 5.0, y - 5.0), (out + 5.0, y + 5.0));
            self.line("cross", (out - 5.0, y + 5.0), (out + 5.0, y - 5.0));
            let said = format!("{label} never received");
            if said.chars().count() > letters { label.to_owned() } else { said }
        } else {
            format!("{label} \u{2026}")
        };
        self.label(&[(out + 10.0, y + 4.0)], "halo", &said);
    }

    /// The head of an arrow that comes this way.
    fn tip(&mut self, (x, y): (f64, f64), way: (f64, f64)) {
        let (back_x, back_y) = (x - 10.0 * way.0, y - 10.0 * way.1);
        let (aside_x, aside_y) = (-4.5 * way.1, 4.5 * way.0);
        self.add(format_args!(
            r#"<path class="tip" d="M{x:.1},{y:.1}L{:.1},{:.1}L{:.1},{:.1}Z"/>"#,
            back_x + aside_x,
            back_y + aside_y,
            back_x - aside_x,
            back_y - aside_y
        ));
    }

    fn dot(&mut self, at: Point) {
        let (x, y) = (self.x(at.lifeline), self.y(at));
        self.add(format_args!(r#"<circle class="tip" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#));
    }

    fn marks(&mut self) {
        for mark in &self.chart.marks {
            let (x, y) = (self.x(mark.at.lifeline), self.y(mark.at));
            let details = escaped(&mark.details);
            self.add(format_args!(
                r#"<g><title>{details}</title><circle class="dot" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#
            ));
            self.label(&[(x + 12.0, y + 4.0)], "small halo", &mark.name);
            self.out += "</g>\n";
        }
    }

    fn legend(&mut self) {
        let y = self.bottom + 34.0;
        let mut x = 16.0;
        let bars = [
            ("receiving", "waits for a message"),
            ("sending", "cannot hand its message over"),
            ("other", "waits for a thread or a lock"),
        ];
        let shown = if waits_otherwise(self.chart) { 3 } else { 2 };
        for (pattern, meaning) in bars.into_iter().take(shown) {
            self.add(format_args!(
                r#"<rect class="bar" fill="url(#{pattern})" x="{x:.1}" y="{:.1}" width="12" height="16"/>"#,
                y - 12.0
            ));
            self.text("small", (x + 18.0, y), meaning);
            x += 36.0 + meaning.len() as f64 * SMALL_LETTER;
        }
        self.line("cross", (x, y - 9.0), (x + 10.0, y + 1.0));
        self.line("cross", (x, y + 1.0), (x + 10.0, y - 9.0));
        self.text("small", (x + 16.0, y), "never received");
    }
}

fn waits_otherwise(chart: &Chart<'_>) -> bool {
    chart.waits.iter().any(|wait| wait.awaited == Awaited::Other)
}

fn text_element(class: &str, (x, y): (f64, f64), text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(text))
}

/// About so many round times between two.
fn ticks((begin, end): (u64, u64), count: u64) -> Vec<u64> {
    let least = (end.saturating_sub(begin) / count).max(1);
    let decade = 10u64.pow(least.ilog10());
    let steps = [1, 2, 5, 10].map(|factor| decade.saturating_mul(factor));
    let step = steps.into_iter().find(|&step| step >= least).unwrap_or(least);
    let first = begin.checked_next_multiple_of(step);
    let ticks = std::iter::successors(first, |tick| tick.checked_add(step));
    ticks.take_while(|&tick| tick <= end).collect()
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML has no way to write them.
            '\u{0}'..' ' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}')
            }
            c => escaped.push(c),
        }
    }
    escaped
}
