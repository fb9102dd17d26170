// The queries of docs/sql.md.

/** One entry for each query and format: what was asked, and what came of it so far. */
export function readQueries(page) {
  const blocks = page.matchAll(/^## (.*?)\n|^```sql ?(\w*)\n(.*?)^```$/gms);
  let heading = '';
  let end = 0;
  const queries = [];
  for (const { index, 0: { length }, 1: title, 2: only, 3: sql } of blocks) {
    const before = page.slice(end, index);
    end = index + length;
    if (title) heading = title;
    if (!sql) continue;
    for (const format of only ? [only] : ['pftrace', 'json']) {
      queries.push({
        subject: `docs/sql.md, .${format}: ${heading}`,
        format,
        // (as the page tells its readers)
        sql: format === 'json' ? sql.replaceAll("'debug.", "'args.") : sql,
        isSameWithFewer: /with and without `--max-events`/i.test(before),
        complaints: [],
        rows: 0,
      });
    }
  }
  return queries;
}

/** What two traces of one run answer differently, of which one has so many events at most. */
export async function differentAnswers(whole, fewer, format, queries) {
  const asked = queries.filter((query) => query.format === format && query.isSameWithFewer);
  const different = asked.length > 0 ? [] : ['there is no query to ask'];
  for (const { subject, sql } of asked) {
    const [expected, found] = [await whole.query(sql), await fewer.query(sql)]
      .map((rows) => rows.map((row) => JSON.stringify(row)).sort());
    if (expected.length === 0) different.push(`${subject}: no rows`);
    different.push(...expected.filter((row) => !found.includes(row)),
      ...found.filter((row) => !expected.includes(row)));
  }
  return different;
}

/** Asks an open trace all that is for its format. */
export async function runQueries(view, format, queries, recording) {
  for (const query of queries.filter((query) => query.format === format)) {
    try {
      const rows = await view.query(query.sql);
      query.rows += rows.length;
      // What adds up messages has all of them.
      for (const [column, expected] of [['sends', recording.sent], ['receives', recording.received]]) {
        const sum = rows.reduce((sum, row) => sum + (row[column] ?? 0), 0);
        if (rows.some((row) => column in row) && sum !== expected) {
          query.complaints.push(`${sum} ${column}, expected ${expected}`);
        }
      }
    } catch (error) {
      query.complaints.push(error.message);
    }
  }
}
