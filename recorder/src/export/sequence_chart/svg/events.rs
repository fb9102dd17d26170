//! The events: the bars of waits, the arrows of messages, and the marks of other events.

use rustc_hash::FxHashMap;

use super::labels::{Area, Importance, Spot};
use super::layout::{ENDLESS, HALF_BAR, STUB};
use super::markup::{Point, escaped, head_outline};
use super::{Drawing, Steps};
use crate::export::sequence_chart::chart::{
    Anchor, ArrowEnd, ArrowStart, Cause, Chart, LossPlace, MessageArrow, Toward, WaitBar, WaitKind,
};

/// The distance of a label from its lifeline.
const LABEL_DISTANCE: f64 = 12.0;
/// The distance from the point of an arrow to the end of its line, which its head covers.
pub(super) const HEAD: f64 = 8.0;
/// The distance from a lifeline to the start of an arrow, which a dot covers.
const START: f64 = 3.0;

/// The pattern of the bar of a wait.
pub(super) fn pattern(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Message => "receiving",
        WaitKind::Room => "sending",
        WaitKind::Other => "other",
    }
}

/// The classes of the line and the head of an arrow that is not a message.
pub(super) fn cause_classes(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Disconnect => ("hangup", "hangup-tip"),
        Cause::Life => ("spawn", "hangup-tip"),
    }
}

/// The spots of a label beside a lifeline, at about this height, and then further down to `end`.
fn beside((x, y): Point, end: f64) -> Vec<Spot> {
    /// The distances to try first, down and aside.
    const NEAR: [(f64, f64); 9] = [
        (0.0, 0.0),
        (-4.0, 0.0),
        (4.0, 0.0),
        (-8.0, 0.0),
        (8.0, 0.0),
        (12.0, 0.0),
        (-12.0, 0.0),
        (0.0, 12.0),
        (8.0, 12.0),
    ];
    /// The distance of the others, and how many there are.
    const FURTHER: f64 = 7.0;
    const MAX_FURTHER: usize = 40;
    let further = (2..MAX_FURTHER).map(|index| (index as f64 * FURTHER, 0.0));
    let further = further.take_while(|(down, _)| y + down < end);
    let places = NEAR.into_iter().chain(further);
    places
        .flat_map(|(down, aside)| {
            let distance = LABEL_DISTANCE + aside;
            [Spot::RightOf((x + distance, y + down)), Spot::LeftOf((x - distance, y + down))]
        })
        .collect()
}

