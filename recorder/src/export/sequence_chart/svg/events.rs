//! The bars of waits, and the marks of other events.

use super::frame::pattern;
use super::layout::{HALF_BAR, ROW};
use super::markup::{Point, TextStyle, escaped};
use super::{Drawing, Steps};
use crate::export::sequence_chart::chart::WaitBar;

/// The distance of a label from its lifeline.
const LABEL_DISTANCE: f64 = 12.0;

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
            let text = format!("{} {}", wait.name, wait.length);
            self.labels.add(&[at], TextStyle::SmallHalo, &text);
        } else {
            self.labels.add(&[at], TextStyle::SmallHalo, &wait.name);
            let below = (at.0, self.layout.bottom - 8.0);
            self.markup.text(TextStyle::StrongHalo, below, "never ends");
        }
    }

    pub(super) fn marks(&mut self) {
        for mark in &self.chart.marks {
            let (x, y) = self.layout.point(mark.at);
            let details = escaped(&mark.details);
            self.markup.element(format_args!(
                r#"<g><title>{details}</title><circle class="dot" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#
            ));
            self.labels.add(&[(x + LABEL_DISTANCE, y + 4.0)], TextStyle::SmallHalo, &mark.name);
            self.markup.close_group();
        }
    }
}
