/** A table that can be sorted by each of its columns. */

import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { count } from '../app/words';

/** Number of rows that are shown at first, and added at a time. */
const PAGE = 50;

export interface Column<Row> {
  title: string;
  /** A longer explanation. */
  about?: string;
  /** Numbers are aligned, and sorted from the largest on. */
  isNumber?: boolean;
  /** What it is sorted by; `undefined` comes last. */
  value(row: Row): number | string | undefined;
  /** What is shown; without it the value. */
  cell?(row: Row): ComponentChildren;
}

interface TableProps<Row> {
  title: string;
  rows: readonly Row[];
  /** The first one names the row. */
  columns: readonly Column<Row>[];
  /** Leads to the lane of a row. */
  lead(row: Row): void;
}

interface Order {
  column: number;
  isDescending: boolean;
}

export function SortableTable<Row>({ title, rows, columns, lead }: TableProps<Row>) {
  const [order, setOrder] = useState<Order>();
  const [shown, setShown] = useState(PAGE);
  const sorted = useMemo(() => sortedBy(rows, columns, order), [rows, columns, order]);
  if (rows.length === 0) return null;
  const sort = (column: number) => {
    // Of numbers, the largest matter most.
    const first = columns[column]?.isNumber ?? false;
    setOrder((now) =>
      now?.column !== column
        ? { column, isDescending: first }
        : now.isDescending === first
          ? { column, isDescending: !first }
          : undefined,
    );
  };
  return (
    <section class="why-table">
      <h3>
        {title} <span class="why-muted">{count(rows.length)}</span>
      </h3>
      <div class="why-table-scroll">
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => {
                const isSorted = order?.column === i;
                const direction = order?.isDescending ? 'descending' : 'ascending';
                return (
                  <th
                    scope="col"
                    class={column.isNumber ? 'why-number' : undefined}
                    aria-sort={isSorted ? direction : 'none'}
                  >
                    <button type="button" title={column.about} onClick={() => sort(i)}>
                      {column.title}
                      <span class={`why-sort${isSorted ? ` why-${direction}` : ''}`} aria-hidden="true" />
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, shown).map((row) => (
              <tr>
                {columns.map((column, i) => {
                  const content = column.cell ? column.cell(row) : column.value(row);
                  return i === 0 ? (
                    <th scope="row">
                      <button
                        type="button"
                        class="why-name"
                        title="Show its lane on the timeline"
                        onClick={() => lead(row)}
                      >
                        {content}
                      </button>
                    </th>
                  ) : (
                    <td
                      class={column.isNumber ? 'why-number' : undefined}
                      title={typeof content === 'string' && !column.isNumber ? content : undefined}
                    >
                      {content ?? '–'}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > shown && (
        <button type="button" class="why-more" onClick={() => setShown(shown + PAGE)}>
          Show {Math.min(PAGE, sorted.length - shown)} more of {count(sorted.length - shown)}
        </button>
      )}
    </section>
  );
}

/** The rows in an order; equal ones stay as they are. */
export function sortedBy<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const column = order && columns[order.column];
  if (!column) return rows;
  const sign = order.isDescending ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [a, b] = [column.value(left), column.value(right)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
  });
}