impl Drawing<'_> {
    pub(super) fn waits(&mut self) {
        for wait in &self.chart.waits {
            let (x, begin) = self.layout.point(wait.begin);
            let end = match wait.end {
                Some(end) => self.layout.y(end),
                None => self.layout.events_bottom - ENDLESS / 2.0,
            };
            self.wait_bar(wait, x, (begin, end));
            let label_y = match self.layout.steps {
                Steps::Even => begin,
                Steps::Real => f64::midpoint(begin, end),
            };
            let mut texts = vec![wait.label(), wait.short_label()];
            texts.dedup();
            self.labels.add_wait(beside((x, label_y), end), texts);
            if wait.end.is_none() {
                let below = (x, self.layout.events_bottom - 8.0);
                self.labels.add_strong(beside(below, 0.0), "never ends");
            }
        }
    }

    fn wait_bar(&mut self, wait: &WaitBar, x: f64, (begin, end): (f64, f64)) {
        let mut bars = self.layout.pieces(begin, end.max(begin + 1.0));
        if wait.end.is_none() {
            // Ever shorter pieces show that it continues.
            bars.extend([(4.0, 13.0), (17.0, 22.0), (26.0, 28.0)].map(|(a, b)| (end + a, end + b)));
        }
        let pattern = pattern(wait.kind);
        self.markup.open_group(&wait.details);
        for (top, bottom) in bars {
            let left = x - HALF_BAR;
            self.markup.element(format_args!(
                r#"<rect class="bar" fill="url(#{pattern})" x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/>"#,
                2.0 * HALF_BAR,
                bottom - top
            ));
            self.labels.obstacles.add_area(Area { left, top, right: x + HALF_BAR, bottom });
        }
        self.markup.close_group();
    }

    pub(super) fn marks(&mut self) {
        for mark in &self.chart.marks {
            let (x, y) = self.layout.point(mark.at);
            let details = escaped(&mark.details);
            self.markup.element(format_args!(
                r#"<g><title>{details}</title><circle class="dot" cx="{x:.1}" cy="{y:.1}" r="2.5"/></g>"#
            ));
            let area = Area { left: x - 2.5, top: y - 2.5, right: x + 2.5, bottom: y + 2.5 };
            self.labels.obstacles.add_area(area);
            self.labels.add_small(beside((x, y), 0.0), &mark.name, Importance::Fixed);
        }
    }

    pub(super) fn messages(&mut self) {
        let sheaves = sheaves(self.chart);
        let texts = self.texts(&sheaves);
        for ((message, sheaf), texts) in self.chart.messages.iter().zip(sheaves).zip(texts) {
            self.markup.open_group(&message.details);
            self.message(message, sheaf.is_some(), texts);
            self.markup.close_group();
        }
    }

    /// The texts of the label of each message, the best first. Where several arrows of a sheaf start in
    /// one place, the label of the first is for all of them.
    fn texts(&self, sheaves: &[Option<Sheaf>]) -> Vec<Vec<String>> {
        /// The height of a label.
        const MIN_DISTANCE: f64 = 12.0;
        let mut all: Vec<_> =
            self.chart.messages.iter().map(|message| texts(message, "")).collect();
        // By sheaf: where the latest label stands, and the messages that it is for.
        let mut bundles: FxHashMap<Sheaf, (f64, Vec<usize>)> = FxHashMap::default();
        let mut shared: Vec<Vec<usize>> = Vec::new();
        for (index, (message, sheaf)) in self.chart.messages.iter().zip(sheaves).enumerate() {
            let (Some(sheaf), Some(at)) = (sheaf, message.start()) else { continue };
            let y = self.layout.y(at);
            match bundles.get_mut(sheaf) {
                Some((first, bundle)) if y - *first < MIN_DISTANCE => bundle.push(index),
                _ => shared.extend(bundles.insert(*sheaf, (y, vec![index])).map(|it| it.1)),
            }
        }
        shared.extend(bundles.into_values().map(|(_, bundle)| bundle));
        for bundle in shared {
            let [first, _, ..] = bundle[..] else { continue };
            let labels: Vec<_> = bundle.iter().map(|&it| &*self.chart.messages[it].label).collect();
            let label = match &labels[..] {
                [first, others @ ..] if others.iter().all(|it| it == first) => {
                    format!("{} \u{d7} {first}", bundle.len())
                }
                [first, _, _, .., last] => format!("{first} \u{2026} {last}"),
                few => few.join(", "),
            };
            bundle.iter().for_each(|&index| all[index].clear());
            all[first] = vec![label];
        }
        all
    }

    fn message(&mut self, message: &MessageArrow, is_in_sheaf: bool, texts: Vec<String>) {
        match (message.from, message.to) {
            (ArrowStart::Sent(from), ArrowEnd::Received(to)) if from.lifeline == to.lifeline => {
                self.arrow_to_itself(from, to, message);
            }
            (ArrowStart::Sent(from), ArrowEnd::Received(to)) => {
                let (x, y) = self.layout.point(to);
                self.arrow_start(from);
                let tip = self.arrow("arrow", "tip", from, (x, y), HALF_BAR);
                self.label_arrow(self.layout.point(from), tip, texts, is_in_sheaf);
            }
            (ArrowStart::Sent(from), ArrowEnd::Lost(place)) => {
                self.lost(from, place, message, (texts, is_in_sheaf));
            }
            (ArrowStart::Sent(from), ArrowEnd::NotShown(toward)) => {
                self.arrow_without_end(from, toward, message);
            }
            (ArrowStart::NotShown(toward), ArrowEnd::Received(to)) => {
                self.arrow_without_start(to, toward, message);
            }
            (ArrowStart::NotShown(_), ArrowEnd::Lost(_) | ArrowEnd::NotShown(_)) => {}
        }
    }

    /// Adds the line and the head of an arrow from an event to a lifeline, and returns the point of
    /// its head, at a distance from the lifeline.
    fn arrow(
        &mut self,
        class: &str,
        tip_class: &str,
        from: Anchor,
        (x2, y2): Point,
        distance: f64,
    ) -> Point {
        let (x1, y1) = self.layout.point(from);
        let forward = (x2 - x1).signum();
        let (start, tip) = ((x1 + START * forward, y1), (x2 - distance * forward, y2));
        let direction = direction(start, tip);
        let line_end = (tip.0 - HEAD * direction.0, tip.1 - HEAD * direction.1);
        self.line(class, start, line_end);
        self.head(tip_class, tip, direction);
        tip
    }

    fn line(&mut self, class: &str, from: Point, to: Point) {
        self.markup.line(class, from, to);
        self.labels.obstacles.add_line(from, to);
    }

    fn head(&mut self, class: &str, tip: Point, direction: Point) {
        self.markup.arrow_head(class, tip, direction);
        let [a, b] = head_outline(tip, direction);
        for (from, to) in [(tip, a), (a, b), (b, tip)] {
            self.labels.obstacles.add_line(from, to);
        }
    }

    /// Adds the dot at the start of an arrow.
    fn arrow_start(&mut self, at: Anchor) {
        let (x, y) = self.layout.point(at);
        self.markup.arrow_start((x, y));
        let area = Area { left: x - 3.5, top: y - 3.5, right: x + 3.5, bottom: y + 3.5 };
        self.labels.obstacles.add_area(area);
    }

    fn cross(&mut self, (x, y): Point) {
        self.markup.cross((x, y));
        let area = Area { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 };
        self.labels.obstacles.add_area(area);
    }

    /// Adds a message's label beside its arrow: rather in the middle between its sender and the next
    /// lifeline than elsewhere. In a sheaf of arrows the labels stand before the starts of the arrows,
    /// where there is room for each.
    fn label_arrow(&mut self, from: Point, to: Point, texts: Vec<String>, is_in_sheaf: bool) {
        if texts.is_empty() {
            return;
        }
        /// How many of the spaces between lifelines are tried.
        const MAX_SPACES: usize = 6;
        const PARTS: [f64; 15] =
            [0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.75, 0.2, 0.8, 0.12, 0.88];
        let direction = direction(from, to);
        let spaces = ((to.0 - from.0).abs() / self.layout.pitch).max(1.0);
        let spots = (0..MAX_SPACES).flat_map(|space| PARTS.map(|part| space as f64 + part));
        let spots = spots.map(|part| part / spaces).take_while(|&share| share < 1.0);
        let spots = spots.flat_map(|share| {
            let at = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            [Spot::Above(at, direction), Spot::Below(at, direction)]
        });
        let aside = |forward: f64, down: f64| {
            let (x, y) = (from.0 + forward * LABEL_DISTANCE, from.1 + down);
            if forward > 0.0 { Spot::RightOf((x, y)) } else { Spot::LeftOf((x, y)) }
        };
        let forward = if direction.0 < 0.0 { -1.0 } else { 1.0 };
        let before = [0.0, -4.0, 4.0, -8.0, 8.0].map(|down| aside(-forward, down));
        let above_start = [-10.0, -13.0].map(|down| aside(forward, down));
        let before = before.into_iter().chain(above_start);
        if is_in_sheaf {
            self.labels.add_stub(before.chain(spots).collect(), texts);
        } else {
            self.labels.add_message(spots.chain(before).collect(), texts);
        }
    }

    fn arrow_to_itself(&mut self, from: Anchor, to: Anchor, message: &MessageArrow) {
        let ((x, y1), y2) = (self.layout.point(from), self.layout.y(to));
        let turn = x + STUB / 2.0;
        let corners = [(x + START, y1), (turn, y1), (turn, y2), (x + HALF_BAR + HEAD, y2)];
        self.markup.element(format_args!(
            r#"<path class="arrow" d="M{:.1},{y1:.1}H{turn:.1}V{y2:.1}H{:.1}"/>"#,
            corners[0].0, corners[3].0
        ));
        corners.windows(2).for_each(|ends| self.labels.obstacles.add_line(ends[0], ends[1]));
        self.head("tip", (x + HALF_BAR, y2), (-1.0, 0.0));
        self.arrow_start(from);
        let middle = f64::midpoint(y1, y2);
        let heights = [y1, middle, y1 + 7.0, y1 - 7.0, middle - 7.0, middle + 7.0, y2];
        let spots = heights.map(|y| Spot::RightOf((turn + 6.0, y)));
        self.labels.add_stub(spots.to_vec(), texts(message, ""));
    }

    /// Adds the arrow of a message that no thread received.
    fn lost(
        &mut self,
        from: Anchor,
        place: Option<LossPlace>,
        message: &MessageArrow,
        (label, is_in_sheaf): (Vec<String>, bool),
    ) {
        let (x, y) = self.layout.point(from);
        self.arrow_start(from);
        let end = match place {
            None => {
                let end = (x + START + STUB, y);
                let spots =
                    vec![Spot::RightOf((end.0 + 10.0, y)), Spot::Above((x + STUB, y), (1.0, 0.0))];
                self.labels.add_stub(spots, texts(message, " never received"));
                self.line("arrow unknown", (x + START, y), end);
                self.cross(end);
                return;
            }
            Some(LossPlace::Dropped(at)) => self.loss_point(x, self.layout.point(at)),
            Some(LossPlace::RunEnded { lifeline, row, time }) => {
                let end = Anchor { lifeline: lifeline.unwrap_or(from.lifeline), row, time };
                match lifeline {
                    Some(_) => self.loss_point(x, self.layout.point(end)),
                    // Between this lifeline and the next: no thread is known to have the receiver.
                    None => (x + self.layout.pitch / 2.0, self.layout.y(end)),
                }
            }
        };
        let start = (x + START * (end.0 - x).signum(), y);
        self.line("arrow", start, end);
        self.cross(end);
        self.label_arrow((x, y), end, label, is_in_sheaf);
    }

    /// The end of the arrow of a message that is lost at a point of a lifeline.
    fn loss_point(&self, sender_x: f64, (x, y): Point) -> Point {
        let forward = if sender_x < x { 1.0 } else { -1.0 };
        (x - forward * (HALF_BAR + 6.0), y)
    }

    /// Adds an arrow whose receive is not in the chart.
    fn arrow_without_end(&mut self, from: Anchor, toward: Toward, message: &MessageArrow) {
        let (x, y) = self.layout.point(from);
        let forward = forward(toward);
        let end = (x + forward * (START + STUB), y);
        self.arrow_start(from);
        self.line("arrow unknown", (x + START * forward, y), end);
        self.labels.add_stub(stub_spots(end, forward), texts(message, ""));
    }

    /// Adds an arrow whose send is not in the chart. It comes from the side of its sender.
    fn arrow_without_start(&mut self, to: Anchor, toward: Toward, message: &MessageArrow) {
        let (x, y) = self.layout.point(to);
        let forward = forward(toward);
        let tip = (x + forward * HALF_BAR, y);
        let start = (tip.0 + forward * STUB, y);
        self.line("arrow unknown", start, (tip.0 + forward * HEAD, y));
        self.head("tip", tip, (-forward, 0.0));
        self.labels.add_stub(stub_spots(start, forward), texts(message, ""));
    }

    pub(super) fn causes(&mut self) {
        for cause in &self.chart.causes {
            self.markup.open_group(&cause.details);
            let to = self.layout.point(cause.to);
            let (class, tip) = cause_classes(cause.cause);
            self.arrow(class, tip, cause.from, to, HALF_BAR);
            self.markup.close_group();
        }
    }

    /// Adds the bars of the threads that do nothing but run.
    pub(super) fn lives(&mut self) {
        for life in &self.chart.lives {
            let (x, begin) = self.layout.point(life.begin);
            let end = life.end.map_or(self.layout.events_bottom, |end| self.layout.y(end));
            let (left, right) = (x - HALF_BAR, x + HALF_BAR);
            for (top, bottom) in self.layout.pieces(begin, end.max(begin + 1.0)) {
                self.markup.element(format_args!(
                    r#"<rect class="alive" x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/>"#,
                    right - left,
                    bottom - top
                ));
                self.labels.obstacles.add_area(Area { left, top, right, bottom });
            }
        }
    }

    /// Adds an arrow from each thread of a deadlock to the one that it waits for.
    pub(super) fn waits_for(&mut self) {
        for (index, wait) in self.chart.waits_for.iter().enumerate() {
            let y = self.layout.waits_for[index];
            let (x1, x2) = (self.layout.x(wait.from), self.layout.x(wait.to));
            let text = self.chart.waits_for_text(wait);
            self.markup.open_group(&text);
            let mut spots = beside((x1, y), 0.0);
            if wait.from != wait.to {
                let forward = (x2 - x1).signum();
                let class = if wait.is_known { "ring" } else { "ring unknown" };
                let tip = (x2 - forward * 2.0, y);
                self.line(class, (x1 + START * forward, y), (tip.0 - HEAD * forward, y));
                self.head("ring-tip", tip, (forward, 0.0));
                let middle = (x1 + forward * self.layout.pitch / 2.0, y);
                spots = vec![Spot::Above(middle, (1.0, 0.0)), Spot::Below(middle, (1.0, 0.0))];
            }
            self.markup.element(format_args!(
                r#"<circle class="ring-tip" cx="{x1:.1}" cy="{y:.1}" r="3.5"/>"#
            ));
            self.markup.close_group();
            self.labels.add_small(spots, &text, Importance::Event);
        }
    }
}

