//! The queues at the right of the columns.

use super::TIME_WIDTH;
use crate::export::sequence_chart::chart::{Belt, Chart, MAX_SLOTS};

/// The maximum width of the heading of a queue.
const MAX_BELT_LABEL: usize = 12;
/// The space between queues.
pub(super) const BELT_GAP: usize = 2;
/// The minimum width of a column if there are queues.
const MIN_BELT_COLUMN_WIDTH: usize = 18;
/// The width of the last column if there are queues.
pub(super) const LAST_COLUMN_WIDTH_BESIDE_BELTS: usize = 30;

/// The width of a queue: a character for each message, or a number; or that of its heading.
pub(super) fn belt_width(chart: &Chart<'_>, belt: &Belt) -> usize {
    let label = chart.catalog.channels[belt.channel].label.chars().count();
    belt_text(chart, belt, belt.max).chars().count().max(label.min(MAX_BELT_LABEL))
}

/// The width of queues with the space between them.
pub(super) fn belts_width(chart: &Chart<'_>, belts: &[&Belt]) -> usize {
    let widths: usize = belts.iter().map(|belt| belt_width(chart, belt) + BELT_GAP).sum();
    widths.saturating_sub(BELT_GAP)
}

/// The queues for which a terminal of this width has room beside its columns.
pub(super) fn belts<'a>(chart: &'a Chart<'a>, width: usize) -> Vec<&'a Belt> {
    let lifelines = chart.lifelines.len().saturating_sub(1) * MIN_BELT_COLUMN_WIDTH;
    let mut room = width.saturating_sub(TIME_WIDTH + lifelines + LAST_COLUMN_WIDTH_BESIDE_BELTS);
    let fits = |belt: &&Belt| {
        let width = belt_width(chart, belt) + BELT_GAP;
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    chart.belts.iter().take_while(fits).collect()
}

/// A number of messages in a queue.
pub(super) fn belt_text(chart: &Chart<'_>, belt: &Belt, depth: u64) -> String {
    match belt.slots(chart.catalog) {
        slots @ ..=MAX_SLOTS => {
            let place = |place| if place < depth { '▮' } else { '▯' };
            (0..slots).map(place).collect()
        }
        _ => depth.to_string(),
    }
}
