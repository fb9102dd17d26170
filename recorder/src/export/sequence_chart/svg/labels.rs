//! Labels, placed where nothing else is.
//!
//! Everything else is drawn first and is an obstacle. Then each label gets the first of its spots
//! where it covers no obstacle and no earlier label. A label that finds none is shortened and, if
//! that does not help, left out: the tooltip has its text.

use super::markup::{Markup, Point};
use super::text::{self, NORMAL, SMALL};

/// The height of the letters of a text above its base line, where the size of the font is 1.
const ASCENT: f64 = 0.78;
/// The same below it.
const DESCENT: f64 = 0.24;
/// The free space around a label.
const GAP: f64 = 2.0;

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// The area of a text that starts at a point of its base line.
    fn of_text((x, y): Point, text: &str, size: f64) -> Self {
        let right = x + text::width(text, size);
        Area { left: x, top: y - ASCENT * size, right, bottom: y + DESCENT * size }
    }

    fn grown(self, by: f64) -> Self {
        let Area { left, top, right, bottom } = self;
        Area { left: left - by, top: top - by, right: right + by, bottom: bottom + by }
    }

    fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether a line crosses it: Liang–Barsky.
    fn is_crossed_by(&self, from: Point, to: Point) -> bool {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enters, mut leaves) = (0.0f64, 1.0f64);
        for (step, distance) in [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ] {
            if step == 0.0 {
                if distance < 0.0 {
                    return false;
                }
            } else if step < 0.0 {
                enters = enters.max(distance / step);
            } else {
                leaves = leaves.min(distance / step);
            }
        }
        enters <= leaves
    }
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Line(Point, Point),
    Area(Area),
}

/// What a label must not cover.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// The shapes of each strip of the picture, from top to bottom.
    strips: Vec<Vec<Shape>>,
}

impl Obstacles {
    const STRIP_HEIGHT: f64 = 32.0;

    fn strip(y: f64) -> usize {
        (y / Self::STRIP_HEIGHT).max(0.0) as usize
    }

    fn add(&mut self, top: f64, bottom: f64, shape: Shape) {
        let last = Self::strip(bottom);
        if self.strips.len() <= last {
            self.strips.resize_with(last + 1, Vec::new);
        }
        self.strips[Self::strip(top)..=last].iter_mut().for_each(|strip| strip.push(shape));
    }

    pub(super) fn add_line(&mut self, from: Point, to: Point) {
        self.add(from.1.min(to.1), from.1.max(to.1), Shape::Line(from, to));
    }

    pub(super) fn add_area(&mut self, area: Area) {
        self.add(area.top, area.bottom, Shape::Area(area));
    }

    fn leaves_free(&self, area: &Area) -> bool {
        let strips = self.strips.iter().skip(Self::strip(area.top));
        let strips = strips.take(Self::strip(area.bottom) - Self::strip(area.top) + 1);
        !strips.flatten().any(|shape| match shape {
            Shape::Line(from, to) => area.is_crossed_by(*from, *to),
            Shape::Area(other) => area.overlaps(other),
        })
    }
}

/// Where a label can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    /// It starts at this point, and the point is at half of its height.
    RightOf(Point),
    /// It ends at this point.
    LeftOf(Point),
    /// It is beside a line through this point with this direction, a unit vector: above it, or to
    /// the right of it if the line is vertical.
    Above(Point, Point),
    /// The same on the other side.
    Below(Point, Point),
}

impl Spot {
    /// Where the base line of a text starts.
    fn start(self, width: f64, size: f64) -> Point {
        let height = (ASCENT + DESCENT) * size;
        // The center of the text, and then the start of its base line.
        let (x, y) = match self {
            Spot::RightOf((x, y)) => (x + width / 2.0, y),
            Spot::LeftOf((x, y)) => (x - width / 2.0, y),
            Spot::Above((x, y), direction) | Spot::Below((x, y), direction) => {
                // The normal vector that points up.
                let (dx, dy) = direction;
                let up = if dx < 0.0 { (-dy, dx) } else { (dy, -dx) };
                let distance = up.0.abs() * width / 2.0 + up.1.abs() * height / 2.0 + GAP + 1.0;
                let side = if matches!(self, Spot::Above(..)) { distance } else { -distance };
                (x + side * up.0, y + side * up.1)
            }
        };
        (x - width / 2.0, y + height / 2.0 - DESCENT * size)
    }
}

/// A label that is still to be placed.
#[derive(Debug)]
struct Label {
    importance: Importance,
    class: &'static str,
    size: f64,
    /// The text and its shorter forms, the best first.
    texts: Vec<String>,
    /// Number of texts that are not cut off.
    complete: usize,
    spots: Vec<Spot>,
}

impl Label {
    /// A label with these texts, the best first, and with shorter forms of the last.
    fn new(
        spots: Vec<Spot>,
        class: &'static str,
        size: f64,
        mut texts: Vec<String>,
        importance: Importance,
    ) -> Self {
        /// A shorter form is at least this wide: less says nothing.
        const MIN_SHORT_WIDTH: f64 = 30.0;
        let complete = texts.len();
        let last = texts.last().cloned().unwrap_or_default();
        for share in [0.7, 0.5] {
            let max_width = share * text::width(&last, size);
            if max_width > MIN_SHORT_WIDTH {
                texts.push(text::shortened(&last, max_width, size));
            }
        }
        Label { importance, class, size, texts, complete, spots }
    }
}

/// Which labels are placed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Importance {
    /// It has few spots.
    Fixed,
    /// It has some.
    Event,
    /// It has many.
    Message,
}

