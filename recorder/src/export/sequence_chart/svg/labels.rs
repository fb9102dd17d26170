//! Labels, drawn on top of everything else and without overlapping one another.

use std::collections::VecDeque;

use super::Steps;
use super::layout::{CHAR_WIDTH, Layout, SMALL_CHAR_WIDTH};
use super::markup::{Markup, Point};
use crate::export::sequence_chart::chart::shortened;

/// The height of a label.
const HEIGHT: f64 = 12.0;
/// Maximum number of labels that a new one must not overlap: the latest. Earlier ones are further
/// up.
const MAX_NEIGHBORS: usize = 64;

/// Places labels.
pub(super) struct Labels {
    max_width: f64,
    /// Whether a label without a free place is kept. In real time, events can be so dense that
    /// there is no room for all labels.
    may_overlap: bool,
    pub(super) markup: Markup,
    /// The latest labels, the newest last.
    latest: VecDeque<LabelBox>,
}

/// The area of a label.
struct LabelBox {
    left: f64,
    right: f64,
    y: f64,
}

impl LabelBox {
    fn overlaps(&self, other: &LabelBox) -> bool {
        self.left < other.right && other.left < self.right && (other.y - self.y).abs() < HEIGHT
    }
}

impl Labels {
    pub(super) fn new(layout: &Layout<'_>) -> Self {
        Labels {
            max_width: layout.label_width(),
            may_overlap: layout.steps == Steps::Even,
            markup: Markup::default(),
            latest: VecDeque::new(),
        }
    }

    /// Adds a label in normal size at the first free place. If no place is free, it overlaps others
    /// at the first place, or is left out.
    pub(super) fn add_normal(&mut self, places: &[Point], text: &str) {
        self.add(places, "halo", CHAR_WIDTH, text);
    }

    /// Adds a small label, likewise, where there is only one place for it.
    pub(super) fn add_small(&mut self, place: Point, text: &str) {
        self.add(&[place], "small halo", SMALL_CHAR_WIDTH, text);
    }

    fn add(&mut self, places: &[Point], class: &str, char_width: f64, text: &str) {
        let text = shortened(text, (self.max_width / char_width) as usize);
        let width = text.chars().count() as f64 * char_width;
        let box_at = |&(x, y): &Point| LabelBox { left: x, right: x + width, y };
        let is_free = |place: &&Point| {
            let label = box_at(place);
            !self.latest.iter().any(|other| other.overlaps(&label))
        };
        let fallback = places.first().filter(|_| self.may_overlap);
        let Some(place) = places.iter().find(is_free).or(fallback) else { return };
        if self.latest.len() == MAX_NEIGHBORS {
            self.latest.pop_front();
        }
        self.latest.push_back(box_at(place));
        self.markup.text(class, *place, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(may_overlap: bool) -> Labels {
        Labels { max_width: 100.0, may_overlap, markup: Markup::default(), latest: VecDeque::new() }
    }

    fn count(labels: Labels) -> usize {
        labels.markup.0.lines().count()
    }

    #[test]
    fn a_label_moves_to_a_free_place() {
        let mut labels = labels(false);
        labels.add_normal(&[(0.0, 0.0)], "first");
        labels.add_normal(&[(10.0, 0.0), (10.0, 20.0)], "second");
        let text = labels.markup.0;
        assert!(text.ends_with("x=\"10.0\" y=\"20.0\">second</text>\n"), "{text}");
    }

    #[test]
    fn without_a_free_place_a_label_overlaps_or_is_left_out() {
        for (may_overlap, expected) in [(true, 2), (false, 1)] {
            let mut labels = labels(may_overlap);
            labels.add_normal(&[(0.0, 0.0)], "first");
            labels.add_normal(&[(10.0, 11.0)], "second");
            assert_eq!(count(labels), expected);
        }
    }
}
