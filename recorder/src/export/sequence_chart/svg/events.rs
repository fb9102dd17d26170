//! The events: the bars of waits, the arrows of messages, and the marks of other events.

use super::frame::pattern;
use super::layout::{CHAR_WIDTH, HALF_BAR, ROW, STUB};
use super::markup::{Point, escaped};
use super::{Drawing, Steps};
use crate::export::sequence_chart::chart::{Anchor, ArrowEnd, MessageArrow, WaitBar};

/// The distance of a label from its lifeline.
const LABEL_DISTANCE: f64 = 12.0;
/// The distance from the point of an arrow to the end of its line, which its head covers.
const HEAD: f64 = 8.0;
/// The distance from a lifeline to the start of an arrow, which a dot covers.
const START: f64 = 3.0;

impl Drawing<'_> {
    pub(super) fn waits(&mut self) {
        for wait in &self.chart.waits {
            let (x, begin) = self.layout.point(wait.begin);
            let end = wait.end.map_or(self.layout.bottom - 26.0, |end| self.layout.y(end));
            self.wait_bar(wait, x, (begin, end));
            let label_y = match self.layout.steps {
                Steps::Even => begin,
                // Where a wait begins, another may have ended with an arrow.
                Steps::Real if end - begin > ROW / 2.0 => (begin + end) / 2.0,
                Steps::Real => continue,
            };
            self.wait_label(wait, (x + LABEL_DISTANCE, label_y + 4.0));
        }
    }

    fn wait_bar(&mut self, wait: &WaitBar, x: f64, (begin, end): (f64, f64)) {
        let pattern = pattern(wait.kind);
        self.markup.open_group(&wait.details);
        let mut bar = |y: f64, height: f64| {
            self.markup.element(format_args!(
                r#"<rect class="bar" fill="url(#{pattern})" x="{:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}"/>"#,
                x - HALF_BAR,
                2.0 * HALF_BAR
            ));
        };
        bar(begin, (end - begin).max(1.0));
        if wait.end.is_none() {
            // Ever shorter pieces show that it continues.
            bar(end + 4.0, 9.0);
            bar(end + 17.0, 5.0);
            bar(end + 26.0, 2.0);
        }
        self.markup.close_group();
    }

    fn wait_label(&mut self, wait: &WaitBar, at: Point) {
        if wait.end.is_some() {
            self.labels.add_small(at, &format!("{} {}", wait.name, wait.length));
        } else {
            self.labels.add_small(at, &wait.name);
            let below = (at.0, self.layout.bottom - 8.0);
            self.markup.text("strong halo", below, "never ends");
        }
    }

    pub(super) fn marks(&mut self) {
        for mark in &self.chart.marks {
            let (x, y) = self.layout.point(mark.at);
            let details = escaped(&mark.details);
            self.markup.element(format_args!(
                r#"<g><title>{details}</title><circle class="dot" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#
            ));
            self.labels.add_small((x + LABEL_DISTANCE, y + 4.0), &mark.name);
            self.markup.close_group();
        }
    }

    pub(super) fn messages(&mut self) {
        for message in &self.chart.messages {
            self.markup.open_group(&message.details);
            self.message(message);
            self.markup.close_group();
        }
    }

    fn message(&mut self, message: &MessageArrow) {
        let label = message.text(self.layout.label_chars(STUB / 2.0));
        match (message.from, message.to) {
            (Some(from), ArrowEnd::Received(to)) if from.lifeline == to.lifeline => {
                self.arrow_to_itself(from, to, &label);
            }
            (Some(from), ArrowEnd::Received(to)) => self.arrow(from, to, &label),
            (Some(from), ArrowEnd::Lost) => self.arrow_without_end(from, true, &label),
            (Some(from), ArrowEnd::NotShown) => self.arrow_without_end(from, false, &label),
            (None, ArrowEnd::Received(to)) => self.arrow_without_start(to, &label),
            (None, ArrowEnd::Lost | ArrowEnd::NotShown) => {}
        }
    }

    fn arrow(&mut self, from: Anchor, to: Anchor, label: &str) {
        let ((x1, y1), (x2, y2)) = (self.layout.point(from), self.layout.point(to));
        let forward = (x2 - x1).signum();
        let (x1, x2) = (x1 + START * forward, x2 - HALF_BAR * forward);
        let length = (x2 - x1).hypot(y2 - y1);
        let direction = ((x2 - x1) / length, (y2 - y1) / length);
        let line_end = (x2 - HEAD * direction.0, y2 - HEAD * direction.1);
        self.markup.line("arrow", (x1, y1), line_end);
        self.markup.arrow_head((x2, y2), direction);
        self.markup.arrow_start(self.layout.point(from));
        // The label is between the sender and the next lifeline, so that no lifeline crosses it,
        // above or below the arrow.
        let half_width = label.chars().count() as f64 * CHAR_WIDTH / 2.0;
        let place = |part: f64, above: f64| {
            let along = part * self.layout.pitch;
            let part = along / (x2 - x1).abs();
            (x1 + forward * along - half_width, y1 + part * (y2 - y1) - above)
        };
        let places = [0.5, 0.35, 0.65, 0.8].map(|part| [place(part, 5.0), place(part, -14.0)]);
        self.labels.add_normal(places.as_flattened(), label);
    }

    fn arrow_to_itself(&mut self, from: Anchor, to: Anchor, label: &str) {
        let ((x, y1), y2) = (self.layout.point(from), self.layout.y(to));
        let turn = x + STUB / 2.0;
        self.markup.element(format_args!(
            r#"<path class="arrow" d="M{:.1},{y1:.1}H{turn:.1}V{y2:.1}H{:.1}"/>"#,
            x + START,
            x + HALF_BAR + HEAD
        ));
        self.markup.arrow_head((x + HALF_BAR, y2), (-1.0, 0.0));
        self.markup.arrow_start((x, y1));
        self.labels.add_normal(&[(turn + 6.0, y1 + 4.0)], label);
    }

    /// Adds an arrow whose receive is not in the chart.
    fn arrow_without_end(&mut self, from: Anchor, is_lost: bool, label: &str) {
        let (x, y) = self.layout.point(from);
        let end = x + START + STUB;
        self.markup.arrow_start((x, y));
        self.markup.line(if is_lost { "arrow" } else { "arrow unknown" }, (x + START, y), (end, y));
        let mut text = format!("{label} \u{2026}");
        if is_lost {
            self.markup.cross((end, y));
            text = format!("{label} never received");
            if text.chars().count() > self.layout.label_chars(STUB) {
                label.clone_into(&mut text);
            }
        }
        self.labels.add_normal(&[(end + 10.0, y + 4.0)], &text);
    }

    /// Adds an arrow whose send is not in the chart.
    fn arrow_without_start(&mut self, to: Anchor, label: &str) {
        let (x, y) = self.layout.point(to);
        let x = x - HALF_BAR;
        self.markup.line("arrow unknown", (x - STUB, y), (x - HEAD, y));
        self.markup.arrow_head((x, y), (1.0, 0.0));
        self.labels.add_normal(&[(x - STUB + 2.0, y - 5.0)], label);
    }
}
