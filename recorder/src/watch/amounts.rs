//! Numbers, in as few characters as can be read at a glance.

use crate::reading::Nanos;

/// A length of time: `1.5 ms`, `12.3 s`, `4m 05s`, `3h 10m`, `2d 4h`.
pub(super) fn time(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match seconds {
        0 => Nanos::new(ns).to_string(),
        1..60 => format!("{:.1} s", ns as f64 / 1e9),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A number with three digits: `7`, `1.23k`, `45.6M`.
pub(super) fn number(number: f64) -> String {
    let (scaled, unit) = match number {
        ..9_99.5 => (number, ""),
        ..999_500.0 => (number / 1e3, "k"),
        ..999_500_000.0 => (number / 1e6, "M"),
        _ => (number / 1e9, "G"),
    };
    let is_whole = unit.is_empty() && scaled.fract() == 0.0;
    match scaled {
        _ if is_whole => format!("{scaled:.0}"),
        ..9.995 if unit.is_empty() => format!("{scaled:.1}"),
        ..9.995 => format!("{scaled:.2}{unit}"),
        ..99.95 => format!("{scaled:.1}{unit}"),
        _ => format!("{scaled:.0}{unit}"),
    }
}

/// A part of a whole from 0 to 1, as a bar.
pub(super) fn bar(part: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let all = 8 * width;
    let filled = (part.clamp(0.0, 1.0) * all as f64).round() as usize;
    let filled = match part {
        // Nothing at all and next to nothing differ, and so do full and nearly full.
        ..=0.0 => 0,
        ..1.0 => filled.clamp(1, all - 1),
        _ => filled,
    };
    let bar = "█".repeat(filled / 8) + EIGHTHS[filled % 8];
    format!("{bar:·<width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_are_short() {
        let seconds = |seconds: u64| time(seconds * 1_000_000_000);
        assert_eq!([time(0), time(1_500_000), time(12_340_000_000)], ["0 ns", "1.5 ms", "12.3 s"]);
        assert_eq!([245, 11_400, 187_200].map(seconds), ["4m 05s", "3h 10m", "2d 4h"]);
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.2"),
            (7.0, "7"),
            (12.34, "12.3"),
            (999.0, "999"),
            (999.7, "1.00k"),
            (1_234.0, "1.23k"),
            (45_600_000.0, "45.6M"),
            (2e9, "2.00G"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_bar_shows_a_part() {
        assert_eq!(
            [0.0, 0.001, 0.5, 0.6, 0.999, 1.0, 7.0].map(|part| bar(part, 4)),
            ["····", "▏···", "██··", "██▍·", "███▉", "████", "████"]
        );
    }
}
