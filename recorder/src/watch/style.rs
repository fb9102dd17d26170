//! Colours. Those of states are the page's, in `viewer/src/style/base.css`: they differ also for
//! people who are colour-blind. They are backgrounds of dark text, legible on any terminal.

use ratatui::buffer::Buffer;
use ratatui::crossterm::style::{Colored, available_color_count};
use ratatui::style::{Color, Modifier, Style};

use crate::live::figures::snapshot::{ChannelRow, FindingRow, ThreadRow, ThreadState};

pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
/// Of a part of a whole.
pub(super) const BAR: Style = Style::new().fg(DEPTH);
/// Of the table that keys act on.
pub(super) const FOCUS: Style = Style::new().fg(DEPTH).add_modifier(Modifier::BOLD);

pub(super) const GOOD: Style = badge(RUNNING);
pub(super) const CAUTION: Style = badge(Color::from_u32(0x00f0_c14a));
pub(super) const BAD: Style =
    Style::new().fg(Color::from_u32(0x00ff_ffff)).bg(ERROR).add_modifier(Modifier::BOLD);

const ON_ACTIVITY: Color = Color::from_u32(0x0010_1418);
const RUNNING: Color = Color::from_u32(0x0000_9e73);
const DEPTH: Color = Color::from_u32(0x005b_8fc7);
const SEND: Color = Color::from_u32(0x00d5_5e00);
const ERROR: Color = Color::from_u32(0x00b3_261e);

/// The colours of [`Activity`](crate::timeline::item::Activity), by name.
const ACTIVITIES: &[(&str, Color)] = &[
    ("running", RUNNING),
    ("waiting in send", SEND),
    ("waiting in recv", Color::from_u32(0x0056_b4e9)),
    ("waiting in lock", Color::from_u32(0x00cc_79a7)),
    ("waiting in condvar", Color::from_u32(0x009a_5fb5)),
    ("waiting in barrier", Color::from_u32(0x007a_4fa8)),
    ("waiting in initialize", Color::from_u32(0x00b4_9be0)),
    ("waiting in join", Color::from_u32(0x0070_89ab)),
    ("waiting in scope", Color::from_u32(0x0093_a7c1)),
    ("waiting in park", Color::from_u32(0x008c_6239)),
    ("asleep", Color::from_u32(0x00f0_e190)),
    ("blocked elsewhere", Color::from_u32(0x004a_7fd0)),
    ("not recorded (paused)", Color::from_u32(0x00a9_a9a9)),
];

const fn badge(colour: Color) -> Style {
    Style::new().fg(ON_ACTIVITY).bg(colour)
}

/// Of the state of a thread.
pub(super) fn thread(row: &ThreadRow) -> Style {
    let colour = ACTIVITIES.iter().find(|(name, _)| row.activity.as_deref() == Some(name));
    match (row.state, colour) {
        (ThreadState::Panicked, _) => BAD,
        (_, Some(&(_, colour))) => badge(colour),
        _ => DIM,
    }
}

/// Of the bar of a channel's depth.
pub(super) fn depth(row: &ChannelRow) -> Style {
    match row.bound {
        // Its senders wait, or will.
        Some(bound @ 1..) if row.depth >= bound => Style::new().fg(SEND).bold(),
        _ => BAR,
    }
}

/// Of a finding's code.
pub(super) fn finding(row: &FindingRow) -> Style {
    match &*row.severity {
        "error" => BAD,
        "warning" => CAUTION,
        _ => BOLD,
    }
}

/// Leaves the colours that the terminal has and the user wants, also where a row is selected.
pub(super) fn finish(buffer: &mut Buffer) {
    // `crossterm` would heed NO_COLOR, too, but end bold and reverse with each colour left out.
    let unwanted = Colored::ansi_color_disabled_memoized();
    let few = available_color_count() <= 256;
    let limit = |colour| match colour {
        _ if unwanted => Color::Reset,
        _ if few => in_cube(colour),
        _ => colour,
    };
    for cell in &mut buffer.content {
        (cell.fg, cell.bg) = (limit(cell.fg), limit(cell.bg));
        if (cell.fg, cell.bg) != (Color::Reset, Color::Reset) {
            cell.modifier.remove(Modifier::REVERSED);
        }
    }
}

/// The nearest of the 216 colours that nearly all terminals have.
fn in_cube(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    // The levels are 0, 95, 135, 175, 215 and 255.
    let level = |part: u8| if part < 48 { 0 } else { (part.max(75) - 35) / 40 };
    Color::Indexed(16 + 36 * level(red) + 6 * level(green) + level(blue))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::timeline::item::Activity;

    #[test]
    fn states_have_the_colours_of_the_page() {
        let viewer = concat!(env!("CARGO_MANIFEST_DIR"), "/viewer/src");
        let css = fs::read_to_string(format!("{viewer}/style/base.css")).unwrap();
        let run = fs::read_to_string(format!("{viewer}/data/run.ts")).unwrap();
        let colour = |variable: &str| {
            let (_, rest) = css.split_once(&format!("{variable}: #")).unwrap();
            Color::from_u32(u32::from_str_radix(&rest[..6], 16).unwrap())
        };
        let (_, variables) = run.split_once("ACTIVITY_VARIABLES").unwrap();
        let variables = variables.split('\'').skip(1).step_by(2);
        let of_page: Vec<_> = Activity::ALL.into_iter().zip(variables).collect();
        assert_eq!(of_page.len(), Activity::ALL.len());
        for (activity, variable) in of_page {
            let ours = ACTIVITIES.iter().find(|(name, _)| *name == activity.name());
            assert_eq!(ours, Some(&(activity.name(), colour(variable))));
        }
        for (ours, variable) in
            [(DEPTH, "--depth"), (ERROR, "--error"), (ON_ACTIVITY, "--on-activity")]
        {
            assert_eq!(ours, colour(variable));
        }
    }

    #[test]
    fn colours_are_approximated() {
        let index = |rgb| in_cube(Color::from_u32(rgb));
        assert_eq!([0x00_00_00, 0xff_ff_ff].map(index), [16, 231].map(Color::Indexed));
        assert_eq!(index(0x00_9e_73), Color::Indexed(16 + 6 * 3 + 2));
    }
}
