//! A chart as a self-contained SVG: it has no scripts, fonts or other resources from outside.
//!
//! It follows the light or dark color scheme of the viewer, and is as readable without colors:
//! waits differ in their patterns, and the ends of messages in their shapes. No label is on a line,
//! on the tip of an arrow or on another label. All coordinates are in pixels.

use super::chart::Chart;

mod belts;
mod events;
mod frame;
mod labels;
mod layout;
mod legend;
mod markup;
mod slide;
mod text;

use labels::Labels;
use layout::{Frame, Layout, Spacing};
use legend::Legend;
use markup::Markup;
pub use slide::slide;

/// The meaning of the vertical axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Steps {
    /// One step for each event: all are readable, however short or long they take
    // The default: in real time, most events of a program cover one another, and the space between
    // them is empty.
    #[default]
    Even,
    /// Time: twice the distance is twice the time
    Real,
}

/// How far everything is apart: further where labels do not find a place.
const SPACINGS: [Spacing; 4] = [
    Spacing { rows: 1.0, columns: 1.0 },
    Spacing { rows: 1.0, columns: 1.3 },
    Spacing { rows: 1.25, columns: 1.3 },
    Spacing { rows: 1.5, columns: 1.5 },
];

/// The chart as the text of an SVG file.
pub fn svg(chart: &Chart<'_>, steps: Steps) -> String {
    let mut best: Option<Drawing<'_>> = None;
    for spacing in SPACINGS {
        let drawing = Drawing::new(chart, steps, spacing, Frame::Page);
        let unplaced = drawing.labels.unplaced;
        // A larger picture must be worth it.
        if best.as_ref().is_none_or(|best| 2 * unplaced <= best.labels.unplaced) {
            best = Some(drawing);
        }
        if unplaced == 0 {
            break;
        }
    }
    best.map(|drawing| drawing.markup.0 + "</svg>\n").unwrap_or_default()
}

/// A chart that is being drawn. Later elements cover earlier ones.
struct Drawing<'a> {
    chart: &'a Chart<'a>,
    layout: Layout<'a>,
    legend: Legend,
    markup: Markup,
    labels: Labels,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a Chart<'a>, steps: Steps, spacing: Spacing, frame: Frame) -> Self {
        let layout = Layout::new(chart, steps, spacing, frame);
        let mut drawing = Drawing {
            chart,
            legend: Legend::new(chart, &layout),
            layout,
            markup: Markup::default(),
            labels: Labels::default(),
        };
        if frame == Frame::Page {
            drawing.header();
        }
        drawing.bands();
        drawing.time_scale();
        drawing.lifelines();
        drawing.reserve_legend();
        drawing.belts();
        drawing.lives();
        drawing.waits();
        drawing.left_out_frames();
        drawing.marks();
        drawing.causes();
        drawing.messages();
        drawing.waits_for();
        drawing.left_out_texts();
        drawing.labels.place(drawing.layout.width, &mut drawing.markup);
        drawing.legend();
        drawing
    }
}
