//! The parts of the picture around its events: header, time scale, lifelines and notes.

use super::labels::{Area, Spot};
use super::layout::{Frame, HALF_GAP, Layout};
use super::markup::escaped;
use super::text::{self, BOLD, NORMAL, SMALL, shortened};
use super::{Drawing, Steps};

pub(super) const STYLE: &str = include_str!("style.css");

/// The patterns of the bars of waits.
pub(super) const PATTERNS: &str = r#"<defs>
<pattern id="receiving" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="light" width="6" height="6"/><path class="thin" d="M0,0V6"/></pattern>
<pattern id="sending" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="dark" width="6" height="6"/><path class="thick" d="M0,3H6"/></pattern>
<pattern id="other" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="paper" width="5" height="5"/><circle class="dot" cx="2.5" cy="2.5" r="1"/></pattern>
</defs>
"#;

/// The height of a note below the legend, with the space around it.
const NOTE_HEIGHT: f64 = 32.0;

/// The distance of texts and lines from the left and right edges.
const MARGIN: f64 = 16.0;

impl Drawing<'_> {
    /// Starts the file and adds the title, a note about the vertical axis and the channels.
    pub(super) fn header(&mut self) {
        let (width, height) = (self.layout.width, self.height());
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
        let channels = shortened(&self.chart.channels_text(), width - 2.0 * MARGIN, SMALL);
        if !channels.is_empty() {
            self.markup.text("small", (MARGIN, 61.0), &channels);
        }
    }

    /// The height of the picture, including the legend and the notes below it.
    pub(super) fn height(&self) -> f64 {
        let notes = self.notes();
        let below = notes.iter().filter(|(row, _)| row.is_none()).count();
        self.layout.bottom + 24.0 + self.legend.height() + below as f64 * NOTE_HEIGHT
    }

    /// Adds the bands behind the rows, which guide the eye from an event to its time.
    pub(super) fn bands(&mut self) {
        let width = self.layout.width;
        for (top, bottom) in self.layout.bands() {
            self.markup.element(format_args!(
                r#"<rect class="band" x="0" y="{top:.1}" width="{width:.0}" height="{:.1}"/>"#,
                bottom - top
            ));
        }
    }

    /// Adds the scale at the left, and keeps other labels away from it.
    pub(super) fn time_scale(&mut self) {
        /// The distance of the labels.
        const DISTANCE: f64 = 6.0;
        let mut texts: Vec<(f64, String)> = Vec::new();
        let mut previous = None;
        for (y, time) in self.layout.scale() {
            let text = self.chart.time_text(time);
            if previous.as_ref() != Some(&text) {
                texts.push((y, text.clone()));
            }
            previous = Some(text);
        }
        let widest = texts.iter().map(|(_, text)| text::width(text, SMALL)).fold(0.0, f64::max);
        let jumps = self.layout.jumps.iter();
        texts.extend(jumps.map(|&(y, length)| (y, format!("\u{22ee} {length}"))));
        let Layout { top, bottom, row, width, gap, .. } = self.layout;
        // In real time, the note about what is left out can be anywhere.
        texts.retain(|(y, _)| gap.is_none_or(|gap| (gap - y).abs() > HALF_GAP + SMALL));
        for (y, text) in &texts {
            let spots = vec![Spot::RightOf((MARGIN, *y))];
            self.labels.put_small(spots, text, width, &mut self.markup);
        }
        for (y, text) in &texts {
            let right = MARGIN + text::width(text, SMALL) + DISTANCE;
            let (top, bottom) = (y - row / 2.0, y + row / 2.0);
            self.labels.obstacles.add_area(Area { left: 0.0, top, right, bottom });
        }
        let right = MARGIN + widest + DISTANCE;
        self.labels.obstacles.add_area(Area { left: 0.0, top, right, bottom });
    }

    /// Keeps labels away from the legend. (The notes below it are labels.)
    pub(super) fn reserve_legend(&mut self) {
        /// The labels at the last row need some room below it.
        const MARGIN: f64 = 4.0;
        let top = self.layout.bottom + MARGIN;
        let bottom = top + self.legend.height();
        let area = Area { left: 0.0, top, right: self.layout.width, bottom };
        self.labels.obstacles.add_area(area);
    }

    pub(super) fn lifelines(&mut self) {
        let (top, bottom) = (self.layout.top - 8.0, self.layout.bottom);
        for lifeline in 0..self.chart.lifelines.len() {
            let x = self.layout.x(lifeline);
            for (top, bottom) in self.layout.pieces(top, bottom) {
                self.markup.line("life", (x, top), (x, bottom));
                self.labels.obstacles.add_line((x, top), (x, bottom));
            }
            for (y, _) in self.layout.jumps.clone() {
                self.markup.jump((x, y));
                let (left, right) = (x - 6.0, x + 6.0);
                let area = Area { left, top: y - 5.0, right, bottom: y + 5.0 };
                self.labels.obstacles.add_area(area);
            }
            self.lifeline_head(lifeline);
        }
    }

    /// Adds the box above a lifeline, with the name of its thread and, if there are several
    /// processes, of its process.
    fn lifeline_head(&mut self, lifeline: usize) {
        let (x, top) = (self.layout.x(lifeline), self.layout.top);
        let half_width = self.layout.pitch / 2.0 - 12.0;
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
        let centered = |text: &str, class: &str, size: f64, y: f64| {
            let text = escaped(&shortened(text, 2.0 * half_width - 6.0, size));
            format!(
                r#"<text class="{class}" text-anchor="middle" x="{x:.1}" y="{y:.1}">{text}</text>"#
            )
        };
        if let Some(process) = process {
            let process = centered(&process, "small", SMALL, process_y);
            self.markup.element(format_args!("{process}"));
        }
        let name = centered(name, "name", NORMAL * BOLD, top - 17.0);
        self.markup.element(format_args!("{name}</g>"));
    }

    /// Adds the frames of the notes about events that are left out, where they would be, and about
    /// threads, below the legend.
    pub(super) fn left_out_frames(&mut self) {
        for (y, _) in self.left_out_notes() {
            let Area { left, top, right, bottom } = self.note_area(y);
            self.markup.element(format_args!(
                r#"<rect class="gap" x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}" rx="4"/>"#,
                right - left,
                bottom - top
            ));
        }
    }

    /// Adds the texts of these notes. Arrows may cross them, which must have been added before.
    pub(super) fn left_out_texts(&mut self) {
        for (y, note) in self.left_out_notes() {
            let text = format!("\u{22ee} {note}");
            let area = self.note_area(y);
            let starts = (0..).map(|index| area.left + 8.0 + 10.0 * f64::from(index));
            let spots = starts.take_while(|&x| x < area.right).map(|x| Spot::RightOf((x, y)));
            self.labels.put_small(spots.collect(), &text, area.right, &mut self.markup);
            self.labels.obstacles.add_area(area);
        }
    }

    /// The notes about what is left out, with their vertical positions.
    fn left_out_notes(&self) -> Vec<(f64, String)> {
        let mut below = self.layout.bottom + 28.0 + self.legend.height() - NOTE_HEIGHT;
        let place = |(row, note): (Option<usize>, String)| match row.and(self.layout.gap) {
            Some(gap) => (gap, note),
            None => {
                below += NOTE_HEIGHT;
                (below, note)
            }
        };
        self.notes().into_iter().map(place).collect()
    }

    /// A slide has no room for advice.
    fn notes(&self) -> Vec<(Option<usize>, String)> {
        match self.layout.frame {
            Frame::Page => self.chart.left_out_notes(),
            Frame::Slide => self.chart.left_out_notes_alone(),
        }
    }

    fn note_area(&self, y: f64) -> Area {
        const INSET: f64 = 12.0;
        let right = self.layout.width - INSET;
        Area { left: INSET, top: y - HALF_GAP, right, bottom: y + HALF_GAP }
    }
}
