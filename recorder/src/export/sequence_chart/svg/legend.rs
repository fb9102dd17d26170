//! The legend: the meanings of the signs that are in the chart, and of no others.

use super::Drawing;
use super::events::{HEAD, cause_classes, pattern};
use super::layout::Layout;
use super::text::{self, SMALL};
use crate::export::sequence_chart::chart::{ArrowEnd, ArrowStart, Cause, Chart, WaitKind};

/// The distance of the legend from the left and right edges.
const MARGIN: f64 = 16.0;
/// The distance between lines.
const LINE: f64 = 22.0;
/// The distance between a sign and its meaning.
const SIGN_GAP: f64 = 7.0;
/// The distance between entries.
const ENTRY_GAP: f64 = 22.0;

/// A sign of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Wait(WaitKind),
    HandedOver,
    Queued,
    NotShown,
    NeverReceived,
    Cause(Cause),
    Alive,
    Belt,
    Jump,
}

impl Sign {
    const ALL: [Sign; 12] = [
        Sign::Wait(WaitKind::Message),
        Sign::Wait(WaitKind::Room),
        Sign::Wait(WaitKind::Other),
        Sign::HandedOver,
        Sign::Queued,
        Sign::NeverReceived,
        Sign::NotShown,
        Sign::Cause(Cause::Disconnect),
        Sign::Alive,
        Sign::Cause(Cause::Life),
        Sign::Belt,
        Sign::Jump,
    ];

    fn meaning(self) -> &'static str {
        match self {
            Sign::Wait(WaitKind::Message) => "waits for a message",
            Sign::Wait(WaitKind::Room) => "cannot hand its message over",
            Sign::Wait(WaitKind::Other) => "waits for a thread or a lock",
            Sign::HandedOver => "handed over directly",
            Sign::Queued => "was in the queue",
            Sign::NotShown => "the other end is left out",
            Sign::NeverReceived => "never received",
            Sign::Cause(Cause::Disconnect) => "the last sender is dropped",
            Sign::Cause(Cause::Life) => "a thread is spawned, or joined",
            Sign::Alive => "runs",
            Sign::Belt => "messages in the queue",
            Sign::Jump => "nothing happens for long",
        }
    }

    fn width(self) -> f64 {
        match self {
            Sign::Wait(_) | Sign::Alive | Sign::Belt | Sign::Jump => 12.0,
            Sign::NeverReceived => 10.0,
            _ => 30.0,
        }
    }

    fn is_in(self, chart: &Chart<'_>, layout: &Layout<'_>) -> bool {
        let mut messages = chart.messages.iter();
        let ends = |is_level: bool| {
            move |message: &super::super::MessageArrow| match (message.from, message.to) {
                (ArrowStart::Sent(from), ArrowEnd::Received(to)) => {
                    (from.row == to.row) == is_level
                }
                _ => false,
            }
        };
        match self {
            Sign::Wait(kind) => chart.waits.iter().any(|wait| wait.kind == kind),
            Sign::HandedOver => messages.any(ends(true)),
            Sign::Queued => messages.any(ends(false)),
            Sign::NotShown => messages.any(|message| {
                message.start().is_none() || matches!(message.to, ArrowEnd::NotShown(_))
            }),
            Sign::NeverReceived => messages.any(|message| message.is_lost()),
            Sign::Cause(cause) => chart.causes.iter().any(|it| it.cause == cause),
            Sign::Alive => !chart.lives.is_empty(),
            Sign::Belt => !layout.belts.is_empty(),
            Sign::Jump => !layout.jumps.is_empty(),
        }
    }
}

/// The legend of a chart, in lines.
#[derive(Debug)]
pub(super) struct Legend(Vec<Vec<Sign>>);

impl Legend {
    pub(super) fn new(chart: &Chart<'_>, layout: &Layout<'_>) -> Self {
        let mut lines: Vec<Vec<Sign>> = Vec::new();
        let mut x = f64::INFINITY;
        for sign in Sign::ALL.into_iter().filter(|sign| sign.is_in(chart, layout)) {
            let width = entry_width(sign);
            if x + width > layout.width - MARGIN + ENTRY_GAP {
                lines.push(Vec::new());
                x = MARGIN;
            }
            x += width;
            lines.last_mut().into_iter().for_each(|line| line.push(sign));
        }
        Legend(lines)
    }

    /// The height that it needs.
    pub(super) fn height(&self) -> f64 {
        self.0.len() as f64 * LINE
    }
}

fn entry_width(sign: Sign) -> f64 {
    sign.width() + SIGN_GAP + text::width(sign.meaning(), SMALL) + ENTRY_GAP
}

impl Drawing<'_> {
    /// Adds the legend.
    pub(super) fn legend(&mut self) {
        let lines = self.legend.0.clone();
        for (index, line) in lines.iter().enumerate() {
            let y = self.layout.bottom + 12.0 + LINE * (index as f64 + 0.5);
            let mut x = MARGIN;
            for &sign in line {
                self.sign(sign, x, y);
                let text_x = x + sign.width() + SIGN_GAP;
                self.markup.text("small", (text_x, y + 4.0), sign.meaning());
                x += entry_width(sign);
            }
        }
    }

    /// Adds a sign of which the middle of the left edge is at a point.
    fn sign(&mut self, sign: Sign, x: f64, y: f64) {
        let right = x + sign.width();
        match sign {
            Sign::Wait(kind) => self.markup.element(format_args!(
                r#"<rect class="bar" fill="url(#{})" x="{x:.1}" y="{:.1}" width="12" height="16"/>"#,
                pattern(kind),
                y - 8.0
            )),
            Sign::Alive => self.markup.element(format_args!(
                r#"<rect class="alive" x="{x:.1}" y="{:.1}" width="12" height="16"/>"#,
                y - 8.0
            )),
            Sign::HandedOver | Sign::Queued | Sign::NotShown | Sign::Cause(_) => {
                let (class, tip) = match sign {
                    Sign::NotShown => ("arrow unknown", "tip"),
                    Sign::Cause(cause) => cause_classes(cause),
                    _ => ("arrow", "tip"),
                };
                let fall = if sign == Sign::Queued { 6.0 } else { 0.0 };
                let (from, to) = ((x, y - fall), (right, y + fall));
                let length = (to.0 - from.0).hypot(to.1 - from.1);
                let direction = ((to.0 - from.0) / length, (to.1 - from.1) / length);
                let line_end = (to.0 - HEAD * direction.0, to.1 - HEAD * direction.1);
                self.markup.line(class, from, line_end);
                self.markup.arrow_head(tip, to, direction);
            }
            Sign::NeverReceived => self.markup.cross((x + 5.0, y)),
            Sign::Belt => self.markup.element(format_args!(
                r#"<rect class="queued" x="{x:.1}" y="{:.1}" width="12" height="10"/>"#,
                y - 5.0
            )),
            Sign::Jump => self.markup.jump((x + 6.0, y)),
        }
    }
}
