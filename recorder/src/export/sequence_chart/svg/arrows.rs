//! The arrows of messages.

use super::Drawing;
use super::layout::{CHAR_WIDTH, HALF_BAR, STUB};
use super::markup::{Point, TextStyle};
use crate::export::sequence_chart::chart::{Anchor, ArrowEnd, MessageArrow};

/// The distance from the point of an arrow to the end of its line, which its head covers.
const HEAD: f64 = 8.0;
/// The distance from a lifeline to the start of an arrow, which a dot covers.
const START: f64 = 3.0;

impl Drawing<'_> {
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
            (Some(from), ArrowEnd::Lost) => self.lost_arrow(from, &label),
            (Some(from), ArrowEnd::NotShown) => self.arrow_without_end(from, &label),
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
        self.labels.add(places.as_flattened(), TextStyle::Halo, label);
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
        self.labels.add(&[(turn + 6.0, y1 + 4.0)], TextStyle::Halo, label);
    }

    fn lost_arrow(&mut self, from: Anchor, label: &str) {
        let (x, y) = self.stub(from, "arrow");
        self.markup.cross((x, y));
        let text = format!("{label} never received");
        let has_room = text.chars().count() <= self.layout.label_chars(STUB);
        let text = if has_room { &text } else { label };
        self.labels.add(&[(x + 10.0, y + 4.0)], TextStyle::Halo, text);
    }

    /// Adds an arrow whose receive is not in the chart.
    fn arrow_without_end(&mut self, from: Anchor, label: &str) {
        let (x, y) = self.stub(from, "arrow unknown");
        self.labels.add(&[(x + 10.0, y + 4.0)], TextStyle::Halo, &format!("{label} \u{2026}"));
    }

    /// Adds the line of an arrow whose receive is not in the chart, and returns its end.
    fn stub(&mut self, from: Anchor, class: &str) -> Point {
        let (x, y) = self.layout.point(from);
        self.markup.arrow_start((x, y));
        let end = (x + START + STUB, y);
        self.markup.line(class, (x + START, y), end);
        end
    }

    /// Adds an arrow whose send is not in the chart.
    fn arrow_without_start(&mut self, to: Anchor, label: &str) {
        let (x, y) = self.layout.point(to);
        let x = x - HALF_BAR;
        self.markup.line("arrow unknown", (x - STUB, y), (x - HEAD, y));
        self.markup.arrow_head((x, y), (1.0, 0.0));
        self.labels.add(&[(x - STUB + 2.0, y - 5.0)], TextStyle::Halo, label);
    }
}
