//! Tables of text.

use std::fmt;

use crate::layout::shorten_all;
use crate::reading::catalog::{Catalog, ProcessIndex};

/// A table with a heading line, unless no column has a name.
#[derive(Debug)]
pub(super) struct Table {
    /// The names of the columns. As in a format string, `>` aligns to the right.
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        Table { columns: columns.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// A table with these rows, whatever their processes are.
    pub(super) fn with_rows(
        columns: &'static [&'static str],
        rows: &[(ProcessIndex, Vec<String>)],
    ) -> Self {
        let columns = columns.iter().map(|&name| name.to_owned()).collect();
        Table { columns, rows: rows.iter().map(|(_, cells)| cells.clone()).collect() }
    }

    /// A table with these rows, which start with a name. Where there are several processes, each row
    /// is indented below the name of its process. Names are shortened if the table would be wider
    /// than `width` otherwise.
    pub(super) fn by_process(
        columns: &[&str],
        catalog: &Catalog,
        rows: impl IntoIterator<Item = (ProcessIndex, Vec<String>)>,
        width: usize,
    ) -> Self {
        let (processes, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let mut whole =
            Table { columns: columns.iter().map(|&name| name.to_owned()).collect(), rows };
        let indent = if catalog.processes.len() > 1 { "  " } else { "" };
        whole.shorten(0, whole.room_for_names(catalog, width));
        let mut table = Table::new(columns);
        let mut latest = None;
        for (process, mut cells) in processes.into_iter().zip(whole.rows) {
            if let Some(name) = catalog.process_name(process)
                && latest.replace(process) != Some(process)
            {
                table.row(vec![name]);
            }
            cells[0].insert_str(0, indent);
            table.row(cells);
        }
        table
    }

    /// The width that the other columns leave for the names in the first column.
    pub(super) fn room_for_names(&self, catalog: &Catalog, width: usize) -> usize {
        let indent = if catalog.processes.len() > 1 { 2 } else { 0 };
        width.saturating_sub(self.width_beside(&[0]) + indent).max(MIN_NAME)
    }

    /// Shortens the names in a column to at most `width` characters, as far as they stay different.
    pub(super) fn shorten(&mut self, column: usize, width: usize) {
        let names: Vec<_> = self.rows.iter().map(|row| &*row[column]).collect();
        let names = shorten_all(&names, width);
        self.set_column(column, names);
    }

    /// Replaces the cells of a column.
    pub(super) fn set_column(&mut self, column: usize, cells: Vec<String>) {
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row[column] = cell);
    }

    /// The width of the table without the text in some columns.
    pub(super) fn width_beside(&self, columns: &[usize]) -> usize {
        let widths = self.widths().into_iter().enumerate();
        widths.map(|(column, width)| 2 + if columns.contains(&column) { 0 } else { width }).sum()
    }

    /// The widths of the columns.
    fn widths(&self) -> Vec<usize> {
        let width = |(column, name): (usize, &String)| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let name = name.trim_start_matches('>').chars().count();
            cells.map(|cell| cell.chars().count()).fold(name, usize::max)
        };
        self.columns.iter().enumerate().map(width).collect()
    }
}

/// Minimum width of a column of names.
pub(super) const MIN_NAME: usize = 12;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().map(|name| name.trim_start_matches('>').to_owned());
        let heading: Vec<String> = names.collect();
        let heading = Some(&heading).filter(|names| names.iter().any(|name| !name.is_empty()));
        let lines: Vec<&Vec<String>> = heading.into_iter().chain(&self.rows).collect();
        let widths = self.widths();
        for line in lines {
            let cells = line.iter().zip(&widths).zip(&self.columns);
            let cells = cells.map(|((cell, &width), column)| match column.starts_with('>') {
                true => format!("  {cell:>width$}"),
                false => format!("  {cell:width$}"),
            });
            writeln!(f, "{}", cells.collect::<String>().trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["name", ">n"]);
        table.row(vec!["é".into(), "1".into()]);
        table.row(vec!["longer".into(), "1000".into()]);
        assert_eq!(table.to_string(), "  name       n\n  é          1\n  longer  1000\n");
    }

    #[test]
    fn names_take_the_room_that_is_left() {
        let mut table = Table::new(&["name", ">n"]);
        table.row(vec!["u64 @ main.rs:15 [4]".into(), "1".into()]);
        table.row(vec!["u64 @ main.rs:15 [5]".into(), "1000".into()]);
        assert_eq!(table.width_beside(&[0]), 8);
        table.shorten(0, 16);
        let expected =
            "  name                 n\n  @ main.rs:15 [4]     1\n  @ main.rs:15 [5]  1000\n";
        assert_eq!(table.to_string(), expected);
    }
}
