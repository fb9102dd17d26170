//! Tables whose columns fit into a width.

use ratatui::layout::{Alignment, Constraint};
use ratatui::text::Line;
use ratatui::widgets::{Row, Table};
use unicode_truncate::UnicodeTruncateStr;

use super::style::BOLD;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name.
    pub(super) title: &'static str,
    /// Its minimum width.
    width: u16,
    /// Whether it takes of the rest of the width what its cells need, up to a maximum.
    max_width: u16,
    alignment: Alignment,
    /// Columns with a higher number are left out first where there is no room.
    importance: u8,
}

impl Column {
    pub(super) const fn text(title: &'static str, width: u16, importance: u8) -> Self {
        Column { title, width, max_width: width, alignment: Alignment::Left, importance }
    }

    pub(super) const fn number(title: &'static str, width: u16, importance: u8) -> Self {
        Column { alignment: Alignment::Right, ..Column::text(title, width, importance) }
    }

    pub(super) const fn up_to(self, max_width: u16) -> Self {
        Column { max_width, ..self }
    }
}

/// A table of rows with a cell for each column. `sorted` is the index of the column that the rows
/// are sorted by.
pub(super) fn table(
    columns: &[Column],
    rows: Vec<Vec<Line<'static>>>,
    sorted: Option<usize>,
    width: u16,
) -> Table<'static> {
    let (widths, gap) = widths(columns, &rows, width);
    let fit = |cells: Vec<Line<'static>>| {
        let cells = cells.into_iter().enumerate().zip(columns);
        let shown = cells.filter_map(|((index, cell), column)| {
            Some(shorten(cell, widths[index]?).alignment(column.alignment))
        });
        Row::new(shown.collect::<Vec<_>>())
    };
    let titles = columns.iter().enumerate().map(|(index, column)| {
        let mark = if sorted == Some(index) { "▾" } else { "" };
        Line::from(format!("{}{mark}", column.title))
    });
    let heading = fit(titles.collect()).style(BOLD);
    let rows = rows.into_iter().map(fit);
    let widths = widths.iter().flatten().map(|&width| Constraint::Length(width));
    Table::new(rows, widths).header(heading).column_spacing(gap)
}

/// The width of each column, `None` if it is left out, and of the gaps between them.
fn widths(columns: &[Column], rows: &[Vec<Line<'_>>], width: u16) -> (Vec<Option<u16>>, u16) {
    let wanted = columns.iter().enumerate().map(|(index, column)| {
        let longest = rows.iter().map(|cells| cells[index].width()).max().unwrap_or(0);
        u16::try_from(longest).unwrap_or(u16::MAX).clamp(column.width, column.max_width)
    });
    let wanted: Vec<_> = wanted.map(Some).collect();
    let needed = |widths: &[Option<u16>], gap: u16| {
        widths.iter().flatten().map(|width| width + gap).sum::<u16>().saturating_sub(gap)
    };
    if needed(&wanted, 2) <= width {
        return (wanted, 2);
    }
    let mut widths: Vec<_> = columns.iter().map(|column| Some(column.width)).collect();
    while needed(&widths, 1) > width && widths.iter().flatten().count() > 1 {
        let shown = (0..columns.len()).filter(|&index| widths[index].is_some());
        let least = shown.max_by_key(|&index| columns[index].importance);
        least.into_iter().for_each(|index| widths[index] = None);
    }
    // The first columns first get what they want.
    let mut spare = width.saturating_sub(needed(&widths, 1));
    for (width, wanted) in widths.iter_mut().zip(wanted) {
        let (Some(width), Some(wanted)) = (width, wanted) else { continue };
        let more = spare.min(wanted - *width);
        *width += more;
        spare -= more;
    }
    (widths, 1)
}

/// The start of a line, with `…` if it is wider than this.
pub(super) fn shorten(mut line: Line<'static>, width: u16) -> Line<'static> {
    let width = usize::from(width);
    if line.width() <= width {
        return line;
    }
    let mut room = width.saturating_sub(1);
    for span in &mut line.spans {
        let (start, taken) = span.content.unicode_truncate(room);
        room -= taken;
        span.content = start.to_owned().into();
    }
    line.push_span("…");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::text("NAME", 6, 0).up_to(10),
        Column::number("RATE", 5, 2),
        Column::text("WHAT", 4, 1).up_to(100),
    ];

    #[test]
    fn columns_share_the_width_and_the_least_important_are_left_out() {
        let cells = ["worker 12", "12.5", "recv on jobs"].map(Line::from);
        let widths = |width| widths(COLUMNS, &[cells.to_vec()], width);
        assert_eq!(widths(40), (vec![Some(9), Some(5), Some(12)], 2));
        assert_eq!(widths(18), (vec![Some(7), Some(5), Some(4)], 1));
        assert_eq!(widths(16), (vec![Some(9), None, Some(6)], 1));
        assert_eq!(widths(9), (vec![Some(9), None, None], 1));
    }

    #[test]
    fn shortened_lines_end_with_an_ellipsis() {
        let shortened = |text: &str, width| shorten(text.to_owned().into(), width).to_string();
        assert_eq!(["abc", "abcd"].map(|text| shortened(text, 3)), ["abc", "ab…"]);
        // These characters are two columns wide.
        assert_eq!(["作業", "作業者"].map(|text| shortened(text, 4)), ["作業", "作…"]);
        assert_eq!(shortened("abc", 0), "…");
    }
}