/// The arrows from a lifeline to one side that begin before others of them end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sheaf {
    from: usize,
    is_to_left: bool,
    /// The message with which it begins.
    first: usize,
}

/// The sheaf of each message, if its arrow slopes and is not alone.
fn sheaves(chart: &Chart<'_>) -> Vec<Option<Sheaf>> {
    let mut sheaves = vec![None; chart.messages.len()];
    // By lifeline and side: the sheaf, and the last row of all of its messages so far.
    let mut latest: FxHashMap<(usize, bool), (Sheaf, usize)> = FxHashMap::default();
    for (index, message) in chart.messages.iter().enumerate() {
        let Some((from, to)) = message.start().zip(message.end()) else { continue };
        if from.row == to.row || from.lifeline == to.lifeline && !message.is_lost() {
            continue;
        }
        let (from, is_to_left, begin) = (from.lifeline, to.lifeline < from.lifeline, from.row);
        let new = (Sheaf { from, is_to_left, first: index }, to.row);
        let (sheaf, until) = latest.entry((from, is_to_left)).or_insert(new);
        if sheaf.first != index && begin < *until {
            sheaves[sheaf.first] = Some(*sheaf);
            sheaves[index] = Some(*sheaf);
            *until = to.row.max(*until);
        } else {
            (*sheaf, *until) = new;
        }
    }
    sheaves
}

