use std::fs;
use std::path::Path;

use proptest::prelude::*;
use recorder::export::sequence_chart::ChartLimits;
use recorder::export::sequence_chart::svg::{Steps, svg};
use roxmltree::{Document, Node};

use crate::charts::{ALL, chart};
use crate::simulated::{all_programs, read, unpaused_programs};

/// The widths of the characters from ` ` to `~` in DejaVu Sans, in thousandths of the size of the
/// font. Most other fonts are narrower.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];
/// The same for bold letters, which are wider: by this factor at most for all that names contain.
const BOLD: f64 = 1.13;

type Point = (f64, f64);

#[derive(Clone, Debug)]
struct Text {
    content: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Text {
    fn new(node: &Node<'_, '_>) -> Self {
        let class = node.attribute("class").expect("a text has a class");
        let (size, weight) = match class {
            "title" => (16.0, BOLD),
            "small" => (11.0, 1.0),
            "name" | "strong" => (12.0, BOLD),
            "message" => (12.0, 1.0),
            other => panic!("the size of {other} is not known"),
        };
        let content = node.text().unwrap_or_default();
        let width = |c: char| {
            let index = (c as usize).checked_sub(32);
            index.and_then(|index| WIDTHS.get(index)).copied().map_or(1.0, |it| f64::from(it) / 1e3)
        };
        let width = content.chars().map(width).sum::<f64>() * size * weight;
        let (x, y) = (number(node, "x"), number(node, "y"));
        let left = if node.attribute("text-anchor").is_some() { x - width / 2.0 } else { x };
        let (top, bottom) = (y - 0.76 * size, y + 0.22 * size);
        Text { content: content.to_owned(), left, right: left + width, top, bottom }
    }

    fn overlaps(&self, other: &Text) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether a line has a point in it: it is halved until it is as short as a pixel.
    fn is_crossed_by(&self, (from, to): (Point, Point)) -> bool {
        let is_beside = (from.0 < self.left && to.0 < self.left)
            || (from.0 > self.right && to.0 > self.right)
            || (from.1 < self.top && to.1 < self.top)
            || (from.1 > self.bottom && to.1 > self.bottom);
        if is_beside {
            return false;
        }
        if (to.0 - from.0).hypot(to.1 - from.1) < 1.0 {
            return true;
        }
        let middle = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1));
        self.is_crossed_by((from, middle)) || self.is_crossed_by((middle, to))
    }
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{node:?}"))
}

/// The lines of a path of `M`, `L`, `H`, `V` and `Z`.
fn path(data: &str) -> Vec<(Point, Point)> {
    let mut lines = Vec::new();
    let (mut at, mut start) = ((0.0, 0.0), (0.0, 0.0));
    let commands: Vec<usize> = data
        .char_indices()
        .filter(|(_, c)| c.is_ascii_uppercase())
        .map(|(index, _)| index)
        .collect();
    for (index, &begin) in commands.iter().enumerate() {
        let end = commands.get(index + 1).copied().unwrap_or(data.len());
        let numbers: Vec<f64> = data[begin + 1..end]
            .split(',')
            .filter(|text| !text.is_empty())
            .map(|text| text.parse().expect("a coordinate is a number"))
            .collect();
        let to = match (&data[begin..=begin], &numbers[..]) {
            ("M" | "L", &[x, y]) => (x, y),
            ("H", &[x]) => (x, at.1),
            ("V", &[y]) => (at.0, y),
            ("Z", []) => start,
            other => panic!("{other:?} in {data}"),
        };
        if data[begin..].starts_with('M') {
            start = to;
        } else {
            lines.push((at, to));
        }
        at = to;
    }
    lines
}

/// The four sides of a rectangle, and a line through it.
fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Vec<(Point, Point)> {
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    corners.windows(2).map(|ends| (ends[0], ends[1])).collect()
}

