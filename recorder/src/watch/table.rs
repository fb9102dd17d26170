//! Tables whose columns fit into a width.

use super::screen::{Line, Style};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name.
    pub(super) title: &'static str,
    /// Its width, or the minimum of one that takes the rest.
    pub(super) width: usize,
    /// Whether it takes of the rest of the width what its cells need, up to a maximum.
    pub(super) max_width: Option<usize>,
    /// Whether its cells are flush right.
    pub(super) is_number: bool,
    /// Columns with a higher number are left out first where there is no room.
    pub(super) importance: u8,
}

impl Column {
    pub(super) const fn text(title: &'static str, width: usize, importance: u8) -> Self {
        Column { title, width, max_width: None, is_number: false, importance }
    }

    pub(super) const fn number(title: &'static str, width: usize, importance: u8) -> Self {
        Column { is_number: true, ..Column::text(title, width, importance) }
    }

    pub(super) const fn up_to(self, max_width: usize) -> Self {
        Column { max_width: Some(max_width), ..self }
    }
}

/// A cell: its style and its text.
pub(super) type Cell = (Style, String);

/// Columns with their widths, as far as there is room for them.
#[derive(Debug)]
pub(super) struct Layout {
    /// The index of each column that is shown, the column and its width.
    shown: Vec<(usize, Column, usize)>,
}

const GAP: usize = 1;

impl Layout {
    /// The layout of these columns for these rows.
    pub(super) fn new(columns: &[Column], rows: &[Vec<Cell>], width: usize) -> Self {
        let mut shown: Vec<_> = columns.iter().copied().enumerate().collect();
        let needed = |shown: &[(usize, Column)]| {
            shown.iter().map(|(_, column)| column.width + GAP).sum::<usize>().saturating_sub(GAP)
        };
        while needed(&shown) > width && shown.len() > 1 {
            let least = shown.iter().enumerate().max_by_key(|(_, (_, it))| it.importance);
            let least = least.map_or(0, |(place, _)| place);
            shown.remove(least);
        }
        let mut spare = width.saturating_sub(needed(&shown));
        let mut shown: Vec<_> =
            shown.into_iter().map(|(index, column)| (index, column, column.width)).collect();
        // The most important ones first get what they can use.
        let mut flexible: Vec<_> =
            (0..shown.len()).filter(|&place| shown[place].1.max_width.is_some()).collect();
        flexible.sort_by_key(|&place| shown[place].1.importance);
        for place in flexible {
            let (index, column, width) = &mut shown[place];
            let longest = rows.iter().map(|cells| cells[*index].1.chars().count()).max();
            let wanted = longest.unwrap_or(0).min(column.max_width.unwrap_or(0));
            let more = wanted.saturating_sub(*width).min(spare);
            *width += more;
            spare -= more;
        }
        Layout { shown }
    }

    /// The names of the columns; `sorted` is the index of the one that the rows are sorted by.
    pub(super) fn heading(&self, sorted: Option<usize>) -> Line {
        self.line(|index, column| {
            let mark = if sorted == Some(index) { "▾" } else { "" };
            (Style::Heading, format!("{}{mark}", column.title))
        })
    }

    /// A row with these cells, one for each column.
    pub(super) fn row(&self, cells: &[Cell]) -> Line {
        self.line(|index, _| cells[index].clone())
    }

    fn line(&self, cell: impl Fn(usize, &Column) -> Cell) -> Line {
        let mut line = Line::default();
        for (index, column, width) in &self.shown {
            if line.width() > 0 {
                line.push(Style::Plain, &" ".repeat(GAP));
            }
            let (style, text) = cell(*index, column);
            line.push_cell(style, &text, *width, column.is_number);
        }
        line
    }
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
        let row = |width| {
            let cells =
                ["worker 12", "12.5", "recv on jobs"].map(|it| (Style::Plain, it.to_owned()));
            let line = Layout::new(COLUMNS, &[cells.to_vec()], width).row(&cells);
            assert!(line.width() <= width);
            line.text()
        };
        assert_eq!(row(40), "worker 12  12.5 recv on jobs");
        assert_eq!(row(20), "worker 12  12.5 rec…");
        assert_eq!(row(16), "worker 12 recv …");
        assert_eq!(row(9), "worker 12");
        assert_eq!(Layout::new(COLUMNS, &[], 40).heading(Some(1)).text(), "NAME   RATE▾ WHAT");
    }
}