/// The labels of a picture, and what they must not cover.
#[derive(Debug, Default)]
pub(super) struct Labels {
    pub(super) obstacles: Obstacles,
    labels: Vec<Label>,
    /// Number of labels that found no spot, or only one for a text that is cut off.
    pub(super) unplaced: usize,
}

impl Labels {
    /// Adds a small label.
    pub(super) fn add_small(&mut self, spots: Vec<Spot>, text: &str, importance: Importance) {
        self.add(spots, "small", SMALL, vec![text.to_owned()], importance);
    }

    /// Adds a label of a wait, with these texts, the best first.
    pub(super) fn add_wait(&mut self, spots: Vec<Spot>, texts: Vec<String>) {
        self.add(spots, "small", SMALL, texts, Importance::Event);
    }

    /// Adds a label of a message, with these texts, the best first.
    pub(super) fn add_message(&mut self, spots: Vec<Spot>, texts: Vec<String>) {
        self.add(spots, "message", NORMAL, texts, Importance::Message);
    }

    /// Adds a label of a message whose arrow is short.
    pub(super) fn add_stub(&mut self, spots: Vec<Spot>, texts: Vec<String>) {
        self.add(spots, "message", NORMAL, texts, Importance::Event);
    }

    /// Adds an emphasized label.
    pub(super) fn add_strong(&mut self, spots: Vec<Spot>, text: &str) {
        let texts = vec![text.to_owned()];
        self.add(spots, "strong", NORMAL * text::BOLD, texts, Importance::Fixed);
    }

    fn add(
        &mut self,
        spots: Vec<Spot>,
        class: &'static str,
        size: f64,
        texts: Vec<String>,
        importance: Importance,
    ) {
        self.labels.push(Label::new(spots, class, size, texts, importance));
    }

    /// Places a small label at once, in front of `right`.
    pub(super) fn put_small(
        &mut self,
        spots: Vec<Spot>,
        text: &str,
        right: f64,
        markup: &mut Markup,
    ) {
        let texts = vec![text.to_owned()];
        let label = Label::new(spots, "small", SMALL, texts, Importance::Fixed);
        self.put(&label, right, markup);
    }

    /// Places all labels in a picture of this width.
    pub(super) fn place(&mut self, picture_width: f64, markup: &mut Markup) {
        let mut labels = std::mem::take(&mut self.labels);
        labels.sort_by_key(|label| label.importance);
        for label in &labels {
            self.put(label, picture_width, markup);
        }
    }

    fn put(&mut self, label: &Label, right: f64, markup: &mut Markup) {
        let placed = label.texts.iter().enumerate().find_map(|(index, text)| {
            let width = text::width(text, label.size);
            let starts = label.spots.iter().map(|spot| spot.start(width, label.size));
            let mut starts = starts.filter(|start| start.0 >= 2.0 * GAP);
            let start = starts.find(|&start| {
                let area = Area::of_text(start, text, label.size).grown(GAP);
                area.right < right && self.obstacles.leaves_free(&area)
            })?;
            self.obstacles.add_area(Area::of_text(start, text, label.size));
            markup.text(label.class, start, text);
            Some(index)
        });
        self.unplaced += usize::from(placed.is_none_or(|index| index >= label.complete));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(labels: &mut Labels) -> String {
        let mut markup = Markup::default();
        labels.place(1000.0, &mut markup);
        markup.0
    }

    #[test]
    fn a_label_takes_its_first_free_spot() {
        let mut labels = Labels::default();
        labels.obstacles.add_line((0.0, 20.0), (200.0, 20.0));
        labels.add_message(
            vec![Spot::RightOf((10.0, 20.0)), Spot::RightOf((10.0, 50.0))],
            vec!["jobs".into()],
        );
        labels.add_message(
            vec![Spot::RightOf((20.0, 50.0)), Spot::RightOf((20.0, 80.0))],
            vec!["results".into()],
        );
        let text = placed(&mut labels);
        assert!(text.contains("x=\"10.0\" y=\"53."), "{text}");
        assert!(text.contains("x=\"20.0\" y=\"83."), "{text}");
        assert_eq!(labels.unplaced, 0);
    }

    #[test]
    fn without_a_free_spot_a_label_is_shortened_or_left_out() {
        let mut labels = Labels::default();
        labels.obstacles.add_line((100.0, 0.0), (100.0, 100.0));
        labels.add_message(vec![Spot::RightOf((30.0, 20.0))], vec!["a text that is long".into()]);
        labels.add_message(vec![Spot::RightOf((80.0, 20.0))], vec!["another that is long".into()]);
        let text = placed(&mut labels);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.ends_with("…</text>\n"), "{text}");
        assert_eq!(labels.unplaced, 2);
    }

    #[test]
    fn a_label_is_beside_its_line_however_steep_that_is() {
        for (dx, dy) in [(1.0, 0.0), (0.6, 0.8), (-0.6, 0.8), (0.0, 1.0), (-0.96, 0.28)] {
            let (from, to) = (
                (300.0 - 200.0 * dx, 300.0 - 200.0 * dy),
                (300.0 + 200.0 * dx, 300.0 + 200.0 * dy),
            );
            for spot in
                [Spot::Above((300.0, 300.0), (dx, dy)), Spot::Below((300.0, 300.0), (dx, dy))]
            {
                let start = spot.start(text::width("jobs", NORMAL), NORMAL);
                let area = Area::of_text(start, "jobs", NORMAL);
                assert!(!area.is_crossed_by(from, to), "{spot:?}");
                assert!(area.grown(2.0 * GAP).is_crossed_by(from, to), "{spot:?}");
            }
        }
    }
}
