// The queries of docs/sql.md.

/** One entry for each query and format: what was asked, and what came of it so far. */
export function readQueries(page) {
  const blocks = page.matchAll(/^## (.*?)\n|^```sql ?(\w*)\n(.*?)^```$/gms);
  let heading = '';
  const queries = [];
  for (const [, title, only, sql] of blocks) {
    if (title) heading = title;
    if (!sql) continue;
    for (const format of only ? [only] : ['pftrace', 'json']) {
      queries.push({
        subject: `docs/sql.md, .${format}: ${heading}`,
        format,
        // (as the page tells its readers)
        sql: format === 'json' ? sql.replaceAll("'debug.", "'args.") : sql,
        complaints: [],
        rows: 0,
      });
    }
  }
  return queries;
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