/// The unit vector from one point to another.
fn direction(from: Point, to: Point) -> Point {
    let length = (to.0 - from.0).hypot(to.1 - from.1).max(f64::MIN_POSITIVE);
    ((to.0 - from.0) / length, (to.1 - from.1) / length)
}

fn forward(toward: Toward) -> f64 {
    match toward {
        Toward::Left => -1.0,
        Toward::Right => 1.0,
    }
}

/// The spots of the label of an arrow whose other end is not in the chart.
fn stub_spots((x, y): Point, forward: f64) -> Vec<Spot> {
    let level = (1.0, 0.0);
    let middle = (x - forward * STUB / 2.0, y);
    let further = (x + forward * 5.0, y);
    let beyond = if forward > 0.0 { Spot::RightOf(further) } else { Spot::LeftOf(further) };
    vec![
        beyond,
        Spot::Above(middle, level),
        Spot::Below(middle, level),
        Spot::Above(further, level),
        Spot::Below(further, level),
    ]
}

/// The text of a message with a suffix, and shorter ones.
fn texts(message: &MessageArrow, suffix: &str) -> Vec<String> {
    let text = message.text(usize::MAX);
    let mut texts = vec![format!("{text}{suffix}"), text, message.label.clone()];
    texts.dedup();
    texts
}
