//! Tables of text.

use std::fmt;

use crate::reading::catalog::{Catalog, ProcessIndex};

/// A table with a heading line, unless no column has a name.
#[derive(Debug)]
pub(super) struct Table {
    /// The names of the columns. As in a format string, `>` aligns to the right.
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &'static [&'static str]) -> Self {
        Table { columns, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// A table with these rows. Where there are several processes, each row is indented below the
    /// name of its process.
    pub(super) fn by_process(
        columns: &'static [&'static str],
        catalog: &Catalog,
        rows: impl IntoIterator<Item = (ProcessIndex, Vec<String>)>,
    ) -> Self {
        let mut table = Table::new(columns);
        let mut latest = None;
        for (process, mut cells) in rows {
            if let Some(name) = catalog.process_name(process) {
                if latest.replace(process) != Some(process) {
                    table.row(vec![name]);
                }
                cells[0].insert_str(0, "  ");
            }
            table.row(cells);
        }
        table
    }
}

/// At most `width` characters, with `…` for the rest.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().map(|name| name.trim_start_matches('>').to_owned());
        let heading: Vec<String> = names.collect();
        let heading = Some(&heading).filter(|names| names.iter().any(|name| !name.is_empty()));
        let lines: Vec<&Vec<String>> = heading.into_iter().chain(&self.rows).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        for line in lines {
            let cells = line.iter().zip(&widths).zip(self.columns);
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
    fn what_is_too_long_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
