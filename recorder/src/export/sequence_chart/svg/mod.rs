//! A chart as a self-contained SVG: it has no scripts, fonts or other resources from outside.
//!
//! It follows the light or dark color scheme of the viewer, and is as readable without colors:
//! waits differ in their patterns, and the ends of messages in their shapes. All coordinates are in
//! pixels.

use super::chart::Chart;

mod events;
mod frame;
mod labels;
mod layout;
mod markup;

use labels::Labels;
use layout::Layout;
use markup::Markup;

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

/// The chart as the text of an SVG file.
pub fn svg(chart: &Chart<'_>, steps: Steps) -> String {
    let layout = Layout::new(chart, steps);
    let labels = Labels::new(&layout);
    let mut drawing = Drawing { chart, layout, markup: Markup::default(), labels };
    drawing.header();
    drawing.time_scale();
    drawing.lifelines();
    drawing.waits();
    drawing.left_out_notes();
    drawing.marks();
    drawing.messages();
    drawing.legend();
    let Drawing { mut markup, labels, .. } = drawing;
    markup.raw(&labels.markup.0);
    markup.raw("</svg>\n");
    markup.0
}

/// A chart that is being drawn. Later elements cover earlier ones, so labels are added last.
struct Drawing<'a> {
    chart: &'a Chart<'a>,
    layout: Layout<'a>,
    markup: Markup,
    labels: Labels,
}