/// The texts of a chart that are on something else, or outside of the picture.
fn covering(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("the chart is XML");
    let root = document.root_element();
    let (width, height) = (number(&root, "width"), number(&root, "height"));
    let nodes =
        || root.descendants().filter(|node| !node.ancestors().any(|it| it.has_tag_name("defs")));
    let mut lines: Vec<(Point, Point)> = Vec::new();
    for node in nodes() {
        let class = node.attribute("class").unwrap_or_default();
        match node.tag_name().name() {
            "line" => lines.push((
                (number(&node, "x1"), number(&node, "y1")),
                (number(&node, "x2"), number(&node, "y2")),
            )),
            "path" => lines.extend(path(node.attribute("d").expect("a path has data"))),
            "circle" => {
                let (x, y, r) = (number(&node, "cx"), number(&node, "cy"), number(&node, "r"));
                lines.extend(rectangle(x - r, y - r, x + r, y + r));
            }
            // Texts are on these.
            "rect" if class == "paper" || class == "band" => {}
            "rect" => {
                let (x, y) = (number(&node, "x"), number(&node, "y"));
                let (width, height) = (number(&node, "width"), number(&node, "height"));
                lines.extend(rectangle(x, y, x + width, y + height));
            }
            _ => {}
        }
    }
    let texts: Vec<_> =
        nodes().filter(|node| node.has_tag_name("text")).map(|node| Text::new(&node)).collect();
    let mut covering = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let problem =
            if text.left < 0.0 || text.right > width || text.top < 0.0 || text.bottom > height {
                "is outside of the picture".to_owned()
            } else if let Some(other) = texts[..index].iter().find(|other| other.overlaps(text)) {
                format!("is on {:?}", other.content)
            } else if let Some(line) = lines.iter().find(|line| text.is_crossed_by(**line)) {
                format!("is on the line {line:?}")
            } else {
                continue;
            };
        covering.push(format!("{text:?} {problem}"));
    }
    covering
}

#[test]
fn labels_on_something_else_are_found() {
    let with = |shape: &str| {
        let label = r#"<text class="small" x="50.0" y="50.0">jobs</text>"#;
        covering(&format!(r#"<svg width="100" height="100">{shape}{label}</svg>"#)).len()
    };
    assert_eq!(with(""), 0);
    assert_eq!(with(r#"<line x1="0" y1="52.9" x2="100" y2="52.9"/>"#), 0);
    assert_eq!(with(r#"<line x1="0" y1="0" x2="100" y2="100"/>"#), 1);
    assert_eq!(with(r#"<path class="tip" d="M60,46L50,44L50,48Z"/>"#), 1);
    assert_eq!(with(r#"<circle cx="49" cy="46" r="2.5"/>"#), 1);
    assert_eq!(with(r#"<text class="small" x="45" y="58">jobs</text>"#), 1);
    assert_eq!(with(r#"<text class="small" x="45" y="62">jobs</text>"#), 0);
}

#[test]
fn no_label_of_the_gallery_is_on_something_else() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
    let mut charts = 0;
    for entry in fs::read_dir(gallery).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            charts += 1;
            let covering = covering(&fs::read_to_string(&path).unwrap());
            assert!(covering.is_empty(), "{}: {covering:#?}", path.display());
        }
    }
    assert!(charts > 20);
}

#[test]
fn every_message_of_a_sheaf_of_arrows_has_its_label() {
    let labels = |name: &str| {
        let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/gallery");
        let svg = fs::read_to_string(gallery.join(name)).unwrap();
        let document = Document::parse(&svg).unwrap();
        let texts = document.descendants().filter(|it| it.attribute("class") == Some("message"));
        texts.filter_map(|text| text.text()).map(str::to_owned).collect::<Vec<_>>()
    };
    let letters = ["rent", "love", "bill", "card", "news"].map(|it| format!("\"{it}\""));
    assert_eq!(labels("lost_message.svg"), letters);
    assert_eq!(labels("deadlock.svg").len(), 4);
    assert_eq!(labels("fan_out.svg").len(), 12);
    // In real time these are sent in one place.
    assert_eq!(labels("unfair_producer.svg"), ["30 \u{d7} \"stew\"", "\"soup\""]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_label_of_a_chart_is_on_something_else(
        simulated in prop_oneof![unpaused_programs(), all_programs()],
        events in prop_oneof![Just(ALL.events), 1usize..60],
        steps in prop_oneof![Just(Steps::Even), Just(Steps::Real)],
    ) {
        let recording = read(&simulated);
        let svg = svg(&chart(&recording, ChartLimits { events, ..ALL }), steps);
        let covering = covering(&svg);
        prop_assert!(covering.is_empty(), "{covering:#?}");
    }
}
