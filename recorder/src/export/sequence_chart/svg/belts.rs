//! The queues of the channels, at the right: how many messages are in each, row by row.

use super::Drawing;
use super::labels::Area;
use super::layout::{HALF_GAP, Layout};
use super::text::{self, SMALL};
use crate::export::sequence_chart::chart::{Belt, MAX_SLOTS};

/// The maximum width of the text above a queue.
const MAX_TEXT_WIDTH: f64 = 100.0;

impl Drawing<'_> {
    pub(super) fn belts(&mut self) {
        for (index, belt) in self.layout.belts.clone().into_iter().enumerate() {
            self.belt(self.layout.belt_x(index), belt);
        }
    }

    fn belt(&mut self, x: f64, belt: &Belt) {
        let (top, bottom) = (self.layout.top - 4.0, self.layout.events_bottom);
        let slot = self.layout.slot_width(belt);
        let slots = belt.slots(self.chart.catalog);
        let channel = &self.chart.catalog.channels[belt.channel];
        let room = match channel.bound {
            Some(bound) if bound == slots => format!("room for {bound}"),
            _ => format!("up to {}", belt.max),
        };
        let details = format!("{}: messages in the queue, {room}", channel.label);
        self.markup.open_group(&details);
        let name = text::shortened(&channel.label, MAX_TEXT_WIDTH, SMALL);
        self.markup.text("small", (x, top - 22.0), &name);
        self.markup.text("small", (x, top - 7.0), &room);
        let width = slots as f64 * slot;
        self.markup
            .element(format_args!(r#"<path class="queued" d="{}"/>"#, self.outline(x, slot, belt)));
        // The place of each message, or only the outermost lines.
        let places = if slots <= MAX_SLOTS { slots } else { 1 };
        for place in 0..=places {
            let x = x + width * place as f64 / places as f64;
            let class = if place == 0 || place == places { "belt" } else { "slot" };
            self.markup.line(class, (x, top), (x, bottom));
        }
        self.markup.close_group();
        let area = Area { left: x - 8.0, top, right: x + width, bottom };
        self.labels.obstacles.add_area(area);
    }

    /// The outline of the messages in a queue. How many there are where events are left out is not
    /// known.
    fn outline(&self, x: f64, slot: f64, belt: &Belt) -> String {
        let Layout { gap, events_bottom, .. } = self.layout;
        let steps = belt.steps.iter().map(|&(at, depth)| (self.layout.y(at), depth));
        let steps: Vec<_> = steps.collect();
        let gap = gap.map_or((events_bottom, events_bottom), |y| (y - HALF_GAP, y + HALF_GAP));
        let (before, after): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| step.0 < gap.0);
        let mut outline = String::new();
        for (steps, end) in [(before, gap.0), (after, events_bottom)] {
            let Some((first, _)) = steps.first() else { continue };
            outline += &format!("M{x:.1},{first:.1}");
            for (y, depth) in &steps {
                outline += &format!("V{y:.1}H{:.1}", x + *depth as f64 * slot);
            }
            outline += &format!("V{end:.1}H{x:.1}Z");
        }
        outline
    }
}
