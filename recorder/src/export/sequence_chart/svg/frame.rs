//! The parts of the picture around its events: header, time scale, lifelines, notes and legend.

use super::layout::{CHAR_WIDTH, SMALL_CHAR_WIDTH, has_other_waits};
use super::markup::escaped;
use super::{Drawing, Steps};
use crate::export::sequence_chart::chart::{WaitKind, shortened};

const STYLE: &str = include_str!("style.css");

/// The patterns of the bars of waits.
const PATTERNS: &str = r#"<defs>
<pattern id="receiving" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="light" width="6" height="6"/><path class="thin" d="M0,0V6"/></pattern>
<pattern id="sending" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="dark" width="6" height="6"/><path class="thick" d="M0,3H6"/></pattern>
<pattern id="other" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="paper" width="5" height="5"/><circle class="dot" cx="2.5" cy="2.5" r="1"/></pattern>
</defs>
"#;

/// The distance of texts and lines from the left and right edges.
const MARGIN: f64 = 16.0;

/// The pattern of the bar of a wait.
pub(super) fn pattern(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Message => "receiving",
        WaitKind::Room => "sending",
        WaitKind::Other => "other",
    }
}

impl Drawing<'_> {
    /// Starts the file and adds the title, a note about the vertical axis and the channels.
    pub(super) fn header(&mut self) {
        let (width, height) = (self.layout.width, self.layout.height());
        let title = self.chart.title();
        self.markup.element(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="channel-chart" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img">
<title>{}: who sends what to whom</title>
<desc>{}</desc>
<style>
{STYLE}</style>
{PATTERNS}<rect class="paper" width="{width:.0}" height="{height:.0}"/>"#,
            escaped(&title),
            escaped(&self.chart.description())
        ));
        self.markup.text("title", (MARGIN, 26.0), &title);
        let axis = match self.layout.steps {
            Steps::Even => "each step down is one event; its time stands at the left",
            Steps::Real => "down the page is time",
        };
        self.markup.text("small", (MARGIN, 45.0), axis);
        let max_chars = ((width - 2.0 * MARGIN) / SMALL_CHAR_WIDTH) as usize;
        let channels = shortened(&self.channels(), max_chars);
        self.markup.text("small", (MARGIN, 61.0), &channels);
    }

    /// `channels jobs (room for 2), results`
    fn channels(&self) -> String {
        let channels = &self.chart.channels;
        let names: Vec<_> =
            channels.iter().map(|&channel| self.chart.channel_text(channel)).collect();
        let noun = if channels.len() == 1 { "channel" } else { "channels" };
        format!("{noun} {}", names.join(", "))
    }

    /// Adds the scale at the left.
    pub(super) fn time_scale(&mut self) {
        let mut previous = None;
        for (y, time) in self.layout.scale() {
            let text = self.chart.time_text(time);
            self.markup.line("tick", (MARGIN, y), (self.layout.width - MARGIN, y));
            if previous.as_ref() != Some(&text) {
                self.markup.text("small halo", (MARGIN, y + 4.0), &text);
            }
            previous = Some(text);
        }
    }

    pub(super) fn lifelines(&mut self) {
        for lifeline in 0..self.chart.lifelines.len() {
            let (x, top) = (self.layout.x(lifeline), self.layout.top);
            self.markup.line("life", (x, top - 8.0), (x, self.layout.bottom));
            self.lifeline_head(lifeline);
        }
    }

    /// Adds the box above a lifeline, with the name of its thread and, if there are several
    /// processes, of its process.
    fn lifeline_head(&mut self, lifeline: usize) {
        let (x, top) = (self.layout.x(lifeline), self.layout.top);
        let half_width = self.layout.pitch / 2.0 - 12.0;
        let max_chars = (2.0 * half_width / CHAR_WIDTH) as usize - 1;
        let name = self.chart.thread_name(lifeline);
        let process = self.chart.process_name(lifeline);
        let process_y = top - 36.0;
        let upper = if process.is_some() { process_y - 16.0 } else { process_y };
        self.markup.element(format_args!(
            r#"<g><title>{}</title><rect class="head" x="{:.1}" y="{upper:.1}" width="{:.1}" height="{:.1}" rx="4"/>"#,
            escaped(name),
            x - half_width,
            2.0 * half_width,
            top - 8.0 - upper
        ));
        let centered = |text: &str, class: &str, y: f64| {
            let text = escaped(&shortened(text, max_chars));
            format!(
                r#"<text class="{class}" text-anchor="middle" x="{x:.1}" y="{y:.1}">{text}</text>"#
            )
        };
        if let Some(process) = process {
            let process = centered(&process, "small", process_y);
            self.markup.element(format_args!("{process}"));
        }
        let name = centered(name, "name", top - 17.0);
        self.markup.element(format_args!("{name}</g>"));
    }

    /// Adds the notes about events that are left out, where they would be, and about threads, below
    /// the legend.
    pub(super) fn left_out_notes(&mut self) {
        const INSET: f64 = 12.0;
        let width = self.layout.width - 2.0 * INSET;
        for (row, note) in self.chart.left_out_notes() {
            let y = row.map_or(self.layout.bottom + 66.0, |row| self.layout.y_of_gap(row));
            self.markup.element(format_args!(
                r#"<rect class="gap" x="{INSET}" y="{:.1}" width="{width:.1}" height="18" rx="4"/>"#,
                y - 9.0
            ));
            let text = format!("\u{22ee} {note}");
            self.markup.text("small", (INSET + 8.0, y + 4.0), &text);
        }
    }

    /// Adds the meanings of the patterns and of the cross.
    pub(super) fn legend(&mut self) {
        let y = self.layout.bottom + 34.0;
        let mut x = MARGIN;
        let bars = [
            (WaitKind::Message, "waits for a message"),
            (WaitKind::Room, "cannot hand its message over"),
            (WaitKind::Other, "waits for a thread or a lock"),
        ];
        let has_other_waits = has_other_waits(self.chart);
        for (kind, meaning) in bars {
            if kind == WaitKind::Other && !has_other_waits {
                continue;
            }
            self.markup.element(format_args!(
                r#"<rect class="bar" fill="url(#{})" x="{x:.1}" y="{:.1}" width="12" height="16"/>"#,
                pattern(kind),
                y - 12.0
            ));
            self.markup.text("small", (x + 18.0, y), meaning);
            x += 36.0 + meaning.len() as f64 * SMALL_CHAR_WIDTH;
        }
        self.markup.cross((x + 5.0, y - 4.0));
        self.markup.text("small", (x + 16.0, y), "never received");
    }
}
